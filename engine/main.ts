// Starts and stops the engine: everything in the order in which the parts need each other.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BROKERS } from '../adapters/registry.ts'
import type { LoadedConfig } from '../config/load.ts'
import { packageVersion } from '../config/root.ts'
import type { Config } from '../config/schema.ts'
import { adminRoutes, stagesRoute } from './api/admin.ts'
import { serveHttp } from './api/http.ts'
import { killRoutes } from './api/kill.ts'
import { apiRoutes } from './api/openapi.ts'
import { postbackRoutes } from './api/postback.ts'
import { rateLimitsOf } from './api/rate-limits.ts'
import { sessionRoutes } from './api/session-admin.ts'
import { symbolAdminRoutes } from './api/symbol-admin.ts'
import { symbolEndpoints } from './api/symbols.ts'
import { marketOf, tradingContext, tradingEndpoints } from './api/trading.ts'
import { CurveStore } from './auth/curve.ts'
import { type KeyRecord, KeyStore } from './auth/keys.ts'
import { LoginDesk } from './auth/login-desk.ts'
import type { SessionKeeper } from './auth/session-keeper.ts'
import { Vault, vaultPlaceOf } from './auth/vault.ts'
import { nowMs } from './clock.ts'
import { Core } from './core.ts'
import type { StreamEvent } from './distribute/event.ts'
import { audienceOf } from './distribute/order-audience.ts'
import { Outbox } from './distribute/outbox.ts'
import type { ProtocolContext } from './distribute/reply.ts'
import { OneBroker } from './distribute/source.ts'
import { Supply } from './distribute/supply.ts'
import { loadUWebSockets } from './distribute/uws.ts'
import { WebSocketServer } from './distribute/websocket.ts'
import { type ZeroMqOptions, ZeroMqPublisher } from './distribute/zeromq/publisher.ts'
import { Feed } from './feed/feed.ts'
import { GAP_REASONS } from './feed/state.ts'
import { createLocalKey, leaveWord, refuseSecondEngine } from './local-key.ts'
import { Latency } from './observe/latency.ts'
import type { Logger } from './observe/log.ts'
import { createStages, TimedLatency, takeStages } from './observe/stages.ts'
import { describeHealth, describeStatus, type EngineStatus } from './observe/status.ts'
import { type StartedOrders, startOrders } from './orders/start.ts'
import { prepareBrokers } from './prepare.ts'
import { keepSessions, startSchedule } from './renewal.ts'
import { createDoorbell } from './ring/doorbell.ts'
import { StartError } from './start-error.ts'
import { Catalogue } from './symbols/catalogue.ts'
import { Lookup } from './symbols/lookup/lookup.ts'

const ARENA_BYTES = 4 * 1024 * 1024

export interface Engine {
  readonly websocketPort: number
  readonly httpPort: number
  /** Endpoints to subscribe at; null where ZeroMQ is turned off. */
  readonly zeromq: { readonly ticks: readonly string[]; readonly batches: readonly string[] } | null
  /** Key for clients on this machine, valid while the engine runs. */
  readonly localKey: string
  readonly feeds: readonly Feed[]
  readonly keepers: readonly SessionKeeper[]
  readonly orders: StartedOrders
  status(): EngineStatus
  latency(): ReturnType<Latency['interval']>
  stop(): Promise<void>
}

/**
 * Starts the engine and resolves when clients can connect. Throws a sentence (StartError, ConfigError, SignInError)
 * when a part cannot start; what had started by then is stopped again.
 */
