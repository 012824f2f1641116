// The common symbol format: one spelling for every instrument at every broker.
//
//   equity  = BASE                        future = BASE DDMMMYY "FUT"
//   option  = BASE DDMMMYY STRIKE CE|PE   index  = NAME
const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')
const DATE = /^\d{4}-\d{2}-\d{2}$/
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const OUTSIDE_BASE = /[^A-Z0-9&-]/g

/** True for a day of the calendar, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false
  const year = Number(text.slice(0, 4))
  const month = Number(text.slice(5, 7))
  const day = Number(text.slice(8))
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 && !isLeap ? 28 : (DAYS[month - 1] ?? 0)
  return day >= 1 && day <= days
}

/** `YYYY-MM-DD` as `DDMMMYY`, upper case. Throws a RangeError for anything but a date. */
export function formatExpiry(date: string): string {
  if (!isDate(date)) throw new RangeError(`expiry ${date} is not a date of the form YYYY-MM-DD`)
  const month = MONTHS[Number(date.slice(5, 7)) - 1]
  return `${date.slice(8, 10)}${month}${date.slice(2, 4)}`
}

/** A strike in rupees as the shortest decimal, at most 4 places: 292.5, 83.25, 20800. */
export function formatStrike(strike: number): string {
  if (!(strike >= 0.0001 && strike < 1e12)) throw new RangeError(`strike ${strike} is not above 0`)
  return String(Number(strike.toFixed(4)))
}

/** What a symbol is built from. `expiry` is `YYYY-MM-DD`, `strike` rupees. */
export type SymbolParts =
  | { readonly type: 'EQ'; readonly name: string }
  | { readonly type: 'FUT'; readonly name: string; readonly expiry: string }
  | {
      readonly type: 'CE' | 'PE'
      readonly name: string
      readonly expiry: string
      readonly strike: number
    }

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
 * Index names that the general rule does not bring to the common form: for each index exchange the common name
 * and the spellings that brokers use for it. A further broker adds spellings here.
 */
const INDEX_SPELLINGS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  NSE_INDEX: {
    NIFTY: ['NIFTY 50'],
    BANKNIFTY: ['NIFTY BANK'],
    FINNIFTY: ['NIFTY FIN SERVICE'],
    MIDCPNIFTY: ['NIFTY MID SELECT'],
    NIFTYNXT50: ['NIFTY NEXT 50'],
  },
  BSE_INDEX: {
    SENSEX50: ['SNSX50'],
    BSE150MIDCAPINDEX: ['MID150'],
    BSE250LARGEMIDCAPINDEX: ['LMI250'],
    BSE400MIDSMALLCAPINDEX: ['MSL400'],
    BSEAUTO: ['AUTO'],
    BSECAPITALGOODS: ['BSE CG'],
    BSECARBONEX: ['CARBON'],
    BSECONSUMERDURABLES: ['BSE CD'],
    BSECPSE: ['CPSE'],
    BSEDOLLEX100: ['DOL100'],
    BSEDOLLEX200: ['DOL200'],
    BSEDOLLEX30: ['DOL30'],
    BSEENERGY: ['ENERGY'],
    BSEFASTMOVINGCONSUMERGOODS: ['BSEFMC'],
    BSEFINANCIALSERVICES: ['FINSER'],
    BSEGREENEX: ['GREENX'],
    BSEHEALTHCARE: ['BSE HC'],
    BSEINDIAINFRASTRUCTUREINDEX: ['INFRA'],
    BSEINDUSTRIALS: ['INDSTR'],
    BSEINFORMATIONTECHNOLOGY: ['BSE IT'],
    BSELARGECAP: ['LRGCAP'],
    BSEMETAL: ['METAL'],
    BSEMIDCAP: ['MIDCAP'],
    BSEMIDCAPSELECTINDEX: ['MIDSEL'],
    'BSEOIL&GAS': ['OILGAS'],
    BSEPOWER: ['POWER'],
    BSEREALTY: ['REALTY'],
    BSESENSEXNEXT50: ['SNXT50'],
    BSESMALLCAP: ['SMLCAP'],
    BSESMALLCAPSELECTINDEX: ['SMLSEL'],
    BSESMEIPO: ['SMEIPO'],
    BSETECK: ['TECK'],
    BSETELECOM: ['TELCOM'],
  },
  GLOBAL_INDEX: {
    GIFTNIFTY: ['GIFT NIFTY'],
  },
}

/** The general rule for index names: upper case, without blanks and hyphens. */
const generalName = (name: string) => name.toUpperCase().replace(/[\s-]/g, '')

// Spellings are kept in their general form, so that `BSE CG` and `BSECG` are found alike.
const COMMON_NAMES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(INDEX_SPELLINGS).map(([exchange, names]) => [
    exchange,
    new Map(
      Object.entries(names).flatMap(([common, spellings]) =>
        spellings.map((spelling) => [generalName(spelling), common] as const),
      ),
    ),
  ]),
)

/**
 * The common name of an index. Renames hold on index exchanges only: several short codes (AUTO, POWER, IT) are
 * share tickers elsewhere, which is why a symbol of any other exchange must not come here.
 */
export function indexSymbol(exchange: string, name: string): string {
  const general = generalName(name)
  return COMMON_NAMES.get(exchange)?.get(general) ?? general
}
