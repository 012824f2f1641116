// An order as clients are told of it: OpenAlgo's event, with all its keys.
import type { OrderRecord } from '../../adapters/orders.ts'
import { orderRow } from './books.ts'
import type { NamedRecord } from './names.ts'

/** The event, but for whose account it is: that is told to each client in its own words. */
export type OrderUpdate = ReturnType<typeof orderUpdate>

/** Makes the event of an order's state. */
export function orderUpdate(broker: string, record: OrderRecord, name: NamedRecord) {
  const row = orderRow(record, name)
  return {
    mode: 'live',
    broker,
    orderid: row.orderid,
    symbol: row.symbol,
    exchange: row.exchange,
    action: row.action,
    quantity: row.quantity,
    price: row.price,
    trigger_price: row.trigger_price,
    pricetype: row.pricetype,
    product: row.product,
    order_status: row.order_status,
    filled_quantity: row.filled_quantity,
    pending_quantity: row.pending_quantity,
    average_price: row.average_price,
    rejection_reason: record.status === 'rejected' ? (row.status_message ?? '') : '',
    // Beyond OpenAlgo's.
    timestamp: row.timestamp,
    tag: row.tag,
  } as const
}

/** The whole event, in OpenAlgo's order of keys. */
export function withUser(update: OrderUpdate, userId: string) {
  return { type: 'order_update', user_id: userId, ...update } as const
}
