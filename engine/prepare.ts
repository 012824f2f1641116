// Before a feed can start: the broker's description, a session, and its instruments in the shared index.
import { join } from 'node:path'
import type { BrokerSpec, Hosts, Session } from '../adapters/broker.ts'
import { loadBroker } from '../adapters/registry.ts'
import { checkBrokerKeys, type LoadedConfig } from '../config/load.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { signIn } from './auth/sign-in.ts'
import type { Logger } from './observe/log.ts'
import { StartError } from './start-error.ts'
import { Catalogue } from './symbols/catalogue.ts'
import { loadIndex, openStore } from './symbols/store.ts'
import { syncInstruments } from './symbols/sync.ts'

export interface PreparedBroker {
  readonly spec: BrokerSpec
  readonly brokerModule: string | undefined
  readonly hosts: Hosts
  readonly session: Session
  readonly tokens: SharedArrayBuffer
}

export interface Prepared {
  readonly brokers: readonly PreparedBroker[]
  /** Covers the instruments of all of them. */
  readonly catalogue: SharedArrayBuffer
}

/**
 * Prepares every enabled broker, one after another. One that fails is left out with an error in the log as long as
 * another one starts; otherwise its error is thrown.
 */
export async function prepareBrokers(loaded: LoadedConfig, log: Logger): Promise<Prepared> {
  const { config } = loaded
  const enabled = Object.entries(config.brokers).filter(([, { enabled }]) => enabled)
  if (enabled.length === 0) {
    throw new StartError(
      'no broker is configured: add a [brokers.<id>] table to tickplant.toml, or try `tickplant start --demo`',
    )
  }
  const brokers: PreparedBroker[] = []
  const failures: { id: string; error: unknown }[] = []
  let catalogue: SharedArrayBuffer | null = null
  for (const [id, broker] of enabled) {
    try {
      const prepared = await prepareBroker(loaded, id, broker, log.child({ broker: id }))
      // The index that was written last knows the instruments of all before it.
      catalogue = prepared.catalogue
      brokers.push(prepared)
    } catch (error) {
      failures.push({ id, error })
    }
  }
  if (catalogue === null) throw failures[0]!.error
  for (const { id, error } of failures) log.error({ broker: id, err: error }, 'broker left out')
  const known = new Catalogue(catalogue).size
  if (known > config.engine.instruments_max) {
    throw new StartError(
      `engine.instruments_max is ${config.engine.instruments_max}, but the store holds ${known} instruments; raise it`,
    )
  }
  return { brokers, catalogue }
}

async function prepareBroker(
  loaded: LoadedConfig,
  id: string,
  broker: BrokerConfig,
  log: Logger,
): Promise<PreparedBroker & { catalogue: SharedArrayBuffer }> {
  const spec = await loadBroker(id, broker.adapter).catch((error: Error) => {
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
  const session = await signIn(spec, hosts, broker.credentials)
  const index = await loadInstruments(loaded, spec, broker, hosts, session, log)
  return { spec, brokerModule: broker.adapter, hosts, session, ...index }
}

/** Today's instruments, or the last good ones when today's cannot be had. */
async function loadInstruments(
  { config }: LoadedConfig,
  spec: BrokerSpec,
  broker: BrokerConfig,
  hosts: Hosts,
  session: Session,
  log: Logger,
): Promise<{ tokens: SharedArrayBuffer; catalogue: SharedArrayBuffer }> {
  const source =
    broker.master_file === undefined
      ? { requests: spec.instruments.files(hosts, session) }
      : { file: broker.master_file }
  const storeFolder = join(config.data_dir, 'store')
  try {
    const synced = await syncInstruments({
      storeFolder,
      broker: spec.id,
      ...(broker.adapter === undefined ? {} : { brokerModule: broker.adapter }),
      source,
    })
    const { rows, skipped, samples, totalMs } = synced
    log.info({ rows, skipped, samples, totalMs }, 'instruments synced')
    return synced
  } catch (error) {
    const store = openStore(storeFolder)
    const index = loadIndex(store, spec.id)
    await store.root.close()
    if (index === null) throw new StartError((error as Error).message)
    const { syncedAtMs } = index
    log.error(
      { err: error, syncedAtMs },
      'sync failed; the instruments of the last good one are used',
    )
    return index
  }
}
