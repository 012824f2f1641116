// Every field of every call: missing, of the wrong type, out of its enumeration, negative, huge. Each is refused with a
// code, by the field's name, with what was found and what is allowed; nothing is asked of the broker.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ERROR_CODES } from '../../adapters/orders.ts'
import type { OrderGateway } from '../../engine/orders/gateway.ts'
import type { GatewayAnswer } from '../../engine/orders/refusal.ts'
import { Bench, CALLER, kite, LIMIT_ORDER } from './gateway-bench.ts'

const SL_ORDER = { ...LIMIT_ORDER, pricetype: 'SL', trigger_price: 2980 }
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
const HISTORY = {
  exchange: 'NSE',
  symbol: 'RELIANCE',
  interval: '1m',
  start_date: '2026-06-01',
  end_date: '2026-06-30',
}

type Fields = Readonly<Record<string, unknown>>
type Call = (gateway: OrderGateway, input: never) => Promise<GatewayAnswer<unknown>>

/** Each call with fields that are good. */
const CALLS: Readonly<Record<string, readonly [call: Call, good: Fields]>> = {
  place: [(gateway, input) => gateway.place(input, CALLER), SL_ORDER],
  modify: [
    (gateway, input) => gateway.modify(input, CALLER),
    { ...SL_ORDER, orderid: '250617000123456' },
  ],
  cancel: [(gateway, input) => gateway.cancel(input, CALLER), { orderid: '250617000123456' }],
  placeGtt: [(gateway, input) => gateway.placeGtt(input, CALLER), GTT],
  'placeGtt of one leg': [
    (gateway, input) => gateway.placeGtt(input, CALLER),
    { ...GTT, trigger_type: 'single', price: 2705 },
  ],
  modifyGtt: [(gateway, input) => gateway.modifyGtt(input, CALLER), { ...GTT, trigger_id: '1' }],
  cancelGtt: [(gateway, input) => gateway.cancelGtt(input, CALLER), { trigger_id: '112127' }],
  orderBook: [(gateway, input) => gateway.orderBook(input), {}],
  orderStatus: [(gateway, input) => gateway.orderStatus(input), { orderid: '25' }],
  tradeBook: [(gateway, input) => gateway.tradeBook(input), {}],
  positions: [(gateway, input) => gateway.positions(input), {}],
  holdings: [(gateway, input) => gateway.holdings(input), {}],
  funds: [(gateway, input) => gateway.funds(input), {}],
  gttBook: [(gateway, input) => gateway.gttBook(input), {}],
  margin: [(gateway, input) => gateway.margin(input), { positions: [LIMIT_ORDER] }],
  quote: [(gateway, input) => gateway.quote(input), { exchange: 'NSE', symbol: 'INFY' }],
  quotes: [
    (gateway, input) => gateway.quotes(input),
    { symbols: [{ exchange: 'NSE', symbol: 'INFY' }] },
  ],
  depth: [(gateway, input) => gateway.depth(input), { exchange: 'NSE', symbol: 'INFY' }],
  history: [(gateway, input) => gateway.history(input), HISTORY],
}

const OBJECTS = [null, {}, [], true, Symbol('x'), 5n]
const NO_NUMBER = [...OBJECTS, '', 'ten', '1e3', '0x10', ' 1', '1 ', '١', Number.NaN]
const HUGE = [Number.POSITIVE_INFINITY, 1e9 + 1, '1000000001', 1e300, '9'.repeat(400)]
const NO_WORD = [...OBJECTS, 5, '', 'nonsense', 'toString', '__proto__', 'x'.repeat(10_000)]
const NO_PRICE = [...NO_NUMBER, ...HUGE, -1, '-0.05', Number.NEGATIVE_INFINITY]
const NO_ID = [...OBJECTS, 25, '', '../1', 'a b', 'x'.repeat(65), '1\n']
const NO_COUNT = [...NO_PRICE, 0, '0', 1.5, '1.5']
const NO_TEXT = [...OBJECTS, 5, 'x'.repeat(257)]

