// Expiry days. Days are whole numbers since 1970-01-01; exchange holidays are not known here, so a contract
// that would expire on one expires on it.

const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
/** The month in the symbol of a weekly contract: one character each. */
const WEEKLY_MONTHS = '123456789OND'

const SUNDAY = 0
export const TUESDAY = 2
export const THURSDAY = 4
export const FRIDAY = 5
const SATURDAY = 6

/** The day of `YYYY-MM-DD`; throws a RangeError that names the field where it is no calendar date. */
export function dayOf(date: string): number {
  const day = Date.parse(`${date}T00:00:00Z`) / DAY_MS
  if (!Number.isSafeInteger(day) || dateOf(day) !== date) {
    throw new RangeError(`today: ${JSON.stringify(date)} is no date, write it as YYYY-MM-DD`)
  }
  return day
}

/** `YYYY-MM-DD` of a day. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** The date in India at a moment of epoch milliseconds. */
export function indianDate(nowMs: number): string {
  return new Date(nowMs + IST_OFFSET_MS).toISOString().slice(0, 10)
}

/** `YYYY-MM-DD HH:MM:SS` in India at a moment of epoch milliseconds. */
export function indianTime(nowMs: number): string {
  return new Date(nowMs + IST_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

function weekdayOf(day: number): number {
  return (((day + THURSDAY) % 7) + 7) % 7
}

function lastDayOfMonth(year: number, month: number): number {
  return Date.UTC(year, month + 1, 0) / DAY_MS
}

/** The day itself, or the Friday before where it falls on a weekend. */
function workingDayUpTo(day: number): number {
  let working = day
  while (weekdayOf(working) === SUNDAY || weekdayOf(working) === SATURDAY) working -= 1
  return working
}

/** Gives the expiry day of a month (0 is January). */
export type MonthRule = (year: number, month: number) => number

/** The last such weekday of the month. */
export function lastWeekday(weekday: number): MonthRule {
  return (year, month) => {
    const last = lastDayOfMonth(year, month)
    return last - ((weekdayOf(last) - weekday + 7) % 7)
  }
}

/** A day of the month, or the last working day before it. */
export function onOrBefore(dayOfMonth: number): MonthRule {
  return (year, month) =>
    workingDayUpTo(
      Math.min(Date.UTC(year, month, dayOfMonth) / DAY_MS, lastDayOfMonth(year, month)),
    )
}

/** So many working days before the month's last working day. */
export function beforeMonthEnd(workingDays: number): MonthRule {
  return (year, month) => {
    let day = workingDayUpTo(lastDayOfMonth(year, month))
    for (let left = workingDays; left > 0; left--) day = workingDayUpTo(day - 1)
    return day
  }
}

export interface Expiry {
  readonly day: number
  /** As Kite writes it in a symbol: `26AUG` for a month's contract, `26818` for a week's. */
  readonly text: string
}

const EVERY_MONTH = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

/** The next `count` monthly expiries from a day on, in the months listed (1 is January). */
export function monthlyExpiries(
  today: number,
  count: number,
  rule: MonthRule,
  months: readonly number[] = EVERY_MONTH,
): Expiry[] {
  const expiries: Expiry[] = []
  const now = new Date(today * DAY_MS)
  for (let ahead = now.getUTCMonth(); expiries.length < count; ahead++) {
    const year = now.getUTCFullYear() + Math.floor(ahead / 12)
    const month = ahead % 12
    const day = rule(year, month)
    if (day < today || !months.includes(month + 1)) continue
    expiries.push({ day, text: `${String(year).slice(2)}${MONTHS[month]}` })
  }
  return expiries
}

/** The next `count` weekly expiries from a day on, without those that are a month's. */
export function weeklyExpiries(
  today: number,
  count: number,
  weekday: number,
  monthly: MonthRule,
): Expiry[] {
  const expiries: Expiry[] = []
  const first = today + ((weekday - weekdayOf(today) + 7) % 7)
  for (let day = first; expiries.length < count; day += 7) {
    const [year = '', month, dayOfMonth = ''] = dateOf(day).split('-')
    if (monthly(Number(year), Number(month) - 1) === day) continue
    expiries.push({
      day,
      text: `${year.slice(2)}${WEEKLY_MONTHS[Number(month) - 1]}${dayOfMonth}`,
    })
  }
  return expiries
}

/** Both lists as one, soonest first. */
export function soonestFirst(...lists: readonly Expiry[][]): Expiry[] {
  return lists.flat().sort((one, other) => one.day - other.day)
}
