// Before a feed can start: the broker's description, a session, and its instruments in the shared index.
import { join } from 'node:path'
import type { BrokerSpec, Hosts, Session } from '../adapters/broker.ts'
import { loadBroker } from '../adapters/registry.ts'
import { checkBrokerKeys, type LoadedConfig } from '../config/load.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { signIn } from './auth/sign-in.ts'
import { nowMs } from './clock.ts'
import type { Logger } from './observe/log.ts'
import { StartError } from './start-error.ts'
import { Catalogue } from './symbols/catalogue.ts'
import { currentIndex, type ListSource } from './symbols/list-source.ts'
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
  readonly session: Session
  readonly list: ListSource
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
export async function prepareBrokers(loaded: LoadedConfig, log: Logger): Promise<Prepared> {
  const { config } = loaded
  const enabled = Object.entries(config.brokers).filter(([, { enabled }]) => enabled)
  if (enabled.length === 0) {
    throw new StartError(
      'no broker is configured: add a [brokers.<id>] table to tickplant.toml, or try `tickplant start --demo`',
    )
  }
  const outcomes = await Promise.allSettled(
    enabled.map(([id, broker]) => prepareBroker(loaded, id, broker, log.child({ broker: id }))),
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

/** Where a broker's instruments come from; only a download takes a session. */
export function listSourceOf(
  dataDir: string,
  { spec, brokerModule, hosts, broker }: ConfiguredBroker,
  session: Session | null,
): ListSource {
  const file = broker.master_file
  return {
    storeFolder: storeFolderOf(dataDir),
    broker: spec.id,
    ...(brokerModule === undefined ? {} : { brokerModule }),
    publishedAt: spec.instruments.publishedAt,
    source: file === undefined ? { downloads: spec.instruments.files(hosts, session!) } : { file },
  }
}

async function prepareBroker(
  loaded: LoadedConfig,
  id: string,
  config: BrokerConfig,
  log: Logger,
): Promise<PreparedBroker & { catalogue: SharedArrayBuffer }> {
  const { broker, ...configured } = await configureBroker(loaded, id, config)
  const { spec, hosts } = configured
  const session = await signIn(spec, hosts, broker.credentials)
  const list = listSourceOf(loaded.config.data_dir, { ...configured, broker }, session)
  const { catalogue, tokens, details } = await loadInstruments(list, log)
  return { ...configured, session, list, catalogue, tokens, details }
}

/** The instruments of the broker's last publication, or the last good ones when those cannot be had. */
async function loadInstruments(list: ListSource, log: Logger): Promise<SymbolIndex> {
  const current = await withStore(list, (store) => currentIndex(store, list, nowMs()))
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
    const index = await withStore(list, (store) => loadIndex(store, list.broker))
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
  { storeFolder }: ListSource,
  use: (store: Store) => Result,
): Promise<Result> {
  const store = openStore(storeFolder)
  try {
    return use(store)
  } finally {
    await store.root.close()
  }
}
