// A broadcast ring of variable-length records, for comparison with the project's ring of fixed slots.
//
// The idea is that of Agrona's BroadcastTransmitter and BroadcastReceiver: records lie end to end, one that would
// not fit before the end of the buffer is preceded by padding, the writer announces how far it is going to write
// before it writes, and a reader that was lapped goes on at the latest record, because it cannot know where in the
// middle of the buffer a record starts. The record number makes the lost ones countable.
import { LEVEL_WORDS, Tick, VALUE_COUNT } from '../codecs/tick.ts'

// Control words, one cache line apart. Positions are in 8-byte words from the start; the int32 ones are their low bits.
const INTENT = 0
const TAIL = 16
const TAIL_F64 = 16
const LATEST_F64 = 17
const NUMBER_F64 = 18
const CONTROL_F64 = 32

// A record in 8-byte words; words 0 and 2 to 4 hold two int32 each.
const LENGTH = 0
const KIND = 1
const NUMBER = 1
const MODE = 4
const PRESENT = 5
const INSTRUMENT = 6
const SEQ = 7
const EPOCH = 8
const LEVEL_COUNTS = 9
const RECEIVE_TIME = 5
const VALUES = 6

const KIND_PADDING = 1
const KIND_TICK = 2

/** Makes the memory of a ring of `capacityWords` 8-byte words, a power of two. */
export function createVariableRing(capacityWords: number): SharedArrayBuffer {
  return new SharedArrayBuffer((CONTROL_F64 + capacityWords) * 8)
}

function capacityOf(memory: SharedArrayBuffer): number {
  return memory.byteLength / 8 - CONTROL_F64
}

/** Words that a tick takes. */
export function variableWords(tick: Tick): number {
  const levels = tick.buyLevels + tick.sellLevels
  return VALUES + 32 - Math.clz32(tick.present) + levels * LEVEL_WORDS
}

