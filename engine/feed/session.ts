// A broker session's sockets: what the broker was asked for on each of them, and what it answered. Desired state lives
// here and outlives every socket.
import { isDeepStrictEqual } from 'node:util'
import type { BrokerSpec, FeedSpec, Hosts, Session, Want } from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import type { Mode } from '../../codecs/tick.ts'
import { nowMs } from '../clock.ts'
import { TimedSink } from '../observe/stages.ts'
import { TokenIndex } from '../symbols/token-index.ts'
import { NO_SOCKET, Placement } from './placement.ts'
import { SessionLog, type TellLog } from './session-log.ts'
import { FeedSink } from './sink.ts'
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
  log: TellLog
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
  readonly #log: SessionLog
  #number: number
  #tokens: TokenIndex
  readonly #staleMs: number
  readonly #wantedModes: Uint8Array
  readonly #placement: Placement
  readonly #sockets: FeedSocket[] = []
  readonly #asks = new Map<number, Ask>()
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
    this.#log = new SessionLog(broker.signIn.credentials, data.session, listener.log)
    this.counters = new Float64Array(data.memory.counters)
    const onOddity = this.#log.oddity.bind(this.#log)
    const { memory, instrumentsMax } = data
    const sink = [memory, spec.depthLevels, instrumentsMax, onOddity] as const
    this.sink = memory.stages ? new TimedSink(memory.stages, ...sink) : new FeedSink(...sink)
    this.#tokens = new TokenIndex(data.memory.tokens)
    this.#staleMs = data.staleMs
    this.#wantedModes = new Uint8Array(data.instrumentsMax)
    this.#placement = new Placement(data.instrumentsMax, spec.instrumentsPerSocket)
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
      if (pairs[at + 1] === 0) take(this.#placement.release(pairs[at]!), pairs[at]!, 0)
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
    const changed = this.#placement.loads.map((load) =>
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
    this.#log.useSession(session)
    const isSame = before !== null && isDeepStrictEqual(before, session)
    for (const socket of this.#sockets) if (!isSame || !socket.isLive) socket.renew()
  }

  log(level: LogLevel, text: string, fields: Record<string, unknown>): void {
    this.#log.line(level, text, fields)
  }

  onRefused(why: string): void {
    this.#listener.onRefused(this.#log.hide(why), this.#number)
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
    const all = [...this.#placement.loads[socket.number]!]
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
    this.#log.notice(socket.number, text)
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
    this.#placement.release(instrument)
    this.#wantedModes[instrument] = 0
    this.#asks.delete(instrument)
  }

  /** The socket that carries the instrument: its own, else the first with room, else a new one. */
  #place(instrument: number): number {
    const placed = this.#placement.place(instrument)
    if (placed !== NO_SOCKET) return placed
    if (this.#sockets.length === this.spec.socketsMax) {
      this.log('error', 'no socket has room for the instrument', { instrument })
      return NO_SOCKET
    }
    this.#openSocket()
    return this.#placement.place(instrument)
  }

  #openSocket(): void {
    const socket = new FeedSocket(this.#sockets.length, this, this.#missingSinceMs)
    this.#sockets.push(socket)
    this.#placement.addSocket()
    socket.start()
  }

  #check(): void {
    const now = nowMs()
    let lastTickMs = 0
    for (const socket of this.#sockets) {
      socket.check(now, this.#staleMs, this.#placement.loads[socket.number]!.size > 0)
      lastTickMs = Math.max(lastTickMs, socket.lastTickMs)
    }
    this.counters[LAST_TICK_MS] = lastTickMs
    if (this.#asks.size > 0) this.#checkAnswers(now)
  }

  /** Asks again for what the broker has not answered with a tick of the wanted mode. */
  #checkAnswers(now: number): void {
    const again: number[] = []
    for (const [instrument, ask] of this.#asks) {
      const socket = this.#sockets[this.#placement.socketOf(instrument)]
      if (this.sink.answeredModes[instrument]! >= this.#modeOf(instrument)) {
        this.#asks.delete(instrument)
      } else if (socket?.isLive && now - ask.atMs > ANSWER_MS_MAX) {
        if (ask.times < ASKS_MAX) again.push(instrument, this.#modeOf(instrument))
        else {
          this.#asks.delete(instrument)
          this.counters[UNANSWERED]! += 1
          this.#log.oddity('subscription was never answered with a tick', instrument, '')
        }
      }
    }
    if (again.length > 0) this.want(Int32Array.from(again))
  }
}
