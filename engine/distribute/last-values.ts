// The last tick of every instrument of one broker that somebody wants: the late joiner's first frame, and what quotes
// are answered from. The core writes it; other threads read it without asking. A row holds the whole record, so that
// values of different ticks never mix.
//
//   rows of   one int32 for each instrument number: its row + 1, 0 where it has none
//   head      8 words, of which the first says whether these rows are out of use
//   rows      each 4 words of int32 pairs, the time of receipt, the values, and the book
//
// The version of a row is odd while it is written. Who reads it in another thread looks at the version before and after
// and throws away what was written meanwhile. x86-64 only, as the ring: plain stores are seen in order there.
import { LTP, type Tick } from '../../codecs/tick.ts'

const HEAD_WORDS = 8
const OUT_OF_USE = 0

// A row's int32 words.
const VERSION = 0
const INSTRUMENT = 1
const MODE = 2
const PRESENT = 3
const SEQ = 4
const EPOCH = 5
const BUY_LEVELS = 6
const SELL_LEVELS = 7
// Its float64 words, of which the first four are those.
const RECEIVE_TIME = 4
const VALUES = 5

const ROWS_AT_FIRST = 1024
/** So often a row is read again that was being written: the core needs a fraction of a microsecond for it. */
const READS_MAX = 100

/** What other threads need of the table. Rows move to other memory when they need more of it. */
export interface LastValuesMemory {
  readonly rowsOf: SharedArrayBuffer
  readonly rows: SharedArrayBuffer
}

/** Words of a row, whose values and book are as large as those of the sample. */
const wordsOf = (sample: Tick) => VALUES + sample.values.length + sample.depth.length

const rowsBytes = (rows: number, words: number) =>
  (HEAD_WORDS + rows * words) * Float64Array.BYTES_PER_ELEMENT

/** The writing end, in the core. */
export class LastValues {
  /** Is told when the rows have moved. */
  onMoved: ((memory: LastValuesMemory) => void) | null = null
  readonly #rowsOf: Int32Array<SharedArrayBuffer>
  readonly #words: number
  readonly #depthAt: number
  readonly #depthWords: number
  #rows = 0
  readonly #free: number[] = []
  #ints: Int32Array<SharedArrayBuffer>
  #floats: Float64Array<SharedArrayBuffer>

