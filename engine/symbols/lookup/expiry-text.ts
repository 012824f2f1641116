// Expiry days as people and symbols write them. A day is a whole number of days since 1970.
const DAY_MS = 86_400_000
const INDIA_OFFSET_MS = 19_800_000
const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')
const SYMBOL_DATE = /^(\d{2})([A-Z]{3})(\d{2})$/

function partsOf(day: number): [day: string, month: string, year: string] {
  const date = new Date(day * DAY_MS)
  const two = (value: number) => String(value % 100).padStart(2, '0')
  return [two(date.getUTCDate()), MONTHS[date.getUTCMonth()]!, two(date.getUTCFullYear())]
}

/** A day as `DDMMMYY`, the way symbols hold it. */
export function symbolDate(day: number): string {
  return partsOf(day).join('')
}

/** A day as `DD-MMM-YY`, the way lists show it. */
export function listedDate(day: number): string {
  return partsOf(day).join('-')
}

/** The day of a `DDMMMYY` in either case, or null where it is no date. */
export function parseSymbolDate(text: string): number | null {
  const [, date, monthName, year] = SYMBOL_DATE.exec(text.toUpperCase()) ?? []
  const month = MONTHS.indexOf(monthName ?? '')
  if (month < 0) return null
  const day = Date.UTC(2000 + Number(year), month, Number(date)) / DAY_MS
  return symbolDate(day) === text.toUpperCase() ? day : null
}

/** The day it is in India at a moment in epoch ms. */
export function indianDay(epochMs: number): number {
  return Math.floor((epochMs + INDIA_OFFSET_MS) / DAY_MS)
}
