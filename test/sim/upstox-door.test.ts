import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { until } from './kite-reader.ts'
import { bearer, connect, FeedClient, feedAddress, refusal, startUpstox } from './upstox-reader.ts'

const RELIANCE = 'NSE_EQ|INE002A01018'

test('an address of the feed opens one socket; used or unknown it opens none', async (t) => {
  const upstox = await startUpstox(t)
  const address = await feedAddress(upstox)
  await connect(upstox, address)
  assert.equal(await refusal(address), 403)
  assert.equal(await refusal(`${address}x`), 403)
  assert.equal(await refusal(address.replace(/\?.*/, '')), 403)
  assert.equal(await refusal(`ws://127.0.0.1:${upstox.port}/elsewhere`), 404)
})

test('the direct address redirects who has a session to a single-use one', async (t) => {
  const upstox = await startUpstox(t)
  assert.equal(await refusal(upstox.feedUrl), 401)
  assert.equal(await refusal(upstox.feedUrl, bearer(upstox, 'other')), 401)
  const socket = new WebSocket(upstox.feedUrl, { headers: bearer(upstox), followRedirects: true })
  const client = new FeedClient(socket)
  await once(socket, 'open')
  await client.subscribe([RELIANCE])
})

test('a third connection is refused, and a place that is left is free again', async (t) => {
  const upstox = await startUpstox(t)
  const clients = [await connect(upstox), await connect(upstox)]
  assert.equal(await refusal(await feedAddress(upstox)), 429)
  clients[1]!.socket.close()
  await once(clients[1]!.socket, 'close')
  await until(() => upstox.stats().sockets === 1, 'the place is free')
  await connect(upstox)
})

test('an expired session keeps its socket and opens no other', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  const unused = await feedAddress(upstox)
  upstox.expireSession()
  await client.subscribe([RELIANCE])
  assert.equal(await refusal(unused), 403)
  assert.equal(await refusal(upstox.feedUrl, bearer(upstox)), 401)
})
