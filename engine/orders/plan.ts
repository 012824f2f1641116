// What the threads of the order gateway are started with, and what they are asked: plain data.
import type { Hosts, Session } from '../../adapters/broker.ts'
import type { ReadName } from '../../adapters/order-rules.ts'
import type { SyncPolicy } from './journal.ts'
import type { JournalDamage } from './journal-file.ts'
import type { SettledBy } from './journal-record.ts'
import type { JournalEntry, Outcome, WriteTask } from './write.ts'

/** A broker as a thread loads it. */
export interface BrokerPlan {
  readonly id: string
  /** Module file of a broker that is not built in. */
  readonly brokerModule: string | undefined
  readonly plan: string | undefined
  readonly hosts: Hosts
}

export interface LinePlan {
  readonly brokers: readonly BrokerPlan[]
  /** Address to call from; '' leaves it to the system. */
  readonly localAddress: string
  readonly probeIntervalMs: number
  readonly warmConnections: number
}

export interface OrdersPlan extends LinePlan {
  readonly folder: string
  readonly syncPolicy: SyncPolicy
  readonly writeTimeoutMs: number
}

export interface ReadsPlan extends LinePlan {
  readonly readTimeoutMs: number
  readonly historyTimeoutMs: number
  /** Pauses before a read is tried again: the first, and the longest. */
  readonly retryMsMin: number
  readonly retryMsMax: number
  readonly retriesMax: number
  /** Failures in a row after which a kind of call rests, and for how long. */
  readonly failuresMax: number
  readonly restMs: number
  /** Reads of one kind that run at a time, and that wait for one of them to end. */
  readonly runningMax: number
  readonly waitingMax: number
}

/** A task that both threads take. */
export type LineTask =
  /** Whether a broker's idle connections are probed. */
  | { readonly do: 'warm'; readonly broker: string; readonly isWarm: boolean }
  | { readonly do: 'wake' }
  | { readonly do: 'close' }

export type OrdersTask =
  | LineTask
  | { readonly do: 'open' }
  | {
      readonly do: 'write'
      readonly task: WriteTask
      readonly session: Session
      /** By the engine's clock; later than that nothing is sent any more. */
      readonly deadlineMs: number
    }
  | {
      readonly do: 'settle'
      readonly intentId: string
      readonly outcome: Outcome
      readonly by: SettledBy
    }
  /** What became of writes whose thread ended; null where they were never sent. */
  | { readonly do: 'trace'; readonly intentIds: readonly string[] }

export interface OrdersAnswers {
  readonly open: {
    readonly entries: readonly JournalEntry[]
    readonly damage: readonly JournalDamage[]
    readonly tornBytes: number
  }
  readonly write: Written
  readonly settle: undefined
  readonly trace: readonly (Outcome | null)[]
  readonly warm: undefined
  readonly wake: undefined
  readonly close: undefined
}

export interface Written {
  readonly outcome: Outcome
  /** Of the reply; null where none came. */
  readonly status: number | null
  /** From handing the call to the connection until the reply was complete; null where it was not handed over. */
  readonly callMs: number | null
}

export type ReadsTask =
  | LineTask
  | {
      readonly do: 'read'
      readonly broker: string
      readonly name: ReadName
      readonly ask: unknown
      readonly session: Session
    }
  /** The next piece of a long answer. */
  | { readonly do: 'piece'; readonly number: number }

/** What a thread has to say beside its answers. */
export interface ThreadNote {
  readonly level: 'error' | 'warn' | 'info'
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}
