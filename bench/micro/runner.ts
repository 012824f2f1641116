// Times the arms of a case by turns, so that what else the machine does meanwhile hits all of them alike.
import { Bench } from 'tinybench'
import { median } from '../median.ts'
import type { Arm, Case, Pace, WorkArm } from './group.ts'

export interface MeasuredArm {
  readonly arm: Arm
  /** Median of the rounds. */
  readonly ns: number
}

const CALLS_MIN = 3

/** Nanoseconds per operation: the median over the calls. */
function timeWork({ name, operations, work }: WorkArm, { workMs, warmUpMs }: Pace): number {
  const bench = new Bench({
    time: workMs,
    iterations: CALLS_MIN,
    warmupTime: warmUpMs,
    warmupIterations: 1,
    throws: true,
  })
  const checked = () => {
    if (!work()) throw new Error(`${name}: a result is not what it must be`)
  }
  bench.add(name, checked, { async: false })
  const result = bench.runSync()[0]!.result
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
  return (result.latency.p50 * 1e6) / operations
}

const timeArm = (arm: Arm, pace: Pace): Promise<number> | number =>
  'work' in arm ? timeWork(arm, pace) : arm.measure(pace.share)

/** Measures all arms of a case. One round more than counts goes first; who begins changes every round. */
export async function measureCase({ arms }: Case, pace: Pace): Promise<MeasuredArm[]> {
  const rounds = new Map<Arm, number[]>(arms.map((arm) => [arm, []]))
  for (let round = 0; round <= pace.rounds; round++) {
    for (const arm of round % 2 === 0 ? arms : arms.toReversed()) {
      const ns = await timeArm(arm, pace)
      if (round > 0) rounds.get(arm)!.push(ns)
    }
  }
  return arms.map((arm) => ({ arm, ns: median(rounds.get(arm)!) }))
}
