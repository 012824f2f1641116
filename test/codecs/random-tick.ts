// Ticks of every shape that a broker could cause, for the encoders' properties.
import fc from 'fast-check'
import { LEVEL_WORDS, type Mode, Tick, VALUE_COUNT, VALUE_NAMES } from '../../codecs/tick.ts'

export const SIDE_LEVELS = 5

/** Names of the values that count something; all others are prices or times. */
export const COUNT_NAMES: readonly string[] = [
  'ltq',
  'volume',
  'totalBuyQty',
  'totalSellQty',
  'oi',
  'oiHigh',
  'oiLow',
  'bidQty',
  'askQty',
]

export const price = fc.oneof(
  fc.integer().map((units) => units / 100),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** What fits a uint32. Its edges are drawn often. */
export const narrowCount = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)

/** Whole counts from uint32's edge up, and what a count should not be: fractional or negative. */
export const wideCount = fc.oneof(
  fc.constantFrom(2 ** 32, 2 ** 53 - 1, 0.5, -1, -(2 ** 31)),
  fc.integer({ min: 2 ** 32, max: 2 ** 53 - 1 }),
  fc.double({ min: 0.1, max: 1e9, noNaN: true }),
  fc.integer({ min: -(2 ** 40), max: -1 }),
)

export interface Counts {
  readonly count: fc.Arbitrary<number>
  readonly price: fc.Arbitrary<number>
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff })

/** Ticks with these counts and prices; absent values and levels hold numbers too, as they do in a reused tick. */
export function randomTick({ count, price }: Counts): fc.Arbitrary<Tick> {
  const values = fc.tuple(
    ...VALUE_NAMES.map((name) => (COUNT_NAMES.includes(name) ? count : price)),
  )
  const level = fc.tuple(price, count, count)
  return fc
    .record({
      mode: fc.constantFrom<Mode>(1, 2, 3),
      token: uint32,
      present: fc.integer({ min: 0, max: 2 ** VALUE_COUNT - 1 }),
      values,
      levels: fc.array(level, { minLength: 2 * SIDE_LEVELS, maxLength: 2 * SIDE_LEVELS }),
      buyLevels: fc.nat(SIDE_LEVELS),
      sellLevels: fc.nat(SIDE_LEVELS),
      seq: uint32,
      epoch: uint32,
      receiveTimeUs: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    })
    .map(({ values, levels, ...fields }) => {
      const tick = Object.assign(new Tick(SIDE_LEVELS), fields)
      tick.values.set(values)
      levels.forEach((words, i) => {
        tick.depth.set(words, i * LEVEL_WORDS)
      })
      return tick
    })
}
