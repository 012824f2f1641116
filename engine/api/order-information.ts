// OpenAlgo's endpoints that tell of one order, and of one position.
import { z } from 'zod'
import { okOf } from './failures.ts'
import { priceAt } from './numbers.ts'
import { accountOf, type OrderContext, refuseInOneText } from './order-context.ts'
import { ORDER } from './order-fields.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint } from './rest.ts'
import { quantityOf } from './smart-order.ts'

type Told = Awaited<ReturnType<OrderContext['gateway']['orderStatus']>>
export type OrderRow = Extract<Told, { ok: unknown }>['ok']

/** An order in an answer. `quantity` is a text, as OpenAlgo's Rust client needs it; its others take both. */
export const orderRow = z.object({
  action: z.enum(['BUY', 'SELL']),
  average_price: z.number(),
  disclosed_quantity: z.number().optional().meta({ description: 'Only where some is disclosed' }),
  exchange: z.string(),
  filled_quantity: z.string(),
  order_status: z.enum(['open', 'trigger pending', 'complete', 'rejected', 'cancelled']),
  orderid: z.string(),
  price: z.number().meta({ description: '0 for a market order' }),
  pricetype: z.string(),
  product: z.string(),
  quantity: z.string(),
  status_message: z.string().meta({ description: "The broker's reason, mostly of a rejection" }),
  symbol: z.string(),
  timestamp: z.string().meta({ description: 'As the broker writes it' }),
  trigger_price: z.number(),
})

/** Where orders come from. */
export const orderSource = z.enum(['broker', 'live']).meta({
  description:
    'live: known from order messages and from a book read before; the broker was not asked',
})

/** Writes an order as endpoints tell it. */
export function writeOrder(row: OrderRow): z.infer<typeof orderRow> {
  const { exchange, disclosed_quantity } = row
  return {
    action: row.action,
    average_price: priceAt(exchange, row.average_price),
    // Who changes an order has to repeat it; OpenAlgo does not tell it, so most orders look as they do there.
    ...(disclosed_quantity === 0 ? {} : { disclosed_quantity }),
    exchange,
    filled_quantity: String(row.filled_quantity),
    order_status: row.order_status,
    orderid: row.orderid,
    price: priceAt(exchange, row.price),
    pricetype: row.pricetype,
    product: row.product,
    quantity: String(row.quantity),
    status_message: row.status_message ?? '',
    symbol: row.symbol,
    timestamp: row.timestamp,
    trigger_price: priceAt(exchange, row.trigger_price),
  }
}

const orderStatusEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'orderstatus',
    method: 'POST',
    summary: 'One order',
    request: ORDER.status,
    success: z.object({ data: orderRow, source: orderSource, status: z.literal('success') }),
    refusals: { 404: 'There is no such order' },
    refuseFields: refuseInOneText,
    async answer({ orderid, broker }) {
      const told = await context.gateway.orderStatus({ orderid, broker })
      const data = writeOrder(okOf(told, accountOf(context, broker)))
      const source = 'source' in told ? told.source : 'broker'
      return jsonReply(200, { data, source, status: 'success' })
    },
  })

const openPositionEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'openposition',
    method: 'POST',
    summary: 'The net quantity of one position, 0 where there is none',
    request: ORDER.position,
    success: z.object({ quantity: z.string(), status: z.literal('success') }),
    refuseFields: refuseInOneText,
    async answer({ exchange, symbol, product, broker }) {
      const told = await context.gateway.positions({ broker })
      const positions = okOf(told, accountOf(context, broker))
      const quantity = String(quantityOf(positions, { exchange, symbol, product }))
      return jsonReply(200, { quantity, status: 'success' })
    },
  })

/** OpenAlgo's endpoints that tell of one order, and of one position. */
export function orderInformationEndpoints(context: OrderContext): Endpoint[] {
  return [orderStatusEndpoint(context), openPositionEndpoint(context)]
}
