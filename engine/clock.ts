// The engine's clock: epoch microseconds that never step back.
//
// The monotonic clock gives the resolution, the wall clock the truth. The wall clock shows whole milliseconds, so
// it cannot set the anchor between the two, but it can prove it wrong: once a second the anchor is moved, only as
// far as that takes. Every thread starts from the one origin of the process, so that the stamps of two threads can
// be subtracted. A wall clock that steps back makes time stand still until it is caught up.
import { performance } from 'node:perf_hooks'

const CHECK_EVERY_MS = 1000
const WALL_RESOLUTION_MS = 1

/**
 * Makes a clock that answers epoch microseconds as a float64, never less than the answer before it. `elapsedMs` is
 * a monotonic clock with fractions, `wallMs` the wall clock in whole epoch milliseconds, and `originMs` the epoch
 * millisecond, with fractions, at which `elapsedMs` was 0.
 */
export function createClock(
  elapsedMs: () => number,
  wallMs: () => number,
  originMs: number,
): () => number {
  let anchorMs = originMs
  let checkedAtMs = Number.NEGATIVE_INFINITY
  let lastUs = 0
  return () => {
    const readAtMs = elapsedMs()
    if (readAtMs - checkedAtMs >= CHECK_EVERY_MS) {
      checkedAtMs = readAtMs
      // The wall clock was read at some moment between two readings of the other, however long that took.
      const wall = wallMs()
      const earliestMs = wall - elapsedMs()
      const latestMs = wall + WALL_RESOLUTION_MS - readAtMs
      anchorMs = Math.min(Math.max(anchorMs, earliestMs), latestMs)
    }
    const us = Math.floor((anchorMs + readAtMs) * 1000)
    if (us > lastUs) lastUs = us
    return lastUs
  }
}

/** Epoch microseconds as a float64, never less than the answer before it in this thread. */
export const nowUs = createClock(() => performance.now(), Date.now, performance.timeOrigin)

/** Epoch milliseconds of the same clock. */
export function nowMs(): number {
  return Math.floor(nowUs() / 1000)
}
