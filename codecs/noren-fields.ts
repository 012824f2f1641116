// The fields of NorenOMS market data frames, as tables: which text names which value.
import {
  ATP,
  CLOSE,
  EXCHANGE_TIME,
  HIGH,
  LOW,
  LOWER_CIRCUIT,
  LTP,
  LTQ,
  LTT,
  OI,
  OPEN,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  UPPER_CIRCUIT,
  VALUE_COUNT,
  VOLUME,
} from './tick.ts'

/** Tokens repeat between exchanges, so each exchange code of the wire has a number: the segment of its tokens. */
export const NOREN_SEGMENTS: Readonly<Record<string, number>> = {
  NSE: 1,
  BSE: 2,
  NFO: 3,
  BFO: 4,
  CDS: 5,
  MCX: 6,
}

/** Segments that are none: of a frame without an exchange, and of one whose exchange is not in the table. */
export const SEGMENT_MISSING = 0
export const SEGMENT_UNKNOWN = -1

/** Kinds of frames: one without a tick, one of a touchline, one of a book. */
export const NOREN_MESSAGE = 0
export const NOREN_TOUCHLINE = 1
export const NOREN_DEPTH = 2

/** Kinds by the text of `t`: `tk` and `dk` answer a subscription with all that is known, `tf` and `df` update it. */
const KINDS: Readonly<Record<string, number>> = {
  tk: NOREN_TOUCHLINE,
  tf: NOREN_TOUCHLINE,
  dk: NOREN_DEPTH,
  df: NOREN_DEPTH,
}

/** Levels of a book, per side. */
export const LEVELS = 5
const LEVEL_FIELDS = 3
/** Words of one side: price, quantity and orders of each level. */
export const SIDE_WORDS = LEVELS * LEVEL_FIELDS

// Slots: where a field's value goes. First the positions of a tick, then the words of the book, bids before asks.
export const BOOK_AT = VALUE_COUNT
export const SLOT_COUNT = BOOK_AT + 2 * SIDE_WORDS
export const T_SLOT = SLOT_COUNT
export const E_SLOT = SLOT_COUNT + 1
export const TK_SLOT = SLOT_COUNT + 2
export const NO_SLOT = -1

const side = (letter: 'b' | 's', firstSlot: number) =>
  Array.from({ length: SIDE_WORDS }, (_, word) => {
    const level = 1 + Math.floor(word / LEVEL_FIELDS)
    return [`${letter}${'pqo'[word % LEVEL_FIELDS]}${level}`, firstSlot + word] as const
  })

/**
 * Slot of each field that is read. `c` is the previous session's close, `ft` the time of the frame in epoch seconds,
 * `oi` the open interest of the contract; `toi`, that of all contracts of the underlying, is not read.
 */
export const NOREN_FIELDS: Readonly<Record<string, number>> = {
  t: T_SLOT,
  e: E_SLOT,
  tk: TK_SLOT,
  lp: LTP,
  ltq: LTQ,
  ltt: LTT,
  c: CLOSE,
  ft: EXCHANGE_TIME,
  ap: ATP,
  v: VOLUME,
  tbq: TOTAL_BUY_QTY,
  tsq: TOTAL_SELL_QTY,
  o: OPEN,
  h: HIGH,
  l: LOW,
  oi: OI,
  uc: UPPER_CIRCUIT,
  lc: LOWER_CIRCUIT,
  ...Object.fromEntries(side('b', BOOK_AT)),
  ...Object.fromEntries(side('s', BOOK_AT + SIDE_WORDS)),
}

/** 1 for slots that count something and so are never negative; prices of contracts may be. */
export const COUNT_SLOTS = Uint8Array.from({ length: SLOT_COUNT }, (_, slot) => {
  if (slot >= BOOK_AT) return (slot - BOOK_AT) % LEVEL_FIELDS === 0 ? 0 : 1
  return [LTQ, VOLUME, TOTAL_BUY_QTY, TOTAL_SELL_QTY, OI].includes(slot) ? 1 : 0
})

/** Values that come as 0 in updates that do not know them: a 0 never takes the place of another value. */
export const GUARDED_BITS = (1 << OPEN) | (1 << HIGH) | (1 << LOW) | (1 << CLOSE) | (1 << ATP)

const CODE_LENGTH_MAX = 3
const NO_CODE = -1

/** A text of 1 to 3 ASCII characters as one number; -1 for any other. */
export function codeOf(text: string, from: number, to: number): number {
  const length = to - from
  if (length < 1 || length > CODE_LENGTH_MAX) return NO_CODE
  let code = length
  for (let at = from; at < to; at++) {
    const char = text.charCodeAt(at)
    if (char > 0x7f) return NO_CODE
    code = (code << 7) | char
  }
  return code
}

const byCode = (table: Readonly<Record<string, number>>) =>
  new Map(Object.entries(table).map(([text, value]) => [codeOf(text, 0, text.length), value]))

/** Segment by the code of an exchange. */
export const SEGMENTS_BY_CODE: ReadonlyMap<number, number> = byCode(NOREN_SEGMENTS)

/** Kind by the code of `t`. */
export const KINDS_BY_CODE: ReadonlyMap<number, number> = byCode(KINDS)

// A hash table with open addressing: a Map would cost more than reading the number does.
const TABLE_BITS = 8
const TABLE_MASK = (1 << TABLE_BITS) - 1
const codes = new Int32Array(1 << TABLE_BITS).fill(NO_CODE)
const slots = new Int8Array(1 << TABLE_BITS).fill(NO_SLOT)

const placeOf = (code: number) => Math.imul(code, 0x9e3779b1) >>> (32 - TABLE_BITS)

for (const [code, slot] of byCode(NOREN_FIELDS)) {
  let place = placeOf(code)
  while (codes[place] !== NO_CODE) place = (place + 1) & TABLE_MASK
  codes[place] = code
  slots[place] = slot
}

/** The slot of a field by the code of its key; -1 for a key that is not read. */
export function findSlot(code: number): number {
  let place = placeOf(code)
  while (codes[place] !== code) {
    if (codes[place] === NO_CODE) return NO_SLOT
    place = (place + 1) & TABLE_MASK
  }
  return slots[place]!
}
