// What an order must be for its instrument and its exchange, before anything is sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { onTick } from '../../engine/orders/admission.ts'
import { Bench, CALLER, FUTURE_ORDER, kite, LIMIT_ORDER, NOW_MS } from './gateway-bench.ts'

const CRUDE = {
  ...FUTURE_ORDER,
  exchange: 'MCX',
  symbol: 'CRUDEOIL20JUL26FUT',
  quantity: 300,
  price: 6123,
}
const DOLLAR = {
  ...FUTURE_ORDER,
  exchange: 'CDS',
  symbol: 'USDINR28JUL26FUT',
  quantity: 1,
  price: 86.4225,
}

const REFUSALS: readonly (readonly [
  what: string,
  fields: object,
  code: string,
  field: string,
  message: RegExp,
])[] = [
  [
    'an unknown symbol',
    { ...LIMIT_ORDER, symbol: 'RELIANC' },
    'NOT_FOUND',
    'symbol',
    /"RELIANC"; NSE has none/,
  ],
  [
    'a symbol of another exchange',
    { ...LIMIT_ORDER, exchange: 'NFO' },
    'NOT_FOUND',
    'symbol',
    /NFO has none/,
  ],
  [
    'an exchange of indices',
    { ...LIMIT_ORDER, exchange: 'NSE_INDEX', symbol: 'NIFTY' },
    'INVALID_ORDER',
    'exchange',
    /"NSE_INDEX"; it must be one of NSE, BSE, NFO/,
  ],
  [
    'an exchange that nobody has',
    { ...LIMIT_ORDER, exchange: 'NYSE' },
    'INVALID_ORDER',
    'exchange',
    /NYSE/,
  ],
  [
    'an expired future',
    { ...FUTURE_ORDER, symbol: 'NIFTY30JUN26FUT' },
    'INVALID_ORDER',
    'symbol',
    /expired on 2026-06-30/,
  ],
  [
    'part of a lot',
    { ...FUTURE_ORDER, quantity: 100 },
    'INVALID_ORDER',
    'quantity',
    /multiple of the lot 75/,
  ],
  [
    'more than the freeze quantity',
    { ...FUTURE_ORDER, quantity: 1875 },
    'INVALID_ORDER',
    'quantity',
    /freezes orders above 1800/,
  ],
  [
    'a price between ticks',
    { ...LIMIT_ORDER, price: 2985.52 },
    'INVALID_ORDER',
    'price',
    /multiple of the tick 0.05, such as 2985.5 or 2985.55/,
  ],
  [
    'a trigger between ticks',
    { ...LIMIT_ORDER, pricetype: 'SL-M', trigger_price: 2985.52 },
    'INVALID_ORDER',
    'trigger_price',
    /multiple of the tick/,
  ],
  [
    'LIMIT without a price',
    { ...LIMIT_ORDER, price: 0 },
    'INVALID_ORDER',
    'price',
    /LIMIT needs one above 0/,
  ],
  [
    'SL without a price',
    { ...LIMIT_ORDER, pricetype: 'SL', price: undefined, trigger_price: 5 },
    'INVALID_ORDER',
    'price',
    /SL needs one/,
  ],
  [
    'SL without a trigger',
    { ...LIMIT_ORDER, pricetype: 'SL' },
    'INVALID_ORDER',
    'trigger_price',
    /SL needs/,
  ],
  [
    'SL-M without a trigger',
    { ...LIMIT_ORDER, pricetype: 'SL-M' },
    'INVALID_ORDER',
    'trigger_price',
    /SL-M needs/,
  ],
  [
    'a stop to buy below its trigger',
    { ...LIMIT_ORDER, pricetype: 'SL', price: 2980, trigger_price: 2981 },
    'INVALID_ORDER',
    'price',
    /to BUY it must not be below the trigger_price 2981/,
  ],
  [
    'a stop to sell above its trigger',
    { ...LIMIT_ORDER, action: 'SELL', pricetype: 'SL', price: 2982, trigger_price: 2981 },
    'INVALID_ORDER',
    'price',
    /to SELL it must not be above the trigger_price 2981/,
  ],
  [
    'more disclosed than there is',
    { ...LIMIT_ORDER, disclosed_quantity: 11 },
    'INVALID_ORDER',
    'disclosed_quantity',
    /at most the quantity 10/,
  ],
  [
    'part of a lot disclosed',
    { ...FUTURE_ORDER, disclosed_quantity: 10 },
    'INVALID_ORDER',
    'disclosed_quantity',
    /multiple of the lot 75/,
  ],
  [
    'CNC for a future',
    { ...FUTURE_ORDER, product: 'CNC' },
    'INVALID_ORDER',
    'product',
    /at NFO it must be one of NRML, MIS/,
  ],
  [
    'NRML for a share',
    { ...LIMIT_ORDER, product: 'NRML' },
    'INVALID_ORDER',
    'product',
    /at NSE it must be one of CNC, MIS/,
  ],
  [
    'IOC at MCX',
    { ...CRUDE, validity: 'IOC' },
    'INVALID_ORDER',
    'validity',
    /at MCX it must be one of DAY/,
  ],
]

