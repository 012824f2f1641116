// Kite's REST API: signing in, the instruments, and the way of every call to its handler. Kite Connect v3.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { readBody, requestUrl } from './http.ts'
import { MARKETS } from './instruments.ts'
import { ANSWERED, type Call, type RestContext, type Route, replyOf, send } from './kite-call.ts'
import { CONTROL_ROUTES } from './kite-control.ts'
import { csvChunks } from './kite-csv.ts'
import { carryOut } from './kite-faults.ts'
import { GTT_ROUTES } from './kite-gtt.ts'
import { HISTORY_ROUTES } from './kite-history.ts'
import { MARGIN_ROUTES } from './kite-margins.ts'
import { ORDER_ROUTES } from './kite-orders.ts'
import { PORTFOLIO_ROUTES } from './kite-portfolio.ts'
import { QUOTE_ROUTES } from './kite-quotes.ts'
import { Refusal } from './kite-sessions.ts'

/** Where the app is registered to be called back, unless the login page is told otherwise. */
const REGISTERED_URL = 'http://127.0.0.1/'
const EXCHANGES = new Set(Object.values(MARKETS).map(({ exchange }) => exchange as string))
const ACCEPTS_GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

const ROUTES: readonly Route[] = [
  ...ORDER_ROUTES,
  ...PORTFOLIO_ROUTES,
  ...QUOTE_ROUTES,
  ...MARGIN_ROUTES,
  ...HISTORY_ROUTES,
  ...GTT_ROUTES,
  { method: 'GET', path: /^\/connect\/login$/, handle: login },
  { method: 'POST', path: /^\/session\/token$/, handle: openSession },
  { method: 'DELETE', path: /^\/session\/token$/, handle: closeSession },
  { method: 'GET', path: /^\/instruments(?:\/(\w+))?$/, handle: instruments },
  ...CONTROL_ROUTES,
]

/** The login page, where nobody has to type: it calls back at once. */
function login({ context, url, response }: Call): unknown {
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
    context.clock(),
  )
  back.searchParams.set('request_token', requestToken)
  back.searchParams.set('action', 'login')
  back.searchParams.set('status', 'success')
  response.writeHead(302, { location: back.href, 'content-length': 0 }).end()
  return ANSWERED
}

function openSession({ context, body }: Call): unknown {
  return context.sessions.open(new URLSearchParams(body), context.clock())
}

function closeSession({ context, url }: Call): boolean {
  const accessToken = url.searchParams.get('access_token')
  context.sessions.require(url.searchParams.get('api_key'), accessToken)
  context.sessions.close(accessToken!)
  return true
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

async function instruments(call: Call): Promise<unknown> {
  requireSession(call)
  const { context, request, response, parts } = call
  const [exchange] = parts
  if (exchange !== undefined && !EXCHANGES.has(exchange)) {
    throw new Refusal(400, 'InputException', `Invalid exchange: ${exchange}.`)
  }
  const chunks = Readable.from(csvChunks(context.table, exchange))
  const zipped = ACCEPTS_GZIP.test(String(request.headers['accept-encoding'] ?? ''))
  response.writeHead(200, {
    'content-type': 'text/csv',
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
  })
  if (zipped) await pipeline(chunks, createGzip({ level: 1 }), response)
  else await pipeline(chunks, response)
  return ANSWERED
}

async function answer(
  context: RestContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = requestUrl(request)
  for (const route of url === null ? [] : ROUTES) {
    const match = route.method === request.method ? route.path.exec(url!.pathname) : null
    if (match === null) continue
    context.calls.add(route.operation)
    const body = await readBody(request, bodyTooLarge)
    const call = { context, url: url!, request, response, parts: match.slice(1), body }
    if (route.kind !== undefined) {
      requireSession(call)
      context.limits.take(route.kind, context.clock())
    }
    return carryOut(route, call)
  }
  throw new Refusal(404, 'GeneralException', 'Route not found')
}

const bodyTooLarge = (bytesMax: number) =>
  new Refusal(413, 'InputException', `The body is larger than ${bytesMax} bytes.`)

/** Answers one request; a client that goes away in the middle of an answer is its own affair. */
export function handleRequest(
  context: RestContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  answer(context, request, response).catch((error: unknown) => {
    if (response.headersSent || response.destroyed) return void response.destroy()
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, 'GeneralException', String(error))
    // The rest of a body that was refused is not read, so this connection cannot carry another call.
    if (!request.complete) response.setHeader('connection', 'close')
    send(response, replyOf(refusal))
  })
}
