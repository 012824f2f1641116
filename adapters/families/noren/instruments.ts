// The instrument lists of NorenOMS: what their rows mean, whatever the columns are called.
import { NOREN_SEGMENTS } from '../../../codecs/noren-fields.ts'
import type {
  Hosts,
  InstrumentFile,
  InstrumentLayout,
  InstrumentRow,
  InstrumentSource,
} from '../../broker.ts'
import { formatSymbol, indexSymbol, parseExpiry, type SymbolParts } from '../../symbol.ts'
import { originOf } from './sign-in.ts'

const TOKEN_MAX = 0xffffffff
const WHOLE = /^\d{1,15}$/
const DECIMAL = /^\d{1,12}(\.\d{1,8})?$/
/** The smallest strike that a symbol can show. */
const STRIKE_MIN = 0.0001
/** The list of currencies begins with dummies and indices, which cannot be subscribed. */
const CDS_TOKEN_MIN = 101
const CASH_SERIES = /-(EQ|BE)$/
const LEADING_LETTERS = /^[A-Z&-]+(?=\d)/
const PAISE_PER_RUPEE = 100

/** Common exchange of index rows, and how such rows are marked, by the exchange of the list. */
const INDICES: Readonly<Record<string, { readonly exchange: string; readonly mark: string }>> = {
  NSE: { exchange: 'NSE_INDEX', mark: 'INDEX' },
  BSE: { exchange: 'BSE_INDEX', mark: 'UNDIND' },
}

/** One row of a list by the meaning of its cells. */
export interface Listed {
  readonly exchange: string
  readonly token: string
  readonly lotSize: string
  /** The underlying of a derivative, the name of a share. */
  readonly name: string
  readonly brokerSymbol: string
  readonly instrument: string
  /** Rupees. */
  readonly tickSize: number
  readonly expiry?: string
  /** `XX` for a future, `CE`, `PE`. */
  readonly optionType?: string
  readonly strike?: string
}

/**
 * The tick of a row in rupees, NaN for what is no number. Lists of shares have had it in paise and in rupees by turns:
 * 1 and more is taken for paise, less than 1 for rupees. A list in rupees is thus misread for shares so dear that their
 * tick is a rupee or more.
 */
export function tickSizeOf(exchange: string, text: string): number {
  if (!DECIMAL.test(text)) return Number.NaN
  const tickSize = Number(text)
  const isPaise = Object.hasOwn(INDICES, exchange) && tickSize >= 1
  return isPaise ? tickSize / PAISE_PER_RUPEE : tickSize
}

/** What rows of all kinds have in common. */
function baseRow(listed: Listed) {
  return {
    name: listed.name,
    brokerSymbol: listed.brokerSymbol,
    // Orders and the feed know no exchanges of indices: there they are on the exchange of the list.
    brokerExchange: listed.exchange,
    token: Number(listed.token),
    segment: NOREN_SEGMENTS[listed.exchange]!,
    exchangeToken: listed.token,
    expiry: null,
    strike: null,
    lotSize: Number(listed.lotSize),
    tickSize: listed.tickSize,
    freezeQuantity: null,
  }
}

/** A share, fund, bond or index. */
function cashRow(listed: Listed): InstrumentRow | string {
  const { exchange, brokerSymbol } = listed
  const index = INDICES[exchange]!
  if (listed.instrument === index.mark) {
    // BSE's own names begin with the name of the firm that kept its indices with it.
    const name = brokerSymbol.replace(/^S&P\s*/i, '')
    const symbol = indexSymbol(index.exchange, name)
    return { ...baseRow(listed), exchange: index.exchange, symbol, instrumentType: 'INDEX' }
  }
  if (Number(listed.lotSize) === 0) return 'lot size is not a whole number above 0'
  const symbol = exchange === 'NSE' ? brokerSymbol.replace(CASH_SERIES, '') : brokerSymbol
  return { ...baseRow(listed), exchange, symbol, instrumentType: 'EQ' }
}

/** A future or an option. */
function derivativeRow(listed: Listed): InstrumentRow | string {
  const { exchange, name, optionType } = listed
  if (exchange === 'CDS' && Number(listed.token) < CDS_TOKEN_MIN) {
    return 'token of CDS is that of a dummy or an index'
  }
  if (!/[A-Z0-9]/i.test(name)) return 'symbol of the underlying is empty'
  if (Number(listed.lotSize) === 0) return 'lot size is not a whole number above 0'
  const expiry = parseExpiry(listed.expiry ?? '')
  if (expiry === null) return 'expiry is not a date of the form DD-MMM-YYYY'
  let strike: number | null = null
  let parts: SymbolParts
  if (optionType === 'XX') {
    parts = { type: 'FUT', name, expiry }
  } else if (optionType === 'CE' || optionType === 'PE') {
    strike = DECIMAL.test(listed.strike ?? '') ? Number(listed.strike) : 0
    if (strike < STRIKE_MIN) return 'strike is not a number above 0'
    parts = { type: optionType, name, expiry, strike }
  } else {
    return 'option type is not XX, CE or PE'
  }
  const symbol = formatSymbol(parts)
  return { ...baseRow(listed), exchange, symbol, expiry, strike, instrumentType: parts.type }
}

