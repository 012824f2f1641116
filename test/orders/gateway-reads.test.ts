// Books, quotes and histories under common names, in as many calls as the broker takes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, kite, LIMIT_ORDER, NOW_MS, ROWS } from './gateway-bench.ts'

const record = (more: object) => ({
  order_id: '25',
  exchange: 'NSE',
  tradingsymbol: 'RELIANCE',
  instrument_token: 738561,
  status: 'OPEN',
  transaction_type: 'BUY',
  product: 'MIS',
  order_type: 'LIMIT',
  validity: 'DAY',
  quantity: 10,
  price: 2985.5,
  ...more,
})
const FUTURE = { exchange: 'NFO', tradingsymbol: 'NIFTY28JUL26FUT-B', instrument_token: 1001 }
const CRUDE = { exchange: 'MCX', tradingsymbol: 'CRUDEOIL20JUL26FUT-B', instrument_token: 1006 }

test('orders have common names and units, by token, else by name; what is not listed keeps its own', async () => {
  const bench = new Bench()
  bench.respond = () =>
    kite([
      record({}),
      record(FUTURE),
      record({ ...FUTURE, instrument_token: null }),
      // Another instrument has this token now.
      record({ ...FUTURE, instrument_token: 738561 }),
      record({ exchange: 'NSE', tradingsymbol: 'GONE', instrument_token: 99 }),
      record({ ...CRUDE, quantity: 3, filled_quantity: 1, pending_quantity: 2 }),
      record({ order_type: 'MARKET' }),
      record({ status: 'CANCELLED', quantity: 3, filled_quantity: 1, pending_quantity: 2 }),
    ])
  const told = await bench.gateway.orderBook({})
  assert.ok('ok' in told)
  const future = ['NFO', 'NIFTY28JUL26FUT', true]
  assert.deepEqual(
    told.ok.map(({ exchange, symbol, listed }) => [exchange, symbol, listed]),
    [
      ['NSE', 'RELIANCE', true],
      future,
      future,
      future,
      ['NSE', 'GONE', false],
      ['MCX', 'CRUDEOIL20JUL26FUT', true],
      ['NSE', 'RELIANCE', true],
      ['NSE', 'RELIANCE', true],
    ],
  )
  const crude = told.ok[5]!
  assert.deepEqual([crude.quantity, crude.filled_quantity, crude.pending_quantity], [300, 100, 200])
  assert.equal(told.ok[6]!.price, 0)
  // Kite leaves the rest of a cancelled order pending, where nothing can come of it any more.
  assert.equal(told.ok[7]!.pending_quantity, 0)
  assert.deepEqual(told.ok[0], {
    exchange: 'NSE',
    symbol: 'RELIANCE',
    listed: true,
    orderid: '25',
    exchange_order_id: null,
    tag: null,
    action: 'BUY',
    product: 'MIS',
    pricetype: 'LIMIT',
    validity: 'DAY',
    quantity: 10,
    disclosed_quantity: 0,
    filled_quantity: 0,
    pending_quantity: 0,
    cancelled_quantity: 0,
    price: 2985.5,
    trigger_price: 0,
    average_price: 0,
    order_status: 'open',
    status_message: null,
    timestamp: '',
  })
  // Whoever looks for an order sees every book that comes.
  assert.equal(bench.seen.length, 8)
})

test('one order, and one that there is not', async () => {
  const bench = new Bench()
  bench.respond = () => kite([record({}), record({ status: 'COMPLETE' })])
  const told = await bench.gateway.orderStatus({ orderid: '25' })
  assert.ok('ok' in told)
  assert.deepEqual([told.ok.symbol, told.ok.order_status], ['RELIANCE', 'complete'])
  bench.respond = () => kite([])
  assert.deepEqual(await bench.gateway.orderStatus({ orderid: '25' }), {
    error: { code: 'NOT_FOUND', message: 'Order 25 not found', field: 'orderid' },
  })
})

