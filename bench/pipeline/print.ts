// The printed form of a case.
import type { CaseResult, Row } from './case.ts'
import { outcomeText, type Verdict } from './compare.ts'

const HEADING = [
  'arm',
  'p50 µs',
  'p90',
  'p99',
  'p99.9',
  'max',
  'CPU µs/tick',
  'core',
  'wake-ups/s',
  'RSS MB',
  'missing',
  'lapped',
  'sender late p50',
  'p99',
]
const NAME_WIDTH = 34

export const whole = (value: number) => Math.round(value).toLocaleString('en-US')
export const fixed = (value: number) =>
  value >= 100 ? whole(value) : value.toFixed(value >= 10 ? 1 : 2)

function cells(row: Row): string[] {
  const { latency } = row
  return [
    whole(latency.p50),
    whole(latency.p90),
    whole(latency.p99),
    whole(latency.p999),
    whole(latency.max),
    fixed(row.cpuUsPerTick),
    fixed(row.mainCpuUsPerTick),
    whole(row.wakeUpsPerSecond),
    whole(row.rssMb),
    whole(row.missing),
    whole(row.lapped),
    whole(row.latenessP50Us),
    whole(row.latenessP99Us),
  ]
}

function aligned(name: string, texts: readonly string[]): string {
  const widths = HEADING.slice(1).map((heading) => Math.max(heading.length, 6) + 2)
  return `  ${name.padEnd(NAME_WIDTH)}${texts.map((text, at) => text.padStart(widths[at]!)).join('')}`
}

/** `p50 …: 1.25 × (spread 0.08), at most 1.3 ×: met`; without a target only the figure. */
export function verdictText(verdict: Verdict): string {
  const { what, figure, unit, target, bound, spread } = verdict
  const apart = spread > 0 ? ` (spread ${spread.toFixed(2)})` : ''
  const value = unit === '×' ? figure.toFixed(2) : fixed(figure)
  const text = `${what}: ${value} ${unit}${apart}`
  if (target === null) return text
  const wanted = unit === '×' ? target : fixed(target)
  return `${text}; target ${bound} ${wanted} ${unit}: ${outcomeText(verdict)}`
}

/** All lines of a case. */
export function caseLines({ rows, verdicts, stages, points, notes }: CaseResult): string[] {
  const lines = rows.length > 0 ? [aligned('', HEADING.slice(1))] : []
  for (const row of rows) lines.push(aligned(`${row.arm}, ${row.load}`, cells(row)))
  for (const { name, latency } of stages ?? []) {
    const { p50, p90, p99, p999, max } = latency
    lines.push(aligned(`  ${name}`, [p50, p90, p99, p999, max].map(whole)))
  }
  for (const { arm, ticksPerSecond, p50, p99, isWhole } of points ?? []) {
    const rate = `${whole(ticksPerSecond).padStart(12)}/s`
    const latency = `p50 ${whole(p50)} µs  p99 ${whole(p99)} µs`
    const how = isWhole ? 'whole' : 'not whole'
    lines.push(`  ${arm.padEnd(NAME_WIDTH)}${rate}  ${latency}  ${how}`)
  }
  for (const verdict of verdicts) lines.push(`  ${verdictText(verdict)}`)
  for (const note of notes ?? []) lines.push(`  ${note}`)
  return lines
}
