// How often each operation was asked for: what shows that a client did not ask.
import type { Operation } from './faults.ts'

export class CallCounts {
  readonly #counts = new Map<Operation, number>()

  /** Counts a call; one that has no name is none of the account's. */
  add(operation: Operation | undefined): void {
    if (operation !== undefined) this.#counts.set(operation, this.count(operation) + 1)
  }

  /** Calls of an operation, or all of them. */
  count(operation?: Operation): number {
    if (operation !== undefined) return this.#counts.get(operation) ?? 0
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    return sum
  }
}
