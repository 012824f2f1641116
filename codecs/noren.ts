// NorenOMS: the JSON text frames of the market data socket that Shoonya, Flattrade and Zebu share.
//
// `tk` and `dk` answer a subscription with all that is known of a scrip, `tf` and `df` bring only what changed, also
// within a level of the book. So every frame is laid over the record of its scrip. Prices are rupees, without a
// divisor; codecs/noren-fields.ts names the fields.
import {
  BOOK_AT,
  GUARDED_BITS,
  LEVELS,
  NOREN_DEPTH,
  NOREN_MESSAGE,
  SEGMENT_MISSING,
  SEGMENT_UNKNOWN,
  SIDE_WORDS,
  SLOT_COUNT,
} from './noren-fields.ts'
import { NorenFrame } from './noren-frame.ts'
import {
  ASK,
  ASK_QTY,
  BID,
  BID_QTY,
  EXCHANGE_TIME,
  LEVEL_WORDS,
  LTQ,
  LTT,
  MODE_DEPTH,
  MODE_QUOTE,
  type Tick,
  type TickSink,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
} from './tick.ts'

const DAY_MS = 86_400_000
const INDIAN_TIME_MS = 19_800_000
/** A trade may be this much younger than the time of its own frame before it is taken for one of an earlier day. */
const TRADE_AHEAD_MS_MAX = 60_000

/** What only frames of a book bring, besides the levels from the second on. */
const BOOK_ONLY_BITS = (1 << LTQ) | (1 << LTT) | (1 << TOTAL_BUY_QTY) | (1 << TOTAL_SELL_QTY)
/** Price and quantity of the first level, which frames of a touchline bring too. */
const FIRST_LEVEL_BITS = 0b11 | (0b11 << SIDE_WORDS)

/** All that is known of one scrip. */
export class NorenRecord {
  /** A bit per value of a tick, and per word of the book, that ever came. */
  present = 0
  book = 0
  /** The values by their position in a tick, then the words of the book, 0 where none came. */
  readonly values = new Float64Array(SLOT_COUNT)

  /**
   * Lays a frame over what is known: only what the frame has changes. For open, high, low, close and average price a 0
   * never takes the place of another value; elsewhere it does: a level that vanishes comes as zeros.
   */
  merge(frame: NorenFrame): void {
    const { values } = this
    const came = frame.values
    for (let bits = frame.present; bits !== 0; bits &= bits - 1) {
      const position = 31 - Math.clz32(bits & -bits)
      const value = came[position]!
      const isKept = value === 0 && ((this.present & GUARDED_BITS) >> position) & 1
      if (!isKept) values[position] = value
    }
    for (let bits = frame.book; bits !== 0; bits &= bits - 1) {
      const slot = BOOK_AT + 31 - Math.clz32(bits & -bits)
      values[slot] = came[slot]!
    }
    this.present |= frame.present
    this.book |= frame.book
    if ((frame.present & (1 << LTT)) !== 0) this.#placeTrade(frame)
  }

