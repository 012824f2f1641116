// A broker that goes away, falls silent, or stops ticking.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { BROKER, type Plant, startEngineOn, startPlant, until } from '../support/plant.ts'
import type { Message, Name, StreamClient } from '../support/stream-client.ts'
import { gapNumber, gapsOf, openClient, startFakePlant, tickWith } from './fake-plant.ts'
import { PlainServer } from './fakes/plain-server.ts'

const KITE = { seed: 1, ratePerSecond: 0, instruments: 500 }

/** Some names of each mode, and one packet of each at the broker tells the mode by its length. */
function names({ engine }: Pick<Plant, 'engine'>, from: number, count: number): Name[] {
  const { catalogue } = engine.feeds[0]!
  return Array.from({ length: count }, (_, at) => ({
    exchange: catalogue.exchangeOf(from + at),
    symbol: catalogue.symbolOf(from + at),
  }))
}

const statesOf = (client: StreamClient) =>
  client.items.filter(({ type }) => type === 'feed_status').map(({ status }) => status)

async function healthOf({ httpUrl }: Pick<Plant, 'httpUrl'>): Promise<Message> {
  return (await (await fetch(`${httpUrl}/healthz`)).json()) as Message
}

/** Every symbol's seqs count on from 1, by ones where every tick is delivered, and the epoch never changes. */
function checkSeqs(client: StreamClient): void {
  const last = new Map<unknown, number>()
  const ticks = client.items.filter(({ type }) => type === undefined)
  for (const { exchange, symbol, mode, seq } of ticks) {
    const name = `${exchange}:${symbol}`
    const step = (seq as number) - (last.get(name) ?? 0)
    // Kite begins with a quote, which whoever wants the depth does not get.
    assert.ok(step === 1 || (mode === 'depth' && step === 2), `${name} ${mode}: seq ${seq}`)
    last.set(name, seq as number)
  }
  assert.equal(new Set(ticks.map(({ epoch }) => epoch)).size, 1)
}

