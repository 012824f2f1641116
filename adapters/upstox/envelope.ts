// The envelope of the Upstox Developer API's replies: `{"status":"error","errors":[{"errorCode","message"}]}`.
import type { HttpReply } from '../broker.ts'

const WORDS_LENGTH_MAX = 200

/** What a person signs in with goes in the header of every call. */
export function callHeaders(accessToken: string): Readonly<Record<string, string>> {
  return { Accept: 'application/json', Authorization: `Bearer ${accessToken}` }
}

/** The object that a text holds, or null where it is no JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** True for a JSON object, not for null or an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An error's message and code as one text, or null where it has neither. */
export function errorWords(error: unknown): string | null {
  if (typeof error === 'string' && error !== '') return error.slice(0, WORDS_LENGTH_MAX)
  if (!isObject(error)) return null
  const { message, errorCode, error_code, code } = error
  const words = [message, errorCode ?? error_code ?? code].filter(
    (word) => typeof word === 'string' && word !== '',
  )
  return words.length === 0 ? null : words.join(' - ').slice(0, WORDS_LENGTH_MAX)
}

/** Why a call failed, in the broker's words where the reply has any, beside the HTTP status. */
export function refusalOf(reply: HttpReply): string {
  const body = parseObject(reply.body)
  const errors = Array.isArray(body?.errors) ? body.errors : []
  const words = errorWords(errors[0]) ?? (body === null ? reply.body.trim() : '')
  return `HTTP ${reply.status} ${words.slice(0, WORDS_LENGTH_MAX)}`.trim()
}
