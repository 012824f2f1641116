import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Desk, openDesk, type Row } from './kite-desk.ts'

const near = (actual: unknown, expected: number, what?: string) =>
  assert.ok(Math.abs((actual as number) - expected) < 0.01, `${what}: ${actual}, not ${expected}`)
const MARKET = { order_type: 'MARKET', price: 0 }

/** Buys or sells at market; gives the average price. */
async function trade(desk: Desk, side: string, fields: Row = {}): Promise<number> {
  const id = await desk.placed({ ...MARKET, transaction_type: side, ...(fields as object) })
  const order = await desk.order(id)
  assert.equal(order.status, 'COMPLETE')
  return order.average_price as number
}

test('a position has what was bought, what was sold and what it would bring now', async (t) => {
  const desk = await openDesk(t)
  const bought = await trade(desk, 'BUY', { quantity: 30 })
  const sold = await trade(desk, 'SELL', { quantity: 10 })
  desk.move(1320)
  const { net, day } = await desk.positions()
  assert.equal(net.length, 1)
  assert.deepEqual(day, net)
  const position = net[0]!
  assert.equal(position.tradingsymbol, 'RELIANCE')
  assert.equal(position.product, 'MIS')
  assert.equal(position.quantity, 20)
  assert.equal(position.multiplier, 1)
  assert.equal(position.overnight_quantity, 0)
  near(position.average_price, bought, 'average_price')
  assert.equal(position.last_price, 1320)
  near(position.buy_value, 30 * bought, 'buy_value')
  near(position.sell_value, 10 * sold, 'sell_value')
  near(position.value, 10 * sold - 30 * bought, 'value')
  near(position.pnl, 10 * sold - 30 * bought + 20 * 1320, 'pnl')
  assert.equal(position.unrealised, position.pnl)
  assert.equal(position.realised, 0)
  assert.equal(position.day_buy_quantity, 30)
  assert.equal(position.day_sell_quantity, 10)
})

test('a flat position stays in the book with its profit', async (t) => {
  const desk = await openDesk(t)
  const bought = await trade(desk, 'BUY')
  desk.move(1330)
  const sold = await trade(desk, 'SELL')
  const [position] = (await desk.positions()).net
  assert.equal(position!.quantity, 0)
  assert.equal(position!.average_price, 0)
  near(position!.pnl, 10 * (sold - bought), 'pnl')
})

test('what was carried over is in the net positions and not in the day', async (t) => {
  const overnight = [
    {
      exchange: 'NFO',
      tradingsymbol: 'NIFTY26AUGFUT',
      product: 'NRML',
      quantity: -130,
      averagePrice: 24_000,
    },
  ] as const
  const desk = await openDesk(t, { account: { overnight } })
  const before = await desk.positions()
  assert.deepEqual(before.day, [])
  assert.equal(before.net[0]!.quantity, -130)
  assert.equal(before.net[0]!.sell_value, 130 * 24_000)
  const close = before.net[0]!.close_price as number
  near(before.net[0]!.m2m, -130 * ((before.net[0]!.last_price as number) - close), 'm2m')
  const future = { exchange: 'NFO', tradingsymbol: 'NIFTY26AUGFUT', product: 'NRML' }
  await trade(desk, 'BUY', { ...future, quantity: 65 })
  const { net, day } = await desk.positions()
  assert.equal(net[0]!.quantity, -65)
  assert.equal(net[0]!.overnight_quantity, -130)
  assert.equal(day[0]!.quantity, 65)
  assert.equal(day[0]!.overnight_quantity, 0)
})

