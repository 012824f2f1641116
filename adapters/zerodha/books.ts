// The account's books: orders, trades, positions, holdings, funds. Kite Connect v3, "Orders", "Portfolio", "User".
import type { HttpRequest } from '../broker.ts'
import {
  ACTIONS,
  type Funds,
  type HoldingRecord,
  type OrderRecord,
  type OrderStatus,
  type PositionRecord,
  type Read,
  type TradeRecord,
} from '../orders.ts'
import {
  type Fields,
  fieldsOf,
  headersOf,
  idOf,
  instrumentOf,
  listOf,
  numberOf,
  numberOr0,
  oneOf,
  readData,
  rowsOf,
  textOf,
  textOrNull,
} from './envelope.ts'

/** Kite's statuses by how they begin: those of after-market orders end in AMO. All that is not here is open. */
const STATUSES: readonly (readonly [prefix: string, status: OrderStatus])[] = [
  ['COMPLETE', 'complete'],
  ['REJECTED', 'rejected'],
  ['CANCELLED', 'cancelled'],
  ['TRIGGER PENDING', 'trigger pending'],
]

/** Kite's word for an order's state in common terms. */
export function statusOf(word: string): OrderStatus {
  const upper = word.toUpperCase()
  return STATUSES.find(([prefix]) => upper.startsWith(prefix))?.[1] ?? 'open'
}

function get<Ask, Answer>(
  path: (ask: Ask) => string,
  map: (data: unknown, ask: Ask) => Answer,
): Read<Ask, Answer> {
  return {
    request: (hosts, session, ask): HttpRequest => ({
      method: 'GET',
      url: `${hosts.rest}${path(ask)}`,
      headers: headersOf(session),
    }),
    read: (reply, ask) => readData(reply, (data) => map(data, ask)),
  }
}

/** A row of the order book, which is also what a message of an order holds. */
export function orderRecord(fields: Fields, name: string): OrderRecord {
  const number = (key: string) => numberOr0(fields[key], `${name}.${key}`)
  const text = (key: string) => textOrNull(fields[key], `${name}.${key}`)
  const [firstTag] = listOf(fields.tags ?? [], `${name}.tags`)
  return {
    ...instrumentOf(fields, name),
    orderId: idOf(fields.order_id, `${name}.order_id`),
    exchangeOrderId: text('exchange_order_id'),
    tag: text('tag') ?? textOrNull(firstTag, `${name}.tags[0]`),
    status: statusOf(textOf(fields.status, `${name}.status`)),
    statusMessage: text('status_message') ?? text('status_message_raw'),
    action: oneOf(fields.transaction_type, ACTIONS, `${name}.transaction_type`),
    product: textOf(fields.product, `${name}.product`),
    priceType: textOf(fields.order_type, `${name}.order_type`),
    validity: textOf(fields.validity, `${name}.validity`),
    quantity: numberOf(fields.quantity, `${name}.quantity`),
    disclosedQuantity: number('disclosed_quantity'),
    price: number('price'),
    triggerPrice: number('trigger_price'),
    filledQuantity: number('filled_quantity'),
    pendingQuantity: number('pending_quantity'),
    cancelledQuantity: number('cancelled_quantity'),
    averagePrice: number('average_price'),
    timestamp: text('order_timestamp') ?? '',
  }
}

function tradeRecord(fields: Fields, name: string): TradeRecord {
  return {
    ...instrumentOf(fields, name),
    tradeId: idOf(fields.trade_id, `${name}.trade_id`),
    orderId: idOf(fields.order_id, `${name}.order_id`),
    action: oneOf(fields.transaction_type, ACTIONS, `${name}.transaction_type`),
    product: textOf(fields.product, `${name}.product`),
    quantity: numberOf(fields.quantity, `${name}.quantity`),
    averagePrice: numberOf(fields.average_price, `${name}.average_price`),
    // The order's own time is a time of day only.
    timestamp: textOrNull(fields.fill_timestamp, `${name}.fill_timestamp`) ?? '',
  }
}

function positionRecord(fields: Fields, name: string): PositionRecord {
  const number = (key: string) => numberOr0(fields[key], `${name}.${key}`)
  return {
    ...instrumentOf(fields, name),
    product: textOf(fields.product, `${name}.product`),
    quantity: numberOf(fields.quantity, `${name}.quantity`),
    multiplier: number('multiplier') || 1,
    averagePrice: number('average_price'),
    lastPrice: number('last_price'),
    pnl: number('pnl'),
    buyValue: number('buy_value'),
    sellValue: number('sell_value'),
  }
}

function holdingRecord(fields: Fields, name: string): HoldingRecord {
  const number = (key: string) => numberOr0(fields[key], `${name}.${key}`)
  return {
    ...instrumentOf(fields, name),
    product: textOrNull(fields.product, `${name}.product`) ?? 'CNC',
    // Bought yesterday and not yet delivered: the holder's all the same.
    quantity: numberOf(fields.quantity, `${name}.quantity`) + number('t1_quantity'),
    averagePrice: number('average_price'),
    lastPrice: number('last_price'),
    pnl: number('pnl'),
  }
}

/** Both segments of an account share one purse in common terms. */
const SEGMENTS = ['equity', 'commodity']

function fundsOf(data: unknown): Funds {
  const segments = fieldsOf(data, 'data')
  const sums = { availableCash: 0, collateral: 0, utilisedDebits: 0 }
  for (const name of SEGMENTS) {
    // An account without commodities has no such segment.
    if (segments[name] === null || segments[name] === undefined) continue
    const { net, available, utilised } = fieldsOf(segments[name], name)
    const collateral = numberOf(
      fieldsOf(available, `${name}.available`).collateral,
      `${name}.available.collateral`,
    )
    const debits = numberOf(
      fieldsOf(utilised, `${name}.utilised`).debits,
      `${name}.utilised.debits`,
    )
    // `available.cash` is at times 0 for an account that has money.
    sums.availableCash += numberOf(net, `${name}.net`) + debits - collateral
    sums.collateral += collateral
    sums.utilisedDebits += debits
  }
  return sums
}

export const orderBook = get(
  (_: null) => '/orders',
  (data) => rowsOf(data, 'data', orderRecord),
)

const history = get(
  ({ orderId }: { readonly orderId: string }) => `/orders/${encodeURIComponent(orderId)}`,
  // Every state the order was in, the present one last.
  (data) => rowsOf(data, 'data', orderRecord).at(-1) ?? null,
)

export const orderStatus: typeof history = {
  ...history,
  read(reply, ask) {
    const told = history.read(reply, ask)
    return 'refusal' in told && told.refusal.code === 'NOT_FOUND' ? { answer: null } : told
  },
}

export const tradeBook = get(
  (_: null) => '/trades',
  (data) => rowsOf(data, 'data', tradeRecord),
)

export const positions = get(
  (_: null) => '/portfolio/positions',
  // Not `day`, which leaves out what was carried over from yesterday.
  (data) => rowsOf(fieldsOf(data, 'data').net, 'data.net', positionRecord),
)

export const holdings = get(
  (_: null) => '/portfolio/holdings',
  (data) => rowsOf(data, 'data', holdingRecord),
)

export const funds = get((_: null) => '/user/margins', fundsOf)