export async function startEngine(loaded: LoadedConfig, log: Logger): Promise<Engine> {
  checkMachine()
  const { config } = loaded
  // Undone from last to first.
  const undo: (() => unknown)[] = []
  const stop = async () => {
    for (const step of undo.reverse().splice(0)) await step()
  }
  try {
    await mkdir(config.data_dir, { recursive: true, mode: 0o700 })
    await refuseSecondEngine(config.data_dir)
    return { ...(await startParts(loaded, log, undo)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The ring's plain stores need the store order that x86-64 gives; elsewhere readers could see torn records. */
function checkMachine(): void {
  if (process.arch === 'x64' && process.platform === 'linux') return
  throw new StartError(
    `tickplant runs on Linux x64 only, not on ${process.platform}-${process.arch}`,
  )
}

async function startParts(
  loaded: LoadedConfig,
  log: Logger,
  undo: (() => unknown)[],
): Promise<Omit<Engine, 'stop'>> {
  const { config } = loaded
  const uws = loadUWebSockets()
  const keys = await KeyStore.load(join(config.data_dir, 'keys.json'))
  const startedAtMs = nowMs()
  const local = createLocalKey(startedAtMs)
  const verifyKey = (key: string): KeyRecord | null => local.verify(key) ?? keys.verify(key)

  const vault = await Vault.open(vaultPlaceOf(loaded))
  const prepared = await prepareBrokers(loaded, log, vault)
  const doorbell = createDoorbell()
  const outbox = new Outbox(ARENA_BYTES)
  const stages = config.engine.stages ? createStages() : null
  const catalogue = new Catalogue(prepared.catalogue)
  const feeds = prepared.brokers.map(
    ({ keeper, ...broker }) =>
      new Feed({
        ...broker,
        session: keeper.current(),
        onRefused: (why, session) => keeper.refused(why, session),
        onOrder: (record) => orders.events.message(broker.spec.id, record, 'feed'),
        catalogue,
        doorbell,
        arena: outbox,
        log: log.child({ broker: broker.spec.id }),
        stages,
        ringSlots: config.engine.ring_slots,
        instrumentsMax: config.engine.instruments_max,
        backoffMsMin: config.feed.backoff_ms_min,
        backoffMsMax: config.feed.backoff_ms_max,
        staleMs: config.feed.stale_ms,
      }),
  )

  const supply = new Supply({
    feeds,
    handOverMs: config.feed.hand_over_ms,
    giveBackMs: config.feed.give_back_ms,
    onMoved(...move) {
      moved(events, log, ...move)
      // No drain ends here that would send it.
      outbox.flush()
    },
  })
  const context: ProtocolContext = {
    supply,
    sources: new Map(feeds.map((feed) => [feed.id, new OneBroker(feed)])),
    verifyKey,
    brokerIds: Object.keys(BROKERS),
    symbolsPerClientMax: config.websocket.symbols_per_client_max,
  }
  const websocket = new WebSocketServer(uws, config.websocket, context, outbox)
  const websocketPort = websocket.listen()
  undo.push(() => websocket.close())
  const zeromq = await startZeroMq(config, { feeds, supply, outbox, log })
  undo.push(() => zeromq?.close())
  const events = sendTo(websocket, zeromq)

  const lookup = new Lookup(log)
  undo.push(() => lookup.close())
  const orders = await startOrders({
    ...{ config, feeds, lookup, log },
    brokers: prepared.brokers,
    catalogue: prepared.catalogue,
    audience: audienceOf({ feeds, websocket, zeromq, outbox }),
  })
  undo.push(() => orders.close())
  const renewed = { config, prepared, feeds, lookup, orders, zeromq, log }
  const schedule = startSchedule(renewed)
  undo.push(() => schedule.stop())

  const keepers = keepSessions(renewed, schedule)
  undo.push(() => {
    for (const keeper of keepers) keeper.stop()
  })

  const latency = stages ? new TimedLatency(stages) : new Latency()
  const desks = prepared.brokers.map(
    ({ spec, hosts, keeper }) => new LoginDesk({ broker: spec, hosts, keeper }),
  )

  const status = () =>
    describeStatus({ startedAtMs, feeds, keepers, supply, websocket, zeromq, latency, orders })
  const brokers = feeds.map(({ id }) => id)
  const trading = tradingContext(orders.gateway, feeds, config.rest)
  const core = new Core(doorbell, feeds, outbox, latency, eventsTo(events), config.engine)
  const routes = [
    ...adminRoutes({
      keys,
      health: () => describeHealth(feeds, startedAtMs),
      status,
      closeKey: (keyId) => websocket.closeKey(keyId),
    }),
    ...killRoutes({ killSwitch: orders.killSwitch, nowMs, log }),
    ...symbolAdminRoutes({ schedule, lookup }),
    ...(stages ? [stagesRoute(() => takeStages(stages))] : []),
    ...sessionRoutes({ desks, keepers }),
    ...postbackRoutes({ config, feeds, events: orders.events, log }),
    ...apiRoutes(
      [
        ...symbolEndpoints({ lookup, brokers, nowMs, market: marketOf(trading) }),
        ...tradingEndpoints(trading),
      ],
      verifyKey,
      packageVersion(),
      rateLimitsOf(config.rest, nowMs),
    ),
  ]
  const http = serveHttp(uws, config.http, verifyKey, routes, core.letTicksPass)
  undo.push(() => http.close())

  core.start()
  supply.start()
  undo.push(() => supply.stop())
  undo.push(() => core.stop())
  for (const feed of feeds) feed.start()
  undo.push(() => Promise.all(feeds.map((feed) => feed.stop())))

  const takeBack = await leaveWord(config.data_dir, {
    pid: process.pid,
    startedAtMs,
    websocket: { host: config.websocket.host, port: websocketPort },
    http: { host: config.http.host, port: http.port },
    zeromq: zeromq?.word ?? null,
    apiKey: local.key,
  })
  undo.push(takeBack)
  log.info(
    {
      websocketPort,
      httpPort: http.port,
      zeromq: zeromq?.word,
      brokers: feeds.map(({ id }) => id),
    },
    'started',
  )
  return {
    websocketPort,
    httpPort: http.port,
    zeromq: zeromq?.word ?? null,
    localKey: local.key,
    feeds,
    keepers,
    orders,
    status,
    latency: () => latency.interval(),
  }
}

async function startZeroMq(
  { zeromq: limits, data_dir: folder }: Config,
  parts: Pick<ZeroMqOptions, 'feeds' | 'supply' | 'outbox' | 'log'>,
): Promise<ZeroMqPublisher | null> {
  if (!limits.enabled) return null
  const curve = limits.curve ? await openCurve(folder) : null
  return ZeroMqPublisher.start({ ...parts, limits, folder, curve })
}

async function openCurve(folder: string) {
  const store = CurveStore.load(folder)
  return { pair: await store.serverPair(), allows: (key: Uint8Array) => store.allows(key) }
}

type SendEvent = (feed: Feed, event: StreamEvent) => void

function sendTo(websocket: WebSocketServer, zeromq: ZeroMqPublisher | null): SendEvent {
  return (feed, event) => {
    websocket.sendEvent(feed, event)
    zeromq?.sendEvent(feed, event)
  }
}

/** Tells clients and the log that others deliver what a feed is preferred for, or no longer. */
function moved(
  send: SendEvent,
  log: Logger,
  home: Feed,
  from: Feed,
  to: Feed,
  instruments: number,
): void {
  const status = to === home ? 'taken_back' : 'handed_over'
  const since = nowMs()
  const route = { from: from.id, to: to.id, instruments }
  log.warn({ broker: home.id, ...route }, `instruments ${status.replace('_', ' ')}`)
  send(home, { type: 'feed_status', broker: home.id, status, ...route, since })
}

/** Turns the ring's events into what clients see. */
function eventsTo(send: SendEvent) {
  return {
    onGap(feed: Feed) {
      const { code, socket, sinceMs, untilMs } = feed.reader.event
      const reason = GAP_REASONS[code] ?? 'reconnected'
      const times = { since: sinceMs, until: untilMs }
      send(feed, { type: 'gap', broker: feed.id, reason, socket, ...times })
    },
    onLapped(feed: Feed, lost: number) {
      send(feed, { type: 'gap', broker: feed.id, reason: 'lapped', lost })
    },
    onStatus(feed: Feed) {
      const { socket, sinceMs } = feed.reader.event
      const status = feed.onStatus(feed.reader.event)
      const event = {
        type: 'feed_status',
        broker: feed.id,
        status,
        socket,
        since: sinceMs,
      } as const
      send(feed, event)
    },
  }
}
