// What Zerodha's books, quotes and histories say in common terms. Kite Connect v3.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../../adapters/zerodha/books.ts'
import {
  answer,
  HOSTS,
  MAHINDRA,
  NIFTY,
  offered,
  orders,
  RELIANCE,
  reply,
  replyNamed,
  SESSION,
  TERMS,
} from './zerodha-replies.ts'

const { reads } = orders
const orderStatus = offered(reads.orderStatus)
const margin = offered(reads.margin)
const history = offered(reads.history)
const ORDER = { orderId: '250617000123456' }
const INSTRUMENT = { brokerExchange: 'NSE', brokerSymbol: 'RELIANCE', token: '738561' }

test('the order book holds every order, also those whose words are not common', () => {
  const [first, second, ...others] = answer(reads.orderBook.read(replyNamed('order book'), null))
  assert.deepEqual(others, [])
  assert.deepEqual(first, {
    ...INSTRUMENT,
    orderId: '250617000123456',
    exchangeOrderId: '1100000012345678',
    tag: 'openalgo',
    status: 'trigger pending',
    statusMessage: null,
    action: 'SELL',
    product: 'MIS',
    priceType: 'SL',
    validity: 'DAY',
    quantity: 10,
    disclosedQuantity: 0,
    price: 2950,
    triggerPrice: 2955,
    filledQuantity: 0,
    pendingQuantity: 10,
    cancelledQuantity: 0,
    averagePrice: 0,
    timestamp: '2025-06-17 09:31:02',
  })
  assert.deepEqual(second, {
    ...first,
    orderId: '250617000123457',
    status: 'cancelled',
    priceType: 'LIMIT',
    product: 'MTF',
    validity: 'TTL',
    tag: 't1',
    token: null,
  })
})

test('statuses are known by how they begin; what is not known is open', () => {
  const found = {
    COMPLETE: 'complete',
    REJECTED: 'rejected',
    'REJECTED AMO': 'rejected',
    CANCELLED: 'cancelled',
    'CANCELLED AMO': 'cancelled',
    'TRIGGER PENDING': 'trigger pending',
    'trigger pending': 'trigger pending',
    OPEN: 'open',
    UPDATE: 'open',
    'CANCEL PENDING': 'open',
    'PUT ORDER REQ RECEIVED': 'open',
    'AMO REQ RECEIVED': 'open',
    'SOMETHING NEW': 'open',
  }
  for (const [word, status] of Object.entries(found)) assert.equal(statusOf(word), status, word)
})

test('an order is in the last of its states, and one that Kite does not know is none', () => {
  assert.equal(
    orderStatus.request(HOSTS, SESSION, ORDER).url,
    'https://rest.test/orders/250617000123456',
  )
  const record = answer(orderStatus.read(replyNamed('order status'), ORDER))
  assert.deepEqual([record?.status, record?.averagePrice], ['complete', 2954.9])
  const unknown = replyNamed('order status of an unknown id')
  assert.equal(answer(orderStatus.read(unknown, ORDER)), null)
  assert.equal(answer(orderStatus.read(reply(200, { status: 'success', data: [] }), ORDER)), null)
})

test('trades, positions and holdings', () => {
  assert.deepEqual(answer(reads.tradeBook.read(replyNamed('trade book'), null)), [
    {
      ...INSTRUMENT,
      tradeId: '10000000',
      orderId: '250617000123456',
      action: 'SELL',
      product: 'MIS',
      quantity: 10,
      averagePrice: 2954.9,
      timestamp: '2025-06-17 09:41:18',
    },
  ])
  assert.deepEqual(answer(reads.positions.read(replyNamed('positions'), null)), [
    {
      brokerExchange: 'NFO',
      brokerSymbol: 'NIFTY25JUN24000CE',
      token: '11693826',
      product: 'NRML',
      quantity: -75,
      multiplier: 1,
      averagePrice: 210.5,
      lastPrice: 198.25,
      pnl: 918.75,
      buyValue: 0,
      sellValue: 15787.5,
    },
  ])
  // Two of the five were bought yesterday and are not delivered yet; the profit counts them.
  assert.deepEqual(answer(reads.holdings.read(replyNamed('holdings'), null)), [
    {
      ...INSTRUMENT,
      product: 'CNC',
      quantity: 5,
      averagePrice: 2206.5,
      lastPrice: 2214,
      pnl: 37.5,
    },
  ])
})

test('funds are those of both segments together; one that the account has not counts nothing', () => {
  const sums = { availableCash: 100_000, collateral: 2000, utilisedDebits: 12_000 }
  assert.deepEqual(answer(reads.funds.read(replyNamed('funds'), null)), sums)
  const { data } = JSON.parse(replyNamed('funds').body)
  const alone = reply(200, { status: 'success', data: { ...data, commodity: null } })
  assert.deepEqual(answer(reads.funds.read(alone, null)), sums)
  const twice = reply(200, { status: 'success', data: { ...data, commodity: data.equity } })
  assert.equal(answer(reads.funds.read(twice, null)).availableCash, 200_000)
})

