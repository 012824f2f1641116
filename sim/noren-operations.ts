// What the operations of Noren's REST API answer to a call that may come in.
import type { Exchange } from './exchange.ts'
import type { NorenMarket, Scrip } from './noren-market.ts'
import { type NorenSessions, NotOk } from './noren-sessions.ts'
import { BOOK, FIELD_COUNT, fieldsText, labelOf, readValues } from './noren-wire.ts'

export type Fields = Readonly<Record<string, unknown>>

export interface Request {
  readonly market: NorenMarket
  readonly exchange: Exchange
  readonly sessions: NorenSessions
  readonly fields: Fields
  readonly token: string
  readonly nowMs: number
  /** `request_time` of the answer. */
  readonly time: string
}

export interface Operation {
  /** Fields that must be there, in the order in which a refusal lists them. */
  readonly required: readonly string[]
  /** The body of the answer; throws a NotOk. */
  answer(request: Request): string
}

const SEARCH_RESULTS_MAX = 50
const NO_DATA = 'Error Occurred : 5 "no data"'

/** An account that has never traded has no rows, and that is an object in these servers' words. */
const empty = (...required: string[]): Operation => ({
  required,
  answer() {
    throw new NotOk(NO_DATA)
  },
})

function quote({ market, exchange, fields, nowMs, time }: Request): string {
  const token = String(fields.token)
  const index = /^\d{1,9}$/.test(token) ? market.find(String(fields.exch), Number(token)) : -1
  if (index < 0) throw new NotOk(NO_DATA)
  const scrip = market.scrip(index)
  const label = labelOf(scrip, market.table, index)
  const values = new Float64Array(FIELD_COUNT)
  const row = exchange.row(index, nowMs)
  readValues(values, exchange.words, row, label)
  const head = {
    request_time: time,
    stat: 'Ok',
    exch: scrip.exchange,
    tsym: scrip.tradingsymbol,
    token,
  }
  return `${JSON.stringify(head).slice(0, -1)}${fieldsText(label, BOOK, values)}}`
}

function found({ exchange, token, tradingsymbol, precision, tickRupees, lotSize }: Scrip) {
  return {
    exch: exchange,
    token: String(token),
    tsym: tradingsymbol,
    pp: String(precision),
    ti: (tickRupees || 0.05).toFixed(precision),
    ls: String(lotSize),
  }
}

/** Scrips whose name or trading symbol begins with the text. */
function search({ market, fields, time }: Request): string {
  const text = String(fields.stext).toUpperCase()
  const values: ReturnType<typeof found>[] = []
  for (const scrip of market.scrips()) {
    if (typeof fields.exch === 'string' && scrip.exchange !== fields.exch) continue
    const names = [scrip.tradingsymbol, scrip.symbol]
    if (!names.some((name) => name.toUpperCase().startsWith(text))) continue
    values.push(found(scrip))
    if (values.length === SEARCH_RESULTS_MAX) break
  }
  if (values.length === 0) throw new NotOk(NO_DATA)
  return JSON.stringify({ request_time: time, stat: 'Ok', values })
}

const limits = ({ time }: Request) =>
  JSON.stringify({
    request_time: time,
    stat: 'Ok',
    cash: '1000000.00',
    payin: '0.00',
    payout: '0.00',
    brkcollamt: '0.00',
    marginused: '0.00',
    rpnl: '0.00',
    unmtom: '0.00',
  })

function logOut({ sessions, token, time }: Request): string {
  sessions.close(token)
  return JSON.stringify({ request_time: time, stat: 'Ok' })
}

/** Those that are missing are as unknown to this server as a misspelt one. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetQuotes: { required: ['uid', 'exch', 'token'], answer: quote },
  SearchScrip: { required: ['uid', 'stext'], answer: search },
  Limits: { required: ['uid', 'actid'], answer: limits },
  Logout: { required: ['uid'], answer: logOut },
  OrderBook: empty('uid', 'actid'),
  TradeBook: empty('uid', 'actid'),
  PositionBook: empty('uid', 'actid'),
  Holdings: empty('uid', 'actid', 'prd'),
  TPSeries: empty('uid', 'exch', 'token'),
  EODChartData: empty('uid', 'sym'),
}
