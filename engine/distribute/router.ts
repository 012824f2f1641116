// Who wants what: per broker, from instrument and mode to subscribers. The broker is asked for the highest mode that
// anyone holds, and for a lower one again when the last of them leaves. Followers take what flows for others, and ask
// for nothing.
import {
  MsgpackEncoder,
  type PackTarget,
  packIdentity,
  type TickIdentity,
  tickBytesMax,
} from '../../codecs/msgpack.ts'
import { encodeOpenAlgo, openAlgoBytesMax, openAlgoHead } from '../../codecs/openalgo.ts'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type Mode, type Tick } from '../../codecs/tick.ts'
import type { LastValues } from './last-values.ts'

/** A receiver of ticks. `isPacked` may not change while it is subscribed. */
export interface Subscriber {
  readonly isPacked: boolean
  /**
   * Takes bytes `start` to `end` of the outbox's arena, which live until its next flush: a packed tick or event, or
   * the whole text of a frame.
   */
  queue(start: number, end: number): void
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

/** Told when the first subscriber takes an instrument in a mode, and when the last one has left it. */
export type FlowListener = (instrument: number, mode: Mode, flows: boolean) => void

const MODES = [MODE_LTP, MODE_QUOTE, MODE_DEPTH] as const

class Route {
  readonly instrument: number
  /** Which of the router's namings the identity is of. */
  naming: number
  identity: TickIdentity
  packedIdentity: Uint8Array
  readonly #heads: Uint8Array[] = []
  /** Subscribers and followers by mode, apart by encoding, so that the inner loops call one kind of method. */
  readonly texts: Subscriber[][] = [[], [], [], []]
  readonly packed: Subscriber[][] = [[], [], [], []]
  /** How many of them hold the mode, by mode: followers do not. */
  readonly holders = [0, 0, 0, 0]

  constructor(instrument: number, identity: TickIdentity, naming: number) {
    this.instrument = instrument
    this.identity = identity
    this.packedIdentity = packIdentity(identity)
    this.naming = naming
  }

  /** Takes a new identity, of which only the token may differ. */
  rename(identity: TickIdentity, naming: number): void {
    this.identity = identity
    this.packedIdentity = packIdentity(identity)
    this.naming = naming
  }

  head(mode: Mode): Uint8Array {
    const { broker, exchange, symbol } = this.identity
    this.#heads[mode] ??= openAlgoHead(broker, exchange, symbol, mode)
    return this.#heads[mode]
  }

  get wantedMode(): Mode | 0 {
    for (let mode = MODE_DEPTH as number; mode >= MODE_LTP; mode--) {
      if (this.holders[mode]! > 0) return mode as Mode
    }
    return 0
  }

  add(mode: Mode, subscriber: Subscriber): void {
    this.#listOf(mode, subscriber).push(subscriber)
  }

  /** False where it was not there. */
  remove(mode: Mode, subscriber: Subscriber): boolean {
    const list = this.#listOf(mode, subscriber)
    const at = list.indexOf(subscriber)
    if (at < 0) return false
    list[at] = list[list.length - 1]!
    list.pop()
    return true
  }

  #listOf(mode: Mode, subscriber: Subscriber): Subscriber[] {
    return (subscriber.isPacked ? this.packed : this.texts)[mode]!
  }
}

export class Router {
  /** Ticks handed to subscribers, and ticks that nobody wanted any more. */
  delivered = 0
  unwanted = 0
  onFlow: FlowListener | null = null
  /** Gets every tick that is wanted by anyone, in the mode in which the broker sent it. */
  everything: Subscriber | null = null
  #naming = 0
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

  /** The last price of an instrument and when it came, null where nobody wants it or it has not come. */
  lastPrice(instrument: number): { readonly price: number; readonly receivedAtMs: number } | null {
    const price = this.#lastValues.priceOf(instrument)
    if (Number.isNaN(price)) return null
    return { price, receivedAtMs: Math.floor(this.#lastValues.receivedAtUs(instrument) / 1000) }
  }

  /**
   * Has every instrument identified anew, each before its next tick, so that a change of all of them holds nobody up.
   * Symbols stay: only a token may be another one.
   */
  renewIdentities(): void {
    this.#naming += 1
  }

  /** Adds a subscriber that is not yet subscribed in this mode, and does not follow it. */
  subscribe(instrument: number, mode: Mode, subscriber: Subscriber): void {
    const route = this.#route(instrument) ?? this.#addRoute(instrument)
    route.add(mode, subscriber)
    this.#hold(route, mode)
  }

  /** Removes a subscriber from one mode of one instrument; nothing happens where it was not subscribed. */
  unsubscribe(instrument: number, mode: Mode, subscriber: Subscriber): void {
    const route = this.#route(instrument)
    if (route?.remove(mode, subscriber)) this.#letGo(route, mode)
  }

  /** Holds an instrument in a mode without a receiver: it flows, and costs no encoding. */
  keep(instrument: number, mode: Mode): void {
    this.#hold(this.#route(instrument) ?? this.#addRoute(instrument), mode)
  }

  /** Takes one `keep` back. */
  unkeep(instrument: number, mode: Mode): void {
    const route = this.#route(instrument)
    if (route !== null) this.#letGo(route, mode)
  }

  #hold(route: Route, mode: Mode): void {
    const { instrument } = route
    const before = route.wantedMode
    route.holders[mode]! += 1
    if (mode > before) this.#onWanted(instrument, mode)
    if (route.holders[mode] === 1) this.onFlow?.(instrument, mode, true)
  }

  #letGo(route: Route, mode: Mode): void {
    const { instrument } = route
    const before = route.wantedMode
    route.holders[mode]! -= 1
    if (route.holders[mode] === 0) this.onFlow?.(instrument, mode, false)
    const wanted = route.wantedMode
    if (wanted === before) return
    if (wanted === 0) this.#removeRoute(instrument)
    this.#onWanted(instrument, wanted)
  }

