// What can be asked of the query thread, and how each question is answered from the tables.

import type { ListedInstrument } from './instruments.ts'
import { type DumpFormat, type Symtoken, type SymtokenWithId, symtokenWithId } from './symtoken.ts'
import type { Kind, LookupTable, OptionChain } from './table.ts'

/** One broker's tables are asked; instruments come back as rows of the symtoken table. */
export interface Questions {
  symbol: { readonly exchange: string; readonly symbol: string }
  token: { readonly exchange: string; readonly token: string }
  brokerSymbol: { readonly exchange: string; readonly brokerSymbol: string }
  search: { readonly query: string; readonly exchange: string | null }
  expiries: {
    readonly exchange: string
    readonly underlying: string
    readonly kind: Kind
    /** Days since 1970. */
    readonly fromDay: number
  }
  futures: { readonly exchange: string; readonly underlying: string; readonly fromDay: number }
  chain: {
    readonly exchange: string
    readonly underlying: string
    readonly expiryDay: number
    /** Rupees, or null for a chain without labels. */
    readonly price: number | null
    /** Strikes on each side of the price, or null for all. */
    readonly count: number | null
  }
}

/** What a chain tells of an option; few columns, because there are hundreds of options. */
export type SymtokenLeg = Pick<Symtoken, 'symbol' | 'lotsize' | 'tick_size'>

export interface SymtokenStrike {
  readonly strike: number
  readonly call: string
  readonly put: string
  readonly ce: SymtokenLeg | null
  readonly pe: SymtokenLeg | null
}

/** Rows as the JSON text of an array, UTF-8: to take hundreds as objects would hold the core for over a millisecond. */
export interface RowsText {
  readonly count: number
  readonly json: Uint8Array
}

export interface Answers {
  symbol: SymtokenWithId | null
  token: SymtokenWithId | null
  brokerSymbol: SymtokenWithId | null
  search: RowsText
  expiries: number[]
  futures: SymtokenWithId[]
  chain: { readonly atm: number | null; readonly strikes: readonly SymtokenStrike[] }
}

export type QuestionName = keyof Questions

const orNull = <In, Out>(value: In | null, map: (value: In) => Out): Out | null =>
  value === null ? null : map(value)

function legOf({ symbol, lotSize, tickSize }: ListedInstrument): SymtokenLeg {
  return { symbol, lotsize: lotSize, tick_size: tickSize }
}

function rowsText(rows: readonly ListedInstrument[]): RowsText {
  const json = new TextEncoder().encode(JSON.stringify(rows.map(symtokenWithId)))
  return { count: rows.length, json }
}

function symtokenChain({ atm, strikes }: OptionChain): Answers['chain'] {
  return {
    atm,
    strikes: strikes.map((each) => ({
      ...each,
      ce: orNull(each.ce, legOf),
      pe: orNull(each.pe, legOf),
    })),
  }
}

/** How each question is answered. */
export const ANSWERERS: {
  readonly [Name in QuestionName]: (table: LookupTable, question: Questions[Name]) => Answers[Name]
} = {
  symbol: (table, { exchange, symbol }) => orNull(table.bySymbol(exchange, symbol), symtokenWithId),
  token: (table, { exchange, token }) => orNull(table.byToken(exchange, token), symtokenWithId),
  brokerSymbol: (table, { exchange, brokerSymbol }) =>
    orNull(table.byBrokerSymbol(exchange, brokerSymbol), symtokenWithId),
  search: (table, { query, exchange }) => rowsText(table.search(query, exchange)),
  expiries: (table, { exchange, underlying, kind, fromDay }) =>
    table.expiries(exchange, underlying, kind, fromDay),
  futures: (table, { exchange, underlying, fromDay }) =>
    table.futures(exchange, underlying, fromDay).map(symtokenWithId),
  chain: (table, { exchange, underlying, expiryDay, price, count }) =>
    symtokenChain(table.chain(exchange, underlying, expiryDay, price, count)),
}

/** What the query thread is told, one thing at a time: each is answered before the next is sent. */
export type Order =
  | {
      readonly do: 'load'
      readonly broker: string
      readonly catalogue: SharedArrayBuffer
      readonly details: SharedArrayBuffer
    }
  | {
      readonly do: 'ask'
      readonly broker: string
      readonly name: QuestionName
      readonly question: Questions[QuestionName]
    }
  | {
      readonly do: 'openDump'
      readonly dump: number
      readonly broker: string
      readonly exchange: string | null
      readonly format: DumpFormat
      /** Shared; holds one piece at a time. */
      readonly memory: Uint8Array
    }
  /** Writes the next piece as UTF-8 to the dump's memory and answers with its bytes, 0 after the last. */
  | { readonly do: 'readDump'; readonly dump: number }
  | { readonly do: 'closeDump'; readonly dump: number }

export type Outcome = { readonly value: unknown } | { readonly error: string }

/** The memory in an outcome that can be handed over instead of copied. */
export function transfersOf(outcome: Outcome): ArrayBuffer[] {
  const json = 'value' in outcome ? (outcome.value as Partial<RowsText> | null)?.json : undefined
  return json === undefined ? [] : [json.buffer as ArrayBuffer]
}
