// What callers send, field by field. Nothing is trusted and nothing is thrown: the first fault is kept, and what is
// read after it does not matter any more.
import type { Action, OrderTerms, PriceType, Product, Validity } from '../../adapters/orders.ts'
import { ACTIONS, PRICE_TYPES, PRODUCTS, VALIDITIES } from '../../adapters/registry.ts'
import { badField, type GatewayError } from './refusal.ts'

export type Input = Readonly<Record<string, unknown>>

/** More than any order or price has; far below what a double can hold exactly. */
const NUMBER_MAX = 1_000_000_000
const NUMBER = /^[+-]?\d{1,15}(\.\d{1,15})?$/
/** Ids of orders and triggers go into URLs. */
const ID = /^[A-Za-z0-9_-]{1,64}$/
export const CLIENT_ORDER_ID_LENGTH_MAX = 64
const CLIENT_ORDER_ID = new RegExp(`^[\\x21-\\x7e]{1,${CLIENT_ORDER_ID_LENGTH_MAX}}$`)
const CODE = /^[A-Z0-9_]{1,16}$/
const TEXT_MAX = 256
const NOTHING: Input = {}

export class FieldReader {
  error: GatewayError | null = null
  readonly #input: Input
  /** In front of the names of fields, for a list of orders. */
  readonly #prefix: string

  constructor(input: unknown, prefix = '') {
    this.#prefix = prefix
    const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
    this.#input = isObject ? (input as Input) : NOTHING
    if (!isObject) this.refuse('', input, 'an object with the fields of the call')
  }

  /** Keeps the first fault. */
  refuse(name: string, value: unknown, allowed: string): void {
    const field = this.#prefix + name || 'input'
    this.error ??= badField(field, value, allowed)
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#input, name) ? this.#input[name] : undefined
  }

  choice<Word extends string>(name: string, words: readonly Word[], fallback?: Word): Word {
    const value = this.value(name)
    if (value === undefined && fallback !== undefined) return fallback
    const found = words.find((word) => word === value)
    if (found === undefined) this.refuse(name, value, `one of ${words.join(', ')}`)
    return found ?? words[0]!
  }

  /** A number, or a text that spells one, in a range; above 0 where `min` is so. */
  number(name: string, { min, isWhole = false, fallback }: NumberRule): number {
    const value = this.value(name)
    if (value === undefined && fallback !== undefined) return fallback
    const isSpelled = typeof value === 'string' && NUMBER.test(value)
    const number = isSpelled ? Number(value) : value
    const isGood =
      typeof number === 'number' &&
      number <= NUMBER_MAX &&
      (min === 'above 0' ? number > 0 : number >= 0) &&
      (!isWhole || Number.isInteger(number))
    // -0 is none that anybody means.
    if (isGood) return number + 0
    const range = min === 'above 0' ? 'above 0 and at most' : 'from 0 to'
    this.refuse(name, value, `a ${isWhole ? 'whole ' : ''}number ${range} ${NUMBER_MAX}`)
    return 0
  }

  pattern(name: string, pattern: RegExp, allowed: string): string {
    const value = this.value(name)
    if (typeof value === 'string' && pattern.test(value)) return value
    this.refuse(name, value, allowed)
    return ''
  }

  exchange(): string {
    return this.pattern('exchange', CODE, 'an exchange code such as NSE or NFO')
  }

  symbol(): string {
    const value = this.value('symbol')
    if (typeof value === 'string' && value !== '' && value.length <= TEXT_MAX) return value
    this.refuse('symbol', value, 'a symbol in the common format, such as RELIANCE')
    return ''
  }

  id(name: string): string {
    return this.pattern(name, ID, 'an id of 1 to 64 letters, digits, _ and -')
  }

  /** A text that may be absent, then ''. */
  optionalText(name: string): string {
    const value = this.value(name)
    if (value === undefined) return ''
    if (typeof value === 'string' && value.length <= TEXT_MAX) return value
    this.refuse(name, value, `a text of at most ${TEXT_MAX} characters`)
    return ''
  }

  /** BUY or SELL, which OpenAlgo's clients also write small. */
  action(): Action {
    const value = this.value('action')
    const found = ACTIONS.find((action) => action === value || action.toLowerCase() === value)
    if (found === undefined) this.refuse('action', value, `one of ${ACTIONS.join(', ')}`)
    return found ?? 'BUY'
  }

  clientOrderId(): string | null {
    const name = 'client_order_id'
    if (this.value(name) === undefined) return null
    return this.pattern(name, CLIENT_ORDER_ID, '1 to 64 printable ASCII characters without blanks')
  }
}

export interface NumberRule {
  readonly min: 'above 0' | 'from 0'
  readonly isWhole?: boolean
  readonly fallback?: number
}

/** An instrument by its common name. */
export interface Named {
  readonly exchange: string
  readonly symbol: string
}

const QUANTITY: NumberRule = { min: 'above 0', isWhole: true }
const MAYBE_PRICE: NumberRule = { min: 'from 0', fallback: 0 }
const MAYBE_QUANTITY: NumberRule = { min: 'from 0', isWhole: true, fallback: 0 }
const HAS_PRICE: readonly PriceType[] = ['LIMIT', 'SL']
const HAS_TRIGGER: readonly PriceType[] = ['SL', 'SL-M']

/** What an order needs of a price and of a trigger. */
export const hasPrice = (priceType: PriceType) => HAS_PRICE.includes(priceType)
/** Whether orders of this type wait for a price. */
export const hasTrigger = (priceType: PriceType) => HAS_TRIGGER.includes(priceType)

/**
 * The terms of an order, and its instrument. A price that the price type has no use for counts as 0: OpenAlgo's clients
 * send all fields always.
 */
export function readTerms(fields: FieldReader): OrderTerms & Named {
  const exchange = fields.exchange()
  const symbol = fields.symbol()
  const action = fields.action()
  const product = fields.choice<Product>('product', PRODUCTS)
  const priceType = fields.choice<PriceType>('pricetype', PRICE_TYPES)
  const quantity = fields.number('quantity', QUANTITY)
  const price = fields.number('price', MAYBE_PRICE)
  const trigger = fields.number('trigger_price', MAYBE_PRICE)
  const disclosedQuantity = fields.number('disclosed_quantity', MAYBE_QUANTITY)
  const validity = fields.choice<Validity>('validity', VALIDITIES, 'DAY')
  return {
    exchange,
    symbol,
    action,
    product,
    priceType,
    validity,
    quantity,
    disclosedQuantity,
    price: hasPrice(priceType) ? price : 0,
    triggerPrice: hasTrigger(priceType) ? trigger : 0,
  }
}
