// What the front thread and the core tell each other. The thread asks by the names of calls; the core answers each
// question once, long lists in parts before the answer itself.
import type { Config } from '../../config/schema.ts'
import type { HttpCall } from '../api/http.ts'
import type { Reply } from '../api/reply.ts'
import type { KeyRecord } from '../auth/keys.ts'
import type { LastValuesMemory } from '../distribute/last-values.ts'
import type { Lookup } from '../symbols/lookup/lookup.ts'

/** The calls of the gateway that endpoints make; the thread may ask for no others. */
export const GATEWAY_CALLS = [
  'ready',
  'intervals',
  'place',
  'firstAnswer',
  'modify',
  'cancel',
  'placeGtt',
  'modifyGtt',
  'cancelGtt',
  'orderBook',
  'orderStatus',
  'tradeBook',
  'positions',
  'holdings',
  'gttBook',
  'funds',
  'margin',
  'quote',
  'quotes',
  'depth',
  'history',
] as const
export type GatewayCall = (typeof GATEWAY_CALLS)[number]

export type Question =
  | { readonly of: 'gateway'; readonly name: GatewayCall; readonly with: readonly unknown[] }
  | { readonly of: 'lookup'; readonly with: Parameters<Lookup['ask']> }
  | { readonly of: 'openDump'; readonly with: Parameters<Lookup['dump']> }
  /** The next piece of a dump, null after the last. */
  | { readonly of: 'readDump'; readonly dump: number }
  | { readonly of: 'closeDump'; readonly dump: number }
  /** A call to a path that the thread does not answer itself. */
  | { readonly of: 'http'; readonly call: HttpCall }

export interface Asked {
  readonly id: number
  readonly question: Question
}

/** Why a question has no answer: of a look-up, with its kind, or a fault of the program. */
export interface Failed {
  readonly message: string
  readonly kind?: string
}

export type FrontAnswer =
  /** Rows of the answer that is under way. */
  | { readonly id: number; readonly rows: readonly unknown[] }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: Failed }

export type FrontNews =
  | { readonly news: 'keys'; readonly keys: readonly KeyRecord[] }
  | { readonly news: 'index'; readonly broker: string; readonly index: FrontIndex }
  | { readonly news: 'lastValues'; readonly broker: string; readonly lastValues: LastValuesMemory }
  | { readonly news: 'close' }

export type FromCore = FrontAnswer | FrontNews

export type FromFront =
  | Asked
  | { readonly listens: number }
  /** It cannot listen, and ends. */
  | { readonly cannot: string }

/** What is found by name, and whether a broker has it. */
export interface FrontIndex {
  readonly catalogue: SharedArrayBuffer
  readonly tokens: SharedArrayBuffer
}

export interface FrontBroker {
  readonly id: string
  readonly depthLevels: number
  readonly index: FrontIndex
  readonly lastValues: LastValuesMemory
}

/** Whether the thread has anything open, told in shared memory for a core that can wait for no message any more. */
export const LISTENS = 0
export const CLOSED = 1

/** What the thread is started with. */
export interface FrontData {
  /** One word: LISTENS, or CLOSED once nothing is open any more. */
  readonly closed: Int32Array<SharedArrayBuffer>
  readonly address: { readonly host: string; readonly port: number }
  readonly rest: Config['rest']
  readonly keys: readonly KeyRecord[]
  /** In the order of preference. */
  readonly brokers: readonly FrontBroker[]
}

/** Replies of the core's own routes are whole. */
export type WholeReply = Omit<Reply, 'body'> & { readonly body: string }
