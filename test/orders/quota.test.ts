// How many calls fit into each window, on both sides of its edges, by a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Quota } from '../../adapters/order-rules.ts'
import {
  CalendarWindow,
  QuotaBook,
  RollingWindow,
  take,
  type Window,
} from '../../engine/orders/quota.ts'
import { Bench, CALLER, kite, LIMIT_ORDER, NOW_MS } from './gateway-bench.ts'

const DAY_MS = 86_400_000
/** Counts as many as fit at a moment, and answers how many, and the ms to wait for the next. */
function fill(windows: readonly Window[], nowMs: number): [count: number, waitMs: number] {
  for (let count = 0; ; count++) {
    const waitMs = take(windows, nowMs)
    if (waitMs > 0) return [count, waitMs]
  }
}

test('a calendar window begins anew at its edge, however full it was just before', () => {
  const window = new CalendarWindow(3, 1000, 0)
  assert.deepEqual(fill([window], NOW_MS + 999), [3, 1])
  assert.deepEqual(fill([window], NOW_MS + 1000), [3, 1000])
  assert.deepEqual(fill([window], NOW_MS + 1999.5), [0, 1])
  assert.deepEqual(fill([window], NOW_MS + 2000), [3, 1000])
})

test('a call near the edge counts on both sides, because two clocks are never the same', () => {
  const window = new CalendarWindow(3, 1000, 50)
  assert.deepEqual(fill([window], NOW_MS + 960), [3, 1090])
  assert.deepEqual(fill([window], NOW_MS + 1049), [0, 1001])
  assert.deepEqual(fill([window], NOW_MS + 2049), [0, 1])
  assert.deepEqual(fill([window], NOW_MS + 2050), [3, 1000])
  const quiet = new CalendarWindow(3, 1000, 50)
  assert.deepEqual(fill([quiet], NOW_MS + 500), [3, 550])
  assert.deepEqual(fill([quiet], NOW_MS + 1040), [0, 10])
  assert.deepEqual(fill([quiet], NOW_MS + 1050), [3, 1000])
})

test('a call that was long on its way counts also in the window in which it may have arrived', () => {
  const window = new CalendarWindow(1, 1000, 50)
  assert.deepEqual(fill([window], NOW_MS + 500), [1, 550])
  window.ended(NOW_MS + 500, NOW_MS + 940)
  assert.equal(window.waitMs(NOW_MS + 1050), 0, 'it had its reply before the next one began')
  window.ended(NOW_MS + 500, NOW_MS + 1020)
  assert.deepEqual(fill([window], NOW_MS + 1050), [0, 1000])
  assert.deepEqual(fill([window], NOW_MS + 2050), [1, 1000])
  // Of all the windows that it may have arrived in, those that are over do not matter.
  window.ended(NOW_MS + 2050, NOW_MS + 5500)
  assert.deepEqual(fill([window], NOW_MS + 5500), [0, 550])
  assert.deepEqual(fill([window], NOW_MS + 6050), [1, 1000])
})

test('the next read waits until the broker cannot count it with one that was late', async () => {
  const bench = new Bench()
  bench.respond = () => {
    bench.nowMs = NOW_MS + 1200
    return kite({ 'NSE:RELIANCE': { last_price: 2990 } })
  }
  bench.nowMs = NOW_MS + 900
  const named = { exchange: 'NSE', symbol: 'RELIANCE' }
  assert.ok('ok' in (await bench.gateway.quote(named)))
  assert.deepEqual(bench.waits, [])
  assert.ok('ok' in (await bench.gateway.quote(named)))
  assert.deepEqual(bench.waits, [850])
})

test('days are those of India, minutes those of every clock', () => {
  const day = new CalendarWindow(1, DAY_MS, 0)
  const midnightMs = Date.UTC(2026, 6, 1, 18, 30)
  assert.deepEqual(fill([day], midnightMs - 1), [1, 1])
  assert.deepEqual(fill([day], midnightMs), [1, DAY_MS])
  const minute = new CalendarWindow(1, 60_000, 0)
  assert.deepEqual(fill([minute], NOW_MS + 59_999), [1, 1])
  assert.deepEqual(fill([minute], NOW_MS + 60_000), [1, 60_000])
})

test('a rolling window has no edge: each call makes room when it is as old as the window', () => {
  const window = new RollingWindow(3, 1000)
  assert.equal(take([window], NOW_MS), 0)
  assert.equal(take([window], NOW_MS + 600), 0)
  assert.equal(take([window], NOW_MS + 900), 0)
  assert.equal(take([window], NOW_MS + 950), 50)
  assert.equal(take([window], NOW_MS + 1000), 0)
  assert.equal(take([window], NOW_MS + 1000), 600)
})

