// The instruments of a run, held in columns: a quarter of a million rows as objects would cost hundreds of
// megabytes, and the feed looks at two or three of their values only.
import { dateOf } from './calendar.ts'

export interface Market {
  /** Kite's `segment` and `exchange` columns. */
  readonly segment: string
  readonly exchange: string
  /** The low byte of its instrument tokens. */
  readonly code: number
  /** Price units of the wire in one rupee. */
  readonly unitsPerRupee: number
}

const market = (segment: string, exchange: string, code: number, unitsPerRupee = 100): Market => ({
  segment,
  exchange,
  code,
  unitsPerRupee,
})
export const MARKETS = {
  NSE: market('NSE', 'NSE', 1),
  BSE: market('BSE', 'BSE', 4),
  'NFO-FUT': market('NFO-FUT', 'NFO', 2),
  'NFO-OPT': market('NFO-OPT', 'NFO', 2),
  'BFO-FUT': market('BFO-FUT', 'BFO', 5),
  'BFO-OPT': market('BFO-OPT', 'BFO', 5),
  'CDS-FUT': market('CDS-FUT', 'CDS', 3, 10_000_000),
  'CDS-OPT': market('CDS-OPT', 'CDS', 3, 10_000_000),
  'BCD-FUT': market('BCD-FUT', 'BCD', 6, 10_000),
  'BCD-OPT': market('BCD-OPT', 'BCD', 6, 10_000),
  'MCX-FUT': market('MCX-FUT', 'MCX', 7),
  'MCX-OPT': market('MCX-OPT', 'MCX', 7),
  // Kite publishes no code for NCO: this one is made up, and a reader must take unknown codes as hundredths.
  'NCO-FUT': market('NCO-FUT', 'NCO', 12),
  'NCO-OPT': market('NCO-OPT', 'NCO', 12),
  'INDICES-NSE': market('INDICES', 'NSE', 9),
  'INDICES-BSE': market('INDICES', 'BSE', 9),
  'INDICES-MCX': market('INDICES', 'MCX', 9),
  'INDICES-NSEIX': market('INDICES', 'NSEIX', 9),
  'INDICES-GLOBAL': market('INDICES', 'GLOBAL', 9),
} as const satisfies Record<string, Market>
export type MarketName = keyof typeof MARKETS
const MARKET_NAMES = Object.keys(MARKETS) as MarketName[]
const MARKET_NUMBERS = new Map(MARKET_NAMES.map((name, number) => [name, number]))

export const EQUITY = 0
export const INDEX = 1
export const FUTURE = 2
export const CALL = 3
export const PUT = 4
export type Kind = typeof EQUITY | typeof INDEX | typeof FUTURE | typeof CALL | typeof PUT
/** Kite's `instrument_type` by kind: an index is listed as a share. */
const KIND_NAMES = ['EQ', 'EQ', 'FUT', 'CE', 'PE'] as const

/** One instrument as the generator lists it. */
export interface Listing {
  readonly market: MarketName
  readonly kind: Kind
  readonly exchangeToken: number
  readonly tradingsymbol: string
  readonly name: string
  /** Rupees, about where it trades. */
  readonly priceRupees: number
  /** 0 for an index. */
  readonly tickRupees: number
  readonly lotSize: number
  readonly expiryDay?: number
  readonly strikeRupees?: number
}

/** One instrument by the names of Kite's CSV. Prices are rupees, `expiry` is empty or `YYYY-MM-DD`. */
export interface Instrument {
  readonly token: number
  readonly exchangeToken: number
  readonly tradingsymbol: string
  readonly name: string
  readonly expiry: string
  readonly strike: number
  readonly tickSize: number
  readonly lotSize: number
  readonly instrumentType: (typeof KIND_NAMES)[number]
  readonly segment: string
  readonly exchange: string
}

/** An index has no tick size of its own; it moves in steps of these price units. */
const indexGridUnits = (priceRupees: number) => (priceRupees < 1000 ? 1 : 5)

