// Which broker delivers an instrument to those who asked for none. Each instrument has a seat: at home with the first
// broker that lists it, or away with the next one while the feed at home fails. Away, the instrument stays wanted at
// home, so that ticks flow there already when it comes back.
import type { Mode } from '../../codecs/tick.ts'
import type { Feed } from '../feed/feed.ts'
import type { SocketState } from '../feed/state.ts'
import type { Subscriber } from './router.ts'
import type { Source } from './source.ts'

const CHECK_MS = 100
/** Seats that are looked at before sockets and timers get their turn. */
const SLICE = 128
const WELL: ReadonlySet<SocketState> = new Set(['live', 'idle'])

interface Hold {
  readonly mode: Mode
  readonly subscriber: Subscriber
}

interface Seat {
  readonly instrument: number
  readonly home: Feed
  at: Feed
  readonly holds: Hold[]
}

interface Health {
  isServing: boolean
  /** Since when the sockets have said otherwise, `performance.now()`; null where they do not. */
  changingSinceMs: number | null
}

export interface SupplyOptions {
  /** By preference. */
  readonly feeds: readonly Feed[]
  /** How long a feed must fail before others deliver in its place, and be well again before it gets its own back. */
  readonly handOverMs: number
  readonly giveBackMs: number
  /** So many instruments of `home` are delivered by `to` from now on, and no longer by `from`. */
  onMoved(home: Feed, from: Feed, to: Feed, instruments: number): void
}

export class Supply implements Source {
  /** Told of each instrument that moves, after its subscribers have. */
  onSeatMoved: ((instrument: number, from: Feed, to: Feed) => void)[] = []
  readonly #options: SupplyOptions
  readonly #seats = new Map<number, Seat>()
  readonly #health = new Map<Feed, Health>()
  #timer: NodeJS.Timeout | undefined
  #isSweeping = false
  #isSweepDue = false

  constructor(options: SupplyOptions) {
    this.#options = options
    for (const feed of options.feeds) {
      this.#health.set(feed, { isServing: true, changingSinceMs: null })
    }
  }

  start(): void {
    if (this.#options.feeds.length < 2) return
    this.#timer = setInterval(() => this.#check(performance.now()), CHECK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get feed(): Feed {
    return this.#options.feeds[0]!
  }

  /** Whether a feed delivers what it is preferred for. */
  isServing(feed: Feed): boolean {
    return this.#health.get(feed)!.isServing
  }

  /** How many instruments others deliver in place of a feed that is preferred for them. */
  handedOver(feed: Feed): number {
    let count = 0
    for (const { home, at } of this.#seats.values()) if (home === feed && at !== feed) count += 1
    return count
  }

  includes(): boolean {
    return true
  }

  find(exchange: string, symbol: string): number {
    return first(this.#options.feeds, (feed) => feed.find(exchange, symbol))
  }

  known(exchange: string, symbol: string): number {
    return first(this.#options.feeds, (feed) => feed.catalogue.find(exchange, symbol))
  }

  feedOf(instrument: number): Feed {
    const seat = this.#seats.get(instrument)
    if (seat !== undefined) return seat.at
    const home = this.#homeOf(instrument)
    return this.#deputy(instrument, home) ?? home
  }

  hold(instrument: number, mode: Mode, subscriber: Subscriber): Feed | null {
    const seat = this.#seats.get(instrument) ?? this.#seatOf(instrument)
    if (!seat.at.hasRoomFor(instrument)) return null
    this.#seats.set(instrument, seat)
    seat.holds.push({ mode, subscriber })
    if (seat.at !== seat.home) seat.home.router.keep(instrument, mode)
    seat.at.router.subscribe(instrument, mode, subscriber)
    return seat.at
  }

  release(instrument: number, mode: Mode, subscriber: Subscriber): void {
    const seat = this.#seats.get(instrument)
    if (seat === undefined) return
    const { holds, home, at } = seat
    const place = holds.findIndex((each) => each.mode === mode && each.subscriber === subscriber)
    if (place < 0) return
    holds[place] = holds[holds.length - 1]!
    holds.pop()
    if (holds.length === 0) this.#seats.delete(instrument)
    at.router.unsubscribe(instrument, mode, subscriber)
    if (at !== home) home.router.unkeep(instrument, mode)
  }

  #seatOf(instrument: number): Seat {
    const home = this.#homeOf(instrument)
    const at = this.#deputy(instrument, home) ?? home
    // A broker that has no room for it now is no home to come back to.
    const isHome = at === home || home.hasRoomFor(instrument)
    return { instrument, home: isHome ? home : at, at, holds: [] }
  }

  #homeOf(instrument: number): Feed {
    return this.#options.feeds.find(({ tokens }) => tokens.has(instrument)) ?? this.feed
  }

  /** The next broker that can deliver in place of a home that fails; undefined where home serves or nobody can. */
  #deputy(instrument: number, home: Feed): Feed | undefined {
    if (this.isServing(home)) return undefined
    return this.#options.feeds.find(
      (feed) => this.isServing(feed) && feed.tokens.has(instrument) && feed.hasRoomFor(instrument),
    )
  }

