// One instrument held in one product: what was bought and sold, and what the broker blocks for it. Values are rupees.
import type { Contract } from './contracts.ts'
import { type Margin, marginOf, NO_MARGIN } from './margin.ts'
import type { Product, Side } from './order.ts'

/** A side's quantity and its value in rupees, multiplier included. */
export interface Leg {
  quantity: number
  value: number
}

/** Carried over from the day before. */
export interface Overnight {
  /** Negative when short. */
  readonly quantity: number
  readonly priceRupees: number
}

export class Position {
  readonly contract: Contract
  readonly product: Product
  readonly overnight: Overnight
  /** Trades of the day. */
  readonly dayBuy: Leg = { quantity: 0, value: 0 }
  readonly daySell: Leg = { quantity: 0, value: 0 }
  /** Quantities of open orders. */
  readonly pending: Record<Side, number> = { BUY: 0, SELL: 0 }
  /** What this position counts for in the funds; kept by the account. */
  counted = { margin: NO_MARGIN, realised: 0 }

  constructor(contract: Contract, product: Product, overnight?: Overnight) {
    this.contract = contract
    this.product = product
    this.overnight = overnight ?? { quantity: 0, priceRupees: 0 }
  }

  get overnightValue(): number {
    const { quantity, priceRupees } = this.overnight
    return Math.abs(quantity) * priceRupees * this.contract.multiplier
  }

  get buy(): Leg {
    const carried = Math.max(0, this.overnight.quantity)
    return {
      quantity: this.dayBuy.quantity + carried,
      value: this.dayBuy.value + (carried > 0 ? this.overnightValue : 0),
    }
  }

  get sell(): Leg {
    const carried = Math.max(0, -this.overnight.quantity)
    return {
      quantity: this.daySell.quantity + carried,
      value: this.daySell.value + (carried > 0 ? this.overnightValue : 0),
    }
  }

  /** Net quantity, negative when short. */
  get quantity(): number {
    return this.overnight.quantity + this.dayBuy.quantity - this.daySell.quantity
  }

  /** Price in rupees of a leg, per unit of the quote. */
  priceOf({ quantity, value }: Leg): number {
    return quantity === 0 ? 0 : value / quantity / this.contract.multiplier
  }

  /** What the open side was traded at, 0 when flat. */
  get averagePrice(): number {
    const { quantity } = this
    return quantity === 0 ? 0 : this.priceOf(quantity > 0 ? this.buy : this.sell)
  }

  /** How much an order of this side would close without the ones that wait already. */
  closable(side: Side): number {
    const open = side === 'BUY' ? -this.quantity : this.quantity
    return Math.max(0, open - this.pending[side])
  }

  trade(side: Side, quantity: number, value: number): void {
    const leg = side === 'BUY' ? this.dayBuy : this.daySell
    leg.quantity += quantity
    leg.value += value
  }

  /** Rupees made by what was bought and sold again. Delivery and options settle in cash instead. */
  realised(): number {
    if (this.settlesInCash) return 0
    const { buy, sell } = this
    const closed = Math.min(buy.quantity, sell.quantity)
    return closed * this.contract.multiplier * (this.priceOf(sell) - this.priceOf(buy))
  }

  margin(): Margin {
    const { quantity, contract, product, buy, sell } = this
    const side = quantity < 0 ? 'SELL' : 'BUY'
    const held = marginOf(contract, side, product, Math.abs(quantity), this.averagePrice)
    if (!this.settlesInCash) return held
    const paid = buy.value - sell.value
    return contract.kind === 'option' ? { ...held, premium: paid } : { ...NO_MARGIN, value: paid }
  }

  private get settlesInCash(): boolean {
    return this.contract.kind === 'option' || this.product === 'CNC'
  }
}
