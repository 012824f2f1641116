// Upstox's REST API, as far as signing in, fetching the instruments and opening the feed go. Upstox Developer API v2
// and v3: orders and the portfolio stream are not there and answer as any unknown path does.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { readBody, requestUrl, sendJson } from './http.ts'
import type { SimulatorStats } from './simulator.ts'
import type { UpstoxCatalogue } from './upstox-catalogue.ts'
import { jsonChunks } from './upstox-instruments.ts'
import { Refusal, type UpstoxSessions } from './upstox-sessions.ts'

/** Where a single-use address of the feed leads to. */
export const FEED_ADDRESS_PATH = '/market-data-feeder/v3/feeds'

export interface RestContext {
  readonly sessions: UpstoxSessions
  readonly catalogue: UpstoxCatalogue
  /** What the instruments depend on: the same text, the same file. */
  readonly edition: string
  /** Epoch ms. */
  readonly clock: () => number
  /** `ws://host:port` once the server listens. */
  readonly socketOrigin: () => string
  stats(withTokens: boolean): SimulatorStats
}

interface Call {
  readonly context: RestContext
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type Handle = (call: Call) => Promise<void> | void

/** By method and path. */
const ROUTES: Readonly<Record<string, Handle>> = {
  'GET /v2/login/authorization/dialog': signInPage,
  'POST /v2/login/authorization/token': openSession,
  'DELETE /v2/logout': closeSession,
  'GET /v3/feed/market-data-feed/authorize': authorizeFeed,
  'GET /market-quote/instruments/exchange/complete.json.gz': instruments,
  'GET /sim/stats': simulatorStats,
}

const answerWith = (response: ServerResponse, status: number, body: unknown) =>
  sendJson(response, status, JSON.stringify(body))

const succeed = (response: ServerResponse, data: unknown) =>
  answerWith(response, 200, { status: 'success', data })

/** Upstox's error envelope, with both spellings of every name. */
export function failure({ code, message }: Refusal): object {
  const error = {
    errorCode: code,
    message,
    propertyPath: null,
    invalidValue: null,
    error_code: code,
    property_path: null,
    invalid_value: null,
  }
  return { status: 'error', errors: [error] }
}

/** An address that opens the feed once. */
export function newFeedAddress({ sessions, clock, socketOrigin }: RestContext): string {
  const code = sessions.issueFeedCode(clock())
  return `${socketOrigin()}${FEED_ADDRESS_PATH}?code=${code}`
}

const bodyTooLarge = (bytesMax: number) =>
  new Refusal(413, 'UDAPI100036', `Invalid Input: more than ${bytesMax} bytes`)

/** The sign-in page, where nobody has to type: it calls back at once. */
function signInPage({ context, url, response }: Call): void {
  const { sessions, clock } = context
  const code = sessions.issueCode(url.searchParams, clock())
  const back = new URL(sessions.app.redirectUri)
  back.searchParams.set('code', code)
  const state = url.searchParams.get('state')
  if (state !== null) back.searchParams.set('state', state)
  response.writeHead(302, { location: back.href, 'content-length': 0 }).end()
}

/** The one answer without an envelope. */
async function openSession({ context, request, response }: Call): Promise<void> {
  const form = new URLSearchParams(await readBody(request, bodyTooLarge))
  const accessToken = context.sessions.open(form, context.clock())
  answerWith(response, 200, {
    email: 'sim@example.com',
    exchanges: ['NSE', 'NFO', 'BSE', 'CDS', 'BFO', 'BCD', 'MCX'],
    products: ['D', 'CO', 'I'],
    broker: 'UPSTOX',
    user_id: 'SIM001',
    user_name: 'Simulated User',
    order_types: ['MARKET', 'LIMIT', 'SL', 'SL-M'],
    user_type: 'individual',
    poa: false,
    is_active: true,
    access_token: accessToken,
    extended_token: null,
  })
}

function closeSession({ context, request, response }: Call): void {
  const { sessions } = context
  sessions.close(sessions.require(request.headers.authorization))
  succeed(response, true)
}

function authorizeFeed({ context, request, response }: Call): void {
  context.sessions.require(request.headers.authorization)
  const address = newFeedAddress(context)
  succeed(response, { authorizedRedirectUri: address, authorized_redirect_uri: address })
}

/** A file as from a store: nobody has to sign in, and who has this edition already is told so. */
async function instruments({ context, request, response }: Call): Promise<void> {
  const etag = `"${createHash('sha256').update(context.edition).digest('hex').slice(0, 32)}"`
  const known = (request.headers['if-none-match'] ?? '').split(/\s*,\s*/)
  if (known.includes('*') || known.some((each) => each.replace(/^W\//, '') === etag)) {
    response.writeHead(304, { etag }).end()
    return
  }
  response.writeHead(200, { 'content-type': 'application/gzip', etag })
  await pipeline(Readable.from(jsonChunks(context.catalogue)), createGzip({ level: 1 }), response)
}

function simulatorStats({ context, url, response }: Call): void {
  answerWith(response, 200, context.stats(url.searchParams.get('tokens') === '1'))
}

/** What an unknown path is answered. */
export const unknownPath = () =>
  new Refusal(404, 'UDAPI10000', 'This request is not supported by Upstox API')

async function answer(call: Omit<Call, 'url'>): Promise<void> {
  const url = requestUrl(call.request)
  const name = `${call.request.method} ${url?.pathname}`
  if (url === null || !Object.hasOwn(ROUTES, name)) throw unknownPath()
  return ROUTES[name]!({ ...call, url })
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
      error instanceof Refusal ? error : new Refusal(500, 'UDAPI100500', String(error))
    // The rest of a body that was refused is not read, so this connection cannot carry another call.
    if (!request.complete) response.setHeader('connection', 'close')
    answerWith(response, refusal.status, failure(refusal))
  })
}
