// A broker that is subscribed to by REST, where the reply is the first tick.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../support/plant.ts'
import { ACCESS_TOKEN, gapNumber, startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import { RestSubscribeServer } from './fakes/rest-subscribe-server.ts'

const SHARES = Array.from({ length: 60 }, (_, at) => ({
  exchange: 'NSE',
  symbol: `SHARE${at + 1}`,
}))
const [SHARE] = SHARES as [{ exchange: string; symbol: string }]

async function start(context: TestContext) {
  const server = await new RestSubscribeServer(ACCESS_TOKEN).listen(context)
  return { server, ...(await startFakePlant(context, server)) }
}

test('the reply to a subscription reaches clients as ticks, before the socket has sent any', async (context) => {
  const { server, client, engine } = await start(context)
  await client.subscribe(SHARES, 'Quote')
  await client.waitForTicks(60)
  for (const [at, name] of SHARES.entries()) {
    const [tick] = ticksOf(client, name)
    assert.equal(tick!.ltp, at + 1)
    assert.equal(tick!.seq, 1)
    // A millisecond between the wall clock and the engine's is no contradiction.
    const receivedMs = (tick!.receiveTime as number) / 1000
    assert.ok(receivedMs > server.repliedAtMs[at < 50 ? 0 : 1]! - 1)
  }
  assert.deepEqual(server.calls, ['POST 50', 'POST 10'])
  assert.equal(engine.feeds[0]!.counters().unanswered, 0)
  server.tick(1, 7, 7.25)
  const pushed = await tickWith(client, SHARES[6]!, { ltp: 7.25 })
  assert.equal(pushed.seq, 2)
})

test('a change of mode leaves one code for another', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe([SHARE], 'LTP')
  await tickWith(client, SHARE, { mode: 'ltp' })
  await client.subscribe([SHARE], 'Depth')
  const tick = await tickWith(client, SHARE, { mode: 'depth' })
  assert.deepEqual(tick.depth, { buy: [{ price: 0, quantity: 7, orders: 1 }], sell: [] })
  assert.deepEqual([...server.subscribed], ['1502|1|1'])
  await client.unsubscribe([SHARE], 'Depth')
  await client.unsubscribe([SHARE], 'LTP')
  await until('nothing to be subscribed', () => server.subscribed.size === 0)
})

test('subscriptions that outlived the socket are replaced after a drop', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe(SHARES, 'Quote')
  await client.waitForTicks(60)
  server.dropSockets()
  await gapNumber(client, 1)
  await until('a snapshot of each share after the drop', () => {
    return SHARES.every((name) => ticksOf(client, name).length === 2)
  })
  assert.equal(server.alreadyThere, 2)
  server.tick(1, 60, 60.5)
  await tickWith(client, SHARES[59]!, { ltp: 60.5, seq: 3 })
})

test('pings at the interval that the broker sets keep the line', async (context) => {
  const { server } = await start(context)
  await until('ten pings', () => server.pings >= 10)
  assert.equal(server.cutOff, 0)
  assert.equal(server.upgrades, 1)
})
