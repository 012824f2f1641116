// Upstox Market Data Feed V3: binary frames, each one Protocol Buffers message `FeedResponse` (package
// com.upstox.marketdatafeederv3udapi.rpc.proto), read in place.
//
// Scalars of proto3 that are 0 are not on the wire, and a feed sends only what changed, so that 0 means "not told":
// prices, times and counts of 0 are absent (a share has no open interest, an index no volume, an instrument that did
// not trade no ltp). The one 0 that is known is the total of a side of the book which the same message shows empty.
import { body, fault, openFrame, readInt64, readLength, skipField } from './protobuf.ts'
import {
  ASK,
  ASK_QTY,
  BID,
  BID_QTY,
  EXCHANGE_TIME,
  LEVEL_WORDS,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  type Tick,
  type TickSink,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
} from './tick.ts'
import {
  clearMessage,
  INDEX,
  LTPC,
  MARKET,
  markCount,
  message,
  readFeed,
  type UpstoxKind,
} from './upstox-feed.ts'

/** The tag of an entry of the map of feeds, `fieldNumber << 3 | wireType`. */
const FEEDS = 0x12

/** Longest instrument key, bytes. */
export const KEY_LENGTH_MAX = 100

/** Completes the tick of one message by what earlier ones told. */
export interface UpstoxMerge {
  /**
   * `tick` holds what the message tells; `hasBook` whether a book (or best level) is in it, which then replaces the
   * one before. Answers whether the tick is to be delivered.
   */
  complete(tick: Tick, kind: UpstoxKind, hasBook: boolean): boolean
}

const currentTs = new Float64Array(1)

/**
 * Decodes one binary frame into ticks, one per entry of its map and in its order: prices in rupees, times in epoch
 * ms, quantities in units, tokens as text in the frame. The mode of a tick is what the message is good for (ltpc: ltp;
 * first level, or full without a book: quote; full with a book, or index: depth) unless `merge` sets another. A frame
 * whose outermost fields do not fit it is rejected as a whole, before anything is delivered; an entry that is
 * malformed inside, or whose key is not 1 to 100 printable ASCII characters, is rejected alone. Fields that have no
 * place in a tick are skipped unread. Never throws and never reads outside the frame.
 */
export function decodeUpstox(
  frame: Uint8Array,
  sink: TickSink,
  merge: UpstoxMerge | null = null,
): void {
  const bytes = openFrame(frame)
  const end = frame.length
  let hasFeeds = false
  currentTs[0] = 0
  // The time of the frame follows its feeds.
  for (let at = 0; at < end; ) {
    const tag = bytes[at]
    // currentTs
    if (tag === 0x18) at = readInt64(bytes, at + 1, end, currentTs, 0)
    else at = skipField(bytes, at, end)
    if (at < 0) {
      sink.reject(fault.reason, fault.offset)
      return
    }
    hasFeeds ||= tag === FEEDS
  }
  if (!hasFeeds) return
  for (let at = 0; at < end; ) {
    if (bytes[at] === FEEDS) {
      const entryEnd = readLength(bytes, at + 1, end)
      readEntry(frame, bytes, body.start, entryEnd, sink, merge)
      at = entryEnd
    } else at = skipField(bytes, at, end)
  }
}

function readEntry(
  frame: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  sink: TickSink,
  merge: UpstoxMerge | null,
): void {
  const tick = sink.tick
  let keyStart = start
  let keyEnd = start
  clearMessage(tick)
  for (let at = start; at < end; ) {
    switch (bytes[at]) {
      case 0x0a: // key
        at = keyEnd = readLength(bytes, at + 1, end)
        keyStart = body.start
        break
      case 0x12: // value
        at = readFeed(tick, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) {
      sink.reject(fault.reason, fault.offset)
      return
    }
  }
  const { kind, hasBook } = message
  if (kind !== 0) {
    tick.segment = 0
    tick.token = 0
    tick.tokenBytes = frame
    tick.tokenStart = keyStart
    tick.tokenEnd = keyEnd
    finish(tick, kind, hasBook)
    // A key that is wanted is a good one.
    if (merge?.complete(tick, kind, hasBook)) {
      sink.emit()
      return
    }
  }
  if (!isKey(bytes, keyStart, keyEnd)) {
    sink.reject('instrument key is not 1 to 100 ASCII characters', keyStart)
  } else if (kind !== 0 && merge === null) sink.emit()
}

function isKey(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || end - start > KEY_LENGTH_MAX) return false
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte < 0x20 || byte > 0x7e) return false
  }
  return true
}

/** Derives what follows from the whole message: the best prices, the mode, the time. */
function finish(tick: Tick, kind: UpstoxKind, hasBook: boolean): void {
  const sellWord = tick.levelsMax * LEVEL_WORDS
  if (hasBook) {
    best(tick, 0, BID, BID_QTY)
    best(tick, sellWord, ASK, ASK_QTY)
    if (kind === MARKET) {
      if (tick.buyLevels === 0) total(tick, TOTAL_BUY_QTY)
      if (tick.sellLevels === 0) total(tick, TOTAL_SELL_QTY)
    } else {
      tick.buyLevels = 0
      tick.sellLevels = 0
    }
  }
  tick.values[EXCHANGE_TIME] = currentTs[0]!
  markCount(tick, EXCHANGE_TIME)
  const isDepth = kind === INDEX || (kind === MARKET && hasBook)
  tick.mode = kind === LTPC ? MODE_LTP : isDepth ? MODE_DEPTH : MODE_QUOTE
}

function best(tick: Tick, word: number, pricePosition: number, quantityPosition: number): void {
  const price = tick.depth[word]!
  if (price === 0) return
  tick.values[pricePosition] = price
  tick.values[quantityPosition] = tick.depth[word + 1]!
  tick.present |= (1 << pricePosition) | (1 << quantityPosition)
}

/** The total of an empty side: 0, unless the message tells another. */
function total(tick: Tick, position: number): void {
  const bit = 1 << position
  if ((tick.present & bit) !== 0) return
  tick.values[position] = 0
  tick.present |= bit
}
