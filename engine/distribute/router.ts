// Who wants what: per broker, from instrument and mode to subscribers. The broker is asked for the highest mode that
// anyone wants, and for a lower one again when the last of them leaves.
import {
  MsgpackEncoder,
  type PackTarget,
  packIdentity,
  type TickIdentity,
  tickBytesMax,
} from '../../codecs/msgpack.ts'
import { encodeOpenAlgo, openAlgoHead } from '../../codecs/openalgo.ts'
import { MODE_DEPTH, MODE_LTP, type Mode, type Tick } from '../../codecs/tick.ts'
import type { LastValues } from './last-values.ts'

/** A receiver of ticks. `isPacked` may not change while it is subscribed. */
export interface Subscriber {
  readonly isPacked: boolean
  queueText(frame: string): void
  /** Takes bytes `start` to `end` of the outbox's arena, which live until its next flush. */
  queuePacked(start: number, end: number): void
}

/** Where encoded ticks wait until the end of a drain. */
export interface Arena {
  readonly target: PackTarget
  /** Makes room for `bytes` more, flushing if it must, and returns where they go. */
  reserve(bytes: number): number
  commit(end: number): void
}

/** The core's order to a feed: this instrument in this mode from now on, 0 for not at all. */
export type WantListener = (instrument: number, mode: Mode | 0) => void

class Route {
  readonly identity: TickIdentity
  readonly packedIdentity: Uint8Array
  readonly #heads: string[] = []
  /** Subscribers by mode, apart by encoding, so that the inner loops call one kind of method. */
  readonly texts: Subscriber[][] = [[], [], [], []]
  readonly packed: Subscriber[][] = [[], [], [], []]

  constructor(identity: TickIdentity) {
    this.identity = identity
    this.packedIdentity = packIdentity(identity)
  }

  head(mode: Mode): string {
    const { broker, exchange, symbol } = this.identity
    this.#heads[mode] ??= openAlgoHead(broker, exchange, symbol, mode)
    return this.#heads[mode]
  }

  get wantedMode(): Mode | 0 {
    for (let mode = MODE_DEPTH as number; mode >= MODE_LTP; mode--) {
      if (this.texts[mode]!.length > 0 || this.packed[mode]!.length > 0) return mode as Mode
    }
    return 0
  }
}

export class Router {
  /** Ticks handed to subscribers, and ticks that nobody wanted any more. */
  delivered = 0
  unwanted = 0
  readonly #routeOf: Int32Array
  readonly #routes: (Route | null)[] = [null]
  readonly #free: number[] = []
  readonly #encoder = new MsgpackEncoder()
  readonly #lastValues: LastValues
  readonly #identify: (instrument: number) => TickIdentity
  readonly #onWanted: WantListener
  readonly #arena: Arena

  constructor(
    instrumentsMax: number,
    lastValues: LastValues,
    arena: Arena,
    identify: (instrument: number) => TickIdentity,
    onWanted: WantListener,
  ) {
    this.#routeOf = new Int32Array(instrumentsMax)
    this.#lastValues = lastValues
    this.#arena = arena
    this.#identify = identify
    this.#onWanted = onWanted
  }

  /** Seq of the last value of an instrument, 0 where there is none. */
  lastSeq(instrument: number): number {
    return this.#lastValues.seqOf(instrument)
  }

  /** Adds a subscriber that is not yet subscribed in this mode. */
  subscribe(instrument: number, mode: Mode, subscriber: Subscriber): void {
    const route = this.#route(instrument) ?? this.#addRoute(instrument)
    const before = route.wantedMode
    const lists = subscriber.isPacked ? route.packed : route.texts
    lists[mode]!.push(subscriber)
    if (mode > before) this.#onWanted(instrument, mode)
  }

  /** Removes a subscriber from one mode of one instrument; nothing happens where it was not subscribed. */
  unsubscribe(instrument: number, mode: Mode, subscriber: Subscriber): void {
    const route = this.#route(instrument)
    if (route === null) return
    const list = (subscriber.isPacked ? route.packed : route.texts)[mode]!
    const at = list.indexOf(subscriber)
    if (at < 0) return
    const before = route.wantedMode
    list[at] = list[list.length - 1]!
    list.pop()
    const wanted = route.wantedMode
    if (wanted === before) return
    if (wanted === 0) this.#removeRoute(instrument)
    this.#onWanted(instrument, wanted)
  }

  /** Hands a tick to everyone who holds its instrument in its mode or a lower one; encodes once per encoding. */
  deliver(tick: Tick): void {
    const number = this.#routeOf[tick.instrument]!
    if (number === 0) {
      this.unwanted += 1
      return
    }
    this.#lastValues.store(tick)
    const route = this.#routes[number]!
    for (let mode = MODE_LTP as number; mode <= tick.mode; mode++) {
      const texts = route.texts[mode]!
      if (texts.length > 0) {
        const frame = encodeOpenAlgo(tick, mode as Mode, route.head(mode as Mode), false)
        for (let i = 0; i < texts.length; i++) texts[i]!.queueText(frame)
        this.delivered += texts.length
      }
      const packed = route.packed[mode]!
      if (packed.length > 0) {
        const start = this.#arena.reserve(tickBytesMax(route.packedIdentity.length, tick.levelsMax))
        const end = this.#pack(tick, mode as Mode, false, route, start)
        for (let i = 0; i < packed.length; i++) packed[i]!.queuePacked(start, end)
        this.delivered += packed.length
      }
    }
  }

  /** Gives a new subscriber the last value, where there is one of its mode; `scratch` is overwritten. */
  sendSnapshot(instrument: number, mode: Mode, subscriber: Subscriber, scratch: Tick): void {
    const route = this.#route(instrument)
    if (route === null || !this.#lastValues.load(instrument, scratch)) return
    if (scratch.mode < mode) return
    if (!subscriber.isPacked) {
      subscriber.queueText(encodeOpenAlgo(scratch, mode, route.head(mode), true))
      return
    }
    const room = tickBytesMax(route.packedIdentity.length, scratch.levelsMax)
    const start = this.#arena.reserve(room)
    subscriber.queuePacked(start, this.#pack(scratch, mode, true, route, start))
  }

  #pack(tick: Tick, mode: Mode, isSnapshot: boolean, route: Route, start: number): number {
    const { target } = this.#arena
    const end = this.#encoder.encode(tick, mode, isSnapshot, route.packedIdentity, target, start)
    this.#arena.commit(end)
    return end
  }

  #route(instrument: number): Route | null {
    return this.#routes[this.#routeOf[instrument]!]!
  }

  #addRoute(instrument: number): Route {
    const route = new Route(this.#identify(instrument))
    const number = this.#free.pop() ?? this.#routes.length
    this.#routes[number] = route
    this.#routeOf[instrument] = number
    return route
  }

  #removeRoute(instrument: number): void {
    const number = this.#routeOf[instrument]!
    this.#routes[number] = null
    this.#routeOf[instrument] = 0
    this.#free.push(number)
    this.#lastValues.forget(instrument)
  }
}