test('margins move with orders, trades and profits, and come back', async (t) => {
  const desk = await openDesk(t)
  const start = (await desk.funds()).net
  assert.equal(start, 10_000_000)
  const id = await desk.placed({ price: 1200, quantity: 100 })
  near((await desk.funds()).net, start - (1200 * 100) / 5, 'an open order is blocked')
  await desk.modify(id, { quantity: 50 })
  near((await desk.funds()).net, start - (1200 * 50) / 5, 'after a change')
  await desk.cancel(id)
  near((await desk.funds()).net, start, 'after it is cancelled')
  const bought = await trade(desk, 'BUY', { quantity: 100 })
  near((await desk.funds()).net, start - (bought * 100) / 5, 'the position is blocked')
  await desk.placed({ transaction_type: 'SELL', price: 1400, quantity: 100 })
  near((await desk.funds()).net, start - (bought * 100) / 5, 'closing takes nothing')
  desk.move(1350)
  const sold = await trade(desk, 'SELL', { quantity: 100 })
  const { net, utilised } = await desk.funds()
  near(utilised.m2m_realised, (sold - bought) * 100, 'm2m_realised')
  const waiting = (1400 * 100) / 5
  assert.ok(net > start - waiting && net <= start + (sold - bought) * 100)
})

test('an order that the funds do not cover is refused, and stands rejected in the book', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 100 } } })
  const { status, errorType, message } = await desk.place({ price: 1200, product: 'CNC' })
  assert.deepEqual([status, errorType], [400, 'MarginException'])
  assert.equal(
    message,
    'Insufficient funds. Required margin is 12000.00 but available margin is 100.00.',
  )
  const [order] = await desk.orders()
  assert.equal(order!.status, 'REJECTED')
  assert.equal(order!.status_message, message)
  assert.match(String(order!.status_message_raw), /^RMS:Margin Exceeds,Required:12000.00/)
  assert.equal((await desk.funds()).net, 100)
  assert.deepEqual(
    desk.kite.record().orders.map(({ tag, status }) => [tag, status]),
    [['desk1', 'REJECTED']],
  )
  assert.deepEqual(desk.kite.record().refused, [])
})

test('rejections can be left to the book', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 100 } }, rejections: 'book' })
  const id = await desk.placed({ price: 1200 })
  assert.equal((await desk.order(id)).status, 'REJECTED')
})

test('a change that the funds do not cover leaves the order as it was', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 5000 } } })
  const id = await desk.placed({ price: 1200, quantity: 10 })
  assert.equal((await desk.modify(id, { quantity: 1000 })).errorType, 'MarginException')
  const order = await desk.order(id)
  assert.equal(order.quantity, 10)
  assert.equal(order.status, 'OPEN')
  near((await desk.funds()).net, 5000 - 2400, 'net')
  assert.equal((await desk.modify(id, { quantity: 1000, price: 1290 })).status, 400)
  desk.move(1280)
  assert.equal((await desk.order(id)).status, 'OPEN')
})

test('shares are sold out of holdings, and no more of them than there are', async (t) => {
  const desk = await openDesk(t)
  const holdings = async () => (await desk.get('/portfolio/holdings')) as Row[]
  const [reliance, infosys] = await holdings()
  assert.equal(reliance!.tradingsymbol, 'RELIANCE')
  assert.equal(reliance!.isin, 'INE002A01018')
  assert.equal(reliance!.quantity, 100)
  assert.equal(infosys!.t1_quantity, 10)
  const average = reliance!.average_price as number
  near(reliance!.pnl, ((reliance!.last_price as number) - average) * 100, 'pnl')
  const sale = { product: 'CNC', transaction_type: 'SELL' }
  const tooMany = await desk.place({ ...sale, price: 1400, quantity: 101 })
  assert.deepEqual([tooMany.status, tooMany.errorType], [400, 'HoldingException'])
  const before = (await desk.funds()).net
  const sold = await trade(desk, 'SELL', { product: 'CNC', quantity: 60 })
  const [left] = await holdings()
  assert.equal(left!.quantity, 40)
  assert.equal(left!.used_quantity, 60)
  near((await desk.funds()).net, before + 60 * sold, 'the proceeds')
  near((await desk.funds()).utilised.holding_sales, 60 * sold, 'holding_sales')
  await desk.placed({ ...sale, price: 1400, quantity: 40 })
  const pending = await desk.place({ ...sale, price: 1400, quantity: 1 })
  assert.equal(pending.errorType, 'HoldingException')
  assert.match(pending.message, /pending sell orders/)
})

