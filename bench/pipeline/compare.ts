// The arithmetic of comparisons: an arm between two equal ones in every round, the median of the rounds, and how far
// the equal ones are apart, which is what the machine does by itself.
import { median } from '../median.ts'

/** One figure of a round: of the arm in question, and of the two equal arms around it. */
export interface RoundFigures {
  readonly subject: number
  readonly equals: readonly [number, number]
}

export interface Ratio {
  readonly rounds: readonly number[]
  readonly median: number
  readonly spread: number
}

/** The subject to the mean of the equal arms; the spread is how much more the one of these is than the other. */
export function ratioOf(rounds: readonly RoundFigures[]): Ratio {
  const ratios = rounds.map(({ subject, equals: [a, b] }) => subject / ((a + b) / 2))
  const spreads = rounds.map(({ equals: [a, b] }) => Math.max(a, b) / Math.min(a, b) - 1)
  return { rounds: ratios, median: median(ratios), spread: median(spreads) }
}

/** What was to be reached, and whether it was. */
export interface Verdict {
  readonly what: string
  readonly figure: number
  /** `×` of ratios, else what the figure counts. */
  readonly unit: string
  readonly target: number
  readonly bound: 'at most' | 'at least'
  /** Of a ratio; 0 of other figures. */
  readonly spread: number
  readonly isMet: boolean
}

/** A ratio that should be small is allowed the spread of the machine. */
export function ratioAtMost(what: string, { median, spread }: Ratio, target: number): Verdict {
  const isMet = median <= target + spread
  return { what, figure: median, unit: '×', target, bound: 'at most', spread, isMet }
}

/** A figure that should be large enough. */
export function figureAtLeast(what: string, figure: number, unit: string, target: number): Verdict {
  return { what, figure, unit, target, bound: 'at least', spread: 0, isMet: figure >= target }
}

/** A figure that should be small enough. */
export function figureAtMost(what: string, figure: number, unit: string, target: number): Verdict {
  return { what, figure, unit, target, bound: 'at most', spread: 0, isMet: figure <= target }
}
