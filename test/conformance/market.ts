// Finds ticks in the market that the broker's simulator runs.
import assert from 'node:assert/strict'
import type { Message } from '../support/stream-client.ts'
import type { Twin, TwinInstrument, TwinState } from './twin.ts'

export const SECOND_MS = 1000
/** How often an instrument may have ticked until the last of the ticks that are looked for. */
const TICKS_MAX = 1000
/** So many states of an index may look the same one after another. */
const RUN_MAX = 4
/** An average is rounded to whole units of the wire, which are the broker's. */
const AVERAGE_OFF_MAX = 0.01

type Levels = readonly {
  readonly price: number
  readonly quantity: number
  readonly orders: number
}[]

function differencesOfSide(name: string, found: Levels, meant: Levels): string[] {
  if (found.length !== meant.length) return [`${name}: ${found.length} levels`]
  return found.flatMap(({ price, quantity, orders }, level) => {
    const other = meant[level]!
    // Not every broker tells the number of orders.
    const isSame =
      price === other.price &&
      quantity === other.quantity &&
      (orders === 0 || orders === other.orders)
    return isSame ? [] : [`${name} ${level}: ${price} ${quantity} ${orders}`]
  })
}

/** Values that no trade changes. */
const BOOK_VALUES = ['bid', 'bidQty', 'ask', 'askQty', 'totalBuyQty', 'totalSellQty']

/** What a tick says otherwise than the market of prices and trades; what it does not say is not compared. */
function tradeDifferences(tick: Message, { values }: TwinState): string[] {
  return Object.entries(values).flatMap(([name, meant]) => {
    if (!(name in tick) || BOOK_VALUES.includes(name)) return []
    const value = Number(tick[name])
    const isSame = name === 'atp' ? Math.abs(value - meant) <= AVERAGE_OFF_MAX : value === meant
    return isSame ? [] : [`${name}: ${value}, not ${meant}`]
  })
}

/** The same of the book. */
function bookDifferences(tick: Message, { values, depth }: TwinState, levelsMax: number): string[] {
  const found = Object.entries(values).flatMap(([name, meant]) => {
    if (!(name in tick) || !BOOK_VALUES.includes(name)) return []
    return tick[name] === meant ? [] : [`${name}: ${tick[name]}, not ${meant}`]
  })
  const book = tick.depth as { buy: Levels; sell: Levels }
  const sides = (['buy', 'sell'] as const).flatMap((side) =>
    differencesOfSide(side, book[side], depth[side].slice(0, levelsMax)),
  )
  return [...found, ...sides]
}

/**
 * Asserts that the prices and trades of these depth ticks are states of the instrument, one after another, and that
 * most of them have the book of their state: brokers also tell of trades that leave the book alone, and of books
 * that change between trades.
 */
export function findInMarket(
  twin: Twin,
  instrument: TwinInstrument,
  ticks: readonly Message[],
  levelsMax: number,
): void {
  const name = `${instrument.exchange}:${instrument.symbol}`
  const states = twin.states(instrument, TICKS_MAX)
  const wrongBooks: string[][] = []
  let from = 0
  for (const tick of ticks) {
    const wrong = states.slice(from).map((state) => tradeDifferences(tick, state))
    const places = [...wrong.keys()].filter((at) => wrong[at]!.length === 0)
    if (places.length === 0) {
      const closest = wrong.reduce((best, each) => (each.length < best.length ? each : best))
      assert.fail(
        `${name} is not in the market after ${from} ticks; closest: ${closest.join('; ')}`,
      )
    }
    // An index may stay as it is for a few ticks; a share cannot.
    const run = places.filter((at) => at - places[0]! < RUN_MAX).map((at) => states[from + at]!)
    const books = run.map((state) => bookDifferences(tick, state, levelsMax))
    if (books.every((book) => book.length > 0)) wrongBooks.push(books[0]!)
    from += places[0]!
  }
  assert.ok(wrongBooks.length * 2 <= ticks.length, `${name}: ${JSON.stringify(wrongBooks)}`)
}
