// What Kite demands of the fields of an order, before the risk system sees it. Kite Connect v3, "Orders".
import type { Account } from './account.ts'
import type { Contract } from './contracts.ts'
import { Form } from './form.ts'
import { Refusal } from './kite-sessions.ts'
import type { Ask, Order, PriceType, Product, Side, Terms, Validity } from './order.ts'

export const EXCHANGES = ['NSE', 'BSE', 'NFO', 'BFO', 'CDS', 'BCD', 'MCX', 'NCO'] as const
export const SIDES: readonly Side[] = ['BUY', 'SELL']
const PRICE_TYPES: readonly PriceType[] = ['MARKET', 'LIMIT', 'SL', 'SL-M']
const VALIDITIES: readonly Validity[] = ['DAY', 'IOC', 'TTL']
const VALIDITY_MINUTES = [1, 2, 5, 10, 15, 30, 60, 90, 120]
const VARIETIES = ['regular', 'amo', 'co', 'iceberg', 'auction']
const TAG = /^[A-Za-z0-9]{1,20}$/
const QUANTITY_MAX = 0x7fff_ffff
const PRICE_MAX = 1e7
/** The least part of an order of shares that may be disclosed. */
const DISCLOSED_SHARE_MIN = 0.1
const NO_PROTECTION =
  'Market orders without market protection are not allowed via API. Please set market protection or use a Limit order.'

export const badInput = (message: string) => new Refusal(400, 'InputException', message)

/** Products that an exchange takes. */
export function productsOf(exchange: string): readonly Product[] {
  return exchange === 'NSE' || exchange === 'BSE' ? ['CNC', 'MIS'] : ['NRML', 'MIS']
}

/** The word of the path. Throws the Refusal of one that there is not, or that is not simulated. */
export function checkVariety(variety: string): void {
  if (!VARIETIES.includes(variety)) throw badInput('Invalid `variety`.')
  if (variety === 'regular' || variety === 'amo') return
  throw new Refusal(400, 'OrderException', `The simulator takes no orders of variety ${variety}.`)
}

/** What is traded under the names of a form. */
export function findContract(account: Account, exchange: string, symbol: string): Contract {
  const contract = account.contracts.tradable(exchange, symbol)
  if (contract !== undefined) return contract
  throw badInput(
    `The instrument you are placing an order for has either expired or does not exist.`,
  )
}

/** A price in units of the wire. Throws the Refusal of one off the grid. */
export function priceUnits(contract: Contract, rupees: number): number {
  const units = Math.round(rupees * contract.unitsPerRupee)
  const isExact = Math.abs(units - rupees * contract.unitsPerRupee) < 1e-4
  if (isExact && units % contract.gridUnits === 0) return units
  const tick = contract.tickRupees.toFixed(contract.tickRupees < 0.01 ? 4 : 2)
  throw badInput(
    `Tick size for this script is ${tick}. Kindly enter price in the multiple of tick size for this script.`,
  )
}

function readPrice(
  form: Form,
  name: string,
  contract: Contract,
  isWanted: boolean,
  absent: number,
) {
  const absentRupees = absent / contract.unitsPerRupee
  const rupees = form.number(name, 0, PRICE_MAX, absentRupees)
  if (!isWanted) return 0
  if (rupees === 0) throw badInput(`Invalid \`${name}\`.`)
  return priceUnits(contract, rupees)
}

function readValidity(form: Form, before?: Terms): Pick<Terms, 'validity' | 'validityMinutes'> {
  const validity = form.oneOf('validity', VALIDITIES, before?.validity ?? 'DAY')
  if (validity !== 'TTL') return { validity, validityMinutes: 0 }
  const validityMinutes = form.wholeNumber('validity_ttl', 1, 120, before?.validityMinutes)
  if (!VALIDITY_MINUTES.includes(validityMinutes)) throw badInput('Invalid `validity_ttl`.')
  return { validity, validityMinutes }
}

function readDisclosed(form: Form, contract: Contract, quantity: number, before?: Terms): number {
  const disclosed = form.wholeNumber(
    'disclosed_quantity',
    0,
    QUANTITY_MAX,
    before?.disclosedQuantity ?? 0,
  )
  if (disclosed === 0) return 0
  const isTooSmall = disclosed < quantity * DISCLOSED_SHARE_MIN
  if (contract.kind !== 'share' || disclosed > quantity || isTooSmall) {
    throw badInput('Invalid `disclosed_quantity`.')
  }
  return disclosed
}

