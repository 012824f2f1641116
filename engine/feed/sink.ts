import { Tick, type TickSink } from '../../codecs/tick.ts'
import { nowUs } from '../clock.ts'
import { DoorbellRinger } from '../ring/doorbell.ts'
import { type FeedEvent, KIND_GAP, KIND_STATUS, RingWriter } from '../ring/ring.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { type FeedMemory, REJECTS, TICKS, UNKNOWN_TOKENS } from './state.ts'

/** A frame as it came: bytes of a binary one, text of a text one. */
export type Frame = Uint8Array | string

/**
 * Told of what could not be used: `reason` is a constant text, `detail` an offset or a token, `frame` the frame it
 * was found in, `error` the message of the error that was thrown, where one was.
 */
export type OddityListener = (reason: string, detail: number, frame: Frame, error?: string) => void

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
  readonly #tokens: TokenIndex
  readonly #seqs: Uint32Array
  readonly #counters: Float64Array
  readonly #epoch: number
  readonly #onOddity: OddityListener
  #receiveTimeUs = 0
  #frame: Frame = ''

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
    const instrument = this.#tokens.resolve(tick.segment, tick.token)
    if (instrument < 0) {
      this.#counters[UNKNOWN_TOKENS]! += 1
      this.#onOddity('token is not in the index', tick.token, this.#frame)
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
    this.#doorbell.ring()
  }

  reject(reason: string, offset: number, error?: string): void {
    this.#counters[REJECTS]! += 1
    this.#onOddity(reason, offset, this.#frame, error)
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
