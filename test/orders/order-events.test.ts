// Order events over real sockets: the simulated Kite tells, a feed worker reads, clients of both streams are told once.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { addKey, type Scope, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { TopicReader } from '../support/topic-reader.ts'
import {
  CALLER,
  cancelByHand,
  currentTable,
  eventsOf,
  orderStatus,
  place,
  placeByHand,
  restingOrder,
  startTradingPlant,
  statesOf,
  toldStates,
} from './trading-plant.ts'

const plant = await startTradingPlant({ after })
const { engine, simulator, share } = plant

/** A client that listens to orders. */
async function listen(context: Scope, options: Record<string, unknown> = {}) {
  const client = await StreamClient.open(context, plant, options)
  assert.equal((await client.ask({ action: 'subscribe_orders' })).status, 'success')
  await currentTable(plant)
  return client
}

test('subscribing and leaving are answered as OpenAlgo does, however often', async (context) => {
  const client = await StreamClient.open(context, plant)
  for (const request of [{ action: 'subscribe_orders' }, { type: 'subscribe_orders' }]) {
    assert.deepEqual(await client.ask({ ...request, request_id: 7 }), {
      type: 'subscribe_orders',
      status: 'success',
      message: 'Subscribed to order updates',
      request_id: 7,
    })
  }
  assert.deepEqual(await client.ask({ action: 'unsubscribe_orders' }), {
    type: 'unsubscribe_orders',
    status: 'success',
    message: 'Unsubscribed from order updates',
  })
})

test('an order of the engine is told with all keys, in their order, until its end', async (context) => {
  const client = await listen(context)
  const order = await restingOrder(plant)
  const id = await place(plant, { price: order.price })
  const { tag, timestamp, ...event } = (await until('an event', () => eventsOf(client, id)[0]))!
  assert.deepEqual(Object.entries(event), [
    ['type', 'order_update'],
    ['user_id', 'local'],
    ['mode', 'live'],
    ['broker', 'zerodha'],
    ['orderid', id],
    ['symbol', share.symbol],
    ['exchange', 'NSE'],
    ['action', 'BUY'],
    ['quantity', 10],
    ['price', order.price],
    ['trigger_price', 0],
    ['pricetype', 'LIMIT'],
    ['product', 'MIS'],
    ['order_status', 'open'],
    ['filled_quantity', 0],
    ['pending_quantity', 10],
    ['average_price', 0],
    ['rejection_reason', ''],
  ])
  assert.match(String(tag), /^[a-z0-9]{20}$|^[a-z0-9]+$/)
  assert.match(String(timestamp), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  await engine.orders.gateway.cancel({ orderid: id }, CALLER)
  assert.deepEqual(await toldStates(client, id, 2), ['open 0', 'cancelled 0'])
})

test('an order that somebody places elsewhere is told as well', async (context) => {
  const client = await listen(context)
  const id = await placeByHand(plant)
  assert.deepEqual(await toldStates(client, id, 1), ['open 0'])
  simulator.moveTo(share.token, Number(eventsOf(client, id)[0]!.price) - 1)
  const states = await until('its end', () => {
    const told = statesOf(eventsOf(client, id))
    return told.at(-1) === 'complete 10' ? told : null
  })
  assert.equal(new Set(states).size, states.length, states.join())
})

test('a rejection is told with its reason', async (context) => {
  const client = await listen(context)
  const order = await restingOrder(plant)
  const told = await engine.orders.gateway.place(
    { ...order, product: 'CNC', quantity: 500_000 },
    CALLER,
  )
  assert.ok('error' in told)
  const event = await until('a rejection', () =>
    eventsOf(client).find(({ order_status }) => order_status === 'rejected'),
  )
  assert.match(String(event.rejection_reason), /[Ii]nsufficient/)
})

test('what comes twice is told once, to each client in its format and over ZeroMQ', async (context) => {
  const reader = TopicReader.ticks(context, plant, ['ORDERS/zerodha'])
  const json = await listen(context)
  const packed = await listen(context, { format: 'msgpack', broker: 'zerodha' })
  const before = orderStatus(plant).repeated
  simulator.fault({ on: 'message', do: 'duplicate', times: null })
  context.after(() => simulator.clearFaults())
  await until('the topic to be subscribed', async () => {
    const id = await placeByHand(plant)
    await toldStates(json, id, 1)
    return reader.of('ORDERS/zerodha').length > 0
  })
  const id = await placeByHand(plant)
  await cancelByHand(plant, id)
  for (const client of [json, packed]) {
    assert.deepEqual(await toldStates(client, id, 2), ['open 0', 'cancelled 0'])
  }
  assert.ok(packed.items.length > 0)
  const topic = () => reader.of('ORDERS/zerodha').filter(({ orderid }) => orderid === id)
  await until('the topic', () => topic().length === 2)
  assert.deepEqual(statesOf(topic()), ['open 0', 'cancelled 0'])
  assert.deepEqual(topic()[1], { ...eventsOf(packed, id)[1], user_id: '' })
  assert.ok(orderStatus(plant).repeated >= before + 2)
  assert.equal(eventsOf(json, id).length, 2)
})

test('who has not asked, or has left, is told nothing', async (context) => {
  const client = await listen(context)
  const quiet = await StreamClient.open(context, plant, { events: true })
  const left = await listen(context)
  await left.ask({ action: 'unsubscribe_orders' })
  const id = await placeByHand(plant)
  await toldStates(client, id, 1)
  for (const other of [quiet, left]) {
    await other.ask({ action: 'ping' })
    assert.deepEqual(eventsOf(other), [])
  }
})

test('orders need a key that reads, and go no further when it is revoked', async (context) => {
  const stranger = await StreamClient.connect(context, plant.websocketUrl)
  assert.deepEqual(await stranger.ask({ action: 'subscribe_orders' }), {
    status: 'error',
    code: 'NOT_AUTHENTICATED',
    message: 'You must authenticate first',
  })
  const trader = await addKey(plant, 'trader', ['trade'])
  assert.equal((await stranger.authenticate(trader.key)).code, 'AUTHENTICATION_ERROR')
  assert.equal((await stranger.ask({ action: 'subscribe_orders' })).code, 'NOT_AUTHENTICATED')
  const reader = await addKey(plant, 'reader', ['read'])
  await stranger.authenticate(reader.key)
  assert.equal((await stranger.ask({ action: 'subscribe_orders' })).status, 'success')
  const id = await placeByHand(plant)
  await toldStates(stranger, id, 1)
  assert.equal(eventsOf(stranger, id)[0]!.user_id, 'reader')
  const reply = await fetch(`${plant.httpUrl}/admin/keys/${reader.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${engine.localKey}` },
  })
  assert.equal(reply.status, 200)
  await until('the end of the connection', () => stranger.closed)
  const count = eventsOf(stranger).length
  const client = await listen(context)
  await toldStates(client, await placeByHand(plant), 1)
  assert.equal(eventsOf(stranger).length, count)
})