/** A MARKET or SL-M order must say how far it may stray; other orders may say so, and it means nothing. */
function readProtection(form: Form, isMarket: boolean): number {
  const protection = form.number('market_protection', -1, 100, 0)
  if (protection < 0 && protection !== -1) throw badInput('Invalid `market_protection`.')
  if (isMarket && protection === 0) throw badInput(NO_PROTECTION)
  return protection
}

/** Stops lie beyond the last price, and their limit beyond the trigger. */
function checkStop(
  side: Side,
  price: number,
  trigger: number,
  last: number,
  unitsPerRupee: number,
) {
  const isBuy = side === 'BUY'
  const word = isBuy ? 'buy' : 'sell'
  if (isBuy ? trigger <= last : trigger >= last) {
    const edge = `${isBuy ? 'above' : 'below'} the last traded price`
    const lastTraded = (last / unitsPerRupee).toFixed(2)
    throw badInput(`Trigger price for stoploss ${word} orders should be ${edge} (${lastTraded}).`)
  }
  if (price === 0 || (isBuy ? price >= trigger : price <= trigger)) return
  throw badInput(
    `Trigger price for stoploss ${word} orders cannot be ${isBuy ? 'above' : 'below'} the limit price.`,
  )
}

function readTerms(
  form: Form,
  contract: Contract,
  side: Side,
  lastUnits: number,
  before?: Terms,
): Terms {
  const priceType = form.oneOf('order_type', PRICE_TYPES, before?.priceType)
  const quantity = form.wholeNumber('quantity', 1, QUANTITY_MAX, before?.quantity)
  if (quantity % contract.lotSize !== 0) {
    throw badInput(`Order quantity should be a multiple of lot size ${contract.lotSize}.`)
  }
  const hasLimit = priceType === 'LIMIT' || priceType === 'SL'
  const isStop = priceType === 'SL' || priceType === 'SL-M'
  const price = readPrice(form, 'price', contract, hasLimit, before?.price ?? 0)
  const trigger = readPrice(form, 'trigger_price', contract, isStop, before?.trigger ?? 0)
  if (isStop) checkStop(side, price, trigger, lastUnits, contract.unitsPerRupee)
  return {
    priceType,
    quantity,
    price,
    trigger,
    ...readValidity(form, before),
    disclosedQuantity: readDisclosed(form, contract, quantity, before),
    protection: readProtection(form, !hasLimit),
  }
}

function readTag(form: Form): string | null {
  const tag = form.optional('tag')
  if (tag === null) return null
  if (!TAG.test(tag))
    throw badInput('Invalid `tag`. It should be alphanumeric and at most 20 characters.')
  return tag
}

/** Reads `POST /orders/{variety}`: the order, and whether it may be cut at the freeze quantity. */
export function readPlace(account: Account, variety: string, body: string) {
  checkVariety(variety)
  const form = new Form(body, badInput)
  const exchange = form.oneOf('exchange', EXCHANGES)
  const contract = findContract(account, exchange, form.text('tradingsymbol'))
  const side = form.oneOf('transaction_type', SIDES)
  const product = form.oneOf('product', productsOf(exchange))
  const terms = readTerms(form, contract, side, account.lastUnits(contract))
  const tag = readTag(form)
  const isSliced = form.oneOf('autoslice', ['true', 'false'], 'false') === 'true'
  if (terms.quantity > contract.freezeQuantity && !isSliced) {
    throw badInput(`Quantity exceeds the freeze quantity of ${contract.freezeQuantity}.`)
  }
  const ask: Ask = { ...terms, contract, side, product, tag, variety, origin: 'api' }
  return { ask, isSliced }
}

/** Reads `PUT /orders/{variety}/{order_id}`; what is not sent stays as it is. */
export function readModify(account: Account, order: Order, body: string): Terms {
  const { contract, side } = order.ask
  const form = new Form(body, badInput)
  const terms = readTerms(form, contract, side, account.lastUnits(contract), order.terms)
  if (terms.quantity <= order.filledQuantity) {
    throw badInput('Invalid `quantity`: it is filled already.')
  }
  if (terms.quantity > contract.freezeQuantity) {
    throw badInput(`Quantity exceeds the freeze quantity of ${contract.freezeQuantity}.`)
  }
  return terms
}
