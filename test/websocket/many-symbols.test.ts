import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const WANTED = 10_000
const CAPACITY = 9000
const REPLY_MS_MAX = 3000

test('10,000 symbols in one request: the excess fails, and other clients are served meanwhile', async (context) => {
  const plant = await startPlant(context, { instruments: 12_000 })
  const symbols = namesOf(plant, WANTED)
  const greedy = await StreamClient.open(context, plant)
  const other = await StreamClient.open(context, plant)
  const before = greedy.texts.length
  greedy.send({ action: 'subscribe', symbols, mode: 'LTP' })
  greedy.socket.send(Buffer.from('binary'))
  greedy.send({ action: 'ping' })
  const isAcknowledged = () => greedy.texts.some(({ type }) => type === 'subscribe')
  let pongs = 0
  let slowestMs = 0
  while (!isAcknowledged()) {
    const sentAtMs = performance.now()
    await other.ask({ action: 'ping' })
    slowestMs = Math.max(slowestMs, performance.now() - sentAtMs)
    if (!isAcknowledged()) pongs += 1
  }
  assert.ok(pongs >= 3, `${pongs} pings were answered before the acknowledgement`)
  assert.ok(slowestMs < REPLY_MS_MAX, `a ping took ${slowestMs} ms`)

  const { status, subscriptions } = (await greedy.nextReply(before)) as Message & {
    subscriptions: Message[]
  }
  assert.equal(status, 'partial')
  assert.equal(subscriptions.length, WANTED)
  const failed = subscriptions.filter((item) => item.status !== 'success')
  assert.deepEqual(failed, subscriptions.slice(CAPACITY))
  for (const { message } of failed) {
    assert.equal(
      message,
      'The capacity of zerodha is spent (3 sockets of 3000 instruments); unsubscribe others first',
    )
  }
  await until('the pong after it', () => greedy.texts.some(({ type }) => type === 'pong'))
  const replies = greedy.texts.filter(({ type }) => type !== 'market_data').slice(before)
  assert.deepEqual(
    replies.map(({ type, code }) => type ?? code),
    ['subscribe', 'INVALID_JSON', 'pong'],
  )

  await until('all at the broker', () => plant.simulator.stats().subscribedPairs === CAPACITY)
  assert.equal(plant.simulator.stats().sockets, 3)
  // What somebody holds already takes no capacity, and what is left makes room.
  assert.equal((await other.subscribe(symbols.slice(0, 1), 'Depth')).status, 'success')
  assert.equal((await other.subscribe(symbols.slice(CAPACITY), 'LTP')).status, 'partial')
  await greedy.unsubscribe(symbols.slice(0, 2000))
  assert.equal((await other.subscribe(symbols.slice(CAPACITY), 'LTP')).status, 'success')
  greedy.socket.terminate()
  await until('room', () => plant.simulator.stats().subscribedPairs === WANTED - CAPACITY + 1)
})

for (const [what, request, requests] of [
  ['many', '{"action":"ping"}', 1100],
  ['large', JSON.stringify({ action: 'ping', padding: 'x'.repeat(900_000) }), 12],
] as const) {
  test(`a client that piles up ${what} requests faster than they are served is closed`, async (context) => {
    const plant = await startPlant(context)
    const symbols = namesOf(plant, 500)
    const hasty = await StreamClient.open(context, plant)
    const other = await StreamClient.open(context, plant)
    // Enough slices that the requests behind it have to wait.
    const long = Array.from({ length: 40 }, () => symbols).flat()
    hasty.send({ action: 'subscribe', symbols: long, mode: 'LTP' })
    for (let sent = 0; sent < requests; sent++) hasty.send(request)
    await until('the closing', () => hasty.closed)
    assert.deepEqual(hasty.closed, { code: 1008, reason: 'too many requests are waiting' })
    assert.equal((await other.ask({ action: 'get_broker_info' })).status, 'success')
    await until('unsubscription', () => {
      return plant.engine.status().feeds[0]!.instrumentsWanted === 0
    })
  })
}