  /**
   * Gives the time of day of a trade the Indian day of `ft`. It has no day, and so is absent, where no `ft` ever came,
   * and where it would lie after the `ft` of its own frame: then it is of some day before.
   */
  #placeTrade(frame: NorenFrame): void {
    const { values } = this
    const at = values[EXCHANGE_TIME]!
    const day = Math.floor((at + INDIAN_TIME_MS) / DAY_MS) * DAY_MS - INDIAN_TIME_MS
    const time = day + frame.values[LTT]! * 1000
    const isOfBefore =
      (frame.present & (1 << EXCHANGE_TIME)) !== 0 && time > at + TRADE_AHEAD_MS_MAX
    if ((this.present & (1 << EXCHANGE_TIME)) === 0 || isOfBefore) this.present &= ~(1 << LTT)
    else values[LTT] = time
  }

  /** Forgets what is no longer kept up to date when only the touchline is subscribed. */
  forgetBook(): void {
    this.present &= ~BOOK_ONLY_BITS
    this.book &= FIRST_LEVEL_BITS
    for (let word = 0; word < 2 * SIDE_WORDS; word++) {
      if ((this.book & (1 << word)) === 0) this.values[BOOK_AT + word] = 0
    }
  }

  /** Fills a tick with all that is known, and with the book where the mode is depth. */
  fill(tick: Tick, mode: number): void {
    const { values } = this
    for (let position = 0; position < BID; position++) tick.values[position] = values[position]!
    tick.mode = mode
    tick.tokenBytes = null
    tick.present =
      this.present | this.#fillBest(tick, 0, BID, BID_QTY) | this.#fillBest(tick, 1, ASK, ASK_QTY)
    const isDepth = mode === MODE_DEPTH
    tick.buyLevels = isDepth ? this.#fillSide(tick, 0) : 0
    tick.sellLevels = isDepth ? this.#fillSide(tick, 1) : 0
  }

  /** Best price and quantity of a side; answers their bits, none when the level has vanished. */
  #fillBest(tick: Tick, side: 0 | 1, price: number, quantity: number): number {
    const slot = BOOK_AT + side * SIDE_WORDS
    const came = (this.book >> (side * SIDE_WORDS)) & 0b11
    if (this.values[slot] === 0 && this.values[slot + 1] === 0) return 0
    tick.values[price] = this.values[slot]!
    tick.values[quantity] = this.values[slot + 1]!
    return ((came & 1) << price) | ((came >> 1) << quantity)
  }

  /** Copies the levels of a side and answers how many there are: vanished ones at the end are none. */
  #fillSide(tick: Tick, side: 0 | 1): number {
    const { values } = this
    const { depth, levelsMax } = tick
    const most = Math.min(LEVELS, levelsMax)
    let slot = BOOK_AT + side * SIDE_WORDS
    let word = side * levelsMax * LEVEL_WORDS
    let levels = 0
    for (let level = 0; level < most; level++) {
      const isPriced = (this.book >> (side * SIDE_WORDS + level * LEVEL_WORDS)) & 1
      depth[word] = values[slot]!
      depth[word + 1] = values[slot + 1]!
      depth[word + 2] = values[slot + 2]!
      if (isPriced && (depth[word] !== 0 || depth[word + 1] !== 0)) levels = level + 1
      slot += LEVEL_WORDS
      word += LEVEL_WORDS
    }
    return levels
  }
}

/**
 * Decodes one frame by itself, text or UTF-8: a touchline becomes a tick in mode quote, a book one in mode depth, with
 * what this frame has and nothing else. Messages without a tick give none. Rejects what is not a JSON object and a
 * tick whose exchange or token is missing or not known. Never throws.
 */
export function decodeNoren(bytes: Uint8Array | string, sink: TickSink): void {
  const frame = new NorenFrame()
  const reason = frame.read(bytes)
  if (reason !== null) sink.reject(reason, 0)
  if (reason !== null || frame.kind === NOREN_MESSAGE) return
  const unusable = addressProblem(frame)
  if (unusable !== null) {
    sink.reject(unusable, 0)
    return
  }
  const record = new NorenRecord()
  record.merge(frame)
  sink.tick.segment = frame.segment
  sink.tick.token = frame.token
  record.fill(sink.tick, frame.kind === NOREN_DEPTH ? MODE_DEPTH : MODE_QUOTE)
  sink.emit()
}

/** Why a frame cannot be for any scrip (a constant text), or null. */
function addressProblem({ segment, token }: NorenFrame): string | null {
  if (segment === SEGMENT_MISSING) return 'frame has no exchange'
  if (segment === SEGMENT_UNKNOWN) return 'exchange of a frame is not known'
  return token === 0 ? 'token is not a whole number from 1 to 4294967295' : null
}
