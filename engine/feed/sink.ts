import { Tick, type TickSink, tokenText } from '../../codecs/tick.ts'
import { nowUs } from '../clock.ts'
import { DoorbellRinger } from '../ring/doorbell.ts'
import { type FeedEvent, KIND_GAP, KIND_INDEX, KIND_STATUS, RingWriter } from '../ring/ring.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { type FeedMemory, REJECTS, TICKS, UNKNOWN_TOKENS } from './state.ts'

/** Runs what waits for it when the read under way, with all its frames, is worked off. */
const AT_THE_END = Promise.resolve()

/** A frame as it came: bytes of a binary one, text of a text one. */
export type Frame = Uint8Array | string

/** An offset, an instrument, or what makes the text of a token. */
export type OddityDetail = number | (() => string)

/**
 * Told of what could not be used: `reason` is a constant text, `frame` the frame it was found in, `error` the
 * message of the error that was thrown, where one was.
 */
export type OddityListener = (
  reason: string,
  detail: OddityDetail,
  frame: Frame,
  error?: string,
) => void

/**
 * Takes decoded ticks into the ring: token → instrument number, the next seq of that instrument, and the time at
 * which the frame left the socket. A token that the index does not hold is counted, never guessed.
 */
export class FeedSink implements TickSink {
  readonly tick: Tick
  /** The mode of the last tick per instrument since it was last cleared: which requests were answered. */
  readonly answeredModes: Uint8Array
  readonly #ring: RingWriter
  readonly #doorbell: DoorbellRinger
  #tokens: TokenIndex
  readonly #seqs: Uint32Array
  readonly #counters: Float64Array
  readonly #epoch: number
  readonly #onOddity: OddityListener
  /** Few unknown tokens are logged, so the text is made by the one who logs it. */
  readonly #tokenText = () => tokenText(this.tick)
  #receiveTimeUs = 0
  #frame: Frame = ''
  /**
   * The core is woken once for all ticks of a read of the socket, when that is worked off: woken by the first one, on
   * a processor that both share, it would take each by itself, with a switch of threads in between.
   */
  #isBellDue = false
  readonly #ringBell = () => {
    this.#isBellDue = false
    this.#doorbell.ring()
  }

  constructor(
    memory: FeedMemory,
    depthLevels: number,
    instrumentsMax: number,
    onOddity: OddityListener,
  ) {
    this.tick = new Tick(depthLevels)
    this.answeredModes = new Uint8Array(instrumentsMax)
    this.#ring = new RingWriter(memory.ring)
    this.#doorbell = new DoorbellRinger(memory.doorbell)
    this.#tokens = new TokenIndex(memory.tokens)
    this.#seqs = new Uint32Array(memory.seqs)
    this.#counters = new Float64Array(memory.counters)
    this.#epoch = memory.epoch
    this.#onOddity = onOddity
  }

  /** Ticks taken so far. */
  get ticks(): number {
    return this.#counters[TICKS]!
  }

  /** Stamps the frame whose ticks follow. Returns the stamp, epoch µs. */
  beginFrame(frame: Frame): number {
    this.#frame = frame
    this.#receiveTimeUs = nowUs()
    return this.#receiveTimeUs
  }

  emit(): void {
    const tick = this.tick
    const bytes = tick.tokenBytes
    const instrument =
      bytes === null
        ? this.#tokens.resolve(tick.segment, tick.token)
        : this.#tokens.findBytes(tick.segment, bytes, tick.tokenStart, tick.tokenEnd)
    if (instrument < 0) {
      this.#counters[UNKNOWN_TOKENS]! += 1
      this.#onOddity('token is not in the index', this.#tokenText, this.#frame)
      return
    }
    const seq = this.#seqs[instrument]! + 1
    this.#seqs[instrument] = seq
    tick.instrument = instrument
    tick.seq = seq
    tick.epoch = this.#epoch
    tick.receiveTimeUs = this.#receiveTimeUs
    this.answeredModes[instrument] = tick.mode
    this.#counters[TICKS]! += 1
    this.#ring.writeTick(tick)
    if (this.#isBellDue) return
    this.#isBellDue = true
    AT_THE_END.then(this.#ringBell)
  }

  reject(reason: string, offset: number, error?: string): void {
    this.#counters[REJECTS]! += 1
    this.#onOddity(reason, offset, this.#frame, error)
  }

  /** Resolves tokens by another index from here on, and says so in the ring under the index's number. */
  useIndex(tokens: TokenIndex, number: number): void {
    this.#tokens = tokens
    this.#ring.writeEvent(KIND_INDEX, { code: number, socket: 0, sinceMs: 0, untilMs: 0 })
    this.#doorbell.ring()
  }

  gap(event: FeedEvent): void {
    this.#ring.writeEvent(KIND_GAP, event)
    this.#doorbell.ring()
  }

  status(event: FeedEvent): void {
    this.#ring.writeEvent(KIND_STATUS, event)
    this.#doorbell.ring()
  }
}