export class InstrumentTable {
  #length = 0
  readonly #marketNumbers: Uint8Array
  readonly #kinds: Uint8Array
  readonly #tokens: Uint32Array
  readonly #gridUnits: Int32Array
  readonly #referenceUnits: Int32Array
  readonly #lotSizes: Uint32Array
  readonly #expiryDays: Int32Array
  readonly #strikesRupees: Float64Array
  readonly #ticksRupees: Float64Array
  readonly #tradingsymbols: string[] = []
  readonly #names: string[] = []
  readonly #indexes = new Map<number, number>()

  constructor(capacity: number) {
    this.#marketNumbers = new Uint8Array(capacity)
    this.#kinds = new Uint8Array(capacity)
    this.#tokens = new Uint32Array(capacity)
    this.#gridUnits = new Int32Array(capacity)
    this.#referenceUnits = new Int32Array(capacity)
    this.#lotSizes = new Uint32Array(capacity)
    this.#expiryDays = new Int32Array(capacity)
    this.#strikesRupees = new Float64Array(capacity)
    this.#ticksRupees = new Float64Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** Appends a row; throws where its token is there already. */
  add(listing: Listing): void {
    const index = this.#length
    const { code, unitsPerRupee } = MARKETS[listing.market]
    const token = listing.exchangeToken * 256 + code
    if (this.#indexes.has(token)) throw new Error(`token ${token} is listed twice`)
    const grid =
      listing.kind === INDEX
        ? indexGridUnits(listing.priceRupees)
        : Math.round(listing.tickRupees * unitsPerRupee)
    this.#marketNumbers[index] = MARKET_NUMBERS.get(listing.market)!
    this.#kinds[index] = listing.kind
    this.#tokens[index] = token
    this.#gridUnits[index] = grid
    this.#referenceUnits[index] =
      Math.max(1, Math.round((listing.priceRupees * unitsPerRupee) / grid)) * grid
    this.#lotSizes[index] = listing.lotSize
    this.#expiryDays[index] = listing.expiryDay ?? -1
    this.#strikesRupees[index] = listing.strikeRupees ?? 0
    this.#ticksRupees[index] = listing.tickRupees
    this.#tradingsymbols.push(listing.tradingsymbol)
    this.#names.push(listing.name)
    this.#indexes.set(token, index)
    this.#length += 1
  }

  /** Place of a token in the table, or -1. */
  indexOf(token: number): number {
    return this.#indexes.get(token) ?? -1
  }

  token(index: number): number {
    return this.#tokens[index]!
  }

  kind(index: number): Kind {
    return this.#kinds[index] as Kind
  }

  name(index: number): string {
    return this.#names[index]!
  }

  tradingsymbol(index: number): string {
    return this.#tradingsymbols[index]!
  }

  exchange(index: number): string {
    return MARKETS[MARKET_NAMES[this.#marketNumbers[index]!]!].exchange
  }

  unitsPerRupee(index: number): number {
    return MARKETS[MARKET_NAMES[this.#marketNumbers[index]!]!].unitsPerRupee
  }

  /** Smallest price step, in price units of the wire. */
  gridUnits(index: number): number {
    return this.#gridUnits[index]!
  }

  /** The price around which it trades, in price units of the wire, on the grid. */
  referenceUnits(index: number): number {
    return this.#referenceUnits[index]!
  }

  /** Units of one contract for sizes in the market: 1 where the CSV says 0. */
  unitsPerLot(index: number): number {
    return Math.max(1, this.#lotSizes[index]!)
  }

  /** The row at a place below `length`, as an object of its own. */
  at(index: number): Instrument {
    const { segment, exchange, code } = MARKETS[MARKET_NAMES[this.#marketNumbers[index]!]!]
    const token = this.#tokens[index]!
    const expiryDay = this.#expiryDays[index]!
    return {
      token,
      exchangeToken: (token - code) / 256,
      tradingsymbol: this.#tradingsymbols[index]!,
      name: this.#names[index]!,
      expiry: expiryDay < 0 ? '' : dateOf(expiryDay),
      strike: this.#strikesRupees[index]!,
      tickSize: this.#ticksRupees[index]!,
      lotSize: this.#lotSizes[index]!,
      instrumentType: KIND_NAMES[this.#kinds[index]!]!,
      segment,
      exchange,
    }
  }

  *[Symbol.iterator](): Generator<Instrument> {
    for (let index = 0; index < this.#length; index++) yield this.at(index)
  }
}
