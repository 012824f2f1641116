// The part of the contract for brokers that call an address of the user's when an order changes.
import type { Credentials } from './broker.ts'
import type { OrderRecord } from './orders.ts'

/**
 * What a call to the postback address says. `malformed` is none of the broker's making, `forged` fails its proof,
 * `foreign` is of another user of the same app.
 */
export type PostbackReading =
  | { readonly record: OrderRecord }
  | { readonly refused: 'malformed' | 'forged' | 'foreign'; readonly why: string }

/** Messages of orders that a broker sends by HTTP, to an address that the user names to it. */
export interface Postback {
  /** The credential that proves them: without it none can be believed. */
  readonly needs: string
  /** Reads a body of whatever content; `known` are the credentials, and `user_id` where the account's is known. */
  read(body: string, known: Credentials): PostbackReading
}