/** A row of a list as a row of the store, or a constant reason why it is left out. */
export function instrumentRow(listed: Listed): InstrumentRow | string {
  const { exchange, token, brokerSymbol, lotSize, tickSize } = listed
  if (!Object.hasOwn(NOREN_SEGMENTS, exchange)) return 'exchange has no common code'
  if (brokerSymbol === '') return 'trading symbol is empty'
  if (!WHOLE.test(token) || Number(token) === 0 || Number(token) > TOKEN_MAX) {
    return 'token is not a whole number from 1 to 4294967295'
  }
  if (!WHOLE.test(lotSize)) return 'lot size is not a whole number'
  if (Number.isNaN(tickSize)) return 'tick size is not a number'
  return Object.hasOwn(INDICES, exchange) ? cashRow(listed) : derivativeRow(listed)
}

/**
 * The underlying and the option type of a BFO row, whose own `Symbol` is a product code of the exchange: the trading
 * symbol is the underlying, the year of the expiry, and more, and ends in what it is. The year is looked for because
 * names may end in digits (SENSEX50); where it is not found, the letters before the first digit are taken.
 */
export function bfoParts(tradingSymbol: string, expiry: string) {
  const year = parseExpiry(expiry)?.slice(2, 4)
  const yearAt = year === undefined ? -1 : tradingSymbol.indexOf(year, 1)
  const leading = LEADING_LETTERS.exec(tradingSymbol)?.[0] ?? ''
  const name = yearAt > 0 ? tradingSymbol.slice(0, yearAt) : leading
  const ending = /(FUT|CE|PE)$/.exec(tradingSymbol)?.[0]
  return { name, optionType: ending === 'FUT' ? 'XX' : (ending ?? '') }
}

const CASH_COLUMNS = [
  'Exchange',
  'Token',
  'LotSize',
  'Symbol',
  'TradingSymbol',
  'Instrument',
  'TickSize',
] as const
type CashCells = readonly [
  exchange: string,
  token: string,
  lotSize: string,
  name: string,
  brokerSymbol: string,
  instrument: string,
  tickSize: string,
]

function listedOf(cells: readonly string[]): Listed {
  const [exchange, token, lotSize, name, brokerSymbol, instrument, tick] = cells as CashCells
  const tickSize = tickSizeOf(exchange, tick)
  return { exchange, token, lotSize, name, brokerSymbol, instrument, tickSize }
}

/** NSE and BSE. */
const cash: InstrumentLayout = {
  format: 'csv',
  columns: CASH_COLUMNS,
  row: (cells) => instrumentRow(listedOf(cells)),
}

/** NFO, CDS and MCX, and BFO where it has the same columns; CDS and MCX have a few more, which are not needed. */
const derivatives: InstrumentLayout = {
  format: 'csv',
  columns: [...CASH_COLUMNS, 'Expiry', 'OptionType', 'StrikePrice'],
  row(cells) {
    const listed = listedOf(cells)
    const [expiry, optionType, strike] = cells.slice(CASH_COLUMNS.length) as [
      string,
      string,
      string,
    ]
    const own = { ...listed, expiry, optionType, strike }
    const isBfo = listed.exchange === 'BFO'
    return instrumentRow(isBfo ? { ...own, ...bfoParts(listed.brokerSymbol, expiry) } : own)
  },
}

/** BFO without a column for the option type. */
const bfo: InstrumentLayout = {
  format: 'csv',
  columns: [...CASH_COLUMNS, 'Expiry', 'Strike'],
  row(cells) {
    const listed = listedOf(cells)
    const [expiry, strike] = cells.slice(CASH_COLUMNS.length) as [string, string]
    return instrumentRow({ ...listed, expiry, strike, ...bfoParts(listed.brokerSymbol, expiry) })
  },
}

/** Indices of BSE that the lists lack, under the exchange's own numbers. */
const unlisted: readonly InstrumentRow[] = (
  [
    ['SENSEX', '1'],
    ['BANKEX', '12'],
  ] as const
).map(([symbol, token]) => {
  const listed = { exchange: 'BSE', token, lotSize: '1', name: symbol, brokerSymbol: symbol }
  const row = baseRow({ ...listed, instrument: 'UNDIND', tickSize: 0.05 })
  return { ...row, exchange: 'BSE_INDEX', symbol, instrumentType: 'INDEX' }
})

/** The layout of each exchange's list. */
type LayoutsByExchange = Readonly<Record<string, 'cash' | 'derivatives' | 'bfo'>>

/** Lists that lie in one zip per exchange at the root of the API's host, for anyone. */
export function zippedLists(layouts: LayoutsByExchange): InstrumentSource {
  return {
    layouts: { cash, derivatives, bfo },
    // No hour is published; the lists of a day are there before its markets open.
    publishedAt: '08:30',
    files: (hosts: Hosts): readonly InstrumentFile[] =>
      Object.entries(layouts).map(([exchange, layout]) => ({
        layout,
        request: { method: 'GET', url: `${originOf(hosts.rest)}/${exchange}_symbols.txt.zip` },
      })),
    arePublic: true,
    unlisted,
  }
}
