// Latency of the engine with one msgpack client beside the bare relay, at one rate, by turns.
import type { Case, CaseResult, Pace } from '../case.ts'
import { rowOf } from '../case.ts'
import { judgeRatio, ratioOf, type Verdict } from '../compare.ts'
import { type RunResult, run } from '../measure.ts'
import { type Arm, Plant } from '../plant.ts'
import { openingBurst, type Segment, steady } from '../schedule.ts'

export interface RelayTargets {
  readonly p50: number
  readonly p99: number
}

interface Wish {
  readonly packets: number
  readonly segments: (pace: Pace) => readonly Segment[]
  readonly targets?: RelayTargets
  readonly isExtra?: boolean
}

type Figure = 'p50' | 'p99'

/** One round after another of the same arms, in turned order each time; the first round warms up. */
export async function takeTurns(
  plant: Plant,
  arms: readonly Arm[],
  rounds: number,
  wishOf: (round: number) => { segments: readonly Segment[]; packets: number },
): Promise<Map<Arm, RunResult[]>> {
  const results = new Map<Arm, RunResult[]>(arms.map((arm) => [arm, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const arm of round % 2 === 0 ? arms : arms.toReversed()) {
      const result = await run(plant, arm, wishOf(round))
      if (round > 0) results.get(arm)!.push(result)
    }
  }
  return results
}

/** The ratio of a percentile, of the subject to two equal arms. */
export function latencyRatio(
  subject: readonly RunResult[],
  equals: readonly [readonly RunResult[], readonly RunResult[]],
  figure: Figure,
) {
  return ratioOf(
    subject.map((result, round) => ({
      subject: result.latency[figure],
      equals: [equals[0][round]!.latency[figure], equals[1][round]!.latency[figure]],
    })),
  )
}

async function measure(wish: Wish, pace: Pace): Promise<Omit<CaseResult, 'name' | 'about'>> {
  return Plant.with(pace.pins, async (plant) => {
    const one = await plant.relayArm('bare relay')
    const engine = await plant.engineArm('tickplant', await plant.startEngine(), 'msgpack')
    const other = await plant.relayArm('bare relay, again')
    const { packets } = wish
    const warmUp = steady(10_000, packets, pace.warmUpSeconds)
    const results = await takeTurns(plant, [one, engine, other], pace.rounds, (round) => ({
      segments: round === 0 ? warmUp : wish.segments(pace),
      packets,
    }))
    const load = `frames of ${packets}`
    const equals = [results.get(one)!, results.get(other)!] as const
    const verdicts: Verdict[] = (['p50', 'p99'] as const).map((figure) => {
      const ratio = latencyRatio(results.get(engine)!, equals, figure)
      const what = `${figure} to that of the bare relay, ${load}`
      return judgeRatio(what, ratio, 'at most', wish.targets?.[figure])
    })
    return { rows: [...results.values()].map((rounds) => rowOf(load, rounds)), verdicts }
  })
}

const latencyCase = (name: string, about: string, wish: Wish): Case => ({
  name,
  isExtra: wish.isExtra ?? false,
  about: `${about}; quote mode, 500 instruments, all names; one msgpack client`,
  run: (pace) => measure(wish, pace),
})

const RATES = [
  ['1k', 1000],
  ['10k', 10_000],
  ['50k', 50_000],
  ['200k', 200_000],
] as const
const TARGETED = 10_000
const BUSY = 50_000
const TARGETS: RelayTargets = { p50: 1.3, p99: 1.5 }

/** Each rate in frames of 10 and of 1, and the opening burst. */
export const latencyCases: readonly Case[] = [
  ...RATES.flatMap(([name, rate]) =>
    [10, 1].map((packets) =>
      latencyCase(
        `latency-${name}${packets === 1 ? '-single' : ''}`,
        `${rate.toLocaleString('en-US')} ticks/s in frames of ${packets}`,
        {
          packets,
          segments: (pace) => steady(rate, packets, pace.seconds),
          ...(rate === TARGETED
            ? { targets: TARGETS }
            : { isExtra: packets === 1 || rate !== BUSY }),
        },
      ),
    ),
  ),
  latencyCase(
    'latency-burst',
    '09:15: a second at 1,000 ticks/s, 50,000 ticks at 200,000/s, a second at 50,000/s, then 10,000/s; frames of 10',
    { packets: 10, segments: ({ burstShare }) => openingBurst(10, burstShare) },
  ),
]
