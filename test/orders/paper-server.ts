// The server of the paper broker: it keeps every request and every order that it took, and fails to order.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { GttRecord, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { OrderRecord, PlaceAsk } from '../../adapters/orders.ts'
import { indianTime } from '../../engine/orders/journal-record.ts'
import type { Scope } from '../support/plant.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly authorization: string
  readonly remoteAddress: string
  /** The client's port: one connection is one port. */
  readonly remotePort: number
  readonly atMs: number
}

type Answer = (response: ServerResponse) => void

/** What goes wrong with a call: before the server acts on it, or after. */
export const FAULTS = {
  'reset before': { acts: false, answer: (response) => response.socket!.resetAndDestroy() },
  'reset after': { acts: true, answer: (response) => response.socket!.resetAndDestroy() },
  'silence before': { acts: false, answer: () => {} },
  'silence after': { acts: true, answer: () => {} },
  '500 after': { acts: true, answer: (response) => response.writeHead(500).end('<h1>oops</h1>') },
  '502 before': { acts: false, answer: (response) => response.writeHead(502).end('bad gateway') },
  'garbage after': { acts: true, answer: (response) => response.end('{"id": "1') },
  'empty after': { acts: true, answer: (response) => response.end() },
  'nonsense after': { acts: true, answer: (response) => response.end('{"id": ""}') },
  'redirect after': {
    acts: true,
    answer: (response) => response.writeHead(307, { location: '/orders' }).end(),
  },
  'cut after': {
    acts: true,
    answer(response) {
      response.writeHead(200, { 'content-length': 1000 }).write('{"id":"1"}')
      setImmediate(() => response.socket!.destroy())
    },
  },
  'half after': {
    acts: true,
    answer: (response) => response.writeHead(200, { 'content-length': 1000 }).write('{"id":"1"}'),
  },
  'endless after': {
    acts: true,
    answer(response) {
      const part = Buffer.alloc(65_536, 32)
      const pour = () => {
        while (!response.destroyed && response.write(part));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    },
  },
} as const satisfies Record<string, { acts: boolean; answer: Answer }>
export type FaultName = keyof typeof FAULTS

export class PaperServer {
  readonly requests: SeenRequest[] = []
  /** Orders in the book. */
  readonly orders: OrderRecord[] = []
  readonly gtts: GttRecord[] = []
  /** The faults of the next calls that are no probes. */
  readonly faults: FaultName[] = []
  /** Called with each order that is taken; what it resolves to delays the order's way into the book. */
  beforeBook: (order: OrderRecord) => Promise<void> = async () => {}
  /** Replies to writes wait for it. */
  hold: Promise<void> = Promise.resolve()
  /** Replies to reads, in place of the usual ones. */
  readonly answers: (() => { status: number; body: string })[] = []
  url = ''
  /** Every request is reset. */
  isDown = false
  /** Ends the connections on which nothing is under way. */
  dropConnections = () => {}
  /** Connections that both ends have not closed. */
  connections = 0
  readonly #idle = new Set<Socket>()
  #lastId = 0

  async listen(scope: Scope, port = 0): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response))
    // Longer than any test: connections end when a test says so.
    server.keepAliveTimeout = 600_000
    server.on('connection', (socket) => {
      this.connections += 1
      this.#idle.add(socket)
      socket.on('close', () => {
        this.connections -= 1
        this.#idle.delete(socket)
      })
    })
    server.on('request', ({ socket }, response) => {
      this.#idle.delete(socket)
      response.on('close', () => {
        if (!socket.destroyed) this.#idle.add(socket)
      })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    // Said, not torn off: a connection then counts until the other end has heard of it.
    this.dropConnections = () => {
      for (const socket of this.#idle) socket.end()
    }
    scope.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return this
  }

  /** Requests but probes. */
  get calls(): SeenRequest[] {
    return this.requests.filter(({ method }) => method !== 'HEAD')
  }

  get writes(): SeenRequest[] {
    return this.calls.filter(({ method }) => method !== 'GET')
  }

  /** Tags of the orders that reached the book, in the order of their ids. */
  get tags(): (string | null)[] {
    return this.orders.map(({ tag }) => tag)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', socket } = request
    const body = await text(request).catch(() => '')
    this.requests.push({
      method,
      path: url,
      body,
      authorization: request.headers.authorization ?? '',
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      atMs: performance.now(),
    })
    if (this.isDown) {
      socket.resetAndDestroy()
      return
    }
    if (method === 'HEAD') {
      response.end()
      return
    }
    const name = this.faults.shift()
    const fault = name === undefined ? undefined : FAULTS[name]
    if (method === 'GET' && fault === undefined) {
      const { status, body: reply } = this.answers.shift()?.() ?? this.#book(url)
      response.writeHead(status).end(reply)
      return
    }
    if (fault?.acts === false) {
      fault.answer(response)
      return
    }
    const answer = this.#act(method, url, body)
    await this.hold
    if (fault !== undefined) fault.answer(response)
    else response.writeHead(answer.no === undefined ? 200 : 400).end(JSON.stringify(answer))
  }

  #book(url: string): { status: number; body: string } {
    const answer = { '/orders': this.orders, '/gtts': this.gtts }[url] ?? { at: url }
    return { status: 200, body: JSON.stringify({ answer }) }
  }

  #act(method: string, url: string, body: string): { id?: string; no?: string; text?: string } {
    const [, kind, id] = url.split('/')
    if (method === 'POST' && kind === 'orders') return this.#place(JSON.parse(body))
    if (method === 'POST' && kind === 'gtts') return this.#placeGtt(JSON.parse(body))
    const at = this.orders.findIndex(({ orderId }) => orderId === id)
    if (at < 0) return { no: 'NOT_FOUND', text: `no order ${id}` }
    const change = method === 'DELETE' ? { status: 'cancelled' } : JSON.parse(body)
    this.orders[at] = { ...this.orders[at]!, ...change }
    return { id: id! }
  }

  #place(ask: PlaceAsk): { id?: string; no?: string; text?: string } {
    if (ask.instrument.symbol === 'REFUSED') {
      const echo = 'no funds for paper-token-0123456789'
      return { no: 'INSUFFICIENT_FUNDS', text: echo }
    }
    this.#lastId += 1
    const { instrument, ...terms } = ask
    const order: OrderRecord = {
      ...terms,
      orderId: `P${this.#lastId}`,
      exchangeOrderId: null,
      status: 'open',
      statusMessage: null,
      filledQuantity: 0,
      pendingQuantity: ask.quantity,
      cancelledQuantity: 0,
      averagePrice: 0,
      timestamp: indianTime(Date.now()),
      brokerExchange: instrument.brokerExchange,
      brokerSymbol: instrument.brokerSymbol,
      token: instrument.token,
    }
    void this.beforeBook(order).then(() => this.orders.push(order))
    return { id: order.orderId }
  }

  #placeGtt(ask: PlaceGttAsk): { id: string } {
    this.#lastId += 1
    const { instrument, ...terms } = ask
    const now = indianTime(Date.now()).slice(0, 19).replace('T', ' ')
    this.gtts.push({
      ...terms,
      triggerId: `G${this.#lastId}`,
      status: 'active',
      createdAt: now,
      updatedAt: now,
      expiresAt: now,
      brokerExchange: instrument.brokerExchange,
      brokerSymbol: instrument.brokerSymbol,
      token: instrument.token,
    })
    return { id: `G${this.#lastId}` }
  }
}
