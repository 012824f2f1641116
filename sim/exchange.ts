// The market: what every instrument last did. Prices are whole price units of the wire, always on the tick
// grid, so that nothing is rounded on the way out. An instrument's path depends on the seed and on how often it
// was advanced, never on when the others were.
import { FUTURE, INDEX, type InstrumentTable } from './instruments.ts'
import { nextState, scramble } from './random.ts'

// Words of a row. Sizes are units, times epoch seconds; volume and the two totals are uint32, the rest int32.
export const LAST = 0
export const LAST_QUANTITY = 1
export const AVERAGE = 2
export const VOLUME = 3
export const TOTAL_BUY = 4
export const TOTAL_SELL = 5
export const OPEN = 6
export const HIGH = 7
export const LOW = 8
/** Last price of the session before. */
export const CLOSE = 9
export const LAST_TRADE_TIME = 10
export const OPEN_INTEREST = 11
export const OPEN_INTEREST_HIGH = 12
export const OPEN_INTEREST_LOW = 13
export const EXCHANGE_TIME = 14
/** Five bids and five asks, best first, each of three words: price, quantity, orders; all 0 where there is none. */
export const DEPTH = 15
export const DEPTH_LEVELS = 5
export const LEVEL_WORDS = 3
// The walk's own word, and the band that prices keep to.
const RANDOM = DEPTH + 2 * DEPTH_LEVELS * LEVEL_WORDS
export const LOWEST = RANDOM + 1
export const HIGHEST = RANDOM + 2
const ROW_WORDS = RANDOM + 3

const FIRST_CAPACITY = 256
const UINT32_MAX = 0xffff_ffff
const INT32_MAX = 0x7fff_ffff
/** A price moves at most this share of itself in one tick, or one step of the grid. */
const STEP_SHARE = 0.0003

export class Exchange {
  /** Rows of instruments that were asked for; `row` gives the first word. Replaced when it grows. */
  words = new Int32Array(FIRST_CAPACITY * ROW_WORDS)
  /** Price times size of the day by row, for the average; beyond 32 bits. */
  #turnover = new Float64Array(FIRST_CAPACITY)
  #rows = 0
  /** Row number plus one by instrument, 0 before the first touch. */
  readonly #rowOf: Uint32Array
  readonly #table: InstrumentTable
  readonly #seed: number

  constructor(table: InstrumentTable, seed: number) {
    this.#table = table
    this.#seed = seed
    this.#rowOf = new Uint32Array(table.length)
  }

  /** First word of an instrument's row in `words`. Its state is made on the first call, as of `nowMs`. */
  row(instrument: number, nowMs: number): number {
    const known = this.#rowOf[instrument]!
    return known > 0 ? (known - 1) * ROW_WORDS : this.#list(instrument, nowMs)
  }

  /** Makes the instrument's next tick, as of epoch milliseconds, and returns the first word of its row. */
  advance(instrument: number, nowMs: number): number {
    const at = this.row(instrument, nowMs)
    const words = this.words
    const grid = this.#table.gridUnits(instrument)
    const draw = this.#draw(at)
    const last = words[at + LAST]!
    const reach = Math.max(1, Math.floor((last * STEP_SHARE) / grid))
    const step = ((draw % (2 * reach + 1)) - reach) * grid
    const next = last + step
    const inside = next >= words[at + LOWEST]! && next <= words[at + HIGHEST]!
    return this.#tick(instrument, at, inside ? next : last - step, draw, nowMs)
  }

  /** Makes a tick at a price of the caller's, which must lie on the grid and within the band of prices. */
  moveTo(instrument: number, price: number, nowMs: number): number {
    const at = this.row(instrument, nowMs)
    const { words } = this
    const [lowest, highest] = [words[at + LOWEST]!, words[at + HIGHEST]!]
    const onGrid = price % this.#table.gridUnits(instrument) === 0
    if (!onGrid || !(price >= lowest && price <= highest)) {
      throw new RangeError(`price: ${price} is off the grid or not within ${lowest} to ${highest}`)
    }
    return this.#tick(instrument, at, price, this.#draw(at), nowMs)
  }

