// What the exchange knows of every order it was ever asked for. Clients never see it: it is what their own books are
// held against.

import type { Account } from './account.ts'
import { statusOf, tidy } from './kite-records.ts'
import type { Refusal } from './kite-sessions.ts'
import type { Order } from './order.ts'

export interface RecordedState {
  readonly status: string
  readonly atMs: number
  readonly filledQuantity: number
  readonly quantity: number
  /** Rupees. */
  readonly price: number
  readonly triggerPrice: number
}

export interface RecordedOrder {
  readonly orderId: string
  readonly tag: string | null
  readonly origin: 'api' | 'slice' | 'gtt'
  /** Epoch ms. */
  readonly arrivedMs: number
  readonly exchange: string
  readonly tradingsymbol: string
  readonly token: number
  readonly transactionType: string
  readonly orderType: string
  readonly product: string
  readonly quantity: number
  readonly status: string
  readonly statusMessage: string | null
  readonly filledQuantity: number
  readonly averagePrice: number
  readonly modifications: number
  readonly states: readonly RecordedState[]
}

/** A `place` that was refused before it became an order. */
export interface RefusedOrder {
  readonly tag: string | null
  readonly atMs: number
  readonly errorType: string
  readonly message: string
}

export interface ExchangeRecord {
  /** Every order that has an id, in the order of arrival: rejected ones too. */
  readonly orders: readonly RecordedOrder[]
  readonly refused: readonly RefusedOrder[]
  /** Refusals that were left out because there were too many. */
  readonly refusedForgotten: number
}

const REFUSED_MAX = 20_000

function recordedOrder(order: Order): RecordedOrder {
  const { ask, terms } = order
  const { contract } = ask
  const rupees = (units: number) => tidy(units / contract.unitsPerRupee)
  return {
    orderId: order.id,
    tag: ask.tag,
    origin: ask.origin,
    arrivedMs: order.arrivedMs,
    exchange: contract.exchange,
    tradingsymbol: contract.tradingsymbol,
    token: contract.token,
    transactionType: ask.side,
    orderType: terms.priceType,
    product: ask.product,
    quantity: terms.quantity,
    status: statusOf(order, order.stage),
    statusMessage: order.rejection?.message ?? null,
    filledQuantity: order.filledQuantity,
    averagePrice: rupees(order.averagePrice),
    modifications: order.modifications,
    states: order.states.map((state) => ({
      status: statusOf(order, state.stage),
      atMs: state.atMs,
      filledQuantity: state.filledQuantity,
      quantity: state.terms.quantity,
      price: rupees(state.terms.price),
      triggerPrice: rupees(state.terms.trigger),
    })),
  }
}

export class KiteRecord {
  readonly #account: Account
  readonly #refused: RefusedOrder[] = []
  #forgotten = 0

  constructor(account: Account) {
    this.#account = account
  }

  refused(body: string, refusal: Refusal, atMs: number): void {
    const tag = new URLSearchParams(body).get('tag')
    this.#refused.push({ tag, atMs, errorType: refusal.errorType, message: refusal.message })
    if (this.#refused.length <= REFUSED_MAX) return
    this.#refused.shift()
    this.#forgotten += 1
  }

  read(): ExchangeRecord {
    return {
      orders: [...this.#account.orders.values()].map(recordedOrder),
      refused: [...this.#refused],
      refusedForgotten: this.#forgotten,
    }
  }
}
