// The margin calculators. Kite Connect v3, "Margin calculation".
import type { Account } from './account.ts'
import type { Contract } from './contracts.ts'
import type { Call, Route } from './kite-call.ts'
import { badInput, EXCHANGES, findContract, productsOf } from './kite-order-form.ts'
import { tidy } from './kite-records.ts'
import { addMargins, leverageOf, type Margin, marginOf, NO_MARGIN, totalOf } from './margin.ts'
import type { Side } from './order.ts'

const ORDERS_MAX = 500
/** What is left of the margin of a hedged pair of legs. */
const HEDGED_SHARE = 0.2

export const MARGIN_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/margins\/orders$/,
    operation: 'margin',
    kind: 'other',
    handle: (call) => readLegs(call).map((leg) => marginRow(leg.margin, leg, isCompact(call))),
  },
  {
    method: 'POST',
    path: /^\/margins\/basket$/,
    operation: 'margin',
    kind: 'other',
    handle: basket,
  },
]

interface Leg {
  readonly contract: Contract
  readonly side: Side
  readonly product: string
  readonly value: number
  readonly margin: Margin
}

const isCompact = ({ url }: Call) => url.searchParams.get('mode') === 'compact'

function readLegs({ context, body }: Call): Leg[] {
  let given: unknown
  try {
    given = JSON.parse(body)
  } catch {
    throw badInput('Invalid JSON in the body.')
  }
  if (!Array.isArray(given) || given.length === 0 || given.length > ORDERS_MAX) {
    throw badInput(`A list of 1 to ${ORDERS_MAX} orders is expected.`)
  }
  return given.map((order) => readLeg(context.account, order))
}

function readLeg(account: Account, given: unknown): Leg {
  const fields = (given ?? {}) as Record<string, unknown>
  const word = <Value extends string>(name: string, values: readonly Value[]) => {
    if (values.includes(fields[name] as Value)) return fields[name] as Value
    throw badInput(`Invalid \`${name}\`.`)
  }
  const exchange = word('exchange', EXCHANGES)
  const contract = findContract(account, exchange, String(fields.tradingsymbol))
  const side = word('transaction_type', ['BUY', 'SELL'] as const)
  word('variety', ['regular', 'amo', 'co', 'iceberg', 'auction'])
  word('order_type', ['MARKET', 'LIMIT', 'SL', 'SL-M'])
  const product = word('product', productsOf(exchange))
  const { quantity, price = 0, trigger_price: trigger = 0 } = fields
  if (!Number.isInteger(quantity) || (quantity as number) <= 0) {
    throw badInput('Invalid `quantity`.')
  }
  for (const [name, value] of Object.entries({ price, trigger_price: trigger })) {
    if (typeof value !== 'number' || !(value >= 0)) throw badInput(`Invalid \`${name}\`.`)
  }
  const rupees = Number(price) || Number(trigger) || account.lastRupees(contract)
  return legOf(contract, side, product, quantity as number, rupees)
}

function legOf(
  contract: Contract,
  side: Side,
  product: string,
  quantity: number,
  rupees: number,
): Leg {
  const margin = marginOf(contract, side, product, quantity, rupees)
  return { contract, side, product, value: quantity * contract.multiplier * rupees, margin }
}

/** Brokerage of 0.03 per cent up to 20 rupees, and rates near those of 2026 for the rest. */
function charges({ contract, side, product, value }: Leg) {
  const isDelivery = product === 'CNC'
  const brokerage = isDelivery ? 0 : Math.min(20, value * 0.0003)
  const turnover = value * 0.0000297
  const tax = isDelivery ? value * 0.001 : side === 'SELL' ? value * 0.00025 : 0
  const stamp = side === 'BUY' ? value * (isDelivery ? 0.00015 : 0.00003) : 0
  const sebi = value * 0.000001
  const gst = (brokerage + turnover + sebi) * 0.18
  return {
    transaction_tax: tidy(tax),
    transaction_tax_type: contract.segment === 'commodity' ? 'ctt' : 'stt',
    exchange_turnover_charge: tidy(turnover),
    sebi_turnover_charge: tidy(sebi),
    brokerage: tidy(brokerage),
    stamp_duty: tidy(stamp),
    gst: { igst: tidy(gst), cgst: 0, sgst: 0, total: tidy(gst) },
    total: tidy(brokerage + turnover + tax + stamp + sebi + gst),
  }
}

const NO_CHARGES = {
  transaction_tax: 0,
  transaction_tax_type: '',
  exchange_turnover_charge: 0,
  sebi_turnover_charge: 0,
  brokerage: 0,
  stamp_duty: 0,
  gst: { igst: 0, cgst: 0, sgst: 0, total: 0 },
  total: 0,
}

/** One order's margin, or a sum that belongs to none. */
function marginRow(margin: Margin, leg: Leg | null, compact: boolean) {
  const names = {
    type: leg?.contract.segment ?? '',
    tradingsymbol: leg?.contract.tradingsymbol ?? '',
    exchange: leg?.contract.exchange ?? '',
  }
  const total = tidy(totalOf(margin))
  if (compact) return { ...names, total }
  return {
    ...names,
    span: tidy(margin.span),
    exposure: tidy(margin.exposure),
    option_premium: tidy(margin.premium),
    additional: 0,
    bo: 0,
    cash: 0,
    var: tidy(margin.value),
    pnl: { realised: 0, unrealised: 0 },
    leverage: leg === null ? 0 : leverageOf(leg.contract, leg.product),
    charges: leg === null ? NO_CHARGES : charges(leg),
    total,
  }
}

const sum = (legs: readonly Leg[]) =>
  legs.reduce((total, { margin }) => addMargins(total, margin), NO_MARGIN)

/** The margin of legs that are held together: bought and sold legs of an underlying hedge each other. */
function netted(legs: readonly Leg[]): Margin {
  const groups = new Map<string, Leg[]>()
  for (const leg of legs) {
    const name = `${leg.contract.exchange} ${leg.contract.name}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [leg])
    else group.push(leg)
  }
  let total = NO_MARGIN
  for (const group of groups.values()) {
    const bought = sum(group.filter(({ side }) => side === 'BUY'))
    const sold = sum(group.filter(({ side }) => side === 'SELL'))
    const both = addMargins(bought, sold)
    const hedged = Math.min(bought.span, sold.span) * (2 - HEDGED_SHARE)
    const exposure = Math.max(bought.exposure, sold.exposure)
    total = addMargins(total, { ...both, span: both.span - hedged, exposure })
  }
  return total
}

function positionLegs(account: Account): Leg[] {
  return [...account.positions]
    .filter(({ quantity, product }) => quantity !== 0 && product !== 'CNC')
    .map(({ contract, product, quantity, averagePrice }) => {
      const side = quantity > 0 ? 'BUY' : 'SELL'
      return legOf(contract, side, product, Math.abs(quantity), averagePrice)
    })
}

function basket(call: Call): object {
  const legs = readLegs(call)
  const compact = isCompact(call)
  const considers = call.url.searchParams.get('consider_positions') === 'true'
  const held = considers ? positionLegs(call.context.account) : []
  const final = addMargins(netted([...held, ...legs]), netted(held), -1)
  return {
    initial: marginRow(sum(legs), null, compact),
    final: marginRow(final, null, compact),
    orders: legs.map((leg) => marginRow(leg.margin, leg, compact)),
  }
}
