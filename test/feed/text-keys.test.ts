// A broker whose feed answers by text keys: nothing between its list and a client's tick knows a number for them.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { describeTick, Tick } from '../../codecs/tick.ts'
import { until } from '../support/plant.ts'
import { startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import textKeys, { tokenOf } from './fakes/text-keys.ts'
import { TextKeysServer, tickFrame } from './fakes/text-keys-server.ts'

const NSE = { exchange: 'NSE', symbol: 'SHARE1' }
const BSE = { exchange: 'BSE', symbol: 'SHARE1' }
const NUMBERED = { exchange: 'NSE', symbol: 'SHARE60' }
const [NSE_KEY, BSE_KEY] = [tokenOf('NSE', 1), tokenOf('BSE', 1)] as [string, string]

async function start(context: TestContext) {
  const server = await new TextKeysServer().listen(context)
  return { server, ...(await startFakePlant(context, server)) }
}

test('keys go to the broker as its list has them, and ticks come back by them', async (context) => {
  const { server, client, engine } = await start(context)
  await client.subscribe([NSE, BSE, NUMBERED], 'LTP')
  await until('three tokens', () => server.subscribed.size === 3)
  assert.deepEqual([...server.subscribed].sort(), [26_000, BSE_KEY, NSE_KEY].sort())
  // Numbers and texts by turns, in one frame: neither leaves anything behind in the tick.
  server.tick([NSE_KEY, 101], [26_000, 6000], [BSE_KEY, 202], [26_000, 6001], [NSE_KEY, 103])
  await tickWith(client, NSE, { ltp: 1.03, token: NSE_KEY })
  await tickWith(client, BSE, { ltp: 2.02, token: BSE_KEY })
  await tickWith(client, NUMBERED, { ltp: 60.01, token: '26000' })
  assert.deepEqual(
    [NSE, BSE, NUMBERED].map((name) => ticksOf(client, name).map(({ ltp }) => ltp)),
    [
      [0.01, 1.01, 1.03],
      [0.01, 2.02],
      [0.01, 60, 60.01],
    ],
  )
  await client.unsubscribe([NSE], 'LTP')
  await until('one token less', () => !server.subscribed.has(NSE_KEY))
  assert.equal(engine.feeds[0]!.counters().unknownTokens, 0)
})

test('a key that is not in the list is counted and named, never guessed', async (context) => {
  const { server, client, engine, logs } = await start(context)
  await client.subscribe([NSE], 'LTP')
  await tickWith(client, NSE, { ltp: 0.01 })
  const feed = engine.feeds[0]!
  server.tick([`${NSE_KEY}9`, 100], [NSE_KEY.slice(0, -1), 100], [7, 100], [NSE_KEY, 500])
  await tickWith(client, NSE, { ltp: 5 })
  assert.equal(feed.counters().unknownTokens, 3)
  const line = await until('the log line', () =>
    logs.find(({ reason }) => reason === 'token is not in the index'),
  )
  assert.equal(line.detail, `${NSE_KEY}9`)
})

test('a decoded tick shows its key', () => {
  const tick = new Tick(5)
  const tokens: string[] = []
  textKeys.feed.decode(Buffer.concat([tickFrame(NSE_KEY, 1), tickFrame(26_000, 2)]), {
    tick,
    emit: () => tokens.push(describeTick(tick).token),
    reject: (reason) => assert.fail(reason),
  })
  assert.deepEqual(tokens, [NSE_KEY, '26000'])
})
