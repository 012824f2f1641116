// The instruments as Upstox knows them: a text key for each, `NSE_EQ|INE002A01018`, `NSE_FO|45678`,
// `NSE_INDEX|Nifty 50`. Upstox instruments JSON.
import { FUTURE, INDEX, type Instrument, type InstrumentTable, MARKETS } from './instruments.ts'
import type { SimulatedInstrument } from './simulator.ts'

/** One listed instrument with what its broker adds. */
export interface UpstoxInstrument {
  readonly key: string
  readonly segment: string
  readonly exchange: string
  readonly row: Instrument
}

/** Segment and exchange of Upstox by segment of the listing; the others of the listing are not at Upstox. */
const SEGMENTS: Readonly<Record<string, readonly [segment: string, exchange: string]>> = {
  NSE: ['NSE_EQ', 'NSE'],
  BSE: ['BSE_EQ', 'BSE'],
  'NFO-FUT': ['NSE_FO', 'NSE'],
  'NFO-OPT': ['NSE_FO', 'NSE'],
  'BFO-FUT': ['BSE_FO', 'BSE'],
  'BFO-OPT': ['BSE_FO', 'BSE'],
  'CDS-FUT': ['NCD_FO', 'NSE'],
  'CDS-OPT': ['NCD_FO', 'NSE'],
  'BCD-FUT': ['BCD_FO', 'BSE'],
  'BCD-OPT': ['BCD_FO', 'BSE'],
  'MCX-FUT': ['MCX_FO', 'MCX'],
  'MCX-OPT': ['MCX_FO', 'MCX'],
  'NCO-FUT': ['NSE_COM', 'NSE'],
  'NCO-OPT': ['NSE_COM', 'NSE'],
}
const INDEX_SEGMENTS: Readonly<Record<string, readonly [segment: string, exchange: string]>> = {
  NSE: ['NSE_INDEX', 'NSE'],
  BSE: ['BSE_INDEX', 'BSE'],
  NSEIX: ['GLOBAL_INDEX', 'GLOBAL'],
  GLOBAL: ['GLOBAL_INDEX', 'GLOBAL'],
}
/** Upstox's names of the indices abroad, by those of the listing; one that is not here is not at Upstox. */
const GLOBAL_NAMES: Readonly<Record<string, string>> = {
  'GIFT NIFTY': 'GIFT NIFTY',
  HANGSENG: '^HSI',
  UK100: '^FTSE',
  US500: '^GSPC',
  GERMANY40: '^GDAXI',
  FRANCE40: '^FCHI',
  JAPAN225: '^N225',
  US100: 'IXIX',
  US30: 'DOW FUTURES',
}
/** How many instruments of a listing are at most not at Upstox. */
export const LEFT_OUT_MAX = 12

/** Index words that keep their capitals in a key. */
const CAPITALS = new Set(['VIX', 'IT', 'FMCG', 'MNC', 'PSU', 'PSE', 'CPSE', 'GS', 'PR', 'TR'])
const unitsBySegment = new Map(
  Object.values(MARKETS).map(({ segment, unitsPerRupee }) => [segment as string, unitsPerRupee]),
)
const SERIES = /-(BE|SM|BZ)$/

/** `Nifty 50` of `NIFTY 50`. */
const titled = (name: string) =>
  name
    .split(' ')
    .map((word) => (CAPITALS.has(word) ? word : word[0] + word.slice(1).toLowerCase()))
    .join(' ')

const KNOWN_ISIN = 'INE002A01018'
const ISSUERS = 26_000
/** Shares no factor with the number of issuers, so that a walk by it visits each once. */
const ISSUER_STEP = 7_919

/** The digit that ends an ISIN: Luhn's, over its letters as two digits each. */
function checkDigit(body: string): number {
  const digits = [...body].map((character) => Number.parseInt(character, 36)).join('')
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place])
    const doubled = place % 2 === 0 ? 2 * digit : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return (10 - (sum % 10)) % 10
}

/** Gives every company one ISIN, well-formed and made up except for RELIANCE's. */
class IsinMint {
  readonly #byTicker = new Map([['RELIANCE', KNOWN_ISIN]])
  #next: number

  constructor(seed: number) {
    this.#next = ((seed % ISSUERS) + ISSUERS) % ISSUERS
  }

  of(ticker: string): string {
    const known = this.#byTicker.get(ticker)
    if (known !== undefined) return known
    const issuer = this.#next
    this.#next = (issuer + ISSUER_STEP) % ISSUERS
    const letter = String.fromCharCode(65 + Math.floor(issuer / 1000))
    const body = `INE${String(issuer % 1000).padStart(3, '0')}${letter}0101`
    const isin = body + checkDigit(body)
    if (isin === KNOWN_ISIN) return this.of(ticker)
    this.#byTicker.set(ticker, isin)
    return isin
  }
}

