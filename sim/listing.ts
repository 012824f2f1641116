// Lists instruments in the order in which people know them: a small run still has an index, its futures and a
// few options near the money, and a large one widens every option chain strike by strike.
import { dayOf, type Expiry } from './calendar.ts'
import { companies } from './companies.ts'
import { premiumRupees, shareTickRupees, type Underlying, underlyingsOn } from './derivatives.ts'
import {
  CALL,
  EQUITY,
  FUTURE,
  INDEX,
  InstrumentTable,
  type Listing,
  MARKETS,
  type MarketName,
  PUT,
} from './instruments.ts'
import { SeededRandom } from './random.ts'
import { LEADING_STOCKS, OTHER_STOCKS, type Stock } from './stocks.ts'
import { type Index, MAIN_INDICES, OTHER_INDICES } from './underlyings.ts'

export const INSTRUMENTS_MAX = 300_000

const COMPANIES_PER_ROUND = 400
const COMPANY_ROUNDS = 25
const STOCKS = [...LEADING_STOCKS, ...OTHER_STOCKS]

/** Gives out exchange tokens by the low byte of the instrument token, above those that are known. */
class TokenMint {
  readonly #random: SeededRandom
  readonly #last = new Map([
    [1, 30_000],
    [2, 35_000],
    [3, 1_100],
    [4, 545_000],
    [5, 815_000],
    [6, 1_100],
    [7, 430_000],
    [9, 2_000],
    [12, 5_000],
  ])

  constructor(random: SeededRandom) {
    this.#random = random
  }

  next(market: MarketName): number {
    const { code } = MARKETS[market]
    const token = this.#last.get(code)! + 1 + this.#random.below(3)
    this.#last.set(code, token)
    return token
  }
}

/** The options of one expiry; each widening lists the next strike on both sides. */
interface Chain {
  readonly underlying: Underlying
  readonly expiry: Expiry
  nextRing: number
}

class Lister {
  readonly #today: number
  readonly #random: SeededRandom
  readonly #mint: TokenMint

  constructor(seed: number, today: number) {
    this.#today = today
    this.#random = new SeededRandom(seed)
    this.#mint = new TokenMint(this.#random)
  }

  /** Lists without end: whoever asks takes as many as wanted. */
  *all(): Generator<Listing> {
    const { indices, stocks, cds, bcd, commodities } = underlyingsOn(this.#today)
    const chains = [indices, cds, bcd, commodities, stocks]
      .flat()
      .flatMap((underlying) =>
        underlying.optionExpiries.map((expiry) => ({ underlying, expiry, nextRing: 0 })),
      )

    yield* this.#shares(STOCKS.slice(0, 1), 'NSE')
    yield* this.#indices(MAIN_INDICES)
    yield* this.#shares(STOCKS.slice(1, 40), 'NSE')
    yield* this.#futures([...indices, ...cds, ...commodities])
    yield* this.#nearest(chains, ['NIFTY', 'BANKNIFTY', 'SENSEX', 'USDINR', 'CRUDEOIL'], 4)
    yield* this.#shares(STOCKS.slice(0, 20), 'BSE')
    yield* this.#futures([...stocks.slice(0, 20), ...bcd])
    yield* this.#indices(OTHER_INDICES)

    yield* this.#shares(STOCKS.slice(40), 'NSE')
    yield* this.#futures(stocks.slice(20))
    yield* this.#shares(STOCKS.slice(20), 'BSE')
    const unknown = companies(
      this.#random,
      STOCKS.map(({ ticker }) => ticker),
    )
    for (let round = 0; ; round++) {
      for (const chain of chains) yield* this.#widen(chain)
      if (round >= COMPANY_ROUNDS) continue
      for (let made = 0; made < COMPANIES_PER_ROUND; made++) {
        const { nse, bse } = unknown.next().value
        yield* this.#shares([nse], 'NSE')
        yield* this.#shares([bse], 'BSE')
      }
    }
  }

  *#indices(indices: readonly Index[]): Generator<Listing> {
    for (const { tradingsymbol, exchange, token, spotRupees } of indices) {
      const market: MarketName = `INDICES-${exchange}`
      yield {
        market,
        kind: INDEX,
        exchangeToken: token || this.#mint.next(market),
        tradingsymbol,
        name: tradingsymbol,
        priceRupees: spotRupees,
        tickRupees: 0,
        lotSize: 0,
      }
    }
  }

