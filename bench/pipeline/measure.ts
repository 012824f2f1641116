// One run: the generator sends by a schedule, an arm passes on, its clients receive; and what came of it.
import type { ClientReport } from './client.ts'
import { monotonicUs } from './clock.ts'
import type { RunSent } from './generator.ts'
import { type Percentiles, percentiles, unpackHistogram } from './latency.ts'
import type { Arm, EngineStatus, Plant } from './plant.ts'
import { ask } from './processes.ts'
import { Schedule, type Segment, steady } from './schedule.ts'
import { type Usage, usageOfAll, usedBetween } from './usage.ts'

/** From the order to the first frame. */
const HEAD_START_US = 50_000

export interface RunResult {
  readonly arm: string
  readonly ticksPerSecond: number
  readonly packets: number
  readonly seconds: number
  /** Ticks that all receivers together should have got, and got. */
  readonly expected: number
  readonly received: number
  /** What seqs show as missing, what came wrong, what the engine's ring lost, and clients that it closed. */
  readonly lost: number
  readonly wrong: number
  readonly lapped: number
  readonly closedSlow: number
  /** From the intended time to the client's socket. */
  readonly latency: Percentiles
  readonly latencyHistogram: string
  /** How late the generator itself was. */
  readonly lateness: Percentiles
  /** From the last frame's time to the last arrival. */
  readonly lagUs: number
  readonly usage: Usage
}

export interface RunWish {
  readonly segments: readonly Segment[]
  readonly packets: number
}

const lostInRing = (status: EngineStatus | undefined) =>
  status?.feeds.reduce((sum, { ring }) => sum + ring.lost, 0) ?? 0

/** Runs an arm once. */
export async function run(plant: Plant, arm: Arm, wish: RunWish): Promise<RunResult> {
  const { segments, packets } = wish
  const { generator } = plant
  const { next: base } = await ask<{ next: number }>(generator, { do: 'look', path: arm.path })
  const statusBefore = await arm.engine?.admin<EngineStatus>('status')
  const startUs = monotonicUs() + HEAD_START_US
  const schedule = new Schedule(startUs, segments)
  const expected = schedule.frames * packets * arm.receivers
  const plan = { base, startUs, segments, packets, expected, engineClockUs: null }
  await ask(arm.client, { do: 'begin', ...plan })
  const before = usageOfAll(arm.pids)
  const request = { do: 'run', path: arm.path, startUs, segments, packets }
  const sent = await ask<RunSent>(generator, request)
  const report = await ask<ClientReport>(arm.client, { do: 'finish' })
  const usage = usedBetween(before, usageOfAll(arm.pids))
  const status = await arm.engine?.admin<EngineStatus>('status')
  if (report.closed !== '' && status === undefined) throw new Error(report.closed)
  return {
    arm: arm.name,
    ticksPerSecond: Math.round((schedule.frames * packets) / schedule.seconds),
    packets,
    seconds: schedule.seconds,
    expected,
    received: report.ticks,
    lost: report.lost,
    wrong: report.wrong,
    lapped: lostInRing(status) - lostInRing(statusBefore),
    closedSlow: status?.clients.closedSlow ?? 0,
    latency: percentiles(unpackHistogram(report.latencyUs)),
    latencyHistogram: report.latencyUs,
    lateness: percentiles(unpackHistogram(sent.latenessUs)),
    lagUs: report.lastArrivalUs - schedule.dueUs(schedule.frames - 1),
    usage,
  }
}

/** Whether all came, once, and in order. */
export const isWhole = (result: RunResult) =>
  result.received === result.expected &&
  result.lost === 0 &&
  result.wrong === 0 &&
  result.lapped === 0 &&
  result.closedSlow === 0

/** A run at one rate. */
export const runSteady = (
  plant: Plant,
  arm: Arm,
  rate: number,
  packets: number,
  seconds: number,
): Promise<RunResult> => run(plant, arm, { segments: steady(rate, packets, seconds), packets })
