import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDesk, RELIANCE_TOKEN, type Row } from './kite-desk.ts'

const KEY = 'NSE:RELIANCE'

test('an order has the fields that Kite gives it', async (t) => {
  const desk = await openDesk(t, { clock: () => Date.UTC(2026, 7, 18, 4, 30, 5) })
  const id = await desk.placed({})
  const { guid, exchange_order_id: exchangeId, ...order } = await desk.order(id)
  assert.ok(guid)
  assert.match(String(exchangeId), /^\d{16}$/)
  assert.deepEqual(order, {
    account_id: 'SIM001',
    placed_by: 'SIM001',
    order_id: id,
    parent_order_id: null,
    status: 'OPEN',
    status_message: null,
    status_message_raw: null,
    order_timestamp: '2026-08-18 10:00:05',
    exchange_update_timestamp: '2026-08-18 10:00:05',
    exchange_timestamp: '2026-08-18 10:00:05',
    variety: 'regular',
    modified: false,
    exchange: 'NSE',
    tradingsymbol: 'RELIANCE',
    instrument_token: RELIANCE_TOKEN,
    order_type: 'LIMIT',
    transaction_type: 'BUY',
    validity: 'DAY',
    validity_ttl: 0,
    product: 'MIS',
    quantity: 10,
    disclosed_quantity: 0,
    price: 1200,
    trigger_price: 0,
    average_price: 0,
    filled_quantity: 0,
    pending_quantity: 10,
    cancelled_quantity: 0,
    market_protection: -1,
    meta: {},
    tag: 'desk1',
    tags: ['desk1'],
  })
})

test('a trade has the fields that Kite gives it', async (t) => {
  const desk = await openDesk(t, { clock: () => Date.UTC(2026, 7, 18, 4, 30, 5) })
  const id = await desk.placed({ order_type: 'MARKET', price: 0 })
  const [trade] = (await desk.get('/trades')) as Row[]
  assert.deepEqual(Object.keys(trade!), [
    'trade_id',
    'order_id',
    'exchange_order_id',
    'exchange',
    'tradingsymbol',
    'instrument_token',
    'product',
    'average_price',
    'quantity',
    'transaction_type',
    'fill_timestamp',
    'order_timestamp',
    'exchange_timestamp',
  ])
  assert.equal(trade!.order_id, id)
  assert.equal(trade!.order_timestamp, '10:00:05')
  assert.equal(trade!.fill_timestamp, '2026-08-18 10:00:05')
})

test('an order is modified and cancelled', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({ quantity: 10 })
  assert.equal((await desk.modify(id, { quantity: 20, price: 1201 })).status, 200)
  const changed = await desk.order(id)
  assert.equal(changed.quantity, 20)
  assert.equal(changed.price, 1201)
  assert.equal(changed.modified, true)
  const { data } = await desk.cancel(id)
  assert.deepEqual(data, { order_id: id })
  const cancelled = await desk.order(id)
  assert.equal(cancelled.status, 'CANCELLED')
  assert.equal(cancelled.cancelled_quantity, 20)
  assert.deepEqual((await desk.statuses(id)).slice(3), [
    'OPEN',
    'MODIFY VALIDATION PENDING',
    'MODIFY PENDING',
    'OPEN',
    'CANCEL PENDING',
    'CANCELLED',
  ])
  assert.equal((await desk.cancel(id)).errorType, 'OrderException')
  assert.equal((await desk.modify(id, { price: 1202 })).errorType, 'OrderException')
  desk.move(1190)
  assert.equal((await desk.order(id)).filled_quantity, 0)
})

test('an order modified into the market trades there', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({})
  const market = { order_type: 'MARKET', price: 0 }
  assert.equal((await desk.modify(id, market)).errorType, 'InputException')
  assert.equal((await desk.order(id)).status, 'OPEN')
  assert.equal((await desk.modify(id, { ...market, market_protection: -1 })).status, 200)
  const done = await desk.order(id)
  assert.equal(done.status, 'COMPLETE')
  assert.equal(done.order_type, 'MARKET')
})

test('an order is changed 25 times and no more', async (t) => {
  const desk = await openDesk(t, { limits: { ordersPerSecond: 1000, othersPerSecond: 1000 } })
  const id = await desk.placed({})
  for (let change = 1; change <= 25; change++) {
    assert.equal((await desk.modify(id, { price: 1200 + change })).status, 200)
  }
  const tooOften = await desk.modify(id, { price: 1100 })
  assert.equal(tooOften.message, 'Maximum allowed order modifications exceeded.')
  assert.equal((await desk.order(id)).price, 1225)
})