  /** Whether anyone holds an instrument in a mode. */
  flows(instrument: number, mode: Mode): boolean {
    return (this.#route(instrument)?.holders[mode] ?? 0) > 0
  }

  /** Every instrument and mode that someone holds. */
  *flowing(): Generator<{ readonly instrument: number; readonly mode: Mode }> {
    for (const route of this.#routes) {
      if (route === null) continue
      for (const mode of MODES) {
        if (route.holders[mode]! > 0) yield { instrument: route.instrument, mode }
      }
    }
  }

  /** Adds a follower to what flows: it gets the ticks until it leaves or the last holder does. */
  follow(instrument: number, mode: Mode, follower: Subscriber): void {
    this.#route(instrument)?.add(mode, follower)
  }

  unfollow(instrument: number, mode: Mode, follower: Subscriber): void {
    this.#route(instrument)?.remove(mode, follower)
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
    if (route.naming !== this.#naming) this.#rename(route)
    for (let mode = MODE_LTP as number; mode <= tick.mode; mode++) {
      const texts = route.texts[mode]!
      if (texts.length > 0) {
        const head = route.head(mode as Mode)
        const start = this.#arena.reserve(openAlgoBytesMax(head.length, tick.levelsMax))
        const end = this.#write(tick, mode as Mode, false, head, start)
        for (let i = 0; i < texts.length; i++) texts[i]!.queue(start, end)
        this.delivered += texts.length
      }
      const packed = route.packed[mode]!
      const everything = mode === tick.mode ? this.everything : null
      if (packed.length > 0 || everything !== null) {
        const start = this.#arena.reserve(tickBytesMax(route.packedIdentity.length, tick.levelsMax))
        const end = this.#pack(tick, mode as Mode, false, route, start)
        for (let i = 0; i < packed.length; i++) packed[i]!.queue(start, end)
        this.delivered += packed.length
        if (everything !== null) everything.queue(start, end)
      }
    }
  }

  /** Gives a new subscriber the last value, where there is one of its mode; `scratch` is overwritten. */
  sendSnapshot(instrument: number, mode: Mode, subscriber: Subscriber, scratch: Tick): void {
    const route = this.#route(instrument)
    if (route === null || !this.#lastValues.load(instrument, scratch)) return
    if (scratch.mode < mode) return
    if (route.naming !== this.#naming) this.#rename(route)
    if (!subscriber.isPacked) {
      const head = route.head(mode)
      const start = this.#arena.reserve(openAlgoBytesMax(head.length, scratch.levelsMax))
      subscriber.queue(start, this.#write(scratch, mode, true, head, start))
      return
    }
    const room = tickBytesMax(route.packedIdentity.length, scratch.levelsMax)
    const start = this.#arena.reserve(room)
    subscriber.queue(start, this.#pack(scratch, mode, true, route, start))
  }

  #pack(tick: Tick, mode: Mode, isSnapshot: boolean, route: Route, start: number): number {
    const { target } = this.#arena
    const end = this.#encoder.encode(tick, mode, isSnapshot, route.packedIdentity, target, start)
    this.#arena.commit(end)
    return end
  }

  #write(tick: Tick, mode: Mode, isSnapshot: boolean, head: Uint8Array, start: number): number {
    const end = encodeOpenAlgo(tick, mode, head, isSnapshot, this.#arena.target, start)
    this.#arena.commit(end)
    return end
  }

  #route(instrument: number): Route | null {
    return this.#routes[this.#routeOf[instrument]!]!
  }

  #addRoute(instrument: number): Route {
    const route = new Route(instrument, this.#identify(instrument), this.#naming)
    const number = this.#free.pop() ?? this.#routes.length
    this.#routes[number] = route
    this.#routeOf[instrument] = number
    return route
  }

  #rename(route: Route): void {
    route.rename(this.#identify(route.instrument), this.#naming)
  }

  #removeRoute(instrument: number): void {
    const number = this.#routeOf[instrument]!
    this.#routes[number] = null
    this.#routeOf[instrument] = 0
    this.#free.push(number)
    this.#lastValues.forget(instrument)
  }
}