  *#shares(stocks: readonly Stock[], market: 'NSE' | 'BSE'): Generator<Listing> {
    for (const { ticker, nseToken, bseToken, spotRupees, name } of stocks) {
      const known = market === 'NSE' ? nseToken : bseToken
      yield {
        market,
        kind: EQUITY,
        exchangeToken: known || this.#mint.next(market),
        tradingsymbol: ticker,
        name,
        priceRupees: spotRupees,
        tickRupees: shareTickRupees(spotRupees),
        lotSize: 1,
      }
    }
  }

  *#futures(underlyings: readonly Underlying[]): Generator<Listing> {
    for (const {
      root,
      futures,
      spotRupees,
      lotSize,
      futureTickRupees,
      futureExpiries,
    } of underlyings) {
      for (const { day, text } of futureExpiries) {
        yield {
          market: futures,
          kind: FUTURE,
          exchangeToken: this.#mint.next(futures),
          tradingsymbol: `${root}${text}FUT`,
          name: root,
          priceRupees: spotRupees * (1 + (0.065 * (day - this.#today)) / 365),
          tickRupees: futureTickRupees,
          lotSize,
          expiryDay: day,
        }
      }
    }
  }

  /** Widens the soonest chain of each root by a number of rings. */
  *#nearest(chains: readonly Chain[], roots: readonly string[], rings: number): Generator<Listing> {
    for (const root of roots) {
      const chain = chains.find(({ underlying }) => underlying.root === root)!
      for (let ring = 0; ring < rings; ring++) yield* this.#widen(chain)
    }
  }

  *#widen(chain: Chain): Generator<Listing> {
    const { root, spotRupees, strikeStepRupees, ...underlying } = chain.underlying
    const ring = chain.nextRing++
    const middle = Math.round(spotRupees / strikeStepRupees)
    const years = (chain.expiry.day - this.#today) / 365
    for (const step of ring === 0 ? [middle] : [middle - ring, middle + ring]) {
      if (step <= 0) continue
      const strike = step * strikeStepRupees
      for (const kind of [CALL, PUT] as const) {
        yield {
          market: underlying.options,
          kind,
          exchangeToken: this.#mint.next(underlying.options),
          tradingsymbol: `${root}${chain.expiry.text}${strike}${kind === CALL ? 'CE' : 'PE'}`,
          name: root,
          priceRupees: premiumRupees(spotRupees, strike, years, kind),
          tickRupees: underlying.optionTickRupees,
          lotSize: underlying.lotSize,
          expiryDay: chain.expiry.day,
          strikeRupees: strike,
        }
      }
    }
  }
}

/**
 * Lists `count` instruments (1 to 300,000) as of a day `YYYY-MM-DD`, and `also` after them; the same seed, day and
 * count give the same rows. Throws a RangeError that names the argument.
 */
export function listInstruments(
  seed: number,
  today: string,
  count: number,
  also: readonly Listing[] = [],
): InstrumentTable {
  if (!Number.isInteger(count) || count < 1 || count > INSTRUMENTS_MAX) {
    throw new RangeError(
      `instruments: ${count} must be a whole number from 1 to ${INSTRUMENTS_MAX}`,
    )
  }
  const table = new InstrumentTable(count + also.length)
  for (const listing of new Lister(seed, dayOf(today)).all()) {
    table.add(listing)
    if (table.length === count) break
  }
  for (const listing of also) table.add(listing)
  return table
}
