import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FrameWriter } from '../../sim/upstox-protobuf.ts'
import {
  beginFrame,
  endFrame,
  type Feed,
  FULL_D5,
  FULL_D30,
  INITIAL_FEED,
  LIVE_FEED,
  LTPC,
  MARKET_INFO,
  type MarketInfo,
  NORMAL_CLOSE,
  NORMAL_OPEN,
  OPTION_GREEKS,
  PRE_OPEN_START,
  type Quote,
  writeFeed,
} from '../../sim/upstox-wire.ts'
import { FRAMES } from './upstox-frames.ts'
import { readFrame } from './upstox-reader.ts'

const NOW = 1750133099123
const DAY_START = 1750098600000
const RELIANCE = 'NSE_EQ|INE002A01018'
const NIFTY = 'NSE_INDEX|Nifty 50'
const relianceLtpc = { ltp: 2987.45, ltt: 1750133098000, ltq: 25, cp: 2961.8 }
const niftyLtpc = { ltp: 24105.25, ltt: 1750133099000, cp: 23965.1 }

const writer = new FrameWriter()

function frame(type: number, feeds: Readonly<Record<string, Feed>>, info?: MarketInfo): string {
  beginFrame(writer, type)
  for (const [key, feed] of Object.entries(feeds)) writeFeed(writer, key, feed)
  return endFrame(writer, NOW, info).toString('hex')
}

const level = (bidQ: number, bidP: number, askQ: number, askP: number): Quote => {
  return { bidQ, bidP, askQ, askP }
}
const totals = { atp: 2975.12, vtt: 4182336, tbq: 512440, tsq: 688215 }

describe('the writer makes the known frames byte for byte', () => {
  const cases: readonly (readonly [name: keyof typeof FRAMES, made: () => string])[] = [
    [
      'marketInfo',
      () =>
        frame(
          MARKET_INFO,
          {},
          {
            segmentStatus: {
              NSE_EQ: NORMAL_OPEN,
              NSE_FO: NORMAL_OPEN,
              MCX_FO: PRE_OPEN_START,
              NCD_FO: NORMAL_CLOSE,
            },
          },
        ),
    ],
    [
      'initialFeed',
      () =>
        frame(INITIAL_FEED, {
          [RELIANCE]: { ltpc: relianceLtpc, requestMode: LTPC },
          [NIFTY]: { ltpc: niftyLtpc, requestMode: LTPC },
        }),
    ],
    [
      'fullEquity',
      () =>
        frame(LIVE_FEED, {
          [RELIANCE]: {
            marketFF: {
              ltpc: relianceLtpc,
              levels: [
                level(120, 2987.4, 75, 2987.5),
                level(355, 2987.35, 210, 2987.55),
                level(40, 2987.3, 66, 2987.6),
                level(900, 2987.25, 1000, 2987.65),
                level(15, 2987.2, 8, 2987.7),
              ],
              optionGreeks: {},
              ohlc: [
                {
                  interval: '1d',
                  open: 2960,
                  high: 3001.9,
                  low: 2955.25,
                  close: 2987.45,
                  vol: 4182336,
                  ts: DAY_START,
                },
                {
                  interval: 'I1',
                  open: 2986,
                  high: 2988,
                  low: 2985.5,
                  close: 2987.45,
                  vol: 15230,
                  ts: 1750132980000,
                },
              ],
              ...totals,
            },
            requestMode: FULL_D5,
          },
        }),
    ],
    [
      'fullIndex',
      () =>
        frame(LIVE_FEED, {
          [NIFTY]: {
            indexFF: {
              ltpc: niftyLtpc,
              ohlc: [
                {
                  interval: '1d',
                  open: 24000.4,
                  high: 24155.8,
                  low: 23980.15,
                  close: 24105.25,
                  ts: DAY_START,
                },
              ],
            },
            requestMode: FULL_D5,
          },
        }),
    ],
    [
      'optionGreeks',
      () =>
        frame(LIVE_FEED, {
          'NSE_FO|45678': {
            firstLevelWithGreeks: {
              ltpc: { ltp: 142.35, ltt: 1750133099000, ltq: 75, cp: 150.1 },
              firstDepth: level(450, 142.3, 300, 142.4),
              optionGreeks: {
                delta: 0.5125,
                theta: -8.75,
                gamma: 0.00125,
                vega: 11.0625,
                rho: 1.5,
              },
              vtt: 9876525,
              oi: 1234500,
              iv: 0.1325,
            },
            requestMode: OPTION_GREEKS,
          },
        }),
    ],
    [
      'oneLevelOnly',
      () =>
        frame(LIVE_FEED, {
          [RELIANCE]: {
            marketFF: { levels: [level(121, 2987.4, 80, 2987.5)] },
            requestMode: FULL_D5,
          },
        }),
    ],
    [
      'thirtyLevels',
      () =>
        frame(LIVE_FEED, {
          [RELIANCE]: {
            marketFF: {
              ltpc: relianceLtpc,
              levels: Array.from({ length: 30 }, (_, at) =>
                level(100 + at, (298740 - 5 * at) / 100, 200 + at, (298750 + 5 * at) / 100),
              ),
              ...totals,
            },
            requestMode: FULL_D30,
          },
        }),
    ],
    [
      'newerFields',
      () =>
        frame(
          LIVE_FEED,
          {
            [RELIANCE]: {
              marketFF: {
                ltpc: { ...relianceLtpc, iep: 2988 },
                iep: 2988,
                rp: 2961.8,
                ieq: 15000,
                iiqTotal: 2500,
                iiqM: -300,
                casEligible: true,
              },
              requestMode: FULL_D5,
            },
          },
          {
            segmentStatus: { NSE_EQ: NORMAL_OPEN },
            casMarketStatus: { NSE_EQ: { status: 'CAS_OPEN', updatedTime: 1750133000000 } },
          },
        ),
    ],
  ]
  for (const [name, made] of cases) {
    test(name, () => assert.equal(made(), FRAMES[name]))
  }
})

