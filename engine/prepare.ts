// Before a feed can start: the broker's description, its session, and its instruments in the shared index. A broker
// that waits for its sign-in starts with the last good instruments, or with those that anyone may download.
import { join } from 'node:path'
import type { BrokerSpec, Hosts, Session } from '../adapters/broker.ts'
import { loadBroker } from '../adapters/registry.ts'
import { checkBrokerKeys, type LoadedConfig } from '../config/load.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { SessionKeeper } from './auth/session-keeper.ts'
import type { SessionSafe } from './auth/session-safe.ts'
import { nowMs } from './clock.ts'
import type { Logger } from './observe/log.ts'
import { StartError } from './start-error.ts'
import { Catalogue } from './symbols/catalogue.ts'
import { currentIndex, isReady, type ListSource, type WaitingList } from './symbols/list-source.ts'
import { loadIndex, openStore, type Store, type SymbolIndex } from './symbols/store.ts'
import { syncInstruments } from './symbols/sync.ts'

/** A broker as the configuration has it. */
export interface ConfiguredBroker {
  readonly spec: BrokerSpec
  readonly brokerModule: string | undefined
  readonly plan: string | undefined
  readonly hosts: Hosts
  readonly broker: BrokerConfig
}

export interface PreparedBroker extends Omit<ConfiguredBroker, 'broker'> {
  readonly keeper: SessionKeeper
  readonly list: WaitingList
  /** Where the list comes from with a session, or without one; null: from nowhere. */
  sourceWith(session: Session | null): ListSource['source'] | null
  readonly tokens: SharedArrayBuffer
  readonly details: SharedArrayBuffer
}

export interface Prepared {
  readonly brokers: readonly PreparedBroker[]
  /** Covers the instruments of all of them. */
  readonly catalogue: SharedArrayBuffer
}

/** The folder of the symtoken store. */
export const storeFolderOf = (dataDir: string) => join(dataDir, 'store')

/**
 * Prepares every enabled broker, all at the same time. One that fails is left out with an error in the log as long
 * as another one starts; otherwise the error of the first is thrown.
 */
export async function prepareBrokers(
  loaded: LoadedConfig,
  log: Logger,
  safe: SessionSafe | null = null,
): Promise<Prepared> {
  const { config } = loaded
  const enabled = Object.entries(config.brokers).filter(([, { enabled }]) => enabled)
  if (enabled.length === 0) {
    throw new StartError(
      'no broker is configured: add a [brokers.<id>] table to tickplant.toml, or try `tickplant start --demo`',
    )
  }
  const outcomes = await Promise.allSettled(
    enabled.map(([id, broker]) => prepareBroker(loaded, id, broker, log, safe)),
  )
  const brokers = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  const failures = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ id: enabled[at]![0], error: outcome.reason }] : [],
  )
  if (brokers.length === 0) throw failures[0]!.error
  for (const { id, error } of failures) log.error({ broker: id, err: error }, 'broker left out')
  // Numbers are never taken back, so the largest catalogue knows the instruments of all.
  const [largest] = brokers
    .map(({ catalogue }) => ({ catalogue, size: new Catalogue(catalogue).size }))
    .sort((one, other) => other.size - one.size)
  const { catalogue, size: known } = largest!
  if (known > config.engine.instruments_max) {
    throw new StartError(
      `engine.instruments_max is ${config.engine.instruments_max}, but the store holds ${known} instruments; raise it`,
    )
  }
  return { brokers, catalogue }
}

/** Loads a broker's description and the hosts to use. Throws a StartError or a ConfigError. */
export async function configureBroker(
  loaded: LoadedConfig,
  id: string,
  broker: BrokerConfig,
): Promise<ConfiguredBroker> {
  const { adapter: brokerModule, plan } = broker
  const spec = await loadBroker(id, brokerModule, plan).catch((error: Error) => {
    throw new StartError(error.message)
  })
  const names = spec.signIn.credentials.map(({ name }) => name)
  checkBrokerKeys(loaded, id, names)
  const hosts: Hosts = {
    ...spec.hosts,
    ...(broker.rest === undefined ? {} : { rest: broker.rest }),
    ...(broker.feed === undefined ? {} : { feed: broker.feed }),
    ...(broker.login === undefined ? {} : { login: broker.login }),
  }
  return { spec, brokerModule, plan, hosts, broker }
}