for (const [what, fields, code, field, message] of REFUSALS) {
  test(`${what} is refused and not sent`, async () => {
    for (const call of ['place', 'modify'] as const) {
      const bench = new Bench()
      const given = { ...fields, orderid: '25' }
      const told = await bench.gateway[call](given, CALLER)
      assert.ok('error' in told)
      assert.deepEqual([told.error.code, told.error.field], [code, field])
      assert.match(told.error.message, message)
      assert.equal(bench.requests.length, 0)
    }
  })
}

test('an instrument may be ordered until the end of its last day in India', async () => {
  const order = { ...FUTURE_ORDER, symbol: 'NIFTY01JUL26FUT' }
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  assert.ok('ok' in (await bench.place(order)))
  bench.nowMs = NOW_MS + 14.5 * 3_600_000 - 1
  assert.ok('ok' in (await bench.place(order)))
  bench.nowMs += 1
  assert.ok('error' in (await bench.place(order)))
})

test('a stop on the wrong side of a fresh price is refused; an old price proves nothing', async () => {
  const stop = { ...LIMIT_ORDER, pricetype: 'SL-M', trigger_price: 2980 }
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  const sent = async (action: string, price: number, ageMs: number) => {
    bench.nowMs += 10_000
    bench.lastPrices.set(0, { price, receivedAtMs: bench.nowMs - ageMs })
    const told = await bench.place({ ...stop, action })
    if ('ok' in told) return true
    assert.deepEqual([told.error.code, told.error.field], ['INVALID_ORDER', 'trigger_price'])
    return false
  }
  assert.equal(await sent('BUY', 2981, 0), false)
  assert.equal(await sent('BUY', 2980, 0), true)
  assert.equal(await sent('SELL', 2979, 10_000), false)
  assert.equal(await sent('SELL', 2979, 10_001), true)
  assert.equal(await sent('SELL', 2981, 0), true)
})

test('prices that were reckoned in doubles are sent as the ticks they mean', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  await bench.place({ ...LIMIT_ORDER, price: 0.1 + 0.2 })
  await bench.place({ ...DOLLAR, price: 86.4225 + 1e-9 })
  assert.deepEqual(
    bench.requests.map(({ form }) => form?.price),
    ['0.3', '86.4225'],
  )
})

test('every whole number of ticks is a price, however it was reckoned, and nothing between is', () => {
  const tick = fc.constantFrom(0.01, 0.05, 0.0025, 0.1, 0.5, 1, 10, 0.0001)
  const check = (ticks: number, size: number, off: number) => {
    const price = ticks * size
    const found = onTick('price', price, size)
    assert.equal(found, Number(price.toFixed(6)))
    assert.equal(typeof onTick('price', price + off * size, size), 'object')
  }
  const between = fc.double({ min: 0.01, max: 0.99, noNaN: true })
  fc.assert(fc.property(fc.integer({ min: 1, max: 10_000_000 }), tick, between, check), {
    numRuns: 5000,
    seed: 5,
  })
})

test('the freeze quantity itself is taken', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  assert.ok('ok' in (await bench.place({ ...FUTURE_ORDER, quantity: 1800 })))
})

test('where the broker counts lots it is told lots, and only there', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  await bench.place({ ...CRUDE, disclosed_quantity: 100 })
  await bench.place(FUTURE_ORDER)
  await bench.gateway.modify({ ...CRUDE, quantity: 200, orderid: '25' }, CALLER)
  assert.deepEqual(
    bench.requests.map(({ form }) => [form?.quantity, form?.disclosed_quantity]),
    [
      ['3', '1'],
      ['75', '0'],
      ['2', '0'],
    ],
  )
})

