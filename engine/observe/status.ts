// The running engine in numbers, as the admin API tells them.
import type { SessionKeeper } from '../auth/session-keeper.ts'
import { nowMs } from '../clock.ts'
import type { Supply } from '../distribute/supply.ts'
import type { WebSocketServer } from '../distribute/websocket.ts'
import type { ZeroMqPublisher } from '../distribute/zeromq/publisher.ts'
import type { Feed } from '../feed/feed.ts'
import type { OrdersStatus } from '../orders/start.ts'
import type { Latency } from './latency.ts'

export interface StatusSources {
  readonly startedAtMs: number
  readonly feeds: readonly Feed[]
  readonly keepers: readonly SessionKeeper[]
  readonly supply: Supply
  readonly websocket: WebSocketServer
  /** Null where it is turned off. */
  readonly zeromq: ZeroMqPublisher | null
  readonly latency: Latency
  readonly orders: { status(): OrdersStatus }
}

export type EngineStatus = ReturnType<typeof describeStatus>

/** A snapshot of every counter. Times are epoch ms, latencies µs from socket to send. */
export function describeStatus(sources: StatusSources) {
  const { startedAtMs, feeds, keepers, supply, websocket, zeromq, latency, orders } = sources
  const { totals, clients, refusedFull } = websocket
  return {
    startedAtMs,
    uptimeS: Math.floor((nowMs() - startedAtMs) / 1000),
    sessions: keepers.map((keeper) => keeper.status()),
    feeds: feeds.map((feed) => ({
      broker: feed.id,
      connected: feed.isConnected,
      sockets: feed.socketStates,
      epoch: feed.epoch,
      instrumentsListed: feed.tokens.rows,
      instrumentsWanted: feed.wantedCount,
      handedOver: supply.handedOver(feed),
      capacity: feed.capacity,
      workerRestarts: feed.workerRestarts,
      ...feed.counters(),
      ring: {
        slots: feed.reader.slots,
        behind: feed.reader.behind,
        lost: feed.reader.lost,
        laps: feed.reader.laps,
      },
      deliveries: feed.router.delivered,
      unwanted: feed.router.unwanted,
    })),
    clients: {
      connected: clients.size,
      ...totals,
      refusedFull,
      list: [...clients].map((client) => ({
        number: client.number,
        key: client.keyName,
        format: client.isPacked ? 'msgpack' : 'json',
        instruments: client.held.size,
        itemsSent: client.itemsSent,
        connectedAtMs: client.connectedAtMs,
      })),
    },
    zeromq: zeromq?.status() ?? null,
    orders: orders.status(),
    latency: latency.total(),
  }
}

/** Whether all is well, for those who watch from outside: `ok` while every socket of every feed carries ticks. */
export function describeHealth(feeds: readonly Feed[], startedAtMs: number) {
  // A stale socket is a market that is closed as often as it is trouble.
  const isWell = (feed: Feed) =>
    feed.isConnected && feed.socketStates.every((state) => state === 'live' || state === 'stale')
  return {
    status: feeds.every(isWell) ? 'ok' : 'degraded',
    uptimeS: Math.floor((nowMs() - startedAtMs) / 1000),
    feeds: feeds.map(({ id, isConnected, socketStates }) => ({
      broker: id,
      connected: isConnected,
      sockets: socketStates,
    })),
  }
}
