// What changes while the engine runs: the instruments of a new day, and the sessions of brokers.
import type { Config } from '../config/schema.ts'
import type { SessionKeeper } from './auth/session-keeper.ts'
import type { ZeroMqPublisher } from './distribute/zeromq/publisher.ts'
import type { Feed } from './feed/feed.ts'
import type { Logger } from './observe/log.ts'
import type { StartedOrders } from './orders/start.ts'
import { type Prepared, storeFolderOf } from './prepare.ts'
import type { Lookup } from './symbols/lookup/lookup.ts'
import { SymbolSchedule } from './symbols/schedule.ts'

export interface RenewalParts {
  readonly config: Config
  readonly prepared: Prepared
  readonly feeds: readonly Feed[]
  readonly lookup: Lookup
  readonly orders: StartedOrders
  readonly zeromq: ZeroMqPublisher | null
  readonly log: Logger
}

/** Keeps the instruments those of the day: feeds, look-ups, orders and topics go over to each new generation. */
export function startSchedule(parts: RenewalParts): SymbolSchedule {
  const { config, prepared, feeds, lookup, orders, zeromq, log } = parts
  for (const { spec, details } of prepared.brokers) {
    const { catalogue } = prepared
    // Questions that come before it is loaded wait for it.
    lookup.useIndex(spec.id, { catalogue, details }).catch((error: Error) => {
      log.error({ broker: spec.id, err: error }, 'instruments cannot be searched')
    })
  }
  const schedule = new SymbolSchedule({
    storeFolder: storeFolderOf(config.data_dir),
    lists: prepared.brokers.map(({ list }) => list),
    log,
    async onIndex(broker, index) {
      await feeds.find(({ id }) => id === broker)?.useIndex(index)
      orders.useIndex(broker, index)
      zeromq?.onInstruments()
      await lookup.useIndex(broker, index)
    },
  })
  schedule.start()
  return schedule
}

/** Has feeds, lists and orders follow each broker's session. */
export function keepSessions(
  { prepared, feeds, orders }: Pick<RenewalParts, 'prepared' | 'feeds' | 'orders'>,
  schedule: SymbolSchedule,
): SessionKeeper[] {
  return prepared.brokers.map(({ keeper, sourceWith }) => {
    keeper.onChange((session) => {
      feeds.find(({ id }) => id === keeper.id)!.useSession(session)
      orders.useSession(keeper.id, session)
      schedule.useSource(keeper.id, sourceWith(session))
    })
    keeper.watch()
    return keeper
  })
}
