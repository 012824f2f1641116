// All endpoints that orders, accounts and markets are behind.
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../../config/schema.ts'
import { nowMs, nowUs } from '../clock.ts'
import { accountEndpoints } from './account.ts'
import { okOf, RestFailure } from './failures.ts'
import { gttEndpoints } from './gtt.ts'
import { type LiveFeed, LiveQuotes } from './live-quotes.ts'
import { manyQuotes, marketDataEndpoints } from './market-data.ts'
import type { Gateway, OrderContext } from './order-context.ts'
import { orderInformationEndpoints } from './order-information.ts'
import { orderEndpoints } from './orders.ts'
import type { Endpoint } from './rest.ts'
import type { Market } from './symbol-context.ts'
import { utilityEndpoints } from './utility.ts'

/** What they are answered from. `feeds` are in the order of preference, as the gateway's brokers are. */
export function tradingContext(
  gateway: Gateway,
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

/** No such instrument, or none of which the broker tells. */
const NO_QUOTE: readonly unknown[] = ['NOT_FOUND', 'UNSUPPORTED']

/** Quotes from the last ticks, or else from the broker, where it has any. */
export function marketOf(context: OrderContext): Market {
  return {
    async quote(broker, { exchange, symbol }) {
      const live = context.quotes.quote(broker, exchange, symbol)
      if (live !== null) return live
      const told = await context.gateway.quote({ broker, exchange, symbol })
      if ('error' in told && NO_QUOTE.includes(told.error.code)) return null
      return okOf(told, broker)
    },
    async quotes(broker, named) {
      try {
        const results = await manyQuotes(context, named, broker)
        return results.map(({ data }) => data ?? null)
      } catch (error) {
        if (!(error instanceof RestFailure) || !NO_QUOTE.includes(error.more.error_code))
          throw error
        return named.map(({ exchange, symbol }) => context.quotes.quote(broker, exchange, symbol))
      }
    },
  }
}
