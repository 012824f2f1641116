// Orders that wait in the market, by instrument: stops until the last price reaches their trigger, the others until
// the book has something at their limit. Orders of the account never meet each other.
import { DEPTH, DEPTH_LEVELS, type Exchange, LAST, LEVEL_WORDS } from './exchange.ts'
import type { Order } from './order.ts'

export interface BookEvents {
  /** A stop is to go live; sets its limit. */
  triggered(order: Order): void
  traded(order: Order, price: number, quantity: number): void
  /** Nothing is left of the time of a TTL or IOC order; it is out of the book. */
  ended(order: Order): void
  /** An instrument has its first order, or lost its last. */
  waits(instrument: number, waits: boolean): void
}

/** Purchases, then sales; the best price first, then who came first. */
function precedes(one: Order, other: Order): number {
  if (one.ask.side !== other.ask.side) return one.ask.side === 'BUY' ? -1 : 1
  return one.ask.side === 'BUY' ? other.limit - one.limit : one.limit - other.limit
}

export class OrderBook {
  readonly #exchange: Exchange
  readonly #events: BookEvents
  /** In the order of arrival. */
  readonly #waiting = new Map<number, Order[]>()
  /** Orders with an end of their own. */
  readonly #ending = new Set<Order>()

  constructor(exchange: Exchange, events: BookEvents) {
    this.#exchange = exchange
    this.#events = events
  }

  /** Fills what the book has now and keeps the rest. `row` is the instrument's in the exchange. */
  add(order: Order, row: number): void {
    if (this.#advance(order, row)) return
    const { instrument } = order.ask.contract
    const orders = this.#waiting.get(instrument)
    if (orders !== undefined) orders.push(order)
    else {
      this.#waiting.set(instrument, [order])
      this.#events.waits(instrument, true)
    }
    if (Number.isFinite(order.endsMs)) this.#ending.add(order)
  }

  /** Takes an order out, where it is in. */
  remove(order: Order): void {
    const { instrument } = order.ask.contract
    const orders = this.#waiting.get(instrument)
    const place = orders?.indexOf(order) ?? -1
    if (place < 0) return
    orders!.splice(place, 1)
    this.#ending.delete(order)
    if (orders!.length > 0) return
    this.#waiting.delete(instrument)
    this.#events.waits(instrument, false)
  }

  /** After a tick: triggers stops and fills what the new book has. */
  match(instrument: number, nowMs: number): void {
    this.endDue(nowMs)
    const orders = this.#waiting.get(instrument)
    if (orders === undefined) return
    const row = this.#exchange.row(instrument, nowMs)
    // Of thousands of orders a tick concerns a few: those alone are worth sorting.
    const concerned = orders.filter((order) => this.#isConcerned(order, row)).sort(precedes)
    for (const order of concerned) {
      if (this.#advance(order, row)) this.remove(order)
    }
  }

  endDue(nowMs: number): void {
    if (this.#ending.size === 0) return
    for (const order of [...this.#ending]) {
      if (order.endsMs > nowMs) continue
      this.remove(order)
      this.#events.ended(order)
    }
  }

  /** Whether the last price has reached a stop, or the best of the book a limit. */
  #isConcerned(order: Order, row: number): boolean {
    const { words } = this.#exchange
    const isBuy = order.ask.side === 'BUY'
    if (order.stage === 'waiting') {
      const last = words[row + LAST]!
      return isBuy ? last >= order.terms.trigger : last <= order.terms.trigger
    }
    const best = words[row + DEPTH + (isBuy ? DEPTH_LEVELS * LEVEL_WORDS : 0)]!
    return isBuy ? best <= order.limit : best >= order.limit
  }

  /** Carries an order on; true where it is done. */
  #advance(order: Order, row: number): boolean {
    const { side } = order.ask
    if (order.stage === 'waiting') {
      if (!this.#isConcerned(order, row)) return false
      this.#events.triggered(order)
    }
    const from = side === 'BUY' ? 'asks' : 'bids'
    this.#exchange.take(row, from, order.pendingQuantity, order.limit, (price, quantity) =>
      this.#events.traded(order, price, quantity),
    )
    if (!order.isFinal && order.terms.validity === 'IOC') this.#events.ended(order)
    return order.isFinal
  }
}
