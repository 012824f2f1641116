// Zerodha as it is, but for the number of calls that it takes: a simulated run makes a day's orders in minutes.
import type { OrdersSpec } from '../../adapters/orders.ts'
import zerodha from '../../adapters/zerodha/spec.ts'

export default { ...zerodha, orders: { ...(zerodha.orders as OrdersSpec), quotas: [] } }
