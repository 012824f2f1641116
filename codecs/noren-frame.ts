// One JSON text frame of the NorenOMS market data socket, read into numbers: a flat object whose values are texts,
// numbers too.
import {
  BOOK_AT,
  COUNT_SLOTS,
  codeOf,
  E_SLOT,
  findSlot,
  KINDS_BY_CODE,
  NO_SLOT,
  NOREN_FIELDS,
  NOREN_MESSAGE,
  SEGMENT_MISSING,
  SEGMENT_UNKNOWN,
  SEGMENTS_BY_CODE,
  SLOT_COUNT,
  T_SLOT,
  TK_SLOT,
} from './noren-fields.ts'
import { EXCHANGE_TIME, LTP, LTT, VOLUME } from './tick.ts'

const TOKEN_MAX = 0xffffffff
const TOKEN_DIGITS_MAX = 10
/** No wire sends a longer number; beyond 15 characters a double may not hold all of its digits. */
const NUMBER_LENGTH_MAX = 32
const EXACT_LENGTH_MAX = 15
const POWERS = Array.from({ length: EXACT_LENGTH_MAX + 1 }, (_, places) => 10 ** places)
const SECONDS_MAX = 0xffffffff

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const ZERO = 0x30
const POINT = 0x2e - ZERO
const COLON = 0x3a
const BACKSLASH = 0x5c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const SPACE = 0x20

const TRADE_BITS = (1 << LTP) | (1 << LTT) | (1 << VOLUME)

const PLAIN_VALUE = /^[ !#-[\]-~]*$/
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * The number that a range of a text spells as a decimal (digits, perhaps a minus, a point between digits): the nearest
 * double. NaN for anything else, among them the empty text and `-`, and beyond 2^53.
 */
function decimal(text: string, from: number, to: number): number {
  const isNegative = text.charCodeAt(from) === MINUS
  const first = isNegative ? from + 1 : from
  let digits = 0
  let point = -1
  for (let at = first; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit
    else if (digit === POINT && point < 0 && at > first) point = at
    else return Number.NaN
  }
  if (first >= to || point === to - 1) return Number.NaN
  if (to - first > EXACT_LENGTH_MAX) return longDecimal(text, from, to)
  const value = point < 0 ? digits : digits / POWERS[to - 1 - point]!
  return isNegative && value !== 0 ? -value : value
}

/** The same for digits that do not fit into a double, already known to be a decimal. */
function longDecimal(text: string, from: number, to: number): number {
  if (to - from > NUMBER_LENGTH_MAX) return Number.NaN
  const value = Number(text.slice(from, to))
  // Adding 0 takes the sign from a negative zero.
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value + 0 : Number.NaN
}

/** Seconds of the day that `HH:MM:SS` spells; NaN for anything else. */
function secondsOfDay(text: string, from: number, to: number): number {
  if (to - from !== 8) return Number.NaN
  if (text.charCodeAt(from + 2) !== COLON || text.charCodeAt(from + 5) !== COLON) return Number.NaN
  const hours = twoDigits(text, from)
  const minutes = twoDigits(text, from + 3)
  const seconds = twoDigits(text, from + 6)
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN
  return hours * 3600 + minutes * 60 + seconds
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** A token that a range of a text spells, 1 to 4294967295; 0 for anything else. */
function tokenOf(text: string, from: number, to: number): number {
  if (to - from > TOKEN_DIGITS_MAX) return 0
  let token = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return 0
    token = token * 10 + digit
  }
  return token <= TOKEN_MAX ? token : 0
}

/** Where a text inside quotes ends; -1 where it holds what only a JSON parser should read. */
function closingQuote(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) return at
    if (char === BACKSLASH || char < SPACE) return -1
  }
  return -1
}

/** The fields of an object in the one form that frames have on the wire; what no field can hold is left out. */
function plainText(object: Readonly<Record<string, unknown>>): string {
  const pairs = Object.keys(object).flatMap((key) => {
    const value = object[key]
    const text = typeof value === 'number' ? String(value) : value
    if (!Object.hasOwn(NOREN_FIELDS, key) || typeof text !== 'string') return []
    return PLAIN_VALUE.test(text) ? [`"${key}":"${text}"`] : []
  })
  return `{${pairs.join(',')}}`
}