describe('feed', { concurrency: true }, () => {
  test('after a drop every socket takes up its instruments in their modes, and tells of the gap', async (context) => {
    const lengths = new Map<number, number>()
    const onPacket = (token: number, packet: Uint8Array) => lengths.set(token, packet.length)
    const plant = await startPlant(context, { ...KITE, instruments: 7000, onPacket })
    const { simulator } = plant
    const client = await openClient(context, plant, BROKER)
    await client.subscribe(names(plant, 0, 6500), 'LTP')
    await client.subscribe(names(plant, 6500, 20), 'Quote')
    await client.subscribe(names(plant, 6520, 20), 'Depth')
    await until('all pairs', () => simulator.stats().subscribedPairs === 6540)
    // What comes last is a tick that was waited for, never a heartbeat that is on its way when the line drops.
    simulator.muteHeartbeats(true)
    simulator.tickOnce()
    const before = new Map(lengths)
    const feed = plant.engine.feeds[0]!
    await until('all ticks', () => feed.counters().ticks === simulator.stats().packetsSent)

    const droppedMs = Date.now()
    simulator.dropSockets()
    await gapNumber(client, 3)
    simulator.muteHeartbeats(false)
    await until('all pairs again', () => simulator.stats().subscribedPairs === 6540)
    // Modes are asked for after the pairs.
    await until('all modes again', () => {
      lengths.clear()
      return simulator.tickOnce() === 6540 && isDeepStrictEqual(lengths, before)
    })
    assert.equal(simulator.stats().sockets, 3)

    const gaps = gapsOf(client)
    assert.deepEqual(gaps.map(({ socket }) => socket).sort(), [0, 1, 2])
    for (const { reason, since, until: end } of gaps) {
      assert.equal(reason, 'reconnected')
      assert.ok(
        (since as number) <= droppedMs + 5 && (since as number) > droppedMs - 5000,
        `${since} ${droppedMs}`,
      )
      assert.ok((end as number) >= droppedMs - 1 && (end as number) <= Date.now() + 1)
    }
    await tickAfterGap(client, names(plant, 6520, 1)[0]!)
    checkSeqs(client)
    assert.ok(statesOf(client).includes('reconnecting'))
    assert.equal(feed.counters().unanswered, 0)
  })

  test('a broker that is away for a while is tried ever more rarely, and found again', async (context) => {
    const first = await startKiteSimulator(KITE)
    const { port } = first
    const flags = { 'feed.backoff_ms_min': 20, 'feed.backoff_ms_max': 320 }
    const plant = { ...(await startEngineOn(context, first, flags)), simulator: first }
    const client = await openClient(context, plant, BROKER)
    const [name] = names(plant, 0, 1) as [Name]
    await client.subscribe([name], 'LTP')
    await client.waitForTicks(1)

    const awayMs = Date.now()
    await first.close()
    const delays = await until('eight attempts', () => {
      const lost = plant.logs.filter(({ msg }) => msg === 'feed lost')
      return lost.length >= 8 ? lost.map(({ retryInMs }) => Number(retryInMs)) : null
    })
    for (const [attempt, delayMs] of delays.entries()) {
      const plainMs = Math.min(320, 20 * 2 ** attempt)
      assert.ok(delayMs >= plainMs * 0.8 - 1 && delayMs <= plainMs * 1.2 + 1, `${delays}`)
    }
    assert.equal((await healthOf(plant)).status, 'degraded')

    const second: KiteSimulator = await startKiteSimulator({ ...KITE, port })
    context.after(() => second.close())
    const gap = await gapNumber(client, 1)
    const awayForMs = (gap.until as number) - (gap.since as number)
    assert.ok(awayForMs >= delays.slice(0, 7).reduce((sum, delay) => sum + delay, 0))
    assert.ok((gap.until as number) >= awayMs)
    await until('the instrument at the new broker', () => second.tickOnce() === 1)
    await tickAfterGap(client, name)
    checkSeqs(client)
    assert.equal((await healthOf(plant)).status, 'ok')
  })

  test('a line on which only heartbeats come is kept', async (context) => {
    const { engine } = await startPlant(context, KITE)
    await until('the feed to be live', () => engine.feeds[0]!.isConnected)
    const quietUntilMs = performance.now() + 6000
    await until('six quiet seconds', () => performance.now() > quietUntilMs)
    assert.equal(engine.feeds[0]!.counters().disconnects, 0)
  })

  test('a line without heartbeat or tick is dropped after five seconds', async (context) => {
    const plant = await startPlant(context, { ...KITE, ratePerSecond: 100 })
    const { simulator, engine } = plant
    const client = await openClient(context, plant, BROKER)
    await client.subscribe(names(plant, 0, 2), 'LTP')
    await client.waitForTicks(2)
    simulator.pauseTicks()
    simulator.muteHeartbeats(true)
    await until('the drop', () => engine.feeds[0]!.counters().disconnects === 1)
    simulator.muteHeartbeats(false)
    const gap = await gapNumber(client, 1)
    const silentForMs = (gap.until as number) - (gap.since as number)
    assert.ok(silentForMs >= 5000 && silentForMs < 20_000, `${silentForMs} ms`)
    const lost = await until('the reason', () => plant.logs.find(({ msg }) => msg === 'feed lost'))
    const [, noticedMs] = /^silent for (\d+) ms$/.exec(String(lost.why)) ?? []
    assert.ok(Number(noticedMs) >= 5000 && Number(noticedMs) < 10_000, String(lost.why))
    simulator.resumeTicks()
    await tickAfterGap(client, names(plant, 0, 1)[0]!)
  })

  test('a feed whose ticks stop is stale, and live with the next tick', async (context) => {
    const plant = await startPlant(context, KITE, { 'feed.stale_ms': 400 })
    const { simulator, engine } = plant
    const client = await openClient(context, plant, BROKER)
    const feed = engine.feeds[0]!
    await until('the feed to be live', () => feed.socketStates[0] === 'live')
    // While nothing is wanted, no tick is late.
    const quietUntilMs = performance.now() + 1200
    await until('the quiet to end', () => performance.now() > quietUntilMs)
    assert.equal(feed.socketStates[0], 'live')

    await client.subscribe(names(plant, 0, 1), 'LTP')
    await client.waitForTicks(1)
    await until('the feed to be stale', () => feed.socketStates[0] === 'stale')
    assert.equal(feed.isConnected, true)
    assert.equal((await healthOf(plant)).status, 'ok')
    simulator.tickOnce()
    // On a machine that stands still for a while it may be stale again before anyone looks.
    await until('the events', () => statesOf(client).join().includes('stale,live'))
    await until('the feed to be live', () => {
      simulator.tickOnce()
      return feed.socketStates[0] === 'live'
    })
    assert.equal(feed.counters().disconnects, 0)
  })

  test('a session that the broker ended is refused three times, then left alone', async (context) => {
    const plant = await startPlant(context, KITE)
    const { simulator, engine, logs } = plant
    const client = await openClient(context, plant, BROKER)
    await until('the feed to be live', () => engine.feeds[0]!.isConnected)
    simulator.expireSession()
    simulator.dropSockets()
    await until('the refusal', () => engine.feeds[0]!.socketStates[0] === 'refused')
    await until('the event', () => statesOf(client).at(-1) === 'refused')
    const health = await healthOf(plant)
    assert.equal(health.status, 'degraded')
    assert.deepEqual(health.feeds, [{ broker: BROKER, connected: false, sockets: ['refused'] }])
    await until('the log line', () => logs.some(({ msg }) => String(msg).includes('sign in again')))
    assert.equal(logs.filter(({ msg }) => msg === 'opening the feed socket').length, 4)
    assert.ok(!JSON.stringify(logs).includes(simulator.accessToken))
  })

  test('after the third refusal no upgrade is asked for, however long the broker waits', async (context) => {
    const server = await new PlainServer().listen(context)
    server.refusal = { status: 401, body: {}, headers: { 'X-Error-Message': 'token is over' } }
    const { engine, logs } = await startFakePlant(context, server)
    await until('the refusal', () => engine.feeds[0]!.socketStates[0] === 'refused')
    const refused = await until('the log line', () =>
      logs.find(({ msg }) => String(msg).includes('sign in again')),
    )
    assert.equal(refused.why, 'HTTP 401 token is over {}')
    // Five times the longest delay between attempts.
    const quietUntilMs = performance.now() + 1000
    await until('a second to pass', () => performance.now() > quietUntilMs)
    assert.equal(server.upgrades, 3)
  })

  test('a broker in trouble is tried again for as long as it takes', async (context) => {
    const server = await new PlainServer().listen(context)
    server.refusal = { status: 503, body: {} }
    const { engine } = await startFakePlant(context, server)
    await until('six attempts', () => server.upgrades >= 6)
    server.refusal = null
    await until('the feed to be live', () => engine.feeds[0]!.isConnected)
  })

  test('a subscription made while the broker is away is there when it comes back', async (context) => {
    const server = await new PlainServer().listen(context)
    const { client, engine } = await startFakePlant(context, server)
    await until('the feed to be live', () => engine.feeds[0]!.isConnected)
    server.refusal = { status: 503, body: {} }
    server.dropSockets()
    await until('the loss to be seen', () => !engine.feeds[0]!.isConnected)
    const share = { exchange: 'NSE', symbol: 'SHARE1' }
    const changed = { exchange: 'NSE', symbol: 'SHARE2' }
    await client.subscribe([share, changed], 'LTP')
    await client.subscribe([changed], 'Depth')
    await client.unsubscribe([share])
    await client.subscribe([share], 'Quote')
    server.refusal = null
    await tickWith(client, share, { mode: 'quote' })
    await tickWith(client, changed, { mode: 'depth' })
    assert.deepEqual(server.asked.get('1|1'), [2])
    assert.deepEqual(server.asked.get('1|2'), [3])
  })
})

/** Waits for a tick of this name that came after the first gap. */
async function tickAfterGap(client: StreamClient, { symbol }: Name): Promise<void> {
  await until(`a tick of ${symbol} after the gap`, () => {
    const gapAt = client.items.findIndex(({ type }) => type === 'gap')
    return client.items.slice(gapAt).some((item) => item.symbol === symbol)
  })
}
