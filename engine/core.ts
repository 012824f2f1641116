// The core loop: drains every feed's ring, hands ticks to the routers, sends what that produced, and sleeps when
// there is nothing. A drain ends after a time or a number of records and yields, so that sockets and timers live
// under load.
import { availableParallelism } from 'node:os'
import { nowUs } from './clock.ts'
import type { Outbox } from './distribute/outbox.ts'
import type { Feed } from './feed/feed.ts'
import type { Latency } from './observe/latency.ts'
import { Doorbell, DoorbellRinger } from './ring/doorbell.ts'
import { KIND_GAP, KIND_INDEX, KIND_NONE, KIND_TICK } from './ring/ring.ts'

// Looking at the clock costs as much as a small tick.
const RECORDS_PER_LOOK = 32
// Sockets and timers get their turn this often while the core spins.
const SPIN_SLICE_US = 50
const LOOKS_PER_CLOCK = 16
// An adaptive core spins where the next tick is due within this time, and for so many times as long as it is due.
// With few processors a spinning core takes from the threads that bring it its ticks (docs/tuning.md).
const ADAPTIVE_GAP_US_MAX = availableParallelism() < 4 ? 250 : 1500
const ADAPTIVE_GAPS = 2
/** Weight of the newest pause in the mean of those before. */
const GAP_WEIGHT = 1 / 16
/** Longer pauses count as one of this length, so that the mean is soon right again after them. */
const GAP_US_MAX = 10_000
// A writer that died between its tick and its ring would leave the tick lying.
const LOOK_MS = 1000

/** How long the core looks for more before it sleeps, from the mean pause between ticks, by the strategy's name. */
const SPIN_US = {
  spin: () => Number.POSITIVE_INFINITY,
  adaptive: (gapUs: number) => (gapUs <= ADAPTIVE_GAP_US_MAX ? gapUs * ADAPTIVE_GAPS : 0),
  park: () => 0,
} as const
export type WaitStrategy = keyof typeof SPIN_US

export interface CoreListener {
  onGap(feed: Feed): void
  onStatus(feed: Feed): void
  onLapped(feed: Feed, lost: number): void
}

export class Core {
  readonly #doorbell: Doorbell
  readonly #ringer: DoorbellRinger
  readonly #feeds: readonly Feed[]
  readonly #outbox: Outbox
  readonly #latency: Latency
  readonly #listener: CoreListener
  readonly #drainUsMax: number
  readonly #drainRecordsMax: number
  readonly #spinUs: (gapUs: number) => number
  readonly #receiveTimesUs: Float64Array
  #idleSinceUs = 0
  #gapUs = GAP_US_MAX
  #isRunning = false
  #lookTimer: NodeJS.Timeout | undefined
  #first = 0

  constructor(
    doorbell: SharedArrayBuffer,
    feeds: readonly Feed[],
    outbox: Outbox,
    latency: Latency,
    listener: CoreListener,
    limits: { drain_us_max: number; drain_records_max: number; wait: WaitStrategy },
  ) {
    this.#doorbell = new Doorbell(doorbell)
    this.#ringer = new DoorbellRinger(doorbell)
    this.#feeds = feeds
    this.#outbox = outbox
    this.#latency = latency
    this.#listener = listener
    this.#drainUsMax = limits.drain_us_max
    this.#drainRecordsMax = limits.drain_records_max
    this.#spinUs = SPIN_US[limits.wait]
    this.#receiveTimesUs = new Float64Array(limits.drain_records_max)
  }

  start(): void {
    this.#isRunning = true
    this.#lookTimer = setInterval(() => {
      if (this.#hasWork()) this.#ringer.ring()
    }, LOOK_MS)
    setImmediate(this.#turn)
  }

  stop(): void {
    this.#isRunning = false
    clearInterval(this.#lookTimer)
  }

  /** Sends the ticks that wait. Called between pieces of other work on this thread, so that none waits for several. */
  readonly letTicksPass = (): void => {
    if (this.#isRunning && this.#hasWork()) this.#drain()
  }

  readonly #hasWork = (): boolean => {
    for (let i = 0; i < this.#feeds.length; i++) {
      if (this.#feeds[i]!.reader.hasNext) return true
    }
    return false
  }

  readonly #turn = (): void => {
    if (!this.#isRunning) return
    this.#drain()
    const parksAtUs = this.#idleSinceUs + this.#spinUs(this.#gapUs)
    if (!this.#spin(parksAtUs) && nowUs() >= parksAtUs) {
      if (this.#doorbell.park(this.#hasWork, this.#turn)) return
    }
    setImmediate(this.#turn)
  }

  /** Looks for work until it finds some, the slice is over, or it is time to park. True where it found some. */
  #spin(parksAtUs: number): boolean {
    const untilUs = Math.min(parksAtUs, nowUs() + SPIN_SLICE_US)
    for (let looks = 0; ; looks++) {
      if (this.#hasWork()) return true
      if (looks % LOOKS_PER_CLOCK === 0 && nowUs() >= untilUs) return false
    }
  }

  /** Takes what waits, within the limits, and sends it. */
  #drain(): void {
    const begunAtUs = nowUs()
    const deadlineUs = begunAtUs + this.#drainUsMax
    let taken = 0
    // Another feed comes first each time, so that a busy one does not starve the others.
    this.#first = (this.#first + 1) % Math.max(1, this.#feeds.length)
    for (let i = 0; i < this.#feeds.length; i++) {
      const feed = this.#feeds[(this.#first + i) % this.#feeds.length]!
      taken = this.#drainFeed(feed, taken, deadlineUs)
    }
    if (taken === 0) return
    this.#outbox.flush()
    const endedAtUs = nowUs()
    this.#latency.record(this.#receiveTimesUs, taken, endedAtUs)
    const gapUs = Math.min(begunAtUs - this.#idleSinceUs, GAP_US_MAX)
    this.#gapUs += (gapUs - this.#gapUs) * GAP_WEIGHT
    this.#idleSinceUs = endedAtUs
  }

  #drainFeed(feed: Feed, takenBefore: number, deadlineUs: number): number {
    const { reader, router } = feed
    let lostSeen = reader.lost
    let taken = takenBefore
    while (taken < this.#drainRecordsMax) {
      const kind = reader.read()
      if (kind === KIND_NONE) break
      if (reader.lost !== lostSeen) {
        this.#listener.onLapped(feed, reader.lost - lostSeen)
        lostSeen = reader.lost
      }
      this.#receiveTimesUs[taken] = kind === KIND_TICK ? reader.tick.receiveTimeUs : 0
      taken += 1
      if (kind === KIND_TICK) router.deliver(reader.tick)
      else if (kind === KIND_GAP) this.#listener.onGap(feed)
      else if (kind === KIND_INDEX) feed.onIndex(reader.event)
      else this.#listener.onStatus(feed)
      if (taken % RECORDS_PER_LOOK === 0 && nowUs() > deadlineUs) break
    }
    return taken
  }
}
