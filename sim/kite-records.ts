// Orders and trades as Kite words them. Kite Connect v3, "Orders".
import { indianTime } from './calendar.ts'
import type { Order, OrderState, Stage, Trade } from './order.ts'

export const USER_ID = 'SIM001'
export const APP_ID = 1234

const STATUSES: Readonly<Record<Stage, string>> = {
  received: 'PUT ORDER REQ RECEIVED',
  validating: 'VALIDATION PENDING',
  opening: 'OPEN PENDING',
  parked: 'AMO REQ RECEIVED',
  waiting: 'TRIGGER PENDING',
  open: 'OPEN',
  updated: 'UPDATE',
  'change validating': 'MODIFY VALIDATION PENDING',
  changing: 'MODIFY PENDING',
  cancelling: 'CANCEL PENDING',
  complete: 'COMPLETE',
  cancelled: 'CANCELLED',
  rejected: 'REJECTED',
}

/** A number without the noise of binary fractions. */
export const tidy = (value: number, digits = 4) => Number(value.toFixed(digits))

export function statusOf(order: Order, stage: Stage): string {
  return stage === 'cancelled' && order.ask.variety === 'amo' ? 'CANCELLED AMO' : STATUSES[stage]
}

/** What an order was in one of its states. */
export function orderRow(order: Order, state: OrderState, isCurrent: boolean) {
  const { ask } = order
  const { contract } = ask
  const { terms, filledQuantity, cancelledQuantity } = state
  const rupees = (units: number) => tidy(units / contract.unitsPerRupee)
  const time = indianTime(state.atMs)
  const isRejected = state.stage === 'rejected'
  const isAtExchange = order.exchangeId !== null && !isRejected
  // Kite leaves the quantity of a cancelled order pending, as its own recorded order book shows.
  const pendingQuantity = isRejected ? 0 : terms.quantity - filledQuantity
  return {
    account_id: USER_ID,
    placed_by: USER_ID,
    order_id: order.id,
    exchange_order_id: isAtExchange ? order.exchangeId : null,
    parent_order_id: null,
    // A part filled is told by messages and in the history; the order itself is open.
    status: statusOf(order, isCurrent && state.stage === 'updated' ? 'open' : state.stage),
    status_message: state.message,
    status_message_raw: state.message === null ? null : order.rejection!.raw,
    order_timestamp: time,
    exchange_update_timestamp: isAtExchange ? time : null,
    exchange_timestamp: isAtExchange ? indianTime(order.arrivedMs) : null,
    variety: ask.variety,
    modified: terms !== ask,
    exchange: contract.exchange,
    tradingsymbol: contract.tradingsymbol,
    instrument_token: contract.token,
    order_type: terms.priceType,
    transaction_type: ask.side,
    validity: terms.validity,
    validity_ttl: terms.validityMinutes,
    product: ask.product,
    quantity: terms.quantity,
    disclosed_quantity: terms.disclosedQuantity,
    price: rupees(terms.price),
    trigger_price: rupees(terms.trigger),
    average_price: rupees(state.averagePrice),
    filled_quantity: filledQuantity,
    pending_quantity: pendingQuantity,
    cancelled_quantity: cancelledQuantity,
    market_protection: terms.protection,
    meta: {},
    tag: ask.tag,
    ...(ask.tag !== null && { tags: [ask.tag] }),
    guid: `${APP_ID}X${order.id.slice(-9)}`,
  }
}

interface Cached {
  readonly state: OrderState
  readonly text: string
}
const texts = new WeakMap<Order, Cached>()

/** The current row as JSON. Order books are read far more often than orders change. */
export function orderText(order: Order): string {
  const state = order.states.at(-1)!
  const cached = texts.get(order)
  if (cached?.state === state) return cached.text
  const text = JSON.stringify(orderRow(order, state, true))
  texts.set(order, { state, text })
  return text
}

export function tradeRow({ id, order, quantity, price, atMs }: Trade) {
  const { contract, side, product } = order.ask
  return {
    trade_id: id,
    order_id: order.id,
    exchange_order_id: order.exchangeId,
    exchange: contract.exchange,
    tradingsymbol: contract.tradingsymbol,
    instrument_token: contract.token,
    product,
    average_price: tidy(price / contract.unitsPerRupee),
    quantity,
    transaction_type: side,
    fill_timestamp: indianTime(atMs),
    // Of the order's time Kite tells only the time of day here.
    order_timestamp: indianTime(order.arrivedMs).slice(11),
    exchange_timestamp: indianTime(atMs),
  }
}
