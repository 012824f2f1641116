// The symbol endpoints on a server of their own, over synthetic instruments and a day in 2024.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { answererOf } from '../../engine/api/answerer.ts'
import { serveHttp } from '../../engine/api/http.ts'
import type { Quote } from '../../engine/api/live-quotes.ts'
import { apiRoutes } from '../../engine/api/openapi.ts'
import type { Market } from '../../engine/api/symbol-context.ts'
import { symbolEndpoints } from '../../engine/api/symbols.ts'
import type { KeyRecord } from '../../engine/auth/keys.ts'
import { loadUWebSockets } from '../../engine/distribute/uws.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { LOOKUP_LIMITS, Lookup } from '../../engine/symbols/lookup/lookup.ts'
import { blocksOf, FEW, numbered, rowOf } from '../symbols/lookup-rows.ts'

export const KEY = 'reader-key/+&=?'
export const TRADE_KEY = 'trade-only-key'
export const NOW_MS = Date.parse('2024-03-27T10:00:00+05:30')
/** Their list is far larger than what sockets buffer. */
export const many = numbered(
  Array.from({ length: 20_000 }, (_, at) => rowOf({ symbol: `S${at}`, name: 'N'.repeat(800) })),
)

// Its thread runs only where a processor would idle, which on a busy machine may take its time.
const limits = { ...LOOKUP_LIMITS, answerMsMax: 60_000 }
export const lookup = new Lookup(createLogger({ level: 'silent' }), limits)
await lookup.useIndex('one', blocksOf(FEW))
await lookup.useIndex('many', blocksOf(many))
const record = (scopes: KeyRecord['scopes']): KeyRecord => {
  return { id: '00000000', name: 'test', sha256: '0'.repeat(64), scopes, createdAtMs: 0 }
}
const keys = new Map([
  [KEY, record(['read'])],
  [TRADE_KEY, record(['trade'])],
])
const verifyKey = (key: string) => keys.get(key) ?? null
/** Any quote, told from others by its last price. */
export const quoteOf = (ltp: number): Quote => ({
  ...{ ask: ltp + 0.05, ask_qty: 150, bid: ltp - 0.05, bid_qty: 75, high: ltp + 4, low: ltp - 4 },
  ...{ ltp, oi: 1200, open: ltp - 1, prev_close: ltp - 2, volume: 300 },
})
/** Instruments of which quotes were asked for, a text for each question. */
export const askedQuotes: string[] = []
const QUOTES: Readonly<Record<string, Quote>> = {
  NIFTY: quoteOf(23610),
  NIFTY28MAR2423500CE: quoteOf(180),
  NIFTY28MAR2423500PE: quoteOf(70),
  NIFTY28MAR2423600CE: quoteOf(120),
}
export const market: Market = {
  async quote(broker, { exchange, symbol }) {
    askedQuotes.push(`${broker} ${exchange}:${symbol}`)
    return QUOTES[symbol] ?? null
  },
  async quotes(broker, named) {
    askedQuotes.push(
      `${broker} ${named.map((each) => `${each.exchange}:${each.symbol}`).join(' ')}`,
    )
    return named.map(({ symbol }) => QUOTES[symbol] ?? null)
  },
}
const context = {
  ...{ lookup, market, brokers: ['one', 'many', 'unsynced'] },
  nowMs: () => NOW_MS,
}
const routes = apiRoutes(symbolEndpoints(context), '1.2.3', { verifyKey })
export const http = serveHttp(
  loadUWebSockets(),
  { host: '127.0.0.1', port: 0 },
  answererOf(routes, verifyKey),
)
after(async () => {
  http.close()
  await lookup.close()
})
export const root = `http://127.0.0.1:${http.port}/api/v1`

export async function post(name: string, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reply = await fetch(`${root}/${name}`, { method: 'POST', body: text })
  assert.equal(reply.headers.get('content-type'), 'application/json')
  return { status: reply.status, text: await reply.text() }
}

/** The status and the parsed body. */
export async function ask(name: string, body: unknown) {
  const { status, text } = await post(name, body)
  return { status, body: JSON.parse(text) }
}

export const get = (query: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${root}/instruments?${new URLSearchParams(query)}`, { headers })

/** The body of a refusal. */
export const error = (message: unknown, error_code = 'INVALID_INPUT') => {
  return { error_code, message, status: 'error' }
}

/** Requests that are right, by endpoint. */
export const RIGHT = {
  symbol: { apikey: KEY, symbol: 'NIFTY28MAR24FUT', exchange: 'NFO' },
  search: { apikey: KEY, query: 'NIFTY 23500 CE', exchange: 'NFO' },
  expiry: { apikey: KEY, symbol: 'NIFTY', exchange: 'NFO', instrumenttype: 'options' },
  optionchain: {
    ...{ apikey: KEY, underlying: 'NIFTY', exchange: 'NSE_INDEX', expiry_date: '28MAR24' },
    ...{ strike_count: 1, price: 23610 },
  },
} as const
