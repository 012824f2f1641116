// The connections to one broker, kept warm: one undici pool per host. A call is handed to undici once and never again.
import { isIPv6 } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import type { HttpReply, HttpRequest } from '../../adapters/broker.ts'
import { encodeBody } from '../auth/http.ts'
import { Call, type CallLimits, type Sent } from './call.ts'

const CONNECT_MS_MAX = 5000
const CONNECTIONS_MAX = 64
const PROBE_LIMITS: CallLimits = { timeoutMs: 5000, replyBytesMax: 65_536 }
/** How long before a server closes an idle connection it is probed. */
const HINT_MARGIN_MS = 2000
const HINT_MARGIN_UNDICI_MS = 1000
const PROBE_MS_MIN = 500
/** undici's own limit of what a server may hint. */
const IDLE_MS_MAX = 3_600_000

export interface ClientOptions {
  /** Root of the broker's REST API. */
  readonly root: string
  /** Address to call from, for brokers that know their clients by it; '' leaves it to the system. */
  readonly localAddress: string
  /** How long a connection may idle before it is probed. */
  readonly probeIntervalMs: number
  /** Connections that are kept warm. */
  readonly warmConnections: number
  /** An idle connection's probe failed, or after that went well again (null). */
  readonly onProbe?: (problem: string | null) => void
}

/** Milliseconds for which the server keeps an idle connection, where it says so. */
function hintOf(reply: HttpReply): number | null {
  const seconds = /timeout=(\d{1,6})/.exec(reply.headers['keep-alive'] ?? '')?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

/** One host. */
class Host {
  readonly #pool: Pool
  readonly #options: ClientOptions
  readonly #probePath: string
  #isWarm = false
  #timer: NodeJS.Timeout | undefined
  #running = 0
  #lastUsedMs = performance.now()
  #hintMs: number | null = null
  #problem: string | null = null

  constructor(origin: string, probePath: string, options: ClientOptions) {
    const { localAddress, probeIntervalMs } = options
    const family = localAddress === '' ? {} : { family: isIPv6(localAddress) ? 6 : 4 }
    this.#options = options
    this.#probePath = probePath
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      allowH2: false,
      // A probe must come before either end takes the connection for dead.
      keepAliveTimeout: Math.min(IDLE_MS_MAX, 3 * probeIntervalMs + 5000),
      keepAliveMaxTimeout: IDLE_MS_MAX,
      keepAliveTimeoutThreshold: HINT_MARGIN_UNDICI_MS,
      // A call has one time-out for all of it, which is ours.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_MS_MAX, ...family },
      ...(localAddress === '' ? {} : { localAddress }),
    })
  }

  async send(options: Dispatcher.DispatchOptions, limits: CallLimits): Promise<Sent> {
    this.#running += 1
    const sent = await new Promise<Sent>((resolve) => {
      const call = new Call(limits, resolve)
      try {
        this.#pool.dispatch(options, call)
      } catch (error) {
        call.fail(error)
      }
    })
    this.#running -= 1
    this.#lastUsedMs = performance.now()
    if (sent.is === 'reply') this.#hintMs = hintOf(sent.reply)
    return sent
  }

  keepWarm(isWarm: boolean): void {
    if (this.#isWarm === isWarm) return
    this.#isWarm = isWarm
    clearTimeout(this.#timer)
    if (isWarm) void this.#probe()
  }

  async close(): Promise<void> {
    this.keepWarm(false)
    await this.#pool.destroy()
  }

  get #idleMsMax(): number {
    const { probeIntervalMs } = this.#options
    if (this.#hintMs === null) return probeIntervalMs
    return Math.min(probeIntervalMs, Math.max(PROBE_MS_MIN, this.#hintMs - HINT_MARGIN_MS))
  }

  #probeLater(): void {
    if (!this.#isWarm) return
    const dueMs = this.#lastUsedMs + this.#idleMsMax - performance.now()
    this.#timer = setTimeout(
      () => {
        // Calls keep a connection warm as well as a probe does.
        if (this.#running > 0) this.#lastUsedMs = performance.now()
        if (performance.now() - this.#lastUsedMs < this.#idleMsMax - 1) this.#probeLater()
        else void this.#probe()
      },
      Math.max(0, dueMs),
    )
  }

  /** Probes at the same time, so that each takes a connection of its own. */
  async #probe(): Promise<void> {
    // undici would close the connection after a HEAD, for the sake of servers that answer it with a body.
    const options = { method: 'HEAD', path: this.#probePath, reset: false } as const
    const probes = Array.from({ length: this.#options.warmConnections }, () =>
      this.send({ ...options, headers: { 'user-agent': 'tickplant' } }, PROBE_LIMITS),
    )
    const failed = (await Promise.all(probes)).find((sent) => sent.is !== 'reply')
    const problem = failed === undefined ? null : failed.why
    if (problem !== this.#problem) this.#options.onProbe?.(problem)
    this.#problem = problem
    this.#probeLater()
  }
}

export class BrokerClient {
  readonly #options: ClientOptions
  readonly #hosts = new Map<string, Host>()
  #isWarm = false

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Makes one call, once. Never rejects. */
  async send(request: HttpRequest, limits: CallLimits): Promise<Sent> {
    let options: Dispatcher.DispatchOptions
    let host: Host
    try {
      const url = new URL(request.url)
      host = this.#hostOf(url)
      const { headers, body } = encodeBody(request)
      options = {
        method: request.method,
        path: url.pathname + url.search,
        headers: { 'user-agent': 'tickplant', ...headers },
        body,
      }
    } catch {
      // The error would quote the URL.
      return { is: 'unsent', why: 'the URL or the body of the call is malformed' }
    }
    return host.send(options, limits)
  }

  /** Turns the probes of idle connections on or off; on, connections are opened at once. */
  keepWarm(isWarm: boolean): void {
    this.#isWarm = isWarm
    if (isWarm) this.#hostOf(new URL(this.#options.root))
    for (const host of this.#hosts.values()) host.keepWarm(isWarm)
  }

  /** Ends all connections, also those in use. */
  async close(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()))
  }

  #hostOf({ origin }: URL): Host {
    const known = this.#hosts.get(origin)
    if (known !== undefined) return known
    const root = new URL(this.#options.root)
    const host = new Host(origin, root.origin === origin ? root.pathname : '/', this.#options)
    this.#hosts.set(origin, host)
    host.keepWarm(this.#isWarm)
    return host
  }
}
