// OpenAlgo's endpoints that place, change and cancel one order.
import { okOf } from './failures.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { fractionOf, ORDER } from './order-fields.ts'
import { basketOrderEndpoint, splitOrderEndpoint } from './order-lists.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint } from './rest.ts'
import { smartOrderEndpoint } from './smart-order.ts'
import { Turns } from './turns.ts'
import { cancelAllEndpoint, closePositionEndpoint } from './whole-account.ts'
import { SENT, WRITE } from './write-endpoint.ts'

const placeOrderEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'placeorder',
    rate: 'order',
    summary: 'Place an order',
    request: ORDER.place,
    success: SENT,
    check: fractionOf,
    async answer({ apikey, underlying_ltp, ...order }, caller) {
      const told = await context.gateway.place(order, caller)
      const { orderid } = okOf(told, accountOf(context, order.broker))
      return jsonReply(200, { orderid, status: 'success' })
    },
  })

const modifyOrderEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'modifyorder',
    rate: 'order',
    summary: 'Change an order; the fields are its whole new state',
    request: ORDER.modify,
    success: SENT,
    check: fractionOf,
    async answer({ apikey, ...order }, caller) {
      const told = await context.gateway.modify(order, caller)
      const { orderid } = okOf(told, accountOf(context, order.broker))
      return jsonReply(200, { orderid, status: 'success' })
    },
  })

const cancelOrderEndpoint = (context: OrderContext) =>
  endpoint({
    ...WRITE,
    name: 'cancelorder',
    rate: 'order',
    summary: 'Cancel an order',
    request: ORDER.cancel,
    success: SENT,
    async answer({ apikey, ...order }, caller) {
      const told = await context.gateway.cancel(order, caller)
      const { orderid } = okOf(told, accountOf(context, order.broker))
      return jsonReply(200, { orderid, status: 'success' })
    },
  })

/** OpenAlgo's endpoints that place, change and cancel orders. */
export function orderEndpoints(context: OrderContext): Endpoint[] {
  const turns = new Turns()
  return [
    placeOrderEndpoint(context),
    smartOrderEndpoint(context, turns),
    basketOrderEndpoint(context),
    splitOrderEndpoint(context),
    modifyOrderEndpoint(context),
    cancelOrderEndpoint(context),
    cancelAllEndpoint(context),
    closePositionEndpoint(context, turns),
  ]
}