export class VariableRingWriter {
  #next: number
  #number: number
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #capacity: number

  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory)
    this.#floats = new Float64Array(memory)
    this.#capacity = capacityOf(memory)
    this.#next = this.#floats[TAIL_F64]!
    this.#number = this.#floats[NUMBER_F64]!
  }

  writeTick(tick: Tick): void {
    const floats = this.#floats
    const length = variableWords(tick)
    const at = this.#open(length)
    this.#ints[at * 2 + LENGTH] = length
    this.#ints[at * 2 + KIND] = KIND_TICK
    this.#ints[at * 2 + MODE] = tick.mode
    this.#ints[at * 2 + PRESENT] = tick.present
    this.#ints[at * 2 + INSTRUMENT] = tick.instrument
    this.#ints[at * 2 + SEQ] = tick.seq
    this.#ints[at * 2 + EPOCH] = tick.epoch
    this.#ints[at * 2 + LEVEL_COUNTS] = tick.buyLevels | (tick.sellLevels << 16)
    floats[at + NUMBER] = this.#number
    floats[at + RECEIVE_TIME] = tick.receiveTimeUs
    const values = tick.values
    const count = 32 - Math.clz32(tick.present)
    for (let i = 0; i < count; i++) floats[at + VALUES + i] = values[i]!
    if ((tick.buyLevels | tick.sellLevels) !== 0) {
      const depth = tick.depth
      const sellFrom = tick.levelsMax * LEVEL_WORDS
      const buyWords = tick.buyLevels * LEVEL_WORDS
      const sellWords = tick.sellLevels * LEVEL_WORDS
      const buyAt = at + VALUES + count
      for (let i = 0; i < buyWords; i++) floats[buyAt + i] = depth[i]!
      for (let i = 0; i < sellWords; i++) floats[buyAt + buyWords + i] = depth[sellFrom + i]!
    }
    this.#publish(length)
  }

  /** Announces the words that come next, pads where they would not fit, and returns the record's first word. */
  #open(length: number): number {
    const low = this.#next | 0
    const at = low & (this.#capacity - 1)
    const toEnd = this.#capacity - at
    if (toEnd >= length) {
      Atomics.store(this.#ints, INTENT, (low + length) | 0)
      return CONTROL_F64 + at
    }
    Atomics.store(this.#ints, INTENT, (low + toEnd + length) | 0)
    this.#ints[(CONTROL_F64 + at) * 2 + LENGTH] = toEnd
    this.#ints[(CONTROL_F64 + at) * 2 + KIND] = KIND_PADDING
    this.#next += toEnd
    return CONTROL_F64
  }

  #publish(length: number): void {
    this.#floats[LATEST_F64] = this.#next
    this.#next += length
    this.#number += 1
    this.#floats[NUMBER_F64] = this.#number
    this.#floats[TAIL_F64] = this.#next
    Atomics.store(this.#ints, TAIL, this.#next | 0)
  }
}

export class VariableRingReader {
  readonly tick: Tick
  lost = 0
  laps = 0
  #next: number
  #number: number
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #capacity: number

  constructor(memory: SharedArrayBuffer, levels: number) {
    this.#ints = new Int32Array(memory)
    this.#floats = new Float64Array(memory)
    this.#capacity = capacityOf(memory)
    this.tick = new Tick(levels)
    this.#next = this.#floats[TAIL_F64]!
    this.#number = this.#floats[NUMBER_F64]!
  }

  /** Takes the next record into `tick`. Answers false when there is none. */
  read(): boolean {
    const ints = this.#ints
    for (;;) {
      const low = this.#next | 0
      if (((Atomics.load(ints, TAIL) - low) | 0) <= 0) return false
      const at = CONTROL_F64 + (low & (this.#capacity - 1))
      const length = ints[at * 2 + LENGTH]!
      const isTick = ints[at * 2 + KIND] === KIND_TICK
      const number = this.#floats[at + NUMBER]!
      if (isTick) this.#copy(at)
      if ((Atomics.load(ints, INTENT) - low) >>> 0 > this.#capacity) {
        this.laps += 1
        this.#next = this.#floats[LATEST_F64]!
        continue
      }
      this.#next += length
      if (!isTick) continue
      this.lost += number - this.#number
      this.#number = number + 1
      return true
    }
  }

  /** Copies a record that the writer may be overwriting: every count is bounded before it is used. */
  #copy(at: number): void {
    const ints = this.#ints
    const floats = this.#floats
    const tick = this.tick
    const present = ints[at * 2 + PRESENT]!
    tick.mode = ints[at * 2 + MODE]!
    tick.present = present
    tick.instrument = ints[at * 2 + INSTRUMENT]! >>> 0
    tick.seq = ints[at * 2 + SEQ]! >>> 0
    tick.epoch = ints[at * 2 + EPOCH]! >>> 0
    tick.receiveTimeUs = floats[at + RECEIVE_TIME]!
    const values = tick.values
    const count = Math.min(32 - Math.clz32(present), VALUE_COUNT)
    for (let i = 0; i < count; i++) values[i] = floats[at + VALUES + i]!
    const counts = ints[at * 2 + LEVEL_COUNTS]!
    tick.buyLevels = Math.min(counts & 0xffff, tick.levelsMax)
    tick.sellLevels = Math.min(counts >>> 16, tick.levelsMax)
    if (counts === 0) return
    const depth = tick.depth
    const sellFrom = tick.levelsMax * LEVEL_WORDS
    const buyWords = tick.buyLevels * LEVEL_WORDS
    const sellWords = tick.sellLevels * LEVEL_WORDS
    const buyAt = at + VALUES + count
    for (let i = 0; i < buyWords; i++) depth[i] = floats[buyAt + i]!
    for (let i = 0; i < sellWords; i++) depth[sellFrom + i] = floats[buyAt + buyWords + i]!
  }
}
