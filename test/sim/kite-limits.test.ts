import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { KiteLimits } from '../../sim/kite-limits.ts'
import { openDesk } from './kite-desk.ts'

const START_MS = Date.parse('2026-08-18T10:00:00+05:30')

/** A desk whose broker's clock is set by the test. */
async function timed(t: TestContext, limits: Partial<KiteLimits> = {}) {
  const now = { ms: START_MS }
  const desk = await openDesk(t, { limits, clock: () => now.ms })
  return { desk, now }
}

async function refusals(calls: number, call: () => Promise<{ status: number }>) {
  let refused = 0
  for (let at = 0; at < calls; at++) if ((await call()).status === 429) refused += 1
  return refused
}

test('ten order calls are taken in a second of the clock, whatever they do', async (t) => {
  const { desk, now } = await timed(t)
  const id = await desk.placed({})
  await desk.modify(id, { price: 1201 })
  await desk.cancel(id)
  assert.equal(await refusals(8, () => desk.place({})), 1)
  const { status, errorType, message } = await desk.cancel(id)
  assert.deepEqual([status, errorType, message], [429, 'NetworkException', 'Too many requests'])
  now.ms += 999
  assert.equal(await refusals(1, () => desk.place({})), 1)
  now.ms += 1
  assert.equal(await refusals(11, () => desk.place({})), 1)
  assert.equal(desk.kite.record().orders.length, 18)
})

test('order calls are counted by the minute and by the day, too', async (t) => {
  const { desk, now } = await timed(t, { ordersPerMinute: 12, ordersPerDay: 20 })
  assert.equal(await refusals(10, () => desk.place({})), 0)
  now.ms += 1000
  assert.equal(await refusals(3, () => desk.place({})), 1)
  now.ms += 59_000
  assert.equal(await refusals(8, () => desk.place({})), 0)
  now.ms += 60_000
  assert.match((await desk.place({})).message, /Maximum allowed order requests/)
  now.ms = Date.parse('2026-08-19T00:00:00+05:30')
  assert.equal(await refusals(1, () => desk.place({})), 0)
})

test('quotes, history and all other calls have limits of their own', async (t) => {
  const { desk } = await timed(t)
  const get = (path: string) => () => desk.call('GET', path)
  const history = '/instruments/historical/738561/day?from=2026-08-13&to=2026-08-14'
  assert.equal(await refusals(3, get('/quote?i=NSE:ITC')), 2)
  assert.equal(await refusals(1, get('/quote/ltp?i=NSE:ITC')), 1)
  assert.equal(await refusals(5, get(history)), 2)
  assert.equal(await refusals(6, get('/orders')), 0)
  assert.equal(await refusals(6, get('/user/margins')), 2)
  assert.equal(await refusals(1, () => desk.place({})), 0)
})

test('calls without a session are not counted', async (t) => {
  const { desk } = await timed(t)
  for (let call = 0; call < 20; call++) await fetch(`${desk.kite.restUrl}/orders`)
  assert.equal((await desk.call('GET', '/orders')).status, 200)
})

test('without limits any number of calls is taken', async (t) => {
  const desk = await openDesk(t, { clock: () => START_MS })
  assert.equal(await refusals(50, () => desk.place({})), 0)
})
