// What the gateway does with a good order: once, to the right account, and what it says when it is not known what came
// of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unsupported } from '../../adapters/broker.ts'
import upstox from '../../adapters/upstox/spec.ts'
import { NO_LIMITS } from '../../engine/orders/limits.ts'
import {
  Bench,
  type BenchOptions,
  CALLER,
  FUTURE_ORDER,
  kite,
  kiteError,
  LIMIT_ORDER,
} from './gateway-bench.ts'

const DAY_MS = 86_400_000
const ACCEPTED = { ok: { broker: 'zerodha', orderid: '25' } }
const WITH_ID = { ...LIMIT_ORDER, client_order_id: 'mine-1' }

function accepting(options?: BenchOptions): Bench {
  const bench = new Bench(options)
  bench.respond = () => kite({ order_id: '25' })
  return bench
}

test('an order goes out once, with all that the journal needs, under a tag that the book repeats', async () => {
  const bench = accepting()
  const told = await bench.place({ ...WITH_ID, strategy: 'breakout' })
  assert.deepEqual(told, ACCEPTED)
  const [task, ...others] = bench.tasks
  assert.deepEqual(others, [])
  const { intentId, askHash, ask, ...rest } = task!
  assert.deepEqual(rest, {
    broker: 'zerodha',
    name: 'place',
    clientOrderId: 'mine-1',
    keyId: 'key1',
    strategy: 'breakout',
  })
  assert.match(intentId, /^[a-z0-9]{16,20}$/)
  assert.match(askHash, /^[0-9a-f]{64}$/)
  assert.equal('tag' in ask && ask.tag, intentId)
  assert.equal(bench.requests[0]?.form?.tag, intentId)
  // Plain data, because it crosses threads.
  assert.deepEqual(structuredClone(task), task)
})

test('no two intents have the same id, also of two runs in one millisecond', async () => {
  const ids = new Set<string>()
  for (let run = 0; run < 4; run++) {
    const bench = accepting({ orders: { quotas: [] }, broker: { algoId: 'a' } })
    for (let at = 0; at < 250; at++) await bench.place(LIMIT_ORDER)
    for (const { intentId } of bench.tasks) ids.add(intentId)
  }
  assert.equal(ids.size, 1000)
})

test("the broker's refusal comes back with its code and its words", async () => {
  const bench = new Bench()
  bench.respond = () => kiteError(400, 'MarginException', 'Insufficient funds.')
  const error = { code: 'INSUFFICIENT_FUNDS', message: 'Insufficient funds.' }
  assert.deepEqual(await bench.place(LIMIT_ORDER), { error })
  assert.equal(bench.searches.size, 0)
})

test('the same id and the same order get the first answer, also while that is on its way', async () => {
  const bench = new Bench()
  let answerNow = () => {}
  const answering = new Promise<void>((resolve) => {
    answerNow = resolve
  })
  bench.respond = () => answering.then(() => kite({ order_id: '25' }))
  const first = bench.place(WITH_ID)
  const second = bench.place({ ...WITH_ID, quantity: '10', price: '2985.50' })
  answerNow()
  assert.deepEqual(await Promise.all([first, second]), [ACCEPTED, ACCEPTED])
  bench.session = null
  bench.isKilled = true
  assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
  assert.equal(bench.tasks.length, 1)
})

test('two at the same time go out once, also when a price has to be asked for first', async () => {
  const bench = new Bench({ limits: { valueMax: 1_000_000 } })
  bench.respond = ({ url }) =>
    url.includes('/quote')
      ? kite({ 'NSE:RELIANCE': { last_price: 2990 } })
      : kite({ order_id: '25' })
  const market = { ...WITH_ID, pricetype: 'MARKET' }
  assert.deepEqual(await Promise.all([bench.place(market), bench.place(market)]), [
    ACCEPTED,
    ACCEPTED,
  ])
  assert.equal(bench.tasks.length, 1)
})

test('the same id for another order, or of another kind, is refused and nothing is sent', async () => {
  const bench = accepting()
  await bench.place(WITH_ID)
  for (const change of [
    { quantity: 11 },
    { price: 2985.55 },
    { action: 'SELL' },
    { symbol: 'INFY' },
    { product: 'CNC' },
    { validity: 'IOC' },
  ]) {
    const told = await bench.place({ ...WITH_ID, ...change })
    assert.ok('error' in told)
    assert.deepEqual([told.error.code, told.error.field], ['INVALID_INPUT', 'client_order_id'])
  }
  const other = await bench.gateway.cancel({ orderid: '25', client_order_id: 'mine-1' }, CALLER)
  assert.ok('error' in other && other.error.field === 'client_order_id')
  assert.equal(bench.tasks.length, 1)
})

test('an order that was refused before it was sent may be tried again under its id', async () => {
  const bench = accepting()
  bench.isKilled = true
  assert.ok('error' in (await bench.place(WITH_ID)))
  bench.isKilled = false
  assert.deepEqual(await bench.place({ ...WITH_ID, quantity: 5 }), ACCEPTED)
})