/** Keeps the session of a broker. */
export function keeperOf(
  { config }: LoadedConfig,
  { spec, hosts, broker: { credentials } }: ConfiguredBroker,
  log: Logger,
  safe: SessionSafe | null,
): SessionKeeper {
  const { expiring_ms: expiringMs } = config.session
  return new SessionKeeper({ broker: spec, hosts, credentials, safe, expiringMs, log })
}

/** Where a broker's instruments come from; only files that are not public take a session. */
export function listOf(
  dataDir: string,
  { spec, brokerModule, hosts, broker }: ConfiguredBroker,
  session: Session | null,
): WaitingList {
  const { publishedAt, arePublic = false } = spec.instruments
  const file = broker.master_file
  const downloads = () => ({ downloads: spec.instruments.files(hosts, session!) })
  const source = file !== undefined ? { file } : session || arePublic ? downloads() : null
  return {
    storeFolder: storeFolderOf(dataDir),
    broker: spec.id,
    ...(brokerModule === undefined ? {} : { brokerModule }),
    publishedAt,
    source,
  }
}

async function prepareBroker(
  loaded: LoadedConfig,
  id: string,
  config: BrokerConfig,
  log: Logger,
  safe: SessionSafe | null,
): Promise<PreparedBroker & { catalogue: SharedArrayBuffer }> {
  const found = await configureBroker(loaded, id, config)
  const { broker, ...configured } = found
  const keeper = keeperOf(loaded, found, log, safe)
  await keeper.start()
  const listWith = (session: Session | null) => listOf(loaded.config.data_dir, found, session)
  const list = listWith(keeper.current())
  const { catalogue, tokens, details } = isReady(list)
    ? await loadInstruments(list, log.child({ broker: id }))
    : await loadLastGood(list, keeper)
  const sourceWith = (session: Session | null) => listWith(session).source
  return { ...configured, keeper, list, sourceWith, catalogue, tokens, details }
}

/** The instruments of the last good sync, for a broker that waits for its sign-in. Throws a StartError without any. */
async function loadLastGood(list: WaitingList, keeper: SessionKeeper): Promise<SymbolIndex> {
  const { broker, storeFolder } = list
  const index = await withStore(storeFolder, (store) => loadIndex(store, broker))
  if (index !== null) return index
  const { problem } = keeper.status()
  throw new StartError(
    `${broker} has neither a session nor instruments of an earlier one: ` +
      `run \`tickplant login ${broker}\` first (${problem})`,
  )
}

/** The instruments of the broker's last publication, or the last good ones when those cannot be had. */
async function loadInstruments(list: ListSource, log: Logger): Promise<SymbolIndex> {
  const { storeFolder } = list
  const current = await withStore(storeFolder, (store) => currentIndex(store, list, nowMs()))
  if (current !== null) {
    const { rows, syncedAtMs } = current
    log.info({ rows, syncedAtMs }, 'instruments of the last publication are there')
    return current
  }
  try {
    const synced = await syncInstruments(list)
    const { outcome, rows, skipped, samples, totalMs } = synced
    log.info({ outcome, rows, skipped, samples, totalMs }, 'instruments synced')
    return synced
  } catch (error) {
    const index = await withStore(storeFolder, (store) => loadIndex(store, list.broker))
    if (index === null) throw new StartError((error as Error).message)
    const { syncedAtMs } = index
    log.error(
      { err: error, syncedAtMs },
      'sync failed; the instruments of the last good one are used',
    )
    return index
  }
}

async function withStore<Result>(
  storeFolder: string,
  use: (store: Store) => Result,
): Promise<Result> {
  const store = openStore(storeFolder)
  try {
    return use(store)
  } finally {
    await store.root.close()
  }
}
