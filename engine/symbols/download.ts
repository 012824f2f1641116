// Fetches a file over HTTP onto disk, as it comes: unpacking is left to whoever reads it.
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { Agent, type Dispatcher, request as send } from 'undici'
import type { HttpRequest } from '../../adapters/broker.ts'
import { encodeBody } from '../auth/http.ts'
import { excerpt } from './excerpt.ts'
import type { Validator } from './list-record.ts'
import { limitBytes } from './unpack.ts'

const ERROR_BYTES_MAX = 64 * 1024

export interface DownloadLimits {
  readonly bytesMax: number
  /** How long the server may keep silent: before it accepts, before it answers, between two pieces. */
  readonly silenceMsMax: number
  readonly totalMsMax: number
}

/** A download that failed; the message names where it went and why it failed. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
  /** Whether the same request may do better a little later. */
  readonly isPassing: boolean

  constructor(message: string, isPassing: boolean) {
    super(message)
    this.isPassing = isPassing
  }
}

export interface Download {
  readonly request: HttpRequest
  /** The file that the body goes to. */
  readonly path: string
  /** What is known of the file from last time: the server may then answer that it has nothing newer. */
  readonly known: Validator | undefined
  /** Told with every piece: bytes so far, and of how many, null where the server does not say. */
  onBytes(bytes: number, bytesTotal: number | null): void
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

function conditions(known: Validator | undefined): Record<string, string> {
  return {
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
    ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
  }
}

/** A header that came once, as text of a length that is worth keeping. */
function header(reply: Dispatcher.ResponseData, name: string): string | null {
  const value = reply.headers[name]
  return typeof value === 'string' && value !== '' && value.length <= 1024 ? value : null
}

/** Passes bytes on and tells how many came. */
function countBytes(onBytes: (bytes: number) => void) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      onBytes(bytes)
      yield chunk
    }
  }
}

/** Statuses of a server that may do better a little later, beside all from 500. */
const PASSING_STATUSES: readonly number[] = [408, 425, 429]

async function fetchInto(
  { request, path, known, onBytes }: Download,
  limits: DownloadLimits,
  agent: Agent,
  signal: AbortSignal,
): Promise<Validator | 'unchanged'> {
  const { headers, body } = encodeBody(request)
  const asked = conditions(known)
  const reply = await send(request.url, {
    method: request.method,
    headers: { 'accept-encoding': 'gzip', 'user-agent': 'tickplant', ...asked, ...headers },
    body,
    dispatcher: agent,
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.totalMsMax)]),
  })
  const { statusCode } = reply
  if (statusCode === 304 && Object.keys(asked).length > 0) return 'unchanged'
  if (statusCode !== 200) {
    const isPassing = statusCode >= 500 || PASSING_STATUSES.includes(statusCode)
    throw new DownloadError(
      `the broker answered ${statusCode}: ${await errorText(reply)}`,
      isPassing,
    )
  }
  const encoding = reply.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new Error(`the broker sent content-encoding ${encoding}; only gzip was asked for`)
  }
  const total = Number(header(reply, 'content-length') ?? Number.NaN)
  const bytesTotal = Number.isSafeInteger(total) ? total : null
  await pipeline(
    reply.body,
    limitBytes(limits.bytesMax),
    countBytes((bytes) => onBytes(bytes, bytesTotal)),
    createWriteStream(path, { mode: 0o600 }),
  )
  return {
    place: placeOf(request),
    etag: header(reply, 'etag'),
    lastModified: header(reply, 'last-modified'),
  }
}

/** What the codes of failed calls mean to people; any other code is told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EAI_AGAIN: 'host name lookup failed',
  ENOTFOUND: 'host name not found',
  UND_ERR_BODY_TIMEOUT: 'the server stopped sending',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_SOCKET: 'connection closed before the file was complete',
}

/** Only a code goes into a message where there is one: the text of such an error may quote a header. */
function downloadError(request: HttpRequest, error: Error, totalMsMax: number): DownloadError {
  const fail = (reason: string, isPassing: boolean) =>
    new DownloadError(`${placeOf(request)}: ${reason}`, isPassing)
  if (error instanceof DownloadError) return fail(error.message, error.isPassing)
  if (error.name === 'TimeoutError') return fail(`not complete within ${totalMsMax} ms`, false)
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return fail(error.message, false)
  const reason = REASONS[code]
  return reason === undefined ? fail(code, false) : fail(reason, true)
}

/**
 * Makes a request and writes the body of the reply to a file. Resolves to what the server said about the file, or to
 * `unchanged`, with nothing written, when it is the one that is known. Throws a DownloadError, with the broker's own
 * words where the status is not 200. `signal` gives the download up.
 */
export async function download(
  wanted: Download,
  limits: DownloadLimits,
  signal: AbortSignal,
): Promise<Validator | 'unchanged'> {
  const agent = new Agent({
    connect: { timeout: limits.silenceMsMax },
    headersTimeout: limits.silenceMsMax,
    bodyTimeout: limits.silenceMsMax,
  })
  try {
    return await fetchInto(wanted, limits, agent, signal)
  } catch (error) {
    throw downloadError(wanted.request, error as Error, limits.totalMsMax)
  } finally {
    await agent.destroy()
  }
}
