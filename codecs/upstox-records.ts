// What a socket of Upstox Market Data Feed V3 has told about each instrument that is wanted on it. Messages are
// incremental, so that the last values stay until others come.
import {
  ASK,
  ASK_QTY,
  BID,
  BID_QTY,
  LEVEL_WORDS,
  LTP_VALUE_COUNT,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  type Mode,
  type Tick,
  VALUE_COUNT,
} from './tick.ts'
import { KEY_LENGTH_MAX, type UpstoxMerge } from './upstox.ts'
import { FIRST_LEVEL, LTPC, MARKET, type UpstoxKind } from './upstox-feed.ts'

const BOOK_BITS = (1 << BID) | (1 << ASK) | (1 << BID_QTY) | (1 << ASK_QTY)
const LTP_BITS = (1 << LTP_VALUE_COUNT) - 1

/** A hash of a key, made of four bytes at a time; the one to three that may be left come in the last word. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  let at = start
  for (; at + 4 <= end; at += 4) {
    const low = bytes[at]! | (bytes[at + 1]! << 8)
    const word = low | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  let word = 0
  for (; at < end; at++) word = (word << 8) | bytes[at]!
  hash = Math.imul(hash ^ word, 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** The arrays of `rows` records with books of `levels`. */
function makeRows(rows: number, levels: number) {
  return {
    keys: new Uint8Array(rows * KEY_LENGTH_MAX),
    keyLengths: new Uint8Array(rows),
    hashes: new Uint32Array(rows),
    /** Wanted mode, 0 in a free row, and the highest that a message was good for. */
    wanted: new Uint8Array(rows),
    heard: new Uint8Array(rows),
    known: new Int32Array(rows),
    values: new Float64Array(rows * VALUE_COUNT),
    buyLevels: new Uint8Array(rows),
    sellLevels: new Uint8Array(rows),
    depth: new Float64Array(rows * 2 * levels * LEVEL_WORDS),
    /** Open addressing, twice as many as rows at least: row + 1, or 0. */
    slots: new Int32Array(2 ** Math.ceil(Math.log2(rows * 2))),
  }
}

/**
 * Records by instrument key. They are found by the key's bytes in the frame, and nothing is allocated per tick; `want`
 * and `forget` may grow the table.
 */
export class UpstoxRecords implements UpstoxMerge {
  readonly #levels: number
  readonly #sideWords: number
  #capacity: number
  #rows: ReturnType<typeof makeRows>
  readonly #free: number[] = []
  #used = 0

  /** Makes room for `rows` records (1 or more) with books of `levels` (1 to 255). */
  constructor(rows: number, levels: number) {
    this.#levels = levels
    this.#sideWords = levels * LEVEL_WORDS
    this.#capacity = rows
    this.#rows = makeRows(rows, levels)
  }

  /**
   * Notes the mode in which ticks of a key are delivered from here on. Of a record that was good for more, the values
   * that nothing refreshes any longer are forgotten. A key that no frame can hold is passed over.
   */
  want(key: string, mode: Mode): void {
    const bytes = new TextEncoder().encode(key)
    const row = this.#find(bytes, 0, bytes.length)
    if (row === -1) {
      if (bytes.length > 0 && bytes.length <= KEY_LENGTH_MAX) this.#add(bytes, mode)
      return
    }
    const rows = this.#rows
    rows.wanted[row] = mode
    if (mode !== MODE_LTP) return
    rows.known[row]! &= LTP_BITS
    rows.heard[row] = Math.min(rows.heard[row]!, MODE_LTP)
    rows.buyLevels[row] = rows.sellLevels[row] = 0
  }

  /** Drops the record of a key; messages about it give no more ticks. */
  forget(key: string): void {
    const bytes = new TextEncoder().encode(key)
    const row = this.#find(bytes, 0, bytes.length)
    if (row === -1) return
    this.#rows.wanted[row] = 0
    this.#free.push(row)
    this.#unlink(row)
  }

  complete(tick: Tick, kind: UpstoxKind, hasBook: boolean): boolean {
    const row = this.#find(tick.tokenBytes!, tick.tokenStart, tick.tokenEnd)
    if (row === -1) return false
    const { heard, wanted } = this.#rows
    const good = kind === LTPC ? MODE_LTP : kind === FIRST_LEVEL ? MODE_QUOTE : MODE_DEPTH
    if (good > heard[row]!) heard[row] = good
    this.#mergeValues(row, tick, hasBook)
    // Between a subscription and its first message the broker still answers in the mode before.
    tick.mode = Math.min(wanted[row]!, heard[row]!)
    if (hasBook) this.#takeBook(row, tick)
    if (tick.mode !== MODE_DEPTH) {
      tick.buyLevels = 0
      tick.sellLevels = 0
    } else if (kind !== MARKET || !hasBook) this.#giveBook(row, tick)
    return true
  }

