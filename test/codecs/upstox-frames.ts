// Random messages of Upstox Market Data Feed V3, as objects that protobufjs encodes.
import fc from 'fast-check'
import type { PlainFeed } from './upstox-oracle.ts'

const price = fc.oneof(
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, -1.5),
  fc.integer({ min: 1, max: 10_000_000 }).map((paise) => paise / 100),
  fc.double(),
)
const integer = fc.oneof(
  fc.nat(300),
  fc.integer(),
  fc.integer({ min: 1_750_000_000_000, max: 1_900_000_000_000 }),
  fc.constantFrom(
    0,
    127,
    128,
    2 ** 28,
    2 ** 32,
    2 ** 35,
    2 ** 53,
    2 ** 62,
    -1,
    -(2 ** 40),
    -(2 ** 62),
  ),
)

/** A message in which every field may be missing. */
const some = <T extends object>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>

const ltpc = some({
  ltp: price,
  ltt: integer,
  ltq: integer,
  cp: price,
  iep: some({ value: price }),
})
const quote = some({ bidQ: integer, bidP: price, askQ: integer, askP: price })
const optionGreeks = some({ delta: price, theta: price, gamma: price, vega: price, rho: price })
const bar = some({
  interval: fc.constantFrom('1d', 'I1', 'I30', '', '1', 'd1', 'é'),
  open: price,
  high: price,
  low: price,
  close: price,
  vol: integer,
  ts: integer,
})
const marketOHLC = some({ ohlc: fc.array(bar, { maxLength: 3 }) })
const marketLevel = some({ bidAskQuote: fc.array(quote, { maxLength: 33, size: 'max' }) })
const indexFF = some({ ltpc, marketOHLC })
const marketFF = some({
  ltpc,
  marketLevel,
  optionGreeks,
  marketOHLC,
  atp: price,
  vtt: integer,
  oi: price,
  iv: price,
  tbq: price,
  tsq: price,
  iep: price,
  ieq: integer,
  iiqM: integer,
  casEligible: fc.boolean(),
})
const first = some({
  ltpc,
  firstDepth: quote,
  optionGreeks,
  vtt: integer,
  oi: price,
  iv: price,
})

/** A message of one instrument, of every kind, also none. */
export const anyFeed: fc.Arbitrary<PlainFeed> = fc.oneof(
  fc.constant({}),
  fc.record({ ltpc }),
  fc.record({ fullFeed: fc.oneof(fc.constant({}), fc.record({ indexFF })) }),
  { weight: 3, arbitrary: fc.record({ fullFeed: fc.record({ marketFF }) }) },
  fc.record({ firstLevelWithGreeks: first }),
) as fc.Arbitrary<PlainFeed>

/** Instrument keys, most of them good. */
export const anyKey = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('NSE_EQ|INE002A01018', 'NSE_INDEX|Nifty 50', 'NSE_FO|1'),
  },
  fc.constantFrom('', 'x'.repeat(100), 'x'.repeat(101), 'a\nb', 'é', '~', ' '),
)

export const anyFrame = some({
  type: fc.constantFrom(0, 1, 2),
  feeds: fc.dictionary(anyKey, anyFeed, { maxKeys: 4 }),
  currentTs: integer,
  marketInfo: some({ segmentStatus: fc.dictionary(anyKey, fc.nat(5), { maxKeys: 2 }) }),
})
