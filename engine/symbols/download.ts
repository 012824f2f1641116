// Fetches a file over HTTP onto disk, as it comes: unpacking is left to whoever reads it.
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { Agent, type Dispatcher, request as send } from 'undici'
import type { HttpRequest } from '../../adapters/broker.ts'
import { encodeBody } from '../auth/http.ts'
import { excerpt, limitBytes } from './table.ts'

const ERROR_BYTES_MAX = 64 * 1024

export interface DownloadLimits {
  readonly bytesMax: number
  /** How long the server may keep silent: before it accepts, before it answers, between two pieces. */
  readonly silenceMsMax: number
  readonly totalMsMax: number
}

/** Where a request goes, without the query, which may hold secrets. */
export function placeOf(request: HttpRequest): string {
  const url = new URL(request.url)
  return url.origin + url.pathname
}

/** What the broker says in a reply that is an error: its message, or the beginning of its text. */
async function errorText(reply: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of reply.body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ERROR_BYTES_MAX) break
  }
  try {
    const raw = Buffer.concat(chunks)
    const isPacked = reply.headers['content-encoding'] === 'gzip'
    const text = (isPacked ? gunzipSync(raw, { maxOutputLength: ERROR_BYTES_MAX }) : raw).toString()
    if (!text.startsWith('{')) return excerpt(text)
    const { message } = JSON.parse(text) as { message?: unknown }
    return excerpt(typeof message === 'string' ? message : text)
  } catch {
    return 'the reply cannot be read'
  }
}

async function fetchInto(
  request: HttpRequest,
  path: string,
  limits: DownloadLimits,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  const { headers, body } = encodeBody(request)
  const reply = await send(request.url, {
    method: request.method,
    headers: { 'accept-encoding': 'gzip', 'user-agent': 'tickplant', ...headers },
    body,
    dispatcher: agent,
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.totalMsMax)]),
  })
  if (reply.statusCode !== 200) {
    throw new Error(`the broker answered ${reply.statusCode}: ${await errorText(reply)}`)
  }
  const encoding = reply.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new Error(`the broker sent content-encoding ${encoding}; only gzip was asked for`)
  }
  await pipeline(reply.body, limitBytes(limits.bytesMax), createWriteStream(path, { mode: 0o600 }))
}

/** What the codes of failed calls mean to people; any other code is told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host name not found',
  UND_ERR_BODY_TIMEOUT: 'the server stopped sending',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_SOCKET: 'connection closed before the file was complete',
}

/** Only a code goes into a message where there is one: the text of such an error may quote a header. */
function reasonOf(error: Error, totalMsMax: number): string {
  if (error.name === 'TimeoutError') return `not complete within ${totalMsMax} ms`
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? (REASONS[code] ?? code) : error.message
}

/**
 * Makes a request and writes the body of the reply to a file. Throws an error that names where it went and why it
 * failed, with the broker's own words where the status is not 200. `signal` gives the download up.
 */
export async function download(
  request: HttpRequest,
  path: string,
  limits: DownloadLimits,
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({
    connect: { timeout: limits.silenceMsMax },
    headersTimeout: limits.silenceMsMax,
    bodyTimeout: limits.silenceMsMax,
  })
  try {
    await fetchInto(request, path, limits, agent, signal)
  } catch (error) {
    throw new Error(`${placeOf(request)}: ${reasonOf(error as Error, limits.totalMsMax)}`)
  } finally {
    await agent.destroy()
  }
}
