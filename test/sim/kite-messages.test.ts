import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { openDesk, type Row } from './kite-desk.ts'
import { connect, type FeedClient, until } from './kite-reader.ts'

const messages = (client: FeedClient) => client.texts.map(({ data }) => data as unknown as Row)
const statuses = (client: FeedClient) => messages(client).map(({ status }) => status)

test('every open socket is told of each state, with a checksum', async (t) => {
  const desk = await openDesk(t)
  const clients = [await connect(desk.kite), await connect(desk.kite)]
  const id = await desk.placed({ tag: 'told' })
  await desk.modify(id, { price: 1205 })
  await desk.cancel(id)
  const [first, second] = clients as [FeedClient, FeedClient]
  await until(() => clients.every(({ texts }) => texts.length === 3), 'three messages each')
  assert.deepEqual(statuses(first), ['OPEN', 'OPEN', 'CANCELLED'])
  assert.deepEqual(first.texts, second.texts)
  assert.ok(first.texts.every(({ type }) => type === 'order'))
  const [message] = messages(first)
  const { user_id, app_id, unfilled_quantity, checksum, ...order } = message!
  assert.deepEqual([user_id, app_id, unfilled_quantity], ['SIM001', 1234, 10])
  const text = `${id}${order.order_timestamp}${desk.kite.apiSecret}`
  assert.equal(checksum, createHash('sha256').update(text).digest('hex'))
  assert.deepEqual(Object.keys(order), Object.keys(await desk.order(id)))
  assert.equal(messages(first)[1]!.price, 1205)
})

test('parts filled are updates, and all of it is complete', async (t) => {
  const desk = await openDesk(t)
  const client = await connect(desk.kite)
  const [best, next] = (await desk.quote('NSE:RELIANCE')).depth.sell
  await desk.placed({ price: next!.price, quantity: best!.quantity + 1 })
  await until(() => client.texts.length === 3, 'three messages')
  assert.deepEqual(statuses(client), ['OPEN', 'UPDATE', 'COMPLETE'])
  assert.deepEqual(
    messages(client).map(({ filled_quantity }) => filled_quantity),
    [0, best!.quantity, best!.quantity + 1],
  )
})

test('rejected orders and waiting stops are told of', async (t) => {
  const desk = await openDesk(t)
  const client = await connect(desk.kite)
  await desk.placed({ price: 2000 })
  await desk.placed({ order_type: 'SL', price: 1400, trigger_price: 1399 })
  await until(() => client.texts.length === 2, 'two messages')
  assert.deepEqual(statuses(client), ['REJECTED', 'TRIGGER PENDING'])
})

test('messages can be lost, or come twice', async (t) => {
  const desk = await openDesk(t)
  const client = await connect(desk.kite)
  desk.kite.fault({ on: 'message', do: 'drop' })
  const id = await desk.placed({})
  desk.kite.fault({ on: 'message', do: 'duplicate' })
  await desk.cancel(id)
  await until(() => client.texts.length === 2, 'two messages')
  assert.deepEqual(statuses(client), ['CANCELLED', 'CANCELLED'])
  assert.deepEqual(client.texts[0], client.texts[1])
  assert.deepEqual(await desk.statuses(id), [
    'PUT ORDER REQ RECEIVED',
    'VALIDATION PENDING',
    'OPEN PENDING',
    'OPEN',
    'CANCEL PENDING',
    'CANCELLED',
  ])
})

/** An app's address that keeps what it is told. */
async function postbackAddress(t: TestContext) {
  const bodies: Row[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    bodies.push(JSON.parse(Buffer.concat(pieces).toString()))
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/kite`, bodies }
}

test('an app is called back in the order of what happened', async (t) => {
  const { url, bodies } = await postbackAddress(t)
  const desk = await openDesk(t, { postbackUrl: url })
  const id = await desk.placed({})
  await desk.cancel(id)
  await until(() => bodies.length === 2, 'two calls')
  assert.deepEqual(
    bodies.map(({ order_id, status }) => [order_id, status]),
    [
      [id, 'OPEN'],
      [id, 'CANCELLED'],
    ],
  )
  assert.ok(bodies[0]!.checksum)
})

test('an app that does not answer holds nothing up', async (t) => {
  const desk = await openDesk(t, { postbackUrl: 'http://127.0.0.1:1/' })
  const id = await desk.placed({})
  assert.equal((await desk.cancel(id)).status, 200)
  const bad = { seed: 1, ratePerSecond: 0, instruments: 10, postbackUrl: 'ftp://x' }
  await assert.rejects(startKiteSimulator(bad), /postbackUrl/)
})
