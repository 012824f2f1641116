// What orders need to know of an instrument beyond its price: what one unit of quantity is worth, in what steps it is
// traded and how much the exchange takes at once. Figures near those of 2026.
import { CALL, FUTURE, INDEX, type InstrumentTable, PUT } from './instruments.ts'

export type Segment = 'equity' | 'commodity'
export type ContractKind = 'share' | 'future' | 'option'

export interface Contract {
  readonly instrument: number
  readonly token: number
  readonly exchange: string
  readonly tradingsymbol: string
  /** The underlying's name for derivatives. */
  readonly name: string
  readonly kind: ContractKind
  readonly segment: Segment
  /** Quantities are whole multiples of it. */
  readonly lotSize: number
  /** Rupees of value for one rupee of price and one unit of quantity. */
  readonly multiplier: number
  /** The most that one order may ask for. */
  readonly freezeQuantity: number
  readonly unitsPerRupee: number
  /** Smallest price step in price units. */
  readonly gridUnits: number
  readonly tickRupees: number
  /** 0 for all but options. */
  readonly strikeRupees: number
}

const COMMODITY_EXCHANGES = new Set(['MCX', 'NCO'])
const CURRENCY_EXCHANGES = new Set(['CDS', 'BCD'])
const CURRENCY_UNITS = 1000
/** Units of the quoted measure in one lot, where it is not one. */
const COMMODITY_UNITS: Readonly<Record<string, number>> = {
  CRUDEOIL: 100,
  CRUDEOILM: 10,
  NATURALGAS: 1250,
  NATGASMINI: 250,
  GOLD: 100,
  GOLDM: 10,
  SILVER: 30,
  SILVERM: 5,
  COPPER: 2500,
  ZINC: 5000,
  ALUMINIUM: 5000,
  LEAD: 5000,
  NICKEL: 1500,
  MENTHAOIL: 360,
  MCXBULLDEX: 50,
  WTICRUDEOIL: 100,
  BRENTCRUDEOIL: 100,
}

const FREEZE_BY_INDEX: Readonly<Record<string, number>> = {
  NIFTY: 1800,
  BANKNIFTY: 600,
  FINNIFTY: 1800,
  MIDCPNIFTY: 2800,
  NIFTYNXT50: 600,
  SENSEX: 1000,
  BANKEX: 900,
}
const FREEZE_LOTS = 40
const FREEZE_CURRENCY = 10_000
const FREEZE_COMMODITY = 1000
const FREEZE_SHARES = 1_000_000

function multiplierOf(exchange: string, name: string): number {
  if (CURRENCY_EXCHANGES.has(exchange)) return CURRENCY_UNITS
  return COMMODITY_EXCHANGES.has(exchange) ? (COMMODITY_UNITS[name] ?? 1) : 1
}

function freezeQuantityOf(exchange: string, name: string, kind: ContractKind, lotSize: number) {
  if (kind === 'share') return FREEZE_SHARES
  if (CURRENCY_EXCHANGES.has(exchange)) return FREEZE_CURRENCY
  if (COMMODITY_EXCHANGES.has(exchange)) return FREEZE_COMMODITY
  return FREEZE_BY_INDEX[name] ?? FREEZE_LOTS * lotSize
}

/** Finds what can be traded, by exchange and symbol. Made on first use: most runs never place an order. */
export class Contracts {
  readonly table: InstrumentTable
  readonly #contracts = new Map<number, Contract>()
  /** First instrument of a symbol, and for each instrument the next one of the same symbol, plus one. */
  #first: Map<string, number> | undefined
  #next = new Uint32Array(0)

  constructor(table: InstrumentTable) {
    this.table = table
  }

  /** The place of a symbol in the table, indices included, or -1. */
  find(exchange: string, tradingsymbol: string): number {
    const first = this.#index().get(tradingsymbol)
    for (let link = first === undefined ? 0 : first + 1; link > 0; link = this.#next[link - 1]!) {
      if (this.table.exchange(link - 1) === exchange) return link - 1
    }
    return -1
  }

  /** What is traded under a symbol, or undefined; an index is not. */
  tradable(exchange: string, tradingsymbol: string): Contract | undefined {
    const instrument = this.find(exchange, tradingsymbol)
    if (instrument < 0 || this.table.kind(instrument) === INDEX) return undefined
    return this.of(instrument)
  }

  /** The contract of an instrument that is no index. */
  of(instrument: number): Contract {
    let contract = this.#contracts.get(instrument)
    if (contract === undefined) {
      contract = this.#describe(instrument)
      this.#contracts.set(instrument, contract)
    }
    return contract
  }

  #describe(instrument: number): Contract {
    const { table } = this
    const row = table.at(instrument)
    const { token, exchange, tradingsymbol, name, tickSize, strike } = row
    const number = table.kind(instrument)
    const isOption = number === CALL || number === PUT
    const kind = isOption ? 'option' : number === FUTURE ? 'future' : 'share'
    const lotSize = table.unitsPerLot(instrument)
    return {
      instrument,
      token,
      exchange,
      tradingsymbol,
      name,
      kind,
      segment: COMMODITY_EXCHANGES.has(exchange) ? 'commodity' : 'equity',
      lotSize,
      multiplier: multiplierOf(exchange, name),
      freezeQuantity: freezeQuantityOf(exchange, name, kind, lotSize),
      unitsPerRupee: table.unitsPerRupee(instrument),
      gridUnits: table.gridUnits(instrument),
      tickRupees: tickSize,
      strikeRupees: strike,
    }
  }

  #index(): Map<string, number> {
    if (this.#first !== undefined) return this.#first
    const first = new Map<string, number>()
    this.#next = new Uint32Array(this.table.length)
    for (let instrument = this.table.length - 1; instrument >= 0; instrument--) {
      const symbol = this.table.tradingsymbol(instrument)
      this.#next[instrument] = (first.get(symbol) ?? -1) + 1
      first.set(symbol, instrument)
    }
    this.#first = first
    return first
  }
}
