// All else of a broker's rows in shared memory, by instrument number: what orders, searches and lists need.
//
//   head                8 words: magic, version, byte length, rows, bound, text bytes, 0, 0
//   lot sizes, tick sizes, strikes, freeze quantities
//                       rows doubles each; a strike of NaN and a freeze quantity of 0: there is none
//   row numbers         bound words, by instrument number: row number + 1; 0: the broker does not have the instrument
//   expiry days         rows words (int32): days since 1970-01-01; -1: none
//   tokens, exchange tokens
//                       rows words each: the number, or where in the text it stands, as the row's kind says
//   broker symbols, names, broker exchanges
//                       rows words each: where in the text it stands
//   segments            rows half-words, filled up to whole words
//   kinds               rows bytes, filled up to whole words: bits 0 to 2 the type's place in TYPES, bit 3: the token
//                       is text, bits 4 and 5 the exchange token: 0 none, 1 a number, 2 text
//   text                per text: its length (2 bytes, little-endian) and its bytes (UTF-8)
//
// Columns have a value per row, not per number: numbers are never given again, so a broker's become sparse.
import type { InstrumentRow, InstrumentType } from '../../adapters/broker.ts'
import {
  type BlobKind,
  checkLength,
  grown,
  HEAD_WORDS,
  makeBlob,
  OWN_WORDS,
  readHead,
} from './blob.ts'
import { epochDay } from './epoch-day.ts'
import { TextPool } from './text-pool.ts'
import { spelledUint32 } from './token-set.ts'

const KIND: BlobKind = { name: 'instrument details', magic: 0x4c544544, version: 1 }
/** Types by their code; their order is part of the layout. */
export const TYPES: readonly InstrumentType[] = ['EQ', 'FUT', 'CE', 'PE', 'INDEX']
const TYPE_BITS = 7
const TOKEN_IS_TEXT = 8
const EXCHANGE_TOKEN_SHIFT = 4
const NO_EXCHANGE_TOKEN = 0
const NUMBER = 1
const TEXT = 2
const NO_DAY = -1

/** The place of a row's type in TYPES, from its kind. */
export const typeCodeOf = (kind: number): number => kind & TYPE_BITS
/** Whether a row's token is text and no number, from its kind. */
export const isTokenText = (kind: number): boolean => (kind & TOKEN_IS_TEXT) !== 0

/** Columns in the order in which they lie, the widest first, so that each is aligned. */
const DOUBLES = ['lotSizes', 'tickSizes', 'strikes', 'freezeQuantities'] as const
const WORDS = ['tokens', 'exchangeTokens', 'brokerSymbols', 'names', 'brokerExchanges'] as const

interface Counts {
  readonly rows: number
  readonly bound: number
  readonly textBytes: number
}

/** Views over the parts of a block with these counts, and where it ends. */
function layout({ rows, bound, textBytes }: Counts) {
  const doubles = HEAD_WORDS * 4
  const rowNumbers = doubles + DOUBLES.length * rows * 8
  const expiryDays = rowNumbers + bound * 4
  const words = expiryDays + rows * 4
  const segments = words + WORDS.length * rows * 4
  const kinds = segments + Math.ceil(rows / 2) * 4
  const text = kinds + Math.ceil(rows / 4) * 4
  return { doubles, rowNumbers, expiryDays, words, segments, kinds, text, end: text + textBytes }
}

/** The columns of a block, by row number. */
function columnsOf(buffer: SharedArrayBuffer, counts: Counts) {
  const { rows, bound, textBytes } = counts
  const at = layout(counts)
  const doubles = (name: (typeof DOUBLES)[number]) =>
    new Float64Array(buffer, at.doubles + DOUBLES.indexOf(name) * rows * 8, rows)
  const words = (name: (typeof WORDS)[number]) =>
    new Uint32Array(buffer, at.words + WORDS.indexOf(name) * rows * 4, rows)
  return {
    lotSizes: doubles('lotSizes'),
    tickSizes: doubles('tickSizes'),
    strikes: doubles('strikes'),
    freezeQuantities: doubles('freezeQuantities'),
    rowNumbers: new Uint32Array(buffer, at.rowNumbers, bound),
    expiryDays: new Int32Array(buffer, at.expiryDays, rows),
    tokens: words('tokens'),
    exchangeTokens: words('exchangeTokens'),
    brokerSymbols: words('brokerSymbols'),
    names: words('names'),
    brokerExchanges: words('brokerExchanges'),
    segments: new Uint16Array(buffer, at.segments, rows),
    kinds: new Uint8Array(buffer, at.kinds, rows),
    text: Buffer.from(buffer, at.text, textBytes),
  }
}

