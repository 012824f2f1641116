// What any tick and any price make of an OpenAlgo frame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openAlgoHead } from '../../codecs/openalgo.ts'
import { type Mode, type Tick, VALUE_NAMES } from '../../codecs/tick.ts'
import { encodedText, frameData, tickOf } from './named-tick.ts'
import { narrowCount, price, randomTick, SIDE_LEVELS } from './random-tick.ts'

/** Keys of a frame's data by the value they need, in LTP mode and in the others. */
const LTP_KEYS: Readonly<Record<string, string[]>> = {
  ltp: ['ltp'],
  ltt: ['ltt'],
  ltq: ['last_trade_quantity'],
  close: ['close'],
}
const QUOTE_KEYS: Readonly<Record<string, string[]>> = {
  ...LTP_KEYS,
  ltq: ['last_trade_quantity', 'last_quantity'],
  open: ['open'],
  high: ['high'],
  low: ['low'],
  volume: ['volume'],
  atp: ['average_price', 'avg_trade_price'],
  totalBuyQty: ['total_buy_quantity'],
  totalSellQty: ['total_sell_quantity'],
  oi: ['oi'],
  bid: ['bid_price'],
  ask: ['ask_price'],
  bidQty: ['bid_size'],
  askQty: ['ask_size'],
  upperCircuit: ['upper_circuit'],
  lowerCircuit: ['lower_circuit'],
  exchangeTime: ['exchange_timestamp'],
}

/** The data that a frame must have, but for the rounded change. */
function expectedData(
  tick: Tick,
  mode: Mode,
  symbol: string,
  exchange: string,
  isSnapshot: boolean,
) {
  const data: Record<string, unknown> = { symbol, exchange, mode }
  const keysOf = mode === 1 ? LTP_KEYS : QUOTE_KEYS
  VALUE_NAMES.forEach((name, position) => {
    if ((tick.present & (1 << position)) === 0) return
    // JSON knows no negative zero.
    for (const key of keysOf[name] ?? []) data[key] = tick.values[position]! + 0
  })
  const level = (at: number) => {
    const [price, quantity, orders] = tick.depth.subarray(3 * at, 3 * at + 3)
    return { price: price! + 0, quantity, orders }
  }
  if (mode === 3) {
    const buy = Array.from({ length: tick.buyLevels }, (_, i) => level(i))
    const sell = Array.from({ length: tick.sellLevels }, (_, i) => level(SIDE_LEVELS + i))
    Object.assign(data, { depth_level: SIDE_LEVELS, depth: { buy, sell } })
  }
  if (isSnapshot) data.snapshot = true
  const timestamp = Math.floor(tick.receiveTimeUs / 1000)
  return { ...data, seq: tick.seq, epoch: tick.epoch, timestamp }
}

// Far beyond any price, but within what the percentage of a change can carry; 1e-7 is the finest unit of a wire.
const possiblePrice = price.filter((value) => {
  const size = Math.abs(value)
  return size === 0 || (size >= 1e-7 && size < 1e15)
})

test('any tick makes canonical JSON with a key per present value and no other', () => {
  const anyTick = randomTick({ count: narrowCount, price: possiblePrice })
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(anyTick, name, name, fc.boolean(), (tick, symbol, exchange, isSnapshot) => {
      for (const mode of [1, 2, 3] as const) {
        const head = openAlgoHead('zerodha', exchange, symbol, mode)
        const frame = encodedText(tick, mode, head, isSnapshot)
        const parsed = JSON.parse(frame)
        // Equal text means: no white space, no key twice, no number or text written in another way.
        assert.equal(JSON.stringify(parsed), frame)
        const { data, ...outer } = parsed
        assert.deepEqual(outer, { type: 'market_data', symbol, exchange, mode, broker: 'zerodha' })
        const { change, change_percent, ...others } = data
        assert.deepEqual(others, expectedData(tick, mode, symbol, exchange, isSnapshot))
        const hasChange =
          (tick.present & 0b1001) === 0b1001 && tick.values[VALUE_NAMES.indexOf('close')] !== 0
        const kind = hasChange ? 'number' : 'undefined'
        assert.deepEqual([typeof change, typeof change_percent], [kind, kind])
      }
    }),
    { numRuns: 1500 },
  )
})

test('change is rounded to a hundredth of a paisa, its percentage to two places', () => {
  const CASES: readonly [ltp: number, close: number, change: number, percent: number][] = [
    [2954.35, 2940.1, 14.25, 0.48],
    [24105.25, 23965.1, 140.15, 0.58],
    [2940.1, 2954.35, -14.25, -0.48],
    [86.4225, 86.425, -0.0025, 0],
    [86.5, 86.425, 0.075, 0.09],
    [0.3, 0.1, 0.2, 200],
    [0, 100, -100, -100],
    [100, 100, 0, 0],
    [-15, 10, -25, -250],
    [21474836.47, 0.01, 21474836.46, 214748364600],
  ]
  for (const [ltp, close, change, percent] of CASES) {
    for (const mode of [1, 2, 3] as const) {
      const data = frameData(tickOf(mode, { ltp, close }), mode)
      assert.deepEqual([data.change, data.change_percent], [change, percent], `${ltp} ${close}`)
    }
  }
})

test('change of wire prices is their exact difference', () => {
  const units = fc.integer()
  fc.assert(
    fc.property(fc.constantFrom(100, 10_000), units, units, (divisor, last, close) => {
      fc.pre(close !== 0)
      const data = frameData(tickOf(2, { ltp: last / divisor, close: close / divisor }), 2)
      assert.equal(data.change, (last - close) / divisor)
      const exact = (100 * (last - close)) / close
      const slack = 0.005 + Math.abs(exact) * 1e-12
      assert.ok(Math.abs((data.change_percent as number) - exact) <= slack, `${exact}`)
    }),
    { numRuns: 3000 },
  )
})

test('change needs the last price and a close that is not zero', () => {
  for (const named of [{ ltp: 5 }, { close: 5 }, { ltp: 5, close: 0 }, {}]) {
    const data = frameData(tickOf(2, named), 2)
    assert.ok(!('change' in data) && !('change_percent' in data), JSON.stringify(named))
  }
})