  /**
   * Takes from one side of the book what it has at `limit` or better, up to `quantity`, and tells of each level taken
   * from. Only the book gets smaller: the path of the prices is the same with and without orders.
   */
  take(
    at: number,
    side: 'bids' | 'asks',
    quantity: number,
    limit: number,
    onTrade: (price: number, quantity: number) => void,
  ): void {
    const words = this.words
    const best = at + DEPTH + (side === 'asks' ? DEPTH_LEVELS * LEVEL_WORDS : 0)
    const total = at + (side === 'asks' ? TOTAL_SELL : TOTAL_BUY)
    let left = quantity
    while (left > 0) {
      const price = words[best]!
      const offered = words[best + 1]!
      const isGoodEnough = side === 'asks' ? price <= limit : price >= limit
      if (offered === 0 || !isGoodEnough) return
      const taken = Math.min(left, offered)
      left -= taken
      words[total] = Math.max(0, (words[total]! >>> 0) - taken)
      if (taken < offered) words[best + 1] = offered - taken
      else {
        const end = best + DEPTH_LEVELS * LEVEL_WORDS
        words.copyWithin(best, best + LEVEL_WORDS, end)
        words.fill(0, end - LEVEL_WORDS, end)
      }
      onTrade(price, taken)
    }
  }

