// Made-up companies, for runs larger than the exchanges' real lists.
import type { SeededRandom } from './random.ts'
import type { Stock } from './stocks.ts'

const CONSONANTS = 'BDGHJKLMNPRSTV'
const VOWELS = 'AEIOU'
const TRADES = ['TEXTILES', 'FINANCE', 'CHEMICALS', 'INFRA', 'SOFTWARE', 'FOODS', 'STEEL', 'PHARMA']
/** Series suffixes that Kite keeps in the symbol. */
const SERIES = ['-BE', '-SM', '-BZ']

export interface Company {
  /** The share as NSE lists it; one in twelve carries a series suffix. */
  readonly nse: Stock
  readonly bse: Stock
}

/** Makes companies without end; none has a ticker of `taken`, nor two the same. One name in forty has a comma. */
export function* companies(
  random: SeededRandom,
  taken: Iterable<string>,
): Generator<Company, never> {
  const tickers = new Set(taken)
  for (;;) {
    const ticker = newTicker(random)
    if (tickers.has(ticker)) continue
    tickers.add(ticker)
    const draw = random.next()
    const series = draw % 12 === 0 ? SERIES[(draw >>> 8) % SERIES.length]! : ''
    const trade = TRADES[(draw >>> 4) % TRADES.length]
    const bse = {
      ticker,
      nseToken: 0,
      bseToken: 0,
      spotRupees: Math.round(2000 * Math.exp(((draw >>> 4) % 1000) / 180)) / 100,
      strikeStepRupees: 0,
      lotSize: 1,
      name: draw % 40 === 0 ? `${ticker}, SONS & CO` : `${ticker} ${trade}`,
    }
    yield { nse: { ...bse, ticker: ticker + series }, bse }
  }
}

function newTicker(random: SeededRandom): string {
  let ticker = ''
  for (let syllables = 3 + random.below(2); syllables > 0; syllables--) {
    ticker += CONSONANTS[random.below(CONSONANTS.length)]!
    ticker += VOWELS[random.below(VOWELS.length)]!
  }
  return ticker
}
