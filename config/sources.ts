// The places a configuration is put together from: files, the environment, flags. Each yields checked settings.
import { parse } from 'smol-toml'
import { badValue, ConfigError, isTable, unknownPath, unknownVariable } from './error.ts'
import {
  BROKER_KEYS,
  BROKER_LIMIT_KEYS,
  brokerKeyPath,
  KEYS,
  type Key,
  keyAt,
  namesIn,
} from './schema.ts'

/** One value that a source sets, or, without `key`, a broker's table that it names. */
export interface Setting {
  readonly path: readonly string[]
  readonly key?: Key
  readonly value?: unknown
  /** Where it came from, in words that complete "in ...". */
  readonly origin: string
}

export type Environment = Readonly<Record<string, string | undefined>>
export type Flags = Readonly<Record<string, string | number | boolean>>

const PREFIX = 'TICKPLANT_'
const BROKERS_PREFIX = 'TICKPLANT_BROKERS_'
/** Holds the key of the vault, which is no key of the configuration: it must not stand in a file or a command line. */
export const VAULT_KEY_VARIABLE = 'TICKPLANT_VAULT_KEY'
/** Variables that set nothing: those of clients of a running engine, and the vault's. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['TICKPLANT_API_KEY', VAULT_KEY_VARIABLE])

/** The name of the environment variable that sets a key. */
export function variableOf(dotted: string): string {
  return PREFIX + dotted.replaceAll('.', '_').toUpperCase()
}

/** The flag of the command line that sets a key, without its two dashes. */
export function flagOf(dotted: string): string {
  return dotted.replaceAll(/[._]/g, '-')
}

/** The settings of a TOML text; `origin` is the name of its file. */
export function* fromToml(text: string, origin: string): Generator<Setting> {
  let table: Record<string, unknown>
  try {
    table = parse(text)
  } catch (error) {
    // Only the first line: the others quote the file, which may hold a secret.
    const { line, column, message } = error as Error & { line?: number; column?: number }
    const what = message.split('\n')[0]!.replace('Invalid TOML document: ', '')
    throw new ConfigError(`${origin} is not valid TOML: ${what} (line ${line}, column ${column})`)
  }
  yield* fromTable(table, [], origin)
}

function* fromTable(
  table: Record<string, unknown>,
  above: readonly string[],
  origin: string,
): Generator<Setting> {
  for (const [name, value] of Object.entries(table)) {
    const path = [...above, name]
    const key = keyAt(path)
    if (key) {
      yield check(path, key, value, origin)
      continue
    }
    if (namesIn(path) === undefined) throw unknownPath(path, origin)
    if (!isTable(value)) throw new ConfigError(`${path.join('.')} in ${origin} must be a table`)
    if (above[0] === 'brokers') yield { path, origin }
    yield* fromTable(value, path, origin)
  }
}

/** The settings of an environment; `where` is what it is called, `ids` the brokers it may name. */
export function* fromEnvironment(
  environment: Environment,
  where: string,
  ids: readonly string[],
): Generator<Setting> {
  const plain = new Map(Object.keys(KEYS).map((dotted) => [variableOf(dotted), dotted.split('.')]))
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(PREFIX)) continue
    if (OTHER_VARIABLES.has(variable)) continue
    const path = plain.get(variable) ?? brokerPath(variable, ids)
    const key = path && keyAt(path)
    if (!key) throw unknownVariable(variable, where, [...plain.keys(), ...brokerVariables(ids)])
    yield check(path, key, readText(key, text), `${variable} of ${where}`)
  }
}

/** The path that a broker's variable sets; ids may hold `_`, so the longest one that fits counts. */
function brokerPath(variable: string, ids: readonly string[]): string[] | undefined {
  if (!variable.startsWith(BROKERS_PREFIX)) return undefined
  const rest = variable.slice(BROKERS_PREFIX.length).toLowerCase()
  const fitting = ids.filter((id) => rest.startsWith(`${id}_`))
  const id = fitting.toSorted((a, b) => b.length - a.length)[0]
  return id === undefined ? undefined : brokerKeyPath(id, rest.slice(id.length + 1))
}

function brokerVariables(ids: readonly string[]): string[] {
  const names = [...Object.keys(BROKER_KEYS), ...Object.keys(BROKER_LIMIT_KEYS)]
  return ids.flatMap((id) => names.map((name) => variableOf(`brokers.${id}.${name}`)))
}

/** The settings of a command line, by dotted key. */
export function* fromFlags(flags: Flags): Generator<Setting> {
  for (const [dotted, given] of Object.entries(flags)) {
    const path = dotted.split('.')
    const origin = `the flag --${flagOf(dotted)}`
    const key = keyAt(path)
    if (!key) throw unknownPath(path, origin)
    yield check(path, key, typeof given === 'string' ? readText(key, given) : given, origin)
  }
}

/** Text as the kind that a key wants; text that does not read as such stays text and fails the check. */
function readText(key: Key, text: string): unknown {
  if (key.kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (key.kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  return text
}

function check(path: readonly string[], key: Key, value: unknown, origin: string): Setting {
  const parsed = key.schema.safeParse(value)
  if (!parsed.success) throw badValue(key, value, path.join('.'), origin)
  return { path, key, value: parsed.data, origin }
}