  #mergeValues(row: number, tick: Tick, hasBook: boolean): void {
    const { known, values } = this.#rows
    const told = tick.present
    const kept = (hasBook ? known[row]! & ~BOOK_BITS : known[row]!) & ~told
    const from = row * VALUE_COUNT
    const ticked = tick.values
    // The highest bit that is left, and the next.
    for (let left = told; left !== 0; ) {
      const position = 31 - Math.clz32(left)
      values[from + position] = ticked[position]!
      left ^= 1 << position
    }
    for (let left = kept; left !== 0; ) {
      const position = 31 - Math.clz32(left)
      ticked[position] = values[from + position]!
      left ^= 1 << position
    }
    tick.present = told | kept
    known[row] = told | kept
  }

  #takeBook(row: number, tick: Tick): void {
    const { depth, buyLevels, sellLevels } = this.#rows
    const buy = Math.min(tick.buyLevels, this.#levels)
    const sell = Math.min(tick.sellLevels, this.#levels)
    const at = row * 2 * this.#sideWords
    copy(tick.depth, 0, depth, at, buy * LEVEL_WORDS)
    const sellWord = tick.levelsMax * LEVEL_WORDS
    copy(tick.depth, sellWord, depth, at + this.#sideWords, sell * LEVEL_WORDS)
    buyLevels[row] = buy
    sellLevels[row] = sell
  }

  #giveBook(row: number, tick: Tick): void {
    const { depth, buyLevels, sellLevels } = this.#rows
    tick.buyLevels = Math.min(buyLevels[row]!, tick.levelsMax)
    tick.sellLevels = Math.min(sellLevels[row]!, tick.levelsMax)
    const at = row * 2 * this.#sideWords
    copy(depth, at, tick.depth, 0, tick.buyLevels * LEVEL_WORDS)
    const sellWord = tick.levelsMax * LEVEL_WORDS
    copy(depth, at + this.#sideWords, tick.depth, sellWord, tick.sellLevels * LEVEL_WORDS)
  }

  /** The row of the key in these bytes, or -1. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    const { slots, hashes, keyLengths, keys } = this.#rows
    const mask = slots.length - 1
    const hash = hashOf(bytes, start, end)
    const length = end - start
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1
      if (row < 0) return -1
      if (hashes[row] !== hash || keyLengths[row] !== length) continue
      const keyAt = row * KEY_LENGTH_MAX
      let i = 0
      while (i < length && keys[keyAt + i] === bytes[start + i]) i++
      if (i === length) return row
    }
  }

  #add(bytes: Uint8Array, mode: Mode): void {
    if (this.#used === this.#capacity && this.#free.length === 0) this.#grow()
    const row = this.#free.pop() ?? this.#used++
    const rows = this.#rows
    rows.keys.set(bytes, row * KEY_LENGTH_MAX)
    rows.keyLengths[row] = bytes.length
    rows.hashes[row] = hashOf(bytes, 0, bytes.length)
    rows.wanted[row] = mode
    rows.heard[row] = 0
    rows.known[row] = 0
    rows.buyLevels[row] = rows.sellLevels[row] = 0
    this.#link(row)
  }

  #link(row: number): void {
    const { slots, hashes } = this.#rows
    const mask = slots.length - 1
    let slot = hashes[row]! & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = row + 1
  }

  /** Takes a row out of its slot and moves up those that had to give way to it. */
  #unlink(row: number): void {
    const { slots, hashes } = this.#rows
    const mask = slots.length - 1
    let hole = hashes[row]! & mask
    while (slots[hole] !== row + 1) hole = (hole + 1) & mask
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hashes[slots[slot]! - 1]! & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      slots[hole] = slots[slot]!
      hole = slot
    }
    slots[hole] = 0
  }

  #grow(): void {
    const before = this.#rows
    this.#capacity *= 2
    const { slots, ...columns } = makeRows(this.#capacity, this.#levels)
    for (const [name, column] of Object.entries(columns)) {
      column.set(before[name as keyof typeof columns])
    }
    this.#rows = { slots, ...columns }
    for (let row = 0; row < this.#used; row++) this.#link(row)
  }
}

function copy(from: Float64Array, fromAt: number, to: Float64Array, toAt: number, count: number) {
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!
}