test('whole numbers and doubles of any size come back, and 0 is not on the wire', () => {
  const whole = fc.oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.maxSafeInteger(),
    fc.nat(53).map((bits) => 2 ** bits),
    fc.nat(53).map((bits) => -(2 ** bits)),
  )
  const double = fc.double({ noNaN: true })
  fc.assert(
    fc.property(whole, whole, double, fc.string(), (vtt, ieq, oi, key) => {
      beginFrame(writer, LIVE_FEED)
      writeFeed(writer, key, { marketFF: { vtt, ieq, oi }, requestMode: FULL_D5 })
      const { feeds } = readFrame(endFrame(writer, NOW))
      const expected: Record<string, number> = {}
      if (vtt !== 0) expected.vtt = vtt
      if (!Object.is(oi, 0)) expected.oi = oi
      if (ieq !== 0) expected.ieq = ieq
      assert.deepEqual(Object.entries(feeds!), [
        [key, { fullFeed: { marketFF: expected }, requestMode: 'full_d5' }],
      ])
    }),
    { seed: 7, numRuns: 500 },
  )
})

test('messages of every length get the right length before them', () => {
  for (const count of [0, 1, 4, 5, 6, 500, 700, 60_000]) {
    const levels = Array.from({ length: count }, (_, at) => level(at + 1, 10, 1, 11))
    beginFrame(writer, LIVE_FEED)
    writeFeed(writer, RELIANCE, { marketFF: { levels }, requestMode: FULL_D5 })
    const { feeds } = readFrame(endFrame(writer, NOW))
    const read = feeds![RELIANCE]!.fullFeed!.marketFF!.marketLevel!.bidAskQuote ?? []
    assert.deepEqual(read, levels)
  }
})
