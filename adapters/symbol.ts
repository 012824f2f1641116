// The common symbol format: one spelling for every instrument at every broker.
//
//   equity  = BASE                        future = BASE DDMMMYY "FUT"
//   option  = BASE DDMMMYY STRIKE CE|PE   index  = NAME
//
// BASE is of upper-case letters, digits, `&` and `-`. It may begin and end in digits (726GS2033): the month is the
// last group of letters before the ending, which leaves only one way to read a symbol.
import { CONTESTED_SPELLINGS, INDEX_SPELLINGS } from './index-names.ts'

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** Symbols hold two digits of the year, which cannot tell a century. */
const CENTURY = '20'
const DATE = new RegExp(`^${CENTURY}\\d{2}-\\d{2}-\\d{2}$`)
const EXPIRY_TEXT = new RegExp(
  `^(?<day>\\d{2})(?<hyphen>-?)(?<month>${MONTHS.join('|')})\\k<hyphen>(?:${CENTURY})?(?<year>\\d{2})$`,
  'i',
)

const OUTSIDE_BASE = /[^A-Z0-9&-]/g
const DERIVATIVE = new RegExp(
  `^(?<base>[A-Z0-9&-]+?)(?<expiry>\\d{2}(?:${MONTHS.join('|')})\\d{2})` +
    '(?:FUT|(?<strike>\\d+(?:\\.\\d+)?)(?<right>CE|PE))$',
)

const STRIKE_MIN = 0.0001
const STRIKE_LIMIT = 1e12
const STRIKE_DECIMALS = 4

/** True for a day of the calendar from 2000 to 2099, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false
  const month = Number(text.slice(5, 7))
  const day = Number(text.slice(8))
  const isLeapYear = Number(text.slice(2, 4)) % 4 === 0
  const days = month === 2 && !isLeapYear ? 28 : (DAYS[month - 1] ?? 0)
  return day >= 1 && day <= days
}

/** How a date is written, by the form; upper case. */
const EXPIRY_FORMS = {
  DDMMMYY: (day: string, month: string, year: string) => day + month + year.slice(2),
  'DD-MMM-YY': (day: string, month: string, year: string) => `${day}-${month}-${year.slice(2)}`,
  'DD-MMM-YYYY': (day: string, month: string, year: string) => `${day}-${month}-${year}`,
}

/**
 * `YYYY-MM-DD` in a form with the month's letters, upper case: as in a symbol (28MAR24) unless another form is
 * named. Throws a RangeError for anything but a date that `isDate` knows.
 */
export function formatExpiry(date: string, form: keyof typeof EXPIRY_FORMS = 'DDMMMYY'): string {
  if (!isDate(date)) {
    throw new RangeError(`expiry ${date} is not a date of the form YYYY-MM-DD from 2000 to 2099`)
  }
  const month = MONTHS[Number(date.slice(5, 7)) - 1]!
  return EXPIRY_FORMS[form](date.slice(8), month, date.slice(0, 4))
}

/**
 * The date (`YYYY-MM-DD`, from 2000 to 2099) of an expiry that is written with the month's letters, in either case,
 * with or without hyphens and with two or four digits of the year (28MAR24, 28-Mar-2024), or as `YYYY-MM-DD`. Null
 * for anything else and for days that the calendar does not have.
 */
export function parseExpiry(text: string): string | null {
  const groups = EXPIRY_TEXT.exec(text)?.groups
  if (groups === undefined) return isDate(text) ? text : null
  const month = MONTHS.indexOf(groups.month!.toUpperCase()) + 1
  const date = `${CENTURY}${groups.year}-${String(month).padStart(2, '0')}-${groups.day}`
  return isDate(date) ? date : null
}

const isStrike = (strike: number) => strike >= STRIKE_MIN && strike < STRIKE_LIMIT

/** A strike in rupees as the shortest decimal, at most 4 places: 292.5, 83.25, 20800. Throws a RangeError. */
export function formatStrike(strike: number): string {
  if (!isStrike(strike)) {
    throw new RangeError(`strike ${strike} is not at least ${STRIKE_MIN} and below ${STRIKE_LIMIT}`)
  }
  return String(Number(strike.toFixed(STRIKE_DECIMALS)))
}

