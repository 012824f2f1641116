// When each frame of a run is due. Sender and receivers make it from the same few numbers, so that a receiver knows
// from a frame's number alone when it should have been sent, whatever happened to the sender.

/** So many frames, evenly apart. */
export interface Segment {
  readonly frames: number
  readonly periodUs: number
}

export class Schedule {
  readonly frames: number
  /** When the last segment is over. */
  readonly endUs: number
  readonly #firsts: Float64Array
  readonly #startsUs: Float64Array
  readonly #periodsUs: Float64Array
  /** The segment that was looked at last. */
  #at = 0

  constructor(startUs: number, segments: readonly Segment[]) {
    this.#firsts = new Float64Array(segments.length)
    this.#startsUs = new Float64Array(segments.length)
    this.#periodsUs = new Float64Array(segments.length)
    let frames = 0
    let us = startUs
    segments.forEach((segment, at) => {
      this.#firsts[at] = frames
      this.#startsUs[at] = us
      this.#periodsUs[at] = segment.periodUs
      frames += segment.frames
      us += segment.frames * segment.periodUs
    })
    this.frames = frames
    this.endUs = us
  }

  /** When a frame is due; frames count from 0. */
  dueUs(frame: number): number {
    const firsts = this.#firsts
    while (this.#at > 0 && frame < firsts[this.#at]!) this.#at -= 1
    while (this.#at + 1 < firsts.length && frame >= firsts[this.#at + 1]!) this.#at += 1
    return this.#startsUs[this.#at]! + (frame - firsts[this.#at]!) * this.#periodsUs[this.#at]!
  }

  /** Seconds from the first frame's time to the end. */
  get seconds(): number {
    return (this.endUs - this.#startsUs[0]!) / 1e6
  }
}

/** Ticks at one rate, in frames of so many. */
export function steady(ticksPerSecond: number, packets: number, seconds: number): Segment[] {
  const framesPerSecond = ticksPerSecond / packets
  return [
    {
      frames: Math.max(1, Math.round(framesPerSecond * seconds)),
      periodUs: 1e6 / framesPerSecond,
    },
  ]
}

/**
 * The opening at 09:15: a quiet second, a quarter of one at 200,000 ticks, a second at 50,000, and back to a busy day's
 * 10,000; or a share of each.
 */
export function openingBurst(packets: number, share: number): Segment[] {
  return [
    ...steady(1000, packets, share),
    ...steady(200_000, packets, 0.25 * share),
    ...steady(50_000, packets, share),
    ...steady(10_000, packets, 0.75 * share),
  ]
}
