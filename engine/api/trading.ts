// All endpoints that orders, accounts and markets are behind.
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../../config/schema.ts'
import { nowMs, nowUs } from '../clock.ts'
import type { OrderGateway } from '../orders/gateway.ts'
import { accountEndpoints } from './account.ts'
import { gttEndpoints } from './gtt.ts'
import { type LiveFeed, LiveQuotes } from './live-quotes.ts'
import { marketDataEndpoints } from './market-data.ts'
import type { OrderContext } from './order-context.ts'
import { orderInformationEndpoints } from './order-information.ts'
import { orderEndpoints } from './orders.ts'
import type { Endpoint } from './rest.ts'
import { utilityEndpoints } from './utility.ts'

/** What they are answered from. `feeds` are in the order of preference, as the gateway's brokers are. */
export function tradingContext(
  gateway: OrderGateway,
  feeds: readonly LiveFeed[],
  { live_ms_max }: Pick<Config['rest'], 'live_ms_max'>,
): OrderContext {
  const brokers = feeds.map(({ id }) => id)
  return { gateway, quotes: new LiveQuotes(feeds, live_ms_max, nowUs), brokers, nowMs, wait }
}

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
