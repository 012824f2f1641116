// The order gateway with its threads, as the engine starts and stops it.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Session } from '../../adapters/broker.ts'
import type { Config } from '../../config/schema.ts'
import { nowMs } from '../clock.ts'
import type { Feed } from '../feed/feed.ts'
import type { Logger } from '../observe/log.ts'
import type { PreparedBroker } from '../prepare.ts'
import type { Lookup } from '../symbols/lookup/lookup.ts'
import type { OrderBroker } from './desk.ts'
import { OrderGateway } from './gateway.ts'
import { inSteps } from './in-steps.ts'
import { KillSwitch } from './kill-switch.ts'
import { limitsOf } from './limits.ts'
import { type InstrumentBlocks, orderBrokerOf } from './order-broker.ts'
import { type OrderAudience, OrderEvents, type OrderEventsOptions } from './order-events.ts'
import { type StartedOrdersPool, startOrdersPool } from './orders-pool.ts'
import type { LinePlan, OrdersPlan } from './plan.ts'
import { READ_LIMITS, type StartedReadsPool, startReadsPool } from './reads-pool.ts'
import { Reconciler } from './reconcile.ts'

export interface OrdersParts {
  readonly config: Config
  readonly brokers: readonly PreparedBroker[]
  readonly catalogue: SharedArrayBuffer
  readonly feeds: readonly Feed[]
  readonly lookup: Lookup
  readonly log: Logger
  /** Those who listen to order events. */
  readonly audience: OrderAudience
  /** Sends the ticks that wait. */
  letTicksPass(): void
}

export interface OrdersStatus {
  readonly killed: boolean
  /** Writes under way, writes whose outcome is looked for, and places that were looked for in vain. */
  readonly running: number
  readonly unknown: number
  readonly reported: number
  /** Threads that ended by themselves. */
  readonly threadDeaths: number
  /** The live orders of each account, and what was told of them. */
  readonly events: ReturnType<OrderEvents['status']>
}

export interface StartedOrders {
  readonly gateway: OrderGateway
  readonly killSwitch: KillSwitch
  readonly orders: StartedOrdersPool
  readonly reads: StartedReadsPool
  readonly events: OrderEvents
  /** A broker's instruments of a new day. */
  useIndex(broker: string, blocks: InstrumentBlocks): void
  /** A broker's session from now on; null: there is none. */
  useSession(broker: string, session: Session | null): void
  status(): OrdersStatus
  close(): Promise<void>
}

type StatusParts = Pick<StartedOrders, 'killSwitch' | 'orders' | 'reads' | 'events'>

/**
 * Starts both threads, reads the journal, and has what an earlier run left open looked for. Resolves when calls can be
 * made. Throws where the journal cannot be opened.
 */
