// What the feed tells of an instrument in each mode, from its row in the market. Upstox Market Data Feed V3.
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  EXCHANGE_TIME,
  type Exchange,
  HIGH,
  LAST,
  LAST_QUANTITY,
  LAST_TRADE_TIME,
  LEVEL_WORDS,
  LOW,
  OPEN,
  OPEN_INTEREST,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from './exchange.ts'
import { CALL, FUTURE, INDEX } from './instruments.ts'
import { scramble } from './random.ts'
import type { UpstoxCatalogue } from './upstox-catalogue.ts'
import { MinuteBars } from './upstox-minutes.ts'
import {
  type Feed,
  FULL_D30,
  LTPC,
  type Ltpc,
  type MarketFullFeed,
  type Ohlc,
  OPTION_GREEKS,
  type OptionGreeks,
  type Quote,
  type RequestMode,
} from './upstox-wire.ts'

const DEEP_LEVELS = 30
const BOOK_WORDS = 2 * DEPTH_LEVELS * LEVEL_WORDS
const ASKS = DEPTH + DEPTH_LEVELS * LEVEL_WORDS
const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000
/** One tick in so many leaves out what it did not change. */
const PARTIAL_ONE_IN = 5

/** What a tick changed, and so what a message may leave out. */
export const EVERYTHING = 0
/** The best levels only: nothing but `marketLevel` need be sent. */
export const BOOK = 1
/** A trade that left the book alone: no `marketLevel`. */
export const TRADE = 2
/** The best levels, sent with all that is no price of a trade: no `ltpc`. */
export const BOOK_AND_TOTALS = 3
export type Change = typeof EVERYTHING | typeof BOOK | typeof TRADE | typeof BOOK_AND_TOTALS
const PARTIAL_CHANGES = [BOOK, TRADE, BOOK_AND_TOTALS] as const

const rounded = (value: number, decimals: number) => Number(value.toFixed(decimals))

export class UpstoxQuotes {
  readonly #catalogue: UpstoxCatalogue
  readonly #exchange: Exchange
  readonly #seed: number
  readonly #minutes = new MinuteBars()
  readonly #book = new Int32Array(BOOK_WORDS)
  /** Ticks so far by instrument: the path of one depends on its own only. */
  readonly #ticks: Uint32Array

  constructor(catalogue: UpstoxCatalogue, exchange: Exchange, seed: number) {
    this.#catalogue = catalogue
    this.#exchange = exchange
    this.#seed = seed
    this.#ticks = new Uint32Array(catalogue.table.length)
  }

  /** Ticks that an instrument has made. */
  ticks(instrument: number): number {
    return this.#ticks[instrument]!
  }

  /** Makes the instrument's next tick and tells what it changed. */
  advance(instrument: number, nowMs: number): Change {
    const isIndex = this.#catalogue.table.kind(instrument) === INDEX
    const change = isIndex ? EVERYTHING : this.#nextChange(instrument)
    this.#ticks[instrument]! += 1
    if (change === BOOK || change === BOOK_AND_TOTALS) {
      this.#joinBest(this.#exchange.row(instrument, nowMs), instrument)
    } else if (change === TRADE) this.#tradeOnly(instrument, nowMs)
    else this.#exchange.advance(instrument, nowMs)
    this.#remember(instrument, nowMs)
    return change
  }

