// What is remembered of a broker's lists beside the rows: where the live one came from, and the last failure.
import { liveGeneration, type Store } from './store.ts'

/** What a server said about a file, to be asked with again. */
export interface Validator {
  /** URL without its query. */
  readonly place: string
  readonly etag: string | null
  readonly lastModified: string | null
}

/** A download that became a generation. */
export interface Fetched {
  readonly generation: number
  /** When the server was last known to have nothing newer, epoch ms. */
  readonly checkedAtMs: number
  /** One for each file, in order. */
  readonly files: readonly Validator[]
}

export interface SyncFailure {
  readonly atMs: number
  readonly reason: string
}

const fetchedKey = (broker: string) => `fetched:${broker}`
const failureKey = (broker: string) => `failure:${broker}`

/** How the live generation was downloaded, or undefined where it came from a file or is of another sync. */
export function readFetched(store: Store, broker: string): Fetched | undefined {
  const fetched = store.meta.get(fetchedKey(broker)) as Fetched | undefined
  return fetched?.generation === liveGeneration(store, broker)?.generation ? fetched : undefined
}

/** Remembers how a generation was downloaded. */
export async function writeFetched(store: Store, broker: string, fetched: Fetched): Promise<void> {
  await store.meta.put(fetchedKey(broker), fetched)
}

/** The failure of the last sync, or undefined when it went well. */
export function readFailure(store: Store, broker: string): SyncFailure | undefined {
  return store.meta.get(failureKey(broker)) as SyncFailure | undefined
}

/** Remembers a failure until the next good sync. */
export async function writeFailure(
  store: Store,
  broker: string,
  failure: SyncFailure,
): Promise<void> {
  await store.meta.put(failureKey(broker), failure)
}

/** Forgets the last failure. */
export async function clearFailure(store: Store, broker: string): Promise<void> {
  await store.meta.remove(failureKey(broker))
}
