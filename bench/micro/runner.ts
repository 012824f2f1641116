// Times the arms of a case by turns, so that what else the machine does meanwhile hits all of them alike.
import { Bench } from 'tinybench'
import { median } from '../median.ts'
import type { Arm, Case, Pace, Times, WorkArm } from './group.ts'

/** Medians of the rounds. */
export interface MeasuredArm extends Times {
  readonly arm: Arm
}

const CALLS_MIN = 3

/** Times one arm for one round; `ns` is the median over the calls. */
export function timeWork(
  { name, operations, work }: WorkArm,
  { workMs, warmUpMs }: Pick<Pace, 'workMs' | 'warmUpMs'>,
): Times {
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
  const { p50, p99 } = result.latency
  return { ns: (p50 * 1e6) / operations, p99Ns: (p99 * 1e6) / operations }
}

async function timeArm(arm: Arm, pace: Pace): Promise<Times> {
  const times = 'work' in arm ? timeWork(arm, pace) : await arm.measure(pace.share)
  return typeof times === 'number' ? { ns: times, p99Ns: Number.NaN } : times
}

/** Measures all arms of a case. One round more than counts goes first; who begins changes every round. */
export async function measureCase({ arms }: Case, pace: Pace): Promise<MeasuredArm[]> {
  const rounds = new Map<Arm, Times[]>(arms.map((arm) => [arm, []]))
  for (let round = 0; round <= pace.rounds; round++) {
    for (const arm of round % 2 === 0 ? arms : arms.toReversed()) {
      const times = await timeArm(arm, pace)
      if (round > 0) rounds.get(arm)!.push(times)
    }
  }
  return arms.map((arm) => {
    const times = rounds.get(arm)!
    const ns = median(times.map((each) => each.ns))
    return { arm, ns, p99Ns: median(times.map((each) => each.p99Ns)) }
  })
}
