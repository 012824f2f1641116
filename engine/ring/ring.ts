// The broadcast ring between one feed worker and its readers, in one SharedArrayBuffer.
//
// One writer that never waits, any number of readers, each with a cursor of its own. The writer announces the
// slot it is about to overwrite (intent), writes it, then publishes it (tail). A reader copies a slot out and
// only then looks at the intent: if the slot was being overwritten meanwhile, the copy is thrown away and the
// reader rejoins half a ring behind the tail, knowing exactly how many records it lost. docs/adr/0002 has the
// reasons and the measurements. x86-64 only: plain stores before an atomic store are seen in order there.
import { LEVEL_WORDS, Tick, VALUE_COUNT } from '../../codecs/tick.ts'

// Control words, one cache line apart, so that the writer's stores and the readers' loads do not share lines.
const INTENT = 0
const TAIL = 16
const TAIL_NUMBER_F64 = 16
const SLOTS = 48
const LEVELS = 49
const CONTROL_BYTES = 256
const CONTROL_F64 = CONTROL_BYTES / 8

// A slot in 8-byte words; words 1 to 3 hold two int32 each.
const NUMBER = 0
const KIND_MODE = 2
const PRESENT = 3
const INSTRUMENT = 4
const SEQ = 5
const EPOCH = 6
const LEVEL_COUNTS = 7
const RECEIVE_TIME = 4
const VALUES = 5
const DEPTH = VALUES + VALUE_COUNT
const LINE_WORDS = 8

// An event's words, in the place of a tick's.
const EVENT_CODE = INSTRUMENT
const EVENT_SOCKET = SEQ
const EVENT_SINCE = VALUES
const EVENT_UNTIL = VALUES + 1

export const KIND_NONE = 0
export const KIND_TICK = 1
export const KIND_GAP = 2
export const KIND_STATUS = 3
/** From here on instruments were resolved by another index; its number is the event's code. */
export const KIND_INDEX = 4

/** What a gap or status record says: times are epoch ms, `socket` counts a broker's sockets from 0. */
export interface FeedEvent {
  code: number
  socket: number
  sinceMs: number
  untilMs: number
}

/** Words per slot for books of `levels` levels a side, rounded up to whole cache lines. */
function slotWords(levels: number): number {
  return Math.ceil((DEPTH + 2 * levels * LEVEL_WORDS) / LINE_WORDS) * LINE_WORDS
}

/**
 * Makes the memory of a ring. `slots` is a power of two from 2 to 2^30; `levels` is the deepest book the feed
 * delivers; `first` is the number of the first record. Throws a RangeError for other numbers of slots.
 */
export function createRing(slots: number, levels: number, first = 0): SharedArrayBuffer {
  if (slots < 2 || (slots & -slots) !== slots) {
    throw new RangeError(`ring slots must be a power of two from 2 to 2^30, not ${slots}`)
  }
  const memory = new SharedArrayBuffer(CONTROL_BYTES + slots * slotWords(levels) * 8)
  const control = new Int32Array(memory)
  control[SLOTS] = slots
  control[LEVELS] = levels
  control[TAIL] = first
  new Float64Array(memory)[TAIL_NUMBER_F64] = first
  return memory
}

/**
 * Number of the record after the last published one. The tail holds its low 32 bits and decides; the float, stored
 * just before it, gives the rest, and may be a few records ahead.
 */
function publishedNumber(ints: Int32Array, floats: Float64Array): number {
  const low = Atomics.load(ints, TAIL)
  const near = floats[TAIL_NUMBER_F64]!
  return near + ((low - near) | 0)
}

/**
 * The writing end. There is one per ring; a new one, made after a crash of the thread that had the old one,
 * goes on at the last published record.
 */
