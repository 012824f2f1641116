// Kite's words for each reason of a refusal. Kite Connect v3, "Exceptions and errors"; the sentences are those that
// people have recorded.
import type { SimulatedRefusal } from './simulator.ts'

function refusal(
  code: string,
  errorType: string,
  status: number,
  message: string,
  isPositive = true,
): SimulatedRefusal {
  return { code, says: { errorType, status, message }, isPositive }
}

export const KITE_REFUSALS: readonly SimulatedRefusal[] = [
  refusal('INVALID_TOKEN', 'TokenException', 403, 'Incorrect `api_key` or `access_token`.'),
  refusal(
    'INSUFFICIENT_PERMISSION',
    'PermissionException',
    403,
    'Insufficient permission for that call.',
  ),
  refusal('INSUFFICIENT_PERMISSION', 'UserException', 403, 'Your account is not active.'),
  refusal(
    'STATIC_IP_REQUIRED',
    'PermissionException',
    403,
    'IP (203.0.113.7) is not allowed to place orders for this app.',
  ),
  refusal('INVALID_INPUT', 'InputException', 400, 'Invalid `quantity`.'),
  refusal(
    'INVALID_ORDER',
    'InputException',
    400,
    'Tick size for this script is 0.10. Kindly enter price in the multiple of tick size for this script.',
  ),
  refusal(
    'INVALID_ORDER',
    'InputException',
    400,
    'Market orders without market protection are not allowed via API. ' +
      'Please set market protection or use a Limit order.',
  ),
  refusal(
    'ORDER_ERROR',
    'OrderException',
    400,
    'Order cannot be modified as it is being processed. Try later.',
  ),
  refusal('NOT_FOUND', 'OrderException', 400, "Couldn't find that `order_id`."),
  refusal(
    'INSUFFICIENT_FUNDS',
    'MarginException',
    400,
    'Insufficient funds. Required margin is 29855.00 but available margin is 100.00.',
  ),
  refusal(
    'INSUFFICIENT_MARGIN',
    'MarginException',
    400,
    'RMS:Margin Exceeds,Required:29855.00, Available:100.00 for entity account-SIM001',
  ),
  refusal(
    'INSUFFICIENT_HOLDINGS',
    'HoldingException',
    400,
    'Insufficient stock holding or there are pending sell orders for this stock.',
  ),
  refusal(
    'MARKET_CLOSED',
    'InputException',
    400,
    'Your order could not be converted to a After Market Order (AMO).',
  ),
  refusal(
    'MARKET_CLOSED',
    'OrderException',
    400,
    'Markets are closed right now. Use GTT for placing long standing orders instead.',
  ),
  refusal('RATE_LIMITED', 'NetworkException', 429, 'Too many requests', false),
  refusal(
    'NETWORK_ERROR',
    'NetworkException',
    503,
    'Gateway timed out. The order system cannot be reached.',
    false,
  ),
  refusal('NETWORK_ERROR', 'DataException', 502, 'Unintelligible response from the OMS.', false),
  refusal('UNKNOWN_ERROR', 'GeneralException', 500, 'Something went wrong.', false),
]
