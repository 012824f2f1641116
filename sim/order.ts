// An order at the exchange. Prices are price units of the wire, so that they compare exactly; times are epoch ms.
import type { Contract } from './contracts.ts'
import { type Margin, NO_MARGIN } from './margin.ts'

export type Side = 'BUY' | 'SELL'
export type PriceType = 'MARKET' | 'LIMIT' | 'SL' | 'SL-M'
export type Validity = 'DAY' | 'IOC' | 'TTL'
export type Product = 'CNC' | 'NRML' | 'MIS'

/** `parked`: for the next session; `waiting`: for its trigger; `updated`: filled in part, or changed. */
export type Stage =
  | 'received'
  | 'validating'
  | 'opening'
  | 'parked'
  | 'waiting'
  | 'open'
  | 'updated'
  | 'change validating'
  | 'changing'
  | 'cancelling'
  | 'complete'
  | 'cancelled'
  | 'rejected'

/** What can be changed later. 0 is none. */
export interface Terms {
  readonly priceType: PriceType
  readonly validity: Validity
  /** Whole minutes of TTL, else 0. */
  readonly validityMinutes: number
  readonly quantity: number
  readonly disclosedQuantity: number
  readonly price: number
  readonly trigger: number
  /** Percent that a MARKET or SL-M order may stray from the last price; -1 leaves it to the broker. */
  readonly protection: number
}

export interface Ask extends Terms {
  readonly contract: Contract
  readonly side: Side
  readonly product: Product
  readonly tag: string | null
  /** Kite's word: `regular`, `amo`. */
  readonly variety: string
  readonly origin: 'api' | 'slice' | 'gtt'
}

/** Why an order did not get into the book. */
export interface Rejection {
  readonly cause: 'margin' | 'holding' | 'price'
  readonly message: string
  /** As the risk system words it. */
  readonly raw: string
}

/** What an order was at a moment. */
export interface OrderState {
  readonly stage: Stage
  readonly atMs: number
  readonly terms: Terms
  readonly filledQuantity: number
  readonly cancelledQuantity: number
  readonly averagePrice: number
  readonly message: string | null
}

export interface Trade {
  readonly id: string
  readonly order: Order
  readonly quantity: number
  /** Price units. */
  readonly price: number
  readonly atMs: number
}

const FINAL: ReadonlySet<Stage> = new Set(['complete', 'cancelled', 'rejected'])
/** States kept of an order; beyond it, one more partial fill replaces the one before. */
const STATES_MAX = 300

export class Order {
  readonly id: string
  readonly ask: Ask
  readonly arrivedMs: number
  terms: Terms
  exchangeId: string | null = null
  stage: Stage = 'received'
  /** The worst price it takes: the limit, or the protected price of a market order. */
  limit = 0
  filledQuantity = 0
  cancelledQuantity = 0
  /** Sum of price times quantity. */
  filledValue = 0
  modifications = 0
  updatedMs: number
  rejection: Rejection | null = null
  /** Blocked for what is not filled yet. */
  blocked: Margin = NO_MARGIN
  readonly states: OrderState[] = []
  readonly trades: Trade[] = []

  constructor(id: string, ask: Ask, nowMs: number) {
    this.id = id
    this.ask = ask
    this.terms = ask
    this.arrivedMs = nowMs
    this.updatedMs = nowMs
  }

  get pendingQuantity(): number {
    return this.isFinal ? 0 : this.terms.quantity - this.filledQuantity
  }

  get isFinal(): boolean {
    return FINAL.has(this.stage)
  }

  /** In price units, 0 before the first fill. */
  get averagePrice(): number {
    return this.filledQuantity === 0 ? 0 : this.filledValue / this.filledQuantity
  }

  /** Epoch ms after which a TTL order is over. */
  get endsMs(): number {
    const { validity, validityMinutes } = this.terms
    return validity === 'TTL' ? this.arrivedMs + validityMinutes * 60_000 : Number.POSITIVE_INFINITY
  }

  /** Goes to a stage and remembers it. */
  enter(stage: Stage, nowMs: number): void {
    this.stage = stage === 'updated' ? 'open' : stage
    this.updatedMs = nowMs
    const isFull = this.states.length >= STATES_MAX && this.states.at(-1)!.stage === 'updated'
    if (isFull && stage === 'updated') this.states.pop()
    this.states.push({
      stage,
      atMs: nowMs,
      terms: this.terms,
      filledQuantity: this.filledQuantity,
      cancelledQuantity: this.cancelledQuantity,
      averagePrice: this.averagePrice,
      message: this.rejection?.message ?? null,
    })
  }
}
