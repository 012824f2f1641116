// A tick as OpenAlgo's `market_data` JSON frame: the superset of keys that its Python, Go, Rust, Excel, AmiBroker
// and browser clients read. Prices print as the broker's decimal; times, volumes and quantities print as integers.
// It is written into bytes at once, key by key from prepared texts: as a string it took three times as long.
import { NUMBER_BYTES_MAX, OVERRUN_BYTES, Texts, writeNumber, writeWhole } from './json-bytes.ts'
import type { PackTarget } from './msgpack.ts'
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
  LOWER_CIRCUIT,
  LTP,
  LTQ,
  LTT,
  MODE_DEPTH,
  MODE_LTP,
  type Mode,
  OI,
  OPEN,
  type Tick,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  UPPER_CIRCUIT,
  VOLUME,
} from './tick.ts'

interface Keys {
  readonly positions: Int32Array
  /** Keys with their punctuation, each to be followed by its number. */
  readonly texts: Texts
}

function keys(table: readonly (readonly [number, ...string[]])[]): Keys {
  const flat = table.flatMap(([position, ...names]) => names.map((name) => ({ position, name })))
  return {
    positions: Int32Array.from(flat.map(({ position }) => position)),
    texts: new Texts(flat.map(({ name }) => `,"${name}":`)),
  }
}

const LTP_KEYS = keys([
  [LTP, 'ltp'],
  [LTT, 'ltt'],
  [LTQ, 'last_trade_quantity'],
  [CLOSE, 'close'],
])

// Some values go out under two names, because clients of different age read different ones.
const QUOTE_KEYS = keys([
  [LTP, 'ltp'],
  [LTT, 'ltt'],
  [LTQ, 'last_trade_quantity', 'last_quantity'],
  [OPEN, 'open'],
  [HIGH, 'high'],
  [LOW, 'low'],
  [CLOSE, 'close'],
  [VOLUME, 'volume'],
  [ATP, 'average_price', 'avg_trade_price'],
  [TOTAL_BUY_QTY, 'total_buy_quantity'],
  [TOTAL_SELL_QTY, 'total_sell_quantity'],
  [OI, 'oi'],
  [BID, 'bid_price'],
  [ASK, 'ask_price'],
  [BID_QTY, 'bid_size'],
  [ASK_QTY, 'ask_size'],
  [UPPER_CIRCUIT, 'upper_circuit'],
  [LOWER_CIRCUIT, 'lower_circuit'],
  [EXCHANGE_TIME, 'exchange_timestamp'],
])

const CHANGE_BITS = (1 << LTP) | (1 << CLOSE)

// Places of the other texts of a frame.
const CHANGE = 0
const CHANGE_PERCENT = 1
const DEPTH_LEVEL = 2
const BUY = 3
const SELL = 4
const BOOK_END = 5
const FIRST_PRICE = 6
const NEXT_PRICE = 7
const QUANTITY = 8
const ORDERS = 9
const LEVEL_END = 10
const SEQ = 11
const EPOCH = 12
const SNAPSHOT = 13
const TIMESTAMP = 14
const END = 15
const PARTS = new Texts([
  ',"change":',
  ',"change_percent":',
  ',"depth_level":',
  ',"depth":{"buy":[',
  '],"sell":[',
  ']}',
  '{"price":',
  ',{"price":',
  ',"quantity":',
  ',"orders":',
  '}',
  ',"seq":',
  ',"epoch":',
  ',"snapshot":true',
  ',"timestamp":',
  '}}',
])

const total = (lengths: Int32Array) => lengths.reduce((sum, length) => sum + length, 0)
const NUMBERS_MAX = QUOTE_KEYS.positions.length + 6
const BODY_BYTES_MAX =
  total(QUOTE_KEYS.texts.lengths) + total(PARTS.lengths) + NUMBERS_MAX * NUMBER_BYTES_MAX
const LEVEL_BYTES_MAX = 40 + 3 * NUMBER_BYTES_MAX

