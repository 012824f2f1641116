// How often an endpoint may be called: OpenAlgo's limits, in moving windows kept in memory. OpenAlgo counts by address,
// so that all who sit behind one proxy share what one may do; here it is by address and key.
import { RollingWindow, take } from '../orders/quota.ts'

/** What endpoints share a limit; each is counted by itself. */
export type RateClass = 'order' | 'smartOrder' | 'api'

interface Rate {
  readonly max: number
  readonly windowMs: number
}

const UNITS_MS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}
const RATE = /^(\d{1,6}) *(?:per|\/) *(\d{1,4})? *(second|minute|hour|day)s?$/
/** Callers that are kept in mind; who has been silent for longest goes first. */
const CALLERS_MAX = 20_000

/** Rates as OpenAlgo writes them, such as `10 per second;400 per minute`; none for an empty text. */
export function ratesOf(text: string): Rate[] {
  const parts = text.split(/[;,|]/).map((part) => part.trim())
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const [, max, times = '1', unit] = RATE.exec(part) ?? []
      if (unit === undefined) throw new Error(`not a rate: ${part}`)
      return { max: Number(max), windowMs: Number(times) * UNITS_MS[unit]! }
    })
}

interface Caller {
  readonly windows: readonly RollingWindow[]
  lastAtMs: number
}

export class RateLimits {
  readonly #rates: Readonly<Record<RateClass, readonly Rate[]>>
  readonly #nowMs: () => number
  readonly #callers = new Map<string, Caller>()

  /** Limits by class, each in OpenAlgo's way of writing. */
  constructor(limits: Readonly<Record<RateClass, string>>, nowMs: () => number) {
    this.#rates = {
      order: ratesOf(limits.order),
      smartOrder: ratesOf(limits.smartOrder),
      api: ratesOf(limits.api),
    }
    this.#nowMs = nowMs
  }

  /** Counts a call and answers 0, or counts nothing and answers the ms to wait. `who`: a key at an address. */
  take(endpoint: string, rateClass: RateClass, who: string): number {
    const rates = this.#rates[rateClass]
    if (rates.length === 0) return 0
    const nowMs = this.#nowMs()
    const name = `${endpoint} ${who}`
    let caller = this.#callers.get(name)
    if (caller === undefined) {
      if (this.#callers.size >= CALLERS_MAX) this.#forget()
      const windows = rates.map(({ max, windowMs }) => new RollingWindow(max, windowMs))
      caller = { windows, lastAtMs: nowMs }
      this.#callers.set(name, caller)
    }
    caller.lastAtMs = nowMs
    return take(caller.windows, nowMs)
  }

  /** Half of the callers, those who came last, stay. */
  #forget(): void {
    const byTime = [...this.#callers].sort(([, one], [, other]) => other.lastAtMs - one.lastAtMs)
    this.#callers.clear()
    for (const [name, caller] of byTime.slice(0, CALLERS_MAX / 2)) this.#callers.set(name, caller)
  }
}
