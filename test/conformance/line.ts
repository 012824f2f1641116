// One connection of a broker driven by hand: the real socket to the simulator, but a clock that can be put forward.
import type { FeedConnection, FeedEffect, Want } from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'
import { callHttp } from '../../engine/auth/http.ts'
import { type Line, openLine } from '../../engine/feed/line.ts'
import { type Scope, until } from '../support/plant.ts'
import { type Broker, readySession } from './bench.ts'

/** A tick as the connection delivered it. */
export type LineTick = DecodedTick & { readonly segment: number }

export class DrivenLine {
  readonly ticks: LineTick[] = []
  /** Frames that delivered a tick. */
  readonly tickFrames: (Uint8Array | string)[] = []
  readonly sent: (Uint8Array | string)[] = []
  readonly rejects: string[] = []
  readonly notices: string[] = []
  readonly orders: OrderRecord[] = []
  /** Frames and pongs that came. */
  lifeSigns = 0
  isLive = false
  /** Why it ended, once it did. */
  ended: string | null = null
  readonly #connection: FeedConnection
  readonly #sink: TickSink
  #line: Line | null = null
  #aheadMs = 0
  #wakeAtMs = Number.POSITIVE_INFINITY
  #wakeTimer: NodeJS.Timeout | undefined

  private constructor(connection: FeedConnection, depthLevels: number) {
    this.#connection = connection
    const tick = new Tick(depthLevels)
    this.#sink = {
      tick,
      emit: () => {
        this.ticks.push({ ...describeTick(tick), segment: tick.segment })
      },
      reject: (reason) => {
        this.rejects.push(reason)
      },
    }
  }

  /** Connects to a broker with the session that is open already, and waits until it takes subscriptions. */
  static async open(context: Scope, broker: Broker): Promise<DrivenLine> {
    const { spec, hosts } = broker
    const connection = spec.feed.connection(hosts, await readySession(broker))
    const line = new DrivenLine(connection, spec.feed.depthLevels)
    context.after(() => line.#drop())
    line.#carryOut(connection.start(line.nowMs))
    await until('the line to be live', () => {
      if (line.ended !== null) throw new Error(line.ended)
      return line.isLive
    })
    return line
  }

  get nowMs(): number {
    return Date.now() + this.#aheadMs
  }

  want(delta: readonly Want[]): void {
    this.#carryOut(this.#connection.want(delta, this.nowMs))
  }

  /** Puts the clock forward, and wakes the connection at every time that it asked for on the way. */
  putForward(byMs: number): void {
    const endMs = this.nowMs + byMs
    while (this.#wakeAtMs <= endMs && this.ended === null) {
      this.#aheadMs += Math.max(0, this.#wakeAtMs - this.nowMs)
      this.#wake()
    }
    this.#aheadMs += Math.max(0, endMs - this.nowMs)
  }

  /** The latest tick of a token. */
  last({ token, segment }: Pick<Want, 'token' | 'segment'>): LineTick | undefined {
    return this.ticks.findLast((tick) => tick.token === String(token) && tick.segment === segment)
  }

  #wake(): void {
    clearTimeout(this.#wakeTimer)
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    this.#carryOut(this.#connection.onTimer(this.nowMs))
  }

  #carryOut(effects: readonly FeedEffect[]): void {
    for (const effect of effects) {
      if (this.ended !== null) return
      if (effect.do === 'connect') this.#connect(effect)
      else if (effect.do === 'request') void this.#request(effect)
      else if (effect.do === 'send') {
        this.sent.push(effect.data)
        this.#line!.send(effect.data)
      } else if (effect.do === 'ping') this.#line!.ping()
      else if (effect.do === 'live') this.isLive = true
      else if (effect.do === 'notice') this.notices.push(effect.text)
      else if (effect.do === 'wakeAt') this.#wakeAt(effect.atMs)
      else if (effect.do === 'order') this.orders.push(effect.record)
      else this.#end(`${effect.do}: ${effect.why}`)
    }
  }

  #connect(effect: Extract<FeedEffect, { do: 'connect' }>): void {
    this.#line = openLine(effect, {
      onOpen: () => this.#carryOut(this.#connection.onOpen(this.nowMs)),
      onFrame: (data, isBinary) => this.#onFrame(isBinary ? data : data.toString()),
      onLife: () => {
        this.lifeSigns += 1
      },
      onUpgradeRefused: (reply) => this.#carryOut(this.#connection.onUpgradeRefused(reply)),
      onLost: (why) => this.#end(why),
    })
  }

  #onFrame(frame: Uint8Array | string): void {
    this.lifeSigns += 1
    const before = this.ticks.length
    const effects = this.#connection.onFrame(frame, this.nowMs, this.#sink)
    if (this.ticks.length > before) {
      this.tickFrames.push(typeof frame === 'string' ? frame : Uint8Array.from(frame))
    }
    this.#carryOut(effects)
  }

  async #request({ id, request }: Extract<FeedEffect, { do: 'request' }>): Promise<void> {
    const reply = await callHttp(request)
    this.#carryOut(this.#connection.onReply(id, reply, this.nowMs, this.#sink))
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = atMs
    clearTimeout(this.#wakeTimer)
    this.#wakeTimer = setTimeout(() => this.#wake(), Math.max(0, atMs - this.nowMs))
  }

  #end(why: string): void {
    this.ended = why
    this.#drop()
  }

  #drop(): void {
    clearTimeout(this.#wakeTimer)
    this.#line?.drop()
  }
}
