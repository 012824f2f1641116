// Order books and states of the gateway where a live table stands beside the broker, and what the book costs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrdersSpec } from '../../adapters/orders.ts'
import zerodha from '../../adapters/zerodha/spec.ts'
import { order } from './an-order.ts'
import { Bench, CALLER, kite, LIMIT_ORDER } from './gateway-bench.ts'

const ROW = {
  ...{ order_id: '2', exchange: 'NSE', tradingsymbol: 'RELIANCE', instrument_token: 738561 },
  ...{ status: 'OPEN', transaction_type: 'BUY', product: 'MIS', order_type: 'LIMIT' },
  ...{ validity: 'DAY', quantity: 10, price: 1300, order_timestamp: '2026-07-01 09:30:01' },
}

function benchWith(isKnown: boolean, orders: Partial<OrdersSpec> = {}) {
  const live = {
    book: () => (isKnown ? [order()] : null),
    order: (_broker: string, id: string) => (isKnown && id === '1' ? order() : null),
  }
  const bench = new Bench({ orders, options: { live } })
  bench.respond = () => kite([ROW])
  return bench
}

test('what is known is told without a call, under common names', async () => {
  const bench = benchWith(true)
  const book = await bench.gateway.orderBook({})
  assert.ok('ok' in book && book.source === 'live')
  assert.deepEqual(
    book.ok.map(({ orderid, symbol, listed }) => [orderid, symbol, listed]),
    [['1', 'RELIANCE', true]],
  )
  const state = await bench.gateway.orderStatus({ orderid: '1' })
  assert.deepEqual(state, { ok: book.ok[0], source: 'live' })
  assert.deepEqual(bench.requests, [])
})

test('an order that is not known, and a book that must be the broker’s own, are asked for', async () => {
  const bench = benchWith(true)
  const state = await bench.gateway.orderStatus({ orderid: '2' })
  assert.ok('ok' in state && state.source === 'broker' && state.ok.orderid === '2')
  const book = await bench.gateway.orderBook({}, 'broker')
  assert.ok('ok' in book && book.source === 'broker' && book.ok[0]!.orderid === '2')
  assert.equal(bench.requests.length, 2)
})

test('a table that is not current is not asked', async () => {
  const bench = benchWith(false)
  const book = await bench.gateway.orderBook({})
  assert.ok('ok' in book && book.source === 'broker')
})

test('a look at the book counts against the quota, and waits like any other read', async () => {
  const [quota] = (zerodha.orders as OrdersSpec).quotas
  const once = { ...quota!, calls: ['orderBook'], max: 1, reservedForCancels: 0 } as const
  const bench = benchWith(false, { quotas: [once] })
  for (let times = 0; times < 2; times++) {
    assert.ok('ok' in (await bench.gateway.readOrderBook('zerodha')))
  }
  assert.equal(bench.waits.length, 1)
  assert.deepEqual(
    bench.seen.map(({ orderId }) => orderId),
    ['2', '2'],
  )
})

test('signed out, the book is not asked for', async () => {
  const bench = benchWith(false)
  bench.session = null
  const told = await bench.gateway.readOrderBook('zerodha')
  assert.ok('error' in told && told.error.code === 'INVALID_TOKEN')
  assert.deepEqual(bench.requests, [])
})

test('a change that names another instrument or side than the order has is refused unsent', async () => {
  const bench = benchWith(true)
  bench.respond = () => kite({ order_id: '1' })
  const change = { ...LIMIT_ORDER, orderid: '1' }
  for (const [field, wrong, words] of [
    ['symbol', { symbol: 'INFY' }, /the order is of NSE:RELIANCE/],
    ['action', { action: 'SELL' }, /the order is to BUY/],
  ] as const) {
    const told = await bench.gateway.modify({ ...change, ...wrong }, CALLER)
    assert.ok('error' in told, field)
    assert.deepEqual([told.error.code, told.error.field], ['INVALID_ORDER', field])
    assert.match(told.error.message, words)
  }
  assert.deepEqual(bench.requests, [])
  assert.ok('ok' in (await bench.gateway.modify(change, CALLER)))
  // Of one that is not known, the broker is the judge.
  bench.respond = () => kite({ order_id: '2' })
  assert.ok('ok' in (await bench.gateway.modify({ ...change, orderid: '2' }, CALLER)))
})
