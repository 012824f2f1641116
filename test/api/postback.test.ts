// Postbacks: what a broker posts to the engine's address is told as a message over the feed is, once it is proven.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import {
  currentTable,
  eventsOf,
  orderStatus,
  placeByHand,
  startTradingPlant,
  TRADING,
  toldStates,
} from '../orders/trading-plant.ts'
import { kiteFlags, type Scope, sharesOf, startEngineWith, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const SECRET = 'sim_api_secret'
const WITH_SECRET = { 'brokers.zerodha.api_secret': SECRET }

async function post(httpUrl: string, body: string, path = '/postback/zerodha') {
  const reply = await fetch(httpUrl + path, { method: 'POST', body })
  return { status: reply.status, body: await reply.json() }
}

const row = (change: object = {}, secret = SECRET) => {
  const order_id = '260701000000001'
  const order_timestamp = '2026-07-01 09:30:01'
  return JSON.stringify({
    ...{ order_id, order_timestamp, exchange: 'NSE', tradingsymbol: 'SBIN' },
    ...{ status: 'OPEN', transaction_type: 'BUY', product: 'MIS', order_type: 'LIMIT' },
    ...{ validity: 'DAY', quantity: 10, price: 400, user_id: 'SIM001' },
    checksum: createHash('sha256').update(`${order_id}${order_timestamp}${secret}`).digest('hex'),
    ...change,
  })
}

async function listen(context: Scope, plant: Parameters<typeof StreamClient.open>[1]) {
  const client = await StreamClient.open(context, plant)
  await client.ask({ action: 'subscribe_orders' })
  return client
}

test('postbacks alone tell of orders', async (context) => {
  // The address is known only when the engine runs, and the engine starts on the simulator: somebody passes them on.
  let httpUrl = ''
  const relay = createServer(async (request, response) => {
    const reply = await post(httpUrl, await text(request), request.url)
    response.writeHead(reply.status).end(JSON.stringify(reply.body))
  }).listen(0, '127.0.0.1')
  context.after(() => relay.close())
  await once(relay, 'listening')
  const { port } = relay.address() as AddressInfo
  const postbackUrl = `http://127.0.0.1:${port}/postback/zerodha`
  const kite = await startKiteSimulator({
    ...{ seed: 1, ratePerSecond: 0, instruments: 500, limits: false, postbackUrl },
  })
  context.after(() => kite.close())
  const engine = await startEngineWith(context, {
    ...kiteFlags(kite),
    ...TRADING,
    ...WITH_SECRET,
    'brokers.zerodha.feed': 'ws://127.0.0.1:1',
    'orders.poll_ms': 600_000,
  })
  httpUrl = engine.httpUrl
  const plant = { ...engine, simulator: kite, share: sharesOf({ simulator: kite }, 1)[0]! }
  const client = await listen(context, plant)
  await until('the first look', () => orderStatus(plant).looks === 1)
  const id = await placeByHand(plant)
  assert.deepEqual(await toldStates(client, id, 1), ['open 0'])
  assert.equal(orderStatus(plant).looks, 1)
  assert.ok(!orderStatus(plant).current)
})

test('what is proven is told once, also over and over; what is not is refused and logged', async (context) => {
  const plant = await startTradingPlant(context, {}, WITH_SECRET)
  const { httpUrl, logs } = plant
  const client = await listen(context, plant)
  for (let times = 0; times < 3; times++) {
    assert.deepEqual(await post(httpUrl, row()), { status: 200, body: { status: 'success' } })
  }
  await until('the event', () => eventsOf(client).length > 0)
  const forged = { status: 403, body: { error: 'the checksum is wrong' } }
  assert.deepEqual(await post(httpUrl, row({}, 'guessed')), forged)
  assert.deepEqual(await post(httpUrl, row({ checksum: 5 })), forged)
  assert.deepEqual(await post(httpUrl, row({ order_id: '260701000000002' })), forged)
  assert.equal((await post(httpUrl, row({ quantity: 'x' }))).status, 400)
  for (const body of ['', 'x', '[]', 'null']) assert.equal((await post(httpUrl, body)).status, 400)
  assert.equal((await post(httpUrl, 'x'.repeat(270_000))).status, 413)
  assert.equal((await post(httpUrl, row(), '/postback/upstox')).status, 404)
  assert.equal((await post(httpUrl, row(), '/postback/..%2fzerodha')).status, 404)
  assert.equal((await fetch(`${httpUrl}/postback/zerodha`)).status, 405)
  assert.equal(eventsOf(client).length, 1)
  assert.equal(eventsOf(client)[0]!.order_status, 'open')
  assert.ok(logs.some(({ msg, refused }) => msg === 'postback refused' && refused === 'forged'))
  assert.ok(!JSON.stringify(logs).includes(SECRET))
})

test('a state that somebody made of a proven one does not outlive the next order book', async (context) => {
  const plant = await startTradingPlant(context, {}, WITH_SECRET)
  const { gateway } = plant.engine.orders
  const client = await listen(context, plant)
  await currentTable(plant)
  const id = await placeByHand(plant)
  await toldStates(client, id, 1)
  const time = String(eventsOf(client, id)[0]!.timestamp)
  const checksum = createHash('sha256').update(`${id}${time}${SECRET}`).digest('hex')
  const forged = { order_id: id, order_timestamp: time, checksum, status: 'COMPLETE' }
  const told = await post(plant.httpUrl, row({ ...forged, filled_quantity: 10 }))
  assert.equal(told.status, 200)
  const { looks } = orderStatus(plant)
  const state = await gateway.orderStatus({ orderid: id })
  assert.ok('ok' in state && state.ok.order_status === 'open')
  // On a slow machine the engine may have read the book by itself meanwhile.
  assert.ok(state.source === 'broker' || orderStatus(plant).looks > looks)
  await currentTable(plant)
  const later = await gateway.orderStatus({ orderid: id })
  assert.ok('ok' in later && later.source === 'live' && later.ok.order_status === 'open')
})

test('an order of another user of the app is not taken where the account is known', async (context) => {
  const user = { 'brokers.zerodha.user_id': 'AB1234' }
  const plant = await startTradingPlant(context, {}, { ...WITH_SECRET, ...user })
  const told = await post(plant.httpUrl, row())
  assert.deepEqual(told, { status: 403, body: { error: 'it is of another user of the app' } })
  assert.equal((await post(plant.httpUrl, row({ user_id: 'AB1234' }))).status, 200)
})

test('without the secret nothing can be proven, which is said', async (context) => {
  const plant = await startTradingPlant(context)
  assert.deepEqual(await post(plant.httpUrl, row({}, '')), {
    status: 503,
    body: { error: 'postbacks cannot be proven without brokers.zerodha.api_secret' },
  })
})
