// The WebSocket front end on uWebSockets.js: connections, their limits, and the events that clients asked for.
import { pack } from 'msgpackr'
import { nowMs } from '../clock.ts'
import type { Feed } from '../feed/feed.ts'
import { type OrderUpdate, withUser } from '../orders/order-update.ts'
import { Client, type ClientTotals } from './client.ts'
import type { StreamEvent } from './event.ts'
import type { Outbox } from './outbox.ts'
import { handleText } from './protocol.ts'
import { errorReply, type ProtocolContext, REPLIED, type Work } from './reply.ts'
import {
  type HttpRequestHandle,
  type HttpResponse,
  listen,
  type UWebSockets,
  type WebSocketHandle,
} from './uws.ts'

const CLOSE_UNAUTHENTICATED = 4401
const CLOSE_TOO_MANY_REQUESTS = 1008
const CLOSE_GOING_AWAY = 1001
// Larger frames than this are not even received; smaller ones that are too large get an error and stay connected.
const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024
const REQUESTS_WAITING_MAX = 1000
const REQUEST_BYTES_WAITING_MAX = 8 * 1024 * 1024
// None: uWebSockets.js would drop frames, the closing one too, where the client's own limit closes it with a reason.
const BACKPRESSURE_BYTES_MAX = 0

export interface WebSocketLimits {
  readonly host: string
  readonly port: number
  readonly auth_grace_ms: number
  readonly ping_interval_ms: number
  readonly queue_bytes_max: number
  readonly frame_bytes_max: number
  readonly clients_max: number
}

/** A request whose work is not done, and the size of its message, which the work holds. */
interface Waiting {
  readonly work: Work
  readonly bytes: number
}

export class WebSocketServer {
  readonly totals: ClientTotals = { itemsSent: 0, closedSlow: 0, unauthenticated: 0 }
  readonly clients = new Set<Client>()
  refusedFull = 0
  readonly #uws: UWebSockets
  readonly #limits: WebSocketLimits
  readonly #context: ProtocolContext
  readonly #outbox: Outbox
  readonly #work = new Map<Client, Waiting[]>()
  #app: { close(): unknown } | null = null
  #pingTimer: NodeJS.Timeout | undefined
  #accepted = 0

  constructor(uws: UWebSockets, limits: WebSocketLimits, context: ProtocolContext, outbox: Outbox) {
    this.#uws = uws
    this.#limits = limits
    this.#context = context
    this.#outbox = outbox
  }