  /** The instrument's message in a mode, without what a change left alone where there is one. */
  feed(instrument: number, mode: RequestMode, nowMs: number, change: Change): Feed {
    if (this.#ticks[instrument] === 0) this.#remember(instrument, nowMs)
    const at = this.#exchange.row(instrument, nowMs)
    if (mode === LTPC) return { ltpc: this.#ltpc(instrument, at), requestMode: LTPC }
    const isIndex = this.#catalogue.table.kind(instrument) === INDEX
    if (mode === OPTION_GREEKS && !isIndex) {
      return { firstLevelWithGreeks: this.#firstLevel(instrument, at), requestMode: mode }
    }
    if (isIndex) {
      const ohlc = [this.#dayBar(instrument, at, nowMs)]
      return { indexFF: { ltpc: this.#ltpc(instrument, at), ohlc }, requestMode: mode }
    }
    return { marketFF: this.#full(instrument, at, mode, nowMs, change), requestMode: mode }
  }

  #draw(instrument: number, purpose: number): number {
    const tick = Math.imul(this.#ticks[instrument]! + 1, 0x9e3779b1)
    return scramble(
      Math.imul(this.#seed + purpose, 0x85ebca6b) ^ tick ^ Math.imul(instrument, 0xc2b2ae35),
    )
  }

  #nextChange(instrument: number): Change {
    const draw = this.#draw(instrument, 1)
    if (draw % PARTIAL_ONE_IN !== 0) return EVERYTHING
    return PARTIAL_CHANGES[(draw >>> 8) % PARTIAL_CHANGES.length]!
  }

  #remember(instrument: number, nowMs: number): void {
    const at = this.#exchange.row(instrument, nowMs)
    const { words } = this.#exchange
    this.#minutes.add(instrument, nowMs, words[at + LAST]!, words[at + VOLUME]! >>> 0)
  }

  /** Orders move up from the second level to the best, on both sides: the totals stay. */
  #joinBest(at: number, instrument: number): void {
    const { words } = this.#exchange
    const lot = this.#catalogue.table.unitsPerLot(instrument)
    const wanted = lot * (1 + (this.#draw(instrument, 2) & 7))
    for (const best of [at + DEPTH + 1, at + ASKS + 1]) {
      const moved = Math.min(wanted, Math.max(0, words[best + LEVEL_WORDS]! - lot))
      words[best + LEVEL_WORDS]! -= moved
      words[best]! += moved
    }
  }

  #tradeOnly(instrument: number, nowMs: number): void {
    const before = this.#exchange.row(instrument, nowMs)
    this.#book.set(this.#exchange.words.subarray(before + DEPTH, before + DEPTH + BOOK_WORDS))
    const totalBuy = this.#exchange.words[before + TOTAL_BUY]!
    const totalSell = this.#exchange.words[before + TOTAL_SELL]!
    const at = this.#exchange.advance(instrument, nowMs)
    const { words } = this.#exchange
    words.set(this.#book, at + DEPTH)
    words[at + TOTAL_BUY] = totalBuy
    words[at + TOTAL_SELL] = totalSell
  }

  #rupees(instrument: number, units: number): number {
    return units / this.#catalogue.unitsPerRupee[instrument]!
  }

  #ltpc(instrument: number, at: number): Ltpc {
    const { words } = this.#exchange
    const isIndex = this.#catalogue.table.kind(instrument) === INDEX
    return {
      ltp: this.#rupees(instrument, words[at + LAST]!),
      ltt: 1000 * words[at + (isIndex ? EXCHANGE_TIME : LAST_TRADE_TIME)]!,
      ltq: words[at + LAST_QUANTITY]!,
      cp: this.#rupees(instrument, words[at + CLOSE]!),
    }
  }

  #full(
    instrument: number,
    at: number,
    mode: RequestMode,
    nowMs: number,
    change: Change,
  ): MarketFullFeed {
    const count = mode === FULL_D30 ? DEEP_LEVELS : DEPTH_LEVELS
    const levels = change === TRADE ? undefined : this.#levels(instrument, at, count)
    if (change === BOOK) return { levels }
    const { words } = this.#exchange
    return {
      ltpc: change === BOOK_AND_TOTALS ? undefined : this.#ltpc(instrument, at),
      levels,
      optionGreeks: this.#greeks(instrument, at),
      ohlc: [this.#dayBar(instrument, at, nowMs), this.#minuteBar(instrument)],
      atp: this.#rupees(instrument, words[at + AVERAGE]!),
      vtt: words[at + VOLUME]! >>> 0,
      oi: words[at + OPEN_INTEREST]!,
      iv: this.#volatility(instrument),
      tbq: words[at + TOTAL_BUY]! >>> 0,
      tsq: words[at + TOTAL_SELL]! >>> 0,
    }
  }

  #firstLevel(instrument: number, at: number) {
    const { words } = this.#exchange
    return {
      ltpc: this.#ltpc(instrument, at),
      firstDepth: this.#levels(instrument, at, 1)[0],
      optionGreeks: this.#greeks(instrument, at),
      vtt: words[at + VOLUME]! >>> 0,
      oi: words[at + OPEN_INTEREST]!,
      iv: this.#volatility(instrument),
    }
  }

  /** The book's own levels, and below them a ladder that goes on step by step. */
  #levels(instrument: number, at: number, count: number): Quote[] {
    const { words } = this.#exchange
    const levels: Quote[] = []
    for (let level = 0; level < count; level++) {
      const held = Math.min(level, DEPTH_LEVELS - 1) * LEVEL_WORDS
      const beyond = Math.max(0, level - DEPTH_LEVELS + 1)
      const steps = beyond * this.#catalogue.table.gridUnits(instrument)
      const bid = words[at + DEPTH + held]! - steps
      const ask = words[at + ASKS + held]!
      levels.push({
        bidQ: bid > 0 ? words[at + DEPTH + held + 1]! * (beyond + 1) : 0,
        bidP: bid > 0 ? this.#rupees(instrument, bid) : 0,
        askQ: words[at + ASKS + held + 1]! * (beyond + 1),
        askP: ask > 0 ? this.#rupees(instrument, ask + steps) : 0,
      })
    }
    return levels
  }

  #dayBar(instrument: number, at: number, nowMs: number): Ohlc {
    const { words } = this.#exchange
    return {
      interval: '1d',
      open: this.#rupees(instrument, words[at + OPEN]!),
      high: this.#rupees(instrument, words[at + HIGH]!),
      low: this.#rupees(instrument, words[at + LOW]!),
      close: this.#rupees(instrument, words[at + LAST]!),
      vol: words[at + VOLUME]! >>> 0,
      ts: Math.floor((nowMs + IST_OFFSET_MS) / DAY_MS) * DAY_MS - IST_OFFSET_MS,
    }
  }

  #minuteBar(instrument: number): Ohlc {
    const bar = this.#minutes.last(instrument)
    return {
      interval: 'I1',
      open: this.#rupees(instrument, bar.open),
      high: this.#rupees(instrument, bar.high),
      low: this.#rupees(instrument, bar.low),
      close: this.#rupees(instrument, bar.close),
      vol: bar.volume,
      ts: bar.startMs,
    }
  }

  /** 0 of what is no option. */
  #volatility(instrument: number): number {
    const { table, moneyness } = this.#catalogue
    if (table.kind(instrument) <= FUTURE) return 0
    return rounded(0.12 + Math.abs(moneyness[instrument]!) / 2, 4)
  }

  /** Plausible figures that fade away from the money; none of what is no option. */
  #greeks(instrument: number, at: number): OptionGreeks {
    const { table, moneyness } = this.#catalogue
    const kind = table.kind(instrument)
    if (kind <= FUTURE) return {}
    const premium = this.#rupees(instrument, this.#exchange.words[at + LAST]!)
    const call = 1 / (1 + Math.exp(-40 * moneyness[instrument]!))
    const bell = call * (1 - call)
    return {
      delta: rounded(kind === CALL ? call : call - 1, 4),
      theta: rounded(-premium * bell, 4),
      gamma: rounded(bell / 100, 6),
      vega: rounded(40 * bell, 4),
      rho: rounded(kind === CALL ? call : -call, 4),
    }
  }
}