test('books and states are answered without a call while the table is current, and say so', async (context) => {
  // A line that is lost stays away for longer than two questions take.
  const away = { 'feed.backoff_ms_min': 5000, 'feed.backoff_ms_max': 5000 }
  const own = await startTradingPlant(context, {}, away)
  const { engine, simulator, share } = own
  const client = await StreamClient.open(context, own)
  await client.ask({ action: 'subscribe_orders' })
  await currentTable(own)
  const { gateway } = engine.orders
  const id = await placeByHand(own)
  await until('the order in the table', () => engine.orders.events.order('zerodha', id))
  simulator.fault({ on: 'reads', do: 'network', times: null })
  const book = await gateway.orderBook({})
  assert.ok('ok' in book && book.source === 'live', JSON.stringify(book))
  const row = book.ok.find(({ orderid }) => orderid === id)
  assert.deepEqual([row?.symbol, row?.order_status, row?.listed], [share.symbol, 'open', true])
  assert.deepEqual(await gateway.orderStatus({ orderid: id }), { ok: row, source: 'live' })
  simulator.clearFaults()
  simulator.dropSockets()
  await until('the loss of the line', () => engine.feeds[0]!.orderLine === null)
  const asked = await gateway.orderBook({})
  assert.ok('ok' in asked && asked.source === 'broker', JSON.stringify(asked))
  assert.deepEqual(asked.ok, book.ok)
  const state = await gateway.orderStatus({ orderid: id })
  assert.ok('ok' in state && state.source === 'broker')
  await currentTable(own)
})

test('a message that makes no sense is rejected and counted, and the next one is told', async (context) => {
  const client = await listen(context)
  const { rejects } = engine.feeds[0]!.counters()
  for (const data of [null, {}, { order_id: '../../x' }, { order_id: 'y', quantity: 'all' }]) {
    simulator.sendRaw(JSON.stringify({ type: 'order', data }))
  }
  await until('four rejects', () => engine.feeds[0]!.counters().rejects === rejects + 4)
  assert.deepEqual(await toldStates(client, await placeByHand(plant), 1), ['open 0'])
})
