// How many calls Kite takes from an account, in windows of its own clock. Kite Connect v3, "API rate limit".
import { Refusal } from './kite-sessions.ts'

export type CallKind = 'order' | 'quote' | 'history' | 'other'

export interface KiteLimits {
  readonly ordersPerSecond: number
  readonly ordersPerMinute: number
  readonly ordersPerDay: number
  readonly modificationsPerOrder: number
  readonly quotesPerSecond: number
  readonly historyPerSecond: number
  readonly othersPerSecond: number
}

export const KITE_LIMITS: KiteLimits = {
  ordersPerSecond: 10,
  ordersPerMinute: 400,
  ordersPerDay: 5000,
  modificationsPerOrder: 25,
  quotesPerSecond: 1,
  historyPerSecond: 3,
  othersPerSecond: 10,
}

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000

interface Rule {
  readonly windowMs: number
  readonly limit: keyof KiteLimits
  readonly message?: string
}
const RULES: Readonly<Record<CallKind, readonly Rule[]>> = {
  order: [
    { windowMs: SECOND_MS, limit: 'ordersPerSecond' },
    { windowMs: MINUTE_MS, limit: 'ordersPerMinute' },
    {
      windowMs: DAY_MS,
      limit: 'ordersPerDay',
      message: 'Maximum allowed order requests exceeded.',
    },
  ],
  quote: [{ windowMs: SECOND_MS, limit: 'quotesPerSecond' }],
  history: [{ windowMs: SECOND_MS, limit: 'historyPerSecond' }],
  other: [{ windowMs: SECOND_MS, limit: 'othersPerSecond' }],
}

interface Window {
  number: number
  calls: number
}

export class CallLimits {
  /** Null: there are none. */
  readonly limits: KiteLimits | null
  readonly #windows = new Map<Rule, Window>()

  constructor(limits: KiteLimits | null) {
    this.limits = limits
  }

  /** Counts a call, or throws the Refusal of one too many, which is not counted. */
  take(kind: CallKind, nowMs: number): void {
    const { limits } = this
    if (limits === null) return
    const windows = RULES[kind].map((rule) => this.#window(rule, nowMs))
    RULES[kind].forEach(({ limit, message }, at) => {
      if (windows[at]!.calls < limits[limit]) return
      throw new Refusal(429, 'NetworkException', message ?? 'Too many requests')
    })
    for (const window of windows) window.calls += 1
  }

  /** The window of now: it begins at a whole multiple of its length in Indian time. */
  #window(rule: Rule, nowMs: number): Window {
    const number = Math.floor((nowMs + IST_OFFSET_MS) / rule.windowMs)
    let window = this.#windows.get(rule)
    if (window === undefined || window.number !== number) {
      window = { number, calls: 0 }
      this.#windows.set(rule, window)
    }
    return window
  }
}
