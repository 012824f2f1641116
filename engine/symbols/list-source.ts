// Where a broker's list comes from, and whether the live one is still the newest.

import { lastTimeMs } from '../indian-day.ts'
import { placeOf } from './download.ts'
import { readFetched } from './list-record.ts'
import { loadIndex, type Store, type SymbolIndex } from './store.ts'
import type { SyncRequest } from './sync.ts'

export interface ListSource
  extends Pick<SyncRequest, 'storeFolder' | 'broker' | 'brokerModule' | 'source'> {
  /** When there is a new list each day, `HH:MM` in Indian time. */
  readonly publishedAt: string
}

/** A list that may have to wait: `source` is null while there is no session to download it with. */
export type WaitingList = Omit<ListSource, 'source'> & {
  readonly source: ListSource['source'] | null
}

/** Tells a list that can be had from one that waits. */
export function isReady(list: WaitingList): list is ListSource {
  return list.source !== null
}

/**
 * The live index when it was downloaded from the same place after the broker's last publication, so that there is
 * nothing newer to have; else null.
 */
export function currentIndex(store: Store, list: ListSource, nowMs: number): SymbolIndex | null {
  const { source, broker, publishedAt } = list
  const fetched = readFetched(store, broker)
  if ('file' in source || fetched === undefined) return null
  const isSamePlace =
    source.downloads.length === fetched.files.length &&
    source.downloads.every(({ request }, at) => placeOf(request) === fetched.files[at]!.place)
  const isOfLastPublication = fetched.checkedAtMs >= lastTimeMs(publishedAt, nowMs)
  if (!isSamePlace || !isOfLastPublication) return null
  try {
    return loadIndex(store, broker)
  } catch {
    // What cannot be loaded is synced again.
    return null
  }
}
