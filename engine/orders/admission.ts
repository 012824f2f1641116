// Whether an order can be an order at all: its terms against the instrument's own rules and the broker's. Nothing here
// waits, scans or asks anybody: it runs on the core loop between two ticks.
import type {
  OrderInstrument,
  OrdersSpec,
  OrderTerms,
  Product,
  Validity,
} from '../../adapters/orders.ts'
import type { Catalogue } from '../symbols/catalogue.ts'
import type { Details } from '../symbols/details.ts'
import type { TokenIndex } from '../symbols/token-index.ts'
import { hasPrice, hasTrigger, type Named } from './fields.ts'
import { badOrder, type GatewayError } from './refusal.ts'

/** A broker's instruments of the day; all three are of one generation. */
export interface Instruments {
  readonly catalogue: Catalogue
  readonly tokens: TokenIndex
  readonly details: Details
}

/** So far from a whole number of ticks is a price that was only reckoned in doubles. */
const TICKS_OFF_MAX = 1e-4
/** Finer than any tick. */
const DECIMALS = 6
const DAY_MS = 86_400_000
const INDIA_MS = 19_800_000

/** Today in India, in days since 1970. */
export const indianDay = (nowMs: number) => Math.floor((nowMs + INDIA_MS) / DAY_MS)

export type Found = { readonly number: number; readonly instrument: OrderInstrument }

/** The instrument that a caller names, or why there is none. `exchanges`: those that may be named. */
export function findInstrument(
  { catalogue, details }: Instruments,
  { exchange, symbol }: Named,
  exchanges: readonly string[],
): Found | { readonly error: GatewayError } {
  if (!exchanges.includes(exchange)) {
    const allowed = `it must be one of ${exchanges.join(', ')}`
    return { error: badOrder('exchange', exchange, allowed) }
  }
  const number = catalogue.find(exchange, symbol)
  if (number >= 0 && details.has(number)) {
    return { number, instrument: describe(details, number, exchange, symbol) }
  }
  const { message } = badOrder('symbol', symbol, `${exchange} has none of that name at this broker`)
  return { error: { code: 'NOT_FOUND', message, field: 'symbol' } }
}

function describe(
  details: Details,
  number: number,
  exchange: string,
  symbol: string,
): OrderInstrument {
  return {
    exchange,
    symbol,
    brokerExchange: details.brokerExchangeOf(number),
    brokerSymbol: details.brokerSymbolOf(number),
    token: details.tokenTextOf(number),
    exchangeToken: details.exchangeTokenOf(number),
    segment: details.segmentOf(number),
    instrumentType: details.typeOf(number),
    lotSize: details.lotSizeOf(number),
    tickSize: details.tickSizeOf(number),
    freezeQuantity: details.freezeQuantityOf(number) || null,
  }
}

/** Refuses what expired before today. */
export function checkExpiry(details: Details, number: number, today: number): GatewayError | null {
  const day = details.expiryDayOf(number)
  if (day < 0 || day >= today) return null
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
  return { code: 'INVALID_ORDER', field: 'symbol', message: `symbol expired on ${date}` }
}

/** The price as the nearest whole number of ticks, or why it is none. */
export function onTick(
  field: string,
  price: number,
  tickSize: number,
): number | { readonly error: GatewayError } {
  // A broker that tells no tick checks it itself.
  if (price === 0 || tickSize <= 0) return price
  const ticks = price / tickSize
  const whole = Math.round(ticks)
  if (Math.abs(ticks - whole) <= TICKS_OFF_MAX) return rounded(whole * tickSize)
  const below = rounded(Math.floor(ticks) * tickSize)
  const above = rounded(Math.ceil(ticks) * tickSize)
  const why = `it must be a multiple of the tick ${tickSize}, such as ${below} or ${above}`
  return { error: badOrder(field, price, why) }
}

/** Doubles that were reckoned, without what the reckoning left behind. */
function rounded(price: number): number {
  return Number(price.toFixed(DECIMALS))
}

/** Refuses a quantity that is no whole number of lots, or more than one order may have. */
export function checkQuantity(
  field: string,
  quantity: number,
  { lotSize, freezeQuantity }: OrderInstrument,
): GatewayError | null {
  if (lotSize > 1 && quantity % lotSize !== 0) {
    return badOrder(field, quantity, `it must be a multiple of the lot ${lotSize}`)
  }
  if (freezeQuantity !== null && quantity > freezeQuantity) {
    const why = `the exchange freezes orders above ${freezeQuantity}; send several`
    return badOrder(field, quantity, why)
  }
  return null
}

