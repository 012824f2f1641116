// What the account's endpoints answer, in the form that is printed. Numbers may come as text, as OpenAlgo's do.
import { z } from 'zod'
import { columns } from '../command.ts'

/** A number, or a text that spells one. */
const amount = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]).transform(Number)
const text = z.string()

export const orderSchema = z.object({
  orderid: text,
  symbol: text,
  exchange: text,
  action: text,
  product: text,
  pricetype: text,
  quantity: amount,
  price: amount,
  trigger_price: amount,
  order_status: text,
  timestamp: text,
  // OpenAlgo has them not in all answers.
  filled_quantity: amount.optional(),
  disclosed_quantity: amount.optional(),
  average_price: amount.optional(),
  status_message: text.nullish(),
})
export type OrderRow = z.infer<typeof orderSchema>

export const orderAnswer = z.object({ data: orderSchema })
export const orderBookAnswer = z.object({ data: z.object({ orders: z.array(orderSchema) }) })
export const sentAnswer = z.object({ orderid: text })

export const positionsAnswer = z.object({
  data: z.array(
    z.object({
      symbol: text,
      exchange: text,
      product: text,
      quantity: amount,
      average_price: amount,
      ltp: amount.optional(),
      pnl: amount.optional(),
    }),
  ),
})

export const holdingsAnswer = z.object({
  data: z.object({
    holdings: z.array(
      z.object({
        symbol: text,
        exchange: text,
        quantity: amount,
        average_price: amount.optional(),
        ltp: amount.optional(),
        pnl: amount,
        pnlpercent: amount,
      }),
    ),
    statistics: z.object({
      totalholdingvalue: amount,
      totalinvvalue: amount,
      totalprofitandloss: amount,
      totalpnlpercentage: amount,
    }),
  }),
})

export const fundsAnswer = z.object({
  data: z.object({
    availablecash: amount,
    collateral: amount,
    m2mrealized: amount,
    m2munrealized: amount,
    utiliseddebits: amount,
  }),
})

export const historyAnswer = z.object({
  data: z.array(
    z.object({
      timestamp: z.int(),
      open: z.number(),
      high: z.number(),
      low: z.number(),
      close: z.number(),
      volume: z.number(),
      oi: z.number(),
    }),
  ),
})

/** Rupees with paise. */
const money = (rupees: number) =>
  rupees.toLocaleString('en-IN', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
/** A price as it is, of currencies with all its places. */
const price = (rupees: number | undefined) => (rupees === undefined ? '' : String(rupees))
const priceOrNone = (rupees: number) => (rupees === 0 ? '-' : String(rupees))
const nameOf = ({ exchange, symbol }: { exchange: string; symbol: string }) =>
  `${exchange}:${symbol}`

function orderCells(order: OrderRow): string[] {
  const { filled_quantity: filled, average_price: average, status_message: why } = order
  return [
    order.timestamp,
    order.orderid,
    nameOf(order),
    order.action,
    String(order.quantity),
    filled === undefined ? '' : String(filled),
    order.pricetype,
    priceOrNone(order.price),
    priceOrNone(order.trigger_price),
    order.product,
    order.order_status,
    average ? price(average) : '',
    why ?? '',
  ]
}

const ORDER_HEADERS = [
  ...['TIME', 'ORDER', 'INSTRUMENT', 'SIDE', 'QUANTITY', 'FILLED', 'TYPE', 'PRICE', 'TRIGGER'],
  ...['PRODUCT', 'STATUS', 'AVERAGE', 'WHY'],
]

/** Orders as a table. */
export function orderLines(orders: readonly OrderRow[]): string[] {
  if (orders.length === 0) return ['No orders today.']
  return columns([ORDER_HEADERS, ...orders.map(orderCells)])
}

/** Positions as a table, and what they made. */
export function positionLines({ data }: z.infer<typeof positionsAnswer>): string[] {
  if (data.length === 0) return ['No positions.']
  const rows = data.map((row) => [
    nameOf(row),
    row.product,
    String(row.quantity),
    price(row.average_price),
    price(row.ltp),
    row.pnl === undefined ? '' : money(row.pnl),
  ])
  const total = data.reduce((sum, { pnl = 0 }) => sum + pnl, 0)
  return [
    ...columns([['INSTRUMENT', 'PRODUCT', 'QUANTITY', 'AVERAGE', 'LTP', 'P&L'], ...rows]),
    `P&L ${money(total)}`,
  ]
}

/** Holdings as a table, and their sums. */
export function holdingLines({ data }: z.infer<typeof holdingsAnswer>): string[] {
  const { holdings, statistics } = data
  if (holdings.length === 0) return ['No holdings.']
  const rows = holdings.map((row) => [
    nameOf(row),
    String(row.quantity),
    price(row.average_price),
    price(row.ltp),
    money(row.pnl),
    `${row.pnlpercent.toFixed(2)} %`,
  ])
  const { totalholdingvalue: value, totalinvvalue: invested } = statistics
  const { totalprofitandloss: profit, totalpnlpercentage: percent } = statistics
  return [
    ...columns([['INSTRUMENT', 'QUANTITY', 'AVERAGE', 'LTP', 'P&L', ''], ...rows]),
    `Worth ${money(value)}, paid ${money(invested)}, P&L ${money(profit)} (${percent.toFixed(2)} %)`,
  ]
}

/** Funds as lines. */
export function fundLines({ data }: z.infer<typeof fundsAnswer>): string[] {
  return columns([
    ['available cash', money(data.availablecash)],
    ['collateral', money(data.collateral)],
    ['utilised', money(data.utiliseddebits)],
    ['realised today', money(data.m2mrealized)],
    ['unrealised', money(data.m2munrealized)],
  ])
}