export async function startOrders(parts: OrdersParts): Promise<StartedOrders> {
  const { config, log } = parts
  const limits = config.orders
  const brokers = orderBrokersOf(parts)
  const events = await openEvents(parts, brokers, {
    onMessage: (broker, record) => reconciler.sawOrders(broker, [record]),
    readBook: (broker) => gateway.readOrderBook(broker),
  })
  const trading = parts.brokers.filter(({ spec }) => !('unsupported' in spec.orders))
  const line = linePlanOf(config, trading)
  const orders = startOrdersPool(ordersPlanOf(config, line), log)
  const reads = startReadsPool(
    {
      ...line,
      ...READ_LIMITS,
      readTimeoutMs: limits.read_timeout_ms,
      historyTimeoutMs: limits.history_timeout_ms,
    },
    log,
  )
  // The journal may tell of brokers that are not there any more.
  const keeperOf = (broker: string) => parts.brokers.find(({ spec }) => spec.id === broker)?.keeper
  const onRefused = (broker: string, why: string, session: Session | null) => {
    if (session !== null) keeperOf(broker)?.refused(why, session)
  }
  const watchedReads = events.watchReads(reads)
  const reconciler: Reconciler = new Reconciler({
    orders,
    reads: watchedReads,
    log,
    spacingMs: limits.reconcile_spacing_ms,
    looksMax: limits.reconcile_looks_max,
    isOnlyChange: (task) => gateway.isOnlyChange(task),
    sessionOf: (broker) => keeperOf(broker)?.current() ?? null,
    onRefused,
    onSettled: (task, outcome) => gateway.settled(task, outcome),
  })
  const killSwitch = new KillSwitch(config.data_dir)
  const gateway: OrderGateway = new OrderGateway({
    brokers,
    orders: inSteps(events.watchWrites(orders), parts.letTicksPass),
    reads: watchedReads,
    live: {
      book: (broker) => (reconciler.misses(broker) ? null : events.book(broker)),
      order: (broker, orderId) => events.order(broker, orderId),
    },
    reconciler,
    killSwitch,
    ...gatewaySettingsOf(limits),
    onRefused,
    log,
  })
  const useSession = (broker: string, session: Session | null) => {
    // A broker without orders is not even probed.
    if (!trading.some(({ spec }) => spec.id === broker)) return
    void orders.useSession(broker, session)
    void reads.useSession(broker, session)
  }
  const close = async () => {
    reconciler.close()
    await events.close()
    await Promise.all([orders.close(), reads.close()])
  }
  for (const { spec, keeper } of parts.brokers) useSession(spec.id, keeper.current())
  await gateway.open().catch(async (error: unknown) => {
    await close()
    throw error
  })
  events.start()
  return {
    gateway,
    killSwitch,
    orders,
    reads,
    events,
    useSession,
    useIndex(broker, blocks) {
      brokers.find(({ spec }) => spec.id === broker)?.useIndex(blocks)
    },
    status: () => statusOf({ killSwitch, orders, reads, events }, reconciler),
    close,
  }
}

function statusOf(
  { killSwitch, orders, reads, events }: StatusParts,
  reconciler: Reconciler,
): OrdersStatus {
  return {
    killed: killSwitch.isSet,
    running: orders.running,
    unknown: reconciler.pendingCount,
    reported: reconciler.reportedCount,
    threadDeaths: orders.deaths + reads.deaths,
    events: events.status(),
  }
}

function gatewaySettingsOf(config: Config['orders']) {
  return {
    limits: limitsOf(config.limits),
    holdUnknown: config.hold_unknown,
    openingMsMax: config.opening_ms_max,
    readWaitMsMax: config.read_wait_ms_max,
    lastPriceMsMax: config.last_price_ms_max,
    nowMs,
    // A read that waits its turn does not keep a process alive.
    wait: (ms: number) => wait(ms, undefined, { ref: false }),
  }
}

function ordersPlanOf({ data_dir, orders }: Config, line: LinePlan): OrdersPlan {
  return {
    ...line,
    folder: join(data_dir, 'orders'),
    syncPolicy: orders.journal_sync,
    writeTimeoutMs: orders.write_timeout_ms,
  }
}

function linePlanOf(config: Config, brokers: readonly PreparedBroker[]): LinePlan {
  return {
    brokers: brokers.map(({ spec, brokerModule, plan, hosts }) => {
      return { id: spec.id, brokerModule, plan, hosts }
    }),
    localAddress: config.orders.local_address,
    probeIntervalMs: config.orders.probe_interval_ms,
    warmConnections: config.orders.warm_connections,
  }
}

function openEvents(
  { config, feeds, audience, log }: OrdersParts,
  brokers: readonly OrderBroker[],
  hooks: Pick<OrderEventsOptions, 'onMessage' | 'readBook'>,
): Promise<OrderEvents> {
  return OrderEvents.open({
    ...hooks,
    brokers,
    audience,
    line: (broker) => feeds.find(({ id }) => id === broker)?.orderLine ?? null,
    folder: join(config.data_dir, 'orders'),
    pollMs: config.orders.poll_ms,
    nowMs,
    log,
  })
}

function orderBrokersOf({ config, brokers, catalogue, feeds, lookup }: OrdersParts) {
  return brokers.map(({ spec, tokens, details, keeper }) =>
    orderBrokerOf({
      spec,
      config: config.brokers[spec.id]!,
      feed: feeds.find(({ id }) => id === spec.id)!,
      lookup,
      blocks: { catalogue, tokens, details },
      session: () => keeper.current(),
    }),
  )
}
