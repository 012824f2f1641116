// Ends the engine, or a thread of it, at the moments of a plan.
import { setTimeout as wait } from 'node:timers/promises'
import { isOpen } from '../../engine/orders/journal-record.ts'
import type { Counted, Mishap } from './plan.ts'
import type { ChildEnd } from './protocol.ts'
import type { SimPlant } from './sim-plant.ts'

export class Mishaps {
  kills = 0
  terminates = 0
  /** Writes whose fate was open in the journal when the engine was killed, or that were under way in a thread. */
  caught = 0
  readonly #plant: SimPlant
  readonly #counts: Record<Counted, number> = { asked: 0, taken: 0, answered: 0 }
  #left: Mishap[]
  readonly #running: Promise<void>[] = []
  #restarting: Promise<void> | null = null

  constructor(plant: SimPlant, mishaps: readonly Mishap[]) {
    this.#plant = plant
    this.#left = [...mishaps]
  }

  /** Counts the orders that the exchange takes, at the moment when it does; gives back how to stop that. */
  watch(): () => void {
    const { account } = this.#plant.simulator
    const { onStage } = account
    account.onStage = (order) => {
      onStage(order)
      if (order.stage === 'received') this.count('taken')
    }
    return () => {
      account.onStage = onStage
    }
  }

  count(counted: Counted): void {
    this.#counts[counted] += 1
    this.#begin(({ after, count }) => after === counted && count <= this.#counts[counted])
  }

  /** The time has come for all that is left. */
  allAsked(): void {
    this.#begin(() => true)
  }

  /** Resolves when all that began has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Starts the engine anew where it was killed; once, for all who wait for it. */
  async bringUp(): Promise<void> {
    if (this.#restarting === null) {
      if (!this.#plant.isDown) return
      this.#restarting = this.#plant.restart().finally(() => {
        this.#restarting = null
      })
    }
    await this.#restarting
  }

  #begin(isDue: (mishap: Mishap) => boolean): void {
    const due = this.#left.filter(isDue)
    this.#left = this.#left.filter((mishap) => !due.includes(mishap))
    for (const mishap of due) this.#running.push(this.#happen(mishap))
  }

  async #happen({ what, pool, delayMs }: Mishap): Promise<void> {
    if (delayMs > 0) await wait(delayMs)
    if (what === 'kill') {
      // One that is starting is killed when it has: it must be there to be driven.
      await this.#restarting
      this.kills += 1
      await this.#plant.kill()
      this.caught += [...this.#plant.journal().values()].filter(isOpen).length
      return
    }
    await this.bringUp()
    const ended = (await this.#plant.ask({ do: 'terminate', pool })) as ChildEnd | null
    if (pool === 'reads' || ended === null) return
    this.terminates += ended.threads
    this.caught += ended.running
  }
}
