// What happens in one run, drawn from its seed: which writes are made, what goes wrong at the broker, and when the
// engine or one of its threads is ended.

import type { Fault } from '../../sim/faults.ts'
import { SeededRandom } from '../../sim/random.ts'
import { drawFaults } from './draw-faults.ts'

/** A write, in terms that do not depend on what the run has brought so far. */
export type PlannedWrite =
  | {
      readonly is: 'place'
      readonly label: string
      readonly clientId: string | null
      readonly share: number
      readonly action: 'BUY' | 'SELL'
      readonly pricetype: 'MARKET' | 'LIMIT' | 'SL'
      readonly quantity: number
      /** How far from the last price, in thousandths of it; an order to buy is that far above. */
      readonly awayPermille: number
    }
  | {
      readonly is: 'modify'
      readonly label: string
      readonly clientId: string | null
      /** Which of the orders that can be changed by then. */
      readonly pick: number
      /** No other change of the run has it, so that it tells in the record which of them happened. */
      readonly quantity: number
      readonly awayPermille: number
    }
  | {
      readonly is: 'cancel'
      readonly label: string
      readonly clientId: string | null
      readonly pick: number
    }
  /** The same call as one before, with the same id of the caller. */
  | { readonly is: 'again'; readonly pick: number }
  /** A person signs in, where that is needed by then. */
  | { readonly is: 'login' }

/** Writes that are made at the same time. */
export type Step = readonly PlannedWrite[]

/** What is counted up to a moment: writes asked for, orders that the exchange took, answers. */
export const COUNTED = ['asked', 'taken', 'answered'] as const
export type Counted = (typeof COUNTED)[number]

/** An end at some moment of the run. */
export interface Mishap {
  readonly what: 'kill' | 'terminate'
  readonly pool: 'orders' | 'reads'
  readonly after: Counted | 'all'
  readonly count: number
  readonly delayMs: number
}

export interface RunPlan {
  readonly seed: number
  readonly steps: readonly Step[]
  readonly faults: readonly Fault[]
  readonly mishaps: readonly Mishap[]
}

/** How often the engine and its order threads are ended in a run. */
export interface Ends {
  readonly kills: number
  readonly terminates: number
}

/** Few, so that orders of unknown fate often stand in the way of others. */
export const SHARES = 8
const STEPS_MAX = 5
const AT_ONCE_MAX = 3
const QUANTITY_MAX = 20
const CHANGED_QUANTITY_MIN = 100
const READS_ENDS_ONE_IN = 40
const DELAYS_MS = [0, 0, 0, 1, 2, 4, 8, 20]

/** Draws a run. */
export function planRun(seed: number, { kills, terminates }: Ends): RunPlan {
  const random = new SeededRandom(seed)
  const writes = new WriteDraw(seed, random)
  const steps = Array.from({ length: 2 + random.below(STEPS_MAX - 1) }, (_, at) =>
    Array.from({ length: 1 + random.below(AT_ONCE_MAX) }, () => writes.draw(at)),
  )
  const mishaps = [
    ...Array.from({ length: kills }, () => drawMishap(random, 'kill')),
    ...Array.from({ length: terminates }, () => drawMishap(random, 'terminate')),
    // The thread of reads is what finds out what became of orders.
    ...(random.below(READS_ENDS_ONE_IN) === 0 ? [drawMishap(random, 'terminate', 'reads')] : []),
  ]
  return { seed, steps, faults: drawFaults(random), mishaps }
}

class WriteDraw {
  readonly #seed: number
  readonly #random: SeededRandom
  #drawn = 0

  constructor(seed: number, random: SeededRandom) {
    this.#seed = seed
    this.#random = random
  }

  draw(step: number): PlannedWrite {
    const random = this.#random
    const lot = random.below(100)
    // At first there is nothing to change.
    if (step > 0 && lot >= 92) return { is: 'login' }
    if (step > 0 && lot >= 84) return this.#cancel()
    if (step > 0 && lot >= 68) return this.#modify()
    return this.#drawn > 0 && lot >= 55 ? { is: 'again', pick: random.below(1000) } : this.#place()
  }

  #named() {
    this.#drawn += 1
    const name = `${this.#seed}-${this.#drawn}`
    return { label: `w${name}`, clientId: this.#random.below(3) > 0 ? `c${name}` : null }
  }

  #place(): PlannedWrite {
    const random = this.#random
    const pricetype = (['LIMIT', 'LIMIT', 'LIMIT', 'MARKET', 'SL'] as const)[random.below(5)]!
    return {
      is: 'place',
      ...this.#named(),
      share: random.below(SHARES),
      action: random.below(2) === 0 ? 'BUY' : 'SELL',
      pricetype,
      quantity: 1 + random.below(QUANTITY_MAX),
      // Most rest, some trade at once.
      awayPermille: random.below(4) === 0 ? 10 : -10 - random.below(10),
    }
  }

  #modify(): PlannedWrite {
    const named = this.#named()
    const random = this.#random
    return {
      is: 'modify',
      ...named,
      pick: this.#pick(),
      quantity: CHANGED_QUANTITY_MIN + this.#drawn,
      awayPermille: random.below(4) === 0 ? 10 : -10 - random.below(10),
    }
  }

  #cancel(): PlannedWrite {
    return { is: 'cancel', ...this.#named(), pick: this.#pick() }
  }

  /** Often the same one, which then is changed and cancelled at the same time. */
  #pick(): number {
    return this.#random.below(2) === 0 ? 0 : this.#random.below(1000)
  }
}

function drawMishap(
  random: SeededRandom,
  what: Mishap['what'],
  pool: Mishap['pool'] = 'orders',
): Mishap {
  const after = [...COUNTED, 'all' as const][random.below(4)]!
  return {
    what,
    pool,
    after,
    count: 1 + random.below(4),
    delayMs: DELAYS_MS[random.below(DELAYS_MS.length)]!,
  }
}

/** How many of `total` ends fall to the run at `at` of `runs`: they are spread evenly. */
export function shareOf(total: number, at: number, runs: number): number {
  return Math.floor(((at + 1) * total) / runs) - Math.floor((at * total) / runs)
}
