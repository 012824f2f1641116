// The HTTP front end: health for everyone on the machine, administration for admin keys, and OpenAlgo's API.
import type { KeyRecord, Scope } from '../auth/keys.ts'
import {
  type HttpRequestHandle,
  type HttpResponse,
  listen,
  type UWebSockets,
} from '../distribute/uws.ts'
import { HttpClient } from './http-client.ts'

const BODY_BYTES_MAX = 64 * 1024

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
}

export interface Reply {
  readonly status: number
  readonly type: 'application/json' | 'text/csv' | 'text/plain' | 'text/html; charset=utf-8'
  readonly headers?: Readonly<Record<string, string>>
  /** Whole, or in pieces, which are asked for one by one as fast as the client reads. */
  readonly body: string | Uint8Array | AsyncGenerator<Uint8Array>
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

/** Serves these routes; `verifyKey` answers the record of a key or null. Returns the port and how to stop. */
export function serveHttp(
  uws: UWebSockets,
  address: { host: string; port: number },
  verifyKey: (key: string) => KeyRecord | null,
  routes: readonly (Route | ApiRoute)[],
): { port: number; close(): void } {
  const found = new RouteTable(routes)
  const app = uws.App().any('/*', (response, request) => {
    void answer(response, request, verifyKey, found)
  })
  const { port } = listen(uws, app, address.host, address.port, 'http')
  return { port, close: () => void app.close() }
}

async function answer(
  response: HttpResponse,
  request: HttpRequestHandle,
  verifyKey: (key: string) => KeyRecord | null,
  routes: RouteTable,
): Promise<void> {
  const client = new HttpClient(response)
  // The request's handle is valid only until this function first waits.
  const method = request.getMethod().toUpperCase()
  const path = request.getUrl()
  const authorization = request.getHeader('authorization')
  const query = request.getQuery() ?? ''
  const apiKey = request.getHeader('x-api-key')
  const body = readBody(response)
  let reply: Reply
  try {
    const { route, argument } = routes.find(method, path)
    if ('answer' in route) reply = await route.answer({ query, apiKey, body: await body })
    else {
      const scopes = route.scopes ?? ['admin']
      const key = route.needsAdmin ? checkKey(authorization, verifyKey, scopes) : null
      reply = jsonReply(200, await route.handle(argument, parseBody(await body), key))
    }
  } catch (error) {
    reply = errorReply(path, error as Error)
  }
  await client.send(reply)
}

/** A reply with a JSON body. */
export function jsonReply(status: number, content: unknown): Reply {
  return { status, type: 'application/json', body: `${JSON.stringify(content)}\n` }
}

function errorReply(path: string, error: Error): Reply {
  const status = error instanceof HttpFailure ? error.status : 500
  if (!path.startsWith(API_ROOT)) return jsonReply(status, { error: error.message })
  return jsonReply(status, { message: error.message, status: 'error' })
}

interface Match {
  readonly route: Route | ApiRoute
  /** The decoded last segment where the route's path has a name for it, else ''. */
  readonly argument: string
}

/** All routes, found at once by a path that is theirs letter by letter. */
class RouteTable {
  readonly #byPath = new Map<string, Match[]>()
  readonly #withName: readonly (Route | ApiRoute)[]

  constructor(routes: readonly (Route | ApiRoute)[]) {
    this.#withName = routes.filter(({ path }) => path.includes(':'))
    for (const route of routes) {
      if (this.#withName.includes(route)) continue
      const paths = 'answer' in route ? [route.path, `${route.path}/`] : [route.path]
      for (const path of paths) {
        this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), { route, argument: '' }])
      }
    }
  }

  /** Throws an HttpFailure where there is no such path or it does not take the method. */
  find(method: string, path: string): Match {
    const matches = [...(this.#byPath.get(path) ?? []), ...this.#named(path)]
    const found = matches.find(({ route }) => route.method === method)
    if (found) return found
    if (matches.length === 0) {
      throw new HttpFailure(404, `there is nothing at ${path.slice(0, 200)}`)
    }
    const allowed = matches.map(({ route }) => route.method).join(', ')
    throw new HttpFailure(405, `${path.slice(0, 200)} takes ${allowed}`)
  }

  #named(path: string): Match[] {
    return this.#withName.flatMap((route) => {
      const argument = match(route.path, path)
      return argument === null ? [] : [{ route, argument }]
    })
  }
}

/** The decoded last segment, for which the pattern has a name, or null for no match. */
function match(pattern: string, path: string): string | null {
  const nameAt = pattern.indexOf(':')
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

/** The body as text, or null where it is too large; never rejects, because a refused request's body is not awaited. */
function readBody(response: HttpResponse): Promise<string | null> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let bytes = 0
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength
      // Most bodies come in one chunk, which then needs no copy but the text.
      if (isLast && bytes === chunk.byteLength && bytes <= BODY_BYTES_MAX) {
        resolve(Buffer.from(chunk).toString())
        return
      }
      // The chunk's memory is taken back when this returns.
      if (bytes <= BODY_BYTES_MAX) parts.push(Buffer.from(Buffer.from(chunk)))
      if (isLast) resolve(bytes <= BODY_BYTES_MAX ? Buffer.concat(parts).toString() : null)
    })
  })
}

function parseBody(text: string | null): unknown {
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
