// Orders over REST: place, modify, cancel, and the books. Kite Connect v3, "Orders".
import type { Account } from './account.ts'
import { type Call, RawJson, type Route } from './kite-call.ts'
import { badInput, checkVariety, readModify, readPlace } from './kite-order-form.ts'
import { orderRow, orderText, tradeRow } from './kite-records.ts'
import { Refusal } from './kite-sessions.ts'
import type { Ask, Order } from './order.ts'

/** Pieces that an order may be cut into. */
const SLICES_MAX = 20

export const ORDER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/orders\/(\w+)$/,
    operation: 'place',
    kind: 'order',
    handle: place,
  },
  {
    method: 'PUT',
    path: /^\/orders\/(\w+)\/(\w+)$/,
    operation: 'modify',
    kind: 'order',
    handle: modify,
  },
  {
    method: 'DELETE',
    path: /^\/orders\/(\w+)\/(\w+)$/,
    operation: 'cancel',
    kind: 'order',
    handle: cancel,
  },
  { method: 'GET', path: /^\/orders$/, operation: 'orderBook', kind: 'other', handle: orderBook },
  {
    method: 'GET',
    path: /^\/orders\/(\w+)$/,
    operation: 'orderStatus',
    kind: 'other',
    handle: orderHistory,
  },
  {
    method: 'GET',
    path: /^\/orders\/(\w+)\/trades$/,
    operation: 'orderTrades',
    kind: 'other',
    handle: ({ context, parts }) => findOrder(context.account, parts[0]!).trades.map(tradeRow),
  },
  {
    method: 'GET',
    path: /^\/trades$/,
    operation: 'tradeBook',
    kind: 'other',
    handle: ({ context }) => context.account.trades.map(tradeRow),
  },
]

function findOrder(account: Account, id: string): Order {
  const order = account.orders.get(id)
  if (order !== undefined) return order
  throw new Refusal(400, 'OrderException', "Couldn't find that `order_id`.")
}

/** The order that a path names, which must not be final. */
function findOpen({ context, parts }: Call, what: string): Order {
  const [variety = '', id = ''] = parts
  checkVariety(variety)
  context.account.endDue()
  const order = findOrder(context.account, id)
  if (order.ask.variety !== variety) findOrder(context.account, '')
  if (!order.isFinal) return order
  throw new Refusal(
    400,
    'OrderException',
    `Order cannot be ${what} as it is being processed. Try later.`,
  )
}

/** The refusal of an order that the risk system has rejected: it has an id and stands in the book. */
class RejectedOrder extends Refusal {}

/** Margins and holdings are refused in the reply, unless the simulator is told to leave it to the book. */
function refuseRejected(order: Order, rejections: 'reply' | 'book'): void {
  const { rejection } = order
  if (rejection === null || rejection.cause === 'price' || rejections === 'book') return
  const errorType = rejection.cause === 'margin' ? 'MarginException' : 'HoldingException'
  throw new RejectedOrder(400, errorType, rejection.message)
}

function slicesOf(ask: Ask): Ask[] {
  const { freezeQuantity, lotSize } = ask.contract
  const size = freezeQuantity - (freezeQuantity % lotSize)
  const count = Math.ceil(ask.quantity / size)
  if (count > SLICES_MAX) throw badInput(`Invalid \`quantity\`: more than ${SLICES_MAX} slices.`)
  return Array.from({ length: count }, (_, at) => {
    const quantity = Math.min(size, ask.quantity - at * size)
    return { ...ask, quantity, disclosedQuantity: 0, origin: 'slice' as const }
  })
}

function child(order: Order): object {
  if (order.rejection === null) return { order_id: order.id }
  const error = { code: 400, error_type: 'OrderException', message: order.rejection.message }
  return { error }
}

function place(call: Call): object {
  const { context, body } = call
  try {
    return placeOrder(call)
  } catch (error) {
    const hasOrder = error instanceof RejectedOrder
    if (error instanceof Refusal && !hasOrder) context.record.refused(body, error, context.clock())
    throw error
  }
}

function placeOrder({ context, parts, body, postpone }: Call): object {
  const { account, rejections } = context
  if (account.isFull) {
    throw new Refusal(400, 'OrderException', 'The simulator keeps no more orders than it has.')
  }
  const { ask, isSliced } = readPlace(account, parts[0]!, body)
  if (postpone !== undefined) {
    const id = account.ids.nextOrder(context.clock())
    postpone(() => void account.place(ask, id))
    return { order_id: id }
  }
  if (isSliced && ask.quantity > ask.contract.freezeQuantity) {
    const [first, ...others] = slicesOf(ask).map((slice) => account.place(slice))
    refuseRejected(first!, rejections)
    return { order_id: first!.id, children: others.map(child) }
  }
  const order = account.place(ask)
  refuseRejected(order, rejections)
  return { order_id: order.id }
}

function modify(call: Call): object {
  const { context, body, postpone } = call
  const { account, limits } = context
  const order = findOpen(call, 'modified')
  const most = limits.limits?.modificationsPerOrder ?? Number.POSITIVE_INFINITY
  if (order.modifications >= most) {
    throw new Refusal(400, 'OrderException', 'Maximum allowed order modifications exceeded.')
  }
  const terms = readModify(account, order, body)
  if (postpone !== undefined) {
    postpone(() => {
      if (!order.isFinal) account.modify(order, terms)
    })
    return { order_id: order.id }
  }
  const rejection = account.modify(order, terms)
  if (rejection === null) return { order_id: order.id }
  const errorType = rejection.cause === 'margin' ? 'MarginException' : 'OrderException'
  throw new Refusal(400, errorType, rejection.message)
}

function cancel(call: Call): object {
  const { context, postpone } = call
  const order = findOpen(call, 'cancelled')
  const change = () => {
    if (!order.isFinal) context.account.cancel(order)
  }
  if (postpone === undefined) change()
  else postpone(change)
  return { order_id: order.id }
}

function orderBook({ context }: Call): RawJson {
  context.account.endDue()
  const rows: string[] = []
  for (const order of context.account.orders.values()) rows.push(orderText(order))
  return new RawJson(`[${rows.join(',')}]`)
}

function orderHistory({ context, parts }: Call): object[] {
  context.account.endDue()
  const order = findOrder(context.account, parts[0]!)
  return order.states.map((state, at) => orderRow(order, state, at === order.states.length - 1))
}