export type DetailColumns = Readonly<ReturnType<typeof columnsOf>>

/** Read-only view, one per thread, over one broker's details. Throws on a corrupt block. */
export class Details {
  /** Instruments of this broker. */
  readonly rows: number
  /** Instrument numbers known to this block are below this. */
  readonly bound: number
  readonly #columns: ReturnType<typeof columnsOf>

  constructor(buffer: SharedArrayBuffer) {
    const head = readHead(KIND, buffer)
    const counts: Counts = {
      rows: head[OWN_WORDS]!,
      bound: head[OWN_WORDS + 1]!,
      textBytes: head[OWN_WORDS + 2]!,
    }
    checkLength(KIND, buffer, counts.rows <= counts.bound ? layout(counts).end : 0)
    this.rows = counts.rows
    this.bound = counts.bound
    this.#columns = columnsOf(buffer, counts)
  }

  /** The columns as the head of this module has them, for who takes rows as bytes; nobody writes to them. */
  get columns(): DetailColumns {
    return this.#columns
  }

  /** True when this broker has the instrument. All other questions throw a RangeError when it has not. */
  has(instrument: number): boolean {
    return (this.#columns.rowNumbers[instrument] ?? 0) !== 0
  }

  /** Units in one lot. */
  lotSizeOf(instrument: number): number {
    return this.#columns.lotSizes[this.#rowOf(instrument)]!
  }

  /** Rupees. */
  tickSizeOf(instrument: number): number {
    return this.#columns.tickSizes[this.#rowOf(instrument)]!
  }

  /** Rupees; NaN for what is no option. */
  strikeOf(instrument: number): number {
    return this.#columns.strikes[this.#rowOf(instrument)]!
  }

  /** Units of one order above which the exchange refuses it; 0 where the broker does not tell. */
  freezeQuantityOf(instrument: number): number {
    return this.#columns.freezeQuantities[this.#rowOf(instrument)]!
  }

  /** Days from 1970-01-01 to the day of expiry; -1 for what does not expire. */
  expiryDayOf(instrument: number): number {
    return this.#columns.expiryDays[this.#rowOf(instrument)]!
  }

  typeOf(instrument: number): InstrumentType {
    return TYPES[typeCodeOf(this.#columns.kinds[this.#rowOf(instrument)]!)]!
  }

  /** The broker's segment where its tokens repeat between segments, else 0. */
  segmentOf(instrument: number): number {
    return this.#columns.segments[this.#rowOf(instrument)]!
  }

  brokerSymbolOf(instrument: number): string {
    return this.#textAt(this.#columns.brokerSymbols[this.#rowOf(instrument)]!)
  }

  brokerExchangeOf(instrument: number): string {
    return this.#textAt(this.#columns.brokerExchanges[this.#rowOf(instrument)]!)
  }

  nameOf(instrument: number): string {
    return this.#textAt(this.#columns.names[this.#rowOf(instrument)]!)
  }

  /** The broker's token, a number as its digits. */
  tokenTextOf(instrument: number): string {
    const row = this.#rowOf(instrument)
    const token = this.#columns.tokens[row]!
    return isTokenText(this.#columns.kinds[row]!) ? this.#textAt(token) : String(token)
  }

  /** The exchange's own token, or null where the broker does not tell it. */
  exchangeTokenOf(instrument: number): string | null {
    const row = this.#rowOf(instrument)
    const kind = this.#columns.kinds[row]! >> EXCHANGE_TOKEN_SHIFT
    if (kind === NO_EXCHANGE_TOKEN) return null
    const token = this.#columns.exchangeTokens[row]!
    return kind === TEXT ? this.#textAt(token) : String(token)
  }

  #rowOf(instrument: number): number {
    const row = (this.#columns.rowNumbers[instrument] ?? 0) - 1
    if (row < 0) throw new RangeError(`the broker has no instrument ${instrument}`)
    return row
  }

  #textAt(at: number): string {
    const { text } = this.#columns
    const start = at + 2
    return text.toString('utf8', start, start + text[at]! + text[at + 1]! * 256)
  }
}

/** Collects a generation's rows and builds their block. */
export class DetailsBuilder {
  rows = 0
  #bound = 0
  #rowNumbers = new Uint32Array(1024)
  readonly #doubles = DOUBLES.map(() => new Float64Array(1024))
  readonly #words = WORDS.map(() => new Uint32Array(1024))
  #expiryDays = new Int32Array(1024)
  #segments = new Uint16Array(1024)
  #kinds = new Uint8Array(1024)
  readonly #text = new TextPool()

  /** Adds an instrument that was not added before; its row has no `rowProblem`. */
  add(instrument: number, row: InstrumentRow): void {
    const at = this.rows++
    this.#bound = Math.max(this.#bound, instrument + 1)
    this.#rowNumbers = grown(this.#rowNumbers, this.#bound)
    this.#rowNumbers[instrument] = at + 1
    const { lotSize, tickSize, strike, freezeQuantity, token } = row
    const doubles = [lotSize, tickSize, strike ?? Number.NaN, freezeQuantity ?? 0]
    doubles.forEach((value, column) => {
      this.#doubles[column] = grown(this.#doubles[column]!, at + 1)
      this.#doubles[column][at] = value
    })
    const exchangeToken = this.#exchangeToken(row.exchangeToken)
    const words = [
      typeof token === 'number' ? token : this.#text.add(token),
      exchangeToken.word,
      this.#text.add(row.brokerSymbol),
      this.#text.addShared(row.name),
      this.#text.addShared(row.brokerExchange),
    ]
    words.forEach((value, column) => {
      this.#words[column] = grown(this.#words[column]!, at + 1)
      this.#words[column][at] = value
    })
    this.#expiryDays = grown(this.#expiryDays, at + 1)
    this.#expiryDays[at] = row.expiry === null ? NO_DAY : epochDay(row.expiry)
    this.#segments = grown(this.#segments, at + 1)
    this.#segments[at] = row.segment
    this.#kinds = grown(this.#kinds, at + 1)
    this.#kinds[at] =
      TYPES.indexOf(row.instrumentType) |
      (typeof token === 'string' ? TOKEN_IS_TEXT : 0) |
      (exchangeToken.kind << EXCHANGE_TOKEN_SHIFT)
  }

  build(): SharedArrayBuffer {
    const { rows } = this
    const counts: Counts = { rows, bound: this.#bound, textBytes: this.#text.bytes.length }
    const buffer = makeBlob(KIND, layout(counts).end)
    new Uint32Array(buffer, OWN_WORDS * 4, 3).set([rows, counts.bound, counts.textBytes])
    const columns = columnsOf(buffer, counts)
    DOUBLES.forEach((name, at) => {
      columns[name].set(this.#doubles[at]!.subarray(0, rows))
    })
    WORDS.forEach((name, at) => {
      columns[name].set(this.#words[at]!.subarray(0, rows))
    })
    columns.rowNumbers.set(this.#rowNumbers.subarray(0, counts.bound))
    columns.expiryDays.set(this.#expiryDays.subarray(0, rows))
    columns.segments.set(this.#segments.subarray(0, rows))
    columns.kinds.set(this.#kinds.subarray(0, rows))
    columns.text.set(this.#text.bytes)
    return buffer
  }

  /** A token that spells a uint32, which most do, needs no text. */
  #exchangeToken(token: string | null): { kind: number; word: number } {
    if (token === null) return { kind: NO_EXCHANGE_TOKEN, word: 0 }
    const number = spelledUint32(token)
    return number === null
      ? { kind: TEXT, word: this.#text.add(token) }
      : { kind: NUMBER, word: number }
  }
}

/** Builds the details of instruments in any order; none comes twice or has a `rowProblem`. */
export function buildDetails(
  rows: Iterable<InstrumentRow & { readonly instrument: number }>,
): SharedArrayBuffer {
  const builder = new DetailsBuilder()
  for (const row of rows) builder.add(row.instrument, row)
  return builder.build()
}
