// The part of the order contract for good-till-triggered orders, which wait at the broker for a price.
import type { Action, BrokerInstrument, OrderInstrument, Product } from './orders.ts'

export const GTT_TYPES = ['SINGLE', 'OCO'] as const
export type GttType = (typeof GTT_TYPES)[number]

export interface GttLeg {
  readonly triggerPrice: number
  readonly price: number
  readonly quantity: number
}

/** A good-till-triggered order: one leg, or for OCO the stop-loss and then the target. */
export interface PlaceGttAsk {
  readonly instrument: OrderInstrument
  readonly type: GttType
  readonly action: Action
  readonly product: Product
  readonly legs: readonly GttLeg[]
  /** Rupees, as of now: brokers tell from it on which side a trigger lies. */
  readonly lastPrice: number
}

export interface ModifyGttAsk extends PlaceGttAsk {
  readonly triggerId: string
}

export interface CancelGttAsk {
  readonly triggerId: string
}

export interface GttRecord extends BrokerInstrument {
  readonly triggerId: string
  readonly type: GttType
  readonly status: 'active' | 'triggered' | 'cancelled' | 'expired' | 'rejected'
  readonly lastPrice: number
  readonly action: Action
  /** A common one, or the broker's own word. */
  readonly product: string
  readonly legs: readonly GttLeg[]
  readonly createdAt: string
  readonly updatedAt: string
  readonly expiresAt: string
}
