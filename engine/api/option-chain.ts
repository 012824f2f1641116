// The symbol part of OpenAlgo's option chain, answered by the query thread.
import { z } from 'zod'
import { indianDay, parseSymbolDate, symbolDate } from '../symbols/lookup/expiry-text.ts'
import type { SymtokenLeg, SymtokenStrike } from '../symbols/lookup/questions.ts'
import type { SymtokenWithId } from '../symbols/lookup/symtoken.ts'
import { RestFailure, refusal } from './failures.ts'
import { FIELDS } from './fields.ts'
import { jsonReply } from './reply.ts'
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

/** By which strikes are labelled where the request has no price. */
async function lastPriceOf(
  { priceOf }: SymbolContext,
  broker: string,
  underlying: SymtokenWithId | null,
): Promise<number | null> {
  if (priceOf === undefined || underlying === null) return null
  return priceOf(broker, underlying.exchange, underlying.symbol)
}

const leg = z.object({
  label: z.string().meta({ description: 'ATM, ITM1, OTM1, ...; empty without a price' }),
  lotsize: z.int(),
  symbol: z.string(),
  tick_size: z.number(),
})

function legOf(option: SymtokenLeg | null, label: string): z.infer<typeof leg> | null {
  if (option === null) return null
  const { lotsize, symbol, tick_size } = option
  return { label, lotsize, symbol, tick_size }
}

const chainItem = ({ strike, call, put, ce, pe }: SymtokenStrike) => {
  return { ce: legOf(ce, call), pe: legOf(pe, put), strike }
}

/**
 * POST /optionchain. Labels need a price, the caller's or the last one; what asks for quotes of the options is refused.
 */
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
      expiry_ts: z.null(),
      forward_price: z.null(),
      greeks_included: z.literal(false),
      quotes_included: z.literal(false),
      server_ts: z.int().meta({ description: 'Epoch seconds' }),
      status: z.literal('success'),
      underlying: z.string(),
      underlying_exchange: z.string().nullable(),
      underlying_ltp: z.number().nullable().meta({
        description: 'The price of the request, or else the last one',
      }),
      underlying_prev_close: z.null(),
      underlying_symbol: z.string().nullable(),
    }),
    refusals: { 404: 'The underlying has no options of this expiry', 501: 'Quotes were asked for' },
    refuseFields(errors) {
      return refusal(400, 'Validation error', { errors })
    },
    async answer(fields) {
      const { exchange, strike_count: count = null } = fields
      if (fields.with_quotes || fields.with_greeks) {
        throw new RestFailure(501, 'Quotes and Greeks are not served; leave them out')
      }
      const asked = fields.underlying.trim().toUpperCase()
      const [, base = asked, own] = FUTURE_NAME.exec(asked) ?? []
      const expiry = (own ?? fields.expiry_date ?? '').trim().toUpperCase()
      if (expiry === '') throw new RestFailure(400, 'Expiry date is required.')
      const broker = brokerOf(context, fields.broker)
      const expiryDay = parseSymbolDate(expiry)
      const underlying = await findUnderlying(context, broker, exchange, base)
      const price = fields.price ?? (await lastPriceOf(context, broker, underlying))
      if (count !== null && price === null) {
        throw new RestFailure(400, 'strike_count needs the price of the underlying: send price')
      }
      const place = { exchange: OPTION_EXCHANGES[exchange] ?? exchange, underlying: base }
      const question = { ...place, expiryDay: expiryDay ?? -1, price, count }
      const { atm, strikes } = await context.lookup.ask(broker, 'chain', question)
      if (expiryDay === null || strikes.length === 0) {
        const why = 'Please check expiry date or update master contract.'
        throw new RestFailure(404, `No strikes found for ${base} expiring ${expiry}. ${why}`)
      }
      return jsonReply(200, {
        atm_strike: atm,
        chain: strikes.map(chainItem),
        expiry_date: symbolDate(expiryDay),
        expiry_ts: null,
        forward_price: null,
        greeks_included: false,
        quotes_included: false,
        server_ts: Math.floor(context.nowMs() / 1000),
        status: 'success',
        underlying: base,
        underlying_exchange: underlying?.exchange ?? null,
        underlying_ltp: price,
        underlying_prev_close: null,
        underlying_symbol: underlying?.symbol ?? null,
      })
    },
  })
