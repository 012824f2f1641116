// Puts the configuration together. Every source is checked, also where a stronger one wins, and the first
// mistake ends the loading: a start with half of its wishes ignored is worse than none.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigError, unknownKey } from './error.ts'
import { packageRoot } from './root.ts'
import { BROKER_KEYS, type BrokerConfig, type Config } from './schema.ts'
import {
  type Environment,
  type Flags,
  fromEnvironment,
  fromFlags,
  fromToml,
  type Setting,
  VAULT_KEY_VARIABLE,
} from './sources.ts'

export interface LoadOptions {
  /** Ids of the built-in brokers. */
  readonly brokerIds: readonly string[]
  /** The file that was asked for; without it ./tickplant.toml is read where it exists. */
  readonly configFile?: string | undefined
  /** Values by dotted key that win over every other source; text is read as the key wants it. */
  readonly flags?: Flags
  readonly env?: Environment
  /** Working folder: tickplant.toml and .env lie here, and relative paths start here. */
  readonly cwd?: string
}

export interface LoadedConfig {
  readonly config: Config
  /** Where each value that is set came from, by dotted key, in words that complete "in ...". */
  readonly origins: ReadonlyMap<string, string>
  /** The key of the vault as the environment or .env has it; no file and no flag may hold it. */
  readonly vaultKey?: string
}

const DEFAULT_FILE = 'config/default.toml'
const USUAL_FILE = 'tickplant.toml'

/**
 * Loads and checks the configuration. Flags win over the environment, that over .env, that over the file, and
 * that over config/default.toml. Throws a ConfigError for the first mistake found.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { cwd = process.cwd(), env = process.env, brokerIds } = options
  const defaults = fromToml(readFileSync(join(packageRoot, DEFAULT_FILE), 'utf8'), DEFAULT_FILE)
  const files = [...defaults, ...fromConfigFile(options.configFile, cwd)]
  const flags = [...fromFlags(options.flags ?? {})]
  const ids = [...brokerIds, ...brokersIn([...files, ...flags])]
  const dotEnv = parseEnv(read(join(cwd, '.env'), '.env') ?? '')
  const settings = [
    ...files,
    ...fromEnvironment(dotEnv, '.env', ids),
    ...fromEnvironment(env, 'the environment', ids),
    ...flags,
  ]
  const origins = new Map(settings.map(({ path, origin }) => [path.join('.'), origin]))
  const vaultKey = env[VAULT_KEY_VARIABLE] ?? dotEnv[VAULT_KEY_VARIABLE]
  const loaded: LoadedConfig = {
    config: assemble(settings, cwd),
    origins,
    ...(vaultKey === undefined ? {} : { vaultKey }),
  }
  checkBackoff(loaded)
  checkPorts(loaded)
  checkBrokerIds(loaded, brokerIds)
  return loaded
}

function fromConfigFile(asked: string | undefined, cwd: string): Iterable<Setting> {
  const file = asked ?? USUAL_FILE
  const text = read(resolve(cwd, file), file)
  if (text !== undefined) return fromToml(text, file)
  if (asked === undefined) return []
  throw new ConfigError(`the configuration file ${file} does not exist; name one that does`)
}

/** The text of a file, or undefined when there is no such file. */
function read(path: string, shown: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ConfigError(`${shown} cannot be read (${code}); it must be a readable file`)
  }
}

function brokersIn(settings: readonly Setting[]): Set<string> {
  return new Set(settings.flatMap(({ path }) => (path[0] === 'brokers' ? path[1]! : [])))
}

/** The nested configuration out of settings of which a later one wins. */
function assemble(settings: readonly Setting[], cwd: string): Config {
  const brokers: Record<string, Record<string, unknown>> = {}
  const credentials: Record<string, Record<string, unknown>> = {}
  for (const id of brokersIn(settings)) {
    credentials[id] = {}
    brokers[id] = { enabled: true, credentials: credentials[id] }
  }
  const root: Record<string, unknown> = {}
  for (const { path, key, value } of settings) {
    if (key === undefined) continue
    const [section, id] = path as [string, string]
    const isBroker = section === 'brokers'
    let table = isBroker ? (key.secret ? credentials : brokers)[id]! : root
    for (const name of path.slice(isBroker ? 2 : 0, -1)) {
      table[name] ??= {}
      table = table[name] as Record<string, unknown>
    }
    table[path.at(-1)!] = key.path && value !== '' ? resolve(cwd, value as string) : value
  }
  return { ...root, brokers } as unknown as Config
}

function checkBackoff({ config, origins }: LoadedConfig): void {
  const { backoff_ms_min: min, backoff_ms_max: max } = config.feed
  if (min <= max) return
  const [minOrigin, maxOrigin] = ['feed.backoff_ms_min', 'feed.backoff_ms_max'].map((key) =>
    origins.get(key),
  )
  throw new ConfigError(
    `feed.backoff_ms_min is ${min} in ${minOrigin} and feed.backoff_ms_max is ${max} in ${maxOrigin}; ` +
      'the minimum must not be more than the maximum',
  )
}

/** The keys of the ports that are listened on; each needs one of its own. */
const PORT_KEYS = ['websocket.port', 'http.port', 'zeromq.port', 'zeromq.batch_port'] as const

function checkPorts({ config, origins }: LoadedConfig): void {
  const { websocket, http, zeromq } = config
  const ports = [websocket.port, http.port, zeromq.port, zeromq.batch_port]
  for (const [second, port] of ports.entries()) {
    const first = ports.indexOf(port)
    if (port === 0 || first === second) continue
    const [key, other] = [PORT_KEYS[second]!, PORT_KEYS[first]!]
    throw new ConfigError(
      `${key} is ${port} in ${origins.get(key)}, as ${other} is in ${origins.get(other)}; ` +
        'the two must differ, or be 0',
    )
  }
}

function checkBrokerIds({ config, origins }: LoadedConfig, brokerIds: readonly string[]): void {
  for (const [id, { adapter }] of Object.entries(config.brokers)) {
    if (adapter !== undefined || brokerIds.includes(id)) continue
    const known = `built in are ${brokerIds.join(', ')}, and any other one needs the key adapter`
    const [, origin] = [...origins].find(([dotted]) => `${dotted}.`.startsWith(`brokers.${id}.`))!
    throw new ConfigError(`brokers.${id} in ${origin} is not a known broker; ${known}`)
  }
}

/** The keys in a broker's table that neither every broker has nor this one names as its credentials. */
export function unknownBrokerKeys(broker: BrokerConfig, knownNames: readonly string[]): string[] {
  return Object.keys(broker.credentials).filter((name) => !knownNames.includes(name))
}

/** Throws a ConfigError for the first unknown key in a broker's table, given the names of its credentials. */
export function checkBrokerKeys(
  { config, origins }: LoadedConfig,
  id: string,
  knownNames: readonly string[],
): void {
  const [unknown] = unknownBrokerKeys(config.brokers[id]!, knownNames)
  if (unknown === undefined) return
  const path = ['brokers', id, unknown]
  throw unknownKey(path, origins.get(path.join('.'))!, [...Object.keys(BROKER_KEYS), ...knownNames])
}
