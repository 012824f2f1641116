// Positions, holdings and funds over REST. Kite Connect v3, "Portfolio" and "User".
import type { Account, Holding } from './account.ts'
import { CLOSE } from './exchange.ts'
import { Form } from './form.ts'
import type { Funds } from './funds.ts'
import type { Call, Route } from './kite-call.ts'
import { badInput, EXCHANGES, findContract, productsOf, SIDES } from './kite-order-form.ts'
import { tidy, USER_ID } from './kite-records.ts'
import { Refusal } from './kite-sessions.ts'
import type { Leg, Position } from './position.ts'

const QUANTITY_MAX = 0x7fff_ffff

export const PORTFOLIO_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/portfolio\/positions$/,
    operation: 'positions',
    kind: 'other',
    handle: positions,
  },
  {
    method: 'PUT',
    path: /^\/portfolio\/positions$/,
    operation: 'convert',
    kind: 'other',
    handle: convert,
  },
  {
    method: 'GET',
    path: /^\/portfolio\/holdings$/,
    operation: 'holdings',
    kind: 'other',
    handle: ({ context: { account } }) =>
      account.holdings.map((holding) => holdingRow(account, holding)),
  },
  {
    method: 'GET',
    path: /^\/user\/margins(?:\/(\w+))?$/,
    operation: 'funds',
    kind: 'other',
    handle: margins,
  },
  {
    method: 'GET',
    path: /^\/user\/profile$/,
    operation: 'profile',
    kind: 'other',
    handle: profile,
  },
]

const closeRupees = (account: Account, { contract }: Pick<Position, 'contract'>) => {
  const row = account.exchange.row(contract.instrument, account.clock())
  return account.exchange.words[row + CLOSE]! / contract.unitsPerRupee
}

/** Fields of one side: `buy_quantity`, `buy_price`, `buy_value`, `buy_m2m`. */
function legFields(name: string, position: Position, leg: Leg, marked = leg.value) {
  return {
    [`${name}_quantity`]: leg.quantity,
    [`${name}_price`]: tidy(position.priceOf(leg)),
    [`${name}_value`]: tidy(leg.value),
    [`${name}_m2m`]: tidy(marked),
  }
}

/** A position with what was carried over, or with the day's trades only. */
function positionRow(account: Account, position: Position, isDay: boolean) {
  const { contract, product, dayBuy, daySell, overnight } = position
  const { multiplier } = contract
  const buy = isDay ? dayBuy : position.buy
  const sell = isDay ? daySell : position.sell
  const quantity = buy.quantity - sell.quantity
  const last = account.lastRupees(contract)
  const close = closeRupees(account, position)
  const profit = sell.value - buy.value + quantity * last * multiplier
  // What was carried over is marked to the close of the day before.
  const carried = isDay ? 0 : overnight.quantity
  const remark = carried * multiplier * (close - overnight.priceRupees)
  const side = quantity > 0 ? buy : sell
  return {
    tradingsymbol: contract.tradingsymbol,
    exchange: contract.exchange,
    instrument_token: contract.token,
    product,
    quantity,
    overnight_quantity: carried,
    multiplier,
    average_price: quantity === 0 ? 0 : tidy(position.priceOf(side)),
    close_price: carried === 0 ? 0 : tidy(close),
    last_price: tidy(last),
    value: tidy(sell.value - buy.value),
    pnl: tidy(profit),
    m2m: tidy(profit - remark),
    // Kite counts all of it as unrealised, also of what is closed.
    unrealised: tidy(profit),
    realised: 0,
    ...legFields('buy', position, buy, buy.value + (carried > 0 ? remark : 0)),
    ...legFields('sell', position, sell, sell.value - (carried < 0 ? remark : 0)),
    ...dayFields('day_buy', position, dayBuy),
    ...dayFields('day_sell', position, daySell),
  }
}

function dayFields(name: string, position: Position, leg: Leg) {
  const { [`${name}_m2m`]: _, ...fields } = legFields(name, position, leg)
  return fields
}

function positions({ context: { account } }: Call) {
  const net: object[] = []
  const day: object[] = []
  for (const position of account.positions) {
    const { overnight, dayBuy, daySell } = position
    const traded = dayBuy.quantity + daySell.quantity > 0
    if (traded) day.push(positionRow(account, position, true))
    if (traded || overnight.quantity !== 0) net.push(positionRow(account, position, false))
  }
  return { net, day }
}

/** What of a holding has been sold today. */
function usedQuantity(account: Account, { contract, quantity, t1Quantity }: Holding): number {
  const sold = -(account.findPosition(contract, 'CNC')?.quantity ?? 0)
  return Math.min(Math.max(0, sold), quantity + t1Quantity)
}

