// A broker whose socket URL comes from REST calls and is good for one connection.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../support/plant.ts'
import { ACCESS_TOKEN, gapNumber, startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import { RequestFirstServer } from './fakes/request-first-server.ts'

const SHARE = { exchange: 'NSE', symbol: 'SHARE1' }
const OTHER = { exchange: 'BSE', symbol: 'SHARE1' }

async function start(context: TestContext) {
  const server = await new RequestFirstServer(ACCESS_TOKEN).listen(context)
  return { server, ...(await startFakePlant(context, server)) }
}

test('both calls precede every connection, and no URL is used twice', async (context) => {
  const { server, client } = await start(context)
  await client.subscribe([SHARE, OTHER], 'LTP')
  await tickWith(client, SHARE, { ltp: 1 })
  for (const drop of [1, 2, 3]) {
    server.dropSockets()
    const gap = await gapNumber(client, drop)
    assert.equal(gap.reason, 'reconnected')
    await until('both shares to be subscribed again', () => {
      server.tick(1, 1, 100 + drop)
      server.tick(11, 1, 200 + drop)
      return [SHARE, OTHER].every((name) => {
        const price = (name === SHARE ? 100 : 200) + drop
        return ticksOf(client, name).some(({ ltp }) => ltp === price)
      })
    })
  }
  assert.deepEqual([...server.uses.values()], [1, 1, 1, 1])
  const pairs = Array.from({ length: 4 }, () => ['/end-session', '/open-session']).flat()
  assert.deepEqual(server.calls, pairs)
})

test('a line on which nothing trades lives as long as its pings are answered', async (context) => {
  const { server, engine, client } = await start(context)
  await client.subscribe([SHARE], 'LTP')
  await tickWith(client, SHARE, { ltp: 1 })
  // Three times the silence that ends a line.
  const quietUntilMs = performance.now() + 6000
  await until('the quiet to end', () => performance.now() > quietUntilMs)
  assert.equal(server.upgrades, 1)
  assert.equal(engine.feeds[0]!.counters().disconnects, 0)

  server.answersPings = false
  await until('the silent line to be dropped', () => server.upgrades > 1)
  server.answersPings = true
  await gapNumber(client, 1)
  await until('a tick after the reconnect', () => {
    server.tick(1, 1, 77)
    return ticksOf(client, SHARE).some(({ ltp }) => ltp === 77)
  })
})

test('credentials that a call refuses make the feed stay away, and no log line repeats them', async (context) => {
  const { server, engine, logs } = await start(context)
  await until('the first connection', () => engine.feeds[0]!.isConnected)
  server.validToken = 'another one'
  server.dropSockets()
  await until('the refusal', () => engine.feeds[0]!.socketStates[0] === 'refused')
  const opened = server.calls.filter((path) => path === '/open-session')
  assert.equal(opened.length, 1 + 3)
  const refusal = await until('the refusal in the log', () =>
    logs.find(({ msg }) => String(msg).includes('sign in again')),
  )
  assert.match(String(refusal.why), /Bearer \[redacted\] is not valid/)
  assert.ok(!JSON.stringify(logs).includes(ACCESS_TOKEN))
})

for (const [reply, what] of [
  [{ url: 'no url at all' }, 'is no URL'],
  [{ url: 5 }, 'is a number'],
  [{ url: null }, 'is null'],
  ['not an object', 'is not there'],
  [null, 'comes in a reply that cannot be read'],
] as const) {
  test(`a socket URL that ${what} costs one attempt, not the worker`, async (context) => {
    const { server, engine, client } = await start(context)
    await client.subscribe([SHARE], 'LTP')
    await tickWith(client, SHARE, { ltp: 1 })
    server.nextReply = reply
    server.dropSockets()
    await gapNumber(client, 1)
    assert.equal(server.nextReply, undefined)
    assert.equal(engine.feeds[0]!.workerRestarts, 0)
  })
}
