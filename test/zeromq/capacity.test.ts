import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesOf, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

test('topics take no more than their share of a capacity, and get their turn when room is freed', async (context) => {
  // The broker carries 3 × 3,000 instruments: a percent is 90 of them.
  const plant = await startPlant(
    context,
    { instruments: 2000 },
    { 'zeromq.capacity_percent_max': 1 },
  )
  const max = 90
  const shares = sharesOf(plant, max + 2)
  const topics = shares.map(({ symbol }) => `NSE_${symbol}_LTP`)
  const feed = plant.engine.feeds[0]!
  const first = TopicReader.ticks(context, plant, topics.slice(0, max))
  await until('the share to be taken', () => feed.wantedCount === max)
  const late = TopicReader.ticks(context, plant, topics.slice(max))
  await until('two that wait', () => zeromqStatus(plant).topicsWaiting === 2)
  assert.equal(feed.wantedCount, max)
  assert.equal(zeromqStatus(plant).instrumentsDemandedMax, max)

  // Who has a key is not bound by the share, and what flows for it flows for the topic too.
  const client = await StreamClient.open(context, plant)
  await client.stream([shares[max]!], 'LTP')
  await late.waitFor(topics[max]!, 1)
  assert.equal(feed.wantedCount, max + 1)

  first.socket.unsubscribe(topics[0]!)
  await until('the turn of one', () => zeromqStatus(plant).topicsWaiting === 1)
  first.socket.unsubscribe(topics[1]!)
  await until('the turn of the other', () => zeromqStatus(plant).topicsWaiting === 0)
  await late.waitFor(topics[max + 1]!, 1)
  assert.equal(feed.wantedCount, max)
})

test('the modes of an instrument count once', async (context) => {
  const plant = await startPlant(
    context,
    { instruments: 2000 },
    { 'zeromq.capacity_percent_max': 1 },
  )
  const [share] = sharesOf(plant, 1)
  const topics = ['LTP', 'QUOTE', 'DEPTH'].map((mode) => `NSE_${share!.symbol}_${mode}`)
  const reader = TopicReader.ticks(context, plant, topics)
  const { topicsDemanding } = zeromqStatus(plant)
  assert.equal(topicsDemanding, 0)
  for (const left of [3, 2, 1]) {
    await until('the topics', () => zeromqStatus(plant).topicsDemanding === left)
    assert.equal(zeromqStatus(plant).instrumentsDemanded, 1)
    reader.socket.unsubscribe(topics[left - 1]!)
  }
  await until('the end', () => zeromqStatus(plant).instrumentsDemanded === 0)
})

test('a topic that leaves frees its share also where a client still holds the instrument', async (context) => {
  const plant = await startPlant(
    context,
    { instruments: 2000 },
    { 'zeromq.capacity_percent_max': 1 },
  )
  const shares = sharesOf(plant, 91)
  const client = await StreamClient.open(context, plant)
  await client.stream([shares[0]!], 'LTP')
  const topics = shares.map(({ symbol }) => `NSE_${symbol}_LTP`)
  const reader = TopicReader.ticks(context, plant, topics)
  await until('the one that waits', () => zeromqStatus(plant).topicsWaiting === 1)
  reader.socket.unsubscribe(topics[0]!)
  await until('its turn', () => zeromqStatus(plant).topicsWaiting === 0)
})

test('a topic waits while the whole broker is full, until a client makes room', async (context) => {
  const capacity = 9000
  const plant = await startPlant(context, { instruments: capacity + 500 })
  const names = namesOf(plant, capacity)
  const client = await StreamClient.open(context, plant)
  await client.subscribe(names, 'LTP')
  assert.equal(plant.engine.feeds[0]!.wantedCount, capacity)
  const { catalogue } = plant.engine.feeds[0]!
  const topic = `${catalogue.exchangeOf(capacity)}_${catalogue.symbolOf(capacity)}_LTP`
  TopicReader.ticks(context, plant, [topic])
  await until('the topic', () => zeromqStatus(plant).topicsWaiting === 1)
  await client.unsubscribe(names.slice(0, 1))
  await until('its turn', () => zeromqStatus(plant).topicsWaiting === 0)
})
