// Dates as numbers of days, which is how blocks of shared memory hold them.

const DAY_MS = 86_400_000
const DATE = /^\d{4}-\d{2}-\d{2}$/

/** Days of the dates seen last: a list has few dates, each in many rows. Emptied where somebody sends very many. */
const dayOf = new Map<string, number>()
const DAYS_MAX = 4096

/** Days from 1970-01-01 to a date of the form `YYYY-MM-DD`; NaN for a text that is none, or a day before. */
export function epochDay(date: string): number {
  const known = dayOf.get(date)
  if (known !== undefined) return known
  const day = readDay(date)
  if (dayOf.size === DAYS_MAX) dayOf.clear()
  if (!Number.isNaN(day)) dayOf.set(date, day)
  return day
}

function readDay(date: string): number {
  if (!DATE.test(date)) return Number.NaN
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const at = new Date(Date.UTC(year, month - 1, day))
  const isDay = at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  return isDay && at.getTime() >= 0 ? at.getTime() / DAY_MS : Number.NaN
}