test('one order is asked for alone, several as a basket that counts what is held', () => {
  const ask = { ...TERMS, instrument: RELIANCE }
  const { url, json } = margin.request(HOSTS, SESSION, { orders: [ask] })
  assert.equal(url, 'https://rest.test/margins/orders')
  assert.deepEqual(json, [
    {
      exchange: 'NSE',
      tradingsymbol: 'RELIANCE',
      transaction_type: 'BUY',
      variety: 'regular',
      product: 'MIS',
      order_type: 'LIMIT',
      quantity: 10,
      price: 2985.5,
      trigger_price: 0,
    },
  ])
  const one = margin.read(replyNamed('margin of one'), { orders: [ask] })
  assert.deepEqual(answer(one), { total: 29_855, span: 0, exposure: 0 })
  const basket = margin.request(HOSTS, SESSION, { orders: [ask, ask] })
  assert.equal(basket.url, 'https://rest.test/margins/basket?consider_positions=true')
  const several = margin.read(replyNamed('margin of several'), { orders: [ask, ask] })
  assert.deepEqual(answer(several), { total: 112_340.5, span: 90_210, exposure: 22_130.5 })
})

test('quotes come in the order of the ask; an index has no depth, and what Kite does not know is null', () => {
  const asked = [NIFTY, MAHINDRA, RELIANCE]
  const { url } = reads.quotes.request(HOSTS, SESSION, asked)
  assert.equal(url, 'https://rest.test/quote?i=NSE%3ANIFTY%2050&i=NSE%3AM%26M&i=NSE%3ARELIANCE')
  const [index, unknown, share] = answer(reads.quotes.read(replyNamed('quotes'), asked))
  assert.equal(unknown, null)
  assert.deepEqual([index?.ltp, index?.open, index?.bids, index?.asks], [24105.25, 24000.4, [], []])
  assert.deepEqual(share, {
    ltp: 2987.45,
    ltq: 25,
    open: 2960,
    high: 3001.9,
    low: 2955.25,
    previousClose: 2961.8,
    volume: 4182336,
    oi: 0,
    totalBuyQuantity: 512440,
    totalSellQuantity: 688215,
    bids: [
      { price: 2987.4, quantity: 120, orders: 4 },
      { price: 2987.35, quantity: 355, orders: 7 },
    ],
    asks: [{ price: 2987.5, quantity: 75, orders: 3 }],
  })
  assert.equal(reads.quotes.instrumentsMax, 500)
})

test('minutes carry their moment, days the UTC midnight of their date', () => {
  const ask = { instrument: RELIANCE, interval: '1m', from: '2025-06-16', to: '2025-06-17' }
  const { url } = history.request(HOSTS, SESSION, ask)
  const { pathname, searchParams } = new URL(url)
  assert.equal(pathname, '/instruments/historical/738561/minute')
  assert.deepEqual(Object.fromEntries(searchParams), {
    from: '2025-06-16 00:00:00',
    to: '2025-06-17 23:59:59',
    oi: '1',
    continuous: '0',
  })
  const [first, second] = answer(history.read(replyNamed('minutes'), ask))
  assert.deepEqual(first, {
    time: Date.parse('2025-06-17T03:45:00Z') / 1000,
    open: 2960,
    high: 2965.5,
    low: 2958,
    close: 2964.1,
    volume: 152_300,
    oi: 0,
  })
  assert.equal(second?.oi, 12)
  const [day] = answer(history.read(replyNamed('days'), { ...ask, interval: 'D' }))
  assert.equal(day?.time, Date.parse('2025-06-16T00:00:00Z') / 1000)
  const limits = Object.entries(history.intervals).map(([name, { daysMax }]) => [name, daysMax])
  assert.deepEqual(Object.fromEntries(limits), {
    '1m': 60,
    '3m': 60,
    '5m': 60,
    '10m': 60,
    '15m': 60,
    '30m': 60,
    '1h': 60,
    D: 2000,
  })
})

test('triggers of both kinds, under the common words', () => {
  const [single, both] = answer(offered(reads.gttBook).read(replyNamed('gtt book'), null))
  assert.deepEqual(single, {
    ...INSTRUMENT,
    triggerId: '112127',
    type: 'SINGLE',
    status: 'active',
    lastPrice: 2987.45,
    action: 'BUY',
    product: 'CNC',
    legs: [{ triggerPrice: 2800, price: 2801.5, quantity: 5 }],
    createdAt: '2025-06-17 09:40:00',
    updatedAt: '2025-06-17 09:40:00',
    expiresAt: '2026-06-17 09:40:00',
  })
  assert.deepEqual([both?.type, both?.status, both?.action], ['OCO', 'cancelled', 'SELL'])
  assert.deepEqual(both?.legs, [
    { triggerPrice: 2700, price: 2695, quantity: 5 },
    { triggerPrice: 3300, price: 3305, quantity: 5 },
  ])
})
