// The simulated market once more, apart from any simulator: what its instruments are called in the common format, and
// what they show after so many ticks. A simulator runs the same market from the same seed, so both must agree.
import { formatSymbol, indexSymbol, type SymbolParts } from '../../adapters/symbol.ts'
import type { DepthLevel, ValueName } from '../../codecs/tick.ts'
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  Exchange,
  HIGH,
  LAST,
  LAST_QUANTITY,
  LEVEL_WORDS,
  LOW,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from '../../sim/exchange.ts'
import { INDEX, type Instrument, type InstrumentTable, MARKETS } from '../../sim/instruments.ts'
import { listInstruments } from '../../sim/listing.ts'

export type Kind = 'EQ' | 'FUT' | 'CE' | 'PE' | 'INDEX'

/** An instrument of the market under its common name. */
export interface TwinInstrument {
  readonly place: number
  readonly exchange: string
  readonly symbol: string
  readonly kind: Kind
  /** `YYYY-MM-DD`, or null. */
  readonly expiry: string | null
  readonly strike: number | null
}

/** What an instrument shows; an index has no sizes and no book. */
export interface TwinState {
  readonly values: Readonly<Partial<Record<ValueName, number>>>
  readonly depth: { readonly buy: readonly DepthLevel[]; readonly sell: readonly DepthLevel[] }
}

const PRICES = { ltp: LAST, open: OPEN, high: HIGH, low: LOW, close: CLOSE, atp: AVERAGE }
const INDEX_PRICES = { ltp: LAST, open: OPEN, high: HIGH, low: LOW, close: CLOSE }
const COUNTS = {
  ltq: LAST_QUANTITY,
  volume: VOLUME,
  totalBuyQty: TOTAL_BUY,
  totalSellQty: TOTAL_SELL,
  oi: OPEN_INTEREST,
  oiHigh: OPEN_INTEREST_HIGH,
  oiLow: OPEN_INTEREST_LOW,
}
const INDEX_EXCHANGES: Readonly<Record<string, string>> = {
  NSE: 'NSE_INDEX',
  BSE: 'BSE_INDEX',
  MCX: 'MCX_INDEX',
  NSEIX: 'GLOBAL_INDEX',
  GLOBAL: 'GLOBAL_INDEX',
}
const MARKET_OF = new Map(
  Object.values(MARKETS).map((market) => [`${market.segment} ${market.exchange}`, market]),
)

function nameOf(row: Instrument, isIndex: boolean): Omit<TwinInstrument, 'place'> {
  const { instrumentType: type, tradingsymbol, name, strike, expiry } = row
  if (isIndex) {
    const exchange = INDEX_EXCHANGES[row.exchange]!
    const symbol = indexSymbol(exchange, tradingsymbol)
    return { exchange, symbol, kind: 'INDEX', expiry: null, strike: null }
  }
  const { exchange } = row
  if (type === 'EQ') {
    return { exchange, symbol: tradingsymbol, kind: type, expiry: null, strike: null }
  }
  const parts: SymbolParts =
    type === 'FUT' ? { type, name, expiry } : { type, name, expiry, strike }
  const rupees = type === 'FUT' ? null : strike
  return { exchange, symbol: formatSymbol(parts), kind: type, expiry, strike: rupees }
}

export class Twin {
  readonly instruments: readonly TwinInstrument[]
  readonly #table: InstrumentTable
  readonly #seed: number

  constructor(seed: number, today: string, count: number) {
    this.#table = listInstruments(seed, today, count)
    this.#seed = seed
    this.instruments = Array.from(this.#table, (row, place) => {
      return { place, ...nameOf(row, this.#table.kind(place) === INDEX) }
    })
  }

  /** What an instrument shows after none, one, two and so on of its ticks. */
  states({ place }: TwinInstrument, count: number): TwinState[] {
    const exchange = new Exchange(this.#table, this.#seed)
    exchange.row(place, 0)
    return Array.from({ length: count }, (_, ticks) => {
      if (ticks > 0) exchange.advance(place, 0)
      return this.stateIn(exchange, place)
    })
  }

  /** What the instrument at a place shows now in an exchange of the same instruments. */
  stateIn(exchange: Exchange, place: number): TwinState {
    const row = exchange.row(place, 0)
    const { words } = exchange
    const { segment, exchange: code } = this.#table.at(place)
    const { unitsPerRupee } = MARKET_OF.get(`${segment} ${code}`)!
    const isIndex = this.#table.kind(place) === INDEX
    const values: Partial<Record<ValueName, number>> = {}
    for (const [name, word] of Object.entries(isIndex ? INDEX_PRICES : PRICES)) {
      values[name as ValueName] = words[row + word]! / unitsPerRupee
    }
    if (isIndex) return { values, depth: { buy: [], sell: [] } }
    for (const [name, word] of Object.entries(COUNTS)) {
      values[name as ValueName] = words[row + word]! >>> 0
    }
    const side = (from: number) =>
      Array.from({ length: DEPTH_LEVELS }, (_, level) => {
        const at = row + DEPTH + (from + level) * LEVEL_WORDS
        const [price, quantity, orders] = words.subarray(at, at + LEVEL_WORDS)
        return { price: price! / unitsPerRupee, quantity: quantity!, orders: orders! }
      }).filter(({ quantity }) => quantity > 0)
    const depth = { buy: side(0), sell: side(DEPTH_LEVELS) }
    const [bid, ask] = [depth.buy[0], depth.sell[0]]
    if (bid) Object.assign(values, { bid: bid.price, bidQty: bid.quantity })
    if (ask) Object.assign(values, { ask: ask.price, askQty: ask.quantity })
    return { values, depth }
  }
}