/** Room that one frame can need: its head, its body, and a book of `levels` a side. */
export function openAlgoBytesMax(headBytes: number, levels: number): number {
  return headBytes + BODY_BYTES_MAX + 2 * levels * LEVEL_BYTES_MAX + OVERRUN_BYTES
}

/** The bytes before the values, made once per instrument and mode. Symbol and exchange stand inside and outside. */
export function openAlgoHead(
  broker: string,
  exchange: string,
  symbol: string,
  mode: Mode,
): Uint8Array {
  const identity = `"symbol":${JSON.stringify(symbol)},"exchange":${JSON.stringify(exchange)},"mode":${mode}`
  return new TextEncoder().encode(
    `{"type":"market_data",${identity},"broker":${JSON.stringify(broker)},"data":{${identity}`,
  )
}

/**
 * Writes the frame of `tick` for a client that holds `mode` and returns its end; `head` comes from `openAlgoHead` for
 * the same mode, and the target has `openAlgoBytesMax` bytes of room. `timestamp` is the receive time in epoch ms,
 * `change` is against the previous session's close.
 */
export function encodeOpenAlgo(
  tick: Tick,
  mode: Mode,
  head: Uint8Array,
  isSnapshot: boolean,
  target: PackTarget,
  start: number,
): number {
  const { bytes, view } = target
  const { positions, texts } = mode === MODE_LTP ? LTP_KEYS : QUOTE_KEYS
  const { values, present } = tick
  bytes.set(head, start)
  let at = start + head.length
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!
    if ((present & (1 << position)) === 0) continue
    at = texts.write(i, view, at)
    at = writeNumber(bytes, at, values[position]!)
  }
  if ((present & CHANGE_BITS) === CHANGE_BITS && values[CLOSE] !== 0) {
    at = writeChange(values, target, at)
  }
  if (mode === MODE_DEPTH) at = writeDepth(tick, target, at)
  at = writeWhole(bytes, PARTS.write(SEQ, view, at), tick.seq)
  at = writeWhole(bytes, PARTS.write(EPOCH, view, at), tick.epoch)
  if (isSnapshot) at = PARTS.write(SNAPSHOT, view, at)
  at = PARTS.write(TIMESTAMP, view, at)
  at = writeNumber(bytes, at, Math.floor(tick.receiveTimeUs / 1000))
  return PARTS.write(END, view, at)
}

function writeChange(values: Float64Array, { bytes, view }: PackTarget, start: number): number {
  const close = values[CLOSE]!
  const points = values[LTP]! - close
  // Rounded past the finest tick size of any segment, so that the subtraction's binary dust does not print.
  const rounded = Math.round(points * 1e4) / 1e4
  const percent = Math.round((points / close) * 1e4) / 1e2
  const at = writeNumber(bytes, PARTS.write(CHANGE, view, start), rounded)
  return writeNumber(bytes, PARTS.write(CHANGE_PERCENT, view, at), percent)
}

function writeDepth(tick: Tick, target: PackTarget, start: number): number {
  const { bytes, view } = target
  let at = writeWhole(bytes, PARTS.write(DEPTH_LEVEL, view, start), tick.levelsMax)
  at = writeSide(tick, 0, tick.buyLevels, target, PARTS.write(BUY, view, at))
  const sellFrom = tick.levelsMax * LEVEL_WORDS
  at = writeSide(tick, sellFrom, tick.sellLevels, target, PARTS.write(SELL, view, at))
  return PARTS.write(BOOK_END, view, at)
}

function writeSide(
  tick: Tick,
  firstWord: number,
  levels: number,
  { bytes, view }: PackTarget,
  start: number,
): number {
  const words = tick.depth
  let at = start
  for (let i = 0, word = firstWord; i < levels; i++, word += LEVEL_WORDS) {
    at = PARTS.write(i === 0 ? FIRST_PRICE : NEXT_PRICE, view, at)
    at = writeNumber(bytes, at, words[word]!)
    at = writeNumber(bytes, PARTS.write(QUANTITY, view, at), words[word + 1]!)
    at = writeNumber(bytes, PARTS.write(ORDERS, view, at), words[word + 2]!)
    at = PARTS.write(LEVEL_END, view, at)
  }
  return at
}
