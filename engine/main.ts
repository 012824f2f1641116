// Starts and stops the engine: everything in the order in which the parts need each other.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { OrderRecord } from '../adapters/orders.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { answererOf } from './api/answerer.ts'
import { KeyRing } from './auth/key-ring.ts'
import { KeyStore } from './auth/keys.ts'
import type { SessionKeeper } from './auth/session-keeper.ts'
import { Vault, vaultPlaceOf } from './auth/vault.ts'
import { nowMs } from './clock.ts'
import { Core } from './core.ts'
import { audienceOf } from './distribute/order-audience.ts'
import { Outbox } from './distribute/outbox.ts'
import type { Supply } from './distribute/supply.ts'
import { loadUWebSockets } from './distribute/uws.ts'
import { Feed, type FeedOptions } from './feed/feed.ts'
import type { Front } from './front/front.ts'
import { startFront } from './front/start.ts'
import { createLocalKey, type EngineWord, leaveWord, refuseSecondEngine } from './local-key.ts'
import { Latency } from './observe/latency.ts'
import type { Logger } from './observe/log.ts'
import { createStages, TimedLatency } from './observe/stages.ts'
import { describeStatus, type EngineStatus } from './observe/status.ts'
import { type StartedOrders, startOrders } from './orders/start.ts'
import { eventsTo, startOutputs } from './outputs.ts'
import { type Prepared, prepareBrokers } from './prepare.ts'
import { keepSessions, startSchedule } from './renewal.ts'
import { createDoorbell } from './ring/doorbell.ts'
import { routesOf } from './routes.ts'
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
  readonly front: Front
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
  const ring = new KeyRing()
  const knowKeys = () => ring.use([local.record, ...keys.list()])
  knowKeys()
  keys.onChange = knowKeys
  const verifyKey = ring.verify.bind(ring)

  const prepared = await prepareBrokers(loaded, log, await Vault.open(vaultPlaceOf(loaded)))
  const doorbell = createDoorbell()
  const outbox = new Outbox(ARENA_BYTES)
  const stages = config.engine.stages ? createStages() : null
  const feeds = createFeeds(
    { config, prepared, doorbell, arena: outbox, stages, log },
    (...order) => orders.events.message(...order),
  )
  const outputs = await startOutputs({ config, uws, feeds, outbox, log, verifyKey }, undo)
  const { websocket, zeromq, sendEvent } = outputs
  const latency = stages ? new TimedLatency(stages) : new Latency()
  const core = new Core(doorbell, feeds, outbox, latency, eventsTo(sendEvent), config.engine)
  const { letTicksPass } = core
  const lookup = new Lookup(log)
  undo.push(() => lookup.close())
  const orders = await startOrders({
    ...{ config, feeds, lookup, log, letTicksPass },
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

  const status = () => describeStatus({ startedAtMs, feeds, keepers, ...outputs, latency, orders })
  const routes = routesOf({
    ...{ config, prepared, keys, feeds, keepers, websocket, orders, lookup, schedule, stages },
    ...{ startedAtMs, log, status },
  })
  const front = await startFront({
    ...{ config, ring, feeds, gateway: orders.gateway, lookup, letTicksPass, log },
    answer: answererOf(routes, verifyKey),
  })
  undo.push(() => front.close())
  startTicks(core, outputs.supply, feeds, undo)

  const { websocketPort } = outputs
  const open = { websocketPort, httpPort: front.port, zeromq: zeromq?.word ?? null }
  undo.push(await leaveWord(config.data_dir, wordOf(config, open, local.key, startedAtMs)))
  log.info({ ...open, zeromq: zeromq?.word, brokers: feeds.map(({ id }) => id) }, 'started')
  const latest = { status, latency: () => latency.interval() }
  return { ...open, localKey: local.key, feeds, keepers, orders, front, ...latest }
}

/** What commands on this machine read. */
function wordOf(
  { websocket, http }: Config,
  open: Pick<Engine, 'websocketPort' | 'httpPort'> & Pick<EngineWord, 'zeromq'>,
  apiKey: string,
  startedAtMs: number,
): EngineWord {
  return {
    pid: process.pid,
    startedAtMs,
    websocket: { host: websocket.host, port: open.websocketPort },
    http: { host: http.host, port: open.httpPort },
    zeromq: open.zeromq,
    apiKey,
  }
}

type FeedParts = Pick<FeedOptions, 'doorbell' | 'arena' | 'stages' | 'log'> & {
  readonly config: Config
  readonly prepared: Prepared
}

/** The feed of each broker, all of them on one catalogue; they start later. */
function createFeeds(
  { config, prepared, log, ...shared }: FeedParts,
  onOrder: (broker: string, record: OrderRecord, by: 'feed') => void,
): Feed[] {
  const catalogue = new Catalogue(prepared.catalogue)
  return prepared.brokers.map(
    ({ keeper, ...broker }) =>
      new Feed({
        ...broker,
        ...shared,
        session: keeper.current(),
        onRefused: (why, session) => keeper.refused(why, session),
        onOrder: (record) => onOrder(broker.spec.id, record, 'feed'),
        catalogue,
        log: log.child({ broker: broker.spec.id }),
        ringSlots: config.engine.ring_slots,
        instrumentsMax: config.engine.instruments_max,
        backoffMsMin: config.feed.backoff_ms_min,
        backoffMsMax: config.feed.backoff_ms_max,
        staleMs: config.feed.stale_ms,
      }),
  )
}

function startTicks(
  core: Core,
  supply: Supply,
  feeds: readonly Feed[],
  undo: (() => unknown)[],
): void {
  core.start()
  supply.start()
  undo.push(() => supply.stop())
  undo.push(() => core.stop())
  for (const feed of feeds) feed.start()
  undo.push(() => Promise.all(feeds.map((feed) => feed.stop())))
}
