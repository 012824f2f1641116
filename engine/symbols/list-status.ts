// What the store holds of each broker, for people.
import { readFailure, readFetched, type SyncFailure } from './list-record.ts'
import { keysOf, liveGeneration, type Store } from './store.ts'

export interface ListStatus {
  readonly broker: string
  /** The live generation, its rows by exchange, and where it came from; null before the first sync. */
  readonly live: {
    readonly generation: number
    readonly rows: number
    readonly exchanges: Readonly<Record<string, number>>
    readonly leftOut: number
    readonly source: string
    readonly syncedAtMs: number
    /** When the broker was last known to have nothing newer; null for a list from a file. */
    readonly checkedAtMs: number | null
    /** Since it was last known to be the newest. */
    readonly ageMs: number
  } | null
  /** Why the last sync failed; null when it went well. */
  readonly failure: SyncFailure | null
}

/** Brokers that the store knows of, in the order of their ids. */
export function storedBrokers(store: Store): string[] {
  const ids = ['live:', 'failure:'].flatMap((prefix) =>
    Array.from(store.meta.getKeys(keysOf(prefix)), (key) => key.slice(prefix.length)),
  )
  return [...new Set(ids)].sort()
}

/** What the store holds of one broker. */
export function listStatus(store: Store, broker: string, nowMs: number): ListStatus {
  const live = liveGeneration(store, broker)
  const failure = readFailure(store, broker) ?? null
  if (live === undefined) return { broker, live: null, failure }
  const { generation, rows, exchanges, leftOut, source, syncedAtMs } = live
  const checkedAtMs = readFetched(store, broker)?.checkedAtMs ?? null
  const ageMs = Math.max(0, nowMs - (checkedAtMs ?? syncedAtMs))
  const told = { generation, rows, exchanges, leftOut, source, syncedAtMs, checkedAtMs, ageMs }
  return { broker, live: told, failure }
}
