// What the user allows, beyond what broker and exchange do: for all orders, and more narrowly for one broker. Where
// both say something, both hold. 0 stands for no limit.
import type { OrderTerms } from '../../adapters/orders.ts'
import type { LimitsConfig } from '../../config/schema.ts'
import type { Named } from './fields.ts'
import { badOrder, type GatewayError } from './refusal.ts'

export interface OrderLimits {
  /** Units of one order. */
  readonly quantityMax: number
  /** Rupees of one order. */
  readonly valueMax: number
  readonly perSecondMax: number
  /** From midnight to midnight in India. */
  readonly perDayMax: number
  /** Percent that a price may be away from the last price. */
  readonly priceDistancePercentMax: number
  /** `EXCHANGE` or `EXCHANGE:SYMBOL`; null: all. */
  readonly allowed: ReadonlySet<string> | null
}

export const NO_LIMITS: OrderLimits = {
  quantityMax: 0,
  valueMax: 0,
  perSecondMax: 0,
  perDayMax: 0,
  priceDistancePercentMax: 0,
  allowed: null,
}

/** The set of a configured list: names separated by blanks or commas, empty for all. */
export function allowedOf(list: string): ReadonlySet<string> | null {
  const names = list.split(/[\s,]+/).filter((name) => name !== '')
  return names.length === 0 ? null : new Set(names)
}

/** Limits as they are configured; what is not said is not limited. */
export function limitsOf(config: Partial<LimitsConfig> = {}): OrderLimits {
  return {
    quantityMax: config.quantity_max ?? 0,
    valueMax: config.value_max ?? 0,
    perSecondMax: config.per_second_max ?? 0,
    perDayMax: config.per_day_max ?? 0,
    priceDistancePercentMax: config.price_distance_percent_max ?? 0,
    allowed: allowedOf(config.allowed ?? ''),
  }
}

type Priced = Pick<OrderTerms, 'quantity' | 'price' | 'triggerPrice'>

/** The price of an order's own, or 0: what it trades at is then what the market gives. */
const ownPrice = ({ price, triggerPrice }: Priced) => price || triggerPrice

/** Whether these limits cannot be checked without a last price. */
export function needsLastPrice(
  { valueMax, priceDistancePercentMax }: OrderLimits,
  terms: Priced,
): boolean {
  return ownPrice(terms) === 0 ? valueMax > 0 : priceDistancePercentMax > 0
}

/** Checks an order against limits; `lastPrice` is null where nothing needs one. `whose` names the limits. */
export function checkLimits(
  limits: OrderLimits,
  whose: string,
  { exchange, symbol }: Named,
  terms: Priced,
  lastPrice: number | null,
): GatewayError | null {
  const { quantityMax, valueMax, priceDistancePercentMax, allowed } = limits
  const { quantity } = terms
  if (allowed !== null && !allowed.has(exchange) && !allowed.has(`${exchange}:${symbol}`)) {
    return badOrder('symbol', symbol, `${whose} allow only ${[...allowed].slice(0, 20).join(' ')}`)
  }
  if (quantityMax > 0 && quantity > quantityMax) {
    return badOrder('quantity', quantity, `${whose} allow at most ${quantityMax}`)
  }
  const own = ownPrice(terms)
  const value = quantity * Math.abs(own || (lastPrice ?? 0))
  if (valueMax > 0 && value > valueMax) {
    const words = `that is ${value.toFixed(2)} rupees, and ${whose} allow at most ${valueMax}`
    return badOrder('quantity', quantity, words)
  }
  if (priceDistancePercentMax === 0 || own === 0 || lastPrice === null) return null
  return checkDistance(priceDistancePercentMax, whose, terms, lastPrice)
}

function checkDistance(
  percentMax: number,
  whose: string,
  { price, triggerPrice }: Priced,
  lastPrice: number,
): GatewayError | null {
  for (const [field, value] of [
    ['price', price],
    ['trigger_price', triggerPrice],
  ] as const) {
    const percent = (Math.abs(value - lastPrice) / Math.abs(lastPrice)) * 100
    if (value === 0 || percent <= percentMax) continue
    const away = `${percent.toFixed(2)} % from the last price ${lastPrice}`
    return badOrder(field, value, `that is ${away}, and ${whose} allow ${percentMax} %`)
  }
  return null
}
