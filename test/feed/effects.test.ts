// What the engine makes of the effects that a connection returns.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { FeedEffect } from '../../adapters/broker.ts'
import { backoffMs } from '../../engine/feed/backoff.ts'
import { until } from '../support/plant.ts'
import { startFakePlant } from './fake-plant.ts'
import { PlainServer } from './fakes/plain-server.ts'

async function start(context: TestContext) {
  const server = await new PlainServer().listen(context)
  const plant = await startFakePlant(context, server)
  const feed = plant.engine.feeds[0]!
  await until('the feed to be live', () => feed.isConnected)
  const order = (...effects: FeedEffect[]) => server.order({ do: 'effects', effects })
  const noticed = (text: string) => plant.logs.some(({ notice }) => notice === text)
  return { server, feed, order, noticed, ...plant }
}

const notice = (text: string): FeedEffect => ({ do: 'notice', text })

test('effects are carried out in their order, and nothing after the one that ends the socket', async (context) => {
  const { feed, order, noticed } = await start(context)
  order(notice('before'), { do: 'close', why: 'enough' }, notice('after'))
  await until('the next socket', () => feed.counters().connects === 2 && feed.isConnected)
  order(notice('on the next socket'))
  await until('the last notice', () => noticed('on the next socket'))
  assert.equal(noticed('before'), true)
  assert.equal(noticed('after'), false)
})

// The timer of the plain broker throws, which ends its worker.
test('a later time to wake replaces an earlier one, and none outlives its socket', async (context) => {
  const { feed, order, noticed } = await start(context)
  const soonMs = Date.now() + 50
  order({ do: 'wakeAt', atMs: soonMs }, { do: 'wakeAt', atMs: soonMs + 600_000 })
  await until('the first time to pass', () => Date.now() > soonMs + 300)
  order({ do: 'wakeAt', atMs: Date.now() + 50 }, { do: 'close', why: 'enough' })
  await until('the next socket', () => feed.counters().connects === 2 && feed.isConnected)
  const laterMs = Date.now() + 300
  await until('the second time to pass', () => Date.now() > laterMs)
  order(notice('alive'))
  await until('the notice', () => noticed('alive'))
  assert.equal(feed.workerRestarts, 0)

  order({ do: 'wakeAt', atMs: Date.now() + 50 })
  await until('the timer to fire', () => feed.workerRestarts === 1)
})

test('a reply without a server comes as status 0, and one for a socket that is gone not at all', async (context) => {
  const { server, feed, order, noticed, logs } = await start(context)
  const call = (id: string, url: string): FeedEffect => {
    return { do: 'request', id, request: { method: 'GET', url } }
  }
  order(call('nobody', 'http://127.0.0.1:1/'))
  await until('the reply', () =>
    logs.some((line) => String(line.notice).startsWith('nobody: 0 at')),
  )
  order(call('late', `${server.restUrl}/`), { do: 'close', why: 'enough' })
  await until('the next socket', () => feed.counters().connects === 2 && feed.isConnected)
  order(call('current', `${server.restUrl}/`))
  await until('the reply', () =>
    logs.some((line) => String(line.notice).startsWith('current: 200')),
  )
  assert.equal(noticed('late'), false)
  assert.ok(!logs.some((line) => String(line.notice).startsWith('late')))
})

test('a refusal that the connection fails on costs one attempt', async (context) => {
  const { server, feed, logs } = await start(context)
  server.refusal = { status: 418, body: {} }
  server.dropSockets()
  const lost = await until('the loss', () =>
    logs.find(({ why }) => String(why).startsWith('HTTP 418')),
  )
  assert.match(String(lost.why), /cannot read this refusal/)
  server.refusal = null
  await until('the feed to be live', () => feed.isConnected)
  assert.equal(feed.workerRestarts, 0)
})

test('delays double from the least to the most, a fifth more or less by chance', () => {
  const middle = (attempt: number) => backoffMs(attempt, 250, 60_000, 0.5)
  assert.deepEqual(
    [0, 1, 2, 7, 8, 30, 5000].map(middle),
    [250, 500, 1000, 32_000, 60_000, 60_000, 60_000],
  )
  assert.equal(backoffMs(2, 250, 60_000, 0), 800)
  assert.equal(backoffMs(2, 250, 60_000, 0.999999), 1200)
})
