// The instrument list of Upstox ("Instruments", JSON files): one array for all exchanges.
import type {
  InstrumentLayout,
  InstrumentRow,
  InstrumentSource,
  InstrumentType,
} from '../broker.ts'
import { formatSymbol, indexSymbol, isDate, parseExpiry } from '../symbol.ts'

export const REST = 'https://api.upstox.com'
const ASSETS = 'https://assets.upstox.com'
const LIST_PATH = '/market-quote/instruments/exchange/complete.json.gz'

/** Common exchange of tradable rows, by the file's `segment`. */
const EXCHANGES: ReadonlyMap<string, string> = new Map([
  ['NSE_EQ', 'NSE'],
  ['BSE_EQ', 'BSE'],
  ['NSE_FO', 'NFO'],
  ['BSE_FO', 'BFO'],
  ['NCD_FO', 'CDS'],
  ['BCD_FO', 'BCD'],
  ['MCX_FO', 'MCX'],
])
const DERIVATIVE_EXCHANGES: ReadonlySet<string> = new Set(['NFO', 'BFO', 'CDS', 'BCD', 'MCX'])

/** Common exchange of index rows, by the file's `segment`. */
const INDEX_EXCHANGES: ReadonlyMap<string, string> = new Map([
  ['NSE_INDEX', 'NSE_INDEX'],
  ['BSE_INDEX', 'BSE_INDEX'],
  ['GLOBAL_INDEX', 'GLOBAL_INDEX'],
  ['GLOBAL_INDICATOR', 'GLOBAL_INDEX'],
])

const TOKEN = /^[\x20-\x7e]{1,100}$/
const WHOLE = /^\d{1,15}$/
const DECIMAL = /^\d{1,12}(\.\d{1,8})?$/
/** `BANKNIFTY FUT 24 APR 24`, `NIFTY 20800 CE 28 MAR 24`. */
const TRADING_SYMBOL =
  /^(?<name>.+?) (?:FUT|(?<strike>\d+(?:\.\d+)?) (?:CE|PE)) (?<day>\d\d) (?<month>[A-Z]{3}) (?<year>\d\d)$/
/** The smallest strike that a symbol can show. */
const STRIKE_MIN = 0.0001
const PAISE = 100
const INDIA_OFFSET_MS = 5.5 * 3600 * 1000

// Cells in the order of `columns`.
type Cells = readonly [
  segment: string,
  token: string,
  exchangeToken: string,
  brokerSymbol: string,
  name: string,
  type: string,
  underlying: string,
  expiry: string,
  strike: string,
  tickSize: string,
  lotSize: string,
  freezeQuantity: string,
]

/** The day in India of a time in epoch ms; a contract's is the last second of its day. */
function indianDate(text: string): string | null {
  if (!WHOLE.test(text)) return null
  const ms = Number(text) + INDIA_OFFSET_MS
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return null
  const day = date.toISOString().slice(0, 10)
  return isDate(day) ? day : null
}

/** Names and numbers of a derivative: from their own columns, else from the parts of its trading symbol. */
function derivativeParts(cells: Cells) {
  const [, , , brokerSymbol, , , underlying, expiryMs, price] = cells
  const parts = TRADING_SYMBOL.exec(brokerSymbol)?.groups
  const written = parts ? parseExpiry(`${parts.day}-${parts.month}-${parts.year}`) : null
  const strike = DECIMAL.test(price) ? Number(price) : 0
  return {
    underlying: /[A-Z0-9]/i.test(underlying) ? underlying : (parts?.name ?? ''),
    expiry: indianDate(expiryMs) ?? written,
    strike: strike >= STRIKE_MIN ? strike : Number(parts?.strike ?? 0),
  }
}

/** An amount, or 0 where the cell is empty. Null for what is no number. */
function amount(text: string): number | null {
  return text === '' ? 0 : DECIMAL.test(text) ? Number(text) : null
}

/** What rows of all kinds have in common; a text where the row is to be left out. */
function shared(cells: Cells, exchange: string) {
  const [segment, token, exchangeToken, brokerSymbol, , , , , , tickSize, , freezeQuantity] = cells
  const paise = amount(tickSize)
  if (paise === null) return 'tick_size is not a number of paise'
  const freeze = amount(freezeQuantity)
  if (freeze === null) return 'freeze_quantity is not a number'
  return {
    exchange,
    brokerSymbol,
    brokerExchange: segment,
    token,
    // The key tells its segment, so it is unique by itself.
    segment: 0,
    exchangeToken: exchangeToken || null,
    tickSize: paise / PAISE,
    freezeQuantity: freeze === 0 ? null : freeze,
  }
}

