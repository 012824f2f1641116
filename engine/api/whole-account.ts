// OpenAlgo's endpoints that clear an account: of orders that wait, and of positions. Both tell what they could not do,
// which OpenAlgo's positions do not.
import { z } from 'zod'
import type { GatewayError } from '../orders/refusal.ts'
import { okOf } from './failures.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { ORDER } from './order-fields.ts'
import { jsonReply } from './reply.ts'
import { endpoint } from './rest.ts'
import { sendMany } from './send-many.ts'
import { turnOf } from './smart-order.ts'
import type { Turns } from './turns.ts'
import { WRITE } from './write-endpoint.ts'

const WAITING: readonly string[] = ['open', 'trigger pending']
const ALL_CLOSED = 'All Open Positions Squared Off'
const FAILED = { error_code: z.string(), message: z.string() }

/** POST /cancelallorder. */
export const cancelAllEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'cancelallorder',
    summary: 'Cancel all orders of the account that wait, whatever their strategy',
    request: ORDER.all,
    success: z.object({
      canceled_orders: z.array(z.string()),
      failed: z.array(z.object({ ...FAILED, orderid: z.string() })),
      failed_cancellations: z.array(z.string()),
      message: z.string(),
      status: z.literal('success'),
    }),
    async answer({ strategy, broker }, caller) {
      const account = accountOf(context, broker)
      // Who cancels all wants the broker's own word for what there is.
      const orders = okOf(await context.gateway.orderBook({ broker }, 'broker'), account)
      const waiting = orders.filter(({ order_status }) => WAITING.includes(order_status))
      const answers = await sendMany(context, waiting, ({ orderid }) =>
        context.gateway.cancel({ orderid, strategy, broker }, caller),
      )
      const canceled: string[] = []
      const failed: { error_code: string; message: string; orderid: string }[] = []
      for (const [at, { orderid }] of waiting.entries()) {
        const told = answers[at]!
        if ('ok' in told) canceled.push(orderid)
        else failed.push({ error_code: told.error.code, message: told.error.message, orderid })
      }
      const counts = `Canceled ${canceled.length} orders. Failed to cancel ${failed.length} orders.`
      return jsonReply(200, {
        canceled_orders: canceled,
        failed,
        failed_cancellations: failed.map(({ orderid }) => orderid),
        message: counts,
        status: 'success',
      })
    },
  })

interface Position {
  readonly exchange: string
  readonly symbol: string
  readonly product: string
  readonly quantity: number
}

/** The order that ends a position, as far as its product is one that can be ordered. */
function closing({ exchange, symbol, product, quantity }: Position) {
  const action = quantity > 0 ? 'SELL' : 'BUY'
  return { exchange, symbol, product, action, quantity: Math.abs(quantity), pricetype: 'MARKET' }
}

function notClosed({ exchange, product, symbol }: Position, { code, message }: GatewayError) {
  return { error_code: code, exchange, message, product, symbol }
}

/** POST /closeposition. */
export const closePositionEndpoint = (context: OrderContext, turns: Turns) =>
  endpoint({
    ...WRITE,
    name: 'closeposition',
    summary: 'Close all positions of the account at the market, whatever their strategy',
    request: ORDER.all,
    success: z.object({
      failed: z.array(
        z.object({
          ...FAILED,
          exchange: z.string(),
          product: z.string(),
          symbol: z.string(),
        }),
      ),
      message: z.string(),
      status: z.literal('success'),
    }),
    async answer({ strategy, broker }, caller) {
      const account = accountOf(context, broker)
      const open = async () => {
        const positions = okOf(await context.gateway.positions({ broker }), account)
        return positions.filter(({ quantity }) => quantity !== 0)
      }
      // Who else is at one of them, another call to close or a smart order, is done before they are read.
      const names = [`${account}`, ...(await open()).map((each) => turnOf(account, each))]
      const failed = await turns.take(names, async () => {
        const held = (await open()).filter((each) => names.includes(turnOf(account, each)))
        const answers = await sendMany(context, held, (each) =>
          context.gateway.place({ ...closing(each), strategy, broker }, caller),
        )
        return held.flatMap((each, at) => {
          const told = answers[at]!
          return 'error' in told ? [notClosed(each, told.error)] : []
        })
      })
      const message =
        failed.length === 0
          ? ALL_CLOSED
          : `Not all Open Positions Squared Off: ${failed.length} failed`
      return jsonReply(200, { failed, message, status: 'success' })
    },
  })
