// What the user allows: each limit at its edge, for all brokers and for one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedOf, type OrderLimits } from '../../engine/orders/limits.ts'
import {
  Bench,
  type BenchOptions,
  CALLER,
  FUTURE_ORDER,
  kite,
  kiteError,
  LIMIT_ORDER,
  NOW_MS,
} from './gateway-bench.ts'

const MARKET_ORDER = { ...LIMIT_ORDER, pricetype: 'MARKET', price: 0 }

/** Each limit with an order that just fits and one that does not, and what the refusal is about. */
const EDGES: readonly (readonly [
  what: string,
  limits: Partial<OrderLimits>,
  fits: object,
  tooMuch: object,
  field: string,
])[] = [
  ['quantity', { quantityMax: 10 }, LIMIT_ORDER, { ...LIMIT_ORDER, quantity: 11 }, 'quantity'],
  ['value', { valueMax: 29_855 }, LIMIT_ORDER, { ...LIMIT_ORDER, price: 2985.55 }, 'quantity'],
  [
    'value at the last price',
    { valueMax: 30_000 },
    MARKET_ORDER,
    { ...MARKET_ORDER, quantity: 11 },
    'quantity',
  ],
  [
    'value of a stop',
    { valueMax: 30_000 },
    { ...MARKET_ORDER, pricetype: 'SL-M', trigger_price: 3000 },
    { ...MARKET_ORDER, pricetype: 'SL-M', trigger_price: 3000.05 },
    'quantity',
  ],
  [
    'distance above',
    { priceDistancePercentMax: 2 },
    { ...LIMIT_ORDER, price: 3060 },
    { ...LIMIT_ORDER, price: 3060.05 },
    'price',
  ],
  [
    'distance below',
    { priceDistancePercentMax: 2 },
    { ...LIMIT_ORDER, price: 2940 },
    { ...LIMIT_ORDER, price: 2939.95 },
    'price',
  ],
  [
    'distance of a trigger',
    { priceDistancePercentMax: 2 },
    { ...MARKET_ORDER, pricetype: 'SL-M', trigger_price: 3060 },
    { ...MARKET_ORDER, pricetype: 'SL-M', trigger_price: 3060.05 },
    'trigger_price',
  ],
  ['exchange', { allowed: allowedOf('NSE') }, LIMIT_ORDER, FUTURE_ORDER, 'symbol'],
  [
    'symbols',
    { allowed: allowedOf('NSE:INFY, NSE:RELIANCE') },
    LIMIT_ORDER,
    FUTURE_ORDER,
    'symbol',
  ],
]

/** A bench whose last price of RELIANCE is 3000. */
function benchWith(options: BenchOptions): Bench {
  const bench = new Bench(options)
  bench.lastPrices.set(0, { price: 3000, receivedAtMs: NOW_MS })
  bench.respond = () => kite({ order_id: '25' })
  return bench
}

for (const [what, limits, fits, tooMuch, field] of EDGES) {
  for (const [whose, options, words] of [
    ['all brokers', { limits }, 'the limits allow'],
    ['one broker', { brokerLimits: limits }, 'the limits of zerodha allow'],
  ] as const) {
    test(`a limit of ${what} for ${whose} lets through what fits and no more`, async () => {
      for (const call of ['place', 'modify'] as const) {
        const bench = benchWith(options)
        const good = await bench.gateway[call]({ ...fits, orderid: '25' }, CALLER)
        assert.ok('ok' in good, JSON.stringify(good))
        const told = await bench.gateway[call]({ ...tooMuch, orderid: '25' }, CALLER)
        assert.ok('error' in told)
        assert.deepEqual([told.error.code, told.error.field], ['INVALID_ORDER', field])
        assert.ok(told.error.message.includes(words), told.error.message)
        assert.equal(bench.requests.length, 1)
      }
    })
  }
}