test('trades, holdings and triggers', async () => {
  const bench = new Bench()
  const trade = { trade_id: '1', average_price: 10, fill_timestamp: '2026-07-01 09:41:18' }
  bench.respond = () => kite([record({ ...CRUDE, ...trade, quantity: 2 })])
  const trades = await bench.gateway.tradeBook({})
  assert.ok('ok' in trades)
  const [row] = trades.ok
  assert.deepEqual(
    [row!.symbol, row!.quantity, row!.trade_value],
    ['CRUDEOIL20JUL26FUT', 200, 2000],
  )
  const holding = { t1_quantity: 0, average_price: 100, last_price: 110, pnl: 100 }
  bench.respond = () => kite([record(holding), record({ ...holding, average_price: 0 })])
  const holdings = await bench.gateway.holdings({})
  assert.ok('ok' in holdings)
  assert.deepEqual(
    holdings.ok.map(({ pnlpercent }) => pnlpercent),
    [10, 0],
  )
  const condition = { ...FUTURE, last_price: 24000, trigger_values: [23000, 25000] }
  const order = { transaction_type: 'SELL', product: 'NRML', quantity: 75, price: 22990 }
  bench.respond = () =>
    kite([{ id: 7, type: 'two-leg', status: 'active', condition, orders: [order, order] }])
  const triggers = await bench.gateway.gttBook({})
  assert.ok('ok' in triggers)
  const [gtt] = triggers.ok
  assert.deepEqual(
    [gtt!.symbol, gtt!.trigger_type, gtt!.trigger_prices, gtt!.legs.length],
    ['NIFTY28JUL26FUT', 'two-leg', [23000, 25000], 2],
  )
})

const position = (more: object) => ({
  ...record({}),
  quantity: 10,
  multiplier: 1,
  average_price: 100,
  last_price: 110,
  ...more,
})

test('what positions made counts the multiplier, and the price of the feed where it is fresh', async () => {
  const bench = new Bench()
  const segment = { net: 100, available: { collateral: 20 }, utilised: { debits: 5 } }
  const net = [
    position({}),
    position({ ...CRUDE, quantity: -2, multiplier: 100, average_price: 6100, last_price: 6090 }),
    position({ quantity: 0, sell_value: 500, buy_value: 450 }),
  ]
  bench.respond = ({ url }) =>
    url.includes('margins') ? kite({ equity: segment }) : kite({ net, day: [] })
  const funds = async () => {
    const told = await bench.gateway.funds({})
    assert.ok('ok' in told)
    return told.ok
  }
  assert.deepEqual(await funds(), {
    availablecash: 85,
    collateral: 20,
    utiliseddebits: 5,
    m2mrealized: 50,
    m2munrealized: 100 + 2000,
  })
  bench.lastPrices.set(0, { price: 120, receivedAtMs: NOW_MS })
  assert.equal((await funds()).m2munrealized, 200 + 2000)
  const book = await bench.gateway.positions({})
  assert.ok('ok' in book)
  assert.deepEqual(
    book.ok.map(({ symbol, quantity, ltp }) => [symbol, quantity, ltp]),
    [
      ['RELIANCE', 10, 120],
      ['CRUDEOIL20JUL26FUT', -200, 6090],
      ['RELIANCE', 0, 120],
    ],
  )
})

test('margins of a list, in the counting of the broker', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ final: { total: 100, span: 60, exposure: 40 } })
  const crude = {
    ...LIMIT_ORDER,
    exchange: 'MCX',
    symbol: 'CRUDEOIL20JUL26FUT',
    product: 'NRML',
    quantity: '200',
    price: '6100',
  }
  assert.deepEqual(await bench.gateway.margin({ positions: [LIMIT_ORDER, crude] }), {
    ok: { total_margin_required: 100, span_margin: 60, exposure_margin: 40 },
  })
  const sent = bench.requests[0]!.json as { quantity: number }[]
  assert.deepEqual(
    sent.map(({ quantity }) => quantity),
    [10, 2],
  )
  const odd = await bench.gateway.margin({ positions: [{ ...crude, quantity: 150 }] })
  assert.ok('error' in odd && odd.error.code === 'INVALID_ORDER')
  assert.equal(bench.requests.length, 1)
  // It would go in several orders, whose margin is asked for as one.
  const large = { ...crude, exchange: 'NFO', symbol: 'NIFTY28JUL26FUT', quantity: 3600 }
  assert.ok('ok' in (await bench.gateway.margin({ positions: [crude, large] })))
})

const QUOTE = {
  last_price: 1500,
  ohlc: { open: 1, high: 2, low: 0.5, close: 1400 },
  depth: { buy: [{ price: 1499, quantity: 5, orders: 1 }], sell: [] },
}

test('a quote, a book, and what the broker does not know', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ 'NSE:INFY': QUOTE, 'NSE:NIFTY 50': { last_price: 24000 } })
  const quote = await bench.gateway.quote({ exchange: 'NSE', symbol: 'INFY' })
  assert.deepEqual(quote, {
    ok: {
      open: 1,
      high: 2,
      low: 0.5,
      ltp: 1500,
      ask: 0,
      ask_qty: 0,
      bid: 1499,
      bid_qty: 5,
      prev_close: 1400,
      volume: 0,
      oi: 0,
    },
  })
  const depth = await bench.gateway.depth({ exchange: 'NSE', symbol: 'INFY' })
  assert.ok('ok' in depth)
  assert.deepEqual([depth.ok.bids.length, depth.ok.asks.length], [1, 0])
  const index = await bench.gateway.quote({ exchange: 'NSE_INDEX', symbol: 'NIFTY' })
  assert.ok('ok' in index && index.ok.ltp === 24000)
  const unknown = await bench.gateway.quote({ exchange: 'NSE', symbol: 'RELIANCE' })
  assert.ok('error' in unknown && unknown.error.code === 'NOT_FOUND')
  const asked = bench.requests.length
  const nowhere = await bench.gateway.quote({ exchange: 'NSE', symbol: 'NOPE' })
  assert.ok('error' in nowhere && nowhere.error.code === 'NOT_FOUND')
  assert.equal(bench.requests.length, asked)
})

