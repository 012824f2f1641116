// Which calls a stretch of history takes, where a broker gives only so many days at a time.
import { epochDay as dayOf } from '../symbols/epoch-day.ts'
import type { FieldReader, Named } from './fields.ts'
import { badField, type GatewayError } from './refusal.ts'

export interface HistoryWish extends Named {
  readonly interval: string
  /** Days since 1970, both included. */
  readonly fromDay: number
  readonly toDay: number
}

export interface Stretch {
  /** `YYYY-MM-DD`. */
  readonly from: string
  readonly to: string
}

const DAY_MS = 86_400_000
const CHUNKS_MAX = 100
const INTERVAL = /^[0-9A-Za-z]{1,8}$/

/** Reads the fields of a question for history. */
export function readHistory(fields: FieldReader): HistoryWish {
  const exchange = fields.exchange()
  const symbol = fields.symbol()
  const interval = fields.pattern('interval', INTERVAL, 'an interval such as 1m, 5m or D')
  const fromDay = readDay(fields, 'start_date')
  const toDay = readDay(fields, 'end_date')
  if (toDay < fromDay) {
    fields.refuse('end_date', fields.value('end_date'), 'a day that is not before start_date')
  }
  return { exchange, symbol, interval, fromDay, toDay }
}

function readDay(fields: FieldReader, name: string): number {
  const value = fields.value(name)
  const day = typeof value === 'string' ? dayOf(value) : Number.NaN
  if (!Number.isNaN(day)) return day
  fields.refuse(name, value, 'a day, YYYY-MM-DD')
  return 0
}

const dateOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** The stretches to ask for, oldest first, or why that cannot be. */
export function historyChunks(
  { interval, fromDay, toDay }: HistoryWish,
  intervals: Readonly<Record<string, { readonly daysMax: number }>>,
): readonly Stretch[] | { readonly error: GatewayError } {
  if (!Object.hasOwn(intervals, interval)) {
    const allowed = `one of ${Object.keys(intervals).join(', ')}`
    return { error: badField('interval', interval, allowed) }
  }
  const { daysMax } = intervals[interval]!
  const daysAllowed = daysMax * CHUNKS_MAX
  if (toDay - fromDay >= daysAllowed) {
    const allowed = `at most ${daysAllowed} days before end_date for ${interval}`
    return { error: badField('start_date', dateOf(fromDay), allowed) }
  }
  const chunks: Stretch[] = []
  for (let day = fromDay; day <= toDay; day += daysMax) {
    chunks.push({ from: dateOf(day), to: dateOf(Math.min(day + daysMax - 1, toDay)) })
  }
  return chunks
}
