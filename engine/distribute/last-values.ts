import { LTP, type Tick } from '../../codecs/tick.ts'

const INTS = 6
const MODE = 0
const PRESENT = 1
const SEQ = 2
const EPOCH = 3
const BUY_LEVELS = 4
const SELL_LEVELS = 5
const RECEIVE_TIME = 0
const ROWS_AT_FIRST = 1024

/**
 * The last tick of every instrument of one broker that somebody wants: the late joiner's first frame. A row holds
 * the whole record, so that values of different ticks never mix.
 */
export class LastValues {
  /** Row + 1 by instrument number; 0 is none. */
  readonly #rowOf: Int32Array
  readonly #depthWords: number
  readonly #words: number
  readonly #valueWords: number
  #rows = 0
  readonly #free: number[] = []
  #ints: Uint32Array
  #floats: Float64Array

  constructor(instrumentsMax: number, sample: Tick) {
    this.#rowOf = new Int32Array(instrumentsMax)
    this.#valueWords = sample.values.length
    this.#depthWords = sample.depth.length
    this.#words = 1 + this.#valueWords + this.#depthWords
    this.#ints = new Uint32Array(ROWS_AT_FIRST * INTS)
    this.#floats = new Float64Array(ROWS_AT_FIRST * this.#words)
  }

  store(tick: Tick): void {
    let row = this.#rowOf[tick.instrument]! - 1
    if (row < 0) row = this.#addRow(tick.instrument)
    const ints = this.#ints
    const floats = this.#floats
    const at = row * INTS
    ints[at + MODE] = tick.mode
    ints[at + PRESENT] = tick.present
    ints[at + SEQ] = tick.seq
    ints[at + EPOCH] = tick.epoch
    ints[at + BUY_LEVELS] = tick.buyLevels
    ints[at + SELL_LEVELS] = tick.sellLevels
    let word = row * this.#words
    floats[word + RECEIVE_TIME] = tick.receiveTimeUs
    word += 1
    const values = tick.values
    const count = 32 - Math.clz32(tick.present)
    for (let i = 0; i < count; i++) floats[word + i] = values[i]!
    if ((tick.buyLevels | tick.sellLevels) === 0) return
    word += this.#valueWords
    const depth = tick.depth
    for (let i = 0; i < this.#depthWords; i++) floats[word + i] = depth[i]!
  }

  /** Seq of the last value, 0 where there is none. */
  seqOf(instrument: number): number {
    const row = this.#rowOf[instrument]! - 1
    return row < 0 ? 0 : this.#ints[row * INTS + SEQ]!
  }

  /** The last price, NaN where there is none. */
  priceOf(instrument: number): number {
    const row = this.#rowOf[instrument]! - 1
    const isThere = row >= 0 && (this.#ints[row * INTS + PRESENT]! & (1 << LTP)) !== 0
    return isThere ? this.#floats[row * this.#words + 1 + LTP]! : Number.NaN
  }

  /** When the last value came, epoch µs; 0 where there is none. */
  receivedAtUs(instrument: number): number {
    const row = this.#rowOf[instrument]! - 1
    return row < 0 ? 0 : this.#floats[row * this.#words + RECEIVE_TIME]!
  }

  /** Fills `tick` with the last value and answers true, or answers false where there is none. */
  load(instrument: number, tick: Tick): boolean {
    const row = this.#rowOf[instrument]! - 1
    if (row < 0) return false
    const at = row * INTS
    tick.instrument = instrument
    tick.mode = this.#ints[at + MODE]!
    tick.present = this.#ints[at + PRESENT]!
    tick.seq = this.#ints[at + SEQ]!
    tick.epoch = this.#ints[at + EPOCH]!
    tick.buyLevels = this.#ints[at + BUY_LEVELS]!
    tick.sellLevels = this.#ints[at + SELL_LEVELS]!
    const word = row * this.#words
    tick.receiveTimeUs = this.#floats[word + RECEIVE_TIME]!
    const valuesAt = word + 1
    const depthAt = valuesAt + this.#valueWords
    tick.values.set(this.#floats.subarray(valuesAt, depthAt))
    tick.depth.set(this.#floats.subarray(depthAt, depthAt + this.#depthWords))
    return true
  }

  /** Drops the value of an instrument that nobody wants any more, before it grows old. */
  forget(instrument: number): void {
    const row = this.#rowOf[instrument]! - 1
    if (row < 0) return
    this.#rowOf[instrument] = 0
    this.#free.push(row)
  }

  #addRow(instrument: number): number {
    const row = this.#free.pop() ?? this.#rows++
    this.#rowOf[instrument] = row + 1
    if (row * INTS < this.#ints.length) return row
    const ints = new Uint32Array(this.#ints.length * 2)
    ints.set(this.#ints)
    this.#ints = ints
    const floats = new Float64Array(this.#floats.length * 2)
    floats.set(this.#floats)
    this.#floats = floats
    return row
  }
}