  /** Starts to listen and returns the port. Throws one sentence when it is taken. */
  listen(): number {
    const { host, port, ping_interval_ms } = this.#limits
    const app = this.#uws.App().ws<Client>('/*', {
      compression: this.#uws.DISABLED,
      maxPayloadLength: PAYLOAD_BYTES_MAX,
      maxBackpressure: BACKPRESSURE_BYTES_MAX,
      idleTimeout: idleTimeoutS(ping_interval_ms),
      sendPingsAutomatically: false,
      upgrade: (response, request, context) => this.#onUpgrade(response, request, context),
      open: (ws) => this.#onOpen(ws),
      message: (ws, message, isBinary) => this.#onMessage(ws, message, isBinary),
      close: (ws) => this.#onClose(clientOf(ws)),
    })
    const bound = listen(this.#uws, app, host, port, 'websocket')
    this.#app = app
    this.#pingTimer = setInterval(() => {
      for (const client of this.clients) if (client.isOpen) client.ws.ping()
    }, ping_interval_ms)
    return bound.port
  }

  /** Tells every client that the engine goes away, and stops listening. */
  close(): void {
    clearInterval(this.#pingTimer)
    for (const client of [...this.clients]) client.end(CLOSE_GOING_AWAY, 'the engine stops')
    this.#app?.close()
    this.#app = null
  }

  /** Ends every connection that was made with this key. */
  closeKey(keyId: string): void {
    for (const client of [...this.clients]) {
      if (client.keyId === keyId) client.end(CLOSE_UNAUTHENTICATED, 'API key revoked')
    }
  }

  /** Sends an event, in its place among the ticks, to the feed's clients that asked for events. */
  sendEvent(feed: Feed, event: StreamEvent): void {
    let text: Uint8Array | null = null
    let packed: Uint8Array | null = null
    for (const client of this.clients) {
      if (!client.wantsEvents || !client.isOpen || !client.source?.includes(feed)) continue
      if (client.isPacked) packed ??= pack(event)
      else text ??= Buffer.from(JSON.stringify(event))
      const bytes = (client.isPacked ? packed : text)!
      const start = this.#outbox.put(bytes)
      client.queue(start, start + bytes.length)
    }
  }

  /** Whether any client listens to the orders of a broker. */
  hasOrderListener(feed: Feed): boolean {
    for (const client of this.clients) if (listensTo(client, feed)) return true
    return false
  }

  /** Sends a state of an order to those who listen to the broker's orders, in the words of each. */
  sendOrder(feed: Feed, update: OrderUpdate): void {
    for (const client of this.clients) {
      if (!listensTo(client, feed)) continue
      const event = withUser(update, feed.userId || client.keyName)
      const bytes = client.isPacked ? pack(event) : Buffer.from(JSON.stringify(event))
      const start = this.#outbox.put(bytes)
      client.queue(start, start + bytes.length)
    }
  }

  #onUpgrade(response: HttpResponse, request: HttpRequestHandle, context: unknown): void {
    if (this.clients.size >= this.#limits.clients_max) {
      this.refusedFull += 1
      response.writeStatus('503 Service Unavailable').end('too many clients')
      return
    }
    response.upgrade<{ client: Client | null }>(
      { client: null },
      request.getHeader('sec-websocket-key'),
      // A server chooses one of those offered; none of them means anything here.
      request.getHeader('sec-websocket-protocol').split(',')[0]!.trim(),
      request.getHeader('sec-websocket-extensions'),
      context,
    )
  }

  #onOpen(ws: WebSocketHandle<Client>): void {
    const { queue_bytes_max, auth_grace_ms } = this.#limits
    this.#accepted += 1
    const client = new Client(
      this.#accepted,
      ws,
      this.#outbox,
      queue_bytes_max,
      this.totals,
      nowMs(),
    )
    ;(ws.getUserData() as unknown as { client: Client }).client = client
    this.clients.add(client)
    setTimeout(() => {
      if (client.keyId !== null || !client.isOpen) return
      this.totals.unauthenticated += 1
      client.end(CLOSE_UNAUTHENTICATED, 'auth timeout')
    }, auth_grace_ms).unref()
  }

  #onMessage(ws: WebSocketHandle<Client>, message: ArrayBuffer, isBinary: boolean): void {
    const client = clientOf(ws)
    if (!client.isOpen) return
    const max = this.#limits.frame_bytes_max
    let work: Work
    if (isBinary) work = refuse('INVALID_JSON', 'Binary frames are not accepted; send JSON as text')
    else if (message.byteLength > max) {
      const text = `A message of ${message.byteLength} bytes is too large; at most ${max} are allowed`
      work = refuse('INVALID_PARAMETERS', text)
    } else work = handleText(client, Buffer.from(message).toString(), this.#context)
    this.#enqueue(client, { work, bytes: message.byteLength })
  }

  /** Works at once when nothing waits, else after what waits: replies come in the order of the requests. */
  #enqueue(client: Client, request: Waiting): void {
    const waiting = this.#work.get(client)
    if (waiting === undefined) {
      if (!this.#advance(client, request.work)) {
        this.#work.set(client, [request])
        setImmediate(() => this.#workOff(client))
      }
      return
    }
    waiting.push(request)
    const bytes = waiting.reduce((sum, each) => sum + each.bytes, 0)
    if (waiting.length > REQUESTS_WAITING_MAX || bytes > REQUEST_BYTES_WAITING_MAX) {
      client.end(CLOSE_TOO_MANY_REQUESTS, 'too many requests are waiting')
    }
  }

  #workOff(client: Client): void {
    const waiting = this.#work.get(client)
    if (waiting === undefined) return
    if (this.#advance(client, waiting[0]!.work)) waiting.shift()
    if (waiting.length > 0 && client.isOpen) setImmediate(() => this.#workOff(client))
    else this.#work.delete(client)
  }

  /** Does one slice; true when the work is done and replied to. */
  #advance(client: Client, work: Work): boolean {
    if (!client.isOpen) return true
    try {
      const step = work.next()
      // Snapshots of this slice go out before anything else happens.
      this.#outbox.flush()
      if (!step.done) return false
      if (step.value !== REPLIED) client.reply(step.value)
    } catch (error) {
      client.reply(errorReply('SERVER_ERROR', (error as Error).message))
    }
    return true
  }

  #onClose(client: Client): void {
    client.isOpen = false
    client.release()
    this.clients.delete(client)
    this.#work.delete(client)
  }
}

/** The work of a message that is not looked into: its error takes its turn among the replies. */
// biome-ignore lint/correctness/useYield: it is done at once
function* refuse(code: string, message: string): Work {
  return errorReply(code, message)
}

const listensTo = ({ wantsOrders, isOpen, source }: Client, feed: Feed): boolean =>
  wantsOrders && isOpen && (source?.includes(feed) ?? false)

function clientOf(ws: WebSocketHandle<Client>): Client {
  return (ws.getUserData() as unknown as { client: Client }).client
}

/** Two missed pings; uWebSockets.js takes seconds in steps of four, between 8 and 960. */
function idleTimeoutS(pingIntervalMs: number): number {
  return Math.min(960, Math.max(8, Math.ceil((2 * pingIntervalMs) / 4000) * 4))
}
