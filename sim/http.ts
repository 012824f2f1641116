// Requests and answers as every simulated broker reads and writes them, whatever stands in them.
import type { IncomingMessage, ServerResponse } from 'node:http'

const BODY_BYTES_MAX = 65_536
/** Requests name no host that matters. */
const BASE = 'http://simulator'

/** The path and query of a request, or null where a client sent something that is neither. */
export function requestUrl(request: IncomingMessage): URL | null {
  const target = request.url ?? ''
  return URL.canParse(target, BASE) ? new URL(target, BASE) : null
}

/** The body as text. Throws the error that `tooLarge` makes where there are more bytes than it is given. */
export async function readBody(
  request: IncomingMessage,
  tooLarge: (bytesMax: number) => Error,
): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.length
    if (bytes > BODY_BYTES_MAX) throw tooLarge(BODY_BYTES_MAX)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Answers with JSON that is already text. */
export function sendJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
