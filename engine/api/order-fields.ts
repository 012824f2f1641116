// The fields of orders, in the words in which OpenAlgo refuses them. Here a message about fields is not an object but
// one text: the object as Python prints it.
import { z } from 'zod'
import { choice, FIELDS, integer, list, number, shortText, text } from './fields.ts'
import type { Messages } from './rest.ts'

const ORDERID_LENGTH_MAX = 64
/** About as many as a body has room for. */
const BASKET_MAX = 1000
const CRYPTO = 'CRYPTO'
const { apikey, broker, exchange, symbol } = FIELDS

const atLeast0 = (what: string, kind = 'number') =>
  number().refine((value) => value >= 0, `${what} must be a non-negative ${kind}.`)
const above0 = (what: string) =>
  number().refine((value) => value > 0, `${what} must be a positive number.`)
/** Of Python's ints there are larger ones, of orders there are not. */
const LARGEST = Number.MAX_SAFE_INTEGER
const disclosed = () =>
  integer(0, LARGEST, 'Disclosed quantity must be a non-negative integer.').meta({
    description: 'Units that the exchange shows',
  })

const action = choice(['BUY', 'SELL', 'buy', 'sell'])
const product = choice(['MIS', 'NRML', 'CNC'])
const pricetype = choice(['MARKET', 'LIMIT', 'SL', 'SL-M'])
const price = atLeast0('Price').meta({ description: 'Rupees' })
const trigger = atLeast0('Trigger price').meta({ description: 'Rupees' })
const clientOrderId = shortText()
  .optional()
  .meta({ description: "The caller's own id: the same order sent again under it is placed once" })

/** Who asks, and at which broker; every call on orders has these. */
const CALLER = {
  apikey,
  strategy: shortText().meta({ description: 'Name of the strategy, for journal and log' }),
  broker,
}
const INSTRUMENT = { exchange, symbol }
/** What makes an order, except its quantity. */
const TERMS = {
  action,
  pricetype: pricetype.default('MARKET'),
  product: product.default('MIS'),
  price: price.default(0),
  trigger_price: trigger.default(0),
  disclosed_quantity: disclosed().default(0),
}
const quantity = above0('Quantity').meta({ description: 'Units' })

export const ORDER = {
  place: z.strictObject({
    ...CALLER,
    ...INSTRUMENT,
    ...TERMS,
    quantity,
    underlying_ltp: number().nullish().meta({ description: 'Not used' }),
    client_order_id: clientOrderId,
  }),
  smart: z.strictObject({
    ...CALLER,
    ...INSTRUMENT,
    ...TERMS,
    quantity: atLeast0('Quantity').meta({ description: 'Units, where there is no position' }),
    position_size: number().meta({ description: 'Net units to have afterwards, negative: short' }),
    client_order_id: clientOrderId,
  }),
  split: z.strictObject({
    ...CALLER,
    ...INSTRUMENT,
    ...TERMS,
    quantity: above0('Total quantity').meta({ description: 'Units of all orders together' }),
    splitsize: integer(1, LARGEST, 'Split size must be a positive integer.').meta({
      description: 'Units of one order; at most 100 orders are made',
    }),
    client_order_id: clientOrderId,
  }),
  basket: z.strictObject({
    ...CALLER,
    orders: list(
      z.strictObject({ ...INSTRUMENT, ...TERMS, quantity, client_order_id: clientOrderId }),
      0,
      BASKET_MAX,
    ),
  }),
  modify: z.strictObject({
    ...CALLER,
    ...INSTRUMENT,
    orderid: text(),
    action,
    product,
    pricetype,
    price,
    quantity,
    // OpenAlgo refuses an order without these two, and so two of its own clients.
    disclosed_quantity: disclosed().default(0),
    trigger_price: trigger.default(0),
    client_order_id: clientOrderId,
  }),
  cancel: z.strictObject({ ...CALLER, orderid: text() }),
  all: z.strictObject(CALLER),
  status: z.strictObject({ ...CALLER, orderid: text() }),
  position: z.strictObject({ ...CALLER, symbol, exchange: shortText(), product }),
} as const

/** Text of any kind, and of this length; what is too long for an id is none. */
export const idText = () =>
  text()
    .min(1, 'Shorter than minimum length 1.')
    .max(ORDERID_LENGTH_MAX, `Longer than maximum length ${ORDERID_LENGTH_MAX}.`)

interface Sized {
  readonly exchange: string
  readonly quantity: number
}

/** What is wrong with a quantity at its exchange: only coins are split. */
export function fractionOf({ exchange, quantity }: Sized): Messages | null {
  if (exchange === CRYPTO || Number.isInteger(quantity)) return null
  const message = `Fractional quantity (${quantity}) is not allowed for non-crypto exchanges.`
  return { quantity: [message] }
}

/** The same of the orders of a basket, by their places in it. */
export function fractionsOf(orders: readonly Sized[]): Messages | null {
  const found = orders.flatMap((order, at) => {
    const messages = fractionOf(order)
    return messages === null ? [] : [[String(at), messages] as const]
  })
  return found.length === 0 ? null : { orders: Object.fromEntries(found) }
}

/** Texts by field as Python prints such an object: `{'quantity': ['Quantity must be a positive number.']}`. */
export function printed(messages: Messages | readonly string[] | string): string {
  if (typeof messages === 'string') return quoted(messages)
  if (Array.isArray(messages)) return `[${messages.map(quoted).join(', ')}]`
  const fields = Object.entries(messages as Messages).map(([field, told]) => {
    // Places in lists are numbers.
    return `${/^\d+$/.test(field) ? field : quoted(field)}: ${printed(told as Messages)}`
  })
  return `{${fields.join(', ')}}`
}

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
}
