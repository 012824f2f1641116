import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { TopicReader } from '../support/topic-reader.ts'

test("in JSON a tick is what OpenAlgo's bus carried, with the broker, and events are JSON too", async (context) => {
  const plant = await startPlant(context, {}, { 'zeromq.format': 'json' })
  const [share] = sharesOf(plant, 1)
  const topic = `NSE_${share!.symbol}_DEPTH`
  const client = await StreamClient.open(context, plant)
  await client.stream([share!], 'Depth')
  const reader = TopicReader.ticks(context, plant, [topic, 'STATUS/zerodha'])
  const [snapshot] = await reader.waitFor(topic, 1)
  assert.equal(snapshot!.snapshot, true)
  plant.simulator.tickOnce([share!.token])
  const tick = (await reader.waitFor(topic, 2)).at(-1)!
  await until(
    'the frame',
    () => client.ticks.at(-1)!.data !== undefined && client.ticks.length >= 2,
  )
  const frame = client.ticks.at(-1)!
  assert.deepEqual(tick, { broker: 'zerodha', ...(frame.data as object) })
  const [state] = await reader.waitFor('STATUS/zerodha', 1)
  assert.equal(state!.status, 'live')
})

test('in msgpack a tick is what the WebSocket carries', async (context) => {
  const plant = await startPlant(context)
  const [share] = sharesOf(plant, 1)
  const topic = `NSE_${share!.symbol}_DEPTH`
  const client = await StreamClient.open(context, plant, { format: 'msgpack' })
  await client.stream([share!], 'Depth')
  const reader = TopicReader.ticks(context, plant, [topic])
  await reader.waitFor(topic, 1)
  plant.simulator.tickOnce([share!.token])
  const tick = (await reader.waitFor(topic, 2)).at(-1)!
  await until('the frame', () => client.items.some(({ seq }) => seq === tick.seq))
  assert.deepEqual(
    tick,
    client.items.find(({ seq }) => seq === tick.seq),
  )
})
