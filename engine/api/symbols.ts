// OpenAlgo's symbol endpoints, answered by the query thread.
import { z } from 'zod'
import { indianDay, listedDate } from '../symbols/lookup/expiry-text.ts'
import { RestFailure, refusal } from './failures.ts'
import { FIELDS } from './fields.ts'
import { optionChainEndpoint } from './option-chain.ts'
import { jsonReply, type Reply } from './reply.ts'
import { type Endpoint, endpoint } from './rest.ts'
import { brokerOf, type SymbolContext } from './symbol-context.ts'

const row = z.object({
  brexchange: z.string(),
  brsymbol: z.string(),
  exchange: z.string(),
  expiry: z.string().meta({ description: 'DD-MMM-YY; empty for what does not expire' }),
  freeze_qty: z.int().meta({ description: 'Units; 1 where the broker publishes none' }),
  instrumenttype: z.enum(['EQ', 'FUT', 'CE', 'PE', 'INDEX']),
  lotsize: z.int().meta({ description: 'Units' }),
  name: z.string(),
  strike: z.number().meta({ description: 'Rupees; 0 for what is no option' }),
  symbol: z.string(),
  tick_size: z.number().meta({ description: 'Rupees' }),
  token: z.string(),
})
const rowWithId = row.extend({ id: z.int().meta({ description: 'Instrument number' }) })
const status = z.literal('success')

const { apikey, broker, exchange, symbol } = FIELDS

const symbolEndpoint = (context: SymbolContext) =>
  endpoint({
    name: 'symbol',
    method: 'POST',
    summary: 'One instrument by symbol and exchange',
    request: z.strictObject({ apikey, symbol, exchange, broker }),
    success: z.object({ data: rowWithId, status }),
    refusals: { 404: 'The exchange has no such symbol' },
    async answer(fields) {
      const { symbol, exchange } = fields
      const question = { exchange, symbol }
      const data = await context.lookup.ask(brokerOf(context, fields.broker), 'symbol', question)
      if (data === null) {
        throw new RestFailure(404, `Symbol ${symbol} not found in exchange ${exchange}`)
      }
      return jsonReply(200, { data, status: 'success' })
    },
  })

const searchEndpoint = (context: SymbolContext) =>
  endpoint({
    name: 'search',
    method: 'POST',
    summary: 'Instruments by words, the best 500 first to last',
    request: z.strictObject({ apikey, query: FIELDS.query, exchange: exchange.optional(), broker }),
    success: z.object({ data: z.array(rowWithId), message: z.string(), status }),
    async answer({ query, exchange = null, ...fields }) {
      if (query.trim() === '') {
        throw new RestFailure(400, 'Query parameter is required and cannot be empty')
      }
      const question = { query, exchange }
      const broker = brokerOf(context, fields.broker)
      const { json } = await context.lookup.ask(broker, 'search', question)
      return { status: 200, type: 'application/json', body: json }
    },
  })

const expiryEndpoint = (context: SymbolContext) =>
  endpoint({
    name: 'expiry',
    method: 'POST',
    summary: 'Expiry dates of an underlying from today on, soonest first',
    request: z.strictObject({
      apikey,
      symbol,
      exchange: FIELDS.derivativeExchange,
      instrumenttype: FIELDS.instrumenttype,
      broker,
    }),
    success: z.object({ data: z.array(z.string()), message: z.string(), status }),
    async answer({ exchange, instrumenttype: kind, ...fields }) {
      const underlying = fields.symbol.trim().toUpperCase()
      if (underlying === '') {
        throw new RestFailure(400, 'Symbol parameter is required and cannot be empty')
      }
      const fromDay = indianDay(context.nowMs())
      const question = { exchange, underlying, kind, fromDay }
      const days = await context.lookup.ask(brokerOf(context, fields.broker), 'expiries', question)
      const what = `expiry dates${days.length === 0 ? ' found' : ''} for ${underlying} ${kind} in ${exchange}`
      const message = days.length === 0 ? `No ${what}` : `Found ${days.length} ${what}`
      return jsonReply(200, { data: days.map(listedDate), message, status: 'success' })
    },
  })

const CSV_ERROR_TYPE = 'text/plain'

/** The first piece is there before the head of the reply is sent, so that a refusal can still be one. */
async function begun(pieces: AsyncGenerator<Uint8Array>): Promise<AsyncGenerator<Uint8Array>> {
  const first = await pieces.next()
  return (async function* () {
    try {
      if (first.done) return
      yield first.value
      yield* pieces
    } finally {
      await pieces.return(undefined)
    }
  })()
}

const instrumentsEndpoint = (context: SymbolContext) =>
  endpoint({
    name: 'instruments',
    method: 'GET',
    summary: 'All instruments, or those of one exchange, as JSON or CSV',
    request: z.object({
      apikey,
      exchange: exchange.optional(),
      format: z.preprocess(
        (value) => (typeof value === 'string' ? value.toLowerCase() : value),
        FIELDS.format,
      ),
      broker,
    }),
    success: z.object({ data: z.array(row), message: z.string(), status }),
    refusals: { 401: 'No API key' },
    refuseFields(messages, fields) {
      const { apikey, format } = fields as Record<string, string | undefined>
      if (apikey === undefined) return refusal(401, 'API key is required')
      if (format?.toLowerCase() !== 'csv') return refusal(400, messages)
      return { status: 400, type: CSV_ERROR_TYPE, body: JSON.stringify(messages) }
    },
    async answer({ exchange = null, format, ...fields }): Promise<Reply> {
      const pieces = context.lookup.dump(brokerOf(context, fields.broker), exchange, format)
      const body = await begun(pieces)
      if (format === 'json') return { status: 200, type: 'application/json', body }
      const disposition = `attachment; filename=instruments_${exchange ?? 'all'}.csv`
      return {
        status: 200,
        type: 'text/csv',
        headers: { 'content-disposition': disposition },
        body,
      }
    },
  })

/** The symbol endpoints of OpenAlgo's API. */
export function symbolEndpoints(context: SymbolContext): Endpoint[] {
  return [
    symbolEndpoint(context),
    searchEndpoint(context),
    expiryEndpoint(context),
    instrumentsEndpoint(context),
    optionChainEndpoint(context),
  ]
}
