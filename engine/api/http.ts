// The HTTP front end: health for everyone on the machine, administration for admin keys, and OpenAlgo's API.
import type { KeyRecord, Scope } from '../auth/keys.ts'
import {
  type HttpRequestHandle,
  type HttpResponse,
  listen,
  type UWebSockets,
} from '../distribute/uws.ts'
import { refusal } from './failures.ts'
import { HttpClient } from './http-client.ts'
import { jsonReply, type Reply } from './reply.ts'

/** Holds a basket of a thousand orders; to parse more would hold up the ticks for milliseconds. */
const BODY_BYTES_MAX = 256 * 1024

/** A refusal that a handler throws: the status and the sentence of the body. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The whole path; a last part of `:name` takes one path segment, which the handler gets decoded. */
  readonly path: string
  readonly needsAdmin: boolean
  /** Scopes of which a key needs one, where admin is not the only one that will do. */
  readonly scopes?: readonly Scope[]
  /** Whether the handler takes the body as text, null where it is too large, and sees to it itself. */
  readonly takesText?: boolean
  /** Returns the body, sent as JSON with status 200. `key` is null where none is needed. */
  handle(argument: string, body: unknown, key: KeyRecord | null): unknown | Promise<unknown>
}

/** A call as it came, for routes that see to keys and errors themselves. */
export interface ApiCall {
  /** Without the question mark. */
  readonly query: string
  /** The header X-API-KEY, '' where there is none. */
  readonly apiKey: string
  /** The body as text, null where it is too large. */
  readonly body: string | null
  /** The IP address that the call came from. */
  readonly address: string
}

/** A route of OpenAlgo's API, found with and without a slash at its end. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Answers refusals too; what it throws is a fault of the program. */
  answer(call: ApiCall): Reply | Promise<Reply>
}

/** The root of all paths whose errors have OpenAlgo's form. */
export const API_ROOT = '/api/v1/'

/**
 * Serves these routes; `verifyKey` answers the record of a key or null, and `letTicksPass` runs before each call: many
 * may come with one look at the sockets. Returns the port and how to stop.
 */
export function serveHttp(
  uws: UWebSockets,
  address: { host: string; port: number },
  verifyKey: (key: string) => KeyRecord | null,
  routes: readonly (Route | ApiRoute)[],
  letTicksPass: () => void = () => {},
): { port: number; close(): void } {
  const table: RouteTable = { verifyKey, routes, api: apiTable(routes) }
  const app = uws.App().any('/*', (response, request) => {
    letTicksPass()
    answer(response, request, table)
  })
  const { port } = listen(uws, app, address.host, address.port, 'http')
  return { port, close: () => void app.close() }
}

interface RouteTable {
  readonly verifyKey: (key: string) => KeyRecord | null
  readonly routes: readonly (Route | ApiRoute)[]
  /** Found by method and path without a search: these are called often. */
  readonly api: ReadonlyMap<string, ApiRoute>
}

function apiTable(routes: readonly (Route | ApiRoute)[]): Map<string, ApiRoute> {
  const table = new Map<string, ApiRoute>()
  for (const route of routes) {
    if (!('answer' in route)) continue
    const name = `${route.method.toLowerCase()} ${route.path}`
    table.set(name, route)
    table.set(`${name}/`, route)
  }
  return table
}

function answer(response: HttpResponse, request: HttpRequestHandle, table: RouteTable): void {
  const client = new HttpClient(response)
  // The request's handle is valid only until this function returns.
  const method = request.getMethod()
  const path = request.getUrl()
  const route = table.api.get(`${method} ${path}`)
  const fail = (error: Error) => client.send(errorReply(path, error))
  if (route === undefined) {
    const authorization = request.getHeader('authorization')
    const body = new Promise<string | null>((resolve) => readBody(response, resolve))
    const asked = { method: method.toUpperCase(), path, authorization, body }
    handle(asked, table).then((reply) => client.send(reply), fail)
    return
  }
  const query = request.getQuery() ?? ''
  const apiKey = request.getHeader('x-api-key')
  const address = Buffer.from(response.getRemoteAddressAsText()).toString('latin1')
  readBody(response, (body) => {
    try {
      const reply = route.answer({ query, apiKey, body, address })
      if (reply instanceof Promise) reply.then((later) => client.send(later)).catch(fail)
      else client.send(reply)
    } catch (error) {
      fail(error as Error)
    }
  })
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly body: Promise<string | null>
}

