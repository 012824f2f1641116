// One run: the generator sends by a schedule, an arm passes on, its clients receive; and what came of it.
import type { Stage } from './case.ts'
import type { ClientReport } from './client.ts'
import { monotonicUs } from './clock.ts'
import type { EngineStages, EngineStatus } from './engine.ts'
import type { RunSent } from './generator.ts'
import { histogram, type Percentiles, percentiles, record, unpackHistogram } from './latency.ts'
import type { Arm, Plant } from './plant.ts'
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
  /** Why a client was closed, if one was: the arm is of no use any more. */
  readonly closed: string
  /** From the intended time to the client's socket. */
  readonly latency: Percentiles
  readonly latencyHistogram: string
  /** How late the generator itself was. */
  readonly lateness: Percentiles
  /** From the last frame's time to the last arrival. */
  readonly lagUs: number
  readonly usage: Usage
  /** From the intended time to the engine's socket, and on from there, where the engine keeps it. */
  readonly stages: readonly Stage[] | null
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
  const timed = arm.engine?.isTimed ? arm.engine : null
  const clock = await timed?.admin<EngineStages>('stages', 'POST')
  const statusBefore = await arm.engine?.admin<EngineStatus>('status')
  const startUs = monotonicUs() + HEAD_START_US
  const schedule = new Schedule(startUs, segments)
  const expected = schedule.frames * packets * arm.receivers
  const plan = { base, startUs, segments, packets, expected, engineClockUs: clock?.clockUs ?? null }
  await ask(arm.client, { do: 'begin', ...plan })
  const before = usageOfAll(arm.pids)
  const request = { do: 'run', path: arm.path, startUs, segments, packets }
  const sent = await ask<RunSent>(generator, request)
  const report = await ask<ClientReport>(arm.client, { do: 'finish' })
  const usage = usedBetween(before, usageOfAll(arm.pids))
  const status = await arm.engine?.admin<EngineStatus>('status')
  const stages = await timed?.admin<EngineStages>('stages', 'POST')
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
    closedSlow: (status?.clients.closedSlow ?? 0) - (statusBefore?.clients.closedSlow ?? 0),
    closed: report.closed,
    latency: percentiles(unpackHistogram(report.latencyUs)),
    latencyHistogram: report.latencyUs,
    lateness: percentiles(unpackHistogram(sent.latenessUs)),
    lagUs: report.lastArrivalUs - schedule.dueUs(schedule.frames - 1),
    usage,
    stages: stages === undefined ? null : stagesOf(stages, report.socketUs),
  }
}

/** The time to the engine's socket, and what comes after it. */
function stagesOf({ stages }: EngineStages, socketUs: string): Stage[] {
  const socket = {
    name: 'intended time → socket',
    latency: percentiles(unpackHistogram(socketUs)),
  }
  const later = Object.entries(stages).map(([name, pairs]) => {
    const all = histogram()
    for (const [us, count] of pairs) record(all, us, count)
    return { name: `socket → ${name}`, latency: percentiles(all) }
  })
  return [socket, ...later]
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
