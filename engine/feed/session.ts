// A broker session's sockets: which instrument rides on which socket, what the broker was asked for, and what it
// answered. Desired state lives here and outlives every socket.
import { isDeepStrictEqual } from 'node:util'
import type {
  BrokerSpec,
  CredentialField,
  FeedSpec,
  Hosts,
  Session,
  Want,
} from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import type { Mode } from '../../codecs/tick.ts'
import { nowMs } from '../clock.ts'
import { LogSampler } from '../observe/log-sampler.ts'
import { TimedSink } from '../observe/stages.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { secretHider } from './secrets.ts'
import { FeedSink, type Frame, type OddityDetail } from './sink.ts'
import { FeedSocket, type SocketOwner } from './socket.ts'
import {
  type FeedWorkerData,
  GAP_REASONS,
  LAST_TICK_MS,
  type LogLevel,
  SOCKET_STATES,
  SOCKETS_LIVE,
  UNANSWERED,
} from './state.ts'

const CHECK_EVERY_MS = 500
// Brokers answer a subscription with a first tick at once; one that does not is asked again a few times.
const ANSWER_MS_MAX = 5_000
const ASKS_MAX = 3
const NO_SOCKET = 255
const ODDITIES_PER_MINUTE = 3
const NOTICES_PER_MINUTE = 20
const NOTICE_LENGTH_MAX = 500
const SAMPLE_BYTES = 64
// A secret is found only where all of it is seen.
const SECRET_BYTES_MAX = 4096

interface Ask {
  atMs: number
  times: number
}

/** Describes an instrument, which the index must hold, in the broker's terms. */
function wantOf(tokens: TokenIndex, instrument: number, mode: Mode | 0): Want {
  const token = tokens.tokenOf(instrument)!
  return { instrument, token, segment: tokens.segmentOf(instrument), mode }
}

/** Whom a feed session tells what. */
export interface SessionListener {
  log(level: LogLevel, text: string, fields: Record<string, unknown>): void
  /** The broker refuses the session of this number. */
  onRefused(why: string, number: number): void
  /** The broker tells of an order, perhaps not for the first time. */
  onOrder(record: OrderRecord): void
}

export class FeedSession implements SocketOwner {
  readonly spec: FeedSpec
  readonly hosts: Hosts
  /** Null while nobody is signed in. */
  session: Session | null
  readonly sink: FeedSink
  readonly counters: Float64Array
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  readonly #listener: SessionListener
  readonly #credentials: readonly CredentialField[]
  #number: number
  #hide: (text: string) => string
  #tokens: TokenIndex
  readonly #staleMs: number
  readonly #wantedModes: Uint8Array
  readonly #socketOf: Uint8Array
  readonly #sockets: FeedSocket[] = []
  /** Instruments per socket, by socket number. */
  readonly #loads: Set<number>[] = []
  readonly #asks = new Map<number, Ask>()
  readonly #oddities = new LogSampler(ODDITIES_PER_MINUTE)
  readonly #notices = new LogSampler(NOTICES_PER_MINUTE)
  /** When the worker before this one crashed, if one did. */
  readonly #crashedAtMs: number | null
  /** The same until a socket is live: sockets that are opened by then take over from the crashed worker's. */
  #missingSinceMs: number | null
  #timer: NodeJS.Timeout | undefined

  constructor(
    broker: Pick<BrokerSpec, 'feed' | 'signIn'>,
    data: FeedWorkerData,
    listener: SessionListener,
  ) {
    const spec = broker.feed
    this.spec = spec
    this.hosts = data.hosts
    this.session = data.session
    this.backoffMsMin = data.backoffMsMin
    this.backoffMsMax = data.backoffMsMax
    this.#number = data.sessionNumber
    this.#listener = listener
    this.#credentials = broker.signIn.credentials
    this.#hide = secretHider(this.#credentials, data.session)
    this.counters = new Float64Array(data.memory.counters)
    const onOddity = this.#onOddity.bind(this)
    const { memory, instrumentsMax } = data
    const sink = [memory, spec.depthLevels, instrumentsMax, onOddity] as const
    this.sink = memory.stages ? new TimedSink(memory.stages, ...sink) : new FeedSink(...sink)
    this.#tokens = new TokenIndex(data.memory.tokens)
    this.#staleMs = data.staleMs
    this.#wantedModes = new Uint8Array(data.instrumentsMax)
    this.#socketOf = new Uint8Array(data.instrumentsMax).fill(NO_SOCKET)
    this.#crashedAtMs = data.missingSinceMs
    this.#missingSinceMs = data.missingSinceMs
  }

