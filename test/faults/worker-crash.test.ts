// A feed worker that dies, with another broker's feed in the same engine.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import {
  ACCESS_TOKEN,
  gapNumber,
  gapsOf,
  openClient,
  startFakePlant,
  ticksOf,
  tickWith,
} from '../feed/fake-plant.ts'
import type { Order } from '../feed/fakes/plain.ts'
import { PlainServer } from '../feed/fakes/plain-server.ts'
import { BROKER, kiteFlags, sharesOf, startEngineWith, until } from '../support/plant.ts'

// Four instruments ride on a socket, so these take two.
const SHARES = Array.from({ length: 6 }, (_, at) => ({ exchange: 'NSE', symbol: `SHARE${at + 1}` }))
const [SHARE] = SHARES as [(typeof SHARES)[0]]

/** An engine on Kite and on the fake broker, with a client of each. */
async function startTwo(context: TestContext) {
  const simulator = await startKiteSimulator({ seed: 1, ratePerSecond: 0, instruments: 500 })
  context.after(() => simulator.close())
  const server = await new PlainServer().listen(context)
  const flags = { ...kiteFlags(simulator), ...server.flags(ACCESS_TOKEN) }
  const plant = await startEngineWith(context, flags)
  const kiteClient = await openClient(context, plant, BROKER)
  const client = await openClient(context, plant, server.id)
  const [kite, plain] = [BROKER, server.id].map((id) => {
    return plant.engine.feeds.find((feed) => feed.id === id)!
  }) as [(typeof plant.engine.feeds)[0], (typeof plant.engine.feeds)[0]]
  return { simulator, server, ...plant, kiteClient, client, kite, plain }
}

const CRASHES: readonly Order[] = [
  { do: 'end the thread' },
  { do: 'throw in a timer', text: `the token ${ACCESS_TOKEN} is no good` },
]

describe('feed worker', { concurrency: 2 }, () => {
  for (const crash of CRASHES) {
    test(`after "${crash.do}" a new worker goes on, and other feeds do not notice`, async (context) => {
      const two = await startTwo(context)
      const { simulator, server, kiteClient, client, kite, plain, logs } = two
      const [kiteShare] = sharesOf(two, 1) as [ReturnType<typeof sharesOf>[0]]
      await kiteClient.stream([kiteShare], 'LTP')
      await client.subscribe(SHARES.slice(0, 5), 'Quote')
      await client.subscribe([SHARES[5]!], 'Depth')
      await client.waitForTicks(6)
      for (const ltp of [2, 3]) server.tick(1, 1, ltp)
      const last = await tickWith(client, SHARE, { ltp: 3 })
      assert.equal(last.seq, 3)
      const kiteTicks = kite.counters().ticks

      const crashedMs = Date.now()
      server.order(crash)
      await gapNumber(client, 2)
      const gaps = gapsOf(client)
      assert.deepEqual(gaps.map(({ socket }) => socket).sort(), [0, 1])
      for (const { reason, since, until: end } of gaps) {
        assert.equal(reason, 'restarted')
        assert.ok((since as number) >= crashedMs - 1 && (since as number) < (end as number))
      }
      assert.ok(plain.workerRestarts === 1)

      const first = await until('a tick of the new worker', () =>
        ticksOf(client, SHARE).find(({ seq }) => (seq as number) > 3),
      )
      assert.equal(first.seq, 4)
      assert.equal(first.epoch, last.epoch)
      await until('all in their modes', () => {
        const modes = [...server.subscriptions.values()].flatMap((each) => [...each])
        return modes.length === 6 && modes.every(([key, mode]) => mode === (key === '1|6' ? 3 : 2))
      })

      assert.equal(kite.workerRestarts, 0)
      assert.equal(kite.counters().connects, 1)
      assert.equal(gapsOf(kiteClient).length, 0)
      simulator.tickOnce()
      await until('a tick of the other feed', () => kite.counters().ticks === kiteTicks + 1)
      assert.ok(!JSON.stringify(logs).includes(ACCESS_TOKEN))
    })
  }

  test('a later loss of the new worker is a reconnect, not a restart', async (context) => {
    const { server, client } = await startPlain(context)
    server.order({ do: 'throw what is no error' })
    await gapNumber(client, 1)
    server.dropSockets()
    const gap = await gapNumber(client, 2)
    assert.equal(gap.reason, 'reconnected')
  })

  test('a worker that crashes again and again is restarted ever more rarely', async (context) => {
    const { server, engine, client, logs } = await startPlain(context)
    const feed = engine.feeds[0]!
    server.greeting = { do: 'end the thread' }
    server.dropSockets()
    const fiveCrashes = () => {
      const ended = logs.filter(({ msg }) => msg === 'feed worker ended')
      return ended.length >= 5 ? ended.map(({ restartInMs }) => Number(restartInMs)) : null
    }
    const delays = await until('five crashes', fiveCrashes, 60_000)
    for (const [crash, delayMs] of delays.entries()) {
      const plainMs = Math.min(200, 20 * 2 ** crash)
      assert.ok(delayMs >= plainMs * 0.8 - 1 && delayMs <= plainMs * 1.2 + 1, `${delays}`)
    }
    // Wanted while there is no worker to tell.
    await until('the worker to be away', () => feed.socketStates[0] === 'reconnecting')
    await client.subscribe([SHARES[1]!], 'LTP')
    server.greeting = null
    await tickWith(client, SHARES[1]!, { seq: 1 })
    server.tick(1, 1, 9)
    await tickWith(client, SHARE, { ltp: 9 })
  })

  test('an engine stops at once while a worker waits to be restarted', async (context) => {
    const { server, engine } = await startPlain(context, {
      'feed.backoff_ms_min': 3_000_000,
      'feed.backoff_ms_max': 3_000_000,
    })
    server.order({ do: 'end the thread' })
    const feed = engine.feeds[0]!
    await until('the worker to be away', () => feed.workerRestarts === 1)
    assert.deepEqual([feed.isConnected, feed.socketStates], [false, ['reconnecting']])
    const startMs = performance.now()
    await engine.stop()
    // Not after the wait, which is the better part of an hour.
    assert.ok(performance.now() - startMs < 20_000)
  })

  test('a frame on which the connection throws is counted, and the worker lives', async (context) => {
    const { server, engine, client, logs } = await startPlain(context)
    const feed = engine.feeds[0]!
    server.order({ do: 'throw', text: `unexpected ${ACCESS_TOKEN}` })
    await until('the reject', () => feed.counters().rejects === 1)
    server.tick(1, 1, 5)
    await tickWith(client, SHARE, { ltp: 5, seq: 2 })
    assert.equal(feed.workerRestarts, 0)
    assert.equal(feed.counters().disconnects, 0)
    const line = logs.find(({ reason }) => reason === 'the connection failed on a frame')
    assert.equal(line?.error, 'unexpected [redacted]')
  })
})

async function startPlain(context: TestContext, flags = {}) {
  const server = await new PlainServer().listen(context)
  const plant = await startFakePlant(context, server, flags)
  await plant.client.subscribe([SHARE], 'LTP')
  await tickWith(plant.client, SHARE, { seq: 1 })
  return { server, ...plant }
}
