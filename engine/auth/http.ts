import { Agent, request } from 'undici'
import type { HttpReply, HttpRequest } from '../../adapters/broker.ts'
import { redactUrl } from '../observe/redact.ts'

const REPLY_BYTES_MAX = 1024 * 1024
const TIMEOUT_MS = 15_000

/** A call that got no reply. The message names the method, the URL without its query, and the reason. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
}

/** What the codes of failed calls mean to people; any other code is told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EAI_AGAIN: 'host name lookup failed',
  ENOTFOUND: 'host name not found',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: `the reply is larger than ${REPLY_BYTES_MAX} bytes`,
  UND_ERR_SOCKET: 'connection closed before the reply was complete',
}

const agent = new Agent({ maxResponseSize: REPLY_BYTES_MAX })

/** Why a call failed. Only a code goes into a message: the text of an error may quote the URL or a header. */
export function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code } = error as { name?: string; code?: unknown }
  if (name === 'TimeoutError') return `no complete reply within ${timeoutMs} ms`
  return typeof code === 'string' ? (REASONS[code] ?? code) : (name ?? 'unknown failure')
}

/** The body of a call as it goes over the wire, with the headers that say what it is. */
export function encodeBody({ form, json, text, headers }: HttpRequest): {
  readonly headers: Record<string, string>
  readonly body: string | null
} {
  if (form !== undefined) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return { headers: { ...headers, ...type }, body: new URLSearchParams(form).toString() }
  }
  if (text !== undefined)
    return { headers: { 'content-type': 'text/plain', ...headers }, body: text }
  if (json === undefined) return { headers: { ...headers }, body: null }
  return { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(json) }
}

/**
 * Makes one call and returns the whole reply, whatever its status; redirects are not followed. Throws an
 * HttpError when none came in time, or when it was larger than 1 MiB.
 */
export async function callHttp(call: HttpRequest, timeoutMs = TIMEOUT_MS): Promise<HttpReply> {
  const { headers, body } = encodeBody(call)
  try {
    const reply = await request(call.url, {
      method: call.method,
      headers: { 'user-agent': 'tickplant', ...headers },
      body,
      dispatcher: agent,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const replyHeaders = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
    return {
      status: reply.statusCode,
      headers: Object.fromEntries(replyHeaders) as Record<string, string>,
      body: await reply.body.text(),
    }
  } catch (error) {
    throw new HttpError(`${call.method} ${redactUrl(call.url)}: ${reasonOf(error, timeoutMs)}`)
  }
}
