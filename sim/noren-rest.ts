// Noren's REST API, as far as signing in, quotes, searches, empty books and the contract files go. NorenOMS.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { indianTime } from './calendar.ts'
import type { Exchange } from './exchange.ts'
import { readBody, requestUrl, sendJson } from './http.ts'
import type { NorenMarket } from './noren-market.ts'
import { MASTER_FILES, type MasterFile, masterChunks, masterTag, zipOf } from './noren-masters.ts'
import { type Fields, OPERATIONS } from './noren-operations.ts'
import { type NorenSessions, NotOk, SESSION_EXPIRED } from './noren-sessions.ts'
import type { SimulatorStats } from './simulator.ts'

/** Where the app is registered to be called back, unless the sign-in page is told otherwise. */
const REGISTERED_URL = 'http://127.0.0.1/'
const OAUTH_PAGE = '/OAuthlogin/authorize/oauth'
const PI_PAGE = '/'
const PI_TOKEN_PATH = '/trade/apitoken'
const OAUTH_TOKEN_OPERATION = 'GenAcsTok'

export interface RestContext {
  readonly sessions: NorenSessions
  readonly market: NorenMarket
  readonly exchange: Exchange
  readonly seed: number
  /** `YYYY-MM-DD`, the day of the contract files. */
  readonly day: string
  clock(): number
  stats(withTokens: boolean): SimulatorStats
}

interface Call {
  readonly context: RestContext
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** `HH:MM:SS DD-MM-YYYY` in India. */
export function requestTime(nowMs: number): string {
  const [date = '', time] = indianTime(nowMs).split(' ')
  return `${time} ${date.split('-').reverse().join('-')}`
}

const bodyTooLarge = () => new NotOk('Invalid Input : body is too large', 413)

function jsonObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && !Array.isArray(value) ? (value as Fields | null) : null
  } catch {
    return null
  }
}

/** The parts of an envelope: the body is split at every `&` before the JSON is looked at, and nothing is unescaped. */
function openEnvelope(body: string): { fields: Fields; jKey: string | undefined } {
  const parts = new Map<string, string>()
  for (const part of body.split('&')) {
    const equals = part.indexOf('=')
    if (equals >= 0) parts.set(part.slice(0, equals), part.slice(equals + 1))
  }
  const text = parts.get('jData')
  if (text === undefined) throw new NotOk('Invalid Input : jData is Missing')
  const fields = jsonObject(text)
  if (fields === null) throw new NotOk('Invalid Input : jData is not valid json object')
  return { fields, jKey: parts.get('jKey') }
}

/** The sign-in page, where nobody has to type: it calls back at once. */
function signInPage({ context, url, response }: Call): void {
  const { app } = context.sessions
  const isPi = context.market.brand.signIn === 'pi'
  const key = url.searchParams.get(isPi ? 'app_key' : 'client_id')
  const target = url.searchParams.get('redirect_url') ?? REGISTERED_URL
  if (!URL.canParse(target)) throw new NotOk('Invalid Input : redirect_url', 400)
  const back = new URL(target)
  back.searchParams.set('code', context.sessions.issueCode(key, context.clock()))
  if (isPi) back.searchParams.set('client', app.user)
  response.writeHead(302, { location: back.href, 'content-length': 0 }).end()
}

/** Flattrade's token exchange: a JSON body, and refusals that have a status of their own. */
async function openPiSession({ context, request, response }: Call): Promise<void> {
  const { sessions } = context
  const fields = jsonObject(await readBody(request, bodyTooLarge)) ?? {}
  try {
    if (fields.api_key !== sessions.app.key) throw new NotOk('Invalid Input : Invalid api_key')
    const token = sessions.open(fields.request_code, fields.api_secret, context.clock())
    const answer = { token, client: sessions.app.user, stat: 'Ok', emsg: '' }
    sendJson(response, 200, JSON.stringify(answer))
  } catch (error) {
    if (!(error instanceof NotOk)) throw error
    const answer = { token: '', client: '', stat: 'Not_Ok', emsg: error.message }
    sendJson(response, 400, JSON.stringify(answer))
  }
}

function openOauthSession({ context, response }: Call, fields: Fields): void {
  const token = context.sessions.open(fields.code, fields.checksum, context.clock())
  sendJson(response, 200, JSON.stringify({ stat: 'Ok', access_token: token }))
}

