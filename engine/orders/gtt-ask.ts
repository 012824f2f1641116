// Good-till-triggered orders: the caller's fields, and what they must be for the instrument.
import type { GttLeg, GttType, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { Action, OrderInstrument, OrdersSpec, Product } from '../../adapters/orders.ts'
import { GTT_TYPES } from '../../adapters/registry.ts'
import { checkQuantity, lotsOf, onTick, productsAt } from './admission.ts'
import type { FieldReader, Named, NumberRule } from './fields.ts'
import { badOrder, type GatewayError } from './refusal.ts'

/** One trigger, with the names of the fields that it came from. */
interface AskedLeg {
  readonly triggerField: string
  readonly trigger: number
  readonly priceField: string
  /** 0: at the market, as far as the broker lets it. */
  readonly price: number
}

export interface GttTerms extends Named {
  readonly type: GttType
  readonly action: Action
  readonly product: Product
  readonly quantity: number
  readonly legs: readonly AskedLeg[]
}

/** Such an order outlives the day, which an intraday product does not. */
const GTT_PRODUCTS: readonly Product[] = ['CNC', 'NRML']
const MAYBE_PRICE: NumberRule = { min: 'from 0', fallback: 0 }
const PRICE: NumberRule = { min: 'above 0' }

/** Of a tick: what reckoning in doubles leaves behind. */
const SLACK = 1e-6
/** Percent that an order at the market may give away, below these prices. Shares and futures, then options. */
const PROTECTION: Readonly<Record<'FIRM' | 'OPTION', readonly (readonly [number, number])[]>> = {
  FIRM: [
    [100, 2],
    [500, 1],
    [Number.POSITIVE_INFINITY, 0.5],
  ],
  OPTION: [
    [10, 5],
    [100, 3],
    [500, 2],
    [Number.POSITIVE_INFINITY, 1],
  ],
}

/** Text that stands for nothing in OpenAlgo's clients. */
const isEmpty = (value: unknown) => value === '' || value === null

function optionalPrice(fields: FieldReader, name: string): number {
  return isEmpty(fields.value(name)) ? 0 : fields.number(name, MAYBE_PRICE)
}

/** Reads the fields of an order with triggers, in OpenAlgo's names. */
export function readGtt(fields: FieldReader): GttTerms {
  const asked = fields.value('trigger_type')
  const upper = typeof asked === 'string' ? asked.toUpperCase() : asked
  const type = GTT_TYPES.find((each) => each === upper)
  if (type === undefined) fields.refuse('trigger_type', asked, `one of ${GTT_TYPES.join(', ')}`)
  const isMarket = fields.choice('pricetype', ['LIMIT', 'MARKET'], 'LIMIT') === 'MARKET'
  const terms = {
    type: type ?? 'SINGLE',
    exchange: fields.exchange(),
    symbol: fields.symbol(),
    action: fields.action(),
    product: fields.choice<Product>('product', GTT_PRODUCTS),
    quantity: fields.number('quantity', { min: 'above 0', isWhole: true }),
  }
  const legs = terms.type === 'OCO' ? twoLegs(fields, isMarket) : [oneLeg(fields, isMarket)]
  return { ...terms, legs }
}

function oneLeg(fields: FieldReader, isMarket: boolean): AskedLeg {
  const below = optionalPrice(fields, 'triggerprice_sl')
  const above = optionalPrice(fields, 'triggerprice_tg')
  if (below === 0 && above === 0) {
    fields.refuse('triggerprice_sl', fields.value('triggerprice_sl'), 'above 0, or triggerprice_tg')
  }
  return {
    triggerField: below > 0 ? 'triggerprice_sl' : 'triggerprice_tg',
    trigger: below || above,
    priceField: 'price',
    price: isMarket ? 0 : fields.number('price', PRICE),
  }
}

function twoLegs(fields: FieldReader, isMarket: boolean): AskedLeg[] {
  const leg = (triggerField: string, priceField: string): AskedLeg => ({
    triggerField,
    trigger: fields.number(triggerField, PRICE),
    priceField,
    price: isMarket ? 0 : fields.number(priceField, PRICE),
  })
  const legs = [leg('triggerprice_sl', 'stoploss'), leg('triggerprice_tg', 'target')]
  if (legs[0]!.trigger >= legs[1]!.trigger) {
    const allowed = `below triggerprice_tg, which is ${legs[1]!.trigger}`
    fields.refuse('triggerprice_sl', legs[0]!.trigger, allowed)
  }
  return legs
}

/** A limit price that trades as good as at the market, and gives away no more than brokers protect. */
function protectedPrice(trigger: number, action: Action, instrument: OrderInstrument): number {
  const { instrumentType, tickSize } = instrument
  const isOption = instrumentType === 'CE' || instrumentType === 'PE'
  const table = PROTECTION[isOption ? 'OPTION' : 'FIRM']
  const [, percent] = table.find(([below]) => trigger < below)!
  const price = trigger * (1 + (action === 'BUY' ? percent : -percent) / 100)
  const tick = tickSize || 0.05
  const exact = price / tick
  const ticks = action === 'BUY' ? Math.ceil(exact - SLACK) : Math.floor(exact + SLACK)
  return Math.max(1, ticks) * tick
}

function checkLeg(
  asked: AskedLeg,
  quantity: number,
  action: Action,
  instrument: OrderInstrument,
): GttLeg | { readonly error: GatewayError } {
  const triggerPrice = onTick(asked.triggerField, asked.trigger, instrument.tickSize)
  if (typeof triggerPrice === 'object') return triggerPrice
  const wanted = asked.price || protectedPrice(triggerPrice, action, instrument)
  const price = onTick(asked.priceField, wanted, instrument.tickSize)
  if (typeof price === 'object') return price
  return { triggerPrice, price, quantity }
}

/** The order as it is sent, in the broker's counting, or what forbids it. */
export function checkGtt(
  spec: OrdersSpec,
  instrument: OrderInstrument,
  terms: GttTerms,
  lastPrice: number,
): PlaceGttAsk | { readonly error: GatewayError } {
  const { type, action, product, quantity } = terms
  const products = productsAt(spec, instrument.exchange).filter((each) =>
    GTT_PRODUCTS.includes(each),
  )
  if (!products.includes(product)) {
    const why = `at ${instrument.exchange} it must be one of ${products.join(', ')}`
    return { error: badOrder('product', product, why) }
  }
  const error = checkQuantity('quantity', quantity, instrument)
  if (error !== null) return { error }
  const units = quantity / lotsOf(spec, instrument)
  const legs: GttLeg[] = []
  for (const asked of terms.legs) {
    const leg = checkLeg(asked, units, action, instrument)
    if ('error' in leg) return leg
    legs.push(leg)
  }
  return { instrument, type, action, product, legs, lastPrice }
}
