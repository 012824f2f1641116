// How often endpoints may be called: OpenAlgo's body, counted by key and address before anything else is done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimits, ratesOf } from '../../engine/api/rate-limits.ts'
import { kite } from '../orders/gateway-bench.ts'
import { CASES } from './order-cases.ts'
import { KEY, orderPlant, READ_KEY, TRADE_KEY } from './order-plant.ts'

const ORDER = { exchange: 'NSE', symbol: 'RELIANCE', action: 'BUY', quantity: 1, strategy: 's' }

test('the call over the limit gets the body that clients know, and no broker hears of it', async () => {
  const rates = { order: '2 per second', smartOrder: '1 per second', api: '3 per second' }
  const plant = orderPlant({ rates })
  const { bench } = plant
  bench.respond = () => kite({ order_id: '1' })
  const place = (apikey: string) => plant.post('placeorder', { ...ORDER, apikey })
  assert.equal((await place(KEY)).status, 200)
  bench.nowMs += 400
  assert.equal((await place(KEY)).status, 200)
  const { status, body } = await place(KEY)
  assert.equal(status, 429)
  assert.deepEqual(body, {
    error_code: 'RATE_LIMITED',
    message: 'Rate limit exceeded. Please slow down your requests.',
    retry_after: 60,
    retry_after_ms: 600,
    status: 'error',
  })
  assert.equal(bench.requests.length, 2)
  // Another key, and another endpoint, are counted by themselves.
  assert.equal((await place(TRADE_KEY)).status, 200)
  assert.equal((await plant.ask('cancelorder', { orderid: '1' })).status, 200)
  bench.nowMs += 599
  assert.equal((await place(KEY)).status, 429)
  bench.nowMs += 1
  assert.equal((await place(KEY)).status, 200)
  assert.equal((await place(KEY)).status, 429)
})

test('calls that are refused count, and unknown keys of an address count together', async () => {
  const plant = orderPlant({ rates: { api: '2 per second' } })
  const statuses = async (...bodies: unknown[]) => {
    const told: number[] = []
    for (const body of bodies) told.push((await plant.post('funds', body)).status)
    return told
  }
  assert.deepEqual(await statuses({ apikey: 'x' }, '{', { apikey: 'y' }), [403, 500, 429])
  const wrong = { apikey: READ_KEY, junk: 1 }
  assert.deepEqual(await statuses(wrong, wrong, wrong), [400, 400, 429])
})

test('every endpoint has the limit that OpenAlgo gives it', async () => {
  const plant = orderPlant({
    rates: { order: '1/second', smartOrder: '2/second', api: '3/second' },
  })
  const writes = ['placeorder', 'modifyorder', 'cancelorder']
  const ofOrders = [...writes, 'placegttorder', 'modifygttorder', 'cancelgttorder']
  for (const name of Object.keys(CASES)) {
    const max = ofOrders.includes(name) ? 1 : name === 'placesmartorder' ? 2 : 3
    for (let call = 0; call < max; call++) assert.equal((await plant.post(name, '{')).status, 500)
    assert.equal((await plant.post(name, '{')).status, 429, name)
  }
})

test('rates are written as OpenAlgo writes them', () => {
  assert.deepEqual(ratesOf('10 per second'), [{ max: 10, windowMs: 1000 }])
  assert.deepEqual(ratesOf('10/second; 400 per minute'), [
    { max: 10, windowMs: 1000 },
    { max: 400, windowMs: 60_000 },
  ])
  assert.deepEqual(ratesOf('5 per 2 hours'), [{ max: 5, windowMs: 7_200_000 }])
  assert.deepEqual(ratesOf(''), [])
  assert.throws(() => ratesOf('often'), /not a rate: often/)
})

test('all windows of a rate hold, and callers beyond number are forgotten', () => {
  let nowMs = 0
  const limits = new RateLimits(
    { order: '1 per second;2 per minute', smartOrder: '', api: '' },
    () => nowMs,
  )
  const take = (who: string) => limits.take('placeorder', 'order', who)
  assert.equal(take('a'), 0)
  assert.equal(take('a'), 1000)
  nowMs = 1000
  assert.equal(take('a'), 0)
  nowMs = 2000
  assert.equal(take('a'), 58_000)
  assert.equal(limits.take('ping', 'api', 'a'), 0)
  for (let at = 0; at < 12_000; at++) take(`b${at}`)
  assert.ok(take('a') > 0)
  for (let at = 0; at < 40_000; at++) take(`c${at}`)
  assert.ok(take('c39999') > 0)
  // Who came first was silent for longest.
  assert.equal(take('a'), 0)
})
