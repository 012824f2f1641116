// The part of the order contract that says how often each call may be made, and what orders have to keep to.

/** Calls by the quota that counts them. */
export const WRITE_NAMES = [
  'place',
  'modify',
  'cancel',
  'placeGtt',
  'modifyGtt',
  'cancelGtt',
] as const
export type WriteName = (typeof WRITE_NAMES)[number]
export const READ_NAMES = [
  'orderBook',
  'orderStatus',
  'tradeBook',
  'positions',
  'holdings',
  'funds',
  'margin',
  'quotes',
  'history',
  'gttBook',
] as const
export type ReadName = (typeof READ_NAMES)[number]

/** So many calls of these names in a window, as the broker counts them: per account. */
export interface Quota {
  readonly calls: readonly (WriteName | ReadName)[]
  readonly max: number
  readonly windowMs: number
  /** `calendar`: windows begin at whole multiples of their length in Indian time, as a broker's clock has them. */
  readonly window: 'calendar' | 'rolling'
  /** How many of `max` only a cancel may use. */
  readonly reservedForCancels: number
}

/** What the exchange and the broker demand of orders beyond their fields. SEBI's retail algo framework, 2025. */
export interface OrderRules {
  /** Orders a second above which the algorithm must be registered. */
  readonly ordersPerSecondMax: number
  /** Writes only from a registered address, which the user has to acknowledge. */
  readonly needsStaticIp: boolean
  /** MARKET and SL-M orders are refused unless a protection is set; the broker's `place` sets it. */
  readonly needsMarketProtection: boolean
  /** Whether an order may carry an algo id. */
  readonly takesAlgoId: boolean
  /** Characters of a tag, which are letters and digits. */
  readonly tagLengthMax: number
  /** Changes of one order that the broker takes. */
  readonly modificationsMax: number
}
