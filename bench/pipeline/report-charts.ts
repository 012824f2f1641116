// The charts of docs/benchmarks.md, each from the results of some cases.
import { histogramOf, type RatePoint, type Row } from './case.ts'
import { type Axis, decades, drawChart, type Series } from './chart.ts'
import type { KeptResult } from './results.ts'

const micros = (us: number) =>
  us >= 1e6 ? `${us / 1e6} s` : us >= 1000 ? `${us / 1000} ms` : `${us} µs`
const rates = (rate: number) =>
  rate >= 1e6 ? `${rate / 1e6} M` : rate >= 1000 ? `${rate / 1000} k` : `${rate}`

const PERCENTILES = [0, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99]
/** Percentiles lie as far apart as the shares above them are times each other. */
const beyond = (percentile: number) => 100 / (100 - percentile)
const PERCENTILE_AXIS: Axis = {
  label: 'percentile',
  ticks: [0, 50, 90, 99, 99.9, 99.99].map((at) => ({ at: beyond(at), text: `${at}` })),
}

/** Latency by percentile of the rows. */
export function percentileChart(title: string, rows: readonly Row[]): string {
  const series: Series[] = rows.map((row, color) => {
    const of = histogramOf(row)
    const points = PERCENTILES.map(
      (at) => [beyond(at), Math.max(1, of.getValueAtPercentile(at))] as const,
    )
    return { name: row.arm, points, color }
  })
  const values = series.flatMap(({ points }) => points.map(([, us]) => us))
  return drawChart({ title, x: PERCENTILE_AXIS, y: decades(values, 'latency', micros), series })
}

/** Latency over the rate, up to the highest that was sustained; half and 99 of a hundred below the lines. */
export function throughputChart(results: readonly KeptResult[]): string {
  const series = results.flatMap(({ points = [], rows }, color): Series[] => {
    const receivers = rows[0]?.receivers ?? 1
    // Of several runs at one rate the last is the one that was held.
    const whole = points.filter(({ isWhole }) => isWhole)
    const good = [
      ...new Map(whole.map((point) => [point.ticksPerSecond, point])).values(),
    ].toSorted((one, other) => one.ticksPerSecond - other.ticksPerSecond)
    const name = good[0]?.arm ?? ''
    const line = (of: (point: RatePoint) => number) =>
      good.map((point) => [point.ticksPerSecond * receivers, of(point)] as const)
    const shown = receivers > 1 ? `${name}, ${receivers} clients` : name
    return [
      { name: `${shown} p50`, points: line(({ p50 }) => p50), color },
      { name: `${shown} p99`, points: line(({ p99 }) => p99), color, isSecond: true },
    ]
  })
  const some = series.filter(({ points }) => points.length > 0)
  const all = some.flatMap(({ points }) => points)
  return drawChart({
    title: 'Throughput against latency, frames of 50',
    x: decades(
      all.map(([rate]) => rate),
      'deliveries per second',
      rates,
    ),
    y: decades(
      all.map(([, us]) => us),
      'latency',
      micros,
    ),
    series: some,
  })
}

/** Latency over the number of clients. */
export function fanOutChart(results: readonly KeptResult[]): string {
  const rows = results.flatMap((result) => result.rows)
  const arms = [...new Set(rows.map(({ arm }) => arm))]
  const series = arms.flatMap((arm, color): Series[] => {
    const own = rows.filter((row) => row.arm === arm)
    const line = (of: (row: Row) => number) => own.map((row) => [row.receivers, of(row)] as const)
    return [
      { name: `${arm} p50`, points: line(({ latency }) => latency.p50), color },
      { name: `${arm} p99`, points: line(({ latency }) => latency.p99), color, isSecond: true },
    ]
  })
  const all = series.flatMap(({ points }) => points)
  return drawChart({
    title: 'Fan-out: 10,000 ticks/s to 1, 10 and 100 clients, 1,000 to 1,000',
    x: decades(
      all.map(([clients]) => clients),
      'clients',
      String,
    ),
    y: decades(
      all.map(([, us]) => us),
      'latency',
      micros,
    ),
    series,
  })
}
