// Upstox Market Data Feed V3: the worked frames, value by value, and what the wire format demands.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DecodedTick, describeTick, Tick } from '../../codecs/tick.ts'
import { decodeUpstox } from '../../codecs/upstox.ts'
import { collect } from '../fuzz/target.ts'
import { FeedResponse, FRAMES } from './upstox-oracle.ts'

const SHARE = 'NSE_EQ|INE002A01018'
const NIFTY = 'NSE_INDEX|Nifty 50'
const AT = 1750133099123

const decode = (frame: Uint8Array, levels = 5) => {
  return collect(levels, (sink) => decodeUpstox(frame, sink))
}

const levels = (...pairs: readonly (readonly [quantity: number, price: number])[]) =>
  pairs.map(([quantity, price]) => ({ price, quantity, orders: 0 }))

const LAST = { ltp: 2987.45, ltt: 1750133098000, ltq: 25, close: 2961.8, exchangeTime: AT }
const BUY = levels([120, 2987.4], [355, 2987.35], [40, 2987.3], [900, 2987.25], [15, 2987.2])
const SELL = levels([75, 2987.5], [210, 2987.55], [66, 2987.6], [1000, 2987.65], [8, 2987.7])
const DEEP = Array.from({ length: 30 }, (_, i) => i)
const DEEP_BUY = DEEP.map((i) => ({ price: (298740 - 5 * i) / 100, quantity: 100 + i, orders: 0 }))
const DEEP_SELL = DEEP.map((i) => ({ price: (298750 + 5 * i) / 100, quantity: 200 + i, orders: 0 }))
const TOTALS = { atp: 2975.12, volume: 4182336, totalBuyQty: 512440, totalSellQty: 688215 }

const FULL: DecodedTick = {
  token: SHARE,
  mode: 'depth',
  ...LAST,
  ...TOTALS,
  open: 2960,
  high: 3001.9,
  low: 2955.25,
  bid: 2987.4,
  bidQty: 120,
  ask: 2987.5,
  askQty: 75,
  depth: { buy: BUY, sell: SELL },
}

/** The ticks of the worked frames, from documentation, at 30 levels. */
const EXPECTED: readonly (readonly DecodedTick[])[] = [
  [],
  [
    { token: SHARE, mode: 'ltp', ...LAST },
    {
      token: NIFTY,
      mode: 'ltp',
      ltp: 24105.25,
      ltt: 1750133099000,
      close: 23965.1,
      exchangeTime: AT,
    },
  ],
  [FULL],
  [
    {
      token: NIFTY,
      mode: 'depth',
      ltp: 24105.25,
      ltt: 1750133099000,
      close: 23965.1,
      exchangeTime: AT,
      open: 24000.4,
      high: 24155.8,
      low: 23980.15,
      depth: { buy: [], sell: [] },
    },
  ],
  [
    {
      token: 'NSE_FO|45678',
      mode: 'quote',
      ltp: 142.35,
      ltt: 1750133099000,
      ltq: 75,
      close: 150.1,
      exchangeTime: AT,
      volume: 9876525,
      oi: 1234500,
      bid: 142.3,
      bidQty: 450,
      ask: 142.4,
      askQty: 300,
    },
  ],
  [
    {
      token: SHARE,
      mode: 'depth',
      exchangeTime: AT,
      bid: 2987.4,
      bidQty: 121,
      ask: 2987.5,
      askQty: 80,
      depth: { buy: levels([121, 2987.4]), sell: levels([80, 2987.5]) },
    },
  ],
  [
    {
      token: SHARE,
      mode: 'depth',
      ...LAST,
      ...TOTALS,
      bid: 2987.4,
      bidQty: 100,
      ask: 2987.5,
      askQty: 200,
      depth: { buy: DEEP_BUY, sell: DEEP_SELL },
    },
  ],
  // Of the newer fields none has a place in a tick.
  [{ token: SHARE, mode: 'quote', ...LAST }],
]

for (const [number, frame] of FRAMES.entries()) {
  test(`worked frame ${number + 1} gives what is documented for it`, () => {
    const { ticks, isRefused } = decode(frame, 30)
    assert.equal(isRefused, false)
    assert.deepEqual(ticks, EXPECTED[number])
  })
}

