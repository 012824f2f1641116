// What all of Kite's calls share: the headers, the envelope of the replies, and their fields, none of which can be
// trusted to be there. A reply that is not as documented is a refusal of a read, and leaves a write unknown.
import type { HttpReply, Session } from '../broker.ts'
import type { BrokerInstrument, ReadReply, WriteReply } from '../orders.ts'
import { isPositive, type KiteError, refusalOf } from './errors.ts'

const WORDS_MAX = 500
const NOT_FOUND = 404
/** Ids go into paths and journals: nothing else is one. */
const ID = /^[A-Za-z0-9_-]{1,64}$/

export type Fields = Readonly<Record<string, unknown>>

/** A reply that is not what Kite documents. */
class Malformed extends Error {}

/** Headers of every call. */
export function headersOf(session: Session): Record<string, string> {
  return {
    'X-Kite-Version': '3',
    Authorization: `token ${session.apiKey ?? ''}:${session.accessToken}`,
  }
}

type Envelope =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'error'; readonly error: KiteError }
  | { readonly kind: 'unreadable'; readonly why: string }

// Replies end in logs and terminals.
const plain = (text: string) => text.replace(/\p{Cc}+/gu, ' ').slice(0, WORDS_MAX)
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function openEnvelope({ status, body }: HttpReply): Envelope {
  const unreadable = (why: string): Envelope => ({
    kind: 'unreadable',
    why: `HTTP ${status} ${why}`,
  })
  if (status === 0) return { kind: 'unreadable', why: 'no reply' }
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return unreadable('with a body that is not JSON')
  }
  if (!isFields(parsed)) return unreadable('with a body that is no object')
  const { status: word, message, error_type: type, data } = parsed
  const isDone = status >= 200 && status < 300
  if (word === 'success') {
    return isDone ? { kind: 'data', data } : unreadable('that says success')
  }
  if (word !== 'error' || typeof type !== 'string' || isDone) {
    return unreadable('without the envelope of a success or an error')
  }
  const said = typeof message === 'string' ? message : ''
  return { kind: 'error', error: { status, type: plain(type), message: plain(said) } }
}

/** Reads the reply to a write whose answer carries the id under `name`; for a change of `expected`, that id again. */
export function readWrite(reply: HttpReply, name: string, expected: string | null): WriteReply {
  const envelope = openEnvelope(reply)
  if (envelope.kind === 'unreadable') return { outcome: 'unknown', why: envelope.why }
  if (envelope.kind === 'error') {
    const { error } = envelope
    const { status, type, message } = error
    // Whatever type it has: what is not there was not changed.
    const isNotThere = expected !== null && status === NOT_FOUND
    if (isNotThere || isPositive(error)) return { outcome: 'rejected', refusal: refusalOf(error) }
    return { outcome: 'unknown', why: `HTTP ${status} ${type}: ${message}` }
  }
  const id = isFields(envelope.data) ? idOrNull(envelope.data[name]) : null
  if (id === null) {
    return { outcome: 'unknown', why: `HTTP ${reply.status} success without data.${name}` }
  }
  if (expected !== null && id !== expected) {
    return { outcome: 'unknown', why: `HTTP ${reply.status} success for another id: ${id}` }
  }
  return { outcome: 'accepted', id }
}

/** Reads the reply to a read; `map` takes the data and throws, by the readers below, where it is not as documented. */
export function readData<Answer>(
  reply: HttpReply,
  map: (data: unknown) => Answer,
): ReadReply<Answer> {
  const envelope = openEnvelope(reply)
  if (envelope.kind === 'error') return { refusal: refusalOf(envelope.error) }
  if (envelope.kind === 'unreadable') {
    const { status } = reply
    const isBehind = status === 0 || status >= 500
    const code = status === 429 ? 'RATE_LIMITED' : isBehind ? 'NETWORK_ERROR' : 'UNKNOWN_ERROR'
    return { refusal: { code, message: envelope.why } }
  }
  try {
    return { answer: map(envelope.data) }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { refusal: { code: 'UNKNOWN_ERROR', message: `Kite's reply: ${error.message}` } }
  }
}

/** What `map`, by the readers below, makes of a value that came otherwise than in a reply; or why it makes nothing. */
export function readMessage<Answer>(
  map: () => Answer,
): { readonly answer: Answer } | { readonly malformed: string } {
  try {
    return { answer: map() }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return { malformed: error.message }
  }
}

/** The value as an object. */
export function fieldsOf(value: unknown, name: string): Fields {
  if (isFields(value)) return value
  throw new Malformed(`${name} is not an object`)
}

/** The value as a list. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Malformed(`${name} is not a list`)
}

/** Each of a list's objects, mapped. Null stands for an empty list; nothing at all does not. */
export function rowsOf<Row>(
  value: unknown,
  name: string,
  map: (fields: Fields, name: string) => Row,
): Row[] {
  if (value === null) return []
  return listOf(value, name).map((row, at) =>
    map(fieldsOf(row, `${name}[${at}]`), `${name}[${at}]`),
  )
}

/** A finite number that must be there. */
export function numberOf(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Malformed(`${name} is not a number`)
}

/** A finite number, 0 where there is none. */
export function numberOr0(value: unknown, name: string): number {
  return value === null || value === undefined ? 0 : numberOf(value, name)
}

/** A text that must be there and say something. */
export function textOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return plain(value)
  throw new Malformed(`${name} is not a text`)
}

/** A text, null where there is none. */
export function textOrNull(value: unknown, name: string): string | null {
  return value === null || value === undefined || value === '' ? null : textOf(value, name)
}

/** One of these texts. */
export function oneOf<const Word extends string>(
  value: unknown,
  words: readonly Word[],
  name: string,
): Word {
  const found = words.find((word) => word === value)
  if (found !== undefined) return found
  throw new Malformed(`${name} is not ${words.join(' or ')}`)
}

function idOrNull(value: unknown): string | null {
  const text = Number.isSafeInteger(value) ? String(value) : value
  return typeof text === 'string' && ID.test(text) ? text : null
}

/** An id, which Kite writes as text or as a number. */
export function idOf(value: unknown, name: string): string {
  const id = idOrNull(value)
  if (id !== null) return id
  throw new Malformed(`${name} is not an id`)
}

/** How a record names its instrument. */
export function instrumentOf(fields: Fields, name: string): BrokerInstrument {
  const token = fields.instrument_token
  return {
    brokerExchange: textOf(fields.exchange, `${name}.exchange`),
    brokerSymbol: textOf(fields.tradingsymbol, `${name}.tradingsymbol`),
    token: Number.isSafeInteger(token) ? String(token) : null,
  }
}