/** Throws the NotOk of a call whose session is dead, missing or in the wrong place, and gives the token. */
function requireSession(
  { context, request }: Call,
  operation: string,
  jKey: string | undefined,
): string {
  const { sessions, market } = context
  const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  const token = market.brand.takesJKey(operation) ? jKey : bearer
  if (token === undefined || !sessions.isValid(token)) throw new NotOk(SESSION_EXPIRED)
  return token
}

async function operate(call: Call, operation: string): Promise<void> {
  const { context, request, response } = call
  const isSignIn = operation === OAUTH_TOKEN_OPERATION && context.market.brand.signIn === 'oauth'
  const described = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined
  if (described === undefined && !isSignIn) throw new NotOk('Not Found', 404)
  if (request.method !== 'POST') throw new NotOk('Method Not Allowed', 405)
  const { fields, jKey } = openEnvelope(await readBody(request, bodyTooLarge))
  if (isSignIn) return openOauthSession(call, fields)
  const token = requireSession(call, operation, jKey)
  const { required, answer } = described!
  if (required.some((name) => typeof fields[name] !== 'string' || fields[name] === '')) {
    throw new NotOk(`Invalid Input : Missing ${required.join(' or ')}.`)
  }
  if (required.includes('uid') && fields.uid !== context.sessions.app.user) {
    throw new NotOk(SESSION_EXPIRED)
  }
  const nowMs = context.clock()
  const time = requestTime(nowMs)
  sendJson(response, 200, answer({ ...context, fields, token, nowMs, time }))
}

async function master({ context, request, response }: Call, file: MasterFile): Promise<void> {
  const { market, seed, day } = context
  const tag = masterTag(file, market, seed, day)
  const changed = Date.parse(`${day}T00:00:00+05:30`)
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers
  const isKnown =
    tags === undefined
      ? since !== undefined && Date.parse(since) >= changed
      : tags.split(/,\s*/).includes(tag)
  const headers = { etag: tag, 'last-modified': new Date(changed).toUTCString() }
  if (isKnown) return void response.writeHead(304, headers).end()
  if (file.entry === undefined) {
    response.writeHead(200, { ...headers, 'content-type': 'text/csv' })
    return pipeline(Readable.from(masterChunks(file, market)), response)
  }
  const zip = await zipOf(file.entry, masterChunks(file, market))
  response.writeHead(200, {
    ...headers,
    'content-type': 'application/zip',
    'content-length': zip.length,
  })
  response.end(zip)
}

async function answer(call: Omit<Call, 'url'>): Promise<void> {
  const url = requestUrl(call.request)
  if (url === null) throw new NotOk('Not Found', 404)
  const whole = { ...call, url }
  const { context, request, response } = call
  const { brand } = context.market
  const { pathname } = url
  const isPi = brand.signIn === 'pi'
  if (pathname.startsWith(`${brand.restPath}/`)) {
    return operate(whole, pathname.slice(brand.restPath.length + 1))
  }
  if (request.method === 'POST' && isPi && pathname === PI_TOKEN_PATH) return openPiSession(whole)
  if (request.method !== 'GET') throw new NotOk('Not Found', 404)
  if (pathname === (isPi ? PI_PAGE : OAUTH_PAGE)) return signInPage(whole)
  if (pathname === '/sim/stats') {
    const stats = context.stats(url.searchParams.get('tokens') === '1')
    return sendJson(response, 200, JSON.stringify(stats))
  }
  const file = MASTER_FILES[brand.broker].find(({ path }) => path === pathname)
  if (file === undefined) throw new NotOk('Not Found', 404)
  return master(whole, file)
}

/** Answers one request; a client that goes away in the middle of an answer is its own affair. */
export function handleRequest(
  context: RestContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  answer({ context, request, response }).catch((error: unknown) => {
    if (response.headersSent) return void response.destroy()
    const refusal = error instanceof NotOk ? error : new NotOk(String(error), 500)
    // The rest of a body that was refused is not read, so this connection cannot carry another call.
    if (!request.complete) response.setHeader('connection', 'close')
    const body = {
      stat: 'Not_Ok',
      request_time: requestTime(context.clock()),
      emsg: refusal.message,
    }
    sendJson(response, refusal.status, JSON.stringify(body))
  })
}
