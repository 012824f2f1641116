import assert from 'node:assert/strict'
import { test } from 'node:test'
import { near, openDesk, type Row, trade } from './kite-desk.ts'

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

test('the profile tells who trades', async (t) => {
  const desk = await openDesk(t)
  const { user_id, products } = (await desk.get('/user/profile')) as Row
  assert.equal(user_id, 'SIM001')
  assert.deepEqual(products, ['CNC', 'NRML', 'MIS'])
})