/** What each field may not be; `undefined` where it must be there. */
const BAD: Readonly<Record<string, readonly unknown[]>> = {
  exchange: [undefined, ...NO_WORD, 'nse', 'NSE NFO'].filter((value) => value !== 'toString'),
  symbol: [undefined, ...OBJECTS, 5, '', 'x'.repeat(257)],
  action: [undefined, ...NO_WORD, 'Buy', 'HOLD'],
  product: [undefined, ...NO_WORD, 'mis', 'MTF'],
  pricetype: [...NO_WORD, 'limit', 'SLM'],
  quantity: [undefined, ...NO_COUNT],
  price: NO_PRICE,
  trigger_price: NO_PRICE,
  disclosed_quantity: [...NO_PRICE, 1.5],
  validity: [...NO_WORD, 'day', 'TTL'],
  client_order_id: [...OBJECTS, 5, '', 'a b', 'x'.repeat(65), 'é', 'a\n'],
  strategy: NO_TEXT,
  broker: [{}, [], true, 5, '', 'nosuch', 'constructor', 'x'.repeat(1000)],
  orderid: [undefined, ...NO_ID],
  trigger_id: [undefined, ...NO_ID],
  trigger_type: [undefined, ...NO_WORD, 'TWO-LEG'],
  triggerprice_sl: NO_PRICE.filter((value) => value !== null && value !== ''),
  triggerprice_tg: NO_PRICE.filter((value) => value !== null && value !== ''),
  stoploss: [undefined, ...NO_PRICE, 0],
  target: [undefined, ...NO_PRICE, 0],
  interval: [undefined, ...OBJECTS, 1, '', '1 m', '2h', 'constructor', 'minute'],
  start_date: [undefined, ...OBJECTS, 20260601, '', '2026-6-1', '2026-02-30', '1969-01-01'],
  end_date: [undefined, ...OBJECTS, '2026-05-31', '30-06-2026'],
  symbols: [undefined, null, {}, [], 'RELIANCE', Array(5001).fill({})],
  positions: [undefined, null, {}, [], Array(51).fill(LIMIT_ORDER)],
}