test('many quotes go in batches of the broker, one after the other at its pace, in their order', async () => {
  const { reads } = new Bench().broker.spec.orders as never as { reads: { quotes: object } }
  const quotes = { ...reads.quotes, instrumentsMax: 2 }
  const bench = new Bench({ orders: { reads: { ...reads, quotes } as never } })
  bench.nowMs = NOW_MS + 500
  bench.respond = ({ url }) => {
    const names = new URL(url).searchParams.getAll('i')
    const known = names.filter((name) => !name.includes('USDINR'))
    return kite(Object.fromEntries(known.map((name) => [name, { last_price: name.length }])))
  }
  const symbols = [
    ...ROWS.slice(0, 3),
    { exchange: 'NSE', symbol: 'NOPE' },
    ...ROWS.slice(6, 9),
  ].map(({ exchange, symbol }) => ({ exchange, symbol }))
  const told = await bench.gateway.quotes({ symbols })
  assert.ok('ok' in told)
  assert.deepEqual(
    told.ok.map((row) => [row.symbol, 'data' in row ? row.data?.ltp : row.error]),
    [
      ['RELIANCE', 'NSE:RELIANCE'.length],
      ['INFY', 'NSE:INFY'.length],
      ['NIFTY28JUL26FUT', 'NFO:NIFTY28JUL26FUT-B'.length],
      ['NOPE', 'symbol is "NOPE"; NSE has none of that name at this broker'],
      ['USDINR28JUL26FUT', 'the broker has no quote of CDS:USDINR28JUL26FUT'],
      ['CRUDEOIL20JUL26FUT', 'MCX:CRUDEOIL20JUL26FUT-B'.length],
      ['NIFTY', 'NSE:NIFTY 50'.length],
    ],
  )
  assert.deepEqual(bench.waits, [550, 1000])
  const none = await bench.gateway.quotes({ symbols: [{ exchange: 'NSE', symbol: 'NOPE' }] })
  assert.ok('error' in none && none.error.code === 'NOT_FOUND')
  assert.equal(bench.requests.length, 3)
})

const minute = (at: string, close: number) => [at, 1, 2, 0.5, close, 100, 0]

test('a long history is asked for in stretches that the broker takes, and joined', async () => {
  const bench = new Bench()
  const spans: string[][] = []
  bench.respond = ({ url }) => {
    const { searchParams } = new URL(url)
    const [from, to] = [searchParams.get('from')!, searchParams.get('to')!]
    spans.push([from, to])
    return kite({ candles: [minute(`${from.slice(0, 10)}T09:15:00+0530`, spans.length)] })
  }
  const ask = { exchange: 'NSE', symbol: 'INFY', interval: '1m' }
  const told = await bench.gateway.history({
    ...ask,
    start_date: '2026-01-01',
    end_date: '2026-06-30',
  })
  assert.ok('ok' in told)
  assert.deepEqual(spans, [
    ['2026-01-01 00:00:00', '2026-03-01 23:59:59'],
    ['2026-03-02 00:00:00', '2026-04-30 23:59:59'],
    ['2026-05-01 00:00:00', '2026-06-29 23:59:59'],
    ['2026-06-30 00:00:00', '2026-06-30 23:59:59'],
  ])
  assert.deepEqual(
    told.ok.map(({ close }) => close),
    [1, 2, 3, 4],
  )
  // Three a second is what the broker takes.
  assert.equal(bench.waits.length, 1)
  spans.length = 0
  await bench.gateway.history({ ...ask, start_date: '2026-06-30', end_date: '2026-06-30' })
  assert.equal(spans.length, 1)
})

test('more history than a hundred calls bring is refused before the first', async () => {
  const bench = new Bench()
  const told = await bench.gateway.history({
    exchange: 'NSE',
    symbol: 'INFY',
    interval: '1m',
    start_date: '2000-01-01',
    end_date: '2026-06-30',
  })
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.field], ['INVALID_INPUT', 'start_date'])
  assert.equal(bench.requests.length, 0)
})
