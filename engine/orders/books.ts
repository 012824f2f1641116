// Rows of the account's books as callers see them: under OpenAlgo's names, which its clients read.
import type { GttRecord } from '../../adapters/gtt.ts'
import type {
  HoldingRecord,
  OrderRecord,
  OrderStatus,
  PositionRecord,
  QuoteRecord,
  TradeRecord,
} from '../../adapters/orders.ts'
import type { NamedRecord } from './names.ts'

/** Where a row's instrument is; `listed` is false where the names are the broker's own. */
function place({ exchange, symbol, number }: NamedRecord) {
  return { exchange, symbol, listed: number !== null }
}

const OVER: readonly OrderStatus[] = ['complete', 'rejected', 'cancelled']

/** An order. */
export function orderRow(record: OrderRecord, name: NamedRecord) {
  const { lots } = name
  return {
    ...place(name),
    orderid: record.orderId,
    exchange_order_id: record.exchangeOrderId,
    tag: record.tag,
    action: record.action,
    product: record.product,
    pricetype: record.priceType,
    validity: record.validity,
    quantity: record.quantity * lots,
    disclosed_quantity: record.disclosedQuantity * lots,
    filled_quantity: record.filledQuantity * lots,
    // Brokers differ in what they call pending of an order that is over.
    pending_quantity: OVER.includes(record.status) ? 0 : record.pendingQuantity * lots,
    cancelled_quantity: record.cancelledQuantity * lots,
    // A market order has none, whatever its protection made of it.
    price: record.priceType === 'MARKET' ? 0 : record.price,
    trigger_price: record.triggerPrice,
    average_price: record.averagePrice,
    order_status: record.status,
    status_message: record.statusMessage,
    timestamp: record.timestamp,
  }
}

/** A trade. */
export function tradeRow(record: TradeRecord, name: NamedRecord) {
  const quantity = record.quantity * name.lots
  return {
    ...place(name),
    tradeid: record.tradeId,
    orderid: record.orderId,
    action: record.action,
    product: record.product,
    quantity,
    average_price: record.averagePrice,
    trade_value: quantity * record.averagePrice,
    timestamp: record.timestamp,
  }
}

/** A position; `lastPrice` is the feed's where it is fresh. */
export function positionRow(record: PositionRecord, name: NamedRecord, lastPrice: number | null) {
  return {
    ...place(name),
    product: record.product,
    quantity: record.quantity * name.lots,
    multiplier: record.multiplier,
    average_price: record.averagePrice,
    ltp: lastPrice ?? record.lastPrice,
    pnl: record.pnl,
    buy_value: record.buyValue,
    sell_value: record.sellValue,
  }
}

/** A holding. */
export function holdingRow(record: HoldingRecord, name: NamedRecord) {
  const { averagePrice, lastPrice, quantity, pnl, product } = record
  const gain = averagePrice === 0 ? 0 : ((lastPrice - averagePrice) / averagePrice) * 100
  return {
    ...place(name),
    product,
    quantity,
    average_price: averagePrice,
    ltp: lastPrice,
    pnl,
    pnlpercent: gain,
  }
}

/** A good-till-triggered order. */
export function gttRow(record: GttRecord, name: NamedRecord) {
  const { action, product, legs, type } = record
  return {
    ...place(name),
    trigger_id: record.triggerId,
    trigger_type: type === 'OCO' ? 'two-leg' : 'single',
    status: record.status,
    trigger_prices: legs.map(({ triggerPrice }) => triggerPrice),
    last_price: record.lastPrice,
    legs: legs.map(({ quantity, price }) => ({
      action,
      quantity: quantity * name.lots,
      price,
      pricetype: 'LIMIT',
      product,
    })),
    created_at: record.createdAt,
    updated_at: record.updatedAt,
    expires_at: record.expiresAt,
  }
}

/** A quote; what is not known is 0. */
export function quoteRow(quote: QuoteRecord) {
  const { open, high, low, ltp, volume, oi, bids, asks } = quote
  return {
    open,
    high,
    low,
    ltp,
    ask: asks[0]?.price ?? 0,
    ask_qty: asks[0]?.quantity ?? 0,
    bid: bids[0]?.price ?? 0,
    bid_qty: bids[0]?.quantity ?? 0,
    prev_close: quote.previousClose,
    volume,
    oi,
  }
}

/** A quote with its book, best first. */
export function depthRow(quote: QuoteRecord) {
  const { open, high, low, ltp, ltq, volume, oi, bids, asks } = quote
  return {
    open,
    high,
    low,
    ltp,
    ltq,
    prev_close: quote.previousClose,
    volume,
    oi,
    totalbuyqty: quote.totalBuyQuantity,
    totalsellqty: quote.totalSellQuantity,
    asks,
    bids,
  }
}
