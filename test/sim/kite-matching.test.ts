import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDesk, RELIANCE_TOKEN, type Row, sum } from './kite-desk.ts'

const KEY = 'NSE:RELIANCE'

test('a limit that nobody meets rests, and is filled when the market comes to it', async (t) => {
  const desk = await openDesk(t)
  const { depth, last_price } = await desk.quote(KEY)
  const price = last_price - 1
  assert.ok(price < depth.sell[0]!.price)
  const id = await desk.placed({ price, quantity: 10, tag: 'abc123' })
  assert.match(id, /^\d{19}$/)
  const open = await desk.order(id)
  assert.equal(open.status, 'OPEN')
  assert.equal(open.pending_quantity, 10)
  assert.equal(open.tag, 'abc123')
  assert.deepEqual(open.tags, ['abc123'])
  desk.move(price - 1)
  const done = await desk.order(id)
  assert.equal(done.status, 'COMPLETE')
  assert.equal(done.filled_quantity, 10)
  assert.equal(done.pending_quantity, 0)
  assert.ok((done.average_price as number) <= price)
  assert.deepEqual(await desk.statuses(id), [
    'PUT ORDER REQ RECEIVED',
    'VALIDATION PENDING',
    'OPEN PENDING',
    'OPEN',
    'COMPLETE',
  ])
})

test('an order takes what the levels have, and its rest is filled by later ticks', async (t) => {
  const desk = await openDesk(t)
  const { depth, last_price } = await desk.quote(KEY)
  const [best, next] = depth.sell
  const quantity = best!.quantity + next!.quantity + 1000
  const id = await desk.placed({ quantity, price: next!.price })
  const part = await desk.order(id)
  assert.equal(part.status, 'OPEN')
  assert.equal(part.filled_quantity, best!.quantity + next!.quantity)
  assert.equal(part.pending_quantity, 1000)
  const after = await desk.quote(KEY)
  assert.equal(after.last_price, last_price)
  assert.deepEqual(after.depth.sell.slice(0, 3), depth.sell.slice(2))
  assert.deepEqual(after.depth.sell.slice(3), Array(2).fill({ price: 0, quantity: 0, orders: 0 }))
  const trades = (await desk.get(`/orders/${id}/trades`)) as Row[]
  assert.deepEqual(
    trades.map(({ average_price: price, quantity: traded }) => [price, traded]),
    [best, next].map((level) => [level!.price, level!.quantity]),
  )
  const average =
    (best!.price * best!.quantity + next!.price * next!.quantity) / sum([best!, next!])
  assert.ok(Math.abs((part.average_price as number) - average) < 1e-4)
  for (let ticks = 0; ticks < 500; ticks++) desk.kite.tickOnce([RELIANCE_TOKEN])
  assert.equal((await desk.order(id)).status, 'COMPLETE')
  const statuses = await desk.statuses(id)
  assert.equal(statuses.at(-1), 'COMPLETE')
  assert.ok(statuses.slice(4, -1).every((status) => status === 'UPDATE'))
  const book = (await desk.get('/trades')) as Row[]
  const mine = book.filter(({ order_id }) => order_id === id)
  assert.equal(sum(mine as never), quantity)
  assert.equal(new Set(book.map(({ trade_id }) => trade_id)).size, book.length)
})

test('orders at a better price come first, and among equals the earlier one', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 1e9 } } })
  const { last_price } = await desk.quote(KEY)
  const [low, high] = [last_price - 10, last_price - 5]
  const ids: string[] = []
  for (const price of [low, high, high]) {
    ids.push(await desk.placed({ price, quantity: 100_000, product: 'MIS' }))
  }
  desk.move(low - 5)
  const filled = await Promise.all(ids.map(async (id) => (await desk.order(id)).filled_quantity))
  assert.equal(filled[0], 0)
  assert.ok((filled[1] as number) > 0)
  assert.equal(filled[2], 0)
})

test('a level that is taken in part keeps the rest', async (t) => {
  const desk = await openDesk(t)
  const before = await desk.quote(KEY)
  await desk.placed({ order_type: 'MARKET', price: 0, quantity: 1 })
  const after = await desk.quote(KEY)
  const [best, ...others] = before.depth.sell
  assert.deepEqual(after.depth.sell, [{ ...best, quantity: best!.quantity - 1 }, ...others])
})

test('a sale goes to the bids, down to its limit', async (t) => {
  const desk = await openDesk(t)
  const { depth } = await desk.quote(KEY)
  const [best, next] = depth.buy
  const quantity = best!.quantity + 1
  const id = await desk.placed({ transaction_type: 'SELL', price: next!.price, quantity })
  const order = await desk.order(id)
  assert.equal(order.status, 'COMPLETE')
  const trades = (await desk.get(`/orders/${id}/trades`)) as Row[]
  assert.deepEqual(
    trades.map(({ average_price: price }) => price),
    [best!.price, next!.price],
  )
})

test('an immediate order keeps what it got and gives up the rest', async (t) => {
  const desk = await openDesk(t)
  const { depth } = await desk.quote(KEY)
  const best = depth.sell[0]!
  const terms = { validity: 'IOC', price: best.price }
  const id = await desk.placed({ ...terms, quantity: best.quantity + 7 })
  const part = await desk.order(id)
  assert.equal(part.status, 'CANCELLED')
  assert.equal(part.filled_quantity, best.quantity)
  assert.equal(part.cancelled_quantity, 7)
  const none = await desk.order(await desk.placed({ validity: 'IOC', price: best.price - 20 }))
  assert.equal(none.status, 'CANCELLED')
  assert.equal(none.filled_quantity, 0)
  const whole = await desk.placed({ ...terms, price: best.price + 20, quantity: 1 })
  assert.equal((await desk.order(whole)).status, 'COMPLETE')
})