  #tick(instrument: number, at: number, price: number, draw: number, nowMs: number): number {
    const words = this.words
    const grid = this.#table.gridUnits(instrument)
    words[at + LAST] = price
    if (price > words[at + HIGH]!) words[at + HIGH] = price
    if (price < words[at + LOW]!) words[at + LOW] = price
    const nowSeconds = Math.floor(nowMs / 1000)
    words[at + EXCHANGE_TIME] = nowSeconds
    const kind = this.#table.kind(instrument)
    if (kind === INDEX) return at
    words[at + LAST_TRADE_TIME] = nowSeconds
    const lot = this.#table.unitsPerLot(instrument)
    this.#trade(at, lot * (1 + (draw >>> 28)))
    if (kind >= FUTURE) this.#moveOpenInterest(at, lot)
    this.#quoteBook(at, grid, lot)
    return at
  }

  #draw(at: number): number {
    const state = nextState(this.words[at + RANDOM]!)
    this.words[at + RANDOM] = state
    return scramble(state)
  }

  /** Adds a trade at the last price. A volume that would pass 32 bits starts again, as with a new session. */
  #trade(at: number, quantity: number): void {
    const words = this.words
    const rowNumber = at / ROW_WORDS
    const before = words[at + VOLUME]! >>> 0
    const overflows = before + quantity > UINT32_MAX
    const volume = overflows ? quantity : before + quantity
    const turnover = (overflows ? 0 : this.#turnover[rowNumber]!) + words[at + LAST]! * quantity
    this.#turnover[rowNumber] = turnover
    words[at + LAST_QUANTITY] = quantity
    words[at + VOLUME] = volume
    words[at + AVERAGE] = Math.round(turnover / volume)
  }

  #moveOpenInterest(at: number, lot: number): void {
    const words = this.words
    const wanted = words[at + OPEN_INTEREST]! + ((this.#draw(at) % 5) - 2) * lot
    const openInterest = Math.min(Math.max(wanted, 0), INT32_MAX)
    words[at + OPEN_INTEREST] = openInterest
    if (openInterest > words[at + OPEN_INTEREST_HIGH]!)
      words[at + OPEN_INTEREST_HIGH] = openInterest
    if (openInterest < words[at + OPEN_INTEREST_LOW]!) words[at + OPEN_INTEREST_LOW] = openInterest
  }

  /** Puts a book around the last price: it traded at the best bid or at the best ask. */
  #quoteBook(at: number, grid: number, lot: number): void {
    const words = this.words
    const last = words[at + LAST]!
    const draw = this.#draw(at)
    const bestBid = draw & 1 ? last : last - grid
    const bestAsk = draw & 1 ? last + grid * (1 + ((draw >>> 1) & 1)) : last
    const bids = this.#quoteSide(at + DEPTH, bestBid, -grid, lot)
    const asks = this.#quoteSide(at + DEPTH + DEPTH_LEVELS * LEVEL_WORDS, bestAsk, grid, lot)
    words[at + TOTAL_BUY] = bids + ((draw >>> 2) & 0x3fff) * lot
    words[at + TOTAL_SELL] = asks + ((draw >>> 16) & 0x3fff) * lot
  }

  /** Fills one side outwards from its best price and returns its quantity; nobody bids at or below zero. */
  #quoteSide(from: number, best: number, step: number, lot: number): number {
    const words = this.words
    const row = from - (from % ROW_WORDS)
    let price = best
    let total = 0
    for (let level = 0; level < DEPTH_LEVELS; level++) {
      const at = from + level * LEVEL_WORDS
      const draw = this.#draw(row)
      const open = price > 0
      const orders = open ? 1 + (draw & 31) : 0
      const quantity = orders * (1 + ((draw >>> 5) & 15)) * lot
      words[at] = open ? price : 0
      words[at + 1] = quantity
      words[at + 2] = orders
      total += quantity
      price += step * (1 + ((draw >>> 9) & 1))
    }
    return total
  }

  /** Gives an instrument its row and the state of a session that has run for a while. */
  #list(instrument: number, nowMs: number): number {
    if (this.#rows * ROW_WORDS === this.words.length) this.#grow()
    const at = this.#rows * ROW_WORDS
    this.#rows += 1
    this.#rowOf[instrument] = this.#rows
    const words = this.words
    words[at + RANDOM] = scramble(
      Math.imul(this.#seed, 0x9e3779b1) + Math.imul(instrument + 1, 0x85ebca6b),
    )
    const table = this.#table
    const grid = table.gridUnits(instrument)
    const kind = table.kind(instrument)
    const close = table.referenceUnits(instrument)
    const bandSteps = Math.max(20, Math.floor((close * (kind > FUTURE ? 4 : 0.1)) / grid))
    words[at + CLOSE] = close
    words[at + HIGHEST] = close + bandSteps * grid
    words[at + LOWEST] = Math.max(grid, close - bandSteps * grid)
    const open = Math.max(grid, close + ((this.#draw(at) % 9) - 4) * grid)
    for (const field of [LAST, OPEN, HIGH, LOW, AVERAGE]) words[at + field] = open
    words[at + EXCHANGE_TIME] = Math.floor(nowMs / 1000)
    if (kind === INDEX) return at
    const lot = table.unitsPerLot(instrument)
    const volume = lot * Math.ceil(this.#dayVolume(at) / lot)
    words[at + VOLUME] = volume
    words[at + LAST_QUANTITY] = lot
    words[at + LAST_TRADE_TIME] = Math.floor(nowMs / 1000) - 1
    this.#turnover[at / ROW_WORDS] = open * volume
    const openInterest = kind >= FUTURE ? (this.#draw(at) & 0x3fff) * lot : 0
    for (const field of [OPEN_INTEREST, OPEN_INTEREST_HIGH, OPEN_INTEREST_LOW]) {
      words[at + field] = openInterest
    }
    this.#quoteBook(at, grid, lot)
    return at
  }

  /** Mostly thousands to millions; one in 64 has passed 2^31, which finds readers that take it as signed. */
  #dayVolume(at: number): number {
    const draw = this.#draw(at)
    const busy = this.#draw(at) % 64 === 0
    return busy ? 2_200_000_000 + (draw >>> 3) : draw >>> (9 + (draw & 7))
  }

  #grow(): void {
    const words = new Int32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
    const turnover = new Float64Array(this.#turnover.length * 2)
    turnover.set(this.#turnover)
    this.#turnover = turnover
  }
}
