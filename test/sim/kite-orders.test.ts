import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { KiteOptions } from '../../sim/kite-server.ts'
import { Desk, RELIANCE_TOKEN, sum } from './kite-desk.ts'
import { startKite } from './start-kite.ts'

const KEY = 'NSE:RELIANCE'

async function openDesk(t: TestContext, options: Partial<KiteOptions> = {}): Promise<Desk> {
  return new Desk(await startKite(t, { limits: false, ...options }))
}

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
  desk.kite.moveTo(RELIANCE_TOKEN, price - 1)
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
  const { depth } = await desk.quote(KEY)
  const [best, next] = depth.sell
  const quantity = best!.quantity + next!.quantity + 1000
  const id = await desk.placed({ quantity, price: next!.price })
  const part = await desk.order(id)
  assert.equal(part.status, 'OPEN')
  assert.equal(part.filled_quantity, best!.quantity + next!.quantity)
  assert.equal(part.pending_quantity, 1000)
  const after = await desk.quote(KEY)
  assert.deepEqual(after.depth.sell.slice(0, 3), depth.sell.slice(2))
  assert.deepEqual(after.depth.sell.slice(3), Array(2).fill({ price: 0, quantity: 0, orders: 0 }))
  const trades = (await desk.get(`/orders/${id}/trades`)) as Record<string, unknown>[]
  assert.deepEqual(
    trades.map(({ average_price: price, quantity: traded }) => [price, traded]),
    [best, next].map((level) => [level!.price, level!.quantity]),
  )
  for (let ticks = 0; ticks < 500; ticks++) desk.kite.tickOnce([RELIANCE_TOKEN])
  const done = await desk.order(id)
  assert.equal(done.status, 'COMPLETE')
  assert.equal(sum(trades as never) < quantity, true)
})

test('an order is modified and cancelled, and the rest of it is told', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({ quantity: 10 })
  assert.equal((await desk.modify(id, { quantity: 20, price: 1201 })).status, 200)
  const changed = await desk.order(id)
  assert.equal(changed.quantity, 20)
  assert.equal(changed.price, 1201)
  assert.equal(changed.modified, true)
  assert.equal(((await desk.cancel(id)).data as { order_id: string }).order_id, id)
  const cancelled = await desk.order(id)
  assert.equal(cancelled.status, 'CANCELLED')
  assert.equal(cancelled.cancelled_quantity, 20)
  assert.equal((await desk.cancel(id)).errorType, 'OrderException')
})

test('a market order and a stop need protection, and trade within it', async (t) => {
  const desk = await openDesk(t)
  const market = { order_type: 'MARKET', price: 0 }
  for (const bad of [{ ...market, market_protection: 0 }]) {
    const refused = await desk.place(bad)
    assert.equal(refused.errorType, 'InputException')
    assert.match(refused.message, /without market protection/)
  }
  const id = await desk.placed(market)
  assert.equal((await desk.order(id)).status, 'COMPLETE')
  const positions = (await desk.get('/portfolio/positions')) as { net: Record<string, unknown>[] }
  assert.equal(positions.net[0]!.quantity, 10)
})

test('the record keeps what clients were not told of', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'place', do: 'reset-after' })
  await assert.rejects(desk.place({ tag: 'lost1' }))
  desk.kite.fault({ on: 'place', do: 'reset-before' })
  await assert.rejects(desk.place({ tag: 'never1' }))
  desk.kite.fault({ on: 'place', do: 'error-after', status: 400 })
  assert.equal((await desk.place({ tag: 'late1' })).status, 400)
  assert.deepEqual(
    desk.kite.record().orders.map(({ tag, status }) => [tag, status]),
    [
      ['lost1', 'OPEN'],
      ['late1', 'OPEN'],
    ],
  )
})
