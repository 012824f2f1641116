// OpenAlgo's endpoints that tell of the account: its books and its funds.
import { z } from 'zod'
import { okOf } from './failures.ts'
import { FIELDS } from './fields.ts'
import { listReply } from './list-reply.ts'
import { marginEndpoint } from './margin.ts'
import { money, moneyText, priceAt, priceTextAt } from './numbers.ts'
import { accountOf, type OrderContext } from './order-context.ts'
import { orderRow, orderSource, writeOrder } from './order-information.ts'
import { jsonReply } from './reply.ts'
import { type Endpoint, endpoint } from './rest.ts'

type Gateway = OrderContext['gateway']
type RowOf<Name extends 'tradeBook' | 'positions' | 'holdings' | 'orderBook'> = Extract<
  Awaited<ReturnType<Gateway[Name]>>,
  { ok: unknown }
>['ok'][number]

const { apikey, broker } = FIELDS
const request = z.strictObject({ apikey, broker })
const status = z.literal('success')
const named = { exchange: z.string(), product: z.string(), symbol: z.string() }

const fundsEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'funds',
    method: 'POST',
    summary: 'The funds of the account, in rupees as text',
    request,
    success: z.object({
      data: z.object({
        availablecash: z.string(),
        collateral: z.string(),
        m2mrealized: z.string(),
        m2munrealized: z.string(),
        utiliseddebits: z.string(),
      }),
      status,
    }),
    async answer({ broker }) {
      const funds = okOf(await context.gateway.funds({ broker }), accountOf(context, broker))
      const data = {
        availablecash: moneyText(funds.availablecash),
        collateral: moneyText(funds.collateral),
        m2mrealized: moneyText(funds.m2mrealized),
        m2munrealized: moneyText(funds.m2munrealized),
        utiliseddebits: moneyText(funds.utiliseddebits),
      }
      return jsonReply(200, { data, status: 'success' })
    },
  })

function statisticsOf(orders: readonly RowOf<'orderBook'>[]) {
  const count = (holds: (order: RowOf<'orderBook'>) => boolean) => orders.filter(holds).length
  return {
    total_buy_orders: count(({ action }) => action === 'BUY'),
    total_completed_orders: count(({ order_status }) => order_status === 'complete'),
    total_open_orders: count(({ order_status }) => order_status === 'open'),
    total_rejected_orders: count(({ order_status }) => order_status === 'rejected'),
    total_sell_orders: count(({ action }) => action === 'SELL'),
  }
}

const orderBookEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'orderbook',
    method: 'POST',
    summary: 'All orders of the day',
    request,
    success: z.object({
      data: z.object({
        orders: z.array(orderRow),
        statistics: z.object({
          total_buy_orders: z.int(),
          total_completed_orders: z.int(),
          total_open_orders: z.int(),
          total_rejected_orders: z.int(),
          total_sell_orders: z.int(),
        }),
      }),
      source: orderSource,
      status,
    }),
    async answer({ broker }) {
      const told = await context.gateway.orderBook({ broker })
      const orders = okOf(told, accountOf(context, broker))
      const statistics = JSON.stringify(statisticsOf(orders))
      const source = 'source' in told ? told.source : 'broker'
      const after = `,"statistics":${statistics}},"source":"${source}","status":"success"}`
      return listReply('{"data":{"orders":', orders, writeOrder, after)
    },
  })

const writeTrade = (row: RowOf<'tradeBook'>) => ({
  action: row.action,
  average_price: priceAt(row.exchange, row.average_price),
  exchange: row.exchange,
  orderid: row.orderid,
  product: row.product,
  quantity: row.quantity,
  symbol: row.symbol,
  timestamp: row.timestamp,
  trade_value: money(row.trade_value),
  tradeid: row.tradeid,
})

const tradeBookEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'tradebook',
    method: 'POST',
    summary: 'All trades of the day',
    request,
    success: z.object({
      data: z.array(
        z.object({
          action: z.enum(['BUY', 'SELL']),
          average_price: z.number(),
          orderid: z.string(),
          quantity: z.number(),
          timestamp: z.string(),
          trade_value: z.number(),
          tradeid: z.string(),
          ...named,
        }),
      ),
      status,
    }),
    async answer({ broker }) {
      const trades = okOf(await context.gateway.tradeBook({ broker }), accountOf(context, broker))
      return listReply('{"data":', trades, writeTrade, ',"status":"success"}')
    },
  })

/** All numbers are text, as OpenAlgo's Rust client needs them; its others take both. */
const writePosition = (row: RowOf<'positions'>) => ({
  average_price: priceTextAt(row.exchange, row.average_price),
  exchange: row.exchange,
  ltp: priceTextAt(row.exchange, row.ltp),
  pnl: moneyText(row.pnl),
  product: row.product,
  quantity: String(row.quantity),
  symbol: row.symbol,
})

const positionBookEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'positionbook',
    method: 'POST',
    summary: 'Net positions, those that were closed today included',
    request,
    success: z.object({
      data: z.array(
        z.object({
          average_price: z.string(),
          ltp: z.string(),
          pnl: z.string(),
          quantity: z.string(),
          ...named,
        }),
      ),
      status,
    }),
    async answer({ broker }) {
      const told = await context.gateway.positions({ broker })
      const positions = okOf(told, accountOf(context, broker))
      return listReply('{"data":', positions, writePosition, ',"status":"success"}')
    },
  })

const writeHolding = (row: RowOf<'holdings'>) => ({
  average_price: priceAt(row.exchange, row.average_price),
  exchange: row.exchange,
  ltp: priceAt(row.exchange, row.ltp),
  pnl: money(row.pnl),
  pnlpercent: money(row.pnlpercent),
  product: row.product,
  quantity: row.quantity,
  symbol: row.symbol,
})

function portfolioOf(holdings: readonly RowOf<'holdings'>[]) {
  const sums = { value: 0, invested: 0, profit: 0 }
  for (const { ltp, average_price, quantity, pnl } of holdings) {
    sums.value += ltp * quantity
    sums.invested += average_price * quantity
    sums.profit += pnl
  }
  return {
    totalholdingvalue: money(sums.value),
    totalinvvalue: money(sums.invested),
    totalpnlpercentage: money(sums.invested === 0 ? 0 : (sums.profit / sums.invested) * 100),
    totalprofitandloss: money(sums.profit),
  }
}

const holdingsEndpoint = (context: OrderContext) =>
  endpoint({
    name: 'holdings',
    method: 'POST',
    summary: 'What the account holds for delivery',
    request,
    success: z.object({
      data: z.object({
        holdings: z.array(
          z.object({
            average_price: z.number(),
            ltp: z.number(),
            pnl: z.number(),
            pnlpercent: z.number(),
            quantity: z.number(),
            ...named,
          }),
        ),
        statistics: z.object({
          totalholdingvalue: z.number(),
          totalinvvalue: z.number(),
          totalpnlpercentage: z.number(),
          totalprofitandloss: z.number(),
        }),
      }),
      status,
    }),
    async answer({ broker }) {
      const holdings = okOf(await context.gateway.holdings({ broker }), accountOf(context, broker))
      const statistics = JSON.stringify(portfolioOf(holdings))
      const after = `,"statistics":${statistics}},"status":"success"}`
      return listReply('{"data":{"holdings":', holdings, writeHolding, after)
    },
  })

/** OpenAlgo's endpoints that tell of the account. */
export function accountEndpoints(context: OrderContext): Endpoint[] {
  return [
    fundsEndpoint(context),
    orderBookEndpoint(context),
    tradeBookEndpoint(context),
    positionBookEndpoint(context),
    holdingsEndpoint(context),
    marginEndpoint(context),
  ]
}
