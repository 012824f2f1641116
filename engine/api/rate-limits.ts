// How often an endpoint may be called: OpenAlgo's limits, in moving windows kept in memory. OpenAlgo counts by address,
// so that all who sit behind one proxy share what one may do; here it is by address and key.
import type { Config } from '../../config/schema.ts'
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
/** So many callers are kept in mind at least, and twice as many at most: those who came last. */
const CALLERS_MIN = 10_000

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

export class RateLimits {
  readonly #rates: Readonly<Record<RateClass, readonly Rate[]>>
  readonly #nowMs: () => number
  #callers = new Map<string, readonly RollingWindow[]>()
  /** Those of whom nothing was heard since the other table was begun. */
  #silent: ReadonlyMap<string, readonly RollingWindow[]> = new Map()

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
    return take(this.#windowsOf(`${endpoint} ${who}`, rates), this.#nowMs())
  }

  #windowsOf(name: string, rates: readonly Rate[]): readonly RollingWindow[] {
    const known = this.#callers.get(name)
    if (known !== undefined) return known
    if (this.#callers.size >= CALLERS_MIN) {
      this.#silent = this.#callers
      this.#callers = new Map()
    }
    const windows =
      this.#silent.get(name) ?? rates.map(({ max, windowMs }) => new RollingWindow(max, windowMs))
    this.#callers.set(name, windows)
    return windows
  }
}

/** The limits of the configuration. */
export function rateLimitsOf(rest: Config['rest'], nowMs: () => number): RateLimits {
  const limits = {
    order: rest.order_rate_limit,
    smartOrder: rest.smart_order_rate_limit,
    api: rest.api_rate_limit,
  }
  return new RateLimits(limits, nowMs)
}
