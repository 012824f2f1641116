// One socket to a broker: carries out what the broker's connection asks for, notices silence, and comes back
// after a loss. All knowledge of the wire is in the connection; all clocks and I/O are here.
import type {
  FeedConnection,
  FeedEffect,
  FeedSpec,
  Hosts,
  HttpReply,
  Session,
  Want,
} from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import { callHttp } from '../auth/http.ts'
import { nowMs } from '../clock.ts'
import { redactUrl } from '../observe/redact.ts'
import { backoffMs } from './backoff.ts'
import { HANDSHAKE_MS_MAX, type Line, type LineListener, openLine } from './line.ts'
import type { FeedSink } from './sink.ts'
import { BYTES, CONNECTS, DISCONNECTS, FRAMES, type LogLevel, type SocketState } from './state.ts'

// A broker that refuses the credentials this often in a row will not change its mind.
const REFUSALS_MAX = 3
// A socket that lived this long was good, even if nothing traded on it.
const GOOD_LIFE_MS = 30_000
const NO_EFFECTS: readonly FeedEffect[] = []

/** What a socket needs from the session that owns it. */
export interface SocketOwner {
  readonly spec: FeedSpec
  readonly hosts: Hosts
  /** Null while nobody is signed in. */
  readonly session: Session | null
  readonly sink: FeedSink
  readonly counters: Float64Array
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** The broker takes subscriptions on this socket: everything it should carry is to be wanted anew. */
  onLive(socket: FeedSocket, missingSinceMs: number | null): void
  onState(socket: FeedSocket): void
  onNotice(socket: FeedSocket, text: string): void
  onOrder(record: OrderRecord): void
  /** The broker refuses the session, and will not change its mind. */
  onRefused(why: string): void
  log(level: LogLevel, text: string, fields: Record<string, unknown>): void
}

export class FeedSocket {
  readonly number: number
  state: SocketState = 'idle'
  lastTickMs = 0
  readonly #owner: SocketOwner
  #connection: FeedConnection | null = null
  #line: Line | null = null
  #attempt = 0
  #refusals = 0
  #lastFrameMs = 0
  #liveSinceMs = 0
  /** Since when this socket's ticks are missing; null while it never was live or is live. */
  #missingSinceMs: number | null
  #retryTimer: NodeJS.Timeout | undefined
  #wakeTimer: NodeJS.Timeout | undefined

  constructor(number: number, owner: SocketOwner, missingSinceMs: number | null) {
    this.number = number
    this.#owner = owner
    this.#missingSinceMs = missingSinceMs
  }

  start(): void {
    const { spec, hosts, session } = this.#owner
    if (session === null) {
      this.wait()
      return
    }
    this.#become(this.#missingSinceMs === null ? 'connecting' : 'reconnecting')
    this.#lastFrameMs = nowMs()
    this.#connection = spec.connection(hosts, session)
    this.#carryOut(this.#connection.start(nowMs()))
  }

  /** Stays away until there is a session; one that was refused is told as such until then. */
  wait(): void {
    this.#dropLine()
    if (this.state !== 'refused') this.#become('signed_out')
  }

  /** Connects at once with the session that the owner has now. */
  renew(): void {
    this.#noteLoss(nowMs())
    this.#dropLine()
    this.#attempt = 0
    this.#refusals = 0
    this.start()
  }

  /** Passes a change of what is wanted to the connection; ignored unless live, when all is wanted anew later. */
  want(delta: readonly Want[]): void {
    if (this.isLive) this.#carryOut(this.#connection!.want(delta, nowMs()))
  }

  get isLive(): boolean {
    return this.state === 'live' || this.state === 'stale'
  }

  /** Called about twice a second: a silent line is dropped, a line without ticks is called stale. */
  check(now: number, staleMs: number, isTickWanted: boolean): void {
    if (this.#connection !== null && now - this.#lastFrameMs > this.#silenceMsMax()) {
      this.#lose(`silent for ${now - this.#lastFrameMs} ms`)
      return
    }
    if (!this.isLive) return
    const quietSinceMs = Math.max(this.lastTickMs, this.#liveSinceMs)
    this.#become(isTickWanted && now - quietSinceMs > staleMs ? 'stale' : 'live')
  }

  stop(): void {
    this.#dropLine()
    this.#become('stopped')
  }

  // Before the socket is open there is nothing to hear, so the handshake's own limit holds.
  #silenceMsMax(): number {
    return this.#line?.isOpen ? this.#owner.spec.silenceMsMax : 2 * HANDSHAKE_MS_MAX
  }

