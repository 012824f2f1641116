// The ids of intents, which go to the broker as tags of orders: no two are the same, also of two runs.
import { randomBytes } from 'node:crypto'

export class IntentIds {
  readonly #nowMs: () => number
  /** With the clock in front, no two runs make the same ids. */
  readonly #run = randomBytes(4).readUInt32LE().toString(36).padStart(7, '0').slice(-5)
  #count = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** At most 20 of [a-z0-9]: the clock, the run, a count. */
  next(): string {
    this.#count = (this.#count + 1) % 36 ** 5
    const clock = this.#nowMs().toString(36)
    return `${clock}${this.#run}${this.#count.toString(36).padStart(5, '0')}`
  }
}
