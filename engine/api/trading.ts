// All endpoints that orders, accounts and markets are behind.
import { accountEndpoints } from './account.ts'
import { gttEndpoints } from './gtt.ts'
import { marketDataEndpoints } from './market-data.ts'
import type { OrderContext } from './order-context.ts'
import { orderInformationEndpoints } from './order-information.ts'
import { orderEndpoints } from './orders.ts'
import type { Endpoint } from './rest.ts'
import { utilityEndpoints } from './utility.ts'

/** OpenAlgo's endpoints for orders, accounts and markets. */
export function tradingEndpoints(context: OrderContext): Endpoint[] {
  return [
    ...orderEndpoints(context),
    ...gttEndpoints(context),
    ...orderInformationEndpoints(context),
    ...accountEndpoints(context),
    ...marketDataEndpoints(context),
    ...utilityEndpoints(context),
  ]
}

/** The last price of an instrument, from the last tick or else from the broker; null where neither has one. */
export function lastPrices(context: OrderContext) {
  return async (broker: string, exchange: string, symbol: string): Promise<number | null> => {
    const live = context.quotes.quote(broker, exchange, symbol)
    if (live !== null) return live.ltp
    const told = await context.gateway.quote({ broker, exchange, symbol })
    return 'ok' in told && told.ok.ltp > 0 ? told.ok.ltp : null
  }
}
