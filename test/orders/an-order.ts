// An order of an account, for tests of what becomes of it.
import type { OrderRecord } from '../../adapters/orders.ts'

export const AN_ORDER: OrderRecord = {
  brokerExchange: 'NSE',
  brokerSymbol: 'RELIANCE',
  token: '738561',
  orderId: '1',
  exchangeOrderId: null,
  tag: 'tag1',
  status: 'open',
  statusMessage: null,
  action: 'BUY',
  product: 'MIS',
  priceType: 'LIMIT',
  validity: 'DAY',
  quantity: 10,
  disclosedQuantity: 0,
  price: 1300,
  triggerPrice: 0,
  filledQuantity: 0,
  pendingQuantity: 10,
  cancelledQuantity: 0,
  averagePrice: 0,
  timestamp: '2026-07-01 09:30:01',
}

/** The order in another state. */
export const order = (change: Partial<OrderRecord> = {}): OrderRecord => ({
  ...AN_ORDER,
  ...change,
})
