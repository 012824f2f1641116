// docs/benchmarks.md as it is written from results: what must be in it, whatever the figures are.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Row } from '../../bench/pipeline/case.ts'
import { judgeFigure, judgeRatio } from '../../bench/pipeline/compare.ts'
import { histogram, packHistogram, percentiles, record } from '../../bench/pipeline/latency.ts'
import { makeReport } from '../../bench/pipeline/report.ts'
import { type KeptResult, keepResult, keptResults } from '../../bench/pipeline/results.ts'

function row(arm: string, us: number, receivers = 1): Row {
  const of = histogram()
  for (let i = 1; i <= 1000; i++) record(of, us * (1 + 9 / i))
  return {
    arm,
    load: 'frames of 10',
    ticksPerSecond: 10_000,
    packets: 10,
    receivers,
    latency: percentiles(of),
    histogram: packHistogram(of),
    cpuUsPerTick: 11.25,
    mainCpuUsPerTick: 8.5,
    wakeUpsPerSecond: 2700,
    rssMb: 190,
    missing: 0,
    lapped: 3,
    latenessP50Us: 15,
    latenessP99Us: 140,
  }
}

const origin = {
  commit: 'abc1234',
  at: '2026-11-20 10:00',
  isQuick: false,
  machine: '2 × AMD EPYC, 24 GB, Linux 6.1',
  versions: { node: 'v20.20.2', ws: '8.23.0' },
}
const ratio = { rounds: [1.4], median: 1.4, spread: 0.05 }

const RESULTS: readonly KeptResult[] = [
  {
    name: 'latency-10k',
    about: '10,000 ticks/s in frames of 10',
    origin,
    rows: [row('bare relay', 50), row('tickplant', 70)],
    verdicts: [judgeRatio('p50 to that of the bare relay', ratio, 'at most', 1.3)],
  },
  {
    name: 'msgpack-throughput',
    about: 'one msgpack client',
    origin,
    rows: [row('tickplant msgpack', 500)],
    verdicts: [judgeFigure('to one client', 2_000_000, 'ticks/s', 'at least', 1_000_000)],
    points: [
      { arm: 'tickplant msgpack', ticksPerSecond: 1e6, p50: 90, p99: 900, isWhole: true },
      { arm: 'tickplant msgpack', ticksPerSecond: 3e6, p50: 9000, p99: 90_000, isWhole: false },
    ],
  },
  {
    name: 'fanout-10',
    about: '10 msgpack clients',
    origin: { ...origin, isQuick: true },
    rows: [row('bare relay', 100, 10), row('tickplant', 200, 10)],
    verdicts: [],
    notes: ['a note'],
  },
]

test('a report is made of the results that are kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-results-'))
  try {
    for (const result of RESULTS) keepResult(result, folder)
    assert.equal(readdirSync(folder).length, RESULTS.length)
    const kept = keptResults(folder)
    assert.deepEqual(kept.get('latency-10k'), RESULTS[0])

    const { markdown, charts } = makeReport(kept)
    const headings = markdown.split('\n').filter((line) => /^#{1,3} /.test(line))
    assert.deepEqual(headings, [
      '# Benchmarks',
      '## Targets',
      '## Latency to one client',
      '### latency-10k',
      '## Many clients',
      '### fanout-10',
      '## Throughput',
      '### msgpack-throughput',
      '## What this does not show',
    ])
    for (const text of [
      '| machine | 2 × AMD EPYC, 24 GB, Linux 6.1 |',
      '| commit | abc1234 |',
      'node v20.20.2, ws 8.23.0',
      '**quick**',
      '| p50 to that of the bare relay | 1.40 ± 0.05 × | at most 1.3 × | **not met** | `npm run bench',
      'bench:pipeline -- --only latency-10k` |',
      '| to one client | 2,000,000 ticks/s | at least 1,000,000 ticks/s | met | `npm run bench',
      'bench:pipeline -- --only msgpack-throughput` |',
      '![Latency to one client](benchmarks/percentiles.svg)',
      '![Many clients](benchmarks/fan-out.svg)',
      '![Throughput](benchmarks/throughput.svg)',
      '- a note',
    ]) {
      assert.ok(markdown.includes(text), text)
    }
    assert.deepEqual([...charts.keys()].sort(), [
      'fan-out.svg',
      'percentiles.svg',
      'throughput.svg',
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('charts are SVG that stands for itself, with every arm in the legend and no point outside', () => {
  const kept = new Map(RESULTS.map((result) => [result.name, result]))
  for (const [file, svg] of makeReport(kept).charts) {
    assert.match(
      svg,
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 (\d+) (\d+)"/,
      file,
    )
    assert.match(svg, /prefers-color-scheme: dark/)
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|<rect/, file)
    assert.ok(svg.includes('tickplant'), file)
    const numbers = [...svg.matchAll(/ d="M([\d. L-]+)"/g)].flatMap(([, path]) =>
      path!.split('L').map((pair) => pair.split(' ').map(Number)),
    )
    assert.ok(numbers.length > 0)
    for (const [x, y] of numbers)
      assert.ok(x! >= 0 && x! <= 860 && y! >= 0 && y! <= 420, `${x} ${y}`)
  }
})
