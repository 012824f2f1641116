// The one who made an HTTP call: sends the reply, whole or piece by piece, and knows when nobody is there any more.
import type { HttpResponse } from '../distribute/uws.ts'
import type { Reply } from './reply.ts'

const REASONS: Readonly<Record<number, string>> = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  413: '413 Payload Too Large',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  501: '501 Not Implemented',
  503: '503 Service Unavailable',
}

/** What uWebSockets.js has for replies that are bytes, whole or in pieces. */
interface PiecewiseResponse extends HttpResponse {
  end(body?: string | Uint8Array): HttpResponse
  /** False when the piece waits in the socket's buffer. */
  write(piece: Uint8Array): boolean
  onWritable(handler: (offset: number) => boolean): HttpResponse
}

export class HttpClient {
  readonly #response: PiecewiseResponse
  #isGone = false
  #wake = () => {}

  /** Must be made before the handler of the call returns. */
  constructor(response: HttpResponse) {
    this.#response = response as PiecewiseResponse
    response.onAborted(() => {
      this.#isGone = true
      this.#wake()
    })
  }

  send(reply: Reply): void {
    const { body } = reply
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      void this.#sendPieces(reply, body)
      return
    }
    if (this.#isGone) return
    this.#response.cork(() => {
      this.#writeHead(reply)
      this.#response.end(body)
    })
  }

  /** A body that fails midway closes the connection, so that it cannot be taken for a whole one. */
  async #sendPieces(reply: Reply, pieces: AsyncGenerator<Uint8Array>): Promise<void> {
    this.#response.onWritable(() => {
      this.#wake()
      return true
    })
    let isBegun = false
    try {
      for await (const piece of pieces) {
        if (this.#isGone) return
        let hasRoom = true
        this.#response.cork(() => {
          if (!isBegun) this.#writeHead(reply)
          isBegun = true
          hasRoom = this.#response.write(piece)
        })
        if (!hasRoom) await this.#room()
      }
      if (!this.#isGone) this.#response.cork(() => this.#response.end())
    } catch {
      if (!this.#isGone) this.#response.close()
    }
  }

  /** Resolves when the socket has taken what waits for it, and when nobody is there any more. */
  async #room(): Promise<void> {
    if (this.#isGone) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  #writeHead({ status, type, headers = {} }: Reply): void {
    this.#response.writeStatus(REASONS[status]!).writeHeader('content-type', type)
    for (const [name, value] of Object.entries(headers)) this.#response.writeHeader(name, value)
  }
}
