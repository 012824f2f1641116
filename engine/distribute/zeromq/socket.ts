// One XPUB socket: binds, learns what is subscribed, sends.
import { chmod } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { type Context, type Observer, XPublisher } from 'zeromq'
import { StartError } from '../../start-error.ts'
import type { Frames } from './topic.ts'
import { curveServerOptions } from './zap.ts'

// A topic is far shorter; a peer that sends more is cut off. CURVE's handshake needs some hundred bytes.
const MESSAGE_BYTES_MAX = 256
const CURVE_MESSAGE_BYTES_MAX = 1024
// libzmq takes in all that a connection has sent before it returns: the less it may hold ready, the shorter that is.
const SUBSCRIPTIONS_AHEAD_MAX = 16
const SUBSCRIPTIONS_PER_SLICE = 64
const HEARTBEAT_MS = 10_000
const HEARTBEAT_MS_MAX = 30_000
const LINGER_MS = 200
const SUBSCRIBE = 1
const UNSUBSCRIBE = 0
const HANDSHAKE_FAILED = 'handshake:error:'

export interface SocketOptions {
  readonly context: Context
  /** Address to bind, as a number; null for a socket without TCP. */
  readonly address: string
  readonly port: number
  /** Name of the configuration key of the port, for messages. */
  readonly portKey: string
  readonly ipcFile: string
  /** Messages that wait for one subscriber before it loses the next. */
  readonly queueMessagesMax: number
  /** The server's secret key, Z85; null for a socket that is open to whoever reaches it. */
  readonly curveSecretKey: string | null
}

/** Hears what is subscribed: each text when somebody subscribes to it, and when nobody does any more. */
export interface SubscriptionListener {
  onSubscribe(topic: string): void
  onUnsubscribe(topic: string): void
  /** Called after each slice of them, and when no more are waiting. */
  onPause(): void
}

export class PublisherSocket {
  readonly endpoints: readonly string[]
  accepted = 0
  disconnected = 0
  handshakeFailures = 0
  readonly #socket: XPublisher
  readonly #events: Observer
  readonly #listener: SubscriptionListener
  #isOpen = true
  #isReading = false

  private constructor(socket: XPublisher, endpoints: string[], listener: SubscriptionListener) {
    this.#socket = socket
    this.endpoints = endpoints
    this.#listener = listener
    this.#events = socket.events
    void this.#countEvents()
  }

  /** Binds TCP and IPC. Throws a sentence that names the configuration key. */
  static async bind(
    options: SocketOptions,
    listener: SubscriptionListener,
  ): Promise<PublisherSocket> {
    const { address, port, portKey, ipcFile, curveSecretKey } = options
    const socket = new XPublisher({
      context: options.context,
      sendTimeout: 0,
      receiveTimeout: 0,
      linger: LINGER_MS,
      sendHighWaterMark: options.queueMessagesMax,
      receiveHighWaterMark: SUBSCRIPTIONS_AHEAD_MAX,
      maxMessageSize: curveSecretKey === null ? MESSAGE_BYTES_MAX : CURVE_MESSAGE_BYTES_MAX,
      heartbeatInterval: HEARTBEAT_MS,
      heartbeatTimeout: HEARTBEAT_MS_MAX,
      ipv6: isIPv6(address),
      ...(curveSecretKey === null ? {} : curveServerOptions(curveSecretKey)),
    })
    // Each new subscription is told, so that it can be answered with the last value; of leavings only the last.
    socket.verbosity = 'allSubs'
    const endpoints: string[] = []
    const host = isIPv6(address) ? `[${address}]` : address
    try {
      await socket.bind(`tcp://${host}:${port === 0 ? '*' : port}`)
      endpoints.push(socket.lastEndpoint!)
    } catch (error) {
      socket.close()
      const why = (error as Error).message
      throw new StartError(
        `zeromq: cannot bind ${address}:${port} (${why}); choose another ${portKey}, or set zeromq.enabled to false`,
      )
    }
    try {
      await socket.bind(`ipc://${ipcFile}`)
      await chmod(ipcFile, 0o600)
      endpoints.push(`ipc://${ipcFile}`)
    } catch (error) {
      socket.close()
      const why = (error as Error).message
      throw new StartError(
        `zeromq: cannot bind ipc://${ipcFile} (${why}); ` +
          'choose a data_dir that can be written, with a path under 90 bytes',
      )
    }
    return new PublisherSocket(socket, endpoints, listener)
  }

  get peers(): number {
    return Math.max(0, this.accepted - this.disconnected)
  }

  /**
   * Sends one message to those who subscribe to its topic. An XPUB never waits: who is too slow loses it. The array
   * may be used again, its payload may not be written again.
   */
  send(frames: Frames): void {
    if (!this.#isOpen) return
    // With a timeout of 0 the library sends before it returns, and libzmq promises that a send on this kind of socket
    // neither blocks nor fails. To watch each promise would cost a tenth of the send.
    void this.#socket.send(frames)
  }

  /**
   * Takes in what has been subscribed since the last call. Asked for from time to time, because a receive that is
   * always pending adds a look at the socket's state to every send (docs/adr/0007-zeromq.md).
   */
  poll(): void {
    if (this.#isReading || !this.#isOpen || !this.#socket.readable) return
    this.#isReading = true
    this.#readAll()
      // Closed meanwhile.
      .catch(() => {})
      .finally(() => {
        this.#isReading = false
      })
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    // The observer does not always hear that its socket is closed, and would then keep the process alive.
    this.#events.close()
    this.#socket.close()
  }

  async #countEvents(): Promise<void> {
    try {
      for await (const { type } of this.#events) {
        if (type === 'accept') this.accepted += 1
        else if (type === 'disconnect') this.disconnected += 1
        else if (type.startsWith(HANDSHAKE_FAILED)) this.handshakeFailures += 1
      }
    } catch (error) {
      if (!this.#events.closed) throw error
    }
  }

  async #readAll(): Promise<void> {
    let left = SUBSCRIPTIONS_PER_SLICE
    while (this.#isOpen && this.#socket.readable) {
      const [message] = await this.#socket.receive()
      if (message !== undefined) this.#onMessage(message)
      left -= 1
      if (left > 0) continue
      left = SUBSCRIPTIONS_PER_SLICE
      this.#listener.onPause()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#listener.onPause()
  }

  #onMessage(message: Buffer): void {
    const topic = message.toString('latin1', 1)
    if (message[0] === SUBSCRIBE) this.#listener.onSubscribe(topic)
    else if (message[0] === UNSUBSCRIBE) this.#listener.onUnsubscribe(topic)
  }
}
