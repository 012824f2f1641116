// The order half of the contract: what can be asked of a broker's account, in common terms.
//
// Like the rest of a broker it is data and pure functions. The engine checks, journals, paces, sends and reconciles,
// once for all of them; a broker only says how a call is written, and what a reply means.
import type { Hosts, HttpReply, HttpRequest, InstrumentType, Session, Supported } from './broker.ts'
import type { CancelGttAsk, GttRecord, ModifyGttAsk, PlaceGttAsk } from './gtt.ts'
import type { OrderRules, Quota } from './order-rules.ts'
import type { Postback } from './postback.ts'

export const ACTIONS = ['BUY', 'SELL'] as const
export type Action = (typeof ACTIONS)[number]
export const PRODUCTS = ['CNC', 'NRML', 'MIS'] as const
export type Product = (typeof PRODUCTS)[number]
export const PRICE_TYPES = ['MARKET', 'LIMIT', 'SL', 'SL-M'] as const
export type PriceType = (typeof PRICE_TYPES)[number]
export const VALIDITIES = ['DAY', 'IOC'] as const
export type Validity = (typeof VALIDITIES)[number]
export const ORDER_STATUSES = [
  'open',
  'trigger pending',
  'complete',
  'rejected',
  'cancelled',
] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

/** Every reason for which an order call fails, beside the text for people. The set is closed. */
export const ERROR_CODES = [
  'INVALID_INPUT',
  'INVALID_TOKEN',
  'INSUFFICIENT_PERMISSION',
  'INVALID_ORDER',
  'ORDER_ERROR',
  'INSUFFICIENT_FUNDS',
  'INSUFFICIENT_MARGIN',
  'INSUFFICIENT_HOLDINGS',
  'MARKET_CLOSED',
  'NETWORK_ERROR',
  'RATE_LIMITED',
  'STATIC_IP_REQUIRED',
  'NOT_FOUND',
  'UNSUPPORTED',
  'UNKNOWN_OUTCOME',
  'UNKNOWN_ERROR',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

export interface Refusal {
  readonly code: ErrorCode
  /** The broker's words. */
  readonly message: string
}

/** An instrument as orders and quotes name it, from the symtoken store. */
export interface OrderInstrument {
  readonly exchange: string
  readonly symbol: string
  readonly brokerExchange: string
  readonly brokerSymbol: string
  /** The broker's token, a number as its digits. */
  readonly token: string
  readonly exchangeToken: string | null
  readonly segment: number
  readonly instrumentType: InstrumentType
  /** Units. */
  readonly lotSize: number
  /** Rupees. */
  readonly tickSize: number
  /** Units, null where the broker does not tell. */
  readonly freezeQuantity: number | null
}

/**
 * What of an order can be changed later. Quantities are units, or lots at the exchanges of `countsLots`, prices rupees;
 * 0 is none.
 */
export interface OrderTerms {
  readonly action: Action
  readonly product: Product
  readonly priceType: PriceType
  readonly validity: Validity
  readonly quantity: number
  readonly disclosedQuantity: number
  readonly price: number
  readonly triggerPrice: number
}

export interface PlaceAsk extends OrderTerms {
  readonly instrument: OrderInstrument
  /** Ours, unique: the order book repeats it, and an order whose fate is unknown is found by it. */
  readonly tag: string
  /** The id of a registered algorithm, only where the broker takes one. */
  readonly algoId?: string
}

export interface ModifyAsk extends OrderTerms {
  readonly instrument: OrderInstrument
  readonly orderId: string
}

export interface CancelAsk {
  readonly orderId: string
}

/** What became of a write. `rejected` takes the broker's positive word; all else that is not accepted is unknown. */
export type WriteReply =
  | { readonly outcome: 'accepted'; readonly id: string }
  | { readonly outcome: 'rejected'; readonly refusal: Refusal }
  | { readonly outcome: 'unknown'; readonly why: string }

/** A call that changes something: sent once and never again. */
export interface Write<Ask> {
  request(hosts: Hosts, session: Session, ask: Ask): HttpRequest
  /** Reads a whole reply of whatever status; what it does not understand is `unknown`. */
  read(reply: HttpReply, ask: Ask): WriteReply
}

export type ReadReply<Answer> = { readonly answer: Answer } | { readonly refusal: Refusal }

/** A call that changes nothing, and may be repeated. */
export interface Read<Ask, Answer> {
  request(hosts: Hosts, session: Session, ask: Ask): HttpRequest
  read(reply: HttpReply, ask: Ask): ReadReply<Answer>
}

/** How a broker's record names an instrument; the engine finds the common name. */
export interface BrokerInstrument {
  readonly brokerExchange: string
  readonly brokerSymbol: string
  /** The broker's token as text, null where the record does not tell it. */
  readonly token: string | null
}

/**
 * An order as the account has it. Product, price type and validity are of the common lists, or the broker's own word
 * for what those lists have not: a person may trade beside the engine.
 */
export interface OrderRecord
  extends BrokerInstrument,
    Omit<OrderTerms, 'product' | 'priceType' | 'validity'> {
  readonly product: string
  readonly priceType: string
  readonly validity: string
  readonly orderId: string
  readonly exchangeOrderId: string | null
  readonly tag: string | null
  readonly status: OrderStatus
  /** The broker's reason, mostly of a rejection. */
  readonly statusMessage: string | null
  readonly filledQuantity: number
  readonly pendingQuantity: number
  readonly cancelledQuantity: number
  readonly averagePrice: number
  /** As the broker wrote it. */
  readonly timestamp: string
}

export interface TradeRecord extends BrokerInstrument {
  readonly tradeId: string
  readonly orderId: string
  readonly action: Action
  /** A common one, or the broker's own word. */
  readonly product: string
  readonly quantity: number
  readonly averagePrice: number
  readonly timestamp: string
}

export interface PositionRecord extends BrokerInstrument {
  /** A common one, or the broker's own word. */
  readonly product: string
  /** Net, negative when short. */
  readonly quantity: number
  /** Units of the contract per unit of quantity. */
  readonly multiplier: number
  readonly averagePrice: number
  readonly lastPrice: number
  readonly pnl: number
  readonly buyValue: number
  readonly sellValue: number
}

export interface HoldingRecord extends BrokerInstrument {
  /** A common one, or the broker's own word. */
  readonly product: string
  readonly quantity: number
  readonly averagePrice: number
  readonly lastPrice: number
  readonly pnl: number
}

/** Rupees. */
export interface Funds {
  readonly availableCash: number
  readonly collateral: number
  readonly utilisedDebits: number
}

export interface MarginAsk {
  readonly orders: readonly Omit<PlaceAsk, 'tag' | 'algoId' | 'validity' | 'disclosedQuantity'>[]
}

/** Rupees. */
export interface Margin {
  readonly total: number
  readonly span: number
  readonly exposure: number
}

export interface BookLevel {
  readonly price: number
  readonly quantity: number
  readonly orders: number
}

/** Prices in rupees; what the broker does not tell is 0, as OpenAlgo's clients expect. */
export interface QuoteRecord {
  readonly ltp: number
  readonly ltq: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly previousClose: number
  readonly volume: number
  readonly oi: number
  readonly totalBuyQuantity: number
  readonly totalSellQuantity: number
  /** Best first. */
  readonly bids: readonly BookLevel[]
  readonly asks: readonly BookLevel[]
}

export interface HistoryAsk {
  readonly instrument: OrderInstrument
  /** A key of `intervals`. */
  readonly interval: string
  /** `YYYY-MM-DD`, both included. */
  readonly from: string
  readonly to: string
}

export interface Candle {
  /** Epoch seconds; of a day the UTC midnight of its date. */
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly oi: number
}

export interface OrdersSpec {
  readonly products: readonly Product[]
  readonly priceTypes: readonly PriceType[]
  readonly validities: readonly Validity[]
  /** Exchanges that take orders. */
  readonly exchanges: readonly string[]
  /** What an exchange takes where that is less than all of the above. */
  readonly narrower?: Readonly<
    Record<
      string,
      { readonly products?: readonly Product[]; readonly validities?: readonly Validity[] }
    >
  >
  /** Exchanges where the broker counts in lots; the engine turns units into lots and back, once for all calls. */
  readonly countsLots?: readonly string[]
  readonly rules: OrderRules
  readonly quotas: readonly Quota[]
  readonly postback: Supported<Postback>
  readonly writes: {
    readonly place: Write<PlaceAsk>
    readonly modify: Write<ModifyAsk>
    readonly cancel: Write<CancelAsk>
    readonly placeGtt: Supported<Write<PlaceGttAsk>>
    readonly modifyGtt: Supported<Write<ModifyGttAsk>>
    readonly cancelGtt: Supported<Write<CancelGttAsk>>
  }
  readonly reads: {
    readonly orderBook: Read<null, readonly OrderRecord[]>
    /** One order, or null where the broker has none of that id. */
    readonly orderStatus: Supported<Read<{ readonly orderId: string }, OrderRecord | null>>
    readonly tradeBook: Read<null, readonly TradeRecord[]>
    readonly positions: Read<null, readonly PositionRecord[]>
    readonly holdings: Read<null, readonly HoldingRecord[]>
    readonly funds: Read<null, Funds>
    readonly margin: Supported<Read<MarginAsk, Margin>>
    /** In the order of the ask; null where the broker does not know the instrument. */
    readonly quotes: Read<readonly OrderInstrument[], readonly (QuoteRecord | null)[]> & {
      readonly instrumentsMax: number
    }
    readonly history: Supported<
      Read<HistoryAsk, readonly Candle[]> & {
        /** Days that one call may span, by interval: `1m 3m 5m 10m 15m 30m 1h D` and the like. */
        readonly intervals: Readonly<Record<string, { readonly daysMax: number }>>
      }
    >
    readonly gttBook: Supported<Read<null, readonly GttRecord[]>>
  }
}
