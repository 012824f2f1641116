// How many calls of which kind a broker still takes. A call is counted when it is let through, in all windows at once,
// or in none: what is refused costs nothing.
import type { Quota, ReadName, WriteName } from '../../adapters/order-rules.ts'

/** Days and minutes are those of India. */
const INDIA_MS = 19_800_000
/**
 * Two clocks never show the same time, and a call travels: one that is so close to the edge of a calendar window counts
 * in the windows on both sides of it.
 */
const EDGE_MS = 50

export interface Window {
  /** Milliseconds until one more fits; 0: now. */
  waitMs(nowMs: number): number
  /** Counts a call. */
  count(nowMs: number): void
  /** Is told that a call that was counted at `atMs` got its reply at `endMs`: it arrived at any time until then. */
  ended(atMs: number, endMs: number): void
}

/** Windows that begin at whole multiples of their length in Indian time. */
export class CalendarWindow implements Window {
  readonly #max: number
  readonly #lengthMs: number
  readonly #edgeMs: number
  /** The windows that have calls and may still get more, by their number. */
  readonly #counts = new Map<number, number>()

  constructor(max: number, lengthMs: number, edgeMs = EDGE_MS) {
    this.#max = max
    this.#lengthMs = lengthMs
    this.#edgeMs = edgeMs
  }

  waitMs(nowMs: number): number {
    const first = this.#numberAt(nowMs - this.#edgeMs)
    const last = this.#numberAt(nowMs + this.#edgeMs)
    let full = -1
    if (this.#isFull(first)) full = first
    if (this.#isFull(last)) full = last
    if (full < 0) return 0
    const endMs = (full + 1) * this.#lengthMs - INDIA_MS
    return endMs + this.#edgeMs - nowMs
  }

  count(nowMs: number): void {
    const first = this.#numberAt(nowMs - this.#edgeMs)
    const last = this.#numberAt(nowMs + this.#edgeMs)
    for (let number = first; number <= last; number++) {
      this.#counts.set(number, (this.#counts.get(number) ?? 0) + 1)
    }
    for (const number of this.#counts.keys()) if (number < first) this.#counts.delete(number)
  }

  /** A call that was long on its way may count in a window that began meanwhile. */
  ended(atMs: number, endMs: number): void {
    const counted = this.#numberAt(atMs + this.#edgeMs)
    const first = Math.max(counted + 1, this.#numberAt(endMs - this.#edgeMs))
    const last = this.#numberAt(endMs + this.#edgeMs)
    for (let number = first; number <= last; number++) {
      this.#counts.set(number, (this.#counts.get(number) ?? 0) + 1)
    }
  }

  #isFull(number: number): boolean {
    return (this.#counts.get(number) ?? 0) >= this.#max
  }

  #numberAt(ms: number): number {
    return Math.floor((ms + INDIA_MS) / this.#lengthMs)
  }
}

/** At most so many in any stretch of this length. */
export class RollingWindow implements Window {
  readonly #lengthMs: number
  /** When the last calls were made, overwritten in turn; the next to go is the oldest. */
  readonly #times: Float64Array
  #next = 0

  constructor(max: number, lengthMs: number) {
    this.#lengthMs = lengthMs
    this.#times = new Float64Array(max).fill(Number.NEGATIVE_INFINITY)
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.#times[this.#next]! + this.#lengthMs - nowMs)
  }

  count(nowMs: number): void {
    this.#times[this.#next] = nowMs
    this.#next = (this.#next + 1) % this.#times.length
  }

  /** It has no edge that a call could be on the wrong side of. */
  ended(): void {}
}

/** Counts a call in all of these windows and answers 0, or counts nothing and answers the ms to wait. */
export function take(windows: readonly Window[], nowMs: number): number {
  let waitMs = 0
  for (const window of windows) waitMs = Math.max(waitMs, window.waitMs(nowMs))
  if (waitMs > 0) return Math.ceil(waitMs)
  for (const window of windows) window.count(nowMs)
  return 0
}

type CallName = WriteName | ReadName
const CANCELS: readonly CallName[] = ['cancel', 'cancelGtt']

function makeWindow({ window, windowMs }: Quota, max: number): Window {
  return window === 'calendar'
    ? new CalendarWindow(max, windowMs)
    : new RollingWindow(max, windowMs)
}

/** The quotas of one account at one broker. */
export class QuotaBook {
  readonly #windowsOf = new Map<CallName, Window[]>()

  constructor(quotas: readonly Quota[]) {
    for (const quota of quotas) {
      const all = makeWindow(quota, quota.max)
      const others = makeWindow(quota, quota.max - quota.reservedForCancels)
      for (const name of quota.calls) {
        const windows = this.#windowsOf.get(name) ?? []
        windows.push(all)
        if (quota.reservedForCancels > 0 && !CANCELS.includes(name)) windows.push(others)
        this.#windowsOf.set(name, windows)
      }
    }
  }

  /** The windows that count a call. */
  windowsOf(name: CallName): readonly Window[] {
    return this.#windowsOf.get(name) ?? []
  }

  /** Counts a call that was made before, such as those that the journal tells of. */
  recount(name: CallName, atMs: number): void {
    for (const window of this.windowsOf(name)) window.count(atMs)
  }
}
