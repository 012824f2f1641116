// Calls that must not run side by side, because each begins by reading what the one before changes.

export class Turns {
  /** Ends when the last one that is waiting or at work has. */
  readonly #ends = new Map<string, Promise<unknown>>()

  /** Runs `work` when nothing else is at work, or waits, under any of these names. */
  async take<Result>(names: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = names.map((name) => this.#ends.get(name))
    const run = Promise.all(before).then(work)
    const end = run.catch(() => {})
    for (const name of names) this.#ends.set(name, end)
    try {
      return await run
    } finally {
      for (const name of names) if (this.#ends.get(name) === end) this.#ends.delete(name)
    }
  }
}