test("a broker's refusal is a first answer too", async () => {
  const bench = new Bench()
  bench.respond = () => kiteError(400, 'OrderException', 'no')
  const first = await bench.place(WITH_ID)
  bench.respond = () => kite({ order_id: '25' })
  assert.deepEqual(await bench.place(WITH_ID), first)
  assert.equal(bench.tasks.length, 1)
})

test('ids are remembered through their day and the next', async () => {
  const bench = accepting()
  await bench.place(WITH_ID)
  bench.nowMs += DAY_MS
  await bench.place({ ...LIMIT_ORDER, client_order_id: 'of the next day' })
  await bench.place({ ...LIMIT_ORDER, client_order_id: 'next-day' })
  await bench.place(WITH_ID)
  assert.equal(bench.tasks.length, 2)
  bench.nowMs += DAY_MS
  await bench.place({ ...LIMIT_ORDER, client_order_id: 'day-after' })
  await bench.place(WITH_ID)
  assert.equal(bench.tasks.length, 4)
})

test('an unknown outcome is told with the tag, looked for, and never sent again', async () => {
  const bench = new Bench()
  bench.respond = () => ({ status: 504, headers: {}, body: '<html>' })
  const told = await bench.place(WITH_ID)
  const [intentId, search] = [...bench.searches][0]!
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.tag], ['UNKNOWN_OUTCOME', intentId])
  assert.match(told.error.message, /was sent.*HTTP 504/)
  assert.deepEqual(await bench.place(WITH_ID), told)
  search.end({ outcome: 'accepted', id: '77' })
  await new Promise(setImmediate)
  const found = { ok: { broker: 'zerodha', orderid: '77' } }
  assert.deepEqual(await bench.place(WITH_ID), found)
  assert.equal(bench.tasks.length, 1)
})

test('new orders of an instrument are held while the fate of one is unknown; others and cancels are not', async () => {
  const bench = new Bench()
  bench.respond = () => ({ status: 0, headers: {}, body: '' })
  await bench.place(LIMIT_ORDER)
  bench.respond = () => kite({ order_id: '25' })
  const [intentId, search] = [...bench.searches][0]!
  const held = await bench.place({ ...LIMIT_ORDER, action: 'SELL' })
  assert.ok('error' in held)
  assert.deepEqual([held.error.code, held.error.tag], ['UNKNOWN_OUTCOME', intentId])
  assert.deepEqual(await bench.place({ ...LIMIT_ORDER, symbol: 'INFY' }), ACCEPTED)
  assert.deepEqual(await bench.place(FUTURE_ORDER), ACCEPTED)
  assert.deepEqual(await bench.gateway.cancel({ orderid: '25' }, CALLER), ACCEPTED)
  bench.searches.delete(intentId)
  search.end({ outcome: 'unknown', why: 'not found' })
  assert.deepEqual(await bench.place({ ...LIMIT_ORDER, action: 'SELL' }), ACCEPTED)
})

test('a GTT is held while the fate of its like is unknown, and the one that was accepted is told', async () => {
  const bench = new Bench()
  bench.lastPrices.set(0, { price: 2990, receivedAtMs: bench.nowMs })
  const { exchange, symbol, action, quantity } = LIMIT_ORDER
  const common = { exchange, symbol, action, quantity, product: 'CNC', trigger_type: 'SINGLE' }
  const gtt = { ...common, triggerprice_sl: 2900, price: 2900 }
  bench.respond = () => kite({ trigger_id: 7 })
  assert.ok('ok' in (await bench.gateway.placeGtt(gtt, CALLER)))
  assert.deepEqual(bench.accepted, ['placeGtt 7'])
  bench.respond = () => ({ status: 0, headers: {}, body: '' })
  await bench.gateway.placeGtt(gtt, CALLER)
  const held = await bench.gateway.placeGtt(gtt, CALLER)
  assert.ok('error' in held && held.error.tag === [...bench.searches.keys()][0])
  assert.equal(bench.tasks.length, 2)
  bench.respond = () => kite({ order_id: '25' })
  assert.deepEqual(await bench.place(LIMIT_ORDER), ACCEPTED)
})

test('holding can be turned off', async () => {
  const bench = new Bench({ options: { holdUnknown: false } })
  bench.respond = () => ({ status: 0, headers: {}, body: '' })
  await bench.place(LIMIT_ORDER)
  bench.respond = () => kite({ order_id: '25' })
  assert.deepEqual(await bench.place(LIMIT_ORDER), ACCEPTED)
})