/** One frame, read into numbers; filled again by every `read`. */
export class NorenFrame {
  kind = NOREN_MESSAGE
  segment = SEGMENT_MISSING
  /** 0 where the frame has no token that is a whole number from 1 to 4294967295. */
  token = 0
  /** A bit per value of a tick, and per word of the book, that the frame has. */
  present = 0
  book = 0
  /** The values by their position in a tick, then the words of the book. The last trade is in seconds of its day. */
  readonly values = new Float64Array(SLOT_COUNT)

  /**
   * Reads a frame. Returns null, or why it is none (a constant text). A value that does not spell what its field can
   * hold counts as absent. Never throws.
   */
  read(frame: Uint8Array | string): string | null {
    const text = typeof frame === 'string' ? frame : utf8.decode(frame)
    if (this.#scan(text)) return null
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return 'frame is not JSON'
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      return 'frame is not a JSON object'
    }
    this.#scan(plainText(parsed as Readonly<Record<string, unknown>>))
    return null
  }

  /**
   * Reads an object whose keys and values are texts without escapes and blanks between them, which all frames of the
   * wire are, several times as fast as a JSON parser could. False where it is anything else.
   */
  #scan(text: string): boolean {
    this.kind = NOREN_MESSAGE
    this.segment = SEGMENT_MISSING
    this.token = this.present = this.book = 0
    const end = text.length - 1
    if (end < 1 || text.charCodeAt(0) !== BRACE_OPEN || text.charCodeAt(end) !== BRACE_CLOSE) {
      return false
    }
    let at = 1
    while (at < end) {
      if (text.charCodeAt(at) !== QUOTE) return false
      const keyAt = at + 1
      const keyEnd = closingQuote(text, keyAt, end)
      if (keyEnd < 0 || end - keyEnd < 3) return false
      if (text.charCodeAt(keyEnd + 1) !== COLON || text.charCodeAt(keyEnd + 2) !== QUOTE) {
        return false
      }
      const valueAt = keyEnd + 3
      const valueEnd = closingQuote(text, valueAt, end)
      if (valueEnd < 0) return false
      const slot = findSlot(codeOf(text, keyAt, keyEnd))
      if (slot !== NO_SLOT) this.#take(slot, text, valueAt, valueEnd)
      at = valueEnd + 1
      if (at === end) return true
      if (text.charCodeAt(at) !== COMMA) return false
      at += 1
    }
    // An empty object ends here, and so does one with a comma before its brace, which is no JSON.
    return at === 1
  }

  /** Takes one field. Of a key that occurs twice the last one counts, as it does in JSON. */
  #take(slot: number, text: string, from: number, to: number): void {
    if (slot < SLOT_COUNT) this.#takeNumber(slot, text, from, to)
    else if (slot === TK_SLOT) this.token = tokenOf(text, from, to)
    else if (slot === E_SLOT) {
      this.segment = SEGMENTS_BY_CODE.get(codeOf(text, from, to)) ?? SEGMENT_UNKNOWN
    } else if (slot === T_SLOT) {
      this.kind = KINDS_BY_CODE.get(codeOf(text, from, to)) ?? NOREN_MESSAGE
    }
  }

  #takeNumber(slot: number, text: string, from: number, to: number): void {
    let value = slot === LTT ? secondsOfDay(text, from, to) : decimal(text, from, to)
    if (slot === EXCHANGE_TIME) {
      value = value > 0 && value <= SECONDS_MAX ? value * 1000 : Number.NaN
    } else if (COUNT_SLOTS[slot] === 1 && value < 0) value = Number.NaN
    this.values[slot] = value
    const isThere = !Number.isNaN(value)
    if (slot < BOOK_AT) {
      const bit = 1 << slot
      this.present = isThere ? this.present | bit : this.present & ~bit
    } else {
      const bit = 1 << (slot - BOOK_AT)
      this.book = isThere ? this.book | bit : this.book & ~bit
    }
  }

  /** Whether the frame tells of a trade; a frame that does not repeats no last price. */
  get hasTrade(): boolean {
    return (this.present & TRADE_BITS) !== 0
  }
}