export class RingWriter {
  #next: number
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #mask: number
  readonly #words: number
  readonly #levels: number

  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory)
    this.#floats = new Float64Array(memory)
    this.#mask = this.#ints[SLOTS]! - 1
    this.#levels = this.#ints[LEVELS]!
    this.#words = slotWords(this.#levels)
    this.#next = publishedNumber(this.#ints, this.#floats)
  }

  /** Number of the record that is written next; records are numbered from 0. */
  get position(): number {
    return this.#next
  }

  /** Writes one tick. Throws a RangeError when the tick's book is deeper than the ring's. */
  writeTick(tick: Tick): void {
    const deepest = Math.max(tick.buyLevels, tick.sellLevels)
    if (deepest > this.#levels) {
      throw new RangeError(`tick has ${deepest} depth levels, its ring holds ${this.#levels}`)
    }
    const ints = this.#ints
    const floats = this.#floats
    const at = this.#open()
    const half = at * 2
    ints[half + KIND_MODE] = KIND_TICK | (tick.mode << 8)
    ints[half + PRESENT] = tick.present
    ints[half + INSTRUMENT] = tick.instrument
    ints[half + SEQ] = tick.seq
    ints[half + EPOCH] = tick.epoch
    ints[half + LEVEL_COUNTS] = tick.buyLevels | (tick.sellLevels << 16)
    floats[at + RECEIVE_TIME] = tick.receiveTimeUs
    const values = tick.values
    // Written up to the highest value present: an LTP tick costs one word, not twenty-one.
    const count = 32 - Math.clz32(tick.present)
    for (let i = 0; i < count; i++) floats[at + VALUES + i] = values[i]!
    if ((tick.buyLevels | tick.sellLevels) !== 0) {
      const depth = tick.depth
      const sellFrom = tick.levelsMax * LEVEL_WORDS
      const buyWords = tick.buyLevels * LEVEL_WORDS
      const sellWords = tick.sellLevels * LEVEL_WORDS
      const sellAt = at + DEPTH + this.#levels * LEVEL_WORDS
      for (let i = 0; i < buyWords; i++) floats[at + DEPTH + i] = depth[i]!
      for (let i = 0; i < sellWords; i++) floats[sellAt + i] = depth[sellFrom + i]!
    }
    this.#publish()
  }

  /** Writes a gap or a status among the ticks, so that readers see it where it happened. */
  writeEvent(
    kind: typeof KIND_GAP | typeof KIND_STATUS | typeof KIND_INDEX,
    event: FeedEvent,
  ): void {
    const at = this.#open()
    this.#ints[at * 2 + KIND_MODE] = kind
    this.#ints[at * 2 + EVENT_CODE] = event.code
    this.#ints[at * 2 + EVENT_SOCKET] = event.socket
    this.#floats[at + EVENT_SINCE] = event.sinceMs
    this.#floats[at + EVENT_UNTIL] = event.untilMs
    this.#publish()
  }

  /** Announces the next slot and returns its first word. */
  #open(): number {
    const low = this.#next | 0
    Atomics.store(this.#ints, INTENT, (low + 1) | 0)
    const at = CONTROL_F64 + (low & this.#mask) * this.#words
    this.#floats[at + NUMBER] = this.#next
    return at
  }

  #publish(): void {
    this.#next += 1
    this.#floats[TAIL_NUMBER_F64] = this.#next
    Atomics.store(this.#ints, TAIL, this.#next | 0)
  }
}

/** One reader with its cursor. It starts at the latest record and sees what is written from then on. */
export class RingReader {
  /** Filled by a `read` that answers KIND_TICK, and good until the next `read` of whatever kind. */
  readonly tick: Tick
  /** Filled by a `read` that answers a kind of event, and good until the next `read`. */
  readonly event: FeedEvent = { code: 0, socket: 0, sinceMs: 0, untilMs: 0 }
  /** Records that were overwritten before this reader came to them. */
  lost = 0
  /** How often that happened. */
  laps = 0
  #next: number
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #slots: number
  readonly #words: number
  readonly #levels: number