test('without a session nothing is asked of the broker', async () => {
  const bench = new Bench()
  bench.session = null
  const { gateway } = bench
  const gtt = { exchange: 'NSE', symbol: 'RELIANCE', action: 'BUY', product: 'CNC', quantity: 1 }
  const calls = [
    gateway.place(LIMIT_ORDER, CALLER),
    gateway.modify({ ...LIMIT_ORDER, orderid: '25' }, CALLER),
    gateway.cancel({ orderid: '25' }, CALLER),
    gateway.placeGtt({ ...gtt, trigger_type: 'SINGLE', triggerprice_sl: 5, price: 5 }, CALLER),
    gateway.cancelGtt({ trigger_id: '7' }, CALLER),
    gateway.orderBook({}),
    gateway.orderStatus({ orderid: '25' }),
    gateway.tradeBook({}),
    gateway.positions({}),
    gateway.holdings({}),
    gateway.funds({}),
    gateway.gttBook({}),
    gateway.margin({ positions: [LIMIT_ORDER] }),
    gateway.quote({ exchange: 'NSE', symbol: 'INFY' }),
    gateway.quotes({ symbols: [{ exchange: 'NSE', symbol: 'INFY' }] }),
    gateway.depth({ exchange: 'NSE', symbol: 'INFY' }),
    gateway.history({
      exchange: 'NSE',
      symbol: 'INFY',
      interval: 'D',
      start_date: '2026-06-01',
      end_date: '2026-06-30',
    }),
  ]
  for (const told of await Promise.all(calls)) {
    assert.ok('error' in told)
    assert.equal(told.error.code, 'INVALID_TOKEN')
    assert.match(told.error.message, /tickplant login zerodha/)
  }
  assert.equal(bench.requests.length, 0)
})

test('a session that the broker does not take is told on, by writes and by reads', async () => {
  const bench = new Bench()
  bench.respond = () => kiteError(403, 'TokenException', 'Incorrect `access_token`.')
  for (const told of [await bench.place(LIMIT_ORDER), await bench.gateway.funds({})]) {
    assert.ok('error' in told && told.error.code === 'INVALID_TOKEN')
  }
  assert.deepEqual(new Set(bench.refused), new Set(['zerodha: Incorrect `access_token`.']))
})

test('a session that ends while a price is asked for sends nothing', async () => {
  const bench = new Bench({ limits: { valueMax: 1_000_000 } })
  bench.respond = () => {
    bench.session = null
    return kite({ 'NSE:RELIANCE': { last_price: 2990 } })
  }
  const told = await bench.place({ ...LIMIT_ORDER, pricetype: 'MARKET' })
  assert.ok('error' in told && told.error.code === 'INVALID_TOKEN')
  assert.equal(bench.tasks.length, 0)
})

test('the account is the one that is named, and the first where none is', async () => {
  const others = [{ ...accepting().broker, spec: upstox, limits: NO_LIMITS }]
  const bench = accepting({ others })
  assert.deepEqual(await bench.place({ ...LIMIT_ORDER, broker: 'zerodha' }), ACCEPTED)
  const told = await bench.place({ ...LIMIT_ORDER, broker: 'upstox' })
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.field], ['UNSUPPORTED', 'broker'])
  assert.match(told.error.message, /^upstox: its orders are not part/)
  const unknown = await bench.place({ ...LIMIT_ORDER, broker: 'groww' })
  assert.ok('error' in unknown)
  assert.match(unknown.error.message, /"groww"; it must be one of zerodha/)
})

test('a call that a broker has not is refused with its reason', async () => {
  const { broker } = new Bench()
  const { writes, reads } = broker.spec.orders as Exclude<
    typeof broker.spec.orders,
    { unsupported: string }
  >
  const none = unsupported('it has no such call')
  const bench = new Bench({
    orders: {
      writes: { ...writes, placeGtt: none, modifyGtt: none, cancelGtt: none },
      reads: { ...reads, margin: none, history: none, gttBook: none, orderStatus: none },
    },
  })
  const gtt = { exchange: 'NSE', symbol: 'RELIANCE', action: 'BUY', product: 'CNC', quantity: 1 }
  const history = { interval: 'D', start_date: '2026-06-01', end_date: '2026-06-30' }
  for (const told of [
    await bench.gateway.placeGtt(
      { ...gtt, trigger_type: 'SINGLE', triggerprice_sl: 5, price: 5 },
      CALLER,
    ),
    await bench.gateway.cancelGtt({ trigger_id: '7' }, CALLER),
    await bench.gateway.gttBook({}),
    await bench.gateway.margin({ positions: [LIMIT_ORDER] }),
    await bench.gateway.history({ exchange: 'NSE', symbol: 'INFY', ...history }),
  ]) {
    const error = { code: 'UNSUPPORTED', message: 'zerodha: it has no such call' }
    assert.deepEqual(told, { error })
  }
  assert.equal(bench.requests.length, 0)
  // One order is then found in the book.
  bench.respond = () => kite([])
  const told = await bench.gateway.orderStatus({ orderid: '25' })
  assert.ok('error' in told && told.error.code === 'NOT_FOUND')
  assert.ok(bench.requests[0]?.url.endsWith('/orders'))
})
