// docs/benchmarks.md and its charts, written from the results that are kept.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../config/root.ts'
import type { Row, Stage } from './case.ts'
import { outcomeText, type Verdict } from './compare.ts'
import { fixed, verdictText, whole } from './print.ts'
import { fanOutChart, percentileChart, throughputChart } from './report-charts.ts'
import { INTRODUCTION, LIMITS, SECTIONS, THROUGHPUT_CASES } from './report-text.ts'
import { commandOf, type KeptResult } from './results.ts'

export interface Report {
  readonly markdown: string
  /** SVG by the name of its file. */
  readonly charts: ReadonlyMap<string, string>
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heading.map((_, at) => (at === 0 ? '---' : '--:'))
  return [line(heading), line(rule), ...rows.map(line)].join('\n')
}

const ROW_HEADING = [
  'arm',
  'p50 µs',
  'p90',
  'p99',
  'p99.9',
  'max',
  'CPU µs/tick',
  'of it core',
  'wake-ups/s',
  'RSS MB',
  'missing',
  'lapped',
  'sender late, p50 / p99 µs',
]

function rowCells(row: Row): string[] {
  const { p50, p90, p99, p999, max } = row.latency
  return [
    `${row.arm}, ${row.load}`,
    ...[p50, p90, p99, p999, max].map(whole),
    fixed(row.cpuUsPerTick),
    fixed(row.mainCpuUsPerTick),
    whole(row.wakeUpsPerSecond),
    whole(row.rssMb),
    whole(row.missing),
    whole(row.lapped),
    `${whole(row.latenessP50Us)} / ${whole(row.latenessP99Us)}`,
  ]
}

function stageTable(stages: readonly Stage[]): string {
  const rows = stages.map(({ name, latency: { p50, p90, p99, p999, max } }) => [
    name,
    ...[p50, p90, p99, p999, max].map(whole),
  ])
  return table(['stage', 'p50 µs', 'p90', 'p99', 'p99.9', 'max'], rows)
}

/** Everything of one case. */
function caseText(result: KeptResult): string {
  const parts = [`### ${result.name}`, `${result.about}. \`${commandOf(result.name)}\``]
  if (result.rows.length > 0) parts.push(table(ROW_HEADING, result.rows.map(rowCells)))
  if (result.stages !== undefined) parts.push(stageTable(result.stages))
  const lines = [...result.verdicts.map(verdictText), ...(result.notes ?? [])]
  if (lines.length > 0) parts.push(lines.map((each) => `- ${each}`).join('\n'))
  return parts.join('\n\n')
}

const metText = (verdict: Verdict) => (verdict.isMet ? outcomeText(verdict) : '**not met**')

/** Every figure that has a target. */
function targetTable(results: readonly KeptResult[]): string {
  const rows = results.flatMap((result) => {
    const judged = result.verdicts.filter((verdict) => verdict.target !== null)
    return judged.map((verdict) => [...targetCells(verdict), `\`${commandOf(result.name)}\``])
  })
  return table(['what', 'here', 'target', '', 'command'], rows)
}

function targetCells(verdict: Verdict): string[] {
  const { what, figure, unit, target, bound, spread } = verdict
  const isRatio = unit === '×'
  const apart = isRatio ? ` ± ${spread.toFixed(2)}` : ''
  const shown = isRatio ? figure.toFixed(2) : fixed(figure)
  const wanted = isRatio ? String(target) : fixed(target!)
  return [what, `${shown}${apart} ${unit}`, `${bound} ${wanted} ${unit}`, metText(verdict)]
}

function originText(results: readonly KeptResult[]): string {
  const newest = results.map(({ origin }) => origin).sort((a, b) => b.at.localeCompare(a.at))[0]!
  const commits = [...new Set(results.map(({ origin }) => origin.commit))]
  const versions = Object.entries(newest.versions).map(([name, version]) => `${name} ${version}`)
  const lines = [
    ['machine', newest.machine],
    ['versions', versions.join(', ')],
    ['commit', commits.join(', ')],
    ['measured until', `${newest.at} UTC`],
  ]
  if (results.some(({ origin }) => origin.isQuick)) {
    lines.push([
      '**quick**',
      'some of it with `--quick`: short runs, of no use for more than a look',
    ])
  }
  return table(['', ''], lines).replace('--:', '---')
}

/** The charts for which there are results, by the name of their file. */
function drawAll(kept: ReadonlyMap<string, KeptResult>): Map<string, string> {
  const of = (...names: string[]) => names.flatMap((name) => kept.get(name) ?? [])
  const charts = new Map<string, string>()
  for (const [file, name, title] of [
    ['percentiles.svg', 'latency-10k', '10,000 ticks/s in frames of 10 beside the bare relay'],
    ['floors.svg', 'floors-10k', '10,000 ticks/s in frames of 10: floors'],
    ['peers.svg', 'peers-10k', '10,000 ticks/s in frames of 10: the usual way, NATS'],
    ['burst.svg', 'latency-burst', 'The opening at 09:15'],
  ] as const) {
    const [result] = of(name)
    if (result !== undefined) charts.set(file, percentileChart(title, result.rows))
  }
  const throughput = of(...THROUGHPUT_CASES)
  if (throughput.length > 0) charts.set('throughput.svg', throughputChart(throughput))
  const fanOuts = of('fanout-1', 'fanout-10', 'fanout-100', 'fanout-1000')
  if (fanOuts.length > 0) charts.set('fan-out.svg', fanOutChart(fanOuts))
  return charts
}

/** Writes the report from the results, which must not be none. */
export function makeReport(kept: ReadonlyMap<string, KeptResult>): Report {
  const charts = drawAll(kept)
  const inOrder = SECTIONS.flatMap(({ cases }) => cases.flatMap((name) => kept.get(name) ?? []))
  const sections = SECTIONS.flatMap(({ title, text, cases, chart }) => {
    const own = cases.flatMap((name) => kept.get(name) ?? [])
    if (own.length === 0) return []
    const pictures = charts.has(chart ?? '') ? [`![${title}](benchmarks/${chart})`] : []
    return [[`## ${title}`, text, ...pictures, ...own.map(caseText)].join('\n\n')]
  })
  const markdown = [
    '# Benchmarks',
    '<!-- written by `npm run bench -- --report` -->',
    INTRODUCTION,
    originText(inOrder),
    '## Targets',
    targetTable(inOrder),
    ...sections,
    LIMITS,
  ].join('\n\n')
  return { markdown: `${markdown}\n`, charts }
}

/** Puts the report where it belongs. */
export function writeReport({ markdown, charts }: Report, docs = join(packageRoot, 'docs')): void {
  mkdirSync(join(docs, 'benchmarks'), { recursive: true })
  writeFileSync(join(docs, 'benchmarks.md'), markdown)
  for (const [file, svg] of charts) writeFileSync(join(docs, 'benchmarks', file), svg)
}