test('an order of some minutes ends after them', async (t) => {
  let nowMs = Date.UTC(2026, 7, 18, 4, 30)
  const desk = await openDesk(t, { clock: () => nowMs })
  const id = await desk.placed({ validity: 'TTL', validity_ttl: 2 })
  nowMs += 119_000
  assert.equal((await desk.order(id)).status, 'OPEN')
  nowMs += 1000
  const ended = await desk.order(id)
  assert.equal(ended.status, 'CANCELLED')
  assert.equal(ended.validity_ttl, 2)
  assert.equal((await desk.cancel(id)).errorType, 'OrderException')
})

test('a market order trades within its protection and rests there', async (t) => {
  const desk = await openDesk(t, { account: { cash: { equity: 1e9 } } })
  const market = { order_type: 'MARKET', price: 0 }
  const refused = await desk.place({ ...market, market_protection: 0 })
  assert.equal(refused.errorType, 'InputException')
  assert.match(refused.message, /^Market orders without market protection are not allowed via API/)
  const done = await desk.order(await desk.placed(market))
  assert.equal(done.status, 'COMPLETE')
  assert.equal(done.price, 0)
  const { last_price } = await desk.quote(KEY)
  const id = await desk.placed({ ...market, quantity: 50_000, market_protection: 0.01 })
  const part = await desk.order(id)
  assert.equal(part.status, 'OPEN')
  const trades = (await desk.get(`/orders/${id}/trades`)) as Row[]
  for (const { average_price } of trades) {
    assert.ok((average_price as number) <= last_price * 1.0001)
  }
})

test('a stop waits for its trigger, and is then a limit order', async (t) => {
  const desk = await openDesk(t)
  const { last_price } = await desk.quote(KEY)
  const trigger = last_price + 5
  const stop = { order_type: 'SL', trigger_price: trigger, price: trigger + 5 }
  const id = await desk.placed(stop)
  assert.equal((await desk.order(id)).status, 'TRIGGER PENDING')
  desk.move(trigger - 1)
  assert.equal((await desk.order(id)).status, 'TRIGGER PENDING')
  desk.move(trigger)
  const done = await desk.order(id)
  assert.equal(done.status, 'COMPLETE')
  assert.ok((done.average_price as number) >= trigger)
  assert.deepEqual((await desk.statuses(id)).slice(3), ['TRIGGER PENDING', 'OPEN', 'COMPLETE'])
})

test('a stop whose market has run past its limit stays open', async (t) => {
  const desk = await openDesk(t)
  const { last_price } = await desk.quote(KEY)
  const id = await desk.placed({
    order_type: 'SL',
    trigger_price: last_price + 1,
    price: last_price + 2,
  })
  desk.move(last_price + 10)
  assert.equal((await desk.order(id)).status, 'OPEN')
  desk.move(last_price)
  assert.equal((await desk.order(id)).status, 'COMPLETE')
})

test('a stop at market sells when the price falls to its trigger', async (t) => {
  const desk = await openDesk(t)
  const { last_price } = await desk.quote(KEY)
  const stop = { order_type: 'SL-M', transaction_type: 'SELL', price: 0 }
  const trigger = last_price - 3
  const unprotected = { ...stop, trigger_price: trigger, market_protection: 0 }
  assert.equal((await desk.place(unprotected)).errorType, 'InputException')
  const id = await desk.placed({ ...stop, trigger_price: trigger })
  assert.equal((await desk.order(id)).status, 'TRIGGER PENDING')
  desk.move(trigger - 1)
  assert.equal((await desk.order(id)).status, 'COMPLETE')
})

test('the same calls give the same trades for the same seed', async (t) => {
  const run = async () => {
    const desk = await openDesk(t, { clock: () => Date.UTC(2026, 7, 18, 4, 30), seed: 5 })
    await desk.placed({ order_type: 'MARKET', price: 0, quantity: 3000 })
    await desk.placed({ price: (await desk.quote(KEY)).last_price - 0.5, quantity: 5000 })
    for (let ticks = 0; ticks < 200; ticks++) desk.kite.tickOnce([RELIANCE_TOKEN])
    return { trades: await desk.get('/trades'), record: desk.kite.record() }
  }
  const first = await run()
  assert.ok((first.trades as Row[]).length > 5)
  // Two orders of one millisecond have ids of their own.
  assert.equal(first.record.orders.length, 2)
  assert.deepEqual(await run(), first)
})

test('orders do not bend the path of the prices', async (t) => {
  const path = async (trades: boolean) => {
    const desk = await openDesk(t)
    const prices: number[] = []
    for (let ticks = 0; ticks < 50; ticks++) {
      if (trades) await desk.placed({ order_type: 'MARKET', price: 0, quantity: 500 })
      desk.kite.tickOnce([RELIANCE_TOKEN])
      prices.push((await desk.quote(KEY)).last_price)
    }
    return prices
  }
  assert.deepEqual(await path(true), await path(false))
})
