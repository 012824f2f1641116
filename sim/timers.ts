// Work for later that ends with whoever started it.

export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>()

  /** Pieces of work that are still to be done. */
  get size(): number {
    return this.#pending.size
  }

  start(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(timer)
      work()
    }, delayMs)
    this.#pending.add(timer)
  }

  /** Drops what has not been done. */
  stop(): void {
    for (const timer of this.#pending) clearTimeout(timer)
    this.#pending.clear()
  }
}