/** An index row. It has neither lot nor tick, because an index cannot be traded. */
function indexRow(cells: Cells, exchange: string): InstrumentRow | string {
  const [, , , brokerSymbol, name, , , , , , lotSize] = cells
  const common = shared(cells, exchange)
  if (typeof common === 'string') return common
  const lot = amount(lotSize)
  if (lot === null) return 'lot_size is not a number'
  const symbol = indexSymbol(exchange, brokerSymbol)
  return {
    ...common,
    symbol,
    name,
    expiry: null,
    strike: null,
    lotSize: lot,
    instrumentType: 'INDEX',
  }
}

function derivativeRow(cells: Cells, exchange: string, lotSize: number): InstrumentRow | string {
  const type = cells[5]
  if (type !== 'FUT' && type !== 'CE' && type !== 'PE')
    return 'instrument_type is not FUT, CE or PE'
  const common = shared(cells, exchange)
  if (typeof common === 'string') return common
  const { underlying: name, expiry, strike } = derivativeParts(cells)
  if (!/[A-Z0-9]/i.test(name))
    return 'neither underlying_symbol nor trading_symbol tells the underlying'
  if (expiry === null) return 'neither expiry nor trading_symbol tells a date'
  const row = { ...common, name, expiry, lotSize, instrumentType: type as InstrumentType }
  if (type === 'FUT') return { ...row, strike: null, symbol: formatSymbol({ type, name, expiry }) }
  if (strike < STRIKE_MIN) return 'neither strike_price nor trading_symbol tells a strike above 0'
  return { ...row, strike, symbol: formatSymbol({ type, name, expiry, strike }) }
}

/** Share, fund or bond; its `instrument_type` is the exchange's series. */
function shareRow(cells: Cells, exchange: string, lotSize: number): InstrumentRow | string {
  const [, , , brokerSymbol, name] = cells
  const common = shared(cells, exchange)
  if (typeof common === 'string') return common
  const symbol = formatSymbol({ type: 'EQ', name: brokerSymbol })
  return { ...common, symbol, name, expiry: null, strike: null, lotSize, instrumentType: 'EQ' }
}

/** Upstox, `complete.json.gz`. `row` answers a constant reason for a row that is left out. */
const complete: InstrumentLayout = {
  format: 'json',

  columns: [
    'segment',
    'instrument_key',
    'exchange_token',
    'trading_symbol',
    'name',
    'instrument_type',
    'underlying_symbol',
    'expiry',
    'strike_price',
    'tick_size',
    'lot_size',
    'freeze_quantity',
  ],

  row(cells): InstrumentRow | string {
    const all = cells as Cells
    const [segment, token, , brokerSymbol, , , , , , , lotSize] = all
    if (!TOKEN.test(token)) return 'instrument_key is not 1 to 100 ASCII characters'
    if (brokerSymbol === '') return 'trading_symbol is empty'
    const index = INDEX_EXCHANGES.get(segment)
    if (index !== undefined) return indexRow(all, index)
    const exchange = EXCHANGES.get(segment)
    if (exchange === undefined) return 'segment has no common code'
    if (!WHOLE.test(lotSize) || Number(lotSize) === 0)
      return 'lot_size is not a whole number above 0'
    const makeRow = DERIVATIVE_EXCHANGES.has(exchange) ? derivativeRow : shareRow
    return makeRow(all, exchange, Number(lotSize))
  },
}

/** One list of all exchanges, made anew each morning. */
export const instruments: InstrumentSource = {
  layouts: { complete },

  // Made about six in the morning; fetched from half past six it is the day's.
  publishedAt: '06:30',

  arePublic: true,
  files: (hosts) => {
    // The list lies on a host of its own; whoever stands in for the broker serves it under the same path.
    const root = hosts.rest === REST ? ASSETS : hosts.rest
    return [{ layout: 'complete', request: { method: 'GET', url: root + LIST_PATH } }]
  },
}
