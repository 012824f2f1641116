// What an account's books must say: the exchange's own knowledge of it, in the rows and under the names that callers
// of the gateway see.
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { OrderGateway } from '../../engine/orders/gateway.ts'
import type { GatewayAnswer } from '../../engine/orders/refusal.ts'
import type { Account } from '../../sim/account.ts'
import type { Contract } from '../../sim/contracts.ts'
import type { Trigger } from '../../sim/gtt.ts'
import type { Order, Stage } from '../../sim/order.ts'
import { until } from '../support/plant.ts'
import type { Twin } from './twin.ts'

/** Rupees: less is what sums of doubles leave behind. */
const SLACK = 0.005
/** Within it what happened at the exchange is known. */
export const TOLD_MS_MAX = 25_000

type Row = Readonly<Record<string, unknown>>

/** What the exchange has of an account. */
export interface Exchanged {
  readonly account: Account
  readonly triggers: { readonly all: Iterable<Trigger> }
}

const STATUSES: Partial<Record<Stage, string>> = {
  complete: 'complete',
  cancelled: 'cancelled',
  rejected: 'rejected',
  waiting: 'trigger pending',
}
const TRIGGER_STATUSES = {
  active: 'active',
  triggered: 'triggered',
  deleted: 'cancelled',
  expired: 'expired',
} as const

/** The value of an answer that must be one. */
export function good<Ok>(answer: GatewayAnswer<Ok>): Ok {
  assert.ok('ok' in answer, JSON.stringify(answer))
  return answer.ok
}

export class ExchangeBooks {
  readonly #account: Account
  readonly #triggers: Exchanged['triggers']
  readonly #twin: Twin

  constructor({ account, triggers }: Exchanged, twin: Twin) {
    this.#account = account
    this.#triggers = triggers
    this.#twin = twin
  }

  orders(): Row[] {
    return [...this.#account.orders.values()].map((order) => this.order(order))
  }

  order(order: Order): Row {
    const { ask, terms } = order
    const rupees = (units: number) => units / ask.contract.unitsPerRupee
    return {
      ...this.#named(ask.contract),
      orderid: order.id,
      tag: ask.tag,
      action: ask.side,
      product: ask.product,
      pricetype: terms.priceType,
      validity: terms.validity,
      quantity: terms.quantity,
      disclosed_quantity: terms.disclosedQuantity,
      filled_quantity: order.filledQuantity,
      pending_quantity: order.pendingQuantity,
      cancelled_quantity: order.cancelledQuantity,
      price: rupees(terms.price),
      trigger_price: rupees(terms.trigger),
      average_price: rupees(order.averagePrice),
      order_status: STATUSES[order.stage] ?? 'open',
    }
  }

  trades(): Row[] {
    return this.#account.trades.map(({ id, order, quantity, price }) => {
      const { contract, side, product } = order.ask
      const rupees = price / contract.unitsPerRupee
      return {
        ...this.#named(contract),
        tradeid: id,
        orderid: order.id,
        action: side,
        product,
        quantity,
        average_price: rupees,
        trade_value: quantity * rupees,
      }
    })
  }

  positions(): Row[] {
    return this.#positions().map((position) => {
      const { contract, product, quantity, buy, sell } = position
      const ltp = this.#account.lastRupees(contract)
      return {
        ...this.#named(contract),
        product,
        quantity,
        multiplier: contract.multiplier,
        average_price: position.averagePrice,
        ltp,
        pnl: sell.value - buy.value + quantity * ltp * contract.multiplier,
        buy_value: buy.value,
        sell_value: sell.value,
      }
    })
  }

  /** Less what was sold of them today. */
  holdings(): Row[] {
    return this.#account.holdings.map(({ contract, quantity, t1Quantity, averageRupees }) => {
      const sold = Math.max(0, -(this.#account.findPosition(contract, 'CNC')?.quantity ?? 0))
      const left = quantity + t1Quantity - sold
      const ltp = this.#account.lastRupees(contract)
      return {
        ...this.#named(contract),
        product: 'CNC',
        quantity: left,
        average_price: averageRupees,
        ltp,
        pnl: (ltp - averageRupees) * left,
      }
    })
  }

  funds(): Row {
    const { equity, commodity } = this.#account.funds
    const profit = { realised: 0, unrealised: 0 }
    for (const { contract, quantity, averagePrice, buy, sell } of this.#positions()) {
      const open = this.#account.lastRupees(contract) - averagePrice
      if (quantity === 0) profit.realised += sell.value - buy.value
      else profit.unrealised += open * quantity * contract.multiplier
    }
    return {
      availablecash: equity.opening.cash + commodity.opening.cash,
      collateral: equity.opening.collateral + commodity.opening.collateral,
      utiliseddebits: equity.debits + commodity.debits,
      m2mrealized: profit.realised,
      m2munrealized: profit.unrealised,
    }
  }

  gtts(): Row[] {
    return [...this.#triggers.all].map(({ id, status, terms }) => {
      const { contract, values, legs } = terms
      const rupees = (units: number) => units / contract.unitsPerRupee
      return {
        ...this.#named(contract),
        trigger_id: String(id),
        trigger_type: terms.type,
        status: TRIGGER_STATUSES[status],
        trigger_prices: values.map(rupees),
        legs: legs.map(({ side, quantity, price, product }) => {
          return { action: side, quantity, price: rupees(price), pricetype: 'LIMIT', product }
        }),
      }
    })
  }

  /** What has traded; an account makes room for positions before there are any. */
  #positions() {
    return [...this.#account.positions].filter(({ buy, sell }) => buy.quantity + sell.quantity > 0)
  }

  #named({ instrument }: Contract) {
    const { exchange, symbol } = this.#twin.instruments[instrument]!
    return { exchange, symbol, listed: true }
  }
}

