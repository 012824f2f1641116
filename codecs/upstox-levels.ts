// The parts of a message of Upstox Market Data Feed V3 that hold several values: the book (`MarketLevel`, `Quote`) and
// the bars (`MarketOHLC`, `OHLC`). Tags stand as their one byte, `fieldNumber << 3 | wireType`.
import { body, readDouble, readInt64, readLength, skipField } from './protobuf.ts'
import { HIGH, LEVEL_WORDS, LOW, OPEN, type Tick } from './tick.ts'

/** The interval of the day's bar, `1d`, as a big-endian word. */
const INTERVAL_DAY = 0x3164

/** Where levels go that are deeper than the tick, and values that are only looked at. */
const spare = new Float64Array(2 * LEVEL_WORDS)
const bar = new Float64Array(3)

/** Notes that a price is there, or not: 0 is proto3's way not to tell, like an infinity or no number. */
export function markPrice(tick: Tick, position: number): void {
  const value = tick.values[position]!
  const bit = 1 << position
  if (value !== 0 && value - value === 0) tick.present |= bit
  else tick.present &= ~bit
}

/** Empties the first level, where the best prices are taken from. */
export function emptyFirstLevel({ depth, levelsMax }: Tick): void {
  emptyLevel(depth, 0, levelsMax)
}

function emptyLevel(depth: Float64Array, level: number, levelsMax: number): void {
  const buyWord = level * LEVEL_WORDS
  const sellWord = buyWord + levelsMax * LEVEL_WORDS
  depth[buyWord] = depth[buyWord + 1] = 0
  depth[sellWord] = depth[sellWord + 1] = 0
}

/** Cleans one side of a level: a price or quantity that is none is 0, and the feed tells no number of orders. */
function cleanLevel(depth: Float64Array, word: number): void {
  const price = depth[word]!
  // Not a number, an infinity, or -0.
  if (price === 0 || price - price !== 0) depth[word] = 0
  if (!(depth[word + 1]! > 0)) depth[word + 1] = 0
  depth[word + 2] = 0
}

/** Reads a `MarketLevel` whose first level is number `level`; answers as all readers of messages do. */
export function readLevels(
  tick: Tick,
  level: number,
  bytes: Uint8Array,
  at: number,
  outerEnd: number,
): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // bidAskQuote
        if (level < tick.levelsMax) emptyLevel(tick.depth, level, tick.levelsMax)
        at = readQuote(tick, level++, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  levelsRead.count = level
  return at
}

/** How many levels the books of the message had, by the last `readLevels`. */
export const levelsRead = { count: 0 }

/** Reads a `Quote`, both sides of a level; one deeper than the tick has room for is read and left out. */
export function readQuote(
  tick: Tick,
  level: number,
  bytes: Uint8Array,
  at: number,
  outerEnd: number,
): number {
  const isKept = level < tick.levelsMax
  const depth = isKept ? tick.depth : spare
  const buyWord = isKept ? level * LEVEL_WORDS : 0
  const sellWord = isKept ? buyWord + tick.levelsMax * LEVEL_WORDS : LEVEL_WORDS
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x08: // bidQ
        at = readInt64(bytes, at + 1, end, depth, buyWord + 1)
        break
      case 0x11: // bidP
        at = readDouble(at + 1, end, depth, buyWord)
        break
      case 0x18: // askQ
        at = readInt64(bytes, at + 1, end, depth, sellWord + 1)
        break
      case 0x21: // askP
        at = readDouble(at + 1, end, depth, sellWord)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  if (!isKept) return at
  cleanLevel(depth, buyWord)
  cleanLevel(depth, sellWord)
  // Levels after the last one with a price are padding.
  if (depth[buyWord] !== 0) tick.buyLevels = level + 1
  if (depth[sellWord] !== 0) tick.sellLevels = level + 1
  return at
}

/** Reads a `MarketOHLC`. */
export function readBars(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // ohlc
        at = readBar(tick, bytes, at + 1, end)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  return at
}

/** Takes open, high and low of the day's bar; its close is the running price and not the previous session's. */
function readBar(tick: Tick, bytes: Uint8Array, at: number, outerEnd: number): number {
  let isDay = false
  bar[0] = bar[1] = bar[2] = 0
  const end = readLength(bytes, at, outerEnd)
  if (end < 0) return -1
  at = body.start
  while (at < end) {
    switch (bytes[at]) {
      case 0x0a: // interval
        at = readLength(bytes, at + 1, end)
        isDay = isDayInterval(bytes, body.start, at)
        break
      case 0x11: // open
        at = readDouble(at + 1, end, bar, 0)
        break
      case 0x19: // high
        at = readDouble(at + 1, end, bar, 1)
        break
      case 0x21: // low
        at = readDouble(at + 1, end, bar, 2)
        break
      default:
        at = skipField(bytes, at, end)
    }
    if (at < 0) return -1
  }
  if (!isDay) return at
  const { values } = tick
  values[OPEN] = bar[0]!
  values[HIGH] = bar[1]!
  values[LOW] = bar[2]!
  markPrice(tick, OPEN)
  markPrice(tick, HIGH)
  markPrice(tick, LOW)
  return at
}

function isDayInterval(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && ((bytes[start]! << 8) | bytes[start + 1]!) === INTERVAL_DAY
}
