// Kite ticker: the binary frames of Zerodha's market data WebSocket (Kite Connect v3, "WebSocket streaming").
//
// Frame: uint16 packet count, then per packet a uint16 length and its bytes, all big-endian. A packet's kind is
// its length. codecs/kite-layout.ts holds the same facts as a table; a property test holds the two together.
import {
  ASK,
  ASK_QTY,
  ATP,
  BID,
  BID_QTY,
  CLOSE,
  EXCHANGE_TIME,
  HIGH,
  LEVEL_WORDS,
  LOW,
  LTP,
  LTQ,
  LTT,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  OI,
  OI_HIGH,
  OI_LOW,
  OPEN,
  type Tick,
  type TickSink,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  VOLUME,
} from './tick.ts'

const LTP_LENGTH = 8
const INDEX_QUOTE_LENGTH = 28
const INDEX_FULL_LENGTH = 32
const QUOTE_LENGTH = 44
const FULL_LENGTH = 184
const DEPTH_AT = 64
const LEVEL_LENGTH = 12
const SIDE_LEVELS = 5

// A frame shorter than this carries no packet: the one-byte heartbeat.
const FRAME_LENGTH_MIN = 4

const SEGMENT_CDS = 3
const SEGMENT_BCD = 6

const LTP_BITS = 1 << LTP
const INDEX_BITS = LTP_BITS | (1 << HIGH) | (1 << LOW) | (1 << OPEN) | (1 << CLOSE)
const QUOTE_BITS =
  INDEX_BITS |
  (1 << LTQ) |
  (1 << ATP) |
  (1 << VOLUME) |
  (1 << TOTAL_BUY_QTY) |
  (1 << TOTAL_SELL_QTY)
const FULL_BITS = QUOTE_BITS | (1 << OI) | (1 << OI_HIGH) | (1 << OI_LOW)
const BID_BITS = (1 << BID) | (1 << BID_QTY)
const ASK_BITS = (1 << ASK) | (1 << ASK_QTY)

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function uint32(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) >>> 0
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/**
 * Price units per rupee of a token: the low byte of a token is its segment, and the currency segments are
 * quoted finer. Prices are divided by it, never multiplied by a reciprocal, so that the nearest double prints
 * as the broker's decimal.
 */
export function kiteDivisor(token: number): number {
  const segment = token & 0xff
  return segment === SEGMENT_CDS ? 10_000_000 : segment === SEGMENT_BCD ? 10_000 : 100
}

/**
 * Decodes one binary frame into ticks. Prices in rupees, times in epoch ms (a zero time is absent), quantities
 * unsigned. A packet of unknown length is rejected alone; a frame cut short is rejected from there on, after the
 * whole packets before the cut. Never throws and never reads outside the frame.
 */
export function decodeKite(frame: Uint8Array, sink: TickSink): void {
  const size = frame.length
  if (size < FRAME_LENGTH_MIN) return
  const tick = sink.tick
  let at = 2
  for (let left = uint16(frame, 0); left > 0; left--) {
    if (at + 2 > size) {
      sink.reject('frame ends before the length of a packet', at)
      return
    }
    const length = uint16(frame, at)
    at += 2
    if (at + length > size) {
      sink.reject('packet is longer than its frame', at)
      return
    }
    if (decodePacket(frame, at, length, tick)) sink.emit()
    else sink.reject('unknown packet length', at)
    at += length
  }
  if (at !== size) sink.reject('bytes after the last packet', at)
}

/** Fills the tick from one packet; false for a length that no packet has. */
function decodePacket(bytes: Uint8Array, at: number, length: number, tick: Tick): boolean {
  if (length < LTP_LENGTH) return false
  const token = uint32(bytes, at)
  const divisor = kiteDivisor(token)
  tick.segment = 0
  tick.token = token
  tick.buyLevels = 0
  tick.sellLevels = 0
  tick.values[LTP] = int32(bytes, at + 4) / divisor
  switch (length) {
    case FULL_LENGTH:
      readQuote(bytes, at, divisor, tick)
      readFull(bytes, at, divisor, tick)
      return true
    case QUOTE_LENGTH:
      readQuote(bytes, at, divisor, tick)
      tick.mode = MODE_QUOTE
      tick.present = QUOTE_BITS
      return true
    case LTP_LENGTH:
      tick.mode = MODE_LTP
      tick.present = LTP_BITS
      return true
    case INDEX_FULL_LENGTH:
      readIndex(bytes, at, divisor, tick)
      tick.mode = MODE_DEPTH
      tick.present = INDEX_BITS | readSeconds(bytes, at + 28, tick, EXCHANGE_TIME)
      return true
    case INDEX_QUOTE_LENGTH:
      readIndex(bytes, at, divisor, tick)
      tick.mode = MODE_QUOTE
      tick.present = INDEX_BITS
      return true
    default:
      return false
  }
}