test('shares are sold without any money', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 0 } } })
  await trade(desk, 'SELL', { product: 'CNC', quantity: 10 })
})

test('what was bought for delivery today can be sold today', async (t) => {
  const desk = await openDesk(t, { account: { holdings: [] } })
  assert.deepEqual(await desk.get('/portfolio/holdings'), [])
  await trade(desk, 'BUY', { product: 'CNC', quantity: 10 })
  const sale = { product: 'CNC', transaction_type: 'SELL', price: 1400 }
  assert.equal((await desk.place({ ...sale, quantity: 11 })).errorType, 'HoldingException')
  await trade(desk, 'SELL', { product: 'CNC', quantity: 10 })
})

test('a bought option costs its premium, a sold one blocks a margin', async (t) => {
  const desk = await openDesk(t)
  const option = desk.named('NFO', 'NIFTY26')
  const call = desk.kite.instruments.find(({ instrumentType }) => instrumentType === 'CE')!
  assert.ok(option && call)
  const fields = { exchange: call.exchange, tradingsymbol: call.tradingsymbol, product: 'NRML' }
  const last = (await desk.quote(`${call.exchange}:${call.tradingsymbol}`)).last_price
  const bid = Number((last - 1).toFixed(2))
  const waiting = await desk.placed({ ...fields, quantity: call.lotSize, price: bid })
  near((await desk.funds()).utilised.option_premium, bid * call.lotSize, 'premium blocked')
  await desk.cancel(waiting)
  const price = await trade(desk, 'BUY', { ...fields, quantity: call.lotSize })
  const long = await desk.funds()
  near(long.utilised.option_premium, price * call.lotSize, 'premium paid')
  assert.equal(long.utilised.span, 0)
  desk.kite.tickOnce([call.token])
  await trade(desk, 'SELL', { ...fields, quantity: 2 * call.lotSize })
  const short = await desk.funds()
  assert.ok((short.utilised.option_premium as number) < 0)
  near(short.utilised.span, 0.1 * call.strike * call.lotSize, 'span')
})

test('funds are told by segment, in the shape of the dossier', async (t) => {
  const desk = await openDesk(t, { account: { collateral: 2000 } })
  const both = (await desk.get('/user/margins')) as Record<string, Row>
  assert.deepEqual(Object.keys(both), ['equity', 'commodity'])
  const equity = both.equity as Record<string, Row>
  assert.deepEqual(Object.keys(equity.available!), [
    'adhoc_margin',
    'cash',
    'opening_balance',
    'live_balance',
    'collateral',
    'intraday_payin',
  ])
  assert.equal(equity.available!.collateral, 2000)
  assert.equal(both.equity!.net, 10_002_000)
  assert.deepEqual(await desk.get('/user/margins/commodity'), both.commodity)
  assert.equal((await desk.call('GET', '/user/margins/gold')).errorType, 'InputException')
})

test('a position is converted to another product', async (t) => {
  const desk = await openDesk(t)
  const bought = await trade(desk, 'BUY', { quantity: 10 })
  const form = {
    exchange: 'NSE',
    tradingsymbol: 'RELIANCE',
    transaction_type: 'BUY',
    position_type: 'day',
    quantity: 6,
    old_product: 'MIS',
    new_product: 'CNC',
  }
  const convert = (fields: object) =>
    desk.call('PUT', '/portfolio/positions', { ...form, ...fields })
  assert.equal((await convert({ quantity: 11 })).errorType, 'OrderException')
  assert.equal((await convert({ transaction_type: 'SELL' })).errorType, 'OrderException')
  assert.equal((await convert({ new_product: 'MIS' })).errorType, 'InputException')
  assert.equal((await convert({})).data, true)
  const { net } = await desk.positions()
  assert.deepEqual(
    net.map(({ product, quantity }) => [product, quantity]),
    [
      ['MIS', 4],
      ['CNC', 6],
    ],
  )
  near((await desk.funds()).net, 10_000_000 - (4 * bought) / 5 - 6 * bought, 'funds')
})

