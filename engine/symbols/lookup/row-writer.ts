// Rows of an instrument list as bytes, from the shared columns straight to the memory they are sent from: what is made
// of a row on the way, texts and an object, would cost ten times as much. `symtoken.ts` says what a row holds.
import type { Catalogue } from '../catalogue.ts'
import { type DetailColumns, type Details, isTokenText, TYPES, typeCodeOf } from '../details.ts'
import { listedDate } from './expiry-text.ts'
import { NumberTexts } from './number-texts.ts'
import { FREEZE_UNKNOWN } from './symtoken.ts'

/**
 * More than any row takes: a name, a broker's symbol and its exchange are at most 1000 characters each, of which JSON
 * makes 6 bytes at most, a symbol and a token 100 of at most 2 bytes.
 */
export const ROW_BYTES_MAX = 20 * 1024

const QUOTE = '"'.charCodeAt(0)
const COMMA = ','.charCodeAt(0)
const DIGIT_0 = '0'.charCodeAt(0)
const WORD_BYTES = 4
const POOLED_LENGTH_BYTES = 2
const POWERS_OF_10 = Float64Array.from({ length: 10 }, (_, power) => 10 ** power)

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** What JSON writes for a byte that may not stand in a text as it is; null for all others. */
const JSON_ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const written = byte < 0x80 ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1) : ''
  return written.length > 1 ? bytesOf(written) : null
})
const NEEDS_JSON_ESCAPE = Uint8Array.from(JSON_ESCAPES, (written) => (written ? 1 : 0))
const NEEDS_CSV_QUOTES = new Uint8Array(256)
for (const byte of bytesOf('",\r\n')) NEEDS_CSV_QUOTES[byte] = 1

/** A constant piece of text, kept in words, because four bytes at once are copied as fast as one. */
interface Constant {
  readonly words: Uint32Array
  readonly length: number
}

function constant(text: string): Constant {
  const bytes = bytesOf(text)
  const padded = new Uint8Array(Math.ceil(bytes.length / WORD_BYTES) * WORD_BYTES)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  const words = Uint32Array.from({ length: padded.length / WORD_BYTES }, (_, word) =>
    view.getUint32(word * WORD_BYTES, true),
  )
  return { words, length: bytes.length }
}

/** What stands between the values of a JSON row; a constant value and what is around it are one. */
const JSON_PARTS = {
  brexchange: constant('{"brexchange":"'),
  brsymbol: constant('","brsymbol":"'),
  freeze_qty: constant('","freeze_qty":'),
  id: constant(',"id":'),
  types: TYPES.map((type) => constant(`,"instrumenttype":"${type}","lotsize":`)),
  name: constant(',"name":"'),
  strike: constant('","strike":'),
  symbol: constant(',"symbol":"'),
  tick_size: constant('","tick_size":'),
  token: constant(',"token":"'),
  end: constant('"}'),
}
const CSV_TYPES = TYPES.map((type) => constant(`,${type},`))
const LINE_END = constant('\r\n')