test('a partly filled order cannot shrink to what it has', async (t) => {
  const desk = await openDesk(t)
  const best = (await desk.quote(KEY)).depth.sell[0]!
  const id = await desk.placed({ price: best.price, quantity: best.quantity + 10 })
  assert.equal((await desk.modify(id, { quantity: best.quantity })).errorType, 'InputException')
  assert.equal((await desk.modify(id, { quantity: best.quantity + 1 })).status, 200)
  assert.equal((await desk.order(id)).pending_quantity, 1)
})

test('unknown orders and varieties are refused', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({})
  for (const [method, path] of [
    ['PUT', '/orders/regular/1'],
    ['DELETE', '/orders/regular/1'],
    ['DELETE', `/orders/amo/${id}`],
    ['GET', '/orders/1'],
    ['GET', '/orders/1/trades'],
  ]) {
    const { status, errorType, message } = await desk.call(method!, path!)
    assert.deepEqual(
      [status, errorType, message],
      [400, 'OrderException', "Couldn't find that `order_id`."],
    )
  }
  assert.equal((await desk.place({}, 'turbo')).errorType, 'InputException')
  assert.equal((await desk.place({}, 'co')).errorType, 'OrderException')
})

test('an order after hours waits for the next session', async (t) => {
  const desk = await openDesk(t)
  const { data } = await desk.place({ price: 1400 }, 'amo')
  const id = (data as { order_id: string }).order_id
  desk.move(1300)
  assert.equal((await desk.order(id)).status, 'AMO REQ RECEIVED')
  assert.equal((await desk.call('DELETE', `/orders/amo/${id}`)).status, 200)
  assert.equal((await desk.order(id)).status, 'CANCELLED AMO')
})

test('an order above the freeze quantity is refused, or cut where it is allowed', async (t) => {
  const desk = await openDesk(t)
  const { tradingsymbol } = desk.named('NFO', 'NIFTY26AUGFUT')
  const order = { exchange: 'NFO', tradingsymbol, product: 'NRML', price: 24_000, quantity: 1820 }
  const { errorType } = await desk.place(order)
  assert.equal(errorType, 'InputException')
  const cash = { cash: { equity: 1e9 } }
  const rich = await openDesk(t, { account: cash })
  const { data } = await rich.place({ ...order, autoslice: 'true' })
  const { order_id, children } = data as { order_id: string; children: { order_id: string }[] }
  assert.equal(children.length, 1)
  assert.equal((await rich.order(order_id)).quantity, 1755)
  assert.equal((await rich.order(children[0]!.order_id)).quantity, 65)
})

test('a price outside the band is taken and then rejected', async (t) => {
  const desk = await openDesk(t)
  const { lower_circuit_limit: low, upper_circuit_limit: high } = await desk.quote(KEY)
  for (const price of [low - 0.05, high + 0.05]) {
    const id = await desk.placed({ price: Number(price.toFixed(2)) })
    const {
      status,
      status_message: why,
      pending_quantity,
      exchange_order_id,
    } = await desk.order(id)
    assert.equal(status, 'REJECTED')
    assert.match(String(why), /circuit limit/)
    assert.equal(pending_quantity, 0)
    assert.equal(exchange_order_id, null)
  }
  assert.equal((await desk.order(await desk.placed({ price: low }))).status, 'OPEN')
})

test('quantities of commodities and currencies are lots', async (t) => {
  const desk = await openDesk(t)
  const crude = desk.named('MCX', 'CRUDEOIL26')
  const fields = { exchange: 'MCX', tradingsymbol: crude.tradingsymbol, product: 'NRML' }
  await desk.placed({ ...fields, order_type: 'MARKET', price: 0, quantity: 2 })
  const [position] = (await desk.positions()).net
  assert.equal(position!.quantity, 2)
  assert.equal(position!.multiplier, 100)
  const price = position!.average_price as number
  assert.ok(Math.abs((position!.buy_value as number) - 200 * price) < 0.01)
})

test('orders that are more than the simulator keeps are refused', async (t) => {
  const desk = await openDesk(t, { account: { ordersMax: 2 } })
  await desk.placed({})
  await desk.placed({})
  assert.equal((await desk.place({})).errorType, 'OrderException')
  assert.equal((await desk.orders()).length, 2)
})
