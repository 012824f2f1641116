// What the symbol endpoints are answered from.
import type { Lookup } from '../symbols/lookup/lookup.ts'
import { RestFailure } from './failures.ts'

export interface SymbolContext {
  readonly lookup: Lookup
  /** Configured brokers; the first answers where a request names none. */
  readonly brokers: readonly string[]
  /** Epoch ms. */
  nowMs(): number
  /** The last price of an instrument, or null where it cannot be had; without it, none can. */
  priceOf?(broker: string, exchange: string, symbol: string): Promise<number | null>
}

/** The broker that a request is about. Throws a RestFailure for one that is not configured. */
export function brokerOf({ brokers }: SymbolContext, asked: string | undefined): string {
  const found = asked ?? brokers[0]
  if (found === undefined) throw new RestFailure(503, 'No broker is configured')
  if (brokers.includes(found)) return found
  throw new RestFailure(400, `broker must be one of: ${brokers.join(', ')}`)
}
