// Arms under one steady load, by turns: outputs at 50,000 ticks/s, clients by number, CPU, stages.
import type { Case, CaseResult, Pace } from '../case.ts'
import { rowOf } from '../case.ts'
import { judgeFigure, type Verdict } from '../compare.ts'
import type { RunResult } from '../measure.ts'
import { type Arm, Plant } from '../plant.ts'
import { steady } from '../schedule.ts'
import { takeTurns } from './latency.ts'

type Measured = Omit<CaseResult, 'name' | 'about'>

export interface Load {
  readonly ticksPerSecond: number
  readonly packets: number
}

export const PROFILE = 'quote mode, 500 instruments, all names'
export const ROUNDS_MAX = 3

const rateText = (ticksPerSecond: number) => `${ticksPerSecond.toLocaleString('en-US')} ticks/s`

/** Rounds of the arms by turns; the results by arm. */
export async function measureArms(
  plant: Plant,
  arms: readonly Arm[],
  { ticksPerSecond, packets }: Load,
  pace: Pace,
): Promise<RunResult[][]> {
  const rounds = Math.min(ROUNDS_MAX, pace.rounds)
  const results = await takeTurns(plant, arms, rounds, (round) => ({
    segments: steady(ticksPerSecond, packets, round === 0 ? pace.warmUpSeconds : pace.seconds),
    packets,
  }))
  return [...results.values()]
}

export const loadText = ({ ticksPerSecond, packets }: Load) =>
  `${ticksPerSecond.toLocaleString('en-US')}/s in ${packets}s`

const outputs: Case = {
  name: 'outputs-50k',
  about: `each output at 50,000 ticks/s in frames of 10, one client; ${PROFILE}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const load = { ticksPerSecond: 50_000, packets: 10 }
      const arms: Arm[] = [await plant.relayArm('bare relay')]
      for (const kind of ['msgpack', 'json', 'zmq-topics', 'zmq-batches'] as const) {
        arms.push(await plant.engineArm(`tickplant ${kind}`, await plant.startEngine(), kind))
      }
      const rounds = await measureArms(plant, arms, load, pace)
      return { rows: rounds.map((each) => rowOf(loadText(load), each)), verdicts: [] }
    }),
}

/** The same ticks to more and more clients, each number on an engine and a relay of its own. */
const FAN_OUTS = [
  { clients: 1, ticksPerSecond: 10_000 },
  { clients: 10, ticksPerSecond: 10_000 },
  { clients: 100, ticksPerSecond: 10_000 },
  { clients: 1000, ticksPerSecond: 1000 },
] as const

const fanOuts: readonly Case[] = FAN_OUTS.map(({ clients, ticksPerSecond }) => ({
  name: `fanout-${clients}`,
  isExtra: clients === 1,
  about: `${clients} msgpack clients in one process, ${rateText(ticksPerSecond)} in frames of 10; ${PROFILE}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const load = { ticksPerSecond, packets: 10 }
      const arms = [
        await plant.relayArm('bare relay', clients),
        await plant.engineArm('tickplant', await plant.startEngine(), 'msgpack', clients),
      ]
      const rounds = await measureArms(plant, arms, load, pace)
      return { rows: rounds.map((each) => rowOf(`${clients} clients`, each)), verdicts: [] }
    }),
}))

const CPU_TARGET_US = 2

const cpu: Case = {
  name: 'cpu-50k',
  about: `CPU of the engine at 50,000 ticks/s in frames of 50, engine.wait = park, one msgpack client; ${PROFILE}`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const load = { ticksPerSecond: 50_000, packets: 50 }
      const engine = await plant.startEngine({ TICKPLANT_ENGINE_WAIT: 'park' })
      const arms = [
        await plant.engineArm('tickplant, park', engine, 'msgpack'),
        await plant.relayArm('bare relay'),
      ]
      const rows = (await measureArms(plant, arms, load, pace)).map((each) =>
        rowOf(loadText(load), each),
      )
      const what = 'engine CPU, all threads, at 50,000 ticks/s in frames of 50, park'
      const verdicts: Verdict[] = [
        judgeFigure(what, rows[0]!.cpuUsPerTick, 'µs/tick', 'at most', CPU_TARGET_US),
      ]
      return { rows, verdicts }
    }),
}

const stages: Case = {
  name: 'stages',
  about: `where the time goes at 10,000 ticks/s in frames of 10, one msgpack client; ${PROFILE}; with engine.stages on`,
  run: (pace) =>
    Plant.with(pace.pins, async (plant): Promise<Measured> => {
      const load = { ticksPerSecond: 10_000, packets: 10 }
      const engine = await plant.startEngine({ TICKPLANT_ENGINE_STAGES: 'true' })
      const arm = await plant.engineArm('tickplant', engine, 'msgpack')
      const [rounds] = await measureArms(plant, [arm], load, { ...pace, rounds: 1 })
      const row = rowOf(loadText(load), rounds!)
      const total = { name: 'intended time → client', latency: row.latency }
      return { rows: [row], verdicts: [], stages: [...rounds![0]!.stages!, total] }
    }),
}

export const loadCases: readonly Case[] = [stages, outputs, ...fanOuts, cpu]
