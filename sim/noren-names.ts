// What Noren brokers call the instruments of the market: trading symbols, instrument types, and index tokens.
import type { Instrument } from './instruments.ts'
import type { NorenBrand } from './noren-brands.ts'
import { INDEX_CONTRACTS } from './underlyings.ts'

export interface IndexNames {
  readonly exchange: 'NSE' | 'BSE'
  readonly token: number
  readonly symbol: string
  readonly tradingsymbol: string
}

/** Columns: token, name that is displayed, trading symbol; by the table's symbol. */
const NSE_INDICES: Readonly<Record<string, readonly [number, string, string]>> = {
  'NIFTY 50': [26000, 'Nifty 50', 'NIFTY INDEX'],
  'NIFTY BANK': [26009, 'Nifty Bank', 'NIFTY BANK'],
  'NIFTY FIN SERVICE': [26037, 'Nifty Financial Services', 'NIFTY FIN SERVICE'],
  'NIFTY MID SELECT': [26074, 'Nifty Midcap Select', 'NIFTY MIDCAP SELECT'],
  'NIFTY NEXT 50': [26013, 'Nifty Next 50', 'NIFTY NEXT 50'],
  'INDIA VIX': [26017, 'India VIX', 'INDIA VIX'],
}
const OTHER_NSE_TOKENS_FROM = 26_100
/** Columns: token, name; those at the top are known by these tokens everywhere. */
const BSE_INDICES: Readonly<Record<string, readonly [number, string]>> = {
  SENSEX: [1, 'S&P BSE SENSEX'],
  BANKEX: [12, 'BANKEX'],
  SNSX50: [47, 'BSE SENSEX 50'],
  SNXT50: [98, 'S&P BSE SENSEX NEXT 50'],
}
const OTHER_BSE_TOKENS_FROM = 201
const UNLISTED_BSE_INDICES = ['SENSEX', 'BANKEX']

const BSE_GROUPS = ['A', 'B', 'T', 'X', 'XT']
const SERIES = /-(BE|SM|BZ)$/
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const INDEX_ROOTS = new Set(INDEX_CONTRACTS.map(({ root }) => root))
/** BSE's product codes, which stand where others have the underlying. */
const BFO_PRODUCTS: Readonly<Record<string, string>> = {
  SENSEX: 'BSX',
  BANKEX: 'BKX',
  SENSEX50: 'SX5',
}

/** Whether contracts of this root are written on an index. */
export const isIndexRoot = (root: string) => INDEX_ROOTS.has(root)

const titleCase = (text: string) => text.replace(/\B[A-Z]+/g, (letters) => letters.toLowerCase())

/** `28`, `MAR` and `2024` of `2024-03-28`. */
export function dateParts(date: string): [day: string, month: string, year: string] {
  const [year = '', month, day = ''] = date.split('-')
  return [day, MONTHS[Number(month) - 1]!, year]
}

/** `NIFTY28MAR24C20800`, `BANKNIFTY24APR24F`, at MCX `CRUDEOILM20MAY24`. */
export function contractSymbol(
  { name, expiry, instrumentType, strike }: Instrument,
  exchange: string,
) {
  const [day, month, year] = dateParts(expiry)
  const head = `${name}${day}${month}${year.slice(2)}`
  if (instrumentType !== 'FUT') return `${head}${instrumentType[0]}${strike}`
  return exchange === 'MCX' ? head : `${head}F`
}

/** `FUTIDX`, `OPTSTK`, `FUTCUR`, `OPTFUT` ... */
export function contractName({ name, instrumentType }: Instrument, exchange: string): string {
  const isFuture = instrumentType === 'FUT'
  if (exchange === 'CDS') return isFuture ? 'FUTCUR' : 'OPTCUR'
  if (exchange === 'MCX') return isFuture ? 'FUTCOM' : 'OPTFUT'
  return `${isFuture ? 'FUT' : 'OPT'}${isIndexRoot(name) ? 'IDX' : 'STK'}`
}

/** `other` is a number of its own for each index that has no known token. */
export function nseIndexNames(name: string, other: number, brand: NorenBrand): IndexNames {
  const [token, symbol, code] = NSE_INDICES[name] ?? [
    OTHER_NSE_TOKENS_FROM + other,
    titleCase(name),
    name,
  ]
  const tradingsymbol = brand.indexSymbols === 'code' ? code : symbol
  return { exchange: 'NSE', token, symbol, tradingsymbol }
}

/** Undefined where the broker does not have the index. */
export function bseIndexNames(
  name: string,
  other: number,
  brand: NorenBrand,
): IndexNames | undefined {
  const [token, listed] = BSE_INDICES[name] ?? [OTHER_BSE_TOKENS_FROM + other, name]
  if (brand.listsBseIndices) {
    return { exchange: 'BSE', token, symbol: listed, tradingsymbol: listed }
  }
  if (!UNLISTED_BSE_INDICES.includes(name)) return undefined
  return { exchange: 'BSE', token, symbol: name, tradingsymbol: name }
}

/** What a share is called: at NSE with its series, at BSE with its group. */
export function shareNames(row: Instrument, exchange: string) {
  const { tradingsymbol } = row
  const series = SERIES.exec(tradingsymbol)?.[1]
  const root = tradingsymbol.replace(SERIES, '')
  const isNse = exchange === 'NSE'
  return {
    symbol: root,
    tradingsymbol: isNse ? `${root}-${series ?? 'EQ'}` : root,
    instrumentName: isNse ? (series ?? 'EQ') : BSE_GROUPS[row.exchangeToken % BSE_GROUPS.length]!,
    expiry: '',
    optionType: '',
    strikeRupees: 0,
    underlying: '',
  } as const
}

/** `BSXFUT`, `BKXOPT` ... */
export function bseProduct({ name, instrumentType }: Instrument): string {
  const product = BFO_PRODUCTS[name] ?? name.slice(0, 4)
  return `${product}${instrumentType === 'FUT' ? 'FUT' : 'OPT'}`
}