test('limits hold for orders with triggers as well, but for the distance, which is their nature', async () => {
  const gtt = {
    trigger_type: 'SINGLE',
    exchange: 'NSE',
    symbol: 'RELIANCE',
    action: 'BUY',
    product: 'CNC',
    quantity: 10,
    triggerprice_sl: 2000,
    price: 2000,
  }
  const bench = benchWith({ limits: { valueMax: 20_000, priceDistancePercentMax: 1 } })
  bench.respond = () => kite({ trigger_id: 7 })
  assert.ok('ok' in (await bench.gateway.placeGtt(gtt, CALLER)))
  const told = await bench.gateway.placeGtt({ ...gtt, quantity: 11 }, CALLER)
  assert.ok('error' in told && told.error.field === 'quantity')
})

test('without a fresh price the broker is asked for one, and without that the order is not sent', async () => {
  const bench = benchWith({ limits: { priceDistancePercentMax: 2 } })
  const quote = (price: number) => kite({ 'NSE:RELIANCE': { last_price: price } })
  let quoted = quote(2990)
  bench.respond = ({ url }) => (url.includes('/quote') ? quoted : kite({ order_id: '25' }))
  const place = () => {
    bench.nowMs += 11_000
    return bench.place(LIMIT_ORDER)
  }
  assert.ok('ok' in (await place()))
  assert.deepEqual(
    bench.requests.map(({ url }) => url.includes('/quote')),
    [true, false],
  )
  quoted = quote(2000)
  const far = await place()
  assert.ok('error' in far && far.error.code === 'INVALID_ORDER')
  quoted = kite({})
  const unknown = await place()
  assert.ok('error' in unknown && unknown.error.code === 'NOT_FOUND')
  quoted = kiteError(502, 'NetworkException', 'no')
  const down = await place()
  assert.ok('error' in down && down.error.code === 'NETWORK_ERROR')
  assert.match(down.error.message, /the last price could not be had/)
  assert.equal(bench.tasks.length, 1)
})

test('a price of 0, of what was never traded, is none: a limit in rupees is not passed by it', async () => {
  const market = { ...LIMIT_ORDER, pricetype: 'MARKET', quantity: 1000 }
  const bench = benchWith({ limits: { valueMax: 100_000 } })
  bench.lastPrices.set(0, { price: 0, receivedAtMs: NOW_MS })
  bench.respond = () => kite({ 'NSE:RELIANCE': { last_price: 0 } })
  const told = await bench.place(market)
  assert.ok('error' in told && told.error.code === 'NOT_FOUND', JSON.stringify(told))
  assert.match(told.error.message, /no last price of NSE:RELIANCE/)
  assert.equal(bench.tasks.length, 0)
  bench.respond = ({ url }) =>
    url.includes('/quote') ? kite({ 'NSE:RELIANCE': { last_price: 99 } }) : kite({ order_id: '25' })
  bench.nowMs += 1100
  bench.lastPrices.set(0, { price: 0, receivedAtMs: bench.nowMs })
  assert.ok('ok' in (await bench.place(market)))
  // Nor does it say on which side of it a trigger is.
  const stop = { ...LIMIT_ORDER, action: 'SELL', pricetype: 'SL-M', trigger_price: 90, price: 0 }
  assert.ok('ok' in (await bench.place(stop)))
})

test('a price below 0, as crude oil had, passes no limit in rupees either', async () => {
  const bench = benchWith({ limits: { valueMax: 100_000 } })
  bench.lastPrices.set(0, { price: -2800, receivedAtMs: NOW_MS })
  const market = { ...LIMIT_ORDER, pricetype: 'MARKET' }
  assert.ok('ok' in (await bench.place(market)))
  const told = await bench.place({ ...market, quantity: 36 })
  assert.ok('error' in told && told.error.field === 'quantity', JSON.stringify(told))
})

test('orders without limits that need a price cost no question', async () => {
  const bench = new Bench({ limits: { quantityMax: 100, valueMax: 100_000 } })
  bench.respond = () => kite({ order_id: '25' })
  assert.ok('ok' in (await bench.place(LIMIT_ORDER)))
  assert.equal(bench.requests.length, 1)
})