  #become(state: SocketState): void {
    if (this.state === state) return
    this.state = state
    this.#owner.onState(this)
  }

  #carryOut(effects: readonly FeedEffect[]): void {
    const connection = this.#connection
    for (const effect of effects) {
      // An earlier effect may have ended this connection.
      if (this.#connection !== connection) return
      const act = this.#acts[effect.do] as (effect: FeedEffect) => void
      act(effect)
    }
  }

  readonly #acts: { [Do in FeedEffect['do']]: (effect: Extract<FeedEffect, { do: Do }>) => void } =
    {
      connect: (effect) => this.#connect(effect),
      request: (effect) => void this.#request(effect),
      send: (effect) => this.#line?.send(effect.data),
      ping: () => this.#line?.ping(),
      live: () => this.#goLive(),
      refused: (effect) => this.#refuse(effect.why),
      close: (effect) => this.#lose(effect.why),
      wakeAt: (effect) => this.#wakeAt(effect.atMs),
      notice: (effect) => this.#owner.onNotice(this, effect.text),
      order: (effect) => this.#owner.onOrder(effect.record),
    }

  #connect(effect: Extract<FeedEffect, { do: 'connect' }>): void {
    this.#log('info', 'opening the feed socket', { url: redactUrl(String(effect.url)) })
    try {
      this.#line = openLine(effect, this.#listener)
    } catch {
      // Brokers hand out URLs and tokens, and the error would quote them.
      this.#lose('the URL, a header or the protocol to connect with is malformed')
    }
  }

  readonly #listener: LineListener = {
    onOpen: () => {
      this.#owner.counters[CONNECTS]! += 1
      this.#lastFrameMs = nowMs()
      this.#carryOut(this.#connection!.onOpen(nowMs()))
    },
    onFrame: (data, isBinary) => this.#onFrame(data, isBinary),
    onLife: () => {
      this.#lastFrameMs = nowMs()
    },
    onUpgradeRefused: (reply) => this.#onUpgradeRefused(reply),
    onLost: (why) => this.#lose(why),
  }

  #onFrame(data: Buffer, isBinary: boolean): void {
    const { sink, counters } = this.#owner
    const frame = isBinary ? data : data.toString()
    const now = Math.floor(sink.beginFrame(frame) / 1000)
    this.#lastFrameMs = now
    counters[FRAMES]! += 1
    counters[BYTES]! += data.length
    const ticksBefore = sink.ticks
    let effects = NO_EFFECTS
    try {
      effects = this.#connection!.onFrame(frame, now, sink)
    } catch (error) {
      sink.reject('the connection failed on a frame', 0, (error as Error).message)
    }
    if (sink.ticks !== ticksBefore) this.#onTicks(now)
    if (effects.length > 0) this.#carryOut(effects)
  }

  #onUpgradeRefused(reply: HttpReply): void {
    let effects: readonly FeedEffect[]
    try {
      effects = this.#connection!.onUpgradeRefused(reply)
    } catch (error) {
      const why = `HTTP ${reply.status}; the connection failed on it: ${(error as Error).message}`
      effects = [{ do: 'close', why }]
    }
    this.#carryOut(effects)
  }

  #onTicks(now: number): void {
    this.lastTickMs = now
    this.#attempt = 0
    if (this.state === 'stale') this.#become('live')
  }

  async #request(effect: Extract<FeedEffect, { do: 'request' }>): Promise<void> {
    const connection = this.#connection
    const reply = await callHttp(effect.request).catch(
      (error: Error): HttpReply => ({ status: 0, headers: {}, body: error.message }),
    )
    if (this.#connection !== connection || connection === null) return
    const { sink } = this.#owner
    // No sample of a reply may be logged: it can hold the secret of the next connection.
    const now = Math.floor(sink.beginFrame('') / 1000)
    const ticksBefore = sink.ticks
    let effects: readonly FeedEffect[]
    try {
      effects = connection.onReply(effect.id, reply, now, sink)
    } catch (error) {
      sink.reject('the connection failed on a reply', 0, (error as Error).message)
      // Whoever waits for this reply would wait for ever.
      effects = [{ do: 'close', why: 'the connection failed on a reply' }]
    }
    if (sink.ticks !== ticksBefore) this.#onTicks(now)
    this.#carryOut(effects)
  }

  #goLive(): void {
    const missingSinceMs = this.#missingSinceMs
    this.#missingSinceMs = null
    this.#refusals = 0
    this.#liveSinceMs = nowMs()
    this.#become('live')
    this.#owner.onLive(this, missingSinceMs)
  }

  #refuse(why: string): void {
    this.#refusals += 1
    if (this.#refusals < REFUSALS_MAX) {
      this.#lose(`refused: ${why}`)
      return
    }
    this.#dropLine()
    this.#become('refused')
    this.#log('error', 'the broker refuses the session: sign in again', { why })
    this.#owner.onRefused(why)
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#wakeTimer)
    const wake = () => this.#carryOut(this.#connection!.onTimer(nowMs()))
    this.#wakeTimer = setTimeout(wake, Math.max(0, atMs - nowMs()))
  }

  /** The line is gone or useless: remember since when ticks are missing, and try again later. */
  #lose(why: string): void {
    this.#noteLoss(nowMs())
    this.#dropLine()
    const { backoffMsMin, backoffMsMax, session } = this.#owner
    if (session === null) {
      this.#log('warn', 'feed lost', { why })
      this.wait()
      return
    }
    const delayMs = backoffMs(this.#attempt, backoffMsMin, backoffMsMax, Math.random())
    this.#attempt += 1
    this.#become(this.#missingSinceMs === null ? 'connecting' : 'reconnecting')
    this.#log('warn', 'feed lost', { why, retryInMs: delayMs })
    this.#retryTimer = setTimeout(() => this.start(), delayMs)
  }

  /** Remembers since when ticks are missing, where a live line goes. */
  #noteLoss(now: number): void {
    if (!this.isLive) return
    this.#missingSinceMs = this.#lastFrameMs
    this.#owner.counters[DISCONNECTS]! += 1
    if (now - this.#liveSinceMs > GOOD_LIFE_MS) this.#attempt = 0
  }

  #dropLine(): void {
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#wakeTimer)
    this.#line?.drop()
    this.#line = null
    this.#connection = null
  }

  #log(level: LogLevel, text: string, fields: Record<string, unknown>): void {
    this.#owner.log(level, text, { socket: this.number, ...fields })
  }
}