/** Products that an exchange takes. */
export function productsAt(spec: OrdersSpec, exchange: string): readonly Product[] {
  return spec.narrower?.[exchange]?.products ?? spec.products
}

function validitiesAt(spec: OrdersSpec, exchange: string): readonly Validity[] {
  return spec.narrower?.[exchange]?.validities ?? spec.validities
}

function checkWords(
  spec: OrdersSpec,
  { product, priceType, validity }: OrderTerms,
  exchange: string,
): GatewayError | null {
  const words: readonly (readonly [string, string, readonly string[]])[] = [
    ['product', product, productsAt(spec, exchange)],
    ['pricetype', priceType, spec.priceTypes],
    ['validity', validity, validitiesAt(spec, exchange)],
  ]
  const bad = words.find(([, word, taken]) => !taken.includes(word))
  if (bad === undefined) return null
  const [field, word, taken] = bad
  return badOrder(field, word, `at ${exchange} it must be one of ${taken.join(', ')}`)
}

function checkPrices(terms: OrderTerms): GatewayError | null {
  const { priceType, action, price, triggerPrice: trigger } = terms
  if (hasPrice(priceType) && price === 0) {
    return badOrder('price', price, `an order of type ${priceType} needs one above 0`)
  }
  if (!hasTrigger(priceType)) return null
  if (trigger === 0) {
    return badOrder('trigger_price', trigger, `an order of type ${priceType} needs one above 0`)
  }
  if (priceType !== 'SL') return null
  if (action === 'BUY' && price < trigger) {
    return badOrder('price', price, `to BUY it must not be below the trigger_price ${trigger}`)
  }
  if (action === 'SELL' && price > trigger) {
    return badOrder('price', price, `to SELL it must not be above the trigger_price ${trigger}`)
  }
  return null
}

/**
 * The terms as they are sent, prices on whole ticks, or what forbids them. Quantities stay in units.
 */
export function checkTerms(
  spec: OrdersSpec,
  instrument: OrderInstrument,
  terms: OrderTerms,
): OrderTerms | { readonly error: GatewayError } {
  const { quantity, disclosedQuantity: disclosed } = terms
  const error =
    checkWords(spec, terms, instrument.exchange) ??
    checkQuantity('quantity', quantity, instrument) ??
    (disclosed > quantity
      ? badOrder('disclosed_quantity', disclosed, `it must be at most the quantity ${quantity}`)
      : checkQuantity('disclosed_quantity', disclosed, instrument)) ??
    checkPrices(terms)
  if (error !== null) return { error }
  const price = onTick('price', terms.price, instrument.tickSize)
  if (typeof price === 'object') return price
  const triggerPrice = onTick('trigger_price', terms.triggerPrice, instrument.tickSize)
  if (typeof triggerPrice === 'object') return triggerPrice
  return { ...terms, price, triggerPrice }
}

/** Refuses a stop that would trigger at once: it is on the wrong side of the last price. */
export function checkTriggerSide(terms: OrderTerms, lastPrice: number): GatewayError | null {
  const { priceType, action, triggerPrice: trigger } = terms
  if (!hasTrigger(priceType)) return null
  const isWrong = action === 'BUY' ? trigger < lastPrice : trigger > lastPrice
  if (!isWrong) return null
  const side = action === 'BUY' ? 'below' : 'above'
  const why = `to ${action} it must not be ${side} the last price ${lastPrice}`
  return badOrder('trigger_price', trigger, why)
}

/** Whether the broker counts in lots here. */
export function lotsOf(
  spec: OrdersSpec,
  { exchange, lotSize }: Pick<OrderInstrument, 'exchange' | 'lotSize'>,
): number {
  return lotSize > 1 && spec.countsLots?.includes(exchange) ? lotSize : 1
}

/** The terms in the broker's own counting. */
export function inBrokersCounting(
  spec: OrdersSpec,
  instrument: OrderInstrument,
  terms: OrderTerms,
): OrderTerms {
  const lots = lotsOf(spec, instrument)
  if (lots === 1) return terms
  const { quantity, disclosedQuantity } = terms
  return { ...terms, quantity: quantity / lots, disclosedQuantity: disclosedQuantity / lots }
}
