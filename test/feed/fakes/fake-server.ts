// A server on loopback for a made-up broker: the instrument file, whatever else its wire answers, and its sockets.
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Flags } from '../../../config/sources.ts'
import type { Scope } from '../../support/plant.ts'
import { INSTRUMENTS_CSV } from './describe-fake.ts'

export interface FakeCall {
  readonly method: string
  readonly path: string
  readonly authorization: string
  /** The parsed JSON of the body, undefined where there was none. */
  readonly body: unknown
}

export interface FakeAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export abstract class FakeServer {
  restUrl = ''
  feedUrl = ''
  readonly sockets = new Set<WebSocket>()
  /** Upgrades asked for so far, also those that were refused. */
  upgrades = 0
  /** Pings are answered while this is true. */
  answersPings = true
  readonly #acceptor = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
  })

  /** What the broker calls itself, and the name of its module beside this file. */
  abstract readonly id: string
  abstract readonly module: string

  /** Answers a REST call. */
  protected rest(_call: FakeCall): FakeAnswer {
    return { status: 404, body: { error: 'not found' } }
  }

  /** Says no to an upgrade, or null to let it pass. */
  protected refuse(_url: URL): FakeAnswer | null {
    return null
  }

  protected abstract onSocket(socket: WebSocket): void

  /** Listens until the test ends. */
  async listen(scope: Scope): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response))
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    this.restUrl = `http://127.0.0.1:${port}`
    this.feedUrl = `ws://127.0.0.1:${port}`
    scope.after(() => this.#close(server))
    return this
  }

  /** The settings by which an engine finds this broker. */
  flags(accessToken: string): Flags {
    const file = fileURLToPath(new URL(`./${this.module}.js`, import.meta.url))
    return {
      [`brokers.${this.id}.adapter`]: file,
      [`brokers.${this.id}.rest`]: this.restUrl,
      [`brokers.${this.id}.feed`]: this.feedUrl,
      [`brokers.${this.id}.access_token`]: accessToken,
    }
  }

  /** Ends all sockets without a closing handshake. */
  dropSockets(): void {
    for (const socket of this.sockets) socket.terminate()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://fake')
    if (pathname === '/instruments') {
      response.end(INSTRUMENTS_CSV)
      return
    }
    const sent = await text(request)
    const { status, body } = this.rest({
      method: request.method ?? '',
      path: pathname,
      authorization: request.headers.authorization ?? '',
      body: sent === '' ? undefined : JSON.parse(sent),
    })
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.upgrades += 1
    const no = this.refuse(new URL(request.url ?? '/', 'http://fake'))
    if (no !== null) {
      const body = JSON.stringify(no.body)
      const headers = {
        connection: 'close',
        'content-length': Buffer.byteLength(body),
        ...no.headers,
      }
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const status = `HTTP/1.1 ${no.status} ${STATUS_CODES[no.status]}`
      stream.end(`${status}\r\n${lines.join('')}\r\n${body}`)
      return
    }
    this.#acceptor.handleUpgrade(request, stream, head, (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('ping', (data) => {
        if (this.answersPings) socket.pong(data)
      })
      this.onSocket(socket)
    })
  }

  async #close(server: Server): Promise<void> {
    this.dropSockets()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
}
