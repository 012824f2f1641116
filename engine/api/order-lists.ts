// OpenAlgo's endpoints that place several orders for one call: a basket, and an order that is cut into pieces.
import { z } from 'zod'
import { CLIENT_ORDER_ID_LENGTH_MAX } from '../orders/fields.ts'
import type { GatewayAnswer } from '../orders/refusal.ts'
import type { Sent } from '../orders/sent.ts'
import { okOf, RestFailure } from './failures.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { fractionOf, fractionsOf, ORDER } from './order-fields.ts'
import { jsonReply } from './reply.ts'
import { endpoint } from './rest.ts'
import { sendMany, waitsEnd } from './send-many.ts'
import { WRITE } from './write-endpoint.ts'

const SPLIT_MAX = 100
const FAILED = {
  error_code: z.string(),
  message: z.string(),
  status: z.literal('error'),
}
const success = z.literal('success')

/** What became of one of them, in the words of OpenAlgo. */
const failed = ({ code, message }: { code: string; message: string }) => {
  return { error_code: code, message }
}

type BasketItem = z.infer<typeof ORDER.basket>['orders'][number]

function basketResult(item: BasketItem, told: GatewayAnswer<Sent>) {
  const { exchange, product, symbol } = item
  if ('error' in told) {
    const { error_code, message } = failed(told.error)
    return { error_code, message, status: 'error', symbol }
  }
  return { exchange, orderid: told.ok.orderid, product, status: 'success', symbol }
}

/** POST /basketorder. Sales go when the buys have been answered: a hedge lowers what they need. */
export const basketOrderEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'basketorder',
    summary: 'Place several orders, buys first; what fails does not stop the others',
    request: ORDER.basket,
    success: z.object({
      results: z.array(
        z.union([
          z.object({
            exchange: z.string(),
            orderid: z.string(),
            product: z.string(),
            status: success,
            symbol: z.string(),
          }),
          z.object({ ...FAILED, symbol: z.string() }),
        ]),
      ),
      status: success,
    }),
    check: ({ orders }) => fractionsOf(orders),
    async answer({ orders, strategy, broker }, caller) {
      okOf(await context.gateway.ready({ broker }), accountOf(context, broker))
      const isBuy = ({ action }: BasketItem) => action.toUpperCase() === 'BUY'
      const endMs = waitsEnd(context)
      const results: ReturnType<typeof basketResult>[] = []
      const sides = [orders.filter(isBuy), orders.filter((each) => !isBuy(each))]
      for (const side of sides) {
        const answers = await sendMany(
          context,
          side,
          (item) => context.gateway.place({ ...item, strategy, broker }, caller),
          endMs,
        )
        results.push(...answers.map((told, at) => basketResult(side[at]!, told)))
      }
      return jsonReply(200, { results, status: 'success' })
    },
  })

/** The quantities of the pieces: as many of the size as there are, and what is left. */
function piecesOf(quantity: number, size: number): number[] {
  const whole = Math.floor(quantity / size)
  const rest = quantity - whole * size
  if (whole + (rest > 0 ? 1 : 0) > SPLIT_MAX) {
    const message = `Total number of orders would exceed maximum limit of ${SPLIT_MAX}`
    throw new RestFailure(400, message)
  }
  return [...Array<number>(whole).fill(size), ...(rest > 0 ? [rest] : [])]
}

/** The id of a piece: each is an order with one of its own. */
const pieceId = (id: string, at: number) => `${id}.${at + 1}`

/** Refuses an id that some of the pieces could carry, and others not. */
function checkPieceIds(id: string, pieces: number): void {
  const lengthMax = CLIENT_ORDER_ID_LENGTH_MAX - pieceId('', pieces - 1).length
  if (id.length <= lengthMax) return
  const message = `client_order_id has ${id.length} characters; for ${pieces} orders it may have at most ${lengthMax}`
  throw new RestFailure(400, message)
}

/** POST /splitorder. */
export const splitOrderEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'splitorder',
    summary: 'Place an order in pieces; what fails does not stop the others',
    request: ORDER.split,
    success: z.object({
      results: z.array(
        z.union([
          z.object({
            order_num: z.int(),
            orderid: z.string(),
            quantity: z.number(),
            status: success,
          }),
          z.object({ ...FAILED, order_num: z.int(), quantity: z.number() }),
        ]),
      ),
      split_size: z.int(),
      status: success,
      total_quantity: z.number(),
    }),
    check: fractionOf,
    async answer({ apikey, splitsize, quantity: total, client_order_id: id, ...order }, caller) {
      okOf(await context.gateway.ready({ broker: order.broker }), accountOf(context, order.broker))
      const pieces = piecesOf(total, splitsize)
      if (id !== undefined) checkPieceIds(id, pieces.length)
      const answers = await sendMany(context, pieces, (quantity, at) => {
        const own = id === undefined ? {} : { client_order_id: pieceId(id, at) }
        return context.gateway.place({ ...order, ...own, quantity }, caller)
      })
      const results = answers.map((told, at) => {
        const order_num = at + 1
        const quantity = pieces[at]!
        if ('ok' in told) {
          return { order_num, orderid: told.ok.orderid, quantity, status: 'success' }
        }
        const { error_code, message } = failed(told.error)
        return { error_code, message, order_num, quantity, status: 'error' }
      })
      const sizes = { split_size: splitsize, status: 'success', total_quantity: total }
      return jsonReply(200, { results, ...sizes })
    },
  })