test('no stretch of a rolling window ever holds more, and nothing waits longer than it must', () => {
  const steps = fc.array(fc.nat({ max: 700 }), { minLength: 1, maxLength: 200 })
  const check = (gaps: number[], max: number) => {
    const window = new RollingWindow(max, 1000)
    const taken: number[] = []
    let nowMs = NOW_MS
    for (const gap of gaps) {
      nowMs += gap
      const within = taken.filter((ms) => ms > nowMs - 1000)
      const waitMs = take([window], nowMs)
      assert.equal(waitMs === 0, within.length < max)
      if (waitMs === 0) taken.push(nowMs)
      else assert.equal(nowMs + waitMs, within[0]! + 1000)
    }
  }
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 8 }), check), { numRuns: 500, seed: 2 })
})

test('no calendar window ever holds more than it may, also by a clock that is off by the guard', () => {
  const steps = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 200 })
  const check = (gaps: number[], offMs: number) => {
    const window = new CalendarWindow(4, 1000, 50)
    const counts = new Map<number, number>()
    let nowMs = NOW_MS
    for (const gap of gaps) {
      nowMs += gap
      if (take([window], nowMs) > 0) continue
      const number = Math.floor((nowMs + offMs) / 1000)
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    assert.ok(Math.max(...counts.values()) <= 4)
  }
  fc.assert(fc.property(steps, fc.integer({ min: -50, max: 49 }), check), { numRuns: 500, seed: 2 })
})

test('a call is counted in all windows or in none', () => {
  const [narrow, wide] = [new RollingWindow(1, 1000), new RollingWindow(2, 60_000)]
  assert.equal(take([narrow, wide], NOW_MS), 0)
  for (let at = 0; at < 5; at++) assert.equal(take([narrow, wide], NOW_MS + 500), 500)
  assert.equal(take([narrow, wide], NOW_MS + 1000), 0)
  assert.equal(take([narrow, wide], NOW_MS + 2000), 58_000)
})

const WRITES: Quota = {
  calls: ['place', 'modify', 'cancel'],
  max: 10,
  windowMs: 1000,
  window: 'rolling',
  reservedForCancels: 2,
}

test('the share of cancels is theirs alone, and they may have all the rest as well', () => {
  for (const window of ['rolling', 'calendar'] as const) {
    const book = new QuotaBook([{ ...WRITES, window }])
    const nowMs = NOW_MS + 500
    const of = (name: 'place' | 'modify' | 'cancel') => fill(book.windowsOf(name), nowMs)[0]
    assert.deepEqual([of('place'), of('modify'), of('cancel'), of('cancel')], [8, 0, 2, 0])
    const other = new QuotaBook([{ ...WRITES, window }])
    assert.equal(fill(other.windowsOf('cancel'), nowMs)[0], 10)
    assert.equal(fill(other.windowsOf('place'), nowMs)[0], 0)
  }
})

test('what no quota names is not counted', () => {
  const book = new QuotaBook([WRITES])
  assert.deepEqual(book.windowsOf('orderBook'), [])
  assert.equal(take(book.windowsOf('orderBook'), NOW_MS), 0)
})

test('a write over the quota is not sent, and told when it may come again; a cancel still goes', async () => {
  const bench = new Bench()
  bench.nowMs = NOW_MS + 500
  bench.respond = () => kite({ order_id: '25' })
  for (let at = 0; at < 8; at++) assert.ok('ok' in (await bench.place(LIMIT_ORDER)))
  const told = await bench.place(LIMIT_ORDER)
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.retryAfterMs], ['RATE_LIMITED', 550])
  assert.match(told.error.message, /not sent: .* 550 ms/)
  for (let at = 0; at < 2; at++) {
    assert.ok('ok' in (await bench.gateway.cancel({ orderid: '25' }, CALLER)))
  }
  assert.ok('error' in (await bench.gateway.cancel({ orderid: '25' }, CALLER)))
  assert.equal(bench.requests.length, 10)
  bench.nowMs += 550
  assert.ok('ok' in (await bench.place(LIMIT_ORDER)))
})

test('a read over the quota waits its turn, as long as it may', async () => {
  const bench = new Bench()
  bench.nowMs = NOW_MS + 500
  bench.respond = () => kite({ 'NSE:INFY': { last_price: 1500 } })
  const ask = () => bench.gateway.quote({ exchange: 'NSE', symbol: 'INFY' })
  assert.ok('ok' in (await ask()))
  assert.ok('ok' in (await ask()))
  assert.deepEqual(bench.waits, [550])
  const hasty = new Bench({ options: { readWaitMsMax: 500 } })
  hasty.nowMs = NOW_MS + 500
  hasty.respond = bench.respond
  const quote = () => hasty.gateway.quote({ exchange: 'NSE', symbol: 'INFY' })
  assert.ok('ok' in (await quote()))
  const told = await quote()
  assert.ok('error' in told)
  assert.deepEqual([told.error.code, told.error.retryAfterMs], ['RATE_LIMITED', 550])
  assert.equal(hasty.requests.length, 1)
})
