// OpenAlgo's option chain: strikes and symbols from the query thread, prices from the last ticks or the broker.
import { z } from 'zod'
import { timeOnDayMs } from '../indian-day.ts'
import { indianDay, parseSymbolDate, symbolDate } from '../symbols/lookup/expiry-text.ts'
import type { SymtokenLeg, SymtokenStrike } from '../symbols/lookup/questions.ts'
import type { SymtokenWithId } from '../symbols/lookup/symtoken.ts'
import { RestFailure, refusal } from './failures.ts'
import { FIELDS } from './fields.ts'
import { listReply } from './list-reply.ts'
import type { Quote } from './live-quotes.ts'
import { endpoint } from './rest.ts'
import { brokerOf, type SymbolContext } from './symbol-context.ts'

/** Where the options of an exchange's instruments trade; an exchange that is not here has its own. */
const OPTION_EXCHANGES: Readonly<Record<string, string>> = {
  NSE: 'NFO',
  NSE_INDEX: 'NFO',
  BSE: 'BFO',
  BSE_INDEX: 'BFO',
}
/** Where the underlyings of an option exchange are, index before share. */
const UNDERLYING_EXCHANGES: Readonly<Record<string, readonly string[]>> = {
  NFO: ['NSE_INDEX', 'NSE'],
  BFO: ['BSE_INDEX', 'BSE'],
}
/** When trade in expiring options ends. Where it differs by contract, nothing is told. */
const EXPIRY_TIMES: Readonly<Record<string, string>> = {
  NFO: '15:30',
  BFO: '15:30',
  CDS: '12:30',
  BCD: '12:30',
  MCX: '23:30',
}
/** A strike has two options: so many are written in well under a millisecond. */
const STRIKES_AT_ONCE = 50
const FUTURE_NAME = /^(.+?)(\d{2}[A-Z]{3}\d{2})(?:FUT)?$/

/** What a chain's options are written on: an index, a share, or the soonest future where nothing trades at spot. */
async function findUnderlying(
  { lookup, nowMs }: SymbolContext,
  broker: string,
  exchange: string,
  underlying: string,
): Promise<SymtokenWithId | null> {
  const known = exchange in OPTION_EXCHANGES ? [exchange] : UNDERLYING_EXCHANGES[exchange]
  for (const each of known ?? []) {
    const found = await lookup.ask(broker, 'symbol', { exchange: each, symbol: underlying })
    if (found !== null) return found
  }
  if (known !== undefined) return null
  const fromDay = indianDay(nowMs())
  return (await lookup.ask(broker, 'futures', { exchange, underlying, fromDay }))[0] ?? null
}

interface Wish {
  readonly price?: number | null | undefined
  readonly strike_count?: number | null | undefined
  readonly with_quotes: boolean
}

/** The quote of the underlying, which is not asked for where nothing hangs on it, and may fail where only labels do. */
async function underlyingQuote(
  { market }: SymbolContext,
  broker: string,
  underlying: SymtokenWithId | null,
  { price, strike_count, with_quotes }: Wish,
): Promise<Quote | null> {
  if (underlying === null || (typeof price === 'number' && !with_quotes)) return null
  const isNeeded = with_quotes || typeof strike_count === 'number'
  return market.quote(broker, underlying).catch((error) => {
    if (isNeeded || !(error instanceof RestFailure)) throw error
    return null
  })
}

/** The quotes of a chain's options by their symbols. */
async function optionQuotes(
  { market }: SymbolContext,
  broker: string,
  exchange: string,
  strikes: readonly SymtokenStrike[],
): Promise<ReadonlyMap<string, Quote | null>> {
  const named = strikes.flatMap(({ ce, pe }) =>
    [ce, pe].flatMap((option) => (option === null ? [] : [{ exchange, symbol: option.symbol }])),
  )
  const quotes = await market.quotes(broker, named)
  return new Map(named.map(({ symbol }, at) => [symbol, quotes[at]!]))
}

const leg = z.object({
  ask: z.number(),
  ask_qty: z.number(),
  bid: z.number(),
  bid_qty: z.number(),
  high: z.number(),
  label: z.string().meta({ description: 'ATM, ITM1, OTM1, ...; empty without a price' }),
  lotsize: z.int(),
  low: z.number(),
  ltp: z.number(),
  oi: z.number(),
  open: z.number(),
  prev_close: z.number(),
  symbol: z.string(),
  tick_size: z.number(),
  volume: z.number(),
})

function legOf(
  option: SymtokenLeg | null,
  label: string,
  quotes: ReadonlyMap<string, Quote | null>,
): z.infer<typeof leg> | null {
  if (option === null) return null
  const { lotsize, symbol, tick_size } = option
  const quote = quotes.get(symbol) ?? NO_QUOTE
  return {
    ask: quote.ask,
    ask_qty: quote.ask_qty,
    bid: quote.bid,
    bid_qty: quote.bid_qty,
    high: quote.high,
    label,
    lotsize,
    low: quote.low,
    ltp: quote.ltp,
    oi: quote.oi,
    open: quote.open,
    prev_close: quote.prev_close,
    symbol,
    tick_size,
    volume: quote.volume,
  }
}

