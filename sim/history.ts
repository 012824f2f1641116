// Prices of the past, made up as they are asked for: a smooth path through time with noise on it, the same for the same
// seed and instrument whatever is asked. It ends each run at the close from which today's session starts.
import { scramble } from './random.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000
/** A day's candle looks at its session this often. */
const DAY_STEP_MINUTES = 15

export interface Session {
  /** Minutes after midnight in India. */
  readonly opensAt: number
  readonly closesAt: number
}

const SESSION: Session = { opensAt: 555, closesAt: 930 }
const SESSIONS: Readonly<Record<string, Session>> = {
  CDS: { opensAt: 540, closesAt: 1020 },
  BCD: { opensAt: 540, closesAt: 1020 },
  MCX: { opensAt: 540, closesAt: 1410 },
  NCO: { opensAt: 540, closesAt: 1410 },
}

/** When an exchange trades. */
export const sessionOf = (exchange: string) => SESSIONS[exchange] ?? SESSION

/** Prices are price units on the grid; `timeMs` is the candle's start, epoch ms. */
export interface Candle {
  readonly timeMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly openInterest: number
}

export interface Series {
  readonly seed: number
  readonly instrument: number
  readonly gridUnits: number
  /** Close of the session before `today`, in price units. */
  readonly closeUnits: number
  readonly lotSize: number
  readonly hasVolume: boolean
  readonly hasOpenInterest: boolean
  readonly session: Session
  /** Midnight in India, epoch ms. */
  readonly todayMs: number
}

const isTradingDay = (dayMs: number) => {
  const weekday = new Date(dayMs + IST_OFFSET_MS).getUTCDay()
  return weekday !== 0 && weekday !== 6
}

/** Midnight in India at or before a moment. */
export const indianMidnight = (atMs: number) =>
  Math.floor((atMs + IST_OFFSET_MS) / DAY_MS) * DAY_MS - IST_OFFSET_MS

export class History {
  readonly #series: Series
  /** What makes this path its own. */
  readonly #salt: number
  readonly #scale: number

  constructor(series: Series) {
    this.#series = series
    this.#salt = Math.imul(series.seed, 0x9e3779b1) ^ Math.imul(series.instrument + 1, 0x85ebca6b)
    let dayMs = series.todayMs - DAY_MS
    while (!isTradingDay(dayMs)) dayMs -= DAY_MS
    const endMs = dayMs + series.session.closesAt * MINUTE_MS
    this.#scale = series.closeUnits / this.#shape(endMs)
  }

  /** Candles of so many minutes that begin from `fromMs` to `toMs`, both included, and before `nowMs`. */
  minutes(fromMs: number, toMs: number, nowMs: number, minutes: number): Candle[] {
    const { opensAt, closesAt } = this.#series.session
    const candles: Candle[] = []
    for (const dayMs of this.#days(fromMs, toMs)) {
      for (let at = opensAt; at < closesAt; at += minutes) {
        const startMs = dayMs + at * MINUTE_MS
        if (startMs < fromMs) continue
        if (startMs > toMs || startMs > nowMs) break
        const length = Math.min(minutes, closesAt - at)
        candles.push(this.#candle(startMs, startMs, length, 1))
      }
    }
    return candles
  }

  /** One candle for each day. */
  days(fromMs: number, toMs: number, nowMs: number): Candle[] {
    const { opensAt, closesAt } = this.#series.session
    return this.#days(fromMs, toMs)
      .filter((dayMs) => dayMs + opensAt * MINUTE_MS <= nowMs)
      .map((dayMs) => {
        const startMs = dayMs + opensAt * MINUTE_MS
        return this.#candle(dayMs, startMs, closesAt - opensAt, DAY_STEP_MINUTES)
      })
  }

  #days(fromMs: number, toMs: number): number[] {
    const days: number[] = []
    for (let dayMs = indianMidnight(fromMs); dayMs <= toMs; dayMs += DAY_MS) {
      if (isTradingDay(dayMs)) days.push(dayMs)
    }
    return days
  }

  #candle(timeMs: number, startMs: number, minutes: number, step: number): Candle {
    const { lotSize, hasVolume, hasOpenInterest } = this.#series
    const open = this.#price(startMs)
    let [high, low, close, volume] = [open, open, open, 0]
    for (let at = step; at <= minutes; at += step) {
      const atMs = startMs + at * MINUTE_MS
      close = this.#price(atMs)
      high = Math.max(high, close)
      low = Math.min(low, close)
      volume += (1 + (this.#noise(atMs, 2) & 0xff)) * lotSize * step
    }
    const openInterest = (5000 + (this.#noise(startMs, 3) & 0x3ff)) * lotSize
    return {
      timeMs,
      open,
      high,
      low,
      close,
      volume: hasVolume ? volume : 0,
      openInterest: hasOpenInterest ? openInterest : 0,
    }
  }

  #price(atMs: number): number {
    const { gridUnits } = this.#series
    const steps = Math.round((this.#scale * this.#shape(atMs)) / gridUnits)
    return Math.max(1, steps) * gridUnits
  }

  /** The path before it is scaled, around 1. */
  #shape(atMs: number): number {
    const days = atMs / DAY_MS
    const phase = (this.#salt & 0xffff) / 10_000
    const slow = 0.12 * Math.sin(days / 47 + phase) + 0.05 * Math.sin(days / 11 + 2 * phase)
    const fast = 0.008 * Math.sin(days * 9 + 3 * phase)
    const noise = ((this.#noise(atMs, 1) & 0xffff) / 0x1_0000 - 0.5) * 0.0015
    return 1 + slow + fast + noise
  }

  #noise(atMs: number, kind: number): number {
    const minute = Math.floor(atMs / MINUTE_MS)
    return scramble(Math.imul(minute, 0xc2b2ae35) ^ this.#salt ^ (kind << 24))
  }
}
