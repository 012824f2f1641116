// What the endpoints that write have in common.
import { z } from 'zod'
import { refuseInOneText } from './order-context.ts'

/** The answer to one order. */
export const SENT = z.object({
  orderid: z.string().meta({ description: "The broker's id of the order" }),
  status: z.literal('success'),
})

/** What may become of a write, besides what may become of every call. */
export const WRITE_REFUSALS: Readonly<Record<number, string>> = {
  400: 'A field is missing, unknown or wrong, or the order cannot be one; nothing was sent, or the broker rejected it',
  403: 'The API key is not valid or may not trade, the broker has no live session, or the kill switch is set',
  404: 'There is no such order, or the broker takes no orders',
  429: 'Too many calls, or the broker takes no more orders for now; nothing was sent',
  500: 'The broker failed; with error_code UNKNOWN_OUTCOME the order may be there: look before sending it again',
}

/** What all endpoints that write share. */
export const WRITE = {
  method: 'POST',
  scope: 'trade',
  refusals: WRITE_REFUSALS,
  refuseFields: refuseInOneText,
} as const
