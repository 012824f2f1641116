// When packets are due, and whose turn it is.

/** Turns elapsed time into whole packets. Time that was missed is made up for, up to a bound. */
export class Pace {
  readonly #ratePerSecond: number
  readonly #owedMax: number
  #owed = 0
  #behind = 0

  /** `debtMsMax`: packets of no more than this time come at once. */
  constructor(ratePerSecond: number, debtMsMax: number) {
    this.#ratePerSecond = ratePerSecond
    this.#owedMax = Math.max(1, (ratePerSecond * debtMsMax) / 1000)
  }

  /** Packets given up for good, because too much time passed between two calls of `due`. */
  get behind(): number {
    return this.#behind
  }

  /** Packets due after so many milliseconds more; fractions are kept for the next call. */
  due(elapsedMs: number): number {
    this.#owed += (elapsedMs * this.#ratePerSecond) / 1000
    if (this.#owed > this.#owedMax) {
      const givenUp = Math.ceil(this.#owed - this.#owedMax)
      this.#behind += givenUp
      this.#owed -= givenUp
    }
    const count = Math.floor(this.#owed)
    this.#owed -= count
    return count
  }
}

export interface Share {
  /** How much of the whole it is to get; whole numbers. */
  readonly weight: number
  /** Kept between deals; starts at 0. */
  credit: number
  /** What the last deal gave it. */
  dealt: number
}

/** Deals out exactly `count` by weight, evenly mixed over time: smooth weighted round robin. */
export function deal(count: number, shares: readonly Share[]): void {
  let whole = 0
  for (const share of shares) {
    share.dealt = 0
    whole += share.weight
  }
  for (let left = whole > 0 ? count : 0; left > 0; left--) {
    let best = shares[0]!
    for (const share of shares) {
      share.credit += share.weight
      if (share.credit > best.credit) best = share
    }
    best.credit -= whole
    best.dealt += 1
  }
}
