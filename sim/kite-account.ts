// The account that a simulated Kite has: money, shares in the depository, and what was carried over.
import { Account, type Holding } from './account.ts'
import { type Contract, Contracts } from './contracts.ts'
import type { Exchange } from './exchange.ts'
import type { InstrumentTable } from './instruments.ts'
import type { Product } from './order.ts'
import { SeededRandom } from './random.ts'
import type { Watch } from './watch.ts'

interface Named {
  readonly exchange: string
  readonly tradingsymbol: string
}

export interface AccountOptions {
  /** Rupees. */
  readonly cash?: { readonly equity?: number; readonly commodity?: number }
  readonly collateral?: number
  /** Instead of some leading shares; averages in rupees. */
  readonly holdings?: readonly (Named & {
    readonly quantity: number
    readonly t1Quantity?: number
    readonly averagePrice: number
  })[]
  /** Positions of the day before; none when absent. Negative quantities are short, prices rupees. */
  readonly overnight?: readonly (Named & {
    readonly product: Product
    readonly quantity: number
    readonly averagePrice: number
  })[]
  /** Orders that are kept; more are refused. */
  readonly ordersMax?: number
}

const CASH_EQUITY = 10_000_000
const CASH_COMMODITY = 5_000_000
const ORDERS_MAX = 100_000
const KNOWN_ISINS: Readonly<Record<string, string>> = { RELIANCE: 'INE002A01018' }
/** Shares that are held where nothing else is said: symbol, settled, and bought the day before. */
const HELD: readonly (readonly [string, number, number])[] = [
  ['RELIANCE', 100, 0],
  ['INFY', 40, 10],
  ['TCS', 20, 0],
  ['ITC', 500, 0],
  ['SBIN', 0, 25],
]

/** A made-up number in the form of an ISIN where the real one is not known. */
const isinOf = ({ tradingsymbol, token }: Contract) =>
  KNOWN_ISINS[tradingsymbol] ?? `INE${String(token).padStart(8, '0').slice(-6)}01018`.slice(0, 12)

function named(contracts: Contracts, { exchange, tradingsymbol }: Named): Contract {
  const contract = contracts.tradable(exchange, tradingsymbol)
  if (contract !== undefined) return contract
  throw new RangeError(`account: ${exchange}:${tradingsymbol} is not listed`)
}

/** About where the shares trade, so that some were bought well and others badly. */
function seededHoldings(contracts: Contracts, seed: number): Holding[] {
  const random = new SeededRandom(seed)
  const { table } = contracts
  return HELD.flatMap(([tradingsymbol, quantity, t1Quantity]) => {
    const percent = 85 + random.below(30)
    const contract = contracts.tradable('NSE', tradingsymbol)
    if (contract === undefined) return []
    const rupees = table.referenceUnits(contract.instrument) / contract.unitsPerRupee
    const averageRupees = Math.round(rupees * percent) / 100
    return [{ contract, isin: isinOf(contract), quantity, t1Quantity, averageRupees }]
  })
}

/** Opens the account. Throws a RangeError where an option names what is not listed. */
export function openAccount(
  options: AccountOptions,
  table: InstrumentTable,
  exchange: Exchange,
  watch: Watch,
  seed: number,
  clock: () => number,
): Account {
  const contracts = new Contracts(table)
  const { cash, collateral = 0, holdings, overnight = [], ordersMax = ORDERS_MAX } = options
  return new Account({
    contracts,
    exchange,
    watch,
    clock,
    ordersMax,
    funds: {
      equity: { cash: cash?.equity ?? CASH_EQUITY, collateral },
      commodity: { cash: cash?.commodity ?? CASH_COMMODITY, collateral: 0 },
    },
    holdings: () =>
      holdings?.map((holding) => {
        const contract = named(contracts, holding)
        const { quantity, t1Quantity = 0, averagePrice: averageRupees } = holding
        return { contract, isin: isinOf(contract), quantity, t1Quantity, averageRupees }
      }) ?? seededHoldings(contracts, seed),
    overnight: overnight.map(({ product, quantity, averagePrice, ...name }) => ({
      contract: named(contracts, name),
      product,
      quantity,
      priceRupees: averagePrice,
    })),
  })
}
