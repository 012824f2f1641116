// The front thread with what it has to know, and the news of it.
import type { Config } from '../../config/schema.ts'
import type { KeyRing } from '../auth/key-ring.ts'
import type { Feed } from '../feed/feed.ts'
import { Front, type FrontOptions } from './front.ts'

export interface FrontParts extends Omit<FrontOptions, 'data'> {
  readonly config: Pick<Config, 'http' | 'rest'>
  /** All keys, that of this machine too. */
  readonly ring: KeyRing
  readonly feeds: readonly Feed[]
}

/** Starts the thread and keeps it informed. Resolves when it listens; throws a StartError where it cannot. */
export async function startFront({ config, ring, feeds, ...parts }: FrontParts): Promise<Front> {
  const { http, rest } = config
  const data = () => ({
    address: { host: http.host, port: http.port },
    rest,
    keys: ring.records,
    brokers: feeds.map(({ id, spec, index, lastValues }) => {
      return { id, depthLevels: spec.feed.depthLevels, index, lastValues: lastValues.memory }
    }),
  })
  const front = new Front({ ...parts, data })
  // From here on, so that nothing is missed while it starts.
  ring.onChange = (keys) => front.useKeys(keys)
  for (const feed of feeds) {
    feed.onIndexUsed = (index) => front.useIndex(feed.id, index)
    feed.lastValues.onMoved = (memory) => front.useLastValues(feed.id, memory)
  }
  await front.start()
  return front
}