const NO_QUOTE: Quote = {
  ...{ ask: 0, ask_qty: 0, bid: 0, bid_qty: 0, high: 0, low: 0, ltp: 0 },
  ...{ oi: 0, open: 0, prev_close: 0, volume: 0 },
}

function expirySeconds(exchange: string, day: number): number | null {
  const time = EXPIRY_TIMES[exchange]
  return time === undefined ? null : timeOnDayMs(time, day) / 1000
}

/** POST /optionchain. Labels need a price, the caller's or the last one. Greeks are refused. */
export const optionChainEndpoint = (context: SymbolContext) =>
  endpoint({
    name: 'optionchain',
    method: 'POST',
    summary: 'The options of an underlying and expiry, by strike',
    request: z.strictObject({
      apikey: FIELDS.apikey,
      underlying: FIELDS.underlying,
      exchange: FIELDS.exchange,
      expiry_date: FIELDS.expiryDate,
      strike_count: FIELDS.strikeCount,
      price: FIELDS.price,
      with_quotes: FIELDS.withQuotes,
      with_greeks: FIELDS.withGreeks,
      interest_rate: FIELDS.interestRate,
      broker: FIELDS.broker,
    }),
    success: z.object({
      atm_strike: z.number().nullable(),
      chain: z.array(z.object({ ce: leg.nullable(), pe: leg.nullable(), strike: z.number() })),
      expiry_date: z.string(),
      expiry_ts: z.int().nullable().meta({ description: 'Epoch seconds' }),
      forward_price: z.null(),
      greeks_included: z.literal(false),
      quotes_included: z.boolean().meta({ description: 'False where there is none of any option' }),
      server_ts: z.int().meta({ description: 'Epoch seconds' }),
      status: z.literal('success'),
      underlying: z.string(),
      underlying_exchange: z.string().nullable(),
      underlying_ltp: z.number().nullable().meta({
        description: 'The price of the request, or else the last one',
      }),
      underlying_prev_close: z.number().nullable(),
      underlying_symbol: z.string().nullable(),
    }),
    refusals: { 404: 'The underlying has no options of this expiry', 501: 'Greeks were asked for' },
    refuseFields(errors) {
      return refusal(400, 'Validation error', { errors })
    },
    async answer(fields) {
      const { exchange, strike_count: count = null, with_quotes } = fields
      if (fields.with_greeks) {
        throw new RestFailure(501, 'Greeks are not served; leave with_greeks out')
      }
      const asked = fields.underlying.trim().toUpperCase()
      const [, base = asked, own] = FUTURE_NAME.exec(asked) ?? []
      const expiry = (own ?? fields.expiry_date ?? '').trim().toUpperCase()
      if (expiry === '') throw new RestFailure(400, 'Expiry date is required.')
      const broker = brokerOf(context, fields.broker)
      const why = 'Please check expiry date or update master contract.'
      const none = `No strikes found for ${base} expiring ${expiry}. ${why}`
      const expiryDay = parseSymbolDate(expiry)
      if (expiryDay === null) throw new RestFailure(404, none)
      const underlying = await findUnderlying(context, broker, exchange, base)
      const quote = await underlyingQuote(context, broker, underlying, fields)
      const price = fields.price ?? (quote !== null && quote.ltp > 0 ? quote.ltp : null)
      if (count !== null && price === null) {
        throw new RestFailure(400, 'strike_count needs the price of the underlying: send price')
      }
      const place = { exchange: OPTION_EXCHANGES[exchange] ?? exchange, underlying: base }
      const question = { ...place, expiryDay, price, count }
      const { atm, strikes } = await context.lookup.ask(broker, 'chain', question)
      if (strikes.length === 0) throw new RestFailure(404, none)
      const quotes = with_quotes
        ? await optionQuotes(context, broker, place.exchange, strikes)
        : new Map<string, Quote>()
      const rest = {
        expiry_date: symbolDate(expiryDay),
        expiry_ts: expirySeconds(place.exchange, expiryDay),
        forward_price: null,
        greeks_included: false,
        quotes_included: [...quotes.values()].some((each) => each !== null),
        server_ts: Math.floor(context.nowMs() / 1000),
        status: 'success',
        underlying: base,
        underlying_exchange: underlying?.exchange ?? null,
        underlying_ltp: price,
        underlying_prev_close: quote?.prev_close ?? null,
        underlying_symbol: underlying?.symbol ?? null,
      }
      return listReply(
        `{"atm_strike":${atm},"chain":`,
        strikes,
        ({ strike, call, put, ce, pe }) => {
          return { ce: legOf(ce, call, quotes), pe: legOf(pe, put, quotes), strike }
        },
        `,${JSON.stringify(rest).slice(1)}`,
        STRIKES_AT_ONCE,
      )
    },
  })
