// OpenAlgo's smart order: what is sent is what is missing to a position that the caller wants to have.
import { z } from 'zod'
import type { GatewayAnswer } from '../orders/refusal.ts'
import type { Sent } from '../orders/sent.ts'
import { okOf } from './failures.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { fractionOf, ORDER } from './order-fields.ts'
import { jsonReply } from './reply.ts'
import { endpoint } from './rest.ts'
import type { Turns } from './turns.ts'
import { SENT, WRITE } from './write-endpoint.ts'

const NOTHING_TO_DO = 'Positions Already Matched. No Action needed.'

export interface Wish {
  /** Net quantity to have afterwards. */
  readonly target: number
  /** Net quantity that is there. */
  readonly current: number
  /** What the caller named, which count where there is no position and none is wanted. */
  readonly action: string
  readonly quantity: number
}

/** The order that leads from what is there to what is wanted, or null where none is needed. */
export function orderFor(wish: Wish): { action: string; quantity: number } | null {
  const { target, current } = wish
  if (target === 0 && current === 0) {
    const quantity = Math.trunc(wish.quantity)
    return quantity === 0 ? null : { action: wish.action, quantity }
  }
  const missing = target - current
  if (missing === 0) return null
  return { action: missing > 0 ? 'BUY' : 'SELL', quantity: Math.abs(missing) }
}

interface Place {
  readonly exchange: string
  readonly symbol: string
  readonly product: string
}

/** Who reads a position and then changes it does so alone. */
export const turnOf = (broker: string | undefined, { exchange, symbol, product }: Place) =>
  `${broker} ${exchange} ${symbol} ${product}`

/** Net quantity of a position, 0 where there is none. */
export function quantityOf(
  positions: readonly (Place & { readonly quantity: number })[],
  { exchange, symbol, product }: Place,
): number {
  const found = positions.find((each) => {
    return each.exchange === exchange && each.symbol === symbol && each.product === product
  })
  return found?.quantity ?? 0
}

/** POST /placesmartorder. */
export const smartOrderEndpoint = (context: OrderContext, turns: Turns) =>
  endpoint({
    ...WRITE,
    name: 'placesmartorder',
    rate: 'smartOrder',
    summary: 'Place the order that leads to a position; orders that wait are not counted',
    request: ORDER.smart,
    success: z.union([SENT, z.object({ message: z.string(), status: z.literal('success') })]),
    check: fractionOf,
    answer({ apikey, position_size, ...order }, caller) {
      const broker = accountOf(context, order.broker)
      const { strategy, client_order_id, broker: asked, ...terms } = order
      const wish = { ...terms, position_size }
      const sent = (told: GatewayAnswer<Sent>) =>
        jsonReply(200, { orderid: okOf(told, broker).orderid, status: 'success' })
      return turns.take([turnOf(broker, order)], async () => {
        // What is missing by now is not what was when the order was sent under this id.
        const first = await context.gateway.firstAnswer(order, wish)
        if (first !== null) return sent(first)
        const positions = okOf(await context.gateway.positions({ broker: order.broker }), broker)
        const current = quantityOf(positions, order)
        const { action, quantity } = order
        const target = Math.trunc(position_size)
        const computed = orderFor({ target, current, action, quantity })
        if (computed === null) {
          return jsonReply(200, { message: NOTHING_TO_DO, status: 'success' })
        }
        return sent(await context.gateway.place({ ...order, ...computed }, caller, wish))
      })
    },
  })
