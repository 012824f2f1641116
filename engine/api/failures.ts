// How the API says no: which status stands for which code of the closed set, and the bodies that hold both.
import type { ErrorCode } from '../../adapters/orders.ts'
import type { GatewayAnswer, GatewayError } from '../orders/refusal.ts'
import { jsonReply, type Reply } from './reply.ts'

/**
 * The status of each code. 500 is what OpenAlgo answers when a broker fails; and of all statuses for trouble that may
 * pass it is the one that no client sends a request again for, which an order of unknown fate must not be.
 */
const STATUSES: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  INVALID_ORDER: 400,
  ORDER_ERROR: 400,
  INSUFFICIENT_FUNDS: 400,
  INSUFFICIENT_MARGIN: 400,
  INSUFFICIENT_HOLDINGS: 400,
  MARKET_CLOSED: 400,
  INVALID_TOKEN: 403,
  INSUFFICIENT_PERMISSION: 403,
  STATIC_IP_REQUIRED: 403,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  NETWORK_ERROR: 500,
  UNKNOWN_OUTCOME: 500,
  UNKNOWN_ERROR: 500,
  UNSUPPORTED: 501,
}

/** What a code means where it is about one field: an unknown symbol is a wrong field, an unknown order is not. */
const FIELD_STATUSES: Readonly<Record<string, number>> = {
  'NOT_FOUND symbol': 400,
  'UNSUPPORTED broker': 404,
}

/** The code of a refusal that says nothing else, by its status. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_INPUT',
  401: 'INSUFFICIENT_PERMISSION',
  403: 'INSUFFICIENT_PERMISSION',
  404: 'NOT_FOUND',
  405: 'INVALID_INPUT',
  413: 'INVALID_INPUT',
  429: 'RATE_LIMITED',
  501: 'UNSUPPORTED',
}

/** OpenAlgo's words for a key that it does not know, and for one whose broker has no live session. */
export const INVALID_KEY = 'Invalid openalgo apikey'
const NO_ORDERS = 'Broker-specific module not found'
const SECOND_MS = 1000

/** Fields of an error body besides the message and the status. */
export type More = Readonly<Record<string, unknown>>

/** A refusal of a request whose fields are well formed. */
export class RestFailure extends Error {
  override readonly name = 'RestFailure'
  readonly status: number
  readonly more: More

  constructor(status: number, message: string, more: More = {}) {
    super(message)
    this.status = status
    this.more = more
  }
}

/** An error in OpenAlgo's form, with a code for machines; keys are in alphabetical order. */
export function refusal(status: number, message: unknown, more: More = {}): Reply {
  const error_code = CODES[status] ?? 'UNKNOWN_ERROR'
  const body = { error_code, ...more, message, status: 'error' }
  const sorted = Object.entries(body).sort(([one], [other]) => (one < other ? -1 : 1))
  return jsonReply(status, Object.fromEntries(sorted))
}

/** The status for an error of the gateway. */
export function statusOf({ code, field }: Pick<GatewayError, 'code' | 'field'>): number {
  return FIELD_STATUSES[`${code} ${field}`] ?? STATUSES[code]
}

/** The answer of the gateway. Throws a RestFailure for an error, with the account that it is about. */
export function okOf<Ok>(told: GatewayAnswer<Ok>, broker: string | undefined): Ok {
  if ('ok' in told) return told.ok
  throw failureOf(told.error, broker)
}

/** An error of the gateway as a refusal. */
export function failureOf(error: GatewayError, broker: string | undefined): RestFailure {
  const { code, message, retryAfterMs, tag } = error
  const more = {
    error_code: code,
    ...(broker === undefined ? {} : { broker }),
    ...(tag === undefined ? {} : { tag }),
  }
  const status = statusOf(error)
  // Clients know a dead session by the words for a key that is not valid.
  if (code === 'INVALID_TOKEN') {
    return new RestFailure(status, INVALID_KEY, { ...more, detail: message })
  }
  if (code === 'UNSUPPORTED' && status === 404) {
    return new RestFailure(status, NO_ORDERS, { ...more, detail: message })
  }
  if (retryAfterMs === undefined) return new RestFailure(status, message, more)
  const retry_after = Math.ceil(retryAfterMs / SECOND_MS)
  return new RestFailure(status, message, { ...more, retry_after, retry_after_ms: retryAfterMs })
}