const GTT = {
  trigger_type: 'OCO',
  exchange: 'NSE',
  symbol: 'RELIANCE',
  action: 'SELL',
  product: 'CNC',
  quantity: 5,
  triggerprice_sl: 2700,
  stoploss: 2695,
  triggerprice_tg: 3300,
  target: 3305,
}

const GTT_REFUSALS: readonly (readonly [
  what: string,
  fields: object,
  code: string,
  field: string,
])[] = [
  ['MIS', { product: 'MIS' }, 'INVALID_INPUT', 'product'],
  ['NRML for a share', { product: 'NRML' }, 'INVALID_ORDER', 'product'],
  ['a trigger between ticks', { triggerprice_tg: 3300.01 }, 'INVALID_ORDER', 'triggerprice_tg'],
  ['a price between ticks', { stoploss: 2695.01 }, 'INVALID_ORDER', 'stoploss'],
  ['triggers that cross', { triggerprice_sl: 3300 }, 'INVALID_INPUT', 'triggerprice_sl'],
  ['an index', { exchange: 'NSE_INDEX', symbol: 'NIFTY' }, 'INVALID_ORDER', 'exchange'],
  [
    'part of a lot',
    { exchange: 'NFO', symbol: 'NIFTY28JUL26FUT', product: 'NRML', quantity: 5 },
    'INVALID_ORDER',
    'quantity',
  ],
  [
    'no trigger',
    { trigger_type: 'SINGLE', triggerprice_sl: 0, triggerprice_tg: '', price: 5 },
    'INVALID_INPUT',
    'triggerprice_sl',
  ],
]

for (const [what, fields, code, field] of GTT_REFUSALS) {
  test(`a trigger order with ${what} is refused and not sent`, async () => {
    const bench = new Bench()
    const told = await bench.gateway.placeGtt({ ...GTT, ...fields }, CALLER)
    assert.ok('error' in told)
    assert.deepEqual([told.error.code, told.error.field], [code, field])
    assert.equal(bench.requests.length, 0)
  })
}

test('a trigger order carries the last price: the fresh one, or one that the broker quotes', async () => {
  const bench = new Bench()
  bench.respond = ({ url }) =>
    url.includes('/quote')
      ? kite({ 'NSE:RELIANCE': { last_price: 2987.45 } })
      : kite({ trigger_id: 7 })
  bench.lastPrices.set(0, { price: 2990, receivedAtMs: NOW_MS })
  assert.deepEqual(await bench.gateway.placeGtt(GTT, CALLER), {
    ok: { broker: 'zerodha', orderid: '7' },
  })
  bench.nowMs += 60_000
  await bench.gateway.modifyGtt({ ...GTT, trigger_id: '7' }, CALLER)
  const [fresh, quote, quoted] = bench.requests
  assert.equal(JSON.parse(fresh!.form!.condition!).last_price, 2990)
  assert.ok(quote!.url.includes('/quote'))
  assert.equal(JSON.parse(quoted!.form!.condition!).last_price, 2987.45)
})

test('a trigger order at the market gets a limit that gives away no more than is usual', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ trigger_id: 7 })
  for (const instrument of [0, 5]) {
    bench.lastPrices.set(instrument, { price: 2990, receivedAtMs: NOW_MS })
  }
  const market = { ...GTT, trigger_type: 'SINGLE', pricetype: 'MARKET' }
  const option = { exchange: 'NFO', symbol: 'NIFTY28JUL2624000CE', product: 'NRML', quantity: 75 }
  await bench.gateway.placeGtt({ ...market, triggerprice_sl: 2700.05 }, CALLER)
  await bench.gateway.placeGtt({ ...market, action: 'BUY', triggerprice_sl: 90 }, CALLER)
  await bench.gateway.placeGtt({ ...market, ...option, triggerprice_sl: 9 }, CALLER)
  const prices = bench.requests.map(({ form }) => JSON.parse(form!.orders!)[0].price)
  // 0.5 % below 2700.05, 2 % above 90, 5 % below 9: on ticks, to the side that still trades.
  assert.deepEqual(prices, [2686.5, 91.8, 8.55])
})