/** The fields that a call takes, each with the name that its refusal has. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  place: [
    ...['exchange', 'symbol', 'action', 'product', 'pricetype', 'quantity', 'price'],
    ...['trigger_price', 'disclosed_quantity', 'validity', 'client_order_id', 'strategy', 'broker'],
  ],
  modify: [
    ...['orderid', 'exchange', 'symbol', 'action', 'product', 'pricetype', 'quantity', 'price'],
    ...['trigger_price', 'disclosed_quantity', 'validity', 'strategy', 'broker'],
  ],
  cancel: ['orderid', 'strategy', 'broker'],
  placeGtt: [
    ...['trigger_type', 'exchange', 'symbol', 'action', 'product', 'quantity', 'pricetype'],
    ...['triggerprice_sl', 'stoploss', 'triggerprice_tg', 'target', 'client_order_id', 'broker'],
  ],
  'placeGtt of one leg': ['price', 'triggerprice_sl', 'triggerprice_tg'],
  modifyGtt: ['trigger_id', 'trigger_type', 'quantity', 'strategy'],
  cancelGtt: ['trigger_id', 'strategy', 'broker'],
  orderStatus: ['orderid', 'broker'],
  margin: ['positions', 'broker'],
  quote: ['exchange', 'symbol', 'broker'],
  quotes: ['symbols', 'broker'],
  depth: ['exchange', 'symbol', 'broker'],
  history: ['exchange', 'symbol', 'interval', 'start_date', 'end_date', 'broker'],
  ...Object.fromEntries(
    ['orderBook', 'tradeBook', 'positions', 'holdings', 'funds', 'gttBook'].map((name) => [
      name,
      ['broker'],
    ]),
  ),
}

for (const [name, [call, good]] of Object.entries(CALLS)) {
  describe(name, () => {
    for (const field of TAKES[name]!) {
      test(`${field} is refused by its name for whatever it may not be`, async () => {
        const bench = new Bench()
        const isOrder = name === 'place' || name === 'modify'
        const mustBeThere = field === 'pricetype' && isOrder ? [undefined] : []
        for (const value of [...BAD[field]!, ...mustBeThere]) {
          const given = { ...good, [field]: value }
          const told = await call(bench.gateway, given as never)
          const about = `${field} of ${typeof value} ${String(value).slice(0, 40)}`
          assert.ok('error' in told, about)
          assert.equal(told.error.code, 'INVALID_INPUT', about)
          assert.equal(told.error.field, field, about)
          assert.match(told.error.message, /^\w+ is .*; it must be /s, about)
          assert.ok(told.error.message.length < 300, about)
        }
        assert.equal(bench.requests.length, 0)
      })
    }

    test('what is no object is refused', async () => {
      const bench = new Bench()
      for (const input of [undefined, null, 'x', 5, [], [{}], true]) {
        const told = await call(bench.gateway, input as never)
        assert.ok('error' in told)
        assert.equal(told.error.code, 'INVALID_INPUT')
        assert.equal(told.error.field, 'input')
      }
      assert.equal(bench.requests.length, 0)
    })

    test('any fields at all are an answer or a refusal of the closed set, and nothing is thrown', async () => {
      const keys = [...Object.keys(BAD), '__proto__', 'constructor']
      const value = fc.oneof(
        fc.anything(),
        fc.constantFrom('NSE', 'RELIANCE', 'BUY', 'MIS', 'LIMIT', 'SL', 'SINGLE', 10, '10', 2980),
      )
      const fields = fc.dictionary(fc.constantFrom(...keys), value)
      const check = async (changes: object, isWhole: boolean) => {
        const bench = new Bench()
        bench.respond = () => kite({ order_id: '1', trigger_id: 1 })
        const told = await call(
          bench.gateway,
          (isWhole ? { ...good, ...changes } : changes) as never,
        )
        assert.ok('ok' in told || ERROR_CODES.includes(told.error.code))
      }
      await fc.assert(fc.asyncProperty(fields, fc.boolean(), check), { numRuns: 150, seed: 3 })
    })
  })
}

test('numbers may be spelled, as OpenAlgo clients send them', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  const spelled = { quantity: '10', price: '2985.50', disclosed_quantity: '0', trigger_price: '0' }
  const told = await bench.place({ ...LIMIT_ORDER, ...spelled, action: 'buy' })
  assert.deepEqual(told, { ok: { broker: 'zerodha', orderid: '25' } })
  const { form } = bench.requests[0]!
  assert.deepEqual([form?.quantity, form?.price, form?.transaction_type], ['10', '2985.5', 'BUY'])
})

test('a price that a price type has no use for is not sent', async () => {
  const bench = new Bench()
  bench.respond = () => kite({ order_id: '25' })
  await bench.place({ ...LIMIT_ORDER, pricetype: 'MARKET', trigger_price: 7 })
  await bench.place({ ...LIMIT_ORDER, pricetype: 'SL-M', trigger_price: 2980 })
  await bench.place({ ...LIMIT_ORDER, trigger_price: 7 })
  const sent = bench.requests.map(({ form }) => [form?.price, form?.trigger_price])
  assert.deepEqual(sent, [
    ['0', '0'],
    ['0', '2980'],
    ['2985.5', '0'],
  ])
})

test('a faulty instrument or order in a list is named by its place', async () => {
  const bench = new Bench()
  const names = [{ exchange: 'NSE', symbol: 'INFY' }, { exchange: 'NSE' }]
  const quotes = await bench.gateway.quotes({ symbols: names })
  assert.ok('error' in quotes)
  assert.equal(quotes.error.field, 'symbols[1].symbol')
  const orders = [LIMIT_ORDER, { ...LIMIT_ORDER, quantity: -1 }]
  const margin = await bench.gateway.margin({ positions: orders })
  assert.ok('error' in margin)
  assert.equal(margin.error.field, 'positions[1].quantity')
  assert.equal(bench.requests.length, 0)
})
