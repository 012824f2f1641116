// What a broker looks at before it lets an order into the market. Gives why not, or null.
import type { Holding } from './account.ts'
import { CLOSE, type Exchange, HIGHEST, LAST, LOWEST } from './exchange.ts'
import type { Funds } from './funds.ts'
import { type Margin, marginOf, totalOf } from './margin.ts'
import type { Order, Rejection } from './order.ts'
import type { Position } from './position.ts'

/** Percent that the broker lets a market order stray by itself: up to a price in rupees, for options and others. */
const PROTECTION_PERCENT: readonly { upTo: number; option: number; other: number }[] = [
  { upTo: 10, option: 5, other: 2 },
  { upTo: 100, option: 3, other: 2 },
  { upTo: 500, option: 2, other: 1 },
  { upTo: Number.POSITIVE_INFINITY, option: 1, other: 0.5 },
]

const ACCOUNT = 'SIM001'
const money = (rupees: number) => rupees.toFixed(2)

/** The worst price of a market order, in price units on the grid and inside the band. */
export function protectedLimit(order: Order, exchange: Exchange, row: number): number {
  const { contract, side } = order.ask
  const { words } = exchange
  const last = words[row + LAST]!
  const lastRupees = last / contract.unitsPerRupee
  const step = PROTECTION_PERCENT.find(({ upTo }) => lastRupees <= upTo)!
  const automatic = contract.kind === 'option' ? step.option : step.other
  const percent = order.terms.protection < 0 ? automatic : order.terms.protection
  // Never less than two steps of the grid: a cheap option would not trade at all.
  const reach = Math.max(2 * contract.gridUnits, (last * percent) / 100)
  const steps = Math.floor(reach / contract.gridUnits) * contract.gridUnits
  if (side === 'BUY') return Math.min(last + steps, words[row + HIGHEST]!)
  return Math.max(last - steps, words[row + LOWEST]!)
}

/** Limits outside the day's band are rejected after they were taken. */
export function checkPrice(order: Order, exchange: Exchange, row: number): Rejection | null {
  const { priceType, price } = order.terms
  if (priceType === 'MARKET' || priceType === 'SL-M') return null
  const { words } = exchange
  const { unitsPerRupee } = order.ask.contract
  const [lowest, highest] = [words[row + LOWEST]!, words[row + HIGHEST]!]
  if (price >= lowest && price <= highest) return null
  const isHigh = price > highest
  const circuit = money((isHigh ? highest : lowest) / unitsPerRupee)
  const word = isHigh ? 'higher than the current upper' : 'lower than the current lower'
  const close = money(words[row + CLOSE]! / unitsPerRupee)
  return {
    cause: 'price',
    message: `Order price is ${word} circuit limit (${circuit}). You can place an order within the daily range.`,
    raw: `RMS:Rule: Check circuit limit including square off order exceeds for close ${close}`,
  }
}

/** Delivery is sold out of what was bought today and what is in the depository. */
export function checkHoldings(
  order: Order,
  position: Position,
  holdings: readonly Holding[],
): Rejection | null {
  const { contract, side, product } = order.ask
  if (product !== 'CNC' || side !== 'SELL') return null
  const held = holdings.find((holding) => holding.contract === contract)
  const deposited = held === undefined ? 0 : held.quantity + held.t1Quantity
  const available = deposited + position.quantity - position.pending.SELL
  const wanted = order.terms.quantity - order.filledQuantity
  if (wanted <= available) return null
  return {
    cause: 'holding',
    message:
      'Insufficient stock holding or there are pending sell orders for this stock. ' +
      'Check the orderbook for open orders.',
    raw: `RMS:Check Holdings Including BTST, Required:${wanted}, Available:${Math.max(0, available)}`,
  }
}

/** What an order needs beside the position as it is: what only closes it needs nothing. */
export function orderMargin(order: Order, position: Position, lastRupees: number): Margin {
  const { contract, side, product } = order.ask
  const { price, trigger } = order.terms
  const rupees = (price || trigger) / contract.unitsPerRupee || lastRupees
  const opening = Math.max(0, order.pendingQuantity - position.closable(side))
  return marginOf(contract, side, product, opening, rupees)
}

/** Whether the funds suffice. */
export function checkMargin(
  order: Order,
  position: Position,
  funds: Funds,
  lastRupees: number,
): Rejection | null {
  const required = totalOf(orderMargin(order, position, lastRupees))
  if (required === 0 || required <= funds.net) return null
  const [needed, available] = [money(required), money(funds.net)]
  return {
    cause: 'margin',
    message: `Insufficient funds. Required margin is ${needed} but available margin is ${available}.`,
    raw: `RMS:Margin Exceeds,Required:${needed}, Available:${available} for entity account-${ACCOUNT}`,
  }
}