  #check(nowMs: number): void {
    let hasChanged = false
    for (const [feed, health] of this.#health) {
      const isWell = feed.socketStates.every((state) => WELL.has(state))
      if (isWell === health.isServing) {
        health.changingSinceMs = null
        continue
      }
      health.changingSinceMs ??= nowMs
      const waitMs = isWell ? this.#options.giveBackMs : this.#options.handOverMs
      if (nowMs - health.changingSinceMs < waitMs) continue
      health.isServing = isWell
      health.changingSinceMs = null
      hasChanged = true
    }
    if (hasChanged) this.#sweep()
  }

  /** Brings every seat to where it belongs now, in slices; and again where that changes meanwhile. */
  #sweep(): void {
    this.#isSweepDue = true
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#isSweepDue = false
    const seats = this.#seats.values()
    const moves = new Map<string, [home: Feed, from: Feed, to: Feed, instruments: number]>()
    const work = () => {
      for (let i = 0; i < SLICE; i++) {
        const next = seats.next()
        if (next.done) {
          this.#isSweeping = false
          for (const move of moves.values()) this.#options.onMoved(...move)
          if (this.#isSweepDue) this.#sweep()
          return
        }
        const seat = next.value
        const from = seat.at
        if (!this.#place(seat)) continue
        const route = `${seat.home.id} ${from.id} ${seat.at.id}`
        const move = moves.get(route) ?? [seat.home, from, seat.at, 0]
        move[3] += 1
        moves.set(route, move)
      }
      setImmediate(work)
    }
    work()
  }

  /** Moves a seat where it is not delivered by the right feed; true where it moved. */
  #place(seat: Seat): boolean {
    const { instrument, home, at: from } = seat
    const isFine =
      from === home ? this.isServing(home) : !this.isServing(home) && this.isServing(from)
    if (isFine) return false
    const to = this.isServing(home) ? home : this.#deputy(instrument, home)
    if (to === undefined || to === from) return false
    seat.at = to
    for (const { mode, subscriber } of seat.holds) {
      // The one who comes is there before the one who goes has left, so that nobody lets go of the instrument.
      if (from === home) home.router.keep(instrument, mode)
      to.router.subscribe(instrument, mode, subscriber)
      from.router.unsubscribe(instrument, mode, subscriber)
      if (to === home) home.router.unkeep(instrument, mode)
    }
    for (const tell of this.onSeatMoved) tell(instrument, from, to)
    return true
  }
}

function first(feeds: readonly Feed[], find: (feed: Feed) => number): number {
  for (const feed of feeds) {
    const found = find(feed)
    if (found >= 0) return found
  }
  return -1
}