test('margins are calculated before an order is placed', async (t) => {
  const desk = await openDesk(t)
  const share = {
    exchange: 'NSE',
    tradingsymbol: 'RELIANCE',
    transaction_type: 'BUY',
    variety: 'regular',
    product: 'CNC',
    order_type: 'LIMIT',
    quantity: 10,
    price: 1300,
    trigger_price: 0,
  }
  const future = { ...share, exchange: 'NFO', product: 'NRML', quantity: 65, price: 24_000 }
  const near26 = { ...future, tradingsymbol: 'NIFTY26AUGFUT' }
  const far26 = { ...future, tradingsymbol: 'NIFTY26SEPFUT', transaction_type: 'SELL' }
  const ask = async (path: string, orders: unknown) =>
    desk.call('POST', path, JSON.stringify(orders))
  const [one] = (await ask('/margins/orders', [share])).data as Row[]
  assert.equal(one!.total, 13_000)
  assert.equal(one!.var, 13_000)
  assert.equal(one!.leverage, 1)
  assert.ok((one!.charges as Row).total)
  const [intraday] = (await ask('/margins/orders', [{ ...share, product: 'MIS' }])).data as Row[]
  assert.equal(intraday!.total, 2600)
  const legs = (await ask('/margins/orders', [near26, far26])).data as Row[]
  const basket = (await ask('/margins/basket?consider_positions=true', [near26, far26])).data as {
    initial: Row
    final: Row
    orders: Row[]
  }
  assert.deepEqual(basket.orders, legs)
  const total = (legs[0]!.total as number) + (legs[1]!.total as number)
  near(basket.initial.total, total, 'initial')
  assert.ok((basket.final.total as number) < total / 2)
  const [compact] = (await ask('/margins/orders?mode=compact', [share])).data as Row[]
  assert.deepEqual(Object.keys(compact!), ['type', 'tradingsymbol', 'exchange', 'total'])
  for (const bad of [{}, [], [{ ...share, quantity: 0 }], [{ ...share, product: 'X' }], [null]]) {
    const { errorType } = await ask('/margins/orders', bad)
    assert.equal(errorType, 'InputException', JSON.stringify(bad))
  }
  assert.equal((await desk.call('POST', '/margins/orders', '{')).errorType, 'InputException')
})

test('a basket that hedges a position needs less than alone', async (t) => {
  const desk = await openDesk(t)
  const future = { exchange: 'NFO', product: 'NRML', quantity: 65 }
  await trade(desk, 'BUY', { ...future, tradingsymbol: 'NIFTY26AUGFUT' })
  const leg = {
    ...future,
    tradingsymbol: 'NIFTY26SEPFUT',
    transaction_type: 'SELL',
    variety: 'regular',
    order_type: 'MARKET',
    price: 0,
  }
  const final = async (query: string) => {
    const { data } = await desk.call('POST', `/margins/basket${query}`, JSON.stringify([leg]))
    return (data as { final: { total: number } }).final.total
  }
  const alone = await final('')
  assert.ok((await final('?consider_positions=true')) < alone / 2)
  await trade(desk, 'SELL', { ...future, tradingsymbol: 'NIFTY26AUGFUT' })
  await trade(desk, 'BUY', { ...future, tradingsymbol: 'BANKNIFTY26AUGFUT', quantity: 30 })
  near(await final('?consider_positions=true'), alone, 'beside another underlying')
})

test('the profile tells who trades', async (t) => {
  const desk = await openDesk(t)
  const { user_id, products } = (await desk.get('/user/profile')) as Row
  assert.equal(user_id, 'SIM001')
  assert.deepEqual(products, ['CNC', 'NRML', 'MIS'])
})
