// Writes Kite's packets and frames: everything big-endian, prices as whole price units. Kite Connect v3, WebSocket.
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  EXCHANGE_TIME,
  type Exchange,
  HIGH,
  LAST,
  LAST_QUANTITY,
  LAST_TRADE_TIME,
  LEVEL_WORDS,
  LOW,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from './exchange.ts'
import { INDEX, type InstrumentTable } from './instruments.ts'

export const LTP = 1
export const QUOTE = 2
export const FULL = 3
export type KiteMode = typeof LTP | typeof QUOTE | typeof FULL

/** A frame holds at most this many packets, which keeps it below 64 KiB in every mode. */
export const FRAME_PACKETS_MAX = 300
export const HEARTBEAT = Buffer.from([0])

/** Packet lengths by mode, of indices and of everything else. */
const INDEX_BYTES = [0, 8, 28, 32] as const
const BYTES = [0, 8, 44, 184] as const

/** Words of a packet after the token, in the order of the wire. */
const QUOTE_FIELDS = [
  LAST,
  LAST_QUANTITY,
  AVERAGE,
  VOLUME,
  TOTAL_BUY,
  TOTAL_SELL,
  OPEN,
  HIGH,
  LOW,
  CLOSE,
]
const FULL_FIELDS = [
  ...QUOTE_FIELDS,
  LAST_TRADE_TIME,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  EXCHANGE_TIME,
]
const FIELDS = [[], [LAST], QUOTE_FIELDS, FULL_FIELDS] as const
const INDEX_FIELDS = [LAST, HIGH, LOW, OPEN, CLOSE] as const

/** Bytes of an instrument's packet in a mode, without the length before it. */
export function packetBytes(table: InstrumentTable, instrument: number, mode: KiteMode): number {
  return table.kind(instrument) === INDEX ? INDEX_BYTES[mode] : BYTES[mode]
}

/** Bytes of a frame whose packets, with their lengths, take `bytes`. */
export function newFrame(packets: number, bytes: number): Buffer {
  // Not from the shared pool and never written again: a socket may hold it for as long as its client is slow.
  const frame = Buffer.allocUnsafeSlow(2 + bytes)
  putShort(frame, 0, packets)
  return frame
}

function putShort(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Writes a packet with its length before it at `at` and returns its end; `row` is the instrument's in the exchange. */
export function writePacket(
  frame: Uint8Array,
  at: number,
  exchange: Exchange,
  row: number,
  token: number,
  isIndex: boolean,
  mode: KiteMode,
): number {
  const words = exchange.words
  const length = isIndex ? INDEX_BYTES[mode] : BYTES[mode]
  putShort(frame, at, length)
  putWord(frame, at + 2, token)
  let next = at + 6
  const fields = isIndex && mode !== LTP ? INDEX_FIELDS : FIELDS[mode]
  for (let field = 0; field < fields.length; field++) {
    putWord(frame, next, words[row + fields[field]!]!)
    next += 4
  }
  if (mode === LTP) return next
  if (isIndex) return writeIndexTail(frame, next, words, row, mode)
  return mode === FULL ? writeDepth(frame, next, words, row + DEPTH) : next
}

/** Price change since the previous close, and in full mode the time. */
function writeIndexTail(
  frame: Uint8Array,
  at: number,
  words: Int32Array,
  row: number,
  mode: KiteMode,
): number {
  putWord(frame, at, words[row + LAST]! - words[row + CLOSE]!)
  if (mode === QUOTE) return at + 4
  putWord(frame, at + 4, words[row + EXCHANGE_TIME]!)
  return at + 8
}

/** Ten entries of 12 bytes: quantity, price, orders as 16 bits, two bytes of padding. */
function writeDepth(frame: Uint8Array, at: number, words: Int32Array, from: number): number {
  let next = at
  for (let level = 0; level < 2 * DEPTH_LEVELS; level++) {
    const entry = from + level * LEVEL_WORDS
    putWord(frame, next, words[entry + 1]!)
    putWord(frame, next + 4, words[entry]!)
    putShort(frame, next + 8, words[entry + 2]!)
    putShort(frame, next + 10, 0)
    next += 12
  }
  return next
}
