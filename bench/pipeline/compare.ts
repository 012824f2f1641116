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

/** What was measured, what was to be reached, and whether it was; both null where it is only told. */
export interface Verdict {
  readonly what: string
  readonly figure: number
  /** `×` of ratios, else what the figure counts. */
  readonly unit: string
  readonly target: number | null
  readonly bound: 'at most' | 'at least'
  /** Of a ratio; 0 of other figures. */
  readonly spread: number
  readonly isMet: boolean | null
}

const isWithin = (figure: number, bound: Verdict['bound'], target: number, spread: number) =>
  bound === 'at most' ? figure <= target + spread : figure >= target - spread

/** In words: what is met only because of the spread says so, for a wide one proves nothing. */
export function outcomeText({ figure, bound, target, isMet }: Verdict): string {
  if (!isMet) return 'NOT met'
  return isWithin(figure, bound, target!, 0) ? 'met' : 'met within the spread'
}

/** A ratio is allowed the spread of the machine, in whichever direction its target lies. */
export function judgeRatio(
  what: string,
  { median: figure, spread }: Ratio,
  bound: Verdict['bound'] = 'at most',
  target: number | null = null,
): Verdict {
  const isMet = target === null ? null : isWithin(figure, bound, target, spread)
  return { what, figure, unit: '×', target, bound, spread, isMet }
}

/** A figure that should be large, or small, enough. */
export function judgeFigure(
  what: string,
  figure: number,
  unit: string,
  bound: Verdict['bound'] = 'at least',
  target: number | null = null,
): Verdict {
  const isMet = target === null ? null : isWithin(figure, bound, target, 0)
  return { what, figure, unit, target, bound, spread: 0, isMet }
}
