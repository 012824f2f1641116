// The HTTP server: takes calls whole, and sends what they are answered with.
import {
  type HttpRequestHandle,
  type HttpResponse,
  listen,
  type UWebSockets,
} from '../distribute/uws.ts'
import type { Answerer } from './answerer.ts'
import { HttpClient } from './http-client.ts'

/** Holds a basket of a thousand orders; to parse more would take milliseconds. */
export const BODY_BYTES_MAX = 256 * 1024

/** A call as it came. */
export interface HttpCall {
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** The header X-API-KEY, '' where there is none. */
  readonly apiKey: string
  /** The header Authorization, '' where there is none. */
  readonly authorization: string
  /** The body as text, null where it is too large. */
  readonly body: string | null
  /** The IP address that the call came from. */
  readonly address: string
}

/** Serves calls; `answer` never throws. Returns the port and how to stop. */
export function serveHttp(
  uws: UWebSockets,
  address: { host: string; port: number },
  answer: Answerer,
): { port: number; close(): void } {
  const app = uws.App().any('/*', (response, request) => take(response, request, answer))
  const { port } = listen(uws, app, address.host, address.port, 'http')
  return { port, close: () => void app.close() }
}

function take(response: HttpResponse, request: HttpRequestHandle, answer: Answerer): void {
  const client = new HttpClient(response)
  // The request's handle is valid only until this function returns.
  const method = request.getMethod().toUpperCase()
  const path = request.getUrl()
  const query = request.getQuery() ?? ''
  const apiKey = request.getHeader('x-api-key')
  const authorization = request.getHeader('authorization')
  const address = Buffer.from(response.getRemoteAddressAsText()).toString('latin1')
  readBody(response, (body) => {
    const reply = answer({ method, path, query, apiKey, authorization, body, address })
    if (reply instanceof Promise) void reply.then((later) => client.send(later))
    else client.send(reply)
  })
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
