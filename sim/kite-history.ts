// Candles over REST. Kite Connect v3, "Historical candle data".
import { dayOf, indianTime } from './calendar.ts'
import { type Candle, History, indianMidnight, sessionOf } from './history.ts'
import { FUTURE, INDEX, type InstrumentTable } from './instruments.ts'
import { type Call, RawJson, type Route } from './kite-call.ts'
import { badInput } from './kite-order-form.ts'
import { tidy } from './kite-records.ts'

const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000
const TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?$/

interface Interval {
  /** 0: a candle for each day. */
  readonly minutes: number
  readonly daysMax: number
}
const INTERVALS: Readonly<Record<string, Interval>> = {
  minute: { minutes: 1, daysMax: 60 },
  '3minute': { minutes: 3, daysMax: 100 },
  '5minute': { minutes: 5, daysMax: 100 },
  '10minute': { minutes: 10, daysMax: 100 },
  '15minute': { minutes: 15, daysMax: 200 },
  '30minute': { minutes: 30, daysMax: 200 },
  '60minute': { minutes: 60, daysMax: 400 },
  day: { minutes: 0, daysMax: 2000 },
}

export const HISTORY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/instruments\/historical\/(\d+)\/(\w+)$/,
    operation: 'history',
    kind: 'history',
    handle: candles,
  },
]

/** Epoch ms of a time in India. */
function readTime(params: URLSearchParams, name: string): number {
  const match = TIME.exec(params.get(name) ?? '')
  if (match === null) throw badInput(`invalid ${name} date`)
  const [, date = '', hours = '0', minutes = '0', seconds = '0'] = match
  try {
    const within = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) throw new RangeError()
    return dayOf(date) * DAY_MS - IST_OFFSET_MS + within * 1000
  } catch {
    throw badInput(`invalid ${name} date`)
  }
}

function readFlag(params: URLSearchParams, name: string): boolean {
  const value = params.get(name) ?? '0'
  if (value !== '0' && value !== '1') throw badInput(`Invalid \`${name}\`.`)
  return value === '1'
}

function historyOf({ context }: Call, instrument: number): History {
  const { table, seed, today } = context
  const kind = table.kind(instrument)
  return new History({
    seed,
    instrument,
    gridUnits: table.gridUnits(instrument),
    closeUnits: table.referenceUnits(instrument),
    lotSize: table.unitsPerLot(instrument),
    hasVolume: kind !== INDEX,
    hasOpenInterest: kind >= FUTURE,
    session: sessionOf(table.exchange(instrument)),
    todayMs: indianMidnight(dayOf(today) * DAY_MS),
  })
}

function candles(call: Call): RawJson {
  const { context, url, parts } = call
  const { searchParams: params } = url
  const [token = '', name = ''] = parts
  const instrument = context.table.indexOf(Number(token))
  if (instrument < 0) throw badInput('invalid token')
  const interval = Object.hasOwn(INTERVALS, name) ? INTERVALS[name]! : undefined
  if (interval === undefined) throw badInput('invalid interval')
  const from = readTime(params, 'from')
  const to = readTime(params, 'to')
  if (from > to) throw badInput('from date cannot be after to date')
  if (to - from > interval.daysMax * DAY_MS) {
    throw badInput(`interval exceeds max limit: ${interval.daysMax} days`)
  }
  readFlag(params, 'continuous')
  const withOpenInterest = readFlag(params, 'oi')
  const history = historyOf(call, instrument)
  const { minutes } = interval
  const nowMs = context.clock()
  const found =
    minutes === 0 ? history.days(from, to, nowMs) : history.minutes(from, to, nowMs, minutes)
  return rowsOf(found, context.table, instrument, withOpenInterest)
}

function rowsOf(
  found: readonly Candle[],
  table: InstrumentTable,
  instrument: number,
  withOpenInterest: boolean,
): RawJson {
  const unitsPerRupee = table.unitsPerRupee(instrument)
  const rupees = (units: number) => tidy(units / unitsPerRupee)
  const rows = found.map(({ timeMs, open, high, low, close, volume, openInterest }) => {
    const time = `${indianTime(timeMs).replace(' ', 'T')}+0530`
    const prices = `${rupees(open)},${rupees(high)},${rupees(low)},${rupees(close)}`
    return `["${time}",${prices},${volume}${withOpenInterest ? `,${openInterest}` : ''}]`
  })
  return new RawJson(`{"candles":[${rows.join(',')}]}`)
}
