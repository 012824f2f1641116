// OpenAlgo's endpoints for quotes and histories. What the last ticks tell is answered from them; for all else the
// broker is asked.
import { z } from 'zod'
import type { Candle } from '../../adapters/orders.ts'
import { okOf, RestFailure } from './failures.ts'
import { choice, FIELDS, list, shortText } from './fields.ts'
import { listReply } from './list-reply.ts'
import { LEVELS_MAX, type Quote } from './live-quotes.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint, type Messages } from './rest.ts'

const { apikey, broker, exchange, symbol } = FIELDS
const request = z.strictObject({ apikey, symbol, exchange, broker })
const status = z.literal('success')
const DAY_MS = 86_400_000
/** The rows that the gateway takes at one time. */
const SYMBOLS_MAX = 5000
const UNKNOWN = 'Symbol not found'
const UNKNOWN_SYMBOL = {
  400: 'The exchange has no such symbol, or a field is missing, unknown or wrong',
}

const PRICES = {
  high: z.number(),
  low: z.number(),
  ltp: z.number(),
}
const quoteFields = z.object({
  ask: z.number(),
  bid: z.number(),
  ...PRICES,
  oi: z.number(),
  open: z.number(),
  prev_close: z.number(),
  volume: z.number(),
})
const level = z.object({ price: z.number(), quantity: z.number() })

/** A quote as /quotes tells it, with its fields in order. */
function writeQuote(quote: Quote): z.infer<typeof quoteFields> {
  const { ask, bid, high, low, ltp, oi, open, prev_close, volume } = quote
  return { ask, bid, high, low, ltp, oi, open, prev_close, volume }
}

const quotesEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'quotes',
    method: 'POST',
    summary: 'The quote of an instrument; 0 is what is not known',
    request,
    success: z.object({ data: quoteFields, status }),
    refusals: UNKNOWN_SYMBOL,
    answer({ broker, exchange, symbol }) {
      const live = context.quotes.quote(broker, exchange, symbol)
      if (live !== null) return jsonReply(200, { data: writeQuote(live), status: 'success' })
      return context.gateway.quote({ broker, exchange, symbol }).then((told) => {
        const data = writeQuote(okOf(told, accountOf(context, broker)))
        return jsonReply(200, { data, status: 'success' })
      })
    },
  })

interface QuoteResult {
  readonly exchange: string
  readonly symbol: string
  /** None where the broker has no such symbol, or no quote of it. */
  readonly data?: Quote
}

function writeResult({ data, exchange, symbol }: QuoteResult): object {
  if (data === undefined) return { error: UNKNOWN, exchange, symbol }
  return { data: writeQuote(data), exchange, symbol }
}

/** The results, those of the ticks and those of the broker each in their places. */
export async function manyQuotes(
  context: OrderContext,
  symbols: readonly { exchange: string; symbol: string }[],
  broker: string | undefined,
): Promise<QuoteResult[]> {
  const results = symbols.map(({ exchange, symbol }): QuoteResult | null => {
    // The gateway refuses the whole question where a name is none.
    if (symbol === '') return { exchange, symbol }
    const data = context.quotes.quote(broker, exchange, symbol)
    return data === null ? null : { data, exchange, symbol }
  })
  const missing = symbols.filter((_, at) => results[at] === null)
  const told =
    missing.length === 0 ? { ok: [] } : await context.gateway.quotes({ symbols: missing, broker })
  const isNone = 'error' in told && told.error.field !== undefined && told.error.field !== 'broker'
  const isAsked = missing.length > 0 && !isNone
  if (!isAsked && results.every((result) => result?.data === undefined)) {
    const invalid_symbols = symbols.map(({ exchange, symbol }) => {
      return { exchange, message: UNKNOWN, symbol }
    })
    const more = { error_code: 'NOT_FOUND', invalid_symbols }
    throw new RestFailure(400, 'No valid symbols found', more)
  }
  const asked: readonly QuoteResult[] = isNone ? missing : okOf(told, accountOf(context, broker))
  let next = 0
  return results.map((result) => result ?? asked[next++]!)
}

const multiQuotesEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'multiquotes',
    method: 'POST',
    summary: 'The quotes of several instruments, in their order',
    request: z.strictObject({
      apikey,
      broker,
      symbols: list(z.strictObject({ symbol, exchange }), 1, SYMBOLS_MAX),
    }),
    success: z.object({
      results: z.array(
        z.union([
          z.object({ data: quoteFields, exchange: z.string(), symbol: z.string() }),
          z.object({ error: z.string(), exchange: z.string(), symbol: z.string() }),
        ]),
      ),
      status,
    }),
    refusals: { 400: 'None of them is known, or a field is missing, unknown or wrong' },
    async answer({ symbols, broker }) {
      const results = await manyQuotes(context, symbols, broker)
      return listReply('{"results":', results, writeResult, ',"status":"success"}')
    },
  })

const depthEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'depth',
    method: 'POST',
    summary: 'The quote of an instrument with its book, five levels of each side at most',
    request,
    success: z.object({
      data: z.object({
        asks: z.array(level),
        bids: z.array(level),
        ...PRICES,
        ltq: z.number(),
        oi: z.number(),
        open: z.number(),
        prev_close: z.number(),
        totalbuyqty: z.number(),
        totalsellqty: z.number(),
        volume: z.number(),
      }),
      status,
    }),
    refusals: UNKNOWN_SYMBOL,
    async answer({ broker, exchange, symbol }) {
      const live = context.quotes.depth(broker, exchange, symbol)
      if (live !== null) return jsonReply(200, { data: live, status: 'success' })
      const told = await context.gateway.depth({ broker, exchange, symbol })
      const row = okOf(told, accountOf(context, broker))
      const { high, low, ltp, ltq, oi, open, prev_close, volume } = row
      const { totalbuyqty, totalsellqty } = row
      const side = (levels: typeof row.asks) =>
        levels.slice(0, LEVELS_MAX).map(({ price, quantity }) => ({ price, quantity }))
      const sides = { asks: side(row.asks), bids: side(row.bids) }
      const prices = { high, low, ltp, ltq, oi, open, prev_close, totalbuyqty, totalsellqty }
      return jsonReply(200, { data: { ...sides, ...prices, volume }, status: 'success' })
    },
  })

const DATE = /^\d{4}-\d{2}-\d{2}$/
function isDate(text: string): boolean {
  if (!DATE.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  // A day that a month has not is taken for one of the next.
  return !Number.isNaN(ms) && new Date(ms - (ms % DAY_MS)).toISOString().startsWith(text)
}
const date = shortText()
  .refine(isDate, 'Not a valid date.')
  .meta({ description: 'YYYY-MM-DD', example: '2026-08-21' })

function writeCandle({ time, open, high, low, close, volume, oi }: Candle): object {
  return { close, high, low, oi, open, timestamp: time, volume }
}

const historyEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'history',
    method: 'POST',
    summary: 'Candles of an instrument, oldest first; both days are included',
    request: z.strictObject({
      apikey,
      symbol,
      exchange,
      broker,
      interval: shortText().meta({ description: 'As /intervals tells them', example: '5m' }),
      start_date: date,
      end_date: date,
      source: choice(['api', 'db']).default('api').meta({ description: 'Only api is there' }),
    }),
    success: z.object({
      data: z.array(
        z.object({
          close: z.number(),
          high: z.number(),
          low: z.number(),
          oi: z.number(),
          open: z.number(),
          timestamp: z.int().meta({ description: 'Epoch seconds' }),
          volume: z.number(),
        }),
      ),
      status,
    }),
    refusals: {
      ...UNKNOWN_SYMBOL,
      501: 'The broker has no history, or that of a store was asked for',
    },
    check({ start_date, end_date }): Messages | null {
      return end_date < start_date ? { end_date: ['Must not be before start_date.'] } : null
    },
    async answer({ apikey, source, ...wish }) {
      if (source === 'db') {
        throw new RestFailure(501, 'No history is stored here; leave out source, or send api')
      }
      const told = await context.gateway.history(wish)
      const candles = okOf(told, accountOf(context, wish.broker))
      return listReply('{"data":', candles, writeCandle, ',"status":"success"}')
    },
  })

/** OpenAlgo's endpoints for quotes and histories. */
export function marketDataEndpoints(context: OrderContext): Endpoint[] {
  return [
    quotesEndpoint(context),
    multiQuotesEndpoint(context),
    depthEndpoint(context),
    historyEndpoint(context),
  ]
}
