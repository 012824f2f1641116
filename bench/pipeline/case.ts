// What a case of the pipeline bench is, and what it comes to.
import { median } from '../median.ts'
import type { Verdict } from './compare.ts'
import { joined, type Percentiles, packHistogram, percentiles, unpackHistogram } from './latency.ts'
import type { RunResult } from './measure.ts'
import type { Pins } from './processes.ts'

/** How long to measure. */
export interface Pace {
  readonly rounds: number
  /** Of one run for latency, and for one rate of a throughput. */
  readonly seconds: number
  readonly rateSeconds: number
  /** How often a rate is looked for where arms are compared, and how often it is narrowed down. */
  readonly searches: number
  readonly narrowings: number
  /** Of the run before those that count. */
  readonly warmUpSeconds: number
  /** Of the length of the opening. */
  readonly burstShare: number
  /** Ticks of the case that looks at the heap. */
  readonly heapTicks: number
  readonly pins: Pins
}

/** One arm under one load: what the rounds gave together. */
export interface Row {
  readonly arm: string
  readonly load: string
  readonly ticksPerSecond: number
  readonly packets: number
  readonly receivers: number
  readonly latency: Percentiles
  /** HdrHistogram V2, compressed, base64. */
  readonly histogram: string
  readonly cpuUsPerTick: number
  readonly mainCpuUsPerTick: number
  readonly wakeUpsPerSecond: number
  readonly rssMb: number
  readonly missing: number
  readonly lapped: number
  readonly latenessP50Us: number
  readonly latenessP99Us: number
}

/** A line of a stage table: from the intended time to the end of the stage, µs. */
export interface Stage {
  readonly name: string
  readonly latency: Percentiles
}

/** A point of the curve of throughput against latency. */
export interface RatePoint {
  readonly arm: string
  readonly ticksPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly isWhole: boolean
}

export interface CaseResult {
  readonly name: string
  readonly about: string
  readonly rows: readonly Row[]
  readonly verdicts: readonly Verdict[]
  readonly stages?: readonly Stage[]
  readonly points?: readonly RatePoint[]
  readonly notes?: readonly string[]
}

export interface Case {
  readonly name: string
  /** The profile: what flows, through what, to whom. */
  readonly about: string
  /** Left out of a quick run of all, where others show much the same. */
  readonly isExtra?: boolean
  run(pace: Pace): Promise<Omit<CaseResult, 'name' | 'about'>>
}

/** Sums up the rounds of one arm under one load: all latencies together, medians of the rest. */
export function rowOf(load: string, rounds: readonly RunResult[]): Row {
  const first = rounds[0]!
  const all = joined(rounds.map(({ latencyHistogram }) => latencyHistogram))
  const receivers = Math.round(first.expected / (first.ticksPerSecond * first.seconds))
  const middle = (of: (round: RunResult) => number) => median(rounds.map(of))
  const ticks = (round: RunResult) => round.expected / Math.max(1, receivers)
  return {
    arm: first.arm,
    load,
    ticksPerSecond: first.ticksPerSecond,
    packets: first.packets,
    receivers,
    latency: percentiles(all),
    histogram: packHistogram(all),
    cpuUsPerTick: middle((round) => (round.usage.cpuMs * 1000) / ticks(round)),
    mainCpuUsPerTick: middle((round) => (round.usage.mainCpuMs * 1000) / ticks(round)),
    wakeUpsPerSecond: middle((round) => round.usage.wakeUps / round.seconds),
    rssMb: Math.max(...rounds.map(({ usage }) => usage.rssMb)),
    missing: rounds.reduce((sum, { expected, received }) => sum + expected - received, 0),
    lapped: rounds.reduce((sum, { lapped }) => sum + lapped, 0),
    latenessP50Us: middle(({ lateness }) => lateness.p50),
    latenessP99Us: middle(({ lateness }) => lateness.p99),
  }
}

/** A row's histogram, to be drawn. */
export const histogramOf = (row: Row) => unpackHistogram(row.histogram)
