// Which instrument rides on which socket, and how many a session carries.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MODE_LTP } from '../../codecs/tick.ts'
import type { Subscriber } from '../../engine/distribute/router.ts'
import { type Plant, startPlant, until } from '../support/plant.ts'
import { type Name, StreamClient } from '../support/stream-client.ts'
import { startFakePlant, tickWith } from './fake-plant.ts'
import { PlainServer } from './fakes/plain-server.ts'

/** The names of the first instruments that the engine knows. */
function names({ engine }: Pick<Plant, 'engine'>, count: number): Name[] {
  const { catalogue } = engine.feeds[0]!
  return Array.from({ length: count }, (_, instrument) => ({
    exchange: catalogue.exchangeOf(instrument),
    symbol: catalogue.symbolOf(instrument),
  }))
}

test('instruments fill one socket after another, each once, within the limit of the broker', async (context) => {
  const packets = new Map<number, number>()
  const onPacket = (token: number) => packets.set(token, (packets.get(token) ?? 0) + 1)
  const plant = await startPlant(context, { instruments: 8000, onPacket })
  const { simulator, engine, logs } = plant
  const client = await StreamClient.open(context, plant)

  await client.subscribe(names(plant, 100), 'LTP')
  await until('100 instruments', () => simulator.stats().subscribedPairs === 100)
  assert.equal(simulator.stats().sockets, 1)
  await client.subscribe(names(plant, 3001), 'LTP')
  await until('3,001 instruments', () => simulator.stats().subscribedPairs === 3001)
  assert.equal(simulator.stats().sockets, 2)
  await client.subscribe(names(plant, 7000), 'LTP')
  await until('7,000 instruments', () => simulator.stats().subscribedPairs === 7000)
  assert.equal(simulator.stats().sockets, 3)

  packets.clear()
  assert.equal(simulator.tickOnce(), 7000)
  assert.equal(packets.size, 7000, 'one packet of each instrument, from whichever socket')
  // The simulator takes no more than 3,000 on a socket and says so.
  assert.ok(!logs.some(({ msg }) => msg === 'broker says'))
  await until('all to be answered', () => engine.feeds[0]!.counters().ticks >= 14_000)
  assert.equal(engine.feeds[0]!.counters().unknownTokens, 0)
})

// Four instruments on each of two sockets.
const SHARES = Array.from({ length: 10 }, (_, at) => ({
  exchange: 'NSE',
  symbol: `SHARE${at + 1}`,
}))
const EIGHT = SHARES.slice(0, 8)
const [FIRST, SECOND] = SHARES as [Name, Name]
const NINTH = SHARES[8]!

async function startFull(context: TestContext) {
  const server = await new PlainServer().listen(context)
  const plant = await startFakePlant(context, server)
  await plant.client.subscribe(EIGHT, 'LTP')
  await plant.client.waitForTicks(8)
  return { server, ...plant }
}

const loads = ({ subscriptions }: PlainServer) =>
  [...subscriptions.values()].map(({ size }) => size).sort()

test('a session that carries all it can refuses more by name, and takes it when one leaves', async (context) => {
  const { server, client, engine } = await startFull(context)
  assert.deepEqual(loads(server), [4, 4])
  assert.equal(engine.status().feeds[0]!.capacity, 8)

  const refused = await client.subscribe([NINTH], 'LTP')
  const [{ status, message }] = refused.subscriptions as [Record<string, string>]
  assert.equal(status, 'error')
  assert.match(message!, /capacity of plain is spent \(2 sockets of 4 instruments\)/)
  // One that is carried already needs no room for another mode.
  assert.equal((await client.subscribe([FIRST], 'Depth')).status, 'success')
  await tickWith(client, FIRST, { mode: 'depth' })

  await client.unsubscribe([SECOND])
  assert.equal((await client.subscribe([NINTH], 'LTP')).status, 'success')
  await tickWith(client, NINTH, { ltp: 1 })
  assert.deepEqual(loads(server), [4, 4])
})

test('on full sockets, those that leave make room for those that come in the same moment', async (context) => {
  const server = await new PlainServer().listen(context)
  const { engine } = await startFakePlant(context, server)
  const { router } = engine.feeds[0]!
  const subscriber: Subscriber = { isPacked: false, queue() {} }
  const [first, second, ...others] = SHARES.map(({ exchange, symbol }) => {
    return engine.feeds[0]!.find(exchange, symbol)
  }) as [number, number, ...number[]]
  const ninth = others[6]!
  for (const instrument of [first, second, ...others.slice(0, 6)]) {
    router.subscribe(instrument, MODE_LTP, subscriber)
  }
  await until('eight to be subscribed', () => loads(server).join() === '4,4')

  // All in one turn, so that the worker is told of the outcome alone: the first stays, the second leaves.
  router.unsubscribe(first, MODE_LTP, subscriber)
  router.subscribe(ninth, MODE_LTP, subscriber)
  router.unsubscribe(second, MODE_LTP, subscriber)
  router.subscribe(first, MODE_LTP, subscriber)
  await until('the ninth to be subscribed', () => keysOf(server).includes('1|9'))
  assert.deepEqual(keysOf(server), ['1|1', '1|3', '1|4', '1|5', '1|6', '1|7', '1|8', '1|9'])
  assert.deepEqual(loads(server), [4, 4])
})

const keysOf = ({ subscriptions }: PlainServer) =>
  [...subscriptions.values()].flatMap((modes) => [...modes.keys()]).sort()
