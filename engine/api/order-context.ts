// What the endpoints of orders, accounts and market data are answered from.
import type { GatewayCall } from '../front/words.ts'
import type { OrderGateway } from '../orders/gateway.ts'
import { refusal } from './failures.ts'
import type { LiveQuotes } from './live-quotes.ts'
import { printed } from './order-fields.ts'
import type { Reply } from './reply.ts'
import type { Messages } from './rest.ts'

/** The gateway as endpoints ask it, perhaps from another thread. */
export type Gateway = {
  readonly [Name in GatewayCall]: (
    ...given: Parameters<OrderGateway[Name]>
  ) => ReturnType<OrderGateway[Name]> | Promise<Awaited<ReturnType<OrderGateway[Name]>>>
}

export interface OrderContext {
  readonly gateway: Gateway
  readonly quotes: LiveQuotes
  /** Configured brokers; the first answers where a request names none. */
  readonly brokers: readonly string[]
  /** Epoch ms. */
  nowMs(): number
  wait(ms: number): Promise<unknown>
}

/** The account that a request is about, undefined where it names one that there is not: the gateway then says so. */
export function accountOf(
  { brokers }: Pick<OrderContext, 'brokers'>,
  asked: string | undefined,
): string | undefined {
  if (asked === undefined) return brokers[0]
  return brokers.includes(asked) ? asked : undefined
}

/** The refusal of fields by calls on orders: one text. */
export function refuseInOneText(messages: Messages | string): Reply {
  return refusal(400, typeof messages === 'string' ? messages : printed(messages))
}
