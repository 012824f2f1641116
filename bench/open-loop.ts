// Calls at the times that a rate sets, whether those before are answered or not: as many callers make them, of whom
// none waits for another.
import { setTimeout as wait } from 'node:timers/promises'
import { build, type Histogram } from 'hdr-histogram-js'

const TIME_US_MAX = 60_000_000

export interface Answered {
  readonly count: number
  /** From when a call was due to its answer. */
  readonly timesUs: Histogram
  /** From the first call to the last answer. */
  readonly seconds: number
}

/** Where calls end: after so many, or when it is told. The first that fails ends them too, and is thrown. */
export interface OpenLoopEnd {
  readonly count?: number
  readonly signal?: AbortSignal
}

/** Empty, for microseconds of up to a minute. */
export const newTimesUs = () =>
  build({ highestTrackableValue: TIME_US_MAX, numberOfSignificantValueDigits: 3 })

/** Calls until the end is reached and all calls are answered. */
export async function openLoop(
  call: () => Promise<unknown>,
  perSecond: number,
  { count = Number.POSITIVE_INFINITY, signal }: OpenLoopEnd,
): Promise<Answered> {
  const timesUs = newTimesUs()
  const failures: unknown[] = []
  const waiting = new Set<Promise<void>>()
  const begunAt = performance.now()
  let asked = 0
  for (; asked < count && !signal?.aborted && failures.length === 0; asked++) {
    const dueAt = begunAt + (asked * 1000) / perSecond
    const earlyMs = dueAt - performance.now()
    if (earlyMs > 0) await wait(earlyMs)
    const answer: Promise<void> = call()
      .then(() => {
        // Timers may be a little early.
        const timeUs = Math.max(1, Math.round((performance.now() - dueAt) * 1000))
        timesUs.recordValue(Math.min(timeUs, TIME_US_MAX))
      })
      .catch((error) => failures.push(error))
      .then(() => void waiting.delete(answer))
    waiting.add(answer)
  }
  await Promise.all(waiting)
  if (failures.length > 0) throw failures[0]
  return { count: asked, timesUs, seconds: (performance.now() - begunAt) / 1000 }
}
