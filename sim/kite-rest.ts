// Kite's REST API, as far as signing in and fetching the instruments go. Kite Connect v3.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type InstrumentTable, MARKETS } from './instruments.ts'
import { csvChunks } from './kite-csv.ts'
import { type KiteSessions, Refusal } from './kite-sessions.ts'
import type { SimulatorStats } from './simulator.ts'

/** Where the app is registered to be called back, unless the login page is told otherwise. */
const REGISTERED_URL = 'http://127.0.0.1/'
/** Requests name no host that matters. */
const BASE = 'http://simulator'
const BODY_BYTES_MAX = 65_536
const EXCHANGES = new Set(Object.values(MARKETS).map(({ exchange }) => exchange as string))
const ACCEPTS_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

export interface RestContext {
  readonly sessions: KiteSessions
  readonly table: InstrumentTable
  stats(withTokens: boolean): SimulatorStats
}

interface Call {
  readonly context: RestContext
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The part of the path that the route leaves open. */
  readonly rest: string
}

interface Route {
  readonly method: string
  readonly path: RegExp
  handle(call: Call): Promise<void> | void
}

const ROUTES: readonly Route[] = [
  { method: 'GET', path: /^\/connect\/login$/, handle: login },
  { method: 'POST', path: /^\/session\/token$/, handle: openSession },
  { method: 'DELETE', path: /^\/session\/token$/, handle: closeSession },
  { method: 'GET', path: /^\/instruments(?:\/(\w+))?$/, handle: instruments },
  { method: 'GET', path: /^\/sim\/stats$/, handle: simulatorStats },
]

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

const succeed = (response: ServerResponse, data: unknown) =>
  sendJson(response, 200, { status: 'success', data })

/** Kite's failure envelope. */
export function failure(refusal: Refusal): object {
  return {
    status: 'error',
    message: refusal.message,
    error_type: refusal.errorType,
    data: null,
  }
}

/** The path and query of a request, or null where a client sent something that is neither. */
export function requestUrl(request: IncomingMessage): URL | null {
  const target = request.url ?? ''
  return URL.canParse(target, BASE) ? new URL(target, BASE) : null
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) {
      throw new Refusal(413, 'InputException', `The body is larger than ${BODY_BYTES_MAX} bytes.`)
    }
    pieces.push(piece)
  }
  return new URLSearchParams(Buffer.concat(pieces).toString('utf8'))
}

/** The login page, where nobody has to type: it calls back at once. */
function login({ context, url, response }: Call): void {
  if (url.searchParams.get('v') !== '3') {
    throw new Refusal(400, 'InputException', 'Missing or unknown `v`: this is version 3.')
  }
  const target = url.searchParams.get('redirect_url') ?? REGISTERED_URL
  if (!URL.canParse(target)) {
    throw new Refusal(400, 'InputException', 'Invalid `redirect_url`: it must be a whole URL.')
  }
  const back = new URL(target)
  const requestToken = context.sessions.issueRequestToken(
    url.searchParams.get('api_key'),
    Date.now(),
  )
  back.searchParams.set('request_token', requestToken)
  back.searchParams.set('action', 'login')
  back.searchParams.set('status', 'success')
  response.writeHead(302, { location: back.href, 'content-length': 0 }).end()
}

async function openSession({ context, request, response }: Call): Promise<void> {
  const form = await readForm(request)
  succeed(response, context.sessions.open(form, Date.now()))
}

function closeSession({ context, url, response }: Call): void {
  const accessToken = url.searchParams.get('access_token')
  context.sessions.require(url.searchParams.get('api_key'), accessToken)
  context.sessions.close(accessToken!)
  succeed(response, true)
}

/** Throws the Refusal of a call without `Authorization: token api_key:access_token` and `X-Kite-Version: 3`. */
function requireSession({ context, request }: Call): void {
  const { authorization = '', 'x-kite-version': version } = request.headers
  const [, apiKey = null, accessToken = null] = /^token ([^:]+):(.+)$/.exec(authorization) ?? []
  if (version !== '3') {
    throw new Refusal(403, 'TokenException', 'Missing header `X-Kite-Version: 3`.')
  }
  context.sessions.require(apiKey, accessToken)
}

async function instruments(call: Call): Promise<void> {
  requireSession(call)
  const { context, request, response, rest } = call
  if (rest !== '' && !EXCHANGES.has(rest)) {
    throw new Refusal(400, 'InputException', `Invalid exchange: ${rest}.`)
  }
  const chunks = Readable.from(csvChunks(context.table, rest === '' ? undefined : rest))
  const zipped = ACCEPTS_GZIP.test(String(request.headers['accept-encoding'] ?? ''))
  response.writeHead(200, {
    'content-type': 'text/csv',
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
  })
  if (zipped) await pipeline(chunks, createGzip({ level: 1 }), response)
  else await pipeline(chunks, response)
}

function simulatorStats({ context, url, response }: Call): void {
  sendJson(response, 200, context.stats(url.searchParams.get('tokens') === '1'))
}

async function answer(call: Omit<Call, 'url' | 'rest'>): Promise<void> {
  const url = requestUrl(call.request)
  for (const { method, path, handle } of url === null ? [] : ROUTES) {
    const match = method === call.request.method ? path.exec(url!.pathname) : null
    if (match !== null) return handle({ ...call, url: url!, rest: match[1] ?? '' })
  }
  throw new Refusal(404, 'GeneralException', 'Route not found')
}

/** Answers one request; a client that goes away in the middle of an answer is its own affair. */
export function handleRequest(
  context: RestContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  answer({ context, request, response }).catch((error: unknown) => {
    if (response.headersSent) return void response.destroy()
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, 'GeneralException', String(error))
    // The rest of a body that was refused is not read, so this connection cannot carry another call.
    if (!request.complete) response.setHeader('connection', 'close')
    sendJson(response, refusal.status, failure(refusal))
  })
}
