// What the parent asks of the engine that it drives: plain data, it crosses processes.

export const WRITES = ['place', 'modify', 'cancel'] as const
export type WriteName = (typeof WRITES)[number]

export type Request =
  | { readonly do: WriteName; readonly input: object }
  | { readonly do: 'orderBook' | 'status' }
  | { readonly do: 'login'; readonly requestToken: string }
  /** Ends a thread of the gateway. */
  | { readonly do: 'terminate'; readonly pool: 'orders' | 'reads' }

export interface ChildStatus {
  readonly running: number
  readonly unknown: number
  readonly reported: number
  readonly threadDeaths: number
  readonly isSignedIn: boolean
}

/** The threads that were ended, none where one was just starting, and the writes that were under way in them. */
export interface ChildEnd {
  readonly threads: number
  readonly running: number
}

/** What the gateway tells of a write. */
export type Told =
  | { readonly ok: { readonly orderid: string } }
  | { readonly error: { readonly code: string; readonly message: string; readonly tag?: string } }