test('so many orders a second, in any second, and so many a day of India', async () => {
  const bench = benchWith({ limits: { perSecondMax: 2 }, brokerLimits: { perDayMax: 4 } })
  const place = async (ms: number) => {
    bench.nowMs = ms
    const told = await bench.place(LIMIT_ORDER)
    if ('ok' in told) return 'sent'
    assert.equal(told.error.code, 'RATE_LIMITED')
    return told.error.retryAfterMs
  }
  assert.equal(await place(NOW_MS + 900), 'sent')
  assert.equal(await place(NOW_MS + 950), 'sent')
  assert.equal(await place(NOW_MS + 1100), 800)
  assert.equal(await place(NOW_MS + 1899), 1)
  assert.equal(await place(NOW_MS + 1900), 'sent')
  assert.equal(await place(NOW_MS + 5000), 'sent')
  const midnightMs = Date.UTC(2026, 6, 1, 18, 30)
  assert.equal(await place(midnightMs - 1000), 1000)
  assert.equal(await place(midnightMs), 'sent')
  assert.equal(bench.requests.length, 5)
})

test('what was placed earlier in the day counts after a restart', async () => {
  const before = benchWith({})
  await before.place(LIMIT_ORDER)
  const [task] = before.tasks
  const entry = {
    task: task!,
    intentAtMs: NOW_MS - 3_600_000,
    outcome: { outcome: 'accepted', id: '25' },
    outcomeAtMs: NOW_MS - 3_600_000,
    settledBy: 'reply',
  } as const
  const bench = benchWith({ limits: { perDayMax: 2 }, journal: [entry] })
  await bench.gateway.open()
  assert.ok('ok' in (await bench.place(LIMIT_ORDER)))
  const told = await bench.place(LIMIT_ORDER)
  assert.ok('error' in told && told.error.code === 'RATE_LIMITED')
})

test('an unregistered algorithm keeps below the rate of each exchange; a registered one need not', async () => {
  const orders = { quotas: [] }
  const sentOf = async (algoId: string | null) => {
    const bench = new Bench({ orders, broker: { algoId } })
    bench.respond = () => kite({ order_id: '25' })
    let sent = 0
    for (let at = 0; at < 15; at++) if ('ok' in (await bench.place(LIMIT_ORDER))) sent++
    assert.ok('ok' in (await bench.place(FUTURE_ORDER)))
    assert.ok('ok' in (await bench.gateway.cancel({ orderid: '25' }, CALLER)))
    return [sent, bench.requests[0]?.form?.algo_id]
  }
  assert.deepEqual(await sentOf(null), [10, undefined])
  assert.deepEqual(await sentOf('algo7'), [15, 'algo7'])
})

test('nothing is written from an address that the user did not acknowledge; reads go on', async () => {
  const bench = new Bench({ broker: { staticIpAcknowledged: false } })
  bench.respond = () => kite([])
  for (const told of [
    await bench.place(LIMIT_ORDER),
    await bench.gateway.modify({ ...LIMIT_ORDER, orderid: '25' }, CALLER),
    await bench.gateway.cancel({ orderid: '25' }, CALLER),
    await bench.gateway.cancelGtt({ trigger_id: '25' }, CALLER),
  ]) {
    assert.ok('error' in told)
    assert.equal(told.error.code, 'STATIC_IP_REQUIRED')
    assert.match(told.error.message, /set brokers\.zerodha\.static_ip_acknowledged = true/)
  }
  assert.equal(bench.requests.length, 0)
  assert.ok('ok' in (await bench.gateway.orderBook({})))
})

test('an order that was changed as often as the broker takes it is not changed again', async () => {
  const bench = new Bench()
  bench.respond = ({ url }) => kite({ order_id: url.split('/').at(-1) })
  const modify = (orderid: string) => {
    bench.nowMs += 1000
    return bench.gateway.modify({ ...LIMIT_ORDER, orderid }, CALLER)
  }
  for (let at = 0; at < 25; at++) assert.ok('ok' in (await modify('25')))
  const told = await modify('25')
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.field], ['INVALID_ORDER', 'orderid'])
  assert.match(told.error.message, /changed 25 times/)
  assert.ok('ok' in (await modify('26')))
})
