// Messages of orders: text frames on the ticker socket, and calls to the app's postback address. Kite Connect v3,
// "WebSocket streaming" and "Postbacks".
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Credentials } from '../broker.ts'
import type { OrderRecord } from '../orders.ts'
import type { Postback, PostbackReading } from '../postback.ts'
import { orderRecord } from './books.ts'
import { type Fields, fieldsOf, readMessage } from './envelope.ts'

/** The order in the `data` of a text frame. */
export function readOrder(
  data: unknown,
): { readonly answer: OrderRecord } | { readonly malformed: string } {
  return readMessage(() => orderRecord(fieldsOf(data, 'data'), 'data'))
}

function isProven({ order_id, order_timestamp, checksum }: Fields, secret: string): boolean {
  const told = Buffer.from(String(checksum))
  const due = createHash('sha256').update(`${order_id}${order_timestamp}${secret}`).digest('hex')
  return told.length === due.length && timingSafeEqual(told, Buffer.from(due))
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function read(body: string, { api_secret = '', user_id }: Credentials): PostbackReading {
  const opened = readMessage(() => fieldsOf(parse(body), 'the body'))
  if ('malformed' in opened) return { refused: 'malformed', why: opened.malformed }
  const fields = opened.answer
  // Nothing of it is looked at before it is known to be Kite's.
  if (!isProven(fields, api_secret)) return { refused: 'forged', why: 'the checksum is wrong' }
  if (user_id !== undefined && fields.user_id !== user_id) {
    return { refused: 'foreign', why: 'it is of another user of the app' }
  }
  const told = readOrder(fields)
  return 'answer' in told ? { record: told.answer } : { refused: 'malformed', why: told.malformed }
}

export const postback: Postback = { needs: 'api_secret', read }