test('a book that is deeper than the tick keeps its first levels', () => {
  const [tick] = decode(FRAMES[6]!, 5).ticks
  assert.deepEqual(tick!.depth, { buy: DEEP_BUY.slice(0, 5), sell: DEEP_SELL.slice(0, 5) })
  assert.equal(tick!.bid, 2987.4)
})

const encode = (feeds: Record<string, object>, currentTs = AT) =>
  Buffer.from(FeedResponse.encode(FeedResponse.fromObject({ feeds, currentTs })).finish())
const full = (marketFF: object) => ({ fullFeed: { marketFF } })

test('zero is not told: no price, no time, no count', () => {
  const { ticks } = decode(encode({ A: { ltpc: { ltp: 0, ltq: 0, ltt: 0, cp: 0 } } }, 0))
  assert.deepEqual(ticks, [{ token: 'A', mode: 'ltp' }])
})

test('a side that the book shows empty has a total of zero, and no best price', () => {
  const marketLevel = { bidAskQuote: [{ bidQ: 5, bidP: 10 }] }
  const { ticks } = decode(encode({ A: full({ marketLevel, tbq: 5 }) }))
  const [tick] = ticks
  assert.deepEqual([tick!.totalBuyQty, tick!.totalSellQty, tick!.bid], [5, 0, 10])
  assert.equal(tick!.ask, undefined)
  assert.deepEqual(tick!.depth, { buy: levels([5, 10]), sell: [] })
  const [empty] = decode(encode({ A: full({ marketLevel: {} }) })).ticks
  assert.deepEqual([empty!.totalBuyQty, empty!.totalSellQty], [0, 0])
  assert.deepEqual([empty!.bid, empty!.ask], [undefined, undefined])
  const [untold] = decode(encode({ A: full({ tbq: 7 }) })).ticks
  assert.deepEqual(
    [untold!.totalBuyQty, untold!.totalSellQty, untold!.mode],
    [7, undefined, 'quote'],
  )
})

test('only the bar of the day gives open, high and low', () => {
  const bar = (interval: string, open: number) => ({
    interval,
    open,
    high: open + 1,
    low: open - 1,
  })
  const marketOHLC = { ohlc: [bar('I1', 50), bar('1d', 60), bar('I30', 70), bar('1dd', 80)] }
  const [tick] = decode(encode({ A: full({ marketOHLC }) })).ticks
  assert.deepEqual([tick!.open, tick!.high, tick!.low], [60, 61, 59])
  const [without] = decode(encode({ A: full({ marketOHLC: { ohlc: [bar('I1', 50)] } }) })).ticks
  assert.equal(without!.open, undefined)
})

test('integers are signed, of 64 bits, and the nearest double past 2^53', () => {
  for (const [ltt, expected] of [
    ['1', 1],
    ['268435455', 268435455],
    ['268435456', 268435456],
    ['4294967295', 4294967295],
    ['34359738368', 34359738368],
    ['9007199254740993', Number(9007199254740993n)],
    ['9223372036854775807', 2 ** 63],
    ['-1', undefined],
    ['-9223372036854775808', undefined],
  ] as const) {
    const [tick] = decode(encode({ A: { ltpc: { ltt } } })).ticks
    assert.equal(tick!.ltt, expected, ltt)
  }
})

test('numbers that are none, and infinities, are absent', () => {
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const marketLevel = { bidAskQuote: [{ bidP: odd, bidQ: 1, askP: 5, askQ: 2 }] }
    const [tick] = decode(
      encode({ A: full({ ltpc: { ltp: odd }, marketLevel, tbq: odd, oi: odd }) }),
    ).ticks
    assert.deepEqual(tick, {
      token: 'A',
      mode: 'depth',
      exchangeTime: AT,
      totalBuyQty: 0,
      ask: 5,
      askQty: 2,
      depth: { buy: [], sell: levels([2, 5]) },
    })
  }
})

test('a tick points at its key in the frame', () => {
  const frame = FRAMES[1]!
  const tick = new Tick(5)
  const keys: string[] = []
  decodeUpstox(frame, {
    tick,
    emit() {
      assert.equal(tick.tokenBytes, frame)
      assert.deepEqual([tick.token, tick.segment], [0, 0])
      keys.push(frame.toString('latin1', tick.tokenStart, tick.tokenEnd))
      assert.equal(describeTick(tick).token, keys.at(-1))
    },
    reject: assert.fail,
  })
  assert.deepEqual(keys, [SHARE, NIFTY])
})
