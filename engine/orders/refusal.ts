// How the order gateway says no: a code of the closed set, words for people, and the field where one is to blame.
import type { ErrorCode } from '../../adapters/orders.ts'

export interface GatewayError {
  readonly code: ErrorCode
  readonly message: string
  /** The caller's field that is to blame. */
  readonly field?: string
  /** When the same call can be made again, for RATE_LIMITED. */
  readonly retryAfterMs?: number
  /** The tag of an order that was sent and whose fate is not known. */
  readonly tag?: string
}

export type GatewayAnswer<Ok> = { readonly ok: Ok } | { readonly error: GatewayError }

const SHOWN_MAX = 80

/** A caller's value as a message shows it: short, and never its whole structure. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > SHOWN_MAX
      ? `${JSON.stringify(value.slice(0, SHOWN_MAX))}...`
      : JSON.stringify(value)
  }
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** A field whose value is not what it must be. */
export function badField(field: string, value: unknown, allowed: string): GatewayError {
  const found = value === undefined || value === null ? 'is missing' : `is ${shown(value)}`
  return { code: 'INVALID_INPUT', field, message: `${field} ${found}; it must be ${allowed}` }
}

/** A field that is well formed, and cannot be for this instrument, exchange or account. */
export function badOrder(field: string, value: unknown, why: string): GatewayError {
  return { code: 'INVALID_ORDER', field, message: `${field} is ${shown(value)}; ${why}` }
}
