import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { after, beforeEach, test } from 'node:test'
import { type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

const plant = await startPlant({ after })
const { simulator, engine } = plant
const shares = sharesOf(plant, 20)
let used = 0
/** A share that no other test has. */
const freshShare = (): Share => shares[used++]!
const wanted = () => engine.feeds[0]!.wantedCount
// What the test before has left is released when its sockets are found closed.
beforeEach(() =>
  until('nothing to be wanted', () => wanted() === 0 && zeromqStatus(plant).peers === 0),
)
const topicsNamed = () => zeromqStatus(plant).topicsNamed

test('a subscriber that names one full topic nobody else wants gets ticks within a second', async (context) => {
  const { symbol } = freshShare()
  await until('the line to the broker', () => engine.feeds[0]!.isConnected)
  const startedAtMs = performance.now()
  const reader = TopicReader.ticks(context, plant, [`NSE_${symbol}_QUOTE`])
  const [tick] = await reader.waitFor(`NSE_${symbol}_QUOTE`, 1)
  // A second, with the slack of a busy machine.
  assert.ok(performance.now() - startedAtMs < 5_000)
  const { broker, exchange, mode, seq } = tick!
  assert.deepEqual(
    { broker, exchange, symbol: tick!.symbol, mode, seq },
    { broker: 'zerodha', exchange: 'NSE', symbol, mode: 'quote', seq: 1 },
  )
})

test('when the last subscriber of a topic leaves, the broker is asked for it no more', async (context) => {
  const { symbol } = freshShare()
  const topic = `NSE_${symbol}_LTP`
  const first = TopicReader.ticks(context, plant, [topic])
  const second = TopicReader.ticks(context, plant, [topic])
  await until('both', () => first.of(topic).length > 0 && second.of(topic).length > 0)
  first.socket.unsubscribe(topic)
  // Another topic of the same socket shows that the first was taken in.
  const marker = `NSE_${freshShare().symbol}_LTP`
  first.socket.subscribe(marker)
  await first.waitFor(marker, 1)
  assert.equal(wanted(), 2)
  second.socket.close()
  await until('the release', () => wanted() === 1)
  first.socket.close()
  await until('the release', () => wanted() === 0)
})

test('each mode of an instrument is a stream of its own, with one seq for one tick', async (context) => {
  const { symbol, token } = freshShare()
  const topics = ['LTP', 'QUOTE', 'DEPTH'].map((mode) => `NSE_${symbol}_${mode}`)
  const reader = TopicReader.ticks(context, plant, topics)
  await reader.waitFor(topics[2]!, 1)
  const { seq } = reader.of(topics[2]!).at(-1)!
  simulator.tickOnce([token])
  // Ticks of the lower modes, which were subscribed first, may still be on their way.
  const ticks = await until('the tick in each mode', () => {
    const last = topics.map((topic) => reader.live(topic).at(-1))
    const isNew = last.every((tick) => Number(tick?.seq) > Number(seq))
    return isNew && last.every((tick) => tick!.seq === last[0]!.seq) ? (last as Message[]) : null
  })
  assert.deepEqual(
    ticks.map(({ mode }) => mode),
    ['ltp', 'quote', 'depth'],
  )
  assert.deepEqual(new Set(ticks.map(({ seq }) => seq)).size, 1)
  const depth = ticks[2]!.depth as { buy: unknown[]; sell: unknown[] }
  assert.equal(depth.buy.length, 5)
})

test("one broker's ticks come under its name, and only to those who name it", async (context) => {
  const { symbol } = freshShare()
  const plain = TopicReader.ticks(context, plant, [`NSE_${symbol}_LTP`])
  const ofBroker = TopicReader.ticks(context, plant, [`zerodha/NSE_${symbol}_LTP`])
  const [tick] = await ofBroker.waitFor(`zerodha/NSE_${symbol}_LTP`, 1)
  assert.equal(tick!.broker, 'zerodha')
  await plain.waitFor(`NSE_${symbol}_LTP`, 1)
  assert.ok(plain.messages.every(({ topic }) => !topic.includes('/')))
  assert.ok(ofBroker.messages.every(({ topic }) => topic.startsWith('zerodha/')))
})

test('a late subscriber of a topic gets its last value, marked as such', async (context) => {
  const { symbol, token } = freshShare()
  const topic = `NSE_${symbol}_QUOTE`
  const first = TopicReader.ticks(context, plant, [topic])
  await first.waitFor(topic, 1)
  simulator.tickOnce([token])
  const live = (await first.waitFor(topic, 2)).at(-1)!
  const late = TopicReader.ticks(context, plant, [topic])
  const [snapshot] = await late.waitFor(topic, 1)
  assert.deepEqual(snapshot, { ...live, snapshot: true })
})

test('a prefix gets what flows for others and asks the broker for nothing', async (context) => {
  const [held, other] = [freshShare(), freshShare()]
  const client = await StreamClient.open(context, plant)
  const reader = TopicReader.ticks(context, plant, ['NSE_'])
  await until('the prefix', () => zeromqStatus(plant).prefixes === 1)
  await client.stream([held], 'Quote')
  assert.equal(wanted(), 1)
  await reader.waitFor(`NSE_${held.symbol}_QUOTE`, 1)
  simulator.tickOnce([held.token, other.token])
  await reader.waitFor(`NSE_${held.symbol}_QUOTE`, 2)
  // In the mode that is held, and under the plain name alone.
  assert.deepEqual(
    new Set(reader.messages.map(({ topic }) => topic)),
    new Set([`NSE_${held.symbol}_QUOTE`]),
  )

  await client.unsubscribe([held])
  await until('the release', () => wanted() === 0)
  await client.subscribe([other], 'LTP')
  await reader.waitFor(`NSE_${other.symbol}_LTP`, 1)
  assert.ok(reader.messages.every(({ topic }) => topic.startsWith('NSE_')))
})

test('a prefix that comes late is given what flows already, and topics of a broker by its name', async (context) => {
  const { symbol, token } = freshShare()
  const client = await StreamClient.open(context, plant)
  await client.stream([{ exchange: 'NSE', symbol }], 'Quote')
  const all = TopicReader.ticks(context, plant, [''])
  const ofBroker = TopicReader.ticks(context, plant, ['zerodha/NSE_'])
  await until('both prefixes', () => zeromqStatus(plant).prefixes === 2)
  await until('their ticks', () => {
    simulator.tickOnce([token])
    return ofBroker.messages.length > 0 && all.messages.length > 0
  })
  assert.equal(ofBroker.messages[0]!.topic, `zerodha/NSE_${symbol}_QUOTE`)
  assert.equal(
    all.messages.find(({ topic }) => !topic.startsWith('STATUS'))!.topic,
    `NSE_${symbol}_QUOTE`,
  )
})

test('a topic that is named while a prefix selects it comes once', async (context) => {
  const { symbol, token } = freshShare()
  const topic = `NSE_${symbol}_QUOTE`
  const client = await StreamClient.open(context, plant)
  await client.stream([{ exchange: 'NSE', symbol }], 'Quote')
  const reader = TopicReader.ticks(context, plant, ['NSE_', topic])
  await until('the topic', () => topicsNamed() === 1)
  simulator.tickOnce([token])
  simulator.tickOnce([token])
  await until('two ticks', () => reader.live(topic).length >= 2)
  const seqs = reader.live(topic).map(({ seq }) => seq as number)
  assert.deepEqual(
    seqs,
    seqs.map((_, at) => seqs[0]! + at),
  )
})

test('the ipc endpoint carries the same, readable only by this user', async (context) => {
  const { symbol } = freshShare()
  const ipc = engine.zeromq!.ticks.find((endpoint) => endpoint.startsWith('ipc://'))!
  const reader = TopicReader.connect(context, ipc, [`NSE_${symbol}_QUOTE`])
  const [tick] = await reader.waitFor(`NSE_${symbol}_QUOTE`, 1)
  assert.equal(tick!.symbol, symbol)
  assert.equal(statSync(ipc.slice('ipc://'.length)).mode & 0o777, 0o600)
})

test('a new reader of the status learns the state of each socket', async (context) => {
  for (const topic of ['STATUS/zerodha', 'STATUS/']) {
    const reader = TopicReader.ticks(context, plant, [topic])
    const [state] = await reader.waitFor('STATUS/zerodha', 1)
    assert.deepEqual(state, {
      type: 'feed_status',
      broker: 'zerodha',
      status: 'live',
      socket: 0,
      snapshot: true,
    })
  }
})