async function handle({ method, path, authorization, body }: Asked, table: RouteTable) {
  const { route, argument } = find(method, path, table.routes)
  const scopes = route.scopes ?? ['admin']
  const key = route.needsAdmin ? checkKey(authorization, table.verifyKey, scopes) : null
  const text = await body
  const content = route.takesText ? text : parseBody(text)
  return jsonReply(200, await route.handle(argument, content, key))
}

function errorReply(path: string, error: Error): Reply {
  const status = error instanceof HttpFailure ? error.status : 500
  if (!path.startsWith(API_ROOT)) return jsonReply(status, { error: error.message })
  return refusal(status, error.message)
}

/** The route that takes this method. API routes that do are found before. */
function find(method: string, path: string, routes: readonly (Route | ApiRoute)[]) {
  const matches = routes.flatMap((route) => {
    const isSlashed = 'answer' in route && path === `${route.path}/`
    const argument = isSlashed ? '' : match(route.path, path)
    return argument === null ? [] : [{ route, argument }]
  })
  if (matches.length === 0) throw new HttpFailure(404, `there is nothing at ${path.slice(0, 200)}`)
  for (const { route, argument } of matches) {
    if (route.method === method && 'handle' in route) return { route, argument }
  }
  const allowed = matches.map(({ route }) => route.method).join(', ')
  throw new HttpFailure(405, `${path.slice(0, 200)} takes ${allowed}`)
}

/** The decoded last segment where the pattern has a name for it, '' where it has none, null for no match. */
function match(pattern: string, path: string): string | null {
  const nameAt = pattern.indexOf(':')
  if (nameAt < 0) return path === pattern ? '' : null
  const argument = path.slice(nameAt)
  if (!path.startsWith(pattern.slice(0, nameAt)) || argument === '' || argument.includes('/')) {
    return null
  }
  try {
    return decodeURIComponent(argument)
  } catch {
    throw new HttpFailure(400, 'the path is not valid percent-encoding')
  }
}

function checkKey(
  authorization: string,
  verifyKey: (key: string) => KeyRecord | null,
  scopes: readonly Scope[],
): KeyRecord {
  const key = /^Bearer (\S+)$/.exec(authorization)?.[1]
  const wanted = scopes.join(' or ')
  if (key === undefined) {
    throw new HttpFailure(
      401,
      `send an API key of scope ${wanted} as \`Authorization: Bearer KEY\``,
    )
  }
  const record = verifyKey(key)
  if (record === null) throw new HttpFailure(401, 'this API key is not known')
  if (!record.scopes.some((scope) => scopes.includes(scope))) {
    throw new HttpFailure(403, `the API key ${record.name} has no scope ${wanted}`)
  }
  return record
}

/** Gives the body as text, or null where it is too large; nothing where the client goes before its end. */
function readBody(response: HttpResponse, give: (body: string | null) => void): void {
  const parts: Buffer[] = []
  let bytes = 0
  response.onData((chunk, isLast) => {
    bytes += chunk.byteLength
    if (isLast && bytes <= BODY_BYTES_MAX && parts.length === 0) {
      give(Buffer.from(chunk).toString())
      return
    }
    // The chunk's memory is taken back when this returns.
    if (bytes <= BODY_BYTES_MAX) parts.push(Buffer.from(Buffer.from(chunk)))
    if (isLast) give(bytes <= BODY_BYTES_MAX ? Buffer.concat(parts).toString() : null)
  })
}

/** What a body holds, undefined where there is none. Throws an HttpFailure for one that is too large or no JSON. */
export function parseBody(text: string | null): unknown {
  if (text === null) {
    throw new HttpFailure(413, `a body of at most ${BODY_BYTES_MAX} bytes is taken`)
  }
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpFailure(400, 'the body is not JSON')
  }
}
