// What can be asked of the query thread, and how each question is answered from the tables.
import type { ListedInstrument } from './instruments.ts'
import { type DumpFormat, searchReply } from './list-text.ts'
import { type Symtoken, type SymtokenWithId, symtokenWithId } from './symtoken.ts'
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

/** The whole body of the API's reply, UTF-8: to take hundreds of rows would hold the core for over a millisecond. */
export interface ReplyBody {
  readonly json: Uint8Array
}

export interface Answers {
  symbol: SymtokenWithId | null
  token: SymtokenWithId | null
  brokerSymbol: SymtokenWithId | null
  search: ReplyBody
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

const NO_MEMORY = new Uint8Array(0)

/** How each question is answered; the body of a reply is put into the memory where it has room. */
export const ANSWERERS: {
  readonly [Name in QuestionName]: (
    table: LookupTable,
    question: Questions[Name],
    memory?: Uint8Array,
  ) => Answers[Name]
} = {
  symbol: (table, { exchange, symbol }) => orNull(table.bySymbol(exchange, symbol), symtokenWithId),
  token: (table, { exchange, token }) => orNull(table.byToken(exchange, token), symtokenWithId),
  brokerSymbol: (table, { exchange, brokerSymbol }) =>
    orNull(table.byBrokerSymbol(exchange, brokerSymbol), symtokenWithId),
  search(table, { query, exchange }, memory = NO_MEMORY) {
    return { json: searchReply(table.instruments.writer, table.search(query, exchange), memory) }
  },
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

/** What the query thread is started with. */
export interface QueryThreadData {
  /** Shared; the bodies of replies that are no longer go there, by turns. */
  readonly replyMemories: readonly [Uint8Array, Uint8Array]
}

/** Where in the reply memories the body of a reply lies. */
export interface BodyPlace {
  readonly memory: 0 | 1
  readonly bodyBytes: number
}

export type Outcome = { readonly value: unknown } | { readonly error: string } | BodyPlace
