// What of the HTTP port the core answers itself, each route with what it needs of the engine; the front thread answers
// OpenAlgo's API.
import type { Config } from '../config/schema.ts'
import { adminRoutes, stagesRoute } from './api/admin.ts'
import { killRoutes } from './api/kill.ts'
import { postbackRoutes } from './api/postback.ts'
import { sessionRoutes } from './api/session-admin.ts'
import { symbolAdminRoutes } from './api/symbol-admin.ts'
import type { KeyStore } from './auth/keys.ts'
import { LoginDesk } from './auth/login-desk.ts'
import type { SessionKeeper } from './auth/session-keeper.ts'
import { nowMs } from './clock.ts'
import type { WebSocketServer } from './distribute/websocket.ts'
import type { Feed } from './feed/feed.ts'
import type { Logger } from './observe/log.ts'
import { takeStages } from './observe/stages.ts'
import { describeHealth, type EngineStatus } from './observe/status.ts'
import type { StartedOrders } from './orders/start.ts'
import type { Prepared } from './prepare.ts'
import type { Lookup } from './symbols/lookup/lookup.ts'
import type { SymbolSchedule } from './symbols/schedule.ts'

export interface RouteParts {
  readonly config: Config
  readonly prepared: Prepared
  readonly keys: KeyStore
  readonly feeds: readonly Feed[]
  readonly keepers: readonly SessionKeeper[]
  readonly websocket: WebSocketServer
  readonly orders: StartedOrders
  readonly lookup: Lookup
  readonly schedule: SymbolSchedule
  /** Null where the stages of ticks are not timed. */
  readonly stages: SharedArrayBuffer | null
  readonly startedAtMs: number
  readonly log: Logger
  status(): EngineStatus
}

/** The admin API, and the broker's callbacks. */
export function routesOf(parts: RouteParts) {
  const { config, feeds, keepers, lookup, orders, stages, log } = parts
  const desks = parts.prepared.brokers.map(
    ({ spec, hosts, keeper }) => new LoginDesk({ broker: spec, hosts, keeper }),
  )
  return [
    ...adminRoutes({
      keys: parts.keys,
      health: () => describeHealth(feeds, parts.startedAtMs),
      status: parts.status,
      closeKey: (keyId) => parts.websocket.closeKey(keyId),
    }),
    ...killRoutes({ killSwitch: orders.killSwitch, nowMs, log }),
    ...symbolAdminRoutes({ schedule: parts.schedule, lookup }),
    ...(stages ? [stagesRoute(() => takeStages(stages))] : []),
    ...sessionRoutes({ desks, keepers }),
    ...postbackRoutes({ config, feeds, events: orders.events, log }),
  ]
}
