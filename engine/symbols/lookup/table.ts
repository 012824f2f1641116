// All look-ups over the instruments of one broker, in memory: 140 to 170 bytes an instrument besides the shared rows.
import type { InstrumentType } from '../../../adapters/broker.ts'
import { type LabelledStrike, labelStrikes } from './chain.ts'
import {
  type Columns,
  exchangeIdOf,
  isOfType,
  prefixStretches,
  readColumns,
  typeAt,
} from './columns.ts'
import { symbolDate } from './expiry-text.ts'
import { GramIndex } from './grams.ts'
import type { Instruments, ListedInstrument } from './instruments.ts'
import { KeyTable } from './key-table.ts'
import { search } from './search.ts'

/** Answers of one search. */
export const FOUND_MAX = 500

export const KINDS = {
  futures: ['FUT'],
  options: ['CE', 'PE'],
} as const satisfies Readonly<Record<string, readonly InstrumentType[]>>
/** Derivatives as users ask for them. */
export type Kind = keyof typeof KINDS

export interface ChainStrike extends LabelledStrike {
  /** The option, or null where the list has none. */
  readonly ce: ListedInstrument | null
  readonly pe: ListedInstrument | null
}

export interface OptionChain {
  /** The strike nearest to the price; null without a price. */
  readonly atm: number | null
  readonly strikes: readonly ChainStrike[]
}

const keyOf = (exchange: string, text: string) => `${exchange}\0${text}`

export class LookupTable {
  readonly instruments: Instruments
  readonly #columns: Columns
  readonly #grams: GramIndex
  readonly #bySymbol: KeyTable
  readonly #byToken: KeyTable
  readonly #byBrokerSymbol: KeyTable

  /** Reads every row three times; a quarter of a million take a second or two. */
  constructor(instruments: Instruments) {
    this.instruments = instruments
    this.#columns = readColumns(instruments)
    this.#grams = new GramIndex(this.#columns)
    const table = (column: 'symbol' | 'token' | 'brokerSymbol') => {
      return new KeyTable(this.size, (position) => {
        const row = this.#row(position)
        return keyOf(row.exchange, row[column])
      })
    }
    this.#bySymbol = table('symbol')
    this.#byToken = table('token')
    this.#byBrokerSymbol = table('brokerSymbol')
  }

  get size(): number {
    return this.#columns.size
  }

  /** Memory of this table besides the rows themselves. */
  get byteLength(): number {
    const { exchanges, size, groups, ...arrays } = this.#columns
    const columns = Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0)
    const tables = [this.#bySymbol, this.#byToken, this.#byBrokerSymbol]
    return tables.reduce((sum, table) => sum + table.byteLength, columns + this.#grams.byteLength)
  }

  bySymbol(exchange: string, symbol: string): ListedInstrument | null {
    return this.#at(this.#bySymbol.find(keyOf(exchange, symbol)))
  }

  /** By the broker's token as text. */
  byToken(exchange: string, token: string): ListedInstrument | null {
    return this.#at(this.#byToken.find(keyOf(exchange, token)))
  }

  byBrokerSymbol(exchange: string, brokerSymbol: string): ListedInstrument | null {
    return this.#at(this.#byBrokerSymbol.find(keyOf(exchange, brokerSymbol)))
  }

  /** The numbers of the best answers to the words of a query, at an exchange or, with null, at all of them. */
  search(query: string, exchange: string | null): number[] {
    const found = search(this.#columns, this.#grams, query, exchange, FOUND_MAX)
    return found.map((position) => this.#columns.instruments[position]!)
  }

  /** The expiry days of an underlying from `fromDay` on, soonest first. */
  expiries(exchange: string, underlying: string, kind: Kind, fromDay: number): number[] {
    const days = new Set<number>()
    for (const position of this.#derivatives(exchange, underlying, KINDS[kind])) {
      days.add(this.#columns.expiryDays[position]!)
    }
    return [...days].filter((day) => day >= fromDay).sort((a, b) => a - b)
  }

  /** The futures of an underlying that expire on `fromDay` or later, soonest first. */
  futures(exchange: string, underlying: string, fromDay: number): ListedInstrument[] {
    const days = this.#columns.expiryDays
    return [...this.#derivatives(exchange, underlying, KINDS.futures)]
      .filter((position) => days[position]! >= fromDay)
      .sort((a, b) => days[a]! - days[b]!)
      .map((position) => this.#row(position))
  }

  /** The options of an underlying and expiry by strike; a `count` keeps so many on each side of the price. */
  chain(
    exchange: string,
    underlying: string,
    expiryDay: number,
    price: number | null,
    count: number | null,
  ): OptionChain {
    const sides = { CE: new Map<number, number>(), PE: new Map<number, number>() }
    for (const position of this.#derivatives(exchange, underlying, KINDS.options, expiryDay)) {
      const side = sides[typeAt(this.#columns, position) as 'CE' | 'PE']
      side.set(this.#columns.strikes[position]!, position)
    }
    const strikes = [...new Set([...sides.CE.keys(), ...sides.PE.keys()])].sort((a, b) => a - b)
    const { atm, labelled } = labelStrikes(strikes, price, count)
    const leg = (side: 'CE' | 'PE', strike: number) => this.#at(sides[side].get(strike) ?? -1)
    return {
      atm,
      strikes: labelled.map((each) => {
        return { ...each, ce: leg('CE', each.strike), pe: leg('PE', each.strike) }
      }),
    }
  }

  /**
   * Positions of the derivatives whose symbol is the underlying followed by their own expiry date: NIFTY is not the
   * underlying of NIFTYNXT5026MAR24FUT.
   */
  *#derivatives(
    exchange: string,
    underlying: string,
    types: readonly InstrumentType[],
    expiryDay: number | null = null,
  ): Generator<number> {
    const exchangeId = exchangeIdOf(this.#columns, exchange)
    if (exchangeId < 0 || underlying === '') return
    const { exchangeIds, expiryDays, starts, text } = this.#columns
    const root = underlying.toUpperCase()
    const dates = new Map<number, Uint8Array>()
    const dateOf = (day: number) => {
      const known = dates.get(day)
      if (known !== undefined) return known
      const bytes = Buffer.from(symbolDate(day))
      dates.set(day, bytes)
      return bytes
    }
    const prefix = Buffer.from(expiryDay === null ? root : root + symbolDate(expiryDay))
    const rootBytes = Buffer.byteLength(root)
    for (const { from, to } of prefixStretches(this.#columns, prefix)) {
      for (let position = from; position < to; position++) {
        const day = expiryDays[position]!
        if (exchangeIds[position] !== exchangeId || day < 0) continue
        if (expiryDay !== null && day !== expiryDay) continue
        if (!isOfType(this.#columns, position, types)) continue
        const date = dateOf(day)
        const start = starts[position]! + rootBytes
        if (date.every((byte, at) => text[start + at] === byte)) yield position
      }
    }
  }

  #row(position: number): ListedInstrument {
    return this.instruments.row(this.#columns.instruments[position]!)
  }

  #at(position: number): ListedInstrument | null {
    return position < 0 ? null : this.#row(position)
  }
}
