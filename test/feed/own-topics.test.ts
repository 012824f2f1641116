// A broker that answers by topic ids of its own and stops unless it is acknowledged.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../support/plant.ts'
import { gapNumber, startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import { OwnTopicsServer } from './fakes/own-topics-server.ts'

const SHARES = Array.from({ length: 20 }, (_, at) => ({
  exchange: 'NSE',
  symbol: `SHARE${at + 1}`,
}))
const [FIRST, SECOND] = SHARES as [(typeof SHARES)[0], (typeof SHARES)[0]]

async function start(context: TestContext) {
  const server = await new OwnTopicsServer().listen(context)
  return { server, ...(await startFakePlant(context, server)) }
}

test('topic ids stand for the instruments that the snapshots named, on this socket only', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe([FIRST, SECOND], 'Quote')
  await tickWith(client, SECOND, { ltp: 2, volume: 500 })
  const before = new Map(server.ids)
  server.update('sf|1|1', [111, null])
  await tickWith(client, FIRST, { ltp: 1.11, volume: 500 })

  server.dropSockets()
  await gapNumber(client, 1)
  await until('both snapshots after the drop', () => {
    return [FIRST, SECOND].every((name) => ticksOf(client, name).at(-1)!.volume === 500)
  })
  await until('both topics on the new socket', () => server.ids.size === 2)
  // The id of one share before the drop is the id of the other one after it.
  assert.equal(server.ids.get('sf|1|1'), before.get('sf|1|2'))
  server.update('sf|1|1', [122, 600])
  await tickWith(client, FIRST, { ltp: 1.22, volume: 600 })
  assert.ok(ticksOf(client, SECOND).every(({ ltp }) => ltp === 2))
})

test('a topic id of the socket before means nothing on the next one', async (context) => {
  const { server, client, engine } = await start(context)
  await client.subscribe([FIRST], 'Quote')
  await tickWith(client, FIRST, { ltp: 1 })
  server.strayId = server.ids.get('sf|1|1')!
  server.dropSockets()
  await gapNumber(client, 1)
  await until('the snapshot after the drop', () => ticksOf(client, FIRST).length === 2)
  assert.equal(engine.feeds[0]!.counters().rejects, 1)
  assert.ok(ticksOf(client, FIRST).every(({ ltp }) => ltp === 1))
})

test('every third frame is acknowledged, without which the broker would stop', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe(SHARES, 'Quote')
  await client.waitForTicks(SHARES.length)
  for (let volume = 1; volume <= 40; volume++) server.update('sf|1|20', [null, volume])
  await tickWith(client, SHARES[19]!, { volume: 40 })
  // The tick and the acknowledgement of its frame take different ways.
  await until('the last acknowledgement', () => server.acknowledged.length >= 20)
  assert.deepEqual(
    server.acknowledged,
    Array.from({ length: 20 }, (_, at) => 3 * (at + 1)),
  )
})

test('two topics of one instrument make one record', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe([FIRST], 'Depth')
  const whole = await tickWith(client, FIRST, { mode: 'depth', ltp: 1 })
  assert.deepEqual(whole.depth, { buy: [{ price: 0.95, quantity: 7, orders: 1 }], sell: [] })
  server.update('sf|1|1', [130, null])
  const priced = await tickWith(client, FIRST, { mode: 'depth', ltp: 1.3 })
  assert.deepEqual(priced.depth, whole.depth)
  server.update('dp|1|1', [null, 8])
  const booked = await until('the update of the book', () => {
    const tick = ticksOf(client, FIRST).at(-1)!
    return (tick.depth as typeof whole.depth & { buy: { quantity: number }[] }).buy[0]!.quantity ===
      8
      ? tick
      : null
  })
  assert.equal(booked.ltp, 1.3)
})
