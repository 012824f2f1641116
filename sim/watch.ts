// Which instruments somebody waits on, so that a tick of all others costs one comparison.

/** Owners of a wait; each one is a bit. */
export const ORDERS = 1
export const TRIGGERS = 2
type Owner = typeof ORDERS | typeof TRIGGERS

export class Watch {
  readonly #marks: Uint8Array
  readonly #instruments = new Set<number>()
  readonly #listeners: ((instrument: number, nowMs: number) => void)[] = []

  constructor(instruments: number) {
    this.#marks = new Uint8Array(instruments)
  }

  /** What is waited on, in the order in which the waits began. */
  get instruments(): ReadonlySet<number> {
    return this.#instruments
  }

  /** Called after every tick of a watched instrument, one listener after the other. */
  onTick(listener: (instrument: number, nowMs: number) => void): void {
    this.#listeners.push(listener)
  }

  set(instrument: number, owner: Owner, waits: boolean): void {
    const before = this.#marks[instrument]!
    const after = waits ? before | owner : before & ~owner
    this.#marks[instrument] = after
    if (before === 0 && after !== 0) this.#instruments.add(instrument)
    if (after === 0) this.#instruments.delete(instrument)
  }

  /** Tells of a tick. */
  ticked(instrument: number, nowMs: number): void {
    if (this.#marks[instrument] === 0) return
    for (const listener of this.#listeners) listener(instrument, nowMs)
  }
}
