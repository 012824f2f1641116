// Quotes from the last ticks, where they are young and have all that is asked for: no broker is asked then. A quote is
// of one tick alone, so that values of different times never mix.
import {
  ASK,
  ASK_QTY,
  BID,
  BID_QTY,
  CLOSE,
  HIGH,
  LEVEL_WORDS,
  LOW,
  LTP,
  LTQ,
  MODE_DEPTH,
  OI,
  OPEN,
  Tick,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  VOLUME,
} from '../../codecs/tick.ts'

/** As OpenAlgo's endpoints have it; quantities only in option chains. */
export interface Quote {
  readonly ask: number
  readonly ask_qty: number
  readonly bid: number
  readonly bid_qty: number
  readonly high: number
  readonly low: number
  readonly ltp: number
  readonly oi: number
  readonly open: number
  readonly prev_close: number
  readonly volume: number
}

export interface Level {
  readonly price: number
  readonly quantity: number
}

export interface Depth {
  readonly asks: readonly Level[]
  readonly bids: readonly Level[]
  readonly high: number
  readonly low: number
  readonly ltp: number
  readonly ltq: number
  readonly oi: number
  readonly open: number
  readonly prev_close: number
  readonly totalbuyqty: number
  readonly totalsellqty: number
  readonly volume: number
}

/** A feed as far as quotes need it. */
export interface LiveFeed {
  readonly id: string
  /** Levels of a side that its ticks have room for. */
  readonly depthLevels: number
  /** Fills `tick` with the last one of an instrument, or answers false where there is none. */
  lastTick(instrument: number, tick: Tick): boolean
  /** Instrument number, or -1. */
  find(exchange: string, symbol: string): number
}

/** Levels of a side, as OpenAlgo's clients know them. */
export const LEVELS_MAX = 5

const bits = (...positions: number[]) => positions.reduce((all, each) => all | (1 << each), 0)
/** An index has prices and nothing to trade. */
const OF_INDEX = bits(LTP, OPEN, HIGH, LOW, CLOSE)
const OF_SHARE = OF_INDEX | bits(VOLUME)
const OF_DERIVATIVE = OF_SHARE | bits(OI)
const OF_BOOK = bits(LTQ, TOTAL_BUY_QTY, TOTAL_SELL_QTY)
const BEST = bits(BID, ASK)
const SHARE_EXCHANGES: readonly string[] = ['NSE', 'BSE']
const US_PER_MS = 1000

interface Line {
  readonly feed: LiveFeed
  readonly tick: Tick
}

export class LiveQuotes {
  readonly #lines = new Map<string, Line>()
  readonly #first: string | undefined
  readonly #ageUsMax: number
  readonly #nowUs: () => number

  /** `ageMsMax`: how old a tick may be; 0 never answers. `nowUs` is the clock by which ticks are received. */
  constructor(feeds: readonly LiveFeed[], ageMsMax: number, nowUs: () => number) {
    for (const feed of feeds) {
      this.#lines.set(feed.id, { feed, tick: new Tick(feed.depthLevels) })
    }
    this.#first = feeds[0]?.id
    this.#ageUsMax = ageMsMax * US_PER_MS
    this.#nowUs = nowUs
  }

  /** The quote of the last tick, or null where the broker has to be asked. */
  quote(broker: string | undefined, exchange: string, symbol: string): Quote | null {
    const tick = this.#tick(broker, exchange, symbol)
    if (tick === null || !hasQuote(tick, exchange)) return null
    const { values } = tick
    const sellWord = tick.levelsMax * LEVEL_WORDS
    return {
      ask: bestOf(tick, ASK, tick.sellLevels, sellWord),
      ask_qty: bestOf(tick, ASK_QTY, tick.sellLevels, sellWord + 1),
      bid: bestOf(tick, BID, tick.buyLevels, 0),
      bid_qty: bestOf(tick, BID_QTY, tick.buyLevels, 1),
      high: values[HIGH]!,
      low: values[LOW]!,
      ltp: values[LTP]!,
      oi: valueOr0(tick, OI),
      open: values[OPEN]!,
      prev_close: values[CLOSE]!,
      volume: valueOr0(tick, VOLUME),
    }
  }

  /** The quote of the last tick with its book, or null where the broker has to be asked. */
  depth(broker: string | undefined, exchange: string, symbol: string): Depth | null {
    const tick = this.#tick(broker, exchange, symbol)
    if (tick === null || !hasQuote(tick, exchange)) return null
    const needs = isIndex(exchange) ? 0 : OF_BOOK
    if ((tick.present & needs) !== needs || (needs !== 0 && tick.mode !== MODE_DEPTH)) return null
    const { values } = tick
    return {
      asks: levelsOf(tick, tick.levelsMax * LEVEL_WORDS, tick.sellLevels),
      bids: levelsOf(tick, 0, tick.buyLevels),
      high: values[HIGH]!,
      low: values[LOW]!,
      ltp: values[LTP]!,
      ltq: valueOr0(tick, LTQ),
      oi: valueOr0(tick, OI),
      open: values[OPEN]!,
      prev_close: values[CLOSE]!,
      totalbuyqty: valueOr0(tick, TOTAL_BUY_QTY),
      totalsellqty: valueOr0(tick, TOTAL_SELL_QTY),
      volume: valueOr0(tick, VOLUME),
    }
  }

  /** The last tick where it is young enough. Filled again by the next call. */
  #tick(broker: string | undefined, exchange: string, symbol: string): Tick | null {
    const line = this.#lines.get(broker ?? this.#first ?? '')
    if (line === undefined) return null
    const { feed, tick } = line
    const instrument = feed.find(exchange, symbol)
    if (instrument < 0 || !feed.lastTick(instrument, tick)) return null
    return this.#nowUs() - tick.receiveTimeUs <= this.#ageUsMax ? tick : null
  }
}

const isIndex = (exchange: string) => exchange.endsWith('_INDEX')

function hasQuote(tick: Tick, exchange: string): boolean {
  if (isIndex(exchange)) return (tick.present & OF_INDEX) === OF_INDEX
  const needs = SHARE_EXCHANGES.includes(exchange) ? OF_SHARE : OF_DERIVATIVE
  if ((tick.present & needs) !== needs) return false
  // A book may have one side only, and then tells that there is no other.
  return tick.mode === MODE_DEPTH || (tick.present & BEST) === BEST
}

function valueOr0(tick: Tick, position: number): number {
  return (tick.present & (1 << position)) === 0 ? 0 : tick.values[position]!
}

/** A value of its own, or else that word of the best level. */
function bestOf(tick: Tick, position: number, levels: number, word: number): number {
  if ((tick.present & (1 << position)) !== 0) return tick.values[position]!
  return levels === 0 ? 0 : tick.depth[word]!
}

function levelsOf(tick: Tick, firstWord: number, levels: number): Level[] {
  const found: Level[] = []
  for (let level = 0; level < levels && level < LEVELS_MAX; level++) {
    const at = firstWord + level * LEVEL_WORDS
    found.push({ price: tick.depth[at]!, quantity: tick.depth[at + 1]! })
  }
  return found
}
