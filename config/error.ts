import { BROKER_ID, type Key, namesIn } from './schema.ts'
import { closest } from './suggest.ts'

/** A mistake in the configuration: one sentence with the key, its source, the value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** The value of a known key is not allowed. `origin` completes "in ...", here and below. */
export function badValue(key: Key, value: unknown, dotted: string, origin: string): ConfigError {
  const found = key.secret ? 'has a value that cannot be used' : `is ${shown(value)}`
  return new ConfigError(`${dotted} ${found} in ${origin}; it must be ${key.allowed}`)
}

/** A path of the file or of a flag leads to no key. */
export function unknownPath(path: readonly string[], origin: string): ConfigError {
  const id = path[0] === 'brokers' ? path[1] : undefined
  if (id !== undefined && !BROKER_ID.test(id)) {
    const rule = `a broker id must match ${BROKER_ID.source}`
    return new ConfigError(`brokers.${id} in ${origin} names no broker; ${rule}`)
  }
  return unknownKey(path, origin, namesIn(path.slice(0, -1)) ?? [])
}

/** The last name of a path is none of those that its table knows. */
export function unknownKey(path: readonly string[], origin: string, known: readonly string[]) {
  const dotted = path.join('.')
  const allowed = known.length === 0 ? '' : `; allowed here: ${known.join(', ')}`
  const hint = question(path.at(-1)!, known)
  return new ConfigError(`${dotted} in ${origin} is not a known key${hint}${allowed}`)
}

/** A variable with the project's prefix sets nothing. */
export function unknownVariable(variable: string, origin: string, known: Iterable<string>) {
  const hint = question(variable, known)
  const allowed = 'docs/configuration.md lists the allowed variables'
  return new ConfigError(`${variable} in ${origin} sets no known key${hint}; ${allowed}`)
}

function question(word: string, known: Iterable<string>): string {
  const meant = closest(word, known)
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}

/** A table of a file, as opposed to a value, a list or a date. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return !Array.isArray(value) && !(value instanceof Date)
}

function shown(value: unknown): string {
  if (isTable(value)) return 'a table'
  if (value instanceof Date) return value.toISOString()
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}
