// Turns indices, shares, currencies and commodities into what a listing needs to know of an underlying: its
// markets, steps and expiries as of a day.
import {
  beforeMonthEnd,
  type Expiry,
  FRIDAY,
  lastWeekday,
  monthlyExpiries,
  onOrBefore,
  soonestFirst,
  THURSDAY,
  TUESDAY,
  weeklyExpiries,
} from './calendar.ts'
import { CALL, type MarketName, type PUT } from './instruments.ts'
import { LEADING_STOCKS, OTHER_STOCKS, type Stock } from './stocks.ts'
import {
  COMMODITIES,
  type Commodity,
  CURRENCIES,
  type Currency,
  INDEX_CONTRACTS,
  type IndexContract,
  MAIN_INDICES,
} from './underlyings.ts'

const CURRENCY_TICK_RUPEES = 0.0025
const CURRENCY_STEP_RUPEES = 0.25

/** What has futures, and options where its step is not 0. */
export interface Underlying {
  readonly root: string
  readonly futures: MarketName
  readonly options: MarketName
  readonly spotRupees: number
  readonly strikeStepRupees: number
  readonly lotSize: number
  readonly futureTickRupees: number
  readonly optionTickRupees: number
  readonly futureExpiries: readonly Expiry[]
  readonly optionExpiries: readonly Expiry[]
}

/** Smallest price step of a share, by price band. */
export const shareTickRupees = (priceRupees: number) => (priceRupees < 250 ? 0.01 : 0.05)

function indexUnderlying(contract: IndexContract, today: number): Underlying {
  const weekday = contract.exchange === 'NFO' ? TUESDAY : THURSDAY
  const rule = lastWeekday(weekday)
  const monthlies = monthlyExpiries(today, contract.monthlies, rule)
  const weeklies = weeklyExpiries(today, contract.weeklies, weekday, rule)
  return {
    ...contract,
    futures: `${contract.exchange}-FUT`,
    options: `${contract.exchange}-OPT`,
    spotRupees: MAIN_INDICES.find((index) => index.tradingsymbol === contract.index)!.spotRupees,
    futureTickRupees: 0.05,
    optionTickRupees: 0.05,
    futureExpiries: monthlies.slice(0, 3),
    optionExpiries: soonestFirst(weeklies, monthlies),
  }
}

function stockUnderlying(stock: Stock, today: number): Underlying {
  const expiries = monthlyExpiries(today, 3, lastWeekday(TUESDAY))
  const tick = shareTickRupees(stock.spotRupees)
  return {
    ...stock,
    root: stock.ticker,
    futures: 'NFO-FUT',
    options: 'NFO-OPT',
    futureTickRupees: tick,
    optionTickRupees: tick,
    futureExpiries: expiries,
    optionExpiries: expiries,
  }
}

function currencyUnderlying(
  currency: Currency,
  exchange: 'CDS' | 'BCD',
  today: number,
): Underlying {
  const rule = beforeMonthEnd(2)
  const monthlies = monthlyExpiries(today, 3, rule)
  return {
    ...currency,
    futures: `${exchange}-FUT`,
    options: `${exchange}-OPT`,
    strikeStepRupees: CURRENCY_STEP_RUPEES,
    lotSize: 1,
    futureTickRupees: CURRENCY_TICK_RUPEES,
    optionTickRupees: CURRENCY_TICK_RUPEES,
    futureExpiries: monthlies,
    optionExpiries: soonestFirst(weeklyExpiries(today, currency.weeklies, FRIDAY, rule), monthlies),
  }
}

function commodityUnderlying(commodity: Commodity, today: number): Underlying {
  const { exchange, months, tickRupees } = commodity
  return {
    ...commodity,
    futures: `${exchange}-FUT`,
    options: `${exchange}-OPT`,
    lotSize: 1,
    futureTickRupees: tickRupees,
    optionTickRupees: Math.min(tickRupees, 0.05),
    futureExpiries: monthlyExpiries(today, 3, onOrBefore(commodity.futureDay), months),
    optionExpiries: commodity.strikeStepRupees
      ? monthlyExpiries(today, 2, onOrBefore(commodity.optionDay), months)
      : [],
  }
}

/** A plausible option premium: what it is worth today plus a time value that fades away from the money. */
export function premiumRupees(
  spot: number,
  strike: number,
  years: number,
  kind: typeof CALL | typeof PUT,
) {
  const spread = 0.18 * Math.sqrt(Math.max(years, 1 / 365)) * spot
  const intrinsic = Math.max(0, kind === CALL ? spot - strike : strike - spot)
  return intrinsic + 0.4 * spread * Math.exp(-(((strike - spot) / spread) ** 2) / 2)
}

export interface Underlyings {
  readonly indices: readonly Underlying[]
  readonly stocks: readonly Underlying[]
  /** Currency pairs at NSE and at BSE. */
  readonly cds: readonly Underlying[]
  readonly bcd: readonly Underlying[]
  readonly commodities: readonly Underlying[]
}

/** Everything that has derivatives, with its expiries from a day on, the best known of each kind first. */
export function underlyingsOn(today: number): Underlyings {
  return {
    indices: INDEX_CONTRACTS.map((contract) => indexUnderlying(contract, today)),
    stocks: [...LEADING_STOCKS, ...OTHER_STOCKS].map((stock) => stockUnderlying(stock, today)),
    cds: CURRENCIES.map((currency) => currencyUnderlying(currency, 'CDS', today)),
    bcd: CURRENCIES.map((currency) => currencyUnderlying(currency, 'BCD', today)),
    commodities: COMMODITIES.map((commodity) => commodityUnderlying(commodity, today)),
  }
}
