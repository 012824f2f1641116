// What a run does, drawn from its seed: orders, what goes wrong meanwhile, and when a thread or the engine ends.
import type { Fault } from '../../sim/faults.ts'
import { SeededRandom } from '../../sim/random.ts'

/** Longest delay of a fault; the engine waits less, so that some calls run out of time. */
const DELAYS_MS = [20, 600]

const FAULTS: readonly Fault[] = [
  ...DELAYS_MS.flatMap((delayMs): Fault[] => [
    { on: 'writes', do: 'delay', delayMs },
    { on: 'writes', do: 'delay-after', delayMs },
  ]),
  { on: 'writes', do: 'reset-before' },
  { on: 'writes', do: 'reset-after' },
  { on: 'writes', do: 'error-before' },
  { on: 'writes', do: 'error-after' },
  { on: 'writes', do: 'error-after', html: true },
  { on: 'writes', do: 'garbage' },
  { on: 'writes', do: 'truncated' },
  { on: 'writes', do: 'empty' },
  { on: 'writes', do: 'throttle' },
  { on: 'writes', do: 'network' },
  { on: 'writes', do: 'expire' },
  { on: 'writes', do: 'late', delayMs: 150 },
  { on: 'writes', do: 'late', delayMs: 150, reply: 'error', status: 400 },
  { on: 'orderBook', do: 'reset-before' },
  { on: 'orderBook', do: 'garbage' },
  { on: 'orderBook', do: 'delay', delayMs: 20 },
]

export interface PlannedOrder {
  readonly symbol: string
  readonly action: 'BUY' | 'SELL'
  readonly priceType: 'MARKET' | 'LIMIT'
  /** The client's own id: of two orders of a run that have the same one, one is a repetition of the other. */
  readonly clientId: string
  /** What is done to it once it rests. */
  readonly next: 'modify' | 'cancel' | null
}

export interface RunPlan {
  readonly faults: readonly Fault[]
  readonly orders: readonly PlannedOrder[]
  /** Ms after the first order at which the orders thread or the whole engine ends; null: not in this run. */
  readonly terminateAtMs: number | null
  readonly killAtMs: number | null
}

export interface Endings {
  readonly kills: boolean
  readonly terminates: boolean
}

/** The plan of run `number` under a seed; the same for the same two. */
export function planRun(
  seed: number,
  number: number,
  symbols: readonly string[],
  { kills, terminates }: Endings,
): RunPlan {
  const random = new SeededRandom(seed * 1_000_003 + number)
  const below = (count: number) => random.below(count)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)]!
  const faults = Array.from({ length: 1 + below(3) }, () => {
    return { ...pick(FAULTS), times: 1, skip: below(3) }
  })
  const count = 2 + below(3)
  const orders: PlannedOrder[] = []
  for (let at = 0; at < count; at++) {
    const before = orders.at(-1)
    if (before !== undefined && below(4) === 0) orders.push(before)
    else {
      orders.push({
        symbol: pick(symbols),
        action: pick(['BUY', 'SELL'] as const),
        priceType: pick(['MARKET', 'LIMIT', 'LIMIT'] as const),
        clientId: `run-${number}-${at}`,
        next: pick(['modify', 'cancel', null] as const),
      })
    }
  }
  const endsAtMs = below(30)
  return {
    faults,
    orders,
    terminateAtMs: terminates ? endsAtMs : null,
    killAtMs: kills ? endsAtMs : null,
  }
}
