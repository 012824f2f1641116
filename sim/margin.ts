// What a broker blocks for a position, in rupees. Flat shares of the value stand for SPAN: what matters to a client is
// that margins are there, move with trades and can run out.
import type { Contract } from './contracts.ts'

export interface Margin {
  readonly span: number
  readonly exposure: number
  /** Paid for options, negative when received. */
  readonly premium: number
  /** Of shares: all of the value for delivery, a share of it within the day. */
  readonly value: number
}

export const NO_MARGIN: Margin = { span: 0, exposure: 0, premium: 0, value: 0 }

/** Intraday trades in shares take one part in so many. */
const LEVERAGE = 5

interface Shares {
  readonly span: number
  readonly exposure: number
}
const SHARES_BY_EXCHANGE: Readonly<Record<string, Shares>> = {
  CDS: { span: 0.02, exposure: 0.01 },
  BCD: { span: 0.02, exposure: 0.01 },
  MCX: { span: 0.09, exposure: 0.02 },
  NCO: { span: 0.09, exposure: 0.02 },
}
const SHARES: Shares = { span: 0.1, exposure: 0.03 }

export const totalOf = ({ span, exposure, premium, value }: Margin) =>
  span + exposure + premium + value

export const addMargins = (one: Margin, other: Margin, times = 1): Margin => ({
  span: one.span + times * other.span,
  exposure: one.exposure + times * other.exposure,
  premium: one.premium + times * other.premium,
  value: one.value + times * other.value,
})

export const scaleMargin = (margin: Margin, times: number) => addMargins(NO_MARGIN, margin, times)

/** Times the margin that the value may be. */
export const leverageOf = ({ kind }: Contract, product: string) =>
  kind === 'share' && product !== 'CNC' ? LEVERAGE : 1

/** The margin of holding `quantity` bought or sold at a price in rupees. */
export function marginOf(
  contract: Contract,
  side: 'BUY' | 'SELL',
  product: string,
  quantity: number,
  priceRupees: number,
): Margin {
  const units = quantity * contract.multiplier
  if (contract.kind === 'share') {
    // Delivery is sold out of holdings, which need no margin.
    const isFree = product === 'CNC' && side === 'SELL'
    const value = (units * priceRupees) / leverageOf(contract, product)
    return { ...NO_MARGIN, value: isFree ? 0 : value }
  }
  if (contract.kind === 'option' && side === 'BUY') {
    return { ...NO_MARGIN, premium: units * priceRupees }
  }
  const shares = SHARES_BY_EXCHANGE[contract.exchange] ?? SHARES
  const base = units * (contract.kind === 'option' ? contract.strikeRupees : priceRupees)
  return { ...NO_MARGIN, span: base * shares.span, exposure: base * shares.exposure }
}
