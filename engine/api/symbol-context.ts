// What the symbol endpoints are answered from.
import type { Lookup } from '../symbols/lookup/lookup.ts'
import { RestFailure } from './failures.ts'
import type { Quote } from './live-quotes.ts'

/** Look-ups as endpoints ask for them, perhaps from another thread. */
export type Lookups = Pick<Lookup, 'ask' | 'dump'>

export interface SymbolContext {
  readonly lookup: Lookups
  /** Configured brokers; the first answers where a request names none. */
  readonly brokers: readonly string[]
  /** Epoch ms. */
  nowMs(): number
  readonly market: Market
}

/** Where quotes come from: null is one that there is not. Both throw a RestFailure where the broker fails. */
export interface Market {
  quote(broker: string, named: Named): Promise<Quote | null>
  /** In the order of the instruments. */
  quotes(broker: string, named: readonly Named[]): Promise<readonly (Quote | null)[]>
}

export interface Named {
  readonly exchange: string
  readonly symbol: string
}

/** The broker that a request is about. Throws a RestFailure for one that is not configured. */
export function brokerOf({ brokers }: SymbolContext, asked: string | undefined): string {
  const found = asked ?? brokers[0]
  if (found === undefined) throw new RestFailure(503, 'No broker is configured')
  if (brokers.includes(found)) return found
  throw new RestFailure(400, `broker must be one of: ${brokers.join(', ')}`)
}
