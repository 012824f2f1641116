// Where the time of a tick goes, for benchmarks: from the broker's socket to each further stage of its way. The parts
// that keep it are put in the place of the ordinary ones at the start, so that an engine that does not keep it pays
// nothing. One thread writes each stage.
import { nowUs } from '../clock.ts'
import { FeedSink, type Frame } from '../feed/sink.ts'
import { KIND_TICK, RingReader } from '../ring/ring.ts'
import { Latency } from './latency.ts'

export const STAGES = ['decoded', 'in ring', 'out of ring', 'handed to socket'] as const
const DECODED = 0
const IN_RING = 1
const OUT_OF_RING = 2
const HANDED = 3

// Buckets are whole µs up to 2^BITS, and from there so many to each doubling: within 1.6 percent of the truth.
const BITS = 7
const HALF = 1 << (BITS - 1)
const DOUBLINGS = 20
const BUCKETS = (1 << BITS) + DOUBLINGS * HALF

function bucketOf(us: number): number {
  const whole = us < 1 ? 0 : us | 0
  const shift = 32 - BITS - Math.clz32(whole)
  if (shift <= 0) return whole
  return Math.min(BUCKETS - 1, shift * HALF + (whole >>> shift))
}

/** The middle of a bucket, µs. */
function middleOf(bucket: number): number {
  if (bucket < 1 << BITS) return bucket
  const shift = Math.floor(bucket / HALF) - 1
  return (bucket - shift * HALF + 0.5) * 2 ** shift
}

/** Makes the memory of the stages of one feed. */
export function createStages(): SharedArrayBuffer {
  return new SharedArrayBuffer(STAGES.length * BUCKETS * Uint32Array.BYTES_PER_ELEMENT)
}

/** Counts of µs since the socket, by stage; `take` empties them. */
export class StageCounts {
  readonly #counts: Uint32Array

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Uint32Array(memory)
  }

  count(stage: number, us: number): void {
    this.#counts[stage * BUCKETS + bucketOf(us)]! += 1
  }

  /** Pairs of µs and count by the name of the stage. */
  take(): Record<string, [number, number][]> {
    const pairs = STAGES.map((name, stage) => {
      const counts = this.#counts.subarray(stage * BUCKETS, (stage + 1) * BUCKETS)
      const used = [...counts].flatMap((count, bucket): [number, number][] =>
        count > 0 ? [[middleOf(bucket), count]] : [],
      )
      counts.fill(0)
      return [name, used]
    })
    return Object.fromEntries(pairs)
  }
}

/** A sink that keeps when its ticks were decoded and in the ring. */
export class TimedSink extends FeedSink {
  readonly #stages: StageCounts
  #frameUs = 0

  constructor(stages: SharedArrayBuffer, ...sink: ConstructorParameters<typeof FeedSink>) {
    super(...sink)
    this.#stages = new StageCounts(stages)
  }

  override beginFrame(frame: Frame): number {
    this.#frameUs = super.beginFrame(frame)
    return this.#frameUs
  }

  override emit(): void {
    this.#stages.count(DECODED, nowUs() - this.#frameUs)
    super.emit()
    this.#stages.count(IN_RING, nowUs() - this.#frameUs)
  }
}

/** A reader that keeps when ticks came out of the ring. */
export class TimedReader extends RingReader {
  readonly #stages: StageCounts

  constructor(stages: SharedArrayBuffer, ring: SharedArrayBuffer) {
    super(ring)
    this.#stages = new StageCounts(stages)
  }

  override read(): number {
    const kind = super.read()
    if (kind === KIND_TICK) this.#stages.count(OUT_OF_RING, nowUs() - this.tick.receiveTimeUs)
    return kind
  }
}

/** The engine's latency, kept by the stages' buckets too. */
export class TimedLatency extends Latency {
  readonly #stages: StageCounts

  constructor(stages: SharedArrayBuffer) {
    super()
    this.#stages = new StageCounts(stages)
  }

  override record(receiveTimesUs: Float64Array, count: number, sentUs: number): void {
    super.record(receiveTimesUs, count, sentUs)
    for (let i = 0; i < count; i++) {
      if (receiveTimesUs[i] !== 0) this.#stages.count(HANDED, sentUs - receiveTimesUs[i]!)
    }
  }
}

/** What the admin API tells: the stages since the last time, and the clock in which they begin. */
export function takeStages(memory: SharedArrayBuffer) {
  const [seconds, nanoseconds] = process.hrtime()
  const monotonicUs = seconds * 1e6 + nanoseconds / 1e3
  return { clockUs: nowUs() - monotonicUs, stages: new StageCounts(memory).take() }
}
