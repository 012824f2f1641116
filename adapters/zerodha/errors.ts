// Kite's refusals in the closed set of codes, and which of them are Kite's own word that nothing was done.
import type { ErrorCode, Refusal } from '../orders.ts'

/** What Kite's `error_type` says by itself. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  TokenException: 'INVALID_TOKEN',
  PermissionException: 'INSUFFICIENT_PERMISSION',
  UserException: 'INSUFFICIENT_PERMISSION',
  OrderException: 'ORDER_ERROR',
  InputException: 'INVALID_INPUT',
  MarginException: 'INSUFFICIENT_FUNDS',
  HoldingException: 'INSUFFICIENT_HOLDINGS',
  NetworkException: 'NETWORK_ERROR',
  DataException: 'NETWORK_ERROR',
  GeneralException: 'UNKNOWN_ERROR',
}

/** What the words say more exactly; the first that fits counts, and none of them overrules a dead session. */
const WORDS: readonly (readonly [words: RegExp, code: ErrorCode])[] = [
  [/static ip|not allowed to place orders for this app/i, 'STATIC_IP_REQUIRED'],
  [/too many request|rate limit|maximum allowed order request/i, 'RATE_LIMITED'],
  [/insufficient fund/i, 'INSUFFICIENT_FUNDS'],
  [/margin exceeds|margin shortfall|insufficient margin/i, 'INSUFFICIENT_MARGIN'],
  [/insufficient holding|insufficient (stock|free) holding|edis\b/i, 'INSUFFICIENT_HOLDINGS'],
  [/after[- ]market order|markets? (is|are) closed|exchange is closed/i, 'MARKET_CLOSED'],
  [/couldn'?t find|could not find|not found|does not exist/i, 'NOT_FOUND'],
  [
    /circuit|price band|tick size|multiple of|freeze|trigger price|without market protection/i,
    'INVALID_ORDER',
  ],
]

/**
 * Words of a refusal that may hide an order which went through all the same: a time-out at the order system once came
 * as HTTP 400, and the order appeared eight seconds later.
 */
const UNCLEAR = new RegExp(
  [
    /time[ds]?[- ]?out|gateway|\boms\b|network|no response|not respond|(re)?connect|unreachable/,
    /request failed|temporarily|unavailable at|(service|server|system) (is )?(unavailable|down|busy)/,
    /unknown (error|status)|something went wrong/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
)

/** With these types Kite itself has looked at the call and said no. All others speak of what lies behind Kite. */
const POSITIVE = new Set([
  'InputException',
  'OrderException',
  'MarginException',
  'HoldingException',
  'TokenException',
  'PermissionException',
  'UserException',
])

/**
 * Refusals of the front door that are no word on the order: 408 is a time-out, and Kite's own advice on anything
 * that is throttled (429) is to look into the order book before sending again.
 */
const UNCLEAR_STATUSES = [408, 425, 429]

export interface KiteError {
  readonly status: number
  readonly type: string
  readonly message: string
}

/** A refusal in common terms. */
export function refusalOf({ status, type, message }: KiteError): Refusal {
  return { code: codeOf(status, type, message), message: message || `HTTP ${status} ${type}` }
}

function codeOf(status: number, type: string, message: string): ErrorCode {
  if (type === 'TokenException') return 'INVALID_TOKEN'
  if (status === 429) return 'RATE_LIMITED'
  const found = WORDS.find(([words]) => words.test(message))
  if (found !== undefined) return found[1]
  if (!Object.hasOwn(CODES, type)) return 'UNKNOWN_ERROR'
  return status === 404 ? 'NOT_FOUND' : CODES[type]!
}

/** Whether this refusal of a write proves that nothing was done. */
export function isPositive({ status, type, message }: KiteError): boolean {
  const isClientError = status >= 400 && status < 500 && !UNCLEAR_STATUSES.includes(status)
  return isClientError && POSITIVE.has(type) && !UNCLEAR.test(message)
}
