// The highest rate that an arm sustains without loss: doubled until it does not, then narrowed down, and then held
// for longer.
import type { RatePoint } from './case.ts'
import { isWhole, type RunResult, runSteady } from './measure.ts'
import type { Arm, Plant } from './plant.ts'

/** The last tick may come this late: what waits any longer is a backlog that grows. */
const LAG_US_MAX = 50_000
const STEP = 1.5
/** What is held for longer may have to give way a little, so often. */
const GIVE_WAY = 0.95
const HOLDS_MAX = 6
const HOLD_TIMES = 2

export interface SustainedWish {
  readonly packets: number
  /** Where to begin, ticks per second. */
  readonly from: number
  /** Of a run at one rate. */
  readonly seconds: number
  readonly narrowings: number
  /** Where there is nothing more to learn. */
  readonly to: number
}

export interface Sustained {
  readonly ticksPerSecond: number
  readonly held: RunResult
  readonly points: readonly RatePoint[]
}

const isSustained = (result: RunResult) => isWhole(result) && result.lagUs < LAG_US_MAX

/** An arm that is opened anew when its client was closed. */
export class Reopened {
  readonly #open: () => Promise<Arm>
  #arm: Arm

  private constructor(open: () => Promise<Arm>, arm: Arm) {
    this.#open = open
    this.#arm = arm
  }

  static async first(open: () => Promise<Arm>): Promise<Reopened> {
    return new Reopened(open, await open())
  }

  async run(plant: Plant, rate: number, packets: number, seconds: number): Promise<RunResult> {
    const result = await runSteady(plant, this.#arm, rate, packets, seconds)
    if (result.closed !== '') this.#arm = await this.#open()
    return result
  }
}

type Attempt = (rate: number, seconds: number) => Promise<RunResult>

/** A rate that is sustained, below one that is not or need not be tried. */
async function bracket(attempt: Attempt, { from, to, seconds }: SustainedWish) {
  const isGood = async (rate: number) => isSustained(await attempt(rate, seconds))
  let rate = from
  if (await isGood(rate)) {
    while (rate * STEP <= to && (await isGood(rate * STEP))) rate *= STEP
  } else {
    do rate /= STEP
    while (rate > 1 && !(await isGood(rate)))
  }
  return { low: rate, high: rate * STEP }
}

/** Finds the rate. */
export async function findSustained(
  plant: Plant,
  arm: Reopened,
  wish: SustainedWish,
): Promise<Sustained> {
  const { packets, seconds } = wish
  const points: RatePoint[] = []
  const attempt: Attempt = async (rate, forSeconds) => {
    const result = await arm.run(plant, rate, packets, forSeconds)
    const { p50, p99 } = result.latency
    const { arm: name, ticksPerSecond } = result
    points.push({ arm: name, ticksPerSecond, p50, p99, isWhole: isSustained(result) })
    return result
  }
  // Code is compiled while it runs: the first run counts for nothing.
  await attempt(wish.from / STEP, seconds)
  points.pop()
  let { low, high } = await bracket(attempt, wish)
  for (let i = 0; i < wish.narrowings; i++) {
    const middle = Math.sqrt(low * high)
    if (isSustained(await attempt(middle, seconds))) low = middle
    else high = middle
  }
  for (let hold = 1; ; hold++) {
    const held = await attempt(low, seconds * HOLD_TIMES)
    if (isSustained(held)) return { ticksPerSecond: held.ticksPerSecond, held, points }
    if (hold === HOLDS_MAX) return { ticksPerSecond: 0, held, points }
    low *= GIVE_WAY
  }
}
