// What orders take of the funds, and what is told of it before they are placed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { near, openDesk, type Row, trade } from './kite-desk.ts'

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
