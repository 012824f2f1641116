// OpenAlgo's endpoint that tells what orders would take.
import { z } from 'zod'
import { okOf, RestFailure } from './failures.ts'
import { choice, FIELDS, list, text } from './fields.ts'
import { money } from './numbers.ts'
import { accountOf, type OrderContext, refuseInOneText } from './order-context.ts'
import { jsonReply } from './reply.ts'
import { endpoint } from './rest.ts'

const MARGIN_ORDERS_MAX = 50
const SYMBOL_LENGTH_MAX = 50
const { apikey, broker, exchange } = FIELDS

/** Numbers are text here, and only text. */
const marginOrder = z.strictObject({
  symbol: text()
    .min(1, `Symbol must be between 1 and ${SYMBOL_LENGTH_MAX} characters.`)
    .max(SYMBOL_LENGTH_MAX, `Symbol must be between 1 and ${SYMBOL_LENGTH_MAX} characters.`),
  exchange,
  action: choice(['BUY', 'SELL', 'buy', 'sell']),
  quantity: text(),
  product: choice(['MIS', 'NRML', 'CNC']),
  pricetype: choice(['MARKET', 'LIMIT', 'SL', 'SL-M']),
  price: text().default('0'),
  trigger_price: text().default('0'),
})
const WHOLE = /^\s*[+-]?\d{1,15}\s*$/
const PLAIN = /^\s*[+-]?\d{1,15}(\.\d{0,15})?\s*$/

/** What is wrong with the numbers of an order, in the words of OpenAlgo. */
function wrongNumber({ quantity, price }: z.infer<typeof marginOrder>): string | null {
  if (!WHOLE.test(quantity)) return 'Invalid quantity format'
  if (Number(quantity) <= 0) return 'Quantity must be a positive number'
  if (!PLAIN.test(price)) return 'Invalid price format'
  return Number(price) < 0 ? 'Price cannot be negative' : null
}

/** POST /margin. */
export const marginEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'margin',
    method: 'POST',
    summary: 'What orders would take, together',
    request: z.strictObject({
      apikey,
      broker,
      positions: list(
        marginOrder,
        1,
        MARGIN_ORDERS_MAX,
        `Positions must contain 1 to ${MARGIN_ORDERS_MAX} items.`,
      ),
    }),
    success: z.object({
      data: z.object({
        exposure_margin: z.number(),
        margin_benefit: z.number(),
        span_margin: z.number(),
        total_margin_required: z.number(),
      }),
      status: z.literal('success'),
    }),
    refusals: { 404: 'The broker tells no margins' },
    refuseFields: refuseInOneText,
    check({ positions }) {
      for (const [at, position] of positions.entries()) {
        const wrong = wrongNumber(position)
        if (wrong !== null) return `Position ${at + 1}: ${wrong}`
      }
      return null
    },
    async answer({ positions, broker }) {
      const account = accountOf(context, broker)
      const asked = positions.map(({ quantity, price, trigger_price, ...position }) => {
        const numbers = { quantity: Number(quantity), price: Number(price) }
        return { ...position, ...numbers, trigger_price: trigger_price.trim() }
      })
      const told = await context.gateway.margin({ positions: asked, broker })
      if ('error' in told && told.error.code === 'UNSUPPORTED') {
        const message = `Margin calculation not supported for broker: ${account}`
        const more = { broker: account, detail: told.error.message, error_code: 'UNSUPPORTED' }
        throw new RestFailure(404, message, more)
      }
      const { total_margin_required, span_margin, exposure_margin } = okOf(told, account)
      const data = {
        exposure_margin: money(exposure_margin),
        margin_benefit: 0,
        span_margin: money(span_margin),
        total_margin_required: money(total_margin_required),
      }
      return jsonReply(200, { data, status: 'success' })
    },
  })
