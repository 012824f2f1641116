// What searches read of a broker's rows, in columns by position. Positions follow the order of answers: shorter
// symbols first, then by alphabet, then by exchange. All rows with one prefix therefore lie in one stretch per length
// of symbol, and the first answers of a scan are the best.
import type { InstrumentType } from '../../../adapters/broker.ts'
import { TYPES } from '../details.ts'
import type { Instruments, ListedInstrument } from './instruments.ts'

/** Ends a column of the text; a term that holds it matches nothing. */
export const COLUMN_END = 0

const NO_DAY = -1

/** Positions from `from` to before `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Where the symbols of one length lie. */
interface LengthGroup extends Stretch {
  readonly length: number
}

export interface Columns {
  readonly size: number
  readonly exchanges: readonly string[]
  /** Position → instrument number. */
  readonly instruments: Uint32Array
  /** Position → where its text begins; the last: where the text ends. */
  readonly starts: Uint32Array
  /** Upper case: symbol, broker symbol, name and token, each but the first only where it says something new. */
  readonly text: Uint8Array
  readonly symbolLengths: Uint8Array
  readonly exchangeIds: Uint8Array
  readonly types: Uint8Array
  readonly expiryDays: Int32Array
  /** NaN where there is none. */
  readonly strikes: Float64Array
  readonly groups: readonly LengthGroup[]
}

const SYMBOL_LENGTH_MAX = 255

function makeColumns(size: number, exchanges: readonly string[]) {
  return {
    size,
    exchanges,
    instruments: new Uint32Array(size),
    starts: new Uint32Array(size + 1),
    symbolLengths: new Uint8Array(size),
    exchangeIds: new Uint8Array(size),
    types: new Uint8Array(size),
    expiryDays: new Int32Array(size),
    strikes: new Float64Array(size),
  }
}

/** The numbers of all instruments in the order of answers, by the length of their symbols. */
function inOrder(instruments: Instruments): { numbers: number[]; exchanges: string[] } {
  const byLength: string[][] = []
  const exchanges = new Set<string>()
  for (const number of instruments.numbers()) {
    const { symbol, exchange } = instruments.row(number)
    if (symbol.length > SYMBOL_LENGTH_MAX) {
      throw new RangeError(`symbol ${symbol.slice(0, 40)}... is longer than ${SYMBOL_LENGTH_MAX}`)
    }
    exchanges.add(exchange)
    const group = byLength[symbol.length] ?? []
    byLength[symbol.length] = group
    group.push(`${symbol.toUpperCase()}\0${exchange}\0${String(number).padStart(10, '0')}`)
  }
  const numbers = byLength.flatMap((group) => {
    return group.sort().map((key) => Number(key.slice(key.lastIndexOf('\0') + 1)))
  })
  return { numbers, exchanges: [...exchanges] }
}

/** The columns of a row's text, upper case; what repeats an earlier one is left out. */
function textColumns({ symbol, brokerSymbol, name, token }: ListedInstrument): string[] {
  return [...new Set([symbol, brokerSymbol, name, token].map((text) => text.toUpperCase()))]
}

/** Reads all rows into columns. */
export function readColumns(instruments: Instruments): Columns {
  const { numbers, exchanges } = inOrder(instruments)
  const exchangeIdOf = new Map(exchanges.map((exchange, id) => [exchange, id]))
  const columns = makeColumns(numbers.length, exchanges)
  const groups: { length: number; from: number; to: number }[] = []
  let text = Buffer.alloc(Math.max(64, numbers.length * 48))
  let end = 0
  numbers.forEach((number, position) => {
    const row = instruments.row(number)
    const joined = `${textColumns(row).join('\0')}\0`
    const bytesMax = joined.length * 3
    if (text.length < end + bytesMax) text = Buffer.concat([text], text.length * 2 + bytesMax)
    end += text.write(joined, end)
    columns.instruments[position] = number
    columns.starts[position + 1] = end
    columns.symbolLengths[position] = row.symbol.length
    columns.exchangeIds[position] = exchangeIdOf.get(row.exchange)!
    columns.types[position] = TYPES.indexOf(row.instrumentType)
    columns.expiryDays[position] = row.expiryDay ?? NO_DAY
    columns.strikes[position] = row.strike ?? Number.NaN
    const last = groups.at(-1)
    if (last?.length === row.symbol.length) last.to = position + 1
    else groups.push({ length: row.symbol.length, from: position, to: position + 1 })
  })
  return { ...columns, text: Uint8Array.from(text.subarray(0, end)), groups }
}

/** The number by which columns know an exchange, or -1. */
export function exchangeIdOf(columns: Columns, exchange: string): number {
  return columns.exchanges.indexOf(exchange)
}

/** Whether a position's row is of one of these types. */
export function isOfType(
  columns: Columns,
  position: number,
  types: readonly InstrumentType[],
): boolean {
  return types.includes(TYPES[columns.types[position]!]!)
}

/** The type of a position's row. */
export function typeAt(columns: Columns, position: number): InstrumentType {
  return TYPES[columns.types[position]!]!
}

/** Whether these bytes occur in the text from `from` to before `to`. */
export function occurs(text: Uint8Array, from: number, to: number, bytes: Uint8Array): boolean {
  const first = bytes[0]!
  const last = to - bytes.length
  for (let at = from; at <= last; at++) {
    if (text[at] !== first) continue
    let same = 1
    while (same < bytes.length && text[at + same] === bytes[same]) same++
    if (same === bytes.length) return true
  }
  return false
}

/** Below 0, 0 or above 0 as the symbol at a position, cut to the prefix's length, sorts before, with or after it. */
function compareCut(columns: Columns, position: number, prefix: Uint8Array): number {
  const start = columns.starts[position]!
  for (let at = 0; at < prefix.length; at++) {
    const difference = columns.text[start + at]! - prefix[at]!
    if (difference !== 0) return difference
  }
  return 0
}

/** The first position of a stretch whose symbol, cut, does not sort before the prefix; with `after`, sorts after it. */
function bound(columns: Columns, { from, to }: Stretch, prefix: Uint8Array, after: boolean) {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareCut(columns, middle, prefix)
    if (order < 0 || (after && order === 0)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Where the symbols that begin with a prefix and have a length within bounds lie, shorter ones first; `prefix` is upper
 * case.
 */
export function* prefixStretches(
  columns: Columns,
  prefix: Uint8Array,
  lengthMin = prefix.length,
  lengthMax = Number.POSITIVE_INFINITY,
): Generator<Stretch> {
  for (const group of columns.groups) {
    if (group.length < lengthMin || group.length < prefix.length) continue
    if (group.length > lengthMax) return
    const from = bound(columns, group, prefix, false)
    const to = bound(columns, group, prefix, true)
    if (from < to) yield { from, to }
  }
}