function holdingRow(account: Account, holding: Holding) {
  const { contract, isin, quantity, t1Quantity, averageRupees } = holding
  const used = usedQuantity(account, holding)
  const last = account.lastRupees(contract)
  const close = closeRupees(account, holding)
  const left = quantity - used
  return {
    tradingsymbol: contract.tradingsymbol,
    exchange: contract.exchange,
    instrument_token: contract.token,
    isin,
    product: 'CNC',
    price: 0,
    quantity: Math.max(0, left),
    used_quantity: used,
    t1_quantity: left < 0 ? t1Quantity + left : t1Quantity,
    realised_quantity: quantity,
    authorised_quantity: 0,
    authorised_date: null,
    opening_quantity: quantity + t1Quantity,
    collateral_quantity: 0,
    collateral_type: '',
    discrepancy: false,
    average_price: averageRupees,
    last_price: tidy(last),
    close_price: tidy(close),
    pnl: tidy((last - averageRupees) * (quantity + t1Quantity - used)),
    day_change: tidy(last - close),
    day_change_percentage: tidy(((last - close) / close) * 100, 8),
    mtf: { quantity: 0, used_quantity: 0, average_price: 0, value: 0, initial_margin: 0 },
  }
}

/** Rupees with which positions would close now. */
function unrealised(account: Account, segment: string): number {
  let sum = 0
  for (const position of account.positions) {
    const { contract, quantity, averagePrice } = position
    if (contract.segment !== segment || position.product === 'CNC') continue
    sum += (account.lastRupees(contract) - averagePrice) * quantity * contract.multiplier
  }
  return sum
}

/** Rupees that shares sold out of holdings have brought. */
function holdingSales(account: Account): number {
  let sum = 0
  for (const { product, daySell, dayBuy, quantity } of account.positions) {
    if (product === 'CNC' && quantity < 0) sum += daySell.value - dayBuy.value
  }
  return sum
}

function fundsRow(account: Account, segment: 'equity' | 'commodity') {
  const funds: Funds = account.funds[segment]
  const { opening, used } = funds
  return {
    enabled: true,
    net: tidy(funds.net),
    available: {
      adhoc_margin: 0,
      cash: opening.cash,
      opening_balance: opening.cash,
      live_balance: tidy(funds.net),
      collateral: opening.collateral,
      intraday_payin: 0,
    },
    utilised: {
      debits: tidy(funds.debits),
      exposure: tidy(used.exposure),
      m2m_realised: tidy(funds.realised),
      m2m_unrealised: tidy(unrealised(account, segment)),
      option_premium: tidy(used.premium),
      payout: 0,
      span: tidy(used.span),
      holding_sales: segment === 'equity' ? tidy(holdingSales(account)) : 0,
      turnover: 0,
      liquid_collateral: 0,
      stock_collateral: 0,
      delivery: 0,
    },
  }
}

function margins({ context: { account }, parts }: Call): object {
  const [segment] = parts
  if (segment === undefined) {
    return { equity: fundsRow(account, 'equity'), commodity: fundsRow(account, 'commodity') }
  }
  if (segment === 'equity' || segment === 'commodity') return fundsRow(account, segment)
  throw badInput('Invalid `segment`.')
}

function profile(): object {
  return {
    user_id: USER_ID,
    user_type: 'individual',
    email: 'sim@example.com',
    user_name: 'Simulated User',
    user_shortname: 'Simulated',
    broker: 'ZERODHA',
    exchanges: EXCHANGES,
    products: ['CNC', 'NRML', 'MIS'],
    order_types: ['MARKET', 'LIMIT', 'SL', 'SL-M'],
    avatar_url: null,
    meta: { demat_consent: 'physical' },
  }
}

function convert({ context: { account }, body, postpone }: Call): boolean {
  const form = new Form(body, badInput)
  const exchange = form.oneOf('exchange', EXCHANGES)
  const contract = findContract(account, exchange, form.text('tradingsymbol'))
  const side = form.oneOf('transaction_type', SIDES)
  form.oneOf('position_type', ['day', 'overnight'])
  const from = form.oneOf('old_product', productsOf(exchange))
  const to = form.oneOf('new_product', productsOf(exchange))
  const quantity = form.wholeNumber('quantity', 1, QUANTITY_MAX)
  if (from === to) throw badInput('Invalid `new_product`.')
  const position = account.findPosition(contract, from)
  const open = (position?.quantity ?? 0) * (side === 'BUY' ? 1 : -1)
  if (position === undefined || quantity > open) {
    throw new Refusal(400, 'OrderException', 'Requested quantity is more than the open position.')
  }
  const change = () => account.convert(position, to, side, quantity)
  if (postpone === undefined) change()
  else postpone(change)
  return true
}
