// An option chain around a price.

export interface LabelledStrike {
  readonly strike: number
  /** `ATM`, or how many strikes in or out of the money: `ITM2`, `OTM1`; empty where no price is known. */
  readonly call: string
  readonly put: string
}

/** Where the strike nearest to a price stands among sorted strikes; the lower one of two. -1 where there is none. */
export function nearestStrike(strikes: readonly number[], price: number): number {
  let nearest = -1
  strikes.forEach((strike, at) => {
    if (nearest < 0 || Math.abs(strike - price) < Math.abs(strikes[nearest]! - price)) nearest = at
  })
  return nearest
}

/** Labels sorted distinct strikes; a `count` keeps so many on each side of the one at the money. */
export function labelStrikes(
  strikes: readonly number[],
  price: number | null,
  count: number | null,
): { atm: number | null; labelled: LabelledStrike[] } {
  const middle = price === null ? -1 : nearestStrike(strikes, price)
  if (middle < 0) {
    return { atm: null, labelled: strikes.map((strike) => ({ strike, call: '', put: '' })) }
  }
  const reach = count ?? strikes.length
  const labelled = strikes.flatMap((strike, at) => {
    const steps = at - middle
    if (Math.abs(steps) > reach) return []
    if (steps === 0) return [{ strike, call: 'ATM', put: 'ATM' }]
    const [inside, outside] = [`ITM${Math.abs(steps)}`, `OTM${Math.abs(steps)}`]
    return [
      steps < 0 ? { strike, call: inside, put: outside } : { strike, call: outside, put: inside },
    ]
  })
  return { atm: strikes[middle]!, labelled }
}
