// The part of the brokers' door that looks at the table of orders.
import { type Quota, READ_NAMES, WRITE_NAMES } from './order-rules.ts'
import { type OrdersSpec, PRICE_TYPES, PRODUCTS, VALIDITIES } from './orders.ts'

type Must = (holds: boolean, field: string, rule: string) => void

/** Calls without which there are no orders; all others may be `unsupported`. */
const NEEDED = {
  writes: ['place', 'modify', 'cancel'],
  reads: ['orderBook', 'tradeBook', 'positions', 'holdings', 'funds', 'quotes'],
} as const
/** The engine's own ids are this long, and the order book has to repeat them. */
const TAG_LENGTH_MIN = 20
const DAY_MS = 86_400_000
const CALLS: readonly string[] = [...WRITE_NAMES, ...READ_NAMES]

const isWhole = (value: unknown, min: number) =>
  Number.isSafeInteger(value) && (value as number) >= min
const isFunction = (value: unknown) => typeof value === 'function'

function checkList(
  values: readonly string[] | undefined,
  known: readonly string[],
  field: string,
  must: Must,
): void {
  const holds = Array.isArray(values) && values.length > 0
  must(
    holds && values.every((value) => known.includes(value)),
    field,
    `must list some of: ${known.join(', ')}`,
  )
}

function checkCalls(
  group: 'writes' | 'reads',
  names: readonly string[],
  table: object | undefined,
  must: Must,
): void {
  for (const name of names) {
    const field = `orders.${group}.${name}`
    const call = (table as Record<string, Record<string, unknown> | undefined> | undefined)?.[name]
    const isNeeded = (NEEDED[group] as readonly string[]).includes(name)
    if (!isNeeded && typeof call?.unsupported === 'string' && call.unsupported !== '') continue
    const also = isNeeded ? '' : " or be unsupported('why')"
    must(isFunction(call?.request), `${field}.request`, `must be a function${also}`)
    must(isFunction(call?.read), `${field}.read`, 'must be a function')
  }
}

function checkQuota(quota: Quota | undefined, field: string, must: Must): void {
  checkList(quota?.calls, CALLS, `${field}.calls`, must)
  must(isWhole(quota?.max, 1), `${field}.max`, 'must be a whole number > 0')
  must(
    isWhole(quota?.windowMs, 1) && quota!.windowMs <= DAY_MS,
    `${field}.windowMs`,
    'must be a whole number of ms up to a day',
  )
  must(
    ['calendar', 'rolling'].includes(quota?.window ?? ''),
    `${field}.window`,
    'must be calendar or rolling',
  )
  must(
    isWhole(quota?.reservedForCancels, 0) && quota!.reservedForCancels < quota!.max,
    `${field}.reservedForCancels`,
    'must be a whole number from 0 and less than max',
  )
}

function checkRules(rules: OrdersSpec['rules'] | undefined, must: Must): void {
  const field = (name: string) => `orders.rules.${name}`
  for (const name of ['ordersPerSecondMax', 'modificationsMax'] as const) {
    must(isWhole(rules?.[name], 1), field(name), 'must be a whole number > 0')
  }
  must(
    isWhole(rules?.tagLengthMax, TAG_LENGTH_MIN),
    field('tagLengthMax'),
    `must be a whole number from ${TAG_LENGTH_MIN}`,
  )
  for (const name of ['needsStaticIp', 'needsMarketProtection', 'takesAlgoId'] as const) {
    must(typeof rules?.[name] === 'boolean', field(name), 'must be true or false')
  }
}

function checkPostback(postback: OrdersSpec['postback'] | undefined, must: Must): void {
  if (postback !== undefined && 'unsupported' in postback) return
  const also = " or be unsupported('why')"
  must(isFunction(postback?.read), 'orders.postback.read', `must be a function${also}`)
  must(
    typeof postback?.needs === 'string' && postback.needs !== '',
    'orders.postback.needs',
    'must name a credential',
  )
}

/** Checks a broker's table of orders; `exchanges` are those of its instruments. Throws by `must`. */
export function checkOrders(orders: OrdersSpec, exchanges: readonly string[], must: Must): void {
  checkList(orders.products, PRODUCTS, 'orders.products', must)
  checkList(orders.priceTypes, PRICE_TYPES, 'orders.priceTypes', must)
  checkList(orders.validities, VALIDITIES, 'orders.validities', must)
  checkList(orders.exchanges, exchanges, 'orders.exchanges', must)
  for (const [exchange, { products, validities }] of Object.entries(orders.narrower ?? {})) {
    const field = `orders.narrower.${exchange}`
    must(orders.exchanges.includes(exchange), field, 'must be one of orders.exchanges')
    if (products) checkList(products, orders.products, `${field}.products`, must)
    if (validities) checkList(validities, orders.validities, `${field}.validities`, must)
  }
  if (orders.countsLots) {
    checkList(orders.countsLots, orders.exchanges, 'orders.countsLots', must)
  }
  checkRules(orders.rules, must)
  must(Array.isArray(orders.quotas), 'orders.quotas', 'must be a list')
  orders.quotas.forEach((quota, at) => {
    checkQuota(quota, `orders.quotas[${at}]`, must)
  })
  checkPostback(orders.postback, must)
  checkCalls('writes', WRITE_NAMES, orders.writes, must)
  checkCalls('reads', READ_NAMES, orders.reads, must)
  must(
    isWhole(orders.reads.quotes.instrumentsMax, 1),
    'orders.reads.quotes.instrumentsMax',
    'must be a whole number > 0',
  )
  const { history } = orders.reads
  if ('unsupported' in history) return
  const intervals = Object.entries(history.intervals ?? {})
  must(intervals.length > 0, 'orders.reads.history.intervals', 'must list at least one interval')
  for (const [interval, limits] of intervals) {
    must(
      isWhole(limits?.daysMax, 1),
      `orders.reads.history.intervals.${interval}.daysMax`,
      'must be a whole number > 0',
    )
  }
}
