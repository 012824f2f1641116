import { randomUUID } from 'node:crypto'
import { ACCOUNT_OPTIONS, AccountApi, understood } from './account/api.ts'
import { confirm } from './account/confirm.ts'
import { type OrderRow, orderAnswer, orderLines, sentAnswer } from './account/rows.ts'
import { BAD_USAGE, CliError, checkFits, defineCommand, OK, oneOf, required } from './command.ts'
import { instrumentOf } from './instrument.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>
type Words = readonly string[]

const PRICE_TYPES = ['MARKET', 'LIMIT', 'SL', 'SL-M']
const HAS_PRICE = ['LIMIT', 'SL']
const HAS_TRIGGER = ['SL', 'SL-M']
const PRODUCTS = ['MIS', 'CNC', 'NRML']
const NUMBER = /^\d{1,12}(\.\d{1,8})?$/
const TERMS = ['price', 'trigger', 'type', 'disclosed']
const OPTIONS_OF_ALL = ['broker', 'json', 'data-dir', 'config', 'strategy']

/** What an action takes beside its name. */
const ACTIONS = {
  place: { options: [...TERMS, 'product', 'client-id', 'yes'], wordsMax: 3, run: place },
  modify: { options: [...TERMS, 'quantity', 'yes'], wordsMax: 1, run: modify },
  cancel: { options: [], wordsMax: 1, run: cancel },
  status: { options: [], wordsMax: 1, run: status },
}

/** A number that is given as text; undefined where it is not given. Throws a CliError that names it. */
function numberOf(name: string, text: string | boolean | undefined): number | undefined {
  if (text === undefined) return undefined
  if (typeof text === 'string' && NUMBER.test(text)) return Number(text)
  throw new CliError(BAD_USAGE, `${name} is ${JSON.stringify(text)}; it must be a number from 0 up`)
}

/** The price type that the prices given make, where none is named. */
function typeOf(values: Values, price: number | undefined, trigger: number | undefined): string {
  if (values.type !== undefined) {
    return oneOf('--type', String(values.type).toUpperCase(), PRICE_TYPES)
  }
  const hasPrice = price !== undefined
  if (trigger !== undefined) return hasPrice ? 'SL' : 'SL-M'
  return hasPrice ? 'LIMIT' : 'MARKET'
}

/**
 * The prices as an order of this type has them, 0 for one that it has no use for. Throws a CliError where such a one is
 * given: somebody would believe that it counts.
 */
function pricesFor(type: string, given: Prices, known: { price: number; trigger_price: number }) {
  const [hasPrice, hasTrigger] = [HAS_PRICE.includes(type), HAS_TRIGGER.includes(type)]
  const refuse = (option: string, meant: string) => {
    const text = `${option} means nothing to an order of type ${type}`
    throw new CliError(BAD_USAGE, `${text}; leave it out, or give --type ${meant}`)
  }
  if (given.price && !hasPrice) refuse('--price', hasTrigger ? 'SL' : 'LIMIT')
  if (given.trigger && !hasTrigger) refuse('--trigger', hasPrice ? 'SL' : 'SL-M')
  return {
    price: hasPrice ? (given.price ?? known.price) : 0,
    trigger_price: hasTrigger ? (given.trigger ?? known.trigger_price) : 0,
  }
}

/** Rupees, where they are given. */
interface Prices {
  readonly price: number | undefined
  readonly trigger: number | undefined
}

interface Terms {
  readonly symbol: string
  readonly exchange: string
  readonly action: string
  readonly product: string
  readonly pricetype: string
  readonly quantity: number
  readonly price: number
  readonly trigger_price: number
}

/** An order in one line, for people. */
function lineOf({ broker }: Values, terms: Terms): string {
  const { action, quantity, exchange, symbol, pricetype, price, product } = terms
  const { trigger_price: trigger } = terms
  return [
    `${action} ${quantity} ${exchange}:${symbol} ${pricetype}`,
    price > 0 ? ` ${price}` : '',
    trigger > 0 ? ` trigger ${trigger}` : '',
    ` ${product}`,
    broker === undefined ? '' : ` at ${broker}`,
  ].join('')
}

const strategyOf = ({ strategy }: Values) => ({ strategy: String(strategy ?? 'command line') })

async function place(values: Values, [name, side, count]: Words): Promise<void> {
  const { exchange, symbol } = instrumentOf(required('the instrument', name))
  const price = numberOf('--price', values.price)
  const trigger = numberOf('--trigger', values.trigger)
  const pricetype = typeOf(values, price, trigger)
  const terms: Terms = {
    symbol,
    exchange,
    action: oneOf('the side', side?.toUpperCase(), ['BUY', 'SELL']),
    product: oneOf('--product', String(values.product ?? 'MIS').toUpperCase(), PRODUCTS),
    pricetype,
    quantity: numberOf('the quantity', required('the quantity', count))!,
    ...pricesFor(pricetype, { price, trigger }, { price: 0, trigger_price: 0 }),
  }
  const clientId = String(values['client-id'] ?? `cli-${randomUUID()}`)
  const api = await AccountApi.open(values)
  await confirm(lineOf(values, terms), values.yes === true)
  const fields = {
    ...terms,
    ...strategyOf(values),
    disclosed_quantity: numberOf('--disclosed', values.disclosed) ?? 0,
    client_order_id: clientId,
  }
  const unanswered =
    'whether the order was sent is not known: look at `tickplant orders`, ' +
    `or give the same order again with --client-id ${clientId}, which does not place it twice`
  await api.show({ path: 'placeorder', fields, unanswered }, sentAnswer, ({ orderid }) => [
    `The broker took the order as ${orderid}; \`tickplant order status ${orderid}\` tells what becomes of it.`,
  ])
}