/** A ticker without the series that the listing keeps in it, and the series. */
export function seriesOf(tradingsymbol: string): { ticker: string; series: string } {
  const series = SERIES.exec(tradingsymbol)?.[1]
  return series === undefined
    ? { ticker: tradingsymbol, series: 'EQ' }
    : { ticker: tradingsymbol.replace(SERIES, ''), series }
}

export class UpstoxCatalogue {
  readonly table: InstrumentTable
  /** Places in the table, in the order of the list. */
  readonly listed: Uint32Array
  /** Key by place in the table, empty where it is not at Upstox. */
  readonly keys: string[] = []
  readonly unitsPerRupee: Float64Array
  /** How far below (a call in the money) or above its underlying an option's strike is, as a share of it. */
  readonly moneyness: Float64Array
  readonly #placeOf = new Map<string, number>()
  readonly #isins: IsinMint
  #rows: readonly SimulatedInstrument[] | undefined

  /** Takes the first `count` of the table that are at Upstox. */
  constructor(table: InstrumentTable, count: number, seed: number) {
    this.table = table
    this.#isins = new IsinMint(seed)
    this.unitsPerRupee = new Float64Array(table.length)
    this.moneyness = new Float64Array(table.length)
    const listed: number[] = []
    /** Price of the nearest future by root: what options are measured against. */
    const spots = new Map<string, number>()
    for (let place = 0; place < table.length; place++) {
      const row = table.at(place)
      const units = unitsBySegment.get(row.segment)!
      const priceRupees = table.referenceUnits(place) / units
      this.unitsPerRupee[place] = units
      const kind = table.kind(place)
      if (kind === FUTURE && !spots.has(row.name)) spots.set(row.name, priceRupees)
      const spot = spots.get(row.name) ?? row.strike
      if (kind > FUTURE) this.moneyness[place] = (spot - row.strike) / spot
      const key = this.#keyOf(place, row)
      this.keys.push(key)
      if (key === '' || listed.length === count) continue
      listed.push(place)
      this.#placeOf.set(key, place)
    }
    this.listed = Uint32Array.from(listed)
  }

  /** Place of a key in the table, or -1. */
  placeOf(key: string): number {
    return this.#placeOf.get(key) ?? -1
  }

  isin(ticker: string): string {
    return this.#isins.of(ticker)
  }

  /** The instrument at a place of the table that is listed. */
  at(place: number): UpstoxInstrument {
    const row = this.table.at(place)
    const [segment, exchange] = this.#segmentOf(place, row)!
    return { key: this.keys[place]!, segment, exchange, row }
  }

  get instruments(): readonly SimulatedInstrument[] {
    this.#rows ??= Array.from(this.listed, (place) => {
      const { key, segment, row } = this.at(place)
      return { token: key, exchange: segment, tradingsymbol: upstoxSymbol(this.table, place, row) }
    })
    return this.#rows
  }

  #segmentOf(place: number, row: Instrument) {
    return this.table.kind(place) === INDEX ? INDEX_SEGMENTS[row.exchange] : SEGMENTS[row.segment]
  }

  /** Empty where Upstox has no such instrument. */
  #keyOf(place: number, row: Instrument): string {
    const segment = this.#segmentOf(place, row)?.[0]
    if (segment === undefined) return ''
    if (segment.endsWith('_EQ'))
      return `${segment}|${this.isin(seriesOf(row.tradingsymbol).ticker)}`
    if (this.table.kind(place) !== INDEX) return `${segment}|${row.exchangeToken}`
    const name = indexName(row)
    return name === undefined ? '' : `${segment}|${name}`
  }
}

/** What an index is called in its key; undefined where it is not at Upstox. */
export function indexName({ exchange, tradingsymbol }: Instrument): string | undefined {
  if (exchange === 'NSE') return titled(tradingsymbol)
  return exchange === 'BSE' ? tradingsymbol : GLOBAL_NAMES[tradingsymbol]
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** `28 MAR 24` of `2024-03-28`. */
function spacedDate(expiry: string): string {
  const [year = '', month, day] = expiry.split('-')
  return `${day} ${MONTHS[Number(month) - 1]} ${year.slice(2)}`
}

/** `RELIANCE`, `NIFTY FUT 28 MAR 24`, `NIFTY 20800 CE 28 MAR 24`, `NIFTY 50`. */
export function upstoxSymbol(table: InstrumentTable, place: number, row: Instrument): string {
  const kind = table.kind(place)
  if (kind === INDEX) return GLOBAL_NAMES[row.tradingsymbol] ?? row.tradingsymbol
  if (kind < FUTURE) return seriesOf(row.tradingsymbol).ticker
  const contract =
    kind === FUTURE ? `${row.name} FUT` : `${row.name} ${row.strike} ${row.instrumentType}`
  return `${contract} ${spacedDate(row.expiry)}`
}
