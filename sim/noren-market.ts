// The seeded market as a Noren broker lists it: which instruments it has, and what it calls them.
import { dayOf, lastWeekday, monthlyExpiries, THURSDAY } from './calendar.ts'
import { FUTURE, INDEX, type InstrumentTable, type Listing } from './instruments.ts'
import { INSTRUMENTS_MAX, listInstruments } from './listing.ts'
import type { NorenBrand } from './noren-brands.ts'
import {
  bseIndexNames,
  bseProduct,
  contractName,
  contractSymbol,
  dateParts,
  type IndexNames,
  isIndexRoot,
  nseIndexNames,
  shareNames,
} from './noren-names.ts'
import type { SimulatedInstrument, SimulatorOptions } from './simulator.ts'
import { LEADING_STOCKS } from './stocks.ts'

/** One instrument in Noren's words. `expiry` is empty or `DD-MMM-YYYY`. */
export interface Scrip extends SimulatedInstrument {
  readonly token: number
  readonly symbol: string
  readonly lotSize: number
  /** `EQ`, `BE`, a group of BSE, `INDEX`, `FUTIDX`, `OPTSTK`, `FUTCUR`, `OPTFUT` ... */
  readonly instrumentName: string
  readonly expiry: string
  readonly optionType: '' | 'XX' | 'CE' | 'PE'
  readonly strikeRupees: number
  /** 0 for an index. */
  readonly tickRupees: number
  /** Digits after the point of its prices. */
  readonly precision: 2 | 4
  /** What its derivative is written on, else empty. */
  readonly underlying: string
}

/** Low bytes of the table's tokens, by Noren's exchange; INDICES is told apart by name. */
const CODES: Readonly<Record<string, number>> = { NSE: 1, NFO: 2, CDS: 3, BSE: 4, BFO: 5, MCX: 7 }
const EXCHANGES: readonly (string | undefined)[] = Object.entries(CODES).reduce(
  (exchanges: string[], [exchange, code]) => {
    exchanges[code] = exchange
    return exchanges
  },
  [],
)
const CDS_CODE = 3

/** The table has no shares' futures of BSE, and a broker's file of them is never empty. */
function bseShareFutures(today: string): Listing[] {
  const day = dayOf(today)
  const [stock] = LEADING_STOCKS
  return monthlyExpiries(day, 1, lastWeekday(THURSDAY)).map((expiry) => ({
    market: 'BFO-FUT',
    kind: FUTURE,
    exchangeToken: 814_001,
    tradingsymbol: `${stock!.ticker}${expiry.text}FUT`,
    name: stock!.ticker,
    priceRupees: stock!.spotRupees,
    tickRupees: 0.05,
    lotSize: stock!.lotSize,
    expiryDay: expiry.day,
  }))
}

export class NorenMarket {
  readonly table: InstrumentTable
  readonly brand: NorenBrand
  /** Places in the table of what this broker has, in the order of listing. */
  readonly indexes: Uint32Array
  readonly #has: Uint8Array
  readonly #indexNames = new Map<number, IndexNames>()
  readonly #indexPlaces = new Map<string, number>()

  /**
   * Takes as many instruments as asked, among them one of each master file. `fileOf` gives the file of a scrip,
   * or undefined where it is in none. Throws a RangeError that names the option.
   */
  constructor(
    brand: NorenBrand,
    { seed, instruments }: Pick<SimulatorOptions, 'seed' | 'instruments'>,
    today: string,
    fileOf: (scrip: Scrip) => string | undefined,
  ) {
    this.brand = brand
    // Checks the count in the caller's terms: below, more are listed, since a broker has not all of them.
    const isCount = Number.isInteger(instruments) && instruments >= 1
    const listed = isCount ? Math.ceil(instruments * 1.1) + 700 : instruments
    const isTooMany = instruments > INSTRUMENTS_MAX
    this.table = listInstruments(
      seed,
      today,
      isTooMany ? instruments : Math.min(listed, INSTRUMENTS_MAX),
      bseShareFutures(today),
    )
    this.#nameIndices()
    this.indexes = this.#choose(instruments, fileOf)
    this.#has = new Uint8Array(this.table.length)
    for (const index of this.indexes) this.#has[index] = 1
  }

