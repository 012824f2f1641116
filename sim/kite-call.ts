// One REST call on its way through the simulator, and the envelopes that answer it. Kite Connect v3.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from './account.ts'
import type { CallCounts } from './call-counts.ts'
import type { Faults, Operation } from './faults.ts'
import type { Triggers } from './gtt.ts'
import { sendJson } from './http.ts'
import type { InstrumentTable } from './instruments.ts'
import type { CallKind, CallLimits } from './kite-limits.ts'
import type { KiteRecord } from './kite-record.ts'
import type { KiteSessions, Refusal } from './kite-sessions.ts'
import type { SimulatorStats } from './simulator.ts'

export interface RestContext {
  readonly sessions: KiteSessions
  readonly table: InstrumentTable
  readonly account: Account
  readonly triggers: Triggers
  readonly limits: CallLimits
  readonly calls: CallCounts
  readonly faults: Faults
  readonly record: KiteRecord
  readonly seed: number
  /** `YYYY-MM-DD`. */
  readonly today: string
  /** Whether a refusal of the risk system is told in the reply to `place`, or only in the order book. */
  readonly rejections: 'reply' | 'book'
  /** Epoch ms. */
  readonly clock: () => number
  /** Runs work later, unless the simulator is closed by then. */
  later(delayMs: number, work: () => void): void
  stats(withTokens: boolean): SimulatorStats
  /** Lets an instrument trade at a price in rupees, or ticks; both throw a RangeError that names the field. */
  moveTo(token: number, rupees: number): void
  tickOnce(tokens?: readonly number[]): number
}

export interface Call {
  readonly context: RestContext
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The parts of the path that the route leaves open. */
  readonly parts: readonly string[]
  readonly body: string
  /** Set where a change is to take effect after the reply: hands it over instead of making it. */
  readonly postpone?: (change: () => void) => void
}

/** What a handler gives that has written its answer itself. */
export const ANSWERED = Symbol('answered')

export interface Route {
  readonly method: string
  readonly path: RegExp
  /** What faults call it; without one it has none. */
  readonly operation?: Operation
  /** Whose calls it counts among. Routes without a kind need no session. */
  readonly kind?: CallKind
  /** Gives the `data` of the envelope, or throws a Refusal. */
  handle(call: Call): unknown
}

export interface Reply {
  readonly status: number
  readonly text: string
}

/** Kite's failure envelope. */
export function failure(refusal: Refusal): object {
  return {
    status: 'error',
    message: refusal.message,
    error_type: refusal.errorType,
    data: null,
  }
}

export const replyOf = (refusal: Refusal): Reply => ({
  status: refusal.status,
  text: JSON.stringify(failure(refusal)),
})

export function send(response: ServerResponse, { status, text }: Reply): void {
  sendJson(response, status, text)
}

/** JSON that is already text, as part of an envelope. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function success(data: unknown): Reply {
  const text = data instanceof RawJson ? data.text : JSON.stringify(data)
  return { status: 200, text: `{"status":"success","data":${text}}` }
}
