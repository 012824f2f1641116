// The printed form of what was measured.
import type { Target, Times } from './group.ts'
import type { MeasuredArm } from './runner.ts'

export interface Line {
  readonly text: string
  /** True or false where the arm has a target. */
  readonly isMet: boolean | null
}

const TIME_UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const
const COUNT_UNITS = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const
const NAME_WIDTH = 52
const COLUMN_WIDTHS = [14, 12, 9]

function scaled(value: number, units: readonly (readonly [number, string])[], unit: string) {
  const [size, name] = units.find(([from]) => value >= from) ?? [1, unit]
  const shown = value / size
  return `${shown.toFixed(shown < 10 ? 2 : shown < 100 ? 1 : 0)} ${name}`.trimEnd()
}

const timeText = (ns: number) => scaled(ns, TIME_UNITS, 'ns')
const rateText = (perSecond: number) => scaled(perSecond, COUNT_UNITS, '')

/** What a target asks for, and whether an arm's times and their ratio to the first arm's reach it. */
function judge(target: Target, { ns, p99Ns }: Times, times: number) {
  if ('nsMax' in target) {
    const { nsMax, p99NsMax } = target
    const text = `<= ${timeText(nsMax)}`
    if (p99NsMax === undefined) return { text, isMet: ns <= nsMax }
    const p99 = `p99 ${timeText(p99Ns)} <= ${timeText(p99NsMax)}`
    return { text: `${text}, ${p99}`, isMet: ns <= nsMax && p99Ns <= p99NsMax }
  }
  if ('timesMin' in target)
    return { text: `>= ${target.timesMin} ×`, isMet: times >= target.timesMin }
  const isMet = 1e9 / ns >= target.perSecondMin
  return { text: `>= ${rateText(target.perSecondMin)}/s`, isMet }
}

function columns(name: string, cells: readonly string[]): string {
  const right = cells.map((cell, at) => cell.padStart(COLUMN_WIDTHS[at] ?? 0))
  return name.padEnd(NAME_WIDTH) + right.join('')
}

/** The heading over the cases of a group. */
export function headingText(operation: string): string {
  return `${columns('', [`per ${operation}`, 'per second', 'ratio'])}   target`
}

/** One line per arm of a case; the ratio is to the time of the first. */
export function armLines(measured: readonly MeasuredArm[]): Line[] {
  const first = measured[0]!.ns
  return measured.map((each) => {
    const { arm, ns } = each
    const times = ns / first
    const cells = [timeText(ns), rateText(1e9 / ns), `${times.toFixed(times < 10 ? 2 : 1)} ×`]
    const text = columns(`    ${arm.name}`, cells)
    if (arm.target === undefined) return { text, isMet: null }
    const { text: wanted, isMet } = judge(arm.target, each, times)
    return { text: `${text}   ${wanted}: ${isMet ? 'met' : 'NOT met'}`, isMet }
  })
}