/** Index packets carry high, low, open, close in this order, other than equities. */
function readIndex(bytes: Uint8Array, at: number, divisor: number, tick: Tick): void {
  const values = tick.values
  values[HIGH] = int32(bytes, at + 8) / divisor
  values[LOW] = int32(bytes, at + 12) / divisor
  values[OPEN] = int32(bytes, at + 16) / divisor
  values[CLOSE] = int32(bytes, at + 20) / divisor
}

function readQuote(bytes: Uint8Array, at: number, divisor: number, tick: Tick): void {
  const values = tick.values
  values[LTQ] = uint32(bytes, at + 8)
  values[ATP] = int32(bytes, at + 12) / divisor
  values[VOLUME] = uint32(bytes, at + 16)
  values[TOTAL_BUY_QTY] = uint32(bytes, at + 20)
  values[TOTAL_SELL_QTY] = uint32(bytes, at + 24)
  values[OPEN] = int32(bytes, at + 28) / divisor
  values[HIGH] = int32(bytes, at + 32) / divisor
  values[LOW] = int32(bytes, at + 36) / divisor
  values[CLOSE] = int32(bytes, at + 40) / divisor
}

function readFull(bytes: Uint8Array, at: number, divisor: number, tick: Tick): void {
  const { values, depth } = tick
  values[OI] = uint32(bytes, at + 48)
  values[OI_HIGH] = uint32(bytes, at + 52)
  values[OI_LOW] = uint32(bytes, at + 56)
  const sellWord = tick.levelsMax * LEVEL_WORDS
  const sellAt = at + DEPTH_AT + SIDE_LEVELS * LEVEL_LENGTH
  tick.buyLevels = readSide(bytes, at + DEPTH_AT, divisor, depth, 0)
  tick.sellLevels = readSide(bytes, sellAt, divisor, depth, sellWord)
  tick.mode = MODE_DEPTH
  tick.present =
    FULL_BITS |
    readSeconds(bytes, at + 44, tick, LTT) |
    readSeconds(bytes, at + 60, tick, EXCHANGE_TIME)
  if (depth[1]! !== 0) {
    values[BID] = depth[0]!
    values[BID_QTY] = depth[1]!
    tick.present |= BID_BITS
  }
  if (depth[sellWord + 1]! !== 0) {
    values[ASK] = depth[sellWord]!
    values[ASK_QTY] = depth[sellWord + 1]!
    tick.present |= ASK_BITS
  }
}

/** Reads one side of the book; levels after the last one with a price or a quantity are padding, not levels. */
function readSide(
  bytes: Uint8Array,
  at: number,
  divisor: number,
  depth: Float64Array,
  firstWord: number,
): number {
  let levels = 0
  let word = firstWord
  for (let level = 1; level <= SIDE_LEVELS; level++) {
    const quantity = uint32(bytes, at)
    const price = int32(bytes, at + 4)
    depth[word] = price / divisor
    depth[word + 1] = quantity
    depth[word + 2] = uint16(bytes, at + 8)
    if (quantity !== 0 || price !== 0) levels = level
    at += LEVEL_LENGTH
    word += LEVEL_WORDS
  }
  return levels
}

/** Reads epoch seconds as epoch ms and answers the presence bit: zero means that the broker has no time. */
function readSeconds(bytes: Uint8Array, at: number, tick: Tick, position: number): number {
  const seconds = uint32(bytes, at)
  if (seconds === 0) return 0
  tick.values[position] = seconds * 1000
  return 1 << position
}