  constructor(instrumentsMax: number, sample: Tick) {
    const rowsOfBytes = instrumentsMax * Int32Array.BYTES_PER_ELEMENT
    this.#rowsOf = new Int32Array(new SharedArrayBuffer(rowsOfBytes))
    this.#words = wordsOf(sample)
    this.#depthAt = VALUES + sample.values.length
    this.#depthWords = sample.depth.length
    const rows = new SharedArrayBuffer(rowsBytes(ROWS_AT_FIRST, this.#words))
    this.#ints = new Int32Array(rows)
    this.#floats = new Float64Array(rows)
  }

  /** What a reader in another thread is made of, until the rows move. */
  get memory(): LastValuesMemory {
    return { rowsOf: this.#rowsOf.buffer, rows: this.#floats.buffer }
  }

  store(tick: Tick): void {
    let row = this.#rowsOf[tick.instrument]! - 1
    if (row < 0) row = this.#addRow(tick.instrument)
    const ints = this.#ints
    const floats = this.#floats
    const word = HEAD_WORDS + row * this.#words
    const half = word * 2
    const version = ints[half + VERSION]!
    Atomics.store(ints, half + VERSION, version + 1)
    ints[half + INSTRUMENT] = tick.instrument
    ints[half + MODE] = tick.mode
    ints[half + PRESENT] = tick.present
    ints[half + SEQ] = tick.seq
    ints[half + EPOCH] = tick.epoch
    ints[half + BUY_LEVELS] = tick.buyLevels
    ints[half + SELL_LEVELS] = tick.sellLevels
    floats[word + RECEIVE_TIME] = tick.receiveTimeUs
    const values = tick.values
    const count = 32 - Math.clz32(tick.present)
    for (let i = 0; i < count; i++) floats[word + VALUES + i] = values[i]!
    if ((tick.buyLevels | tick.sellLevels) !== 0) {
      const depth = tick.depth
      const depthAt = word + this.#depthAt
      for (let i = 0; i < this.#depthWords; i++) floats[depthAt + i] = depth[i]!
    }
    Atomics.store(ints, half + VERSION, version + 2)
  }

  /** Seq of the last value, 0 where there is none. */
  seqOf(instrument: number): number {
    const word = this.#wordOf(instrument)
    return word < 0 ? 0 : this.#ints[word * 2 + SEQ]! >>> 0
  }

  /** The last price, NaN where there is none. */
  priceOf(instrument: number): number {
    const word = this.#wordOf(instrument)
    const isThere = word >= 0 && (this.#ints[word * 2 + PRESENT]! & (1 << LTP)) !== 0
    return isThere ? this.#floats[word + VALUES + LTP]! : Number.NaN
  }

  /** When the last value came, epoch µs; 0 where there is none. */
  receivedAtUs(instrument: number): number {
    const word = this.#wordOf(instrument)
    return word < 0 ? 0 : this.#floats[word + RECEIVE_TIME]!
  }

  /** Fills `tick` with the last value and answers true, or answers false where there is none. */
  load(instrument: number, tick: Tick): boolean {
    const word = this.#wordOf(instrument)
    if (word < 0) return false
    copyRow(this.#ints, this.#floats, word, tick)
    return true
  }

  /** Drops the value of an instrument that nobody wants any more, before it grows old. */
  forget(instrument: number): void {
    const row = this.#rowsOf[instrument]! - 1
    if (row < 0) return
    Atomics.store(this.#rowsOf, instrument, 0)
    this.#free.push(row)
  }

  /** The first float64 word of an instrument's row, or -1. */
  #wordOf(instrument: number): number {
    const row = this.#rowsOf[instrument]! - 1
    return row < 0 ? -1 : HEAD_WORDS + row * this.#words
  }

  #addRow(instrument: number): number {
    const row = this.#free.pop() ?? this.#rows++
    if (rowsBytes(row + 1, this.#words) > this.#floats.byteLength) this.#move()
    // Nobody finds the row before it says whose it is.
    const half = (HEAD_WORDS + row * this.#words) * 2
    Atomics.store(this.#ints, half + INSTRUMENT, instrument)
    Atomics.store(this.#ints, half + PRESENT, 0)
    Atomics.store(this.#rowsOf, instrument, row + 1)
    return row
  }

  /** Takes twice the memory. Readers of the old rows find nothing any more until they have the new ones. */
  #move(): void {
    const before = this.#floats
    const held = (before.length - HEAD_WORDS) / this.#words
    const rows = new SharedArrayBuffer(rowsBytes(held * 2, this.#words))
    this.#floats = new Float64Array(rows)
    this.#floats.set(before)
    Atomics.store(this.#ints, OUT_OF_USE, 1)
    this.#ints = new Int32Array(rows)
    this.onMoved?.(this.memory)
  }
}

/** The reading end in another thread. */
export class LastValuesReader {
  readonly #rowsOf: Int32Array
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #words: number

  /** `sample` has as many levels as that of the writer. */
  constructor({ rowsOf, rows }: LastValuesMemory, sample: Tick) {
    this.#rowsOf = new Int32Array(rowsOf)
    this.#ints = new Int32Array(rows)
    this.#floats = new Float64Array(rows)
    this.#words = wordsOf(sample)
  }

  /** Fills `tick` with the last value and answers true, or answers false where there is none that can be had. */
  load(instrument: number, tick: Tick): boolean {
    const ints = this.#ints
    for (let reads = 0; reads < READS_MAX; reads++) {
      const row = Atomics.load(this.#rowsOf, instrument) - 1
      const word = HEAD_WORDS + row * this.#words
      // A row beyond the end is in rows that this reader has not been given yet.
      if (row < 0 || word + this.#words > this.#floats.length) return false
      const version = Atomics.load(ints, word * 2 + VERSION)
      if ((version & 1) !== 0) continue
      copyRow(ints, this.#floats, word, tick)
      const isOf = Atomics.load(ints, word * 2 + INSTRUMENT)
      const isWhole = Atomics.load(ints, word * 2 + VERSION) === version
      if (!isWhole || isOf !== instrument) continue
      return Atomics.load(ints, OUT_OF_USE) === 0 && tick.present !== 0
    }
    return false
  }
}

function copyRow(ints: Int32Array, floats: Float64Array, word: number, tick: Tick): void {
  const half = word * 2
  tick.instrument = ints[half + INSTRUMENT]!
  tick.mode = ints[half + MODE]!
  tick.present = ints[half + PRESENT]!
  tick.seq = ints[half + SEQ]! >>> 0
  tick.epoch = ints[half + EPOCH]! >>> 0
  tick.buyLevels = ints[half + BUY_LEVELS]!
  tick.sellLevels = ints[half + SELL_LEVELS]!
  tick.receiveTimeUs = floats[word + RECEIVE_TIME]!
  const { values, depth } = tick
  for (let i = 0; i < values.length; i++) values[i] = floats[word + VALUES + i]!
  const depthAt = word + VALUES + values.length
  for (let i = 0; i < depth.length; i++) depth[i] = floats[depthAt + i]!
}
