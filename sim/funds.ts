// Money of one segment: what was there, and what orders and positions take of it. Rupees.
import { addMargins, type Margin, NO_MARGIN, totalOf } from './margin.ts'

export interface OpeningFunds {
  readonly cash: number
  readonly collateral: number
}

export class Funds {
  readonly opening: OpeningFunds
  #used: Margin = NO_MARGIN
  #realised = 0

  constructor(opening: OpeningFunds) {
    this.opening = opening
  }

  /** Counts a margin and a profit, or with -1 takes them out again. */
  add(margin: Margin, realised: number, sign: 1 | -1): void {
    this.#used = addMargins(this.#used, margin, sign)
    this.#realised += sign * realised
  }

  get used(): Margin {
    return this.#used
  }

  get realised(): number {
    return this.#realised
  }

  /** All that is blocked or spent, less what was earned. */
  get debits(): number {
    return totalOf(this.#used) - this.#realised
  }

  /** What is left for orders. */
  get net(): number {
    return this.opening.cash + this.opening.collateral - this.debits
  }
}
