// Zerodha's orders (Kite Connect v3): what it takes, how often, and which file says how each call is written.
import type { Quota, ReadName, WriteName } from '../order-rules.ts'
import type { OrdersSpec } from '../orders.ts'
import { funds, holdings, orderBook, orderStatus, positions, tradeBook } from './books.ts'
import { cancelGtt, gttBook, modifyGtt, placeGtt } from './gtt.ts'
import { history, margin, quotes } from './market.ts'
import { postback } from './order-messages.ts'
import { cancel, modify, place } from './order-writes.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ORDER_WRITES: readonly WriteName[] = ['place', 'modify', 'cancel']
const THE_REST: readonly (WriteName | ReadName)[] = [
  ...(['placeGtt', 'modifyGtt', 'cancelGtt'] as const),
  ...(['orderBook', 'orderStatus', 'tradeBook', 'positions', 'holdings', 'funds'] as const),
  ...(['margin', 'gttBook'] as const),
]

/** Kite counts by the seconds of its own clock, per account and not per app. */
const QUOTAS: readonly Quota[] = [
  {
    calls: ORDER_WRITES,
    max: 10,
    windowMs: SECOND_MS,
    window: 'calendar',
    reservedForCancels: 2,
  },
  {
    calls: ORDER_WRITES,
    max: 400,
    windowMs: MINUTE_MS,
    window: 'calendar',
    reservedForCancels: 40,
  },
  { calls: ['place'], max: 5000, windowMs: DAY_MS, window: 'calendar', reservedForCancels: 0 },
  { calls: ['quotes'], max: 1, windowMs: SECOND_MS, window: 'calendar', reservedForCancels: 0 },
  { calls: ['history'], max: 3, windowMs: SECOND_MS, window: 'calendar', reservedForCancels: 0 },
  { calls: THE_REST, max: 10, windowMs: SECOND_MS, window: 'calendar', reservedForCancels: 1 },
]

const EQUITY = { products: ['CNC', 'MIS'] } as const
const DERIVATIVES = { products: ['NRML', 'MIS'] } as const

export const orders: OrdersSpec = {
  products: ['CNC', 'NRML', 'MIS'],
  priceTypes: ['MARKET', 'LIMIT', 'SL', 'SL-M'],
  validities: ['DAY', 'IOC'],
  exchanges: ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'BCD', 'MCX', 'NCO'],
  narrower: {
    NSE: EQUITY,
    BSE: EQUITY,
    NFO: DERIVATIVES,
    BFO: DERIVATIVES,
    CDS: DERIVATIVES,
    BCD: DERIVATIVES,
    // The exchange takes no immediate-or-cancel orders from programs.
    MCX: { ...DERIVATIVES, validities: ['DAY'] },
    NCO: DERIVATIVES,
  },
  countsLots: ['CDS', 'BCD', 'MCX', 'NCO'],
  rules: {
    ordersPerSecondMax: 10,
    needsStaticIp: true,
    needsMarketProtection: true,
    // `algo_id` of kiteconnectjs 5.3.1; orders without one get the id for the unregistered.
    takesAlgoId: true,
    tagLengthMax: 20,
    modificationsMax: 25,
  },
  quotas: QUOTAS,
  postback,
  writes: { place, modify, cancel, placeGtt, modifyGtt, cancelGtt },
  reads: {
    orderBook,
    orderStatus,
    tradeBook,
    positions,
    holdings,
    funds,
    margin,
    quotes,
    history,
    gttBook,
  },
}
