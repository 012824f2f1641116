// Orders that wait in the market, by instrument: stops until the last price reaches their trigger, the others until
// the book has something at their limit. Orders of the account never meet each other.
import { type Exchange, LAST } from './exchange.ts'
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
    for (const order of [...orders].sort(precedes)) {
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

  /** Carries an order on; true where it is done. */
  #advance(order: Order, row: number): boolean {
    const { side } = order.ask
    if (order.stage === 'waiting') {
      const last = this.#exchange.words[row + LAST]!
      const { trigger } = order.terms
      if (side === 'BUY' ? last < trigger : last > trigger) return false
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
