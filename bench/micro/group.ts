// What a group of benches is made of. Everything that is compared lies in one case; its first arm is the engine's own
// way, and the others are timed beside it, by turns.

/** How long a run may take. */
export interface Pace {
  readonly rounds: number
  /** How long an arm works in one round, and before it to warm up. */
  readonly workMs: number
  readonly warmUpMs: number
  /** The share of its full count of operations that an arm which counts for itself does in one round. */
  readonly share: number
}

/** What an arm must reach: its time (and that of its slowest calls), its rate, or its time over the first arm's. */
export type Target =
  | { readonly nsMax: number; readonly p99NsMax?: number }
  | { readonly perSecondMin: number }
  | { readonly timesMin: number }

/** Nanoseconds per operation. */
export interface Times {
  readonly ns: number
  /** Of the slowest call in a hundred; NaN where there are no calls to tell apart. */
  readonly p99Ns: number
}

interface Named {
  readonly name: string
  readonly target?: Target | undefined
}

/** Short synchronous work, repeated and timed by tinybench. */
export interface WorkArm extends Named {
  /** Operations of one call, so many that the clock does not show. */
  readonly operations: number
  /** Does them and tells whether all came out as they must, which also keeps the compiler from leaving them out. */
  work(): boolean
}

/** Work that spans threads or sockets and times itself. */
export interface CountedArm extends Named {
  /** One round; returns nanoseconds per operation. Throws when something was lost. */
  measure(share: number): Promise<number | Times>
}

export type Arm = WorkArm | CountedArm

export interface Case {
  readonly name: string
  /** At least the engine's own. */
  readonly arms: readonly [Arm, ...Arm[]]
}

export interface Prepared {
  readonly cases: readonly Case[]
  /** What is to be known besides times, a line each. */
  readonly notes?: readonly string[]
  close?(): Promise<void> | void
}

export interface Group {
  readonly name: string
  readonly about: string
  /** What one operation is. */
  readonly operation: string
  /**
   * Makes what the arms work on, and throws unless every arm gives the right answers. A group whose data take long to
   * make makes the pace's share of them.
   */
  prepare(share: number): Promise<Prepared> | Prepared
}
