// One instrument's message in a frame of Upstox Market Data Feed V3 (`Feed`), read into a tick. As Protocol Buffers
// prescribe it, members of a oneof replace each other, a message that comes in parts is merged, and of a scalar the
// last one holds. Readers go from the length of a message to its end, or to -1 where it is malformed. Tags stand as
// their one byte, `fieldNumber << 3 | wireType`.
import { body, readDouble, readInt64, readLength, skipField } from './protobuf.ts'
import {
  ATP,
  CLOSE,
  LTP,
  LTQ,
  LTT,
  OI,
  type Tick,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  VOLUME,
} from './tick.ts'
import {
  emptyFirstLevel,
  levelsRead,
  markPrice,
  readBars,
  readLevels,
  readQuote,
} from './upstox-levels.ts'

/** What a message is of; 0 is one that tells nothing of a tick. */
export const LTPC = 1
export const MARKET = 2
export const INDEX = 3
export const FIRST_LEVEL = 4
export type UpstoxKind = typeof LTPC | typeof MARKET | typeof INDEX | typeof FIRST_LEVEL

/** What the message that is being read is of, and whether a book or a best level is in it, empty or not. */
export const message: { kind: UpstoxKind | 0; hasBook: boolean } = { kind: 0, hasBook: false }

/** Forgets what was read, in the tick too. */
export function clearMessage(tick: Tick): void {
  message.kind = 0
  message.hasBook = false
  tick.present = 0
  tick.buyLevels = 0
  tick.sellLevels = 0
}

function begin(tick: Tick, kind: UpstoxKind | 0): void {
  if (message.kind === kind) return
  clearMessage(tick)
  message.kind = kind
}

/** Notes that the count or time at a position of the tick is there; not so where it is not above 0 and finite. */
export function markCount(tick: Tick, position: number): void {
  const value = tick.values[position]!
  const bit = 1 << position
  if (value > 0 && value < Number.POSITIVE_INFINITY) tick.present |= bit
  else tick.present &= ~bit
}

function readPrice(tick: Tick, position: number, at: number, end: number): number {
  const next = readDouble(at, end, tick.values, position)
  if (next >= 0) markPrice(tick, position)
  return next
}

/** A count that the feed sends as a double. */
function readAmount(tick: Tick, position: number, at: number, end: number): number {
  const next = readDouble(at, end, tick.values, position)
  if (next >= 0) markCount(tick, position)
  return next
}

function readCount(
  tick: Tick,
  position: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const next = readInt64(bytes, at, end, tick.values, position)
  if (next >= 0) markCount(tick, position)
  return next
}

/** Reads one `Feed` into `message` and the tick, after any part of it that came before. */
export function readFeed(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // ltpc
        begin(tick, LTPC)
        at = readLtpc(tick, bytes, at + 1, end)
        break
      case 0x12: // fullFeed
        at = readFull(tick, bytes, at + 1, end)
        break
      case 0x1a: // firstLevelWithGreeks
        begin(tick, FIRST_LEVEL)
        at = readFirstLevel(tick, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

function readFull(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  // Another member of the outer oneof goes; a full feed of neither kind tells nothing.
  if (message.kind !== MARKET && message.kind !== INDEX) begin(tick, 0)
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // marketFF
        begin(tick, MARKET)
        at = readMarket(tick, bytes, at + 1, end)
        break
      case 0x12: // indexFF
        begin(tick, INDEX)
        at = readIndex(tick, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

function readLtpc(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x09: // ltp
        at = readPrice(tick, LTP, at + 1, end)
        break
      case 0x10: // ltt
        at = readCount(tick, LTT, bytes, at + 1, end)
        break
      case 0x18: // ltq
        at = readCount(tick, LTQ, bytes, at + 1, end)
        break
      case 0x21: // cp
        at = readPrice(tick, CLOSE, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

function readMarket(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // ltpc
        at = readLtpc(tick, bytes, at + 1, end)
        break
      case 0x12: // marketLevel
        at = readBook(tick, bytes, at + 1, end)
        break
      case 0x22: // marketOHLC
        at = readBars(tick, bytes, at + 1, end)
        break
      case 0x29: // atp
        at = readPrice(tick, ATP, at + 1, end)
        break
      case 0x30: // vtt
        at = readCount(tick, VOLUME, bytes, at + 1, end)
        break
      case 0x39: // oi
        at = readAmount(tick, OI, at + 1, end)
        break
      case 0x49: // tbq
        at = readAmount(tick, TOTAL_BUY_QTY, at + 1, end)
        break
      case 0x51: // tsq
        at = readAmount(tick, TOTAL_SELL_QTY, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

function readIndex(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // ltpc
        at = readLtpc(tick, bytes, at + 1, end)
        break
      case 0x12: // marketOHLC
        at = readBars(tick, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

function readFirstLevel(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // ltpc
        at = readLtpc(tick, bytes, at + 1, end)
        break
      case 0x12: // firstDepth
        at = readBest(tick, bytes, at + 1, end)
        break
      case 0x20: // vtt
        at = readCount(tick, VOLUME, bytes, at + 1, end)
        break
      case 0x29: // oi
        at = readAmount(tick, OI, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

/** A book; one that comes in parts goes on with further levels. */
function readBook(tick: Tick, bytes: Uint8Array, at: number, end: number): number {
  const level = message.hasBook ? levelsRead.count : 0
  if (!message.hasBook) emptyFirstLevel(tick)
  message.hasBook = true
  return readLevels(tick, level, bytes, at, end)
}

/** One level that may come in parts, unlike those of a book. */
function readBest(tick: Tick, bytes: Uint8Array, at: number, end: number): number {
  if (!message.hasBook) emptyFirstLevel(tick)
  message.hasBook = true
  return readQuote(tick, 0, bytes, at, end)
}
