// From a call to its answer: the route is found, its key checked, and what fails becomes a reply too.
import type { KeyRecord, Scope } from '../auth/keys.ts'
import { RestFailure, refusal } from './failures.ts'
import { BODY_BYTES_MAX, type HttpCall } from './http.ts'
import { jsonReply, type Reply } from './reply.ts'

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

/** A route that sees to keys and errors itself, found with and without a slash at its end. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Answers refusals too; what it throws is a fault of the program. */
  answer(call: HttpCall): Reply | Promise<Reply>
}

/** The root of all paths whose errors have OpenAlgo's form. */
export const API_ROOT = '/api/v1/'

/** Answers a call, refusals included. */
export type Answerer = (call: HttpCall) => Reply | Promise<Reply>

interface RouteTable {
  readonly verifyKey: (key: string) => KeyRecord | null
  readonly routes: readonly (Route | ApiRoute)[]
  /** Found by method and path without a search: these are called often. */
  readonly api: ReadonlyMap<string, ApiRoute>
}

/** Answers by these routes; `verifyKey` answers the record of a key or null. */
export function answererOf(
  routes: readonly (Route | ApiRoute)[],
  verifyKey: RouteTable['verifyKey'],
): Answerer {
  const table: RouteTable = { verifyKey, routes, api: apiTable(routes) }
  return (call) => {
    const route = table.api.get(`${call.method} ${call.path}`)
    if (route === undefined)
      return handle(call, table).catch((error) => errorReply(call.path, error))
    try {
      const reply = route.answer(call)
      return reply instanceof Promise ? reply.catch((error) => errorReply(call.path, error)) : reply
    } catch (error) {
      return errorReply(call.path, error as Error)
    }
  }
}

function apiTable(routes: readonly (Route | ApiRoute)[]): Map<string, ApiRoute> {
  const table = new Map<string, ApiRoute>()
  for (const route of routes) {
    if (!('answer' in route)) continue
    const name = `${route.method} ${route.path}`
    table.set(name, route)
    table.set(`${name}/`, route)
  }
  return table
}

async function handle(
  { method, path, authorization, body }: HttpCall,
  { verifyKey, routes }: RouteTable,
): Promise<Reply> {
  const { route, argument } = find(method, path, routes)
  const scopes = route.scopes ?? ['admin']
  const key = route.needsAdmin ? checkKey(authorization, verifyKey, scopes) : null
  const content = route.takesText ? body : parseBody(body)
  return jsonReply(200, await route.handle(argument, content, key))
}

/** What a failure is answered with: of OpenAlgo's form below its root. */
export function errorReply(path: string, error: Error): Reply {
  const isRefusal = error instanceof HttpFailure || error instanceof RestFailure
  const status = isRefusal ? error.status : 500
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