  /** Place of a scrip in the table, or -1 where this broker does not have it. */
  find(exchange: string, token: number): number {
    const code = Object.hasOwn(CODES, exchange) ? CODES[exchange]! : 0
    if (code === 0) return -1
    const place =
      this.#indexPlaces.get(`${exchange}|${token}`) ?? this.table.indexOf(token * 256 + code)
    return place >= 0 && this.#has[place] === 1 ? place : -1
  }

  isDerivative(index: number): boolean {
    return this.table.kind(index) >= FUTURE
  }

  scrip(index: number): Scrip {
    const row = this.table.at(index)
    const names = this.#indexNames.get(index)
    if (names !== undefined) return this.#indexScrip(names)
    const exchange = EXCHANGES[row.token & 255]!
    const common = {
      exchange,
      token: row.exchangeToken,
      lotSize: row.lotSize,
      tickRupees: row.tickSize,
      precision: (row.token & 255) === CDS_CODE ? 4 : 2,
    } as const
    if (row.expiry === '') return { ...common, ...shareNames(row, exchange) }
    const isBfo = exchange === 'BFO'
    return {
      ...common,
      symbol: isBfo && this.brand.bfoSymbols === 'product' ? bseProduct(row) : row.name,
      tradingsymbol: isBfo ? row.tradingsymbol : contractSymbol(row, exchange),
      instrumentName: contractName(row, exchange),
      expiry: dateParts(row.expiry).join('-'),
      optionType: row.instrumentType === 'FUT' ? 'XX' : (row.instrumentType as 'CE' | 'PE'),
      strikeRupees: row.strike,
      underlying: row.name,
    }
  }

  /** All scrips in the order of listing, or those of one exchange. */
  *scrips(exchange?: string): Generator<Scrip> {
    for (const index of this.indexes) {
      if (exchange === undefined || this.#exchangeOf(index) === exchange) yield this.scrip(index)
    }
  }

  #exchangeOf(index: number): string | undefined {
    return this.#indexNames.get(index)?.exchange ?? EXCHANGES[this.table.token(index) & 255]
  }

  #nameIndices(): void {
    let others = 0
    for (let index = 0; index < this.table.length; index++) {
      if (this.table.kind(index) !== INDEX) continue
      const { exchange, tradingsymbol } = this.table.at(index)
      others += 1
      const names =
        exchange === 'NSE'
          ? nseIndexNames(tradingsymbol, others, this.brand)
          : exchange === 'BSE'
            ? bseIndexNames(tradingsymbol, others, this.brand)
            : undefined
      if (names === undefined) continue
      this.#indexNames.set(index, names)
      this.#indexPlaces.set(`${names.exchange}|${names.token}`, index)
    }
  }

  #indexScrip(names: IndexNames): Scrip {
    return {
      ...names,
      lotSize: 1,
      instrumentName: names.exchange === 'NSE' ? 'INDEX' : 'UNDIND',
      expiry: '',
      optionType: '',
      strikeRupees: 0,
      tickRupees: 0,
      precision: 2,
      underlying: '',
    }
  }

  /** The first of each file, and for the rest the first ones of all. */
  #choose(count: number, fileOf: (scrip: Scrip) => string | undefined): Uint32Array {
    const firsts = new Map<string, number>()
    const seen = new Set<string>()
    const known: number[] = []
    for (let index = 0; index < this.table.length; index++) {
      const exchange = this.#exchangeOf(index)
      if (exchange === undefined) continue
      known.push(index)
      if (this.table.kind(index) === INDEX) continue
      // No file holds a part only of these: asking once of each spares making every row here.
      const kind = `${exchange} ${isIndexRoot(this.table.name(index))}`
      if (seen.has(kind)) continue
      seen.add(kind)
      const file = fileOf(this.scrip(index))
      if (file !== undefined && !firsts.has(file)) firsts.set(file, index)
    }
    const needed = new Set(firsts.values())
    let left = count - needed.size
    return Uint32Array.from(known.filter((index) => needed.has(index) || left-- > 0))
  }
}
