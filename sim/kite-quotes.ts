// Quotes over REST, from the same book that the feed sends. Kite Connect v3, "Market quotes".
import { indianTime } from './calendar.ts'
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  EXCHANGE_TIME,
  HIGH,
  HIGHEST,
  LAST,
  LAST_QUANTITY,
  LAST_TRADE_TIME,
  LEVEL_WORDS,
  LOW,
  LOWEST,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  TOTAL_BUY,
  TOTAL_SELL,
  VOLUME,
} from './exchange.ts'
import { INDEX } from './instruments.ts'
import type { Call, Route } from './kite-call.ts'
import { badInput } from './kite-order-form.ts'
import { tidy } from './kite-records.ts'

const FULL_MAX = 500
const SHORT_MAX = 1000

/** One instrument's row of the exchange, by names. */
interface View {
  readonly token: number
  readonly isIndex: boolean
  /** A word of the row, and one that is a price, in rupees. */
  count(field: number): number
  rupees(field: number): number
}

const route = (
  path: RegExp,
  operation: 'quotes' | 'ohlc' | 'ltp',
  instrumentsMax: number,
  row: (view: View) => object,
): Route => ({
  method: 'GET',
  path,
  operation,
  kind: 'quote',
  handle: (call) => quote(call, instrumentsMax, row),
})

export const QUOTE_ROUTES: readonly Route[] = [
  route(/^\/quote$/, 'quotes', FULL_MAX, (view) => (view.isIndex ? indexRow(view) : fullRow(view))),
  route(/^\/quote\/ohlc$/, 'ohlc', SHORT_MAX, (view) => ({ ...lastRow(view), ohlc: ohlc(view) })),
  route(/^\/quote\/ltp$/, 'ltp', SHORT_MAX, lastRow),
]

/** What is asked for by its key; an instrument that there is not is simply missing. */
function quote({ context, url }: Call, instrumentsMax: number, row: (view: View) => object) {
  const keys = url.searchParams.getAll('i')
  if (keys.length === 0) throw badInput('Missing or empty field `i`')
  if (keys.length > instrumentsMax) throw badInput(`Invalid \`i\`: at most ${instrumentsMax}.`)
  const rows: Record<string, object> = {}
  for (const key of keys) {
    const colon = key.indexOf(':')
    const contracts = context.account.contracts
    const instrument = contracts.find(key.slice(0, colon), key.slice(colon + 1))
    if (instrument >= 0) rows[key] = row(viewOf(context, instrument))
  }
  return rows
}

function viewOf({ account, table }: Call['context'], instrument: number): View {
  const { exchange } = account
  const at = exchange.row(instrument, account.clock())
  const unitsPerRupee = table.unitsPerRupee(instrument)
  return {
    token: table.token(instrument),
    isIndex: table.kind(instrument) === INDEX,
    count: (field) => exchange.words[at + field]! >>> 0,
    rupees: (field) => tidy(exchange.words[at + field]! / unitsPerRupee),
  }
}

const time = (view: View, field: number) => indianTime(view.count(field) * 1000)

function ohlc(view: View) {
  return {
    open: view.rupees(OPEN),
    high: view.rupees(HIGH),
    low: view.rupees(LOW),
    close: view.rupees(CLOSE),
  }
}

function lastRow(view: View) {
  return { instrument_token: view.token, last_price: view.rupees(LAST) }
}

function indexRow(view: View) {
  return {
    instrument_token: view.token,
    timestamp: time(view, EXCHANGE_TIME),
    last_price: view.rupees(LAST),
    net_change: tidy(view.rupees(LAST) - view.rupees(CLOSE)),
    ohlc: ohlc(view),
  }
}

function side(view: View, from: number) {
  return Array.from({ length: DEPTH_LEVELS }, (_, level) => {
    const at = from + level * LEVEL_WORDS
    return { price: view.rupees(at), quantity: view.count(at + 1), orders: view.count(at + 2) }
  })
}

function fullRow(view: View) {
  return {
    instrument_token: view.token,
    timestamp: time(view, EXCHANGE_TIME),
    last_trade_time: time(view, LAST_TRADE_TIME),
    last_price: view.rupees(LAST),
    last_quantity: view.count(LAST_QUANTITY),
    buy_quantity: view.count(TOTAL_BUY),
    sell_quantity: view.count(TOTAL_SELL),
    volume: view.count(VOLUME),
    average_price: view.rupees(AVERAGE),
    oi: view.count(OPEN_INTEREST),
    oi_day_high: view.count(OPEN_INTEREST_HIGH),
    oi_day_low: view.count(OPEN_INTEREST_LOW),
    net_change: tidy(view.rupees(LAST) - view.rupees(CLOSE)),
    lower_circuit_limit: view.rupees(LOWEST),
    upper_circuit_limit: view.rupees(HIGHEST),
    ohlc: ohlc(view),
    depth: {
      buy: side(view, DEPTH),
      sell: side(view, DEPTH + DEPTH_LEVELS * LEVEL_WORDS),
    },
  }
}
