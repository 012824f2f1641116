// What a client has received: the seq of every tick checked against the one before, and how late its frames came.
import type { Histogram } from 'hdr-histogram-js'
import { histogram, record } from './latency.ts'
import { Schedule, type Segment } from './schedule.ts'

/** What a run sends; frames are numbered on from `base`, which no frame before had. */
export interface RunPlan {
  readonly base: number
  readonly startUs: number
  readonly segments: readonly Segment[]
  readonly packets: number
}

/** All receptions of one process. Of the many sockets of a process each has a `Line` of its own. */
export class Tally {
  ticks = 0
  lost = 0
  /** Ticks that came twice, out of order, or say what they should not. */
  wrong = 0
  lastArrivalUs = 0
  lateUs: Histogram = histogram()
  /** From the intended time to the engine's socket, of the ticks that were decoded. */
  socketUs: Histogram = histogram()
  /** What the engine's clock shows more than the machine's monotonic one; null where there is no such clock. */
  engineClockUs: number | null = null
  #schedule = new Schedule(0, [])
  #base = Number.POSITIVE_INFINITY
  #frame = -1
  #pending = 0

  begin(plan: RunPlan): void {
    this.ticks = 0
    this.lost = 0
    this.wrong = 0
    this.lateUs = histogram()
    this.socketUs = histogram()
    this.#base = plan.base
    this.#schedule = new Schedule(plan.startUs, plan.segments)
  }

  /** Ticks of one frame have come; at the time that `arrive` has said. Frames from before the run are not counted. */
  take(number: number, ticks: number): void {
    const frame = number - this.#base
    if (frame < 0) return
    if (frame !== this.#frame) this.#recordPending()
    this.#frame = frame
    this.#pending += ticks
    this.ticks += ticks
  }

  /** Says at what time what is taken next has come. */
  arrive(arrivedUs: number): void {
    this.lastArrivalUs = arrivedUs
  }

  /** Ends what `arrive` began. */
  flush(): void {
    this.#recordPending()
  }

  #recordPending(): void {
    if (this.#pending === 0) return
    record(this.lateUs, this.lastArrivalUs - this.#schedule.dueUs(this.#frame), this.#pending)
    this.#pending = 0
  }

  /** Records when a tick of a frame came out of the broker's socket, by the engine's clock. */
  takeSocketTime(number: number, receiveTimeUs: number): void {
    const frame = number - this.#base
    if (frame < 0 || this.engineClockUs === null) return
    const us = receiveTimeUs - this.engineClockUs - this.#schedule.dueUs(frame)
    record(this.socketUs, us)
  }
}

/** The seqs of one socket, by the instrument's place. */
export class Seqs {
  readonly #last: Uint32Array
  readonly #tally: Tally

  constructor(instruments: number, tally: Tally) {
    this.#last = new Uint32Array(instruments)
    this.#tally = tally
  }

  /** Checks a seq; a tick that repeats the last one as a snapshot is none. */
  check(place: number, seq: number): void {
    const before = this.#last[place]!
    this.#last[place] = seq
    if (seq === before + 1 || before === 0) return
    if (seq > before) this.#tally.lost += seq - before - 1
    else {
      this.#tally.wrong += 1
      this.#last[place] = before
    }
  }
}
