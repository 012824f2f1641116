import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Scope, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const [share] = sharesOf(plant, 1) as [Share]

const OPTIONS: Readonly<Record<string, Message>> = {
  json: { events: true },
  msgpack: { format: 'msgpack', events: true },
  'quiet json': {},
  'quiet msgpack': { format: 'msgpack', events: false },
  'no word for true': { events: 'yes' },
}
const BURST = 20
const QUIET = ['quiet json', 'quiet msgpack', 'no word for true']

/** Ticks and events of a client in their order, an event by its type and a tick by its seq. */
function stream({ texts, items }: StreamClient): Message[] {
  const frames = texts.filter(({ type }) => /^(market_data|gap|feed_status)$/.test(String(type)))
  const flat = frames.map((frame) =>
    frame.type === 'market_data' ? (frame.data as Message) : frame,
  )
  return [...flat, ...items]
}

/** Keeps this thread, which is the engine's core too, until the feed's worker has got so far. */
function holdCore(holds: () => boolean): void {
  const endMs = performance.now() + 30_000
  while (!holds() && performance.now() < endMs);
}

const isEvent = (item: Message) => item.type !== undefined
const eventsOf = (client: StreamClient) => stream(client).filter(isEvent)

async function openAll(context: Scope) {
  const clients = new Map<string, StreamClient>()
  for (const [name, options] of Object.entries(OPTIONS)) {
    const client = await StreamClient.open(context, plant, options)
    await client.subscribe([share], 'Quote')
    await client.waitForTicks(1)
    clients.set(name, client)
  }
  return clients
}

test('a lost line is one gap, in its place, for each client that asked for events', async (context) => {
  await until('the first line', () => plant.engine.status().feeds[0]!.connected)
  const clients = await openAll(context)
  const [feed] = plant.engine.feeds
  const { connects, disconnects } = feed!.counters()
  const beforeMs = Date.now()
  plant.simulator.burst(BURST)
  plant.simulator.dropSockets()
  holdCore(() => feed!.counters().disconnects > disconnects)
  await until('a new line', () => feed!.counters().connects > connects)
  for (const client of clients.values()) {
    await until('a tick after it', () => {
      plant.simulator.tickOnce([share.token])
      return client.tickCount >= BURST + 5
    })
  }
  for (const [name, client] of clients) {
    const items = stream(client)
    const ticks = items.filter((item) => !isEvent(item))
    ticks.forEach(({ seq, epoch }, at) => {
      assert.deepEqual([seq, epoch], [Number(ticks[0]!.seq) + at, ticks[0]!.epoch], name)
    })
    if (QUIET.includes(name)) {
      assert.deepEqual(eventsOf(client), [])
      continue
    }
    const [lost, live, gap, ...more] = eventsOf(client) as [Message, Message, Message]
    assert.deepEqual(more, [])
    const line = { broker: 'zerodha', socket: 0 }
    const { since: lostAtMs, ...lostPart } = lost
    assert.deepEqual(lostPart, { type: 'feed_status', ...line, status: 'reconnecting' })
    const { since: liveAtMs, ...livePart } = live
    assert.deepEqual(livePart, { type: 'feed_status', ...line, status: 'live' })
    const { since, until: endMs, ...gapPart } = gap
    assert.deepEqual(gapPart, { type: 'gap', ...line, reason: 'reconnected' })
    for (const time of [lostAtMs, liveAtMs, since, endMs]) assert.ok(Number.isInteger(time))
    assert.ok(Number(since) <= Number(endMs) && Number(lostAtMs) <= Number(liveAtMs))
    assert.ok(Math.abs(Number(endMs) - beforeMs) < 20_000)
    const [before, after] = [items.indexOf(lost), items.indexOf(gap)]
    assert.ok(before > BURST && items.slice(0, before).every((item) => !isEvent(item)))
    assert.ok(after === before + 2 && items.slice(after + 1).every((item) => !isEvent(item)))
  }
})

test('ticks that were overwritten before they were read are one gap that counts them', async (context) => {
  const { simulator, ...lapping } = await startPlant(context, {}, { 'engine.ring_slots': 1024 })
  const [held] = sharesOf({ simulator }, 1) as [Share]
  const json = await StreamClient.open(context, lapping, { events: true })
  await json.stream([held], 'LTP')
  const packed = await StreamClient.open(context, lapping, { format: 'msgpack', events: true })
  await packed.subscribe([held], 'LTP')
  await packed.waitForTicks(1)
  const [feed] = lapping.engine.feeds
  const taken = feed!.counters().ticks
  simulator.burst(5000)
  holdCore(() => feed!.counters().ticks >= taken + 3000)
  for (const client of [json, packed]) {
    const last = () => stream(client).findLast((item) => !isEvent(item))
    await until('the last tick', () => last()?.seq === taken + 5000)
    const { lost } = feed!.reader
    assert.ok(lost > 0)
    const items = stream(client)
    const gaps = items.filter(({ type }) => type === 'gap')
    assert.equal(
      gaps.reduce((sum, gap) => sum + Number(gap.lost), 0),
      lost,
    )
    for (const gap of gaps) {
      const at = items.indexOf(gap)
      const [before, after] = [items[at - 1]!, items[at + 1]!]
      assert.equal(Number(after.seq) - Number(before.seq) - 1, gap.lost)
      assert.deepEqual(gap, { type: 'gap', broker: 'zerodha', reason: 'lapped', lost: gap.lost })
    }
  }
})

test('no frame but market data carries an integer mode', async (context) => {
  const client = await StreamClient.open(context, plant, { events: true })
  await client.stream([share], 'Quote')
  plant.simulator.dropSockets()
  await until('a gap', () => eventsOf(client).some(({ type }) => type === 'gap'))
  const asked = { symbols: [{ exchange: 'NSE', symbol: share.symbol }], mode: 3 }
  const requests = ['subscribe', 'unsubscribe', 'unsubscribe_all', 'get_broker_info', 'ping', 'x']
  for (const action of requests) await client.ask({ action, ...asked })
  const others = client.texts.filter(({ type }) => type !== 'market_data')
  assert.ok(others.length > requests.length)
  for (const frame of others) assert.notEqual(typeof frame.mode, 'number')
})
