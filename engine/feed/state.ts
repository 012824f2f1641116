// What a feed worker and the core tell each other: shared counters, event codes, and control messages.
// Ticks and events travel through the ring; only control goes by message.
import type { Hosts, Session } from '../../adapters/broker.ts'
import type { OrderRecord } from '../../adapters/orders.ts'

/** States of one socket, by the code that a status record carries. */
export const SOCKET_STATES = [
  'idle',
  'connecting',
  'live',
  'stale',
  'reconnecting',
  'refused',
  'stopped',
  /** It waits for a session. */
  'signed_out',
] as const
export type SocketState = (typeof SOCKET_STATES)[number]

/** Why ticks are missing, by the code that a gap record carries. */
export const GAP_REASONS = ['reconnected', 'restarted', 'lapped'] as const
export type GapReason = (typeof GAP_REASONS)[number]

/** Counters of one feed, in this order, in a Float64Array that only its worker writes. */
export const FEED_COUNTERS = [
  'frames',
  'bytes',
  'ticks',
  'rejects',
  'unknownTokens',
  'connects',
  'disconnects',
  'unanswered',
  'lastTickMs',
  'socketsLive',
] as const
export type FeedCounter = (typeof FEED_COUNTERS)[number]

export const FRAMES = 0
export const BYTES = 1
export const TICKS = 2
export const REJECTS = 3
export const UNKNOWN_TOKENS = 4
export const CONNECTS = 5
export const DISCONNECTS = 6
export const UNANSWERED = 7
export const LAST_TICK_MS = 8
export const SOCKETS_LIVE = 9

/** The counters under their names. */
export function readCounters(memory: SharedArrayBuffer): Record<FeedCounter, number> {
  const counters = new Float64Array(memory)
  return Object.fromEntries(
    FEED_COUNTERS.map((name, position) => [name, counters[position]!]),
  ) as Record<FeedCounter, number>
}

/** Memory that outlives a feed worker: a restarted one goes on where the old one stopped. */
export interface FeedMemory {
  readonly ring: SharedArrayBuffer
  readonly doorbell: SharedArrayBuffer
  /** One uint32 per instrument number: the last seq given. */
  readonly seqs: SharedArrayBuffer
  readonly counters: SharedArrayBuffer
  /** The broker's token index. */
  readonly tokens: SharedArrayBuffer
  readonly epoch: number
  /** Where the stages of ticks are timed; null where they are not. */
  readonly stages: SharedArrayBuffer | null
}

export interface FeedWorkerData {
  readonly broker: string
  readonly brokerModule: string | undefined
  readonly plan: string | undefined
  readonly hosts: Hosts
  /** Null while nobody is signed in. */
  readonly session: Session | null
  /** Counts the sessions of the feed, so that a refusal tells of which one it is. */
  readonly sessionNumber: number
  readonly memory: FeedMemory
  readonly instrumentsMax: number
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  readonly staleMs: number
  /** Epoch ms since when ticks are missing, when this worker replaces one that crashed. */
  readonly missingSinceMs: number | null
}

export type ToFeedWorker =
  /** Pairs of instrument number and mode; mode 0: no longer wanted. */
  | { readonly kind: 'want'; readonly pairs: Int32Array }
  /** Go on with this token index, whose number is above that of the one before. */
  | { readonly kind: 'index'; readonly tokens: SharedArrayBuffer; readonly number: number }
  /** Connect with this session; null: there is none, and what is live lives until it is lost. */
  | { readonly kind: 'session'; readonly session: Session | null; readonly number: number }
  | { readonly kind: 'stop' }

export type LogLevel = 'info' | 'warn' | 'error'

/**
 * All that a worker tells by message: a line for the log, that it goes on with the index that it was given, that the
 * broker refuses a session, and what the broker tells of an order.
 */
export type FromFeedWorker =
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly text: string
      readonly fields: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'index' }
  | { readonly kind: 'refused'; readonly why: string; readonly number: number }
  | { readonly kind: 'order'; readonly record: OrderRecord }