  /** Opens the first socket, so that bad credentials show before anyone subscribes. */
  start(): void {
    this.#openSocket()
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.stop()
  }

  /** Takes pairs of instrument number and mode; mode 0 means no longer wanted. */
  want(pairs: Int32Array): void {
    const deltas = this.#sockets.map((): Want[] => [])
    const take = (socket: number, instrument: number, mode: Mode | 0) => {
      if (socket === NO_SOCKET) return
      this.#wantedModes[instrument] = mode
      deltas[socket] ??= []
      deltas[socket].push(this.#ask(instrument, mode))
    }
    // Those that leave go first: on full sockets they make the room for those that come.
    for (let at = 0; at < pairs.length; at += 2) {
      if (pairs[at + 1] === 0) take(this.#release(pairs[at]!), pairs[at]!, 0)
    }
    for (let at = 0; at < pairs.length; at += 2) {
      if (pairs[at + 1] !== 0) take(this.#place(pairs[at]!), pairs[at]!, pairs[at + 1] as Mode)
    }
    deltas.forEach((delta, socket) => {
      if (delta.length > 0) this.#sockets[socket]!.want(delta)
    })
  }

  /**
   * Goes on with another index. What has another token in it is given up by the old one and asked for by the new one,
   * under the same number; what it does not hold is given up.
   */
  useIndex(tokens: SharedArrayBuffer, number: number): void {
    const before = this.#tokens
    this.#tokens = new TokenIndex(tokens)
    this.sink.useIndex(this.#tokens, number)
    const changed = this.#loads.map((load) =>
      [...load].filter((instrument) => !this.#tokens.agreesWith(before, instrument)),
    )
    // All that leave go first: the token of one may be the new token of another.
    changed.forEach((instruments, socket) => {
      const left = instruments.map((instrument) => wantOf(before, instrument, 0))
      if (left.length > 0) this.#sockets[socket]!.want(left)
    })
    changed.forEach((instruments, socket) => {
      for (const instrument of instruments) {
        if (!this.#tokens.has(instrument)) this.#giveUp(instrument)
      }
      const come = instruments
        .filter((instrument) => this.#tokens.has(instrument))
        .map((instrument) => this.#ask(instrument, this.#modeOf(instrument)))
      if (come.length > 0) this.#sockets[socket]!.want(come)
    })
  }

  /**
   * Connects anew with another session, also what is live: a broker may end the session before at any time. With null
   * what is live stays, and whatever is lost waits for a session.
   */
  useSession(session: Session | null, number: number): void {
    const before = this.session
    this.session = session
    this.#number = number
    if (session === null) {
      for (const socket of this.#sockets) if (!socket.isLive) socket.wait()
      return
    }
    // The broker may still repeat the secrets of the one before.
    const [hideOld, hideNew] = [this.#hide, secretHider(this.#credentials, session)]
    this.#hide = (text) => hideNew(hideOld(text))
    const isSame = before !== null && isDeepStrictEqual(before, session)
    for (const socket of this.#sockets) if (!isSame || !socket.isLive) socket.renew()
  }

  log(level: LogLevel, text: string, fields: Record<string, unknown>): void {
    this.#listener.log(level, text, this.#withoutSecrets(fields))
  }

  onRefused(why: string): void {
    this.#listener.onRefused(this.#hide(why), this.#number)
  }

  onLive(socket: FeedSocket, missingSinceMs: number | null): void {
    if (missingSinceMs !== null) {
      const reason = missingSinceMs === this.#crashedAtMs ? 'restarted' : 'reconnected'
      this.sink.gap({
        code: GAP_REASONS.indexOf(reason),
        socket: socket.number,
        sinceMs: missingSinceMs,
        untilMs: nowMs(),
      })
    }
    this.#missingSinceMs = null
    const all = [...this.#loads[socket.number]!]
    for (const instrument of all) this.#asks.delete(instrument)
    const delta = all.map((instrument) => this.#ask(instrument, this.#modeOf(instrument)))
    if (delta.length > 0) socket.want(delta)
  }

  onState(socket: FeedSocket): void {
    this.counters[SOCKETS_LIVE] = this.#sockets.filter((each) => each.isLive).length
    this.sink.status({
      code: SOCKET_STATES.indexOf(socket.state),
      socket: socket.number,
      sinceMs: nowMs(),
      untilMs: 0,
    })
    this.log('info', `feed ${socket.state}`, { socket: socket.number })
  }

  onNotice(socket: FeedSocket, text: string): void {
    const heldBack = this.#notices.admit('', nowMs())
    if (heldBack === null) return
    const notice = text.slice(0, NOTICE_LENGTH_MAX)
    this.log('warn', 'broker says', { socket: socket.number, notice, heldBack })
  }

  onOrder(record: OrderRecord): void {
    this.#listener.onOrder(record)
  }

  #modeOf(instrument: number): Mode | 0 {
    return this.#wantedModes[instrument] as Mode | 0
  }

  /** Notes that the broker is being asked, and describes the instrument in the broker's terms. */
  #ask(instrument: number, mode: Mode | 0): Want {
    if (mode === 0) this.#asks.delete(instrument)
    else {
      this.sink.answeredModes[instrument] = 0
      const times = this.#asks.get(instrument)?.times ?? 0
      this.#asks.set(instrument, { atMs: nowMs(), times: times + 1 })
    }
    return wantOf(this.#tokens, instrument, mode)
  }

  #giveUp(instrument: number): void {
    this.#release(instrument)
    this.#wantedModes[instrument] = 0
    this.#asks.delete(instrument)
  }

  /** The socket that carries the instrument: its own, else the first with room, else a new one. */
  #place(instrument: number): number {
    const placed = this.#socketOf[instrument]!
    if (placed !== NO_SOCKET) return placed
    let socket = this.#loads.findIndex((load) => load.size < this.spec.instrumentsPerSocket)
    if (socket === -1) {
      if (this.#sockets.length === this.spec.socketsMax) {
        this.log('error', 'no socket has room for the instrument', { instrument })
        return NO_SOCKET
      }
      socket = this.#openSocket().number
    }
    this.#loads[socket]!.add(instrument)
    this.#socketOf[instrument] = socket
    return socket
  }

  #release(instrument: number): number {
    const socket = this.#socketOf[instrument]!
    if (socket !== NO_SOCKET) this.#loads[socket]!.delete(instrument)
    this.#socketOf[instrument] = NO_SOCKET
    return socket
  }

  #openSocket(): FeedSocket {
    const socket = new FeedSocket(this.#sockets.length, this, this.#missingSinceMs)
    this.#sockets.push(socket)
    this.#loads.push(new Set())
    socket.start()
    return socket
  }

  #check(): void {
    const now = nowMs()
    let lastTickMs = 0
    for (const socket of this.#sockets) {
      socket.check(now, this.#staleMs, this.#loads[socket.number]!.size > 0)
      lastTickMs = Math.max(lastTickMs, socket.lastTickMs)
    }
    this.counters[LAST_TICK_MS] = lastTickMs
    if (this.#asks.size > 0) this.#checkAnswers(now)
  }

  /** Asks again for what the broker has not answered with a tick of the wanted mode. */
  #checkAnswers(now: number): void {
    const again: number[] = []
    for (const [instrument, ask] of this.#asks) {
      const socket = this.#sockets[this.#socketOf[instrument]!]
      if (this.sink.answeredModes[instrument]! >= this.#modeOf(instrument)) {
        this.#asks.delete(instrument)
      } else if (socket?.isLive && now - ask.atMs > ANSWER_MS_MAX) {
        if (ask.times < ASKS_MAX) again.push(instrument, this.#modeOf(instrument))
        else {
          this.#asks.delete(instrument)
          this.counters[UNANSWERED]! += 1
          this.#onOddity('subscription was never answered with a tick', instrument, '')
        }
      }
    }
    if (again.length > 0) this.want(Int32Array.from(again))
  }

  /** Logs the first few of a kind per minute; the counters hold all of them. */
  #onOddity(reason: string, about: OddityDetail, frame: Frame, error?: string): void {
    const heldBack = this.#oddities.admit(reason, nowMs())
    if (heldBack === null) return
    const detail = typeof about === 'function' ? about() : about
    const sample = this.#sample(frame)
    const frameBytes = frame.length
    this.log('warn', 'feed oddity', { reason, detail, error, frameBytes, sample, heldBack })
  }

  /** The beginning of a frame in hex, without what it repeats of the credentials. */
  #sample(frame: Frame): string {
    const seen = Buffer.from(frame.slice(0, SAMPLE_BYTES + SECRET_BYTES_MAX) as Uint8Array)
    const shown = this.#hide(seen.toString('latin1')).slice(0, SAMPLE_BYTES)
    return Buffer.from(shown, 'latin1').toString('hex')
  }

  #withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
    const shown = Object.entries(fields).map(([name, value]) => {
      return [name, typeof value === 'string' ? this.#hide(value) : value]
    })
    return Object.fromEntries(shown)
  }
}