/** The order as it is, with what is given in place of what it has: the broker wants the whole new state. */
function changedTerms(order: OrderRow, values: Values): Terms {
  const price = numberOf('--price', values.price)
  const trigger = numberOf('--trigger', values.trigger)
  const { symbol, exchange, action, product } = order
  const type = values.type === undefined ? order.pricetype : typeOf(values, price, trigger)
  return {
    ...{ symbol, exchange, action, product },
    pricetype: type,
    quantity: numberOf('--quantity', values.quantity) ?? order.quantity,
    ...pricesFor(type, { price, trigger }, order),
  }
}

async function modify(values: Values, [id]: Words): Promise<void> {
  const orderid = required('the id of the order', id)
  const given = ['quantity', ...TERMS].filter((name) => values[name] !== undefined)
  if (given.length === 0) {
    throw new CliError(BAD_USAGE, 'say what to change: --quantity, --price, --trigger or --type')
  }
  const api = await AccountApi.open(values)
  const strategy = strategyOf(values)
  const asked = { path: 'orderstatus', fields: { orderid, ...strategy } }
  const { data: order } = understood(orderAnswer, await api.call(asked))
  const terms = changedTerms(order, values)
  const before = lineOf(values, order)
  await confirm(
    `Change ${orderid} from ${before}\n                to ${lineOf(values, terms)}`,
    values.yes === true,
  )
  const fields = {
    ...terms,
    ...strategy,
    orderid,
    disclosed_quantity: numberOf('--disclosed', values.disclosed) ?? order.disclosed_quantity ?? 0,
  }
  const unanswered = `whether it was changed is not known: \`tickplant order status ${orderid}\` tells`
  await api.show({ path: 'modifyorder', fields, unanswered }, sentAnswer, () => [
    `The broker took the change of ${orderid}.`,
  ])
}

/** Asks for no yes: it only lessens what is at risk, and haste may be called for. */
async function cancel(values: Values, [id]: Words): Promise<void> {
  const orderid = required('the id of the order', id)
  const api = await AccountApi.open(values)
  const fields = { orderid, ...strategyOf(values) }
  const unanswered = `whether it was cancelled is not known: \`tickplant order status ${orderid}\` tells`
  await api.show({ path: 'cancelorder', fields, unanswered }, sentAnswer, () => [
    `The broker took the cancel of ${orderid}.`,
  ])
}

async function status(values: Values, [id]: Words): Promise<void> {
  const orderid = required('the id of the order', id)
  const api = await AccountApi.open(values)
  const fields = { orderid, ...strategyOf(values) }
  await api.show({ path: 'orderstatus', fields }, orderAnswer, ({ data }) => orderLines([data]))
}

export const command = defineCommand({
  usage: [
    'place EXCHANGE:SYMBOL BUY|SELL QUANTITY [--price RUPEES] [--trigger RUPEES] [--product MIS|CNC|NRML] [--yes]',
    'modify ORDER [--quantity UNITS] [--price RUPEES] [--trigger RUPEES] [--type TYPE] [--yes]',
    'cancel ORDER',
    'status ORDER',
  ],
  positionalsMax: 4,
  options: {
    price: { type: 'string', value: 'RUPEES', help: 'The limit; a market order without one.' },
    trigger: { type: 'string', value: 'RUPEES', help: 'The price at which a stop order wakes.' },
    type: {
      type: 'string',
      value: 'TYPE',
      help: 'MARKET, LIMIT, SL or SL-M, where the prices given do not say it.',
    },
    product: { type: 'string', value: 'PRODUCT', help: 'MIS (the default), CNC or NRML.' },
    quantity: { type: 'string', value: 'UNITS', help: 'The new quantity of an order.' },
    disclosed: { type: 'string', value: 'UNITS', help: 'Units that the exchange shows.' },
    'client-id': {
      type: 'string',
      value: 'ID',
      help: 'Your own id of the order: under one id it is placed once, however often it is given.',
    },
    strategy: { type: 'string', value: 'NAME', help: 'Name for journal and log.' },
    yes: { type: 'boolean', short: 'y', help: 'Send it without asking.' },
    ...ACCOUNT_OPTIONS,
  },
  async run({ values, positionals: [name, ...words] }) {
    const action = oneOf('the action', name, Object.keys(ACTIONS)) as keyof typeof ACTIONS
    checkFits(ACTIONS[action], OPTIONS_OF_ALL, values, words)
    await ACTIONS[action].run(values as Values, words)
    return OK
  },
})