/** What an answer says of the fields of `expected`; numbers that are as good as equal are. */
function alike(answer: unknown, expected: unknown): unknown {
  if (typeof expected === 'number' && typeof answer === 'number') {
    return Math.abs(answer - expected) < SLACK ? expected : answer
  }
  if (Array.isArray(expected) && Array.isArray(answer)) {
    return answer.map((each, at) => (at < expected.length ? alike(each, expected[at]) : each))
  }
  if (typeof expected !== 'object' || expected === null) return answer
  return Object.fromEntries(
    Object.entries(expected).map(([name, value]) => [name, alike((answer as Row)?.[name], value)]),
  )
}

export const isAlike = (answer: unknown, expected: unknown) =>
  isDeepStrictEqual(alike(answer, expected), expected)

/** An answer says what the exchange knows. */
export function checkAlike(answer: unknown, expected: unknown, what: string): void {
  assert.deepEqual(alike(answer, expected), expected, what)
}

const byOrder = (rows: readonly Row[]) =>
  [...rows].sort((one, other) => (String(one.orderid) < String(other.orderid) ? -1 : 1))

/** All books of the account say what the exchange knows. */
export async function checkBooks(gateway: OrderGateway, books: ExchangeBooks): Promise<void> {
  // The order book may be told by messages, which take a moment.
  const orders = async () => byOrder(good(await gateway.orderBook({})))
  const isUpToDate = async () => isAlike(await orders(), byOrder(books.orders()))
  await until('the order book', isUpToDate, TOLD_MS_MAX).catch(() => {})
  checkAlike(await orders(), byOrder(books.orders()), 'order book')
  checkAlike(good(await gateway.tradeBook({})), books.trades(), 'trade book')
  checkAlike(good(await gateway.positions({})), books.positions(), 'positions')
  checkAlike(good(await gateway.holdings({})), books.holdings(), 'holdings')
  checkAlike(good(await gateway.funds({})), books.funds(), 'funds')
}