  constructor(memory: SharedArrayBuffer) {
    this.#ints = new Int32Array(memory)
    this.#floats = new Float64Array(memory)
    this.#slots = this.#ints[SLOTS]!
    this.#levels = this.#ints[LEVELS]!
    this.#words = slotWords(this.#levels)
    this.tick = new Tick(this.#levels)
    this.#next = publishedNumber(this.#ints, this.#floats)
  }

  /** True when a record waits; what the parking reader checks before it sleeps. */
  get hasNext(): boolean {
    return Atomics.load(this.#ints, TAIL) !== (this.#next | 0)
  }

  /** Records between this reader and the writer; more than the ring's slots means lapped. */
  get behind(): number {
    return publishedNumber(this.#ints, this.#floats) - this.#next
  }

  get slots(): number {
    return this.#slots
  }

  /** Number of the record that `read` takes next; records are numbered from 0. */
  get position(): number {
    return this.#next
  }

  /** Takes the next record into `tick` or `event` and answers its kind, or KIND_NONE when there is none. */
  read(): number {
    const ints = this.#ints
    for (;;) {
      const low = this.#next | 0
      const behind = (Atomics.load(ints, TAIL) - low) >>> 0
      if (behind === 0) return KIND_NONE
      if (behind <= this.#slots) {
        const at = CONTROL_F64 + (low & (this.#slots - 1)) * this.#words
        const number = this.#floats[at + NUMBER]!
        const kind = this.#copy(at)
        const isWhole = (Atomics.load(ints, INTENT) - low) >>> 0 <= this.#slots
        if (isWhole && number === this.#next) {
          this.#next += 1
          return kind
        }
      }
      this.#rejoin()
    }
  }

  /** Copies a slot that the writer may be overwriting: every count is bounded before it is used. */
  #copy(at: number): number {
    const ints = this.#ints
    const floats = this.#floats
    const half = at * 2
    const kind = ints[half + KIND_MODE]! & 0xff
    if (kind !== KIND_TICK) {
      this.event.code = ints[half + EVENT_CODE]!
      this.event.socket = ints[half + EVENT_SOCKET]!
      this.event.sinceMs = floats[at + EVENT_SINCE]!
      this.event.untilMs = floats[at + EVENT_UNTIL]!
      return kind
    }
    const tick = this.tick
    const present = ints[half + PRESENT]!
    tick.mode = (ints[half + KIND_MODE]! >> 8) & 3
    tick.present = present
    tick.instrument = ints[half + INSTRUMENT]! >>> 0
    tick.seq = ints[half + SEQ]! >>> 0
    tick.epoch = ints[half + EPOCH]! >>> 0
    tick.receiveTimeUs = floats[at + RECEIVE_TIME]!
    const values = tick.values
    const count = Math.min(32 - Math.clz32(present), VALUE_COUNT)
    for (let i = 0; i < count; i++) values[i] = floats[at + VALUES + i]!
    const counts = ints[half + LEVEL_COUNTS]!
    tick.buyLevels = Math.min(counts & 0xffff, this.#levels)
    tick.sellLevels = Math.min(counts >>> 16, this.#levels)
    if (counts !== 0) {
      const depth = tick.depth
      const sellFrom = this.#levels * LEVEL_WORDS
      const buyWords = tick.buyLevels * LEVEL_WORDS
      const sellWords = tick.sellLevels * LEVEL_WORDS
      for (let i = 0; i < buyWords; i++) depth[i] = floats[at + DEPTH + i]!
      for (let i = 0; i < sellWords; i++) depth[sellFrom + i] = floats[at + DEPTH + sellFrom + i]!
    }
    return kind
  }

  /** Goes half a ring behind the tail, far enough from the writer not to be lapped again at once. */
  #rejoin(): void {
    const to = publishedNumber(this.#ints, this.#floats) - this.#slots / 2
    this.lost += to - this.#next
    this.laps += 1
    this.#next = to
  }
}