const csvCell = (text: string) => {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export class RowWriter {
  /** Bytes written to the memory. */
  length = 0
  #memory: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#memory.buffer)
  readonly #columns: DetailColumns
  readonly #symbols: Catalogue['columns']
  readonly #jsonExchanges: readonly Constant[]
  readonly #csvExchanges: readonly Constant[]
  readonly #numbers = new NumberTexts(String)
  readonly #days = new NumberTexts(listedDate)

  constructor(catalogue: Catalogue, details: Details) {
    this.#columns = details.columns
    this.#symbols = catalogue.columns
    this.#jsonExchanges = catalogue.exchanges.map((exchange) =>
      constant(`","exchange":${JSON.stringify(exchange)},"expiry":"`),
    )
    this.#csvExchanges = catalogue.exchanges.map((exchange) => constant(`,${csvCell(exchange)},`))
  }

  /** What is written, as a view of the memory. */
  get written(): Uint8Array {
    return this.#memory.subarray(0, this.length)
  }

  /** Sees to it that a row fits: goes on in a larger memory of its own where too little of this one is left. */
  makeRoom(): void {
    if (this.#memory.length - this.length >= ROW_BYTES_MAX) return
    const { written, length } = this
    this.begin(new Uint8Array(length * 2 + ROW_BYTES_MAX))
    this.#memory.set(written)
    this.length = length
  }

  /** Writes from the begin of this memory on. Who writes a row sees to it that ROW_BYTES_MAX are left. */
  begin(memory: Uint8Array): void {
    // All of one class, whatever the memory was, so that the code below is compiled for one.
    this.#memory = new Uint8Array(memory.buffer, memory.byteOffset, memory.length)
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length)
    this.length = 0
  }

  /** Writes a text that needs no escaping. */
  text(text: string): void {
    for (let at = 0; at < text.length; at++) this.#memory[this.length++] = text.charCodeAt(at)
  }

  /** Writes the row of an instrument that the broker has as JSON, with or without its number as `id`. */
  json(instrument: number, hasId: boolean): void {
    const memory = this.#memory
    const view = this.#view
    const columns = this.#columns
    const { text } = columns
    const row = columns.rowNumbers[instrument]! - 1
    const kind = columns.kinds[row]!
    const { text: symbols, starts, exchangeIds } = this.#symbols
    let at = putConstant(view, this.length, JSON_PARTS.brexchange)
    at = putPooledJson(memory, at, text, columns.brokerExchanges[row]!)
    at = putConstant(view, at, JSON_PARTS.brsymbol)
    at = putPooledJson(memory, at, text, columns.brokerSymbols[row]!)
    at = putConstant(view, at, this.#jsonExchanges[exchangeIds[instrument]!]!)
    at = this.#putDay(at, columns.expiryDays[row]!)
    at = putConstant(view, at, JSON_PARTS.freeze_qty)
    at = this.#numbers.put(memory, at, columns.freezeQuantities[row]! || FREEZE_UNKNOWN)
    if (hasId) at = putUint32(memory, putConstant(view, at, JSON_PARTS.id), instrument)
    at = putConstant(view, at, JSON_PARTS.types[typeCodeOf(kind)]!)
    at = this.#numbers.put(memory, at, columns.lotSizes[row]!)
    at = putConstant(view, at, JSON_PARTS.name)
    at = putPooledJson(memory, at, text, columns.names[row]!)
    at = putConstant(view, at, JSON_PARTS.strike)
    at = this.#numbers.put(memory, at, columns.strikes[row]! || 0)
    at = putConstant(view, at, JSON_PARTS.symbol)
    at = putJson(memory, at, symbols, starts[instrument]!, starts[instrument + 1]!)
    at = putConstant(view, at, JSON_PARTS.tick_size)
    at = this.#numbers.put(memory, at, columns.tickSizes[row]!)
    at = putConstant(view, at, JSON_PARTS.token)
    at = isTokenText(kind)
      ? putPooledJson(memory, at, text, columns.tokens[row]!)
      : putUint32(memory, at, columns.tokens[row]!)
    this.length = putConstant(view, at, JSON_PARTS.end)
  }

  /** Writes the row of an instrument that the broker has as a line of CSV, whose columns CSV_COLUMNS names. */
  csv(instrument: number): void {
    const memory = this.#memory
    const view = this.#view
    const columns = this.#columns
    const { text } = columns
    const row = columns.rowNumbers[instrument]! - 1
    const kind = columns.kinds[row]!
    const { text: symbols, starts, exchangeIds } = this.#symbols
    let at = putCsv(memory, this.length, symbols, starts[instrument]!, starts[instrument + 1]!)
    memory[at++] = COMMA
    at = putPooledCsv(memory, at, text, columns.brokerSymbols[row]!)
    memory[at++] = COMMA
    at = putPooledCsv(memory, at, text, columns.names[row]!)
    at = putConstant(view, at, this.#csvExchanges[exchangeIds[instrument]!]!)
    at = putPooledCsv(memory, at, text, columns.brokerExchanges[row]!)
    memory[at++] = COMMA
    at = isTokenText(kind)
      ? putPooledCsv(memory, at, text, columns.tokens[row]!)
      : putUint32(memory, at, columns.tokens[row]!)
    memory[at++] = COMMA
    at = this.#putDay(at, columns.expiryDays[row]!)
    memory[at++] = COMMA
    at = this.#numbers.put(memory, at, columns.strikes[row]! || 0)
    memory[at++] = COMMA
    at = this.#numbers.put(memory, at, columns.lotSizes[row]!)
    at = putConstant(view, at, CSV_TYPES[typeCodeOf(kind)]!)
    at = this.#numbers.put(memory, at, columns.tickSizes[row]!)
    memory[at++] = COMMA
    at = this.#numbers.put(memory, at, columns.freezeQuantities[row]! || FREEZE_UNKNOWN)
    this.length = putConstant(view, at, LINE_END)
  }

  #putDay(at: number, day: number): number {
    return day < 0 ? at : this.#days.put(this.#memory, at, day)
  }
}

// All of these write from a place on and return where they ended.

/** The last word may write up to three bytes more, which what comes next writes over. */
function putConstant(view: DataView, at: number, { words, length }: Constant): number {
  for (let word = 0; word < words.length; word++) {
    view.setUint32(at + word * WORD_BYTES, words[word]!, true)
  }
  return at + length
}

function putUint32(to: Uint8Array, at: number, value: number): number {
  let digits = 1
  while (digits < POWERS_OF_10.length && value >= POWERS_OF_10[digits]!) digits++
  let rest = value
  for (let place = at + digits - 1; place >= at; place--) {
    const tenth = (rest / 10) >>> 0
    to[place] = DIGIT_0 + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

/** A text of a pool, where its length stands before it. */
function putPooledJson(to: Uint8Array, at: number, pool: Uint8Array, from: number): number {
  const start = from + POOLED_LENGTH_BYTES
  return putJson(to, at, pool, start, start + pool[from]! + pool[from + 1]! * 256)
}

function putPooledCsv(to: Uint8Array, at: number, pool: Uint8Array, from: number): number {
  const start = from + POOLED_LENGTH_BYTES
  return putCsv(to, at, pool, start, start + pool[from]! + pool[from + 1]! * 256)
}

function putJson(to: Uint8Array, at: number, text: Uint8Array, from: number, end: number): number {
  let place = at
  for (let next = from; next < end; next++) {
    const byte = text[next]!
    if (NEEDS_JSON_ESCAPE[byte] === 0) to[place++] = byte
    else for (const each of JSON_ESCAPES[byte]!) to[place++] = each
  }
  return place
}

function putCsv(to: Uint8Array, at: number, text: Uint8Array, from: number, end: number): number {
  let place = at
  for (let next = from; next < end; next++) {
    const byte = text[next]!
    if (NEEDS_CSV_QUOTES[byte] === 1) return putQuotedCsv(to, at, text, from, end)
    to[place++] = byte
  }
  return place
}

function putQuotedCsv(
  to: Uint8Array,
  at: number,
  text: Uint8Array,
  from: number,
  end: number,
): number {
  let place = at
  to[place++] = QUOTE
  for (let next = from; next < end; next++) {
    if (text[next] === QUOTE) to[place++] = QUOTE
    to[place++] = text[next]!
  }
  to[place++] = QUOTE
  return place
}
