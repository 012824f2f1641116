// What the core and the threads of the order gateway hand each other: plain data, for it crosses threads.
import type { Session } from '../../adapters/broker.ts'
import type { CancelGttAsk, ModifyGttAsk, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { ReadName, WriteName } from '../../adapters/order-rules.ts'
import type {
  CancelAsk,
  ModifyAsk,
  OrdersSpec,
  PlaceAsk,
  Read,
  ReadReply,
  Refusal,
  Write,
} from '../../adapters/orders.ts'

type Reads = OrdersSpec['reads']
type Writes = OrdersSpec['writes']

/** What a call asks of the broker, by the call's name. */
export type AskOf<Name extends ReadName | WriteName> = Name extends ReadName
  ? Extract<Reads[Name], Read<never, unknown>> extends Read<infer Ask, unknown>
    ? Ask
    : never
  : Name extends WriteName
    ? Extract<Writes[Name], Write<never>> extends Write<infer Ask>
      ? Ask
      : never
    : never

/** What a read answers, by its name. */
export type AnswerOf<Name extends ReadName> =
  Extract<Reads[Name], Read<never, unknown>> extends Read<never, infer Answer> ? Answer : never

/** One write, as the core hands it to the orders thread. */
export interface WriteTask {
  readonly broker: string
  readonly name: WriteName
  readonly ask: PlaceAsk | ModifyAsk | CancelAsk | PlaceGttAsk | ModifyGttAsk | CancelGttAsk
  /** Ours and unique; of a place it is the order's tag too: at most 20 of [a-z0-9]. */
  readonly intentId: string
  /** The caller's own id, null where it gave none. */
  readonly clientOrderId: string | null
  /** SHA-256 in hex of what the caller asked, so that one id is not used for two orders. */
  readonly askHash: string
  /** Which API key asked: its id, never the key. */
  readonly keyId: string
  readonly strategy: string
}

/** What became of a write. Only the broker's positive word is a rejection; all that is unclear is unknown. */
export type Outcome =
  | { readonly outcome: 'accepted'; readonly id: string }
  /** By the broker; or, where `isSent` is false, by the engine, before anything went out. */
  | { readonly outcome: 'rejected'; readonly refusal: Refusal; readonly isSent?: false }
  | { readonly outcome: 'unknown'; readonly why: string }

/** One write and what is known of it, as the journal has it. */
export interface JournalEntry {
  readonly task: WriteTask
  readonly intentAtMs: number
  readonly outcome: Outcome | null
  readonly outcomeAtMs: number | null
  /**
   * How the outcome came to be known: from the broker's reply, from its books, or given up and told to people. Null
   * while it is open: without an outcome, or unknown and still looked for.
   */
  readonly settledBy: 'reply' | 'reconciled' | 'reported' | null
}

export interface OrdersPool {
  /**
   * Reads the journal: today's, yesterday's, and whatever is still open. The core learns client order ids and open
   * intents from it. Called once, before any write.
   */
  open(): Promise<readonly JournalEntry[]>
  /** Journals the intent, sends once, journals the outcome. Never rejects: whatever is unclear is `unknown`. */
  write(task: WriteTask): Promise<Outcome>
  /** Journals what reconciliation found about an unknown write. */
  settle(intentId: string, outcome: Outcome, by: 'reconciled' | 'reported'): Promise<void>
  /** A new session of a broker, for every call from now on; null: signed out, calls are refused without being sent. */
  useSession(broker: string, session: Session | null): Promise<void>
  close(): Promise<void>
}

export interface ReadsPool {
  /** One read, retried with backoff behind a circuit breaker; refusal codes are of the closed set. */
  read<Name extends ReadName>(
    broker: string,
    name: Name,
    ask: AskOf<Name>,
  ): Promise<ReadReply<AnswerOf<Name>>>
  useSession(broker: string, session: Session | null): Promise<void>
  close(): Promise<void>
}
