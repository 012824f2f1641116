// The instrument list of Kite Connect v3: one CSV file for all exchanges.
import type { InstrumentLayout, InstrumentRow, InstrumentSource } from '../broker.ts'
import { formatSymbol, indexSymbol, isDate, type SymbolParts } from '../symbol.ts'

/** Common exchange of tradable rows, by the file's `exchange`. */
const EXCHANGES: ReadonlyMap<string, string> = new Map(
  ['NSE', 'NFO', 'CDS', 'BSE', 'BFO', 'BCD', 'MCX', 'NCO'].map((exchange) => [exchange, exchange]),
)

/** Common exchange of index rows, by the file's `exchange`. */
const INDEX_EXCHANGES: ReadonlyMap<string, string> = new Map([
  ['NSE', 'NSE_INDEX'],
  ['BSE', 'BSE_INDEX'],
  ['MCX', 'MCX_INDEX'],
  ['GLOBAL', 'GLOBAL_INDEX'],
  ['NSEIX', 'GLOBAL_INDEX'],
])

const TOKEN_MAX = 0xffffffff
/** The smallest strike that a symbol can show. */
const STRIKE_MIN = 0.0001
const WHOLE = /^\d{1,15}$/
const DECIMAL = /^\d{1,12}(\.\d{1,8})?$/
const LEADING_LETTERS = /^[A-Z&-]+/

// Cells in the order of `columns`.
type Cells = readonly [
  token: string,
  exchangeToken: string,
  brokerSymbol: string,
  name: string,
  expiry: string,
  strike: string,
  tickSize: string,
  lotSize: string,
  type: string,
  segment: string,
  exchange: string,
]

/** An index row. Its lot and tick are 0 in the file, because an index cannot be traded. */
function indexRow(cells: Cells, exchange: string): InstrumentRow | string {
  const [token, exchangeToken, brokerSymbol, name, , , tickSize, lotSize, type, , brokerExchange] =
    cells
  if (type !== 'EQ') return 'instrument_type of an index row is not EQ'
  if (!WHOLE.test(lotSize)) return 'lot_size is not a whole number'
  return {
    exchange,
    symbol: indexSymbol(exchange, brokerSymbol),
    name,
    brokerSymbol,
    brokerExchange,
    token: Number(token),
    segment: 0,
    exchangeToken: exchangeToken || null,
    expiry: null,
    strike: null,
    lotSize: Number(lotSize),
    instrumentType: 'INDEX',
    tickSize: Number(tickSize),
    freezeQuantity: null,
  }
}

/** Share, fund or bond, future, option. */
function tradableRow(cells: Cells, exchange: string): InstrumentRow | string {
  const [token, exchangeToken, brokerSymbol, name, date, price, tickSize, lotSize, type] = cells
  if (!WHOLE.test(lotSize) || Number(lotSize) === 0) return 'lot_size is not a whole number above 0'
  let parts: SymbolParts
  let expiry: string | null = null
  let strike: number | null = null
  if (type === 'EQ') {
    parts = { type, name: brokerSymbol }
  } else if (type === 'FUT' || type === 'CE' || type === 'PE') {
    if (!isDate(date)) return 'expiry is not a date of the form YYYY-MM-DD'
    expiry = date
    const underlying = /\w/.test(name) ? name : LEADING_LETTERS.exec(brokerSymbol)?.[0]
    if (!underlying) return 'name is empty and tradingsymbol does not begin with letters'
    if (type === 'FUT') {
      parts = { type, name: underlying, expiry }
    } else {
      strike = DECIMAL.test(price) ? Number(price) : 0
      if (strike < STRIKE_MIN) return 'strike is not a number above 0'
      parts = { type, name: underlying, expiry, strike }
    }
  } else {
    return 'instrument_type is not EQ, FUT, CE or PE'
  }
  return {
    exchange,
    symbol: formatSymbol(parts),
    name: type === 'EQ' ? name : parts.name,
    brokerSymbol,
    brokerExchange: cells[10],
    token: Number(token),
    // The token holds the segment in its low byte, so it is unique by itself.
    segment: 0,
    exchangeToken: exchangeToken || null,
    expiry,
    strike,
    lotSize: Number(lotSize),
    instrumentType: type,
    tickSize: Number(tickSize),
    freezeQuantity: null,
  }
}

/** Kite Connect v3, `GET /instruments`: CSV. `row` answers a constant reason for a row that is left out. */
const all: InstrumentLayout = {
  format: 'csv',

  columns: [
    'instrument_token',
    'exchange_token',
    'tradingsymbol',
    'name',
    'expiry',
    'strike',
    'tick_size',
    'lot_size',
    'instrument_type',
    'segment',
    'exchange',
  ],

  row(cells): InstrumentRow | string {
    const all = cells as Cells
    const [token, , brokerSymbol, , , , tickSize, , , segment, brokerExchange] = all
    if (token === '') return 'instrument_token is empty'
    if (!WHOLE.test(token) || Number(token) === 0 || Number(token) > TOKEN_MAX) {
      return 'instrument_token is not a whole number from 1 to 4294967295'
    }
    if (brokerSymbol === '') return 'tradingsymbol is empty'
    if (!DECIMAL.test(tickSize)) return 'tick_size is not a number of rupees'
    const tradable = EXCHANGES.get(brokerExchange)
    if (segment !== 'INDICES' && tradable !== undefined) return tradableRow(all, tradable)
    const index = INDEX_EXCHANGES.get(brokerExchange)
    if (index !== undefined) return indexRow(all, index)
    return tradable === undefined
      ? 'exchange has no common code'
      : 'exchange has no common code for its indices'
  },
}

/** One list of all exchanges, gzip, about 10 MB, made anew each morning. */
export const instruments: InstrumentSource = {
  layouts: { all },

  // Made once a day, early in the morning; fetched from half past eight it is the day's.
  publishedAt: '08:30',

  files: (hosts, session) => [
    {
      layout: 'all',
      request: {
        method: 'GET',
        url: `${hosts.rest}/instruments`,
        headers: {
          'X-Kite-Version': '3',
          Authorization: `token ${session.apiKey}:${session.accessToken}`,
        },
      },
    },
  ],
}
