// The highest rate that an arm sustains without loss: doubled until it does not, then narrowed down, and then held
// for longer.
import type { RatePoint } from './case.ts'
import { isWhole, type RunResult, runSteady } from './measure.ts'
import type { Arm, Plant } from './plant.ts'

/** The last tick may come this late: what waits any longer is a backlog that grows. */
const LAG_US_MAX = 100_000
const STEP = 1.5
const NARROWINGS = 4
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
  /** Where there is nothing more to learn. */
  readonly to: number
}

export interface Sustained {
  readonly ticksPerSecond: number
  readonly held: RunResult
  readonly points: readonly RatePoint[]
}

const isSustained = (result: RunResult) => isWhole(result) && result.lagUs < LAG_US_MAX

/** Finds the rate. An arm whose client was closed is opened anew. */
export async function findSustained(
  plant: Plant,
  open: () => Promise<Arm>,
  wish: SustainedWish,
): Promise<Sustained> {
  const { packets, seconds } = wish
  const points: RatePoint[] = []
  let arm = await open()
  const attempt = async (rate: number, forSeconds: number) => {
    const result = await runSteady(plant, arm, rate, packets, forSeconds)
    const { p50, p99 } = result.latency
    points.push({
      arm: arm.name,
      ticksPerSecond: result.ticksPerSecond,
      p50,
      p99,
      isWhole: isSustained(result),
    })
    if (result.closed !== '') arm = await open()
    return result
  }
  // Code is compiled while it runs: the first run counts for nothing.
  await attempt(wish.from, seconds)
  let low = 0
  let high = wish.from
  while (high < wish.to && isSustained(await attempt(high, seconds))) {
    low = high
    high *= STEP
  }
  if (low === 0) low = wish.from / STEP
  for (let i = 0; i < NARROWINGS; i++) {
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