/** What the symbol of a derivative is built from and tells. `expiry` is `YYYY-MM-DD`, `strike` rupees. */
export type DerivativeParts =
  | { readonly type: 'FUT'; readonly name: string; readonly expiry: string }
  | {
      readonly type: 'CE' | 'PE'
      readonly name: string
      readonly expiry: string
      readonly strike: number
    }

/** What a symbol is built from. */
export type SymbolParts = { readonly type: 'EQ'; readonly name: string } | DerivativeParts

/**
 * Builds a symbol. An equity keeps its name as it is; the underlying of a derivative is brought to the letters
 * of the grammar (upper case, digits, `&`, `-`). Throws a RangeError that names a bad expiry or strike.
 */
export function formatSymbol(parts: SymbolParts): string {
  if (parts.type === 'EQ') return parts.name
  const base = parts.name.toUpperCase().replace(OUTSIDE_BASE, '')
  if (base === '') throw new RangeError(`name ${JSON.stringify(parts.name)} gives an empty symbol`)
  const root = base + formatExpiry(parts.expiry)
  return parts.type === 'FUT' ? `${root}FUT` : root + formatStrike(parts.strike) + parts.type
}

/**
 * Reads the symbol of a future or an option: the inverse of `formatSymbol`, with the underlying as `name`. Null for
 * every text that `formatSymbol` would not write for a derivative: a share, a bond, an index, lower case, a day
 * that the calendar does not have, a strike that is not its shortest decimal. A broker's own symbol must not come
 * here: those without a day (COPPER26MAY1195CE) can be read as another expiry and strike.
 */
export function parseSymbol(symbol: string): DerivativeParts | null {
  const groups = DERIVATIVE.exec(symbol)?.groups
  if (groups === undefined) return null
  const name = groups.base!
  const expiry = parseExpiry(groups.expiry!)
  if (expiry === null) return null
  if (groups.strike === undefined) return { type: 'FUT', name, expiry }
  const strike = Number(groups.strike)
  if (!isStrike(strike) || formatStrike(strike) !== groups.strike) return null
  return { type: groups.right as 'CE' | 'PE', name, expiry, strike }
}

/** The general rule for index names: upper case, without blanks and hyphens. */
const generalName = (name: string) => name.toUpperCase().replace(/[\s-]/g, '')

const COMMON_NAMES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(INDEX_SPELLINGS).map(([exchange, names]) => [
    exchange,
    new Map(
      Object.entries(names).flatMap(([common, spellings]) =>
        spellings.split(' ').map((spelling) => [spelling, common] as const),
      ),
    ),
  ]),
)

/**
 * The common name of an index; one that no table knows keeps the form that the general rule gives it. Renames hold
 * on index exchanges only, which is why a symbol of any other exchange must not come here. An importer that has all
 * index names of a file at hand asks `indexSymbols` instead.
 */
export function indexSymbol(exchange: string, name: string): string {
  const general = generalName(name)
  return COMMON_NAMES.get(exchange)?.get(general) ?? general
}

/**
 * The common names of all index names that one file has on one exchange, by name. They are those of `indexSymbol`,
 * except that a spelling on which brokers disagree (BSEPBI: the common BSEPSU to some, an index beside it to others)
 * keeps its own name when another name of the file has a better claim. Names that are truly the same index (FIN
 * and FINSER) still share a symbol: which of the two rows stays is for whoever sees the rows to say.
 */
export function indexSymbols(
  exchange: string,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const isContested = (name: string) => CONTESTED_SPELLINGS.has(`${exchange}:${generalName(name)}`)
  const claimed = new Set(
    names.filter((name) => !isContested(name)).map((name) => indexSymbol(exchange, name)),
  )
  return new Map(
    names.map((name) => {
      const symbol = indexSymbol(exchange, name)
      return [name, isContested(name) && claimed.has(symbol) ? generalName(name) : symbol]
    }),
  )
}
