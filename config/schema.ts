// What the configuration may hold: one flat table of keys. Each carries, beside its zod schema, the facts that
// messages and docs/configuration.md are made of, so that nothing is said twice.
import { isIP } from 'node:net'
import { z } from 'zod'

export interface Key<Value = unknown> {
  readonly schema: z.ZodType<Value>
  /** How text from the environment or a flag is read. */
  readonly kind: 'number' | 'boolean' | 'text'
  /** What the value may be; completes "it must be ...". */
  readonly allowed: string
  /** The value must not appear in messages. */
  readonly secret?: boolean
  /** The value is a path, taken relative to the working folder. */
  readonly path?: boolean
  /** What the key is for, where config/default.toml has no line that says it. */
  readonly meaning?: string
}

function whole(min: number, max: number): Key<number> {
  const schema = z.int().min(min).max(max)
  return { schema, kind: 'number', allowed: `a whole number from ${min} to ${max}` }
}

function percent(): Key<number> {
  return { schema: z.number().min(0).max(100), kind: 'number', allowed: 'a number from 0 to 100' }
}

function powerOfTwo(min: number, max: number): Key<number> {
  const isPower = (value: number) => Number.isInteger(Math.log2(value))
  const schema = z.int().min(min).max(max).refine(isPower)
  return { schema, kind: 'number', allowed: `a power of two from ${min} to ${max}` }
}

function oneOf<const Value extends string>(values: readonly Value[]): Key<Value> {
  return { schema: z.enum(values), kind: 'text', allowed: `one of ${values.join(', ')}` }
}

function flag(): Key<boolean> {
  return { schema: z.boolean(), kind: 'boolean', allowed: 'true or false' }
}

function text(pattern: RegExp, allowed: string): Key<string> {
  return { schema: z.string().regex(pattern), kind: 'text', allowed }
}

function path(): Key<string> {
  return { ...text(/^[^\0]{1,4095}$/, 'a path of 1 to 4095 characters'), path: true }
}

function optionalPath(): Key<string> {
  const allowed = 'a path of up to 4095 characters, or empty'
  return { ...text(/^[^\0]{0,4095}$/, allowed), path: true }
}

function host(): Key<string> {
  return text(/^[A-Za-z0-9._:-]{1,253}$/, 'a host name, or an IP address without brackets')
}

/** An address of this machine, or nothing. */
function address(): Key<string> {
  const schema = z.string().refine((given) => given === '' || isIP(given) > 0)
  return { schema, kind: 'text', allowed: 'an IP address, or "" for the system\'s choice' }
}

function url(schemes: string): Key<string> {
  const pattern = new RegExp(`^(${schemes.replace(' or ', '|')})://[^\\s/?#@]+(/[^\\s?#]*)?$`)
  return text(pattern, `a URL of scheme ${schemes}, without user and query`)
}

/** A URL that paths are appended to: it loses the slashes at its end. */
function rootUrl(schemes: string): Key<string> {
  const key = url(schemes)
  return { ...key, schema: key.schema.transform((given) => given.replace(/\/+$/, '')) }
}

/** Rates as OpenAlgo writes them; empty for no limit. */
function rates(): Key<string> {
  const one = String.raw`[1-9]\d{0,5} *(per|/) *([1-9]\d{0,3} +)?(second|minute|hour|day)s?`
  const pattern = new RegExp(`^( *${one} *(; *${one} *)*)?$`)
  return text(pattern, 'rates such as "10 per second", several separated by ;')
}

/** Limits of orders, for all brokers and again for each one. */
const LIMITS = {
  quantity_max: whole(0, 1_000_000_000),
  value_max: whole(0, 1_000_000_000_000),
  per_second_max: whole(0, 10_000),
  per_day_max: whole(0, 1_000_000),
  price_distance_percent_max: percent(),
  allowed: text(
    /^[A-Z0-9_]*(:[A-Z0-9&.-]+)?([ ,]+[A-Z0-9_]+(:[A-Z0-9&.-]+)?)*$/,
    'exchange codes and EXCHANGE:SYMBOL names, separated by blanks',
  ),
} as const satisfies Record<string, Key>

/** Every key outside `[brokers.<id>]`, by its dotted name; each has its default in config/default.toml. */
export const KEYS = {
  data_dir: path(),
  'log.level': oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  'websocket.host': host(),
  'websocket.port': whole(0, 65_535),
  'websocket.auth_grace_ms': whole(100, 600_000),
  'websocket.ping_interval_ms': whole(100, 600_000),
  'websocket.queue_bytes_max': whole(4096, 1_073_741_824),
  'websocket.frame_bytes_max': whole(1024, 16_777_216),
  'websocket.clients_max': whole(1, 100_000),
  'websocket.symbols_per_client_max': whole(1, 1_000_000),
  'zeromq.enabled': flag(),
  'zeromq.host': host(),
  'zeromq.port': whole(0, 65_535),
  'zeromq.batch_port': whole(0, 65_535),
  'zeromq.format': oneOf(['msgpack', 'json']),
  'zeromq.curve': flag(),
  'zeromq.capacity_percent_max': whole(0, 100),
  'zeromq.prefixes_max': whole(0, 1_000_000),
  'zeromq.queue_messages_max': whole(1, 10_000_000),
  'zeromq.batch_queue_messages_max': whole(1, 1_000_000),
  'http.host': host(),
  'http.port': whole(0, 65_535),
  'session.expiring_ms': whole(0, 86_400_000),
  'vault.key_file': optionalPath(),
  'rest.live_ms_max': whole(0, 3_600_000),
  'rest.order_rate_limit': rates(),
  'rest.smart_order_rate_limit': rates(),
  'rest.api_rate_limit': rates(),
  'engine.ring_slots': powerOfTwo(1024, 1_048_576),
  'engine.instruments_max': whole(1000, 16_777_216),
  'engine.drain_us_max': whole(50, 100_000),
  'engine.drain_records_max': whole(1, 1_048_576),
  'engine.wait': oneOf(['spin', 'adaptive', 'park']),
  'engine.stages': flag(),
  'feed.backoff_ms_min': whole(1, 3_600_000),
  'feed.backoff_ms_max': whole(1, 3_600_000),
  'feed.stale_ms': whole(100, 86_400_000),
  'feed.hand_over_ms': whole(0, 3_600_000),
  'feed.give_back_ms': whole(0, 3_600_000),
  'orders.journal_sync': oneOf(['none', 'batch', 'each']),
  'orders.write_timeout_ms': whole(100, 600_000),
  'orders.read_timeout_ms': whole(100, 600_000),
  'orders.history_timeout_ms': whole(100, 600_000),
  'orders.probe_interval_ms': whole(100, 3_600_000),
  'orders.warm_connections': whole(1, 16),
  'orders.local_address': address(),
  'orders.reconcile_spacing_ms': whole(10, 600_000),
  'orders.reconcile_looks_max': whole(1, 1000),
  'orders.poll_ms': whole(500, 600_000),
  'orders.last_price_ms_max': whole(0, 3_600_000),
  'orders.hold_unknown': flag(),
  'orders.read_wait_ms_max': whole(0, 60_000),
  'orders.opening_ms_max': whole(0, 600_000),
  'orders.limits.quantity_max': LIMITS.quantity_max,
  'orders.limits.value_max': LIMITS.value_max,
  'orders.limits.per_second_max': LIMITS.per_second_max,
  'orders.limits.per_day_max': LIMITS.per_day_max,
  'orders.limits.price_distance_percent_max': LIMITS.price_distance_percent_max,
  'orders.limits.allowed': LIMITS.allowed,
} as const satisfies Record<string, Key>

/** The keys of a `[brokers.<id>]` table that mean the same for every broker; none has a default but `enabled`. */
export const BROKER_KEYS = {
  enabled: { ...flag(), meaning: 'Whether the engine connects to this broker; true when absent.' },
  adapter: { ...path(), meaning: 'Module file that describes a broker which is not built in.' },
  rest: {
    ...rootUrl('http or https'),
    meaning: "Root of the REST API, instead of the broker's own.",
  },
  feed: { ...url('ws or wss'), meaning: "URL of the feed, instead of the broker's own." },
  login: {
    ...url('http or https'),
    meaning: "Root of the sign-in page, instead of the broker's own.",
  },
  plan: {
    ...text(/^[a-z][a-z0-9_]{0,31}$/, 'a name of small letters, digits and _'),
    meaning:
      'A dearer subscription at the broker that allows more; `tickplant brokers` lists the names.',
  },
  master_file: {
    ...path(),
    meaning: 'Instrument file, plain, gzip or zip, that is read instead of the download.',
  },
  static_ip_acknowledged: {
    ...flag(),
    meaning:
      "Your word that this machine's address is registered with the broker, where it takes orders from no other.",
  },
  algo_id: {
    ...text(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, _ and -'),
    meaning: 'The id of your registered algorithm, which then goes with every order.',
  },
} as const satisfies Record<string, Key>

const LIMITS_TABLE = 'limits'
/** The keys of a `[brokers.<id>.limits]` table, by their names in `[brokers.<id>]`; none has a default. */
export const BROKER_LIMIT_KEYS: Readonly<Record<string, Key>> = Object.fromEntries(
  Object.entries(LIMITS).map(([name, key]) => {
    const meaning = `As \`orders.limits.${name}\`, for this broker alone; both hold.`
    return [`${LIMITS_TABLE}.${name}`, { ...key, meaning }]
  }),
)

/** Every other key of a `[brokers.<id>]` table: a credential, all of them handled as secrets. */
export const CREDENTIAL: Key<string> = {
  ...text(
    /^[\x20-\x7e]{1,4096}$/,
    'text of 1 to 4096 printable ASCII characters, in quotes in a file',
  ),
  secret: true,
  meaning:
    'A credential under the name that the broker gives it; `tickplant brokers` lists the names.',
}

export const BROKER_ID = /^[a-z][a-z0-9_]{1,31}$/
export const CREDENTIAL_NAME = /^[a-z][a-z0-9_]{0,63}$/

type ValueOf<Of> = Of extends Key<infer Value> ? Value : never
type Keys = typeof KEYS
type SectionName<Name> = Name extends `${infer Section}.${string}` ? Section : never
type Section<Name extends string> = {
  readonly [Dotted in keyof Keys as Dotted extends `${Name}.${infer Last}`
    ? Last extends `${string}.${string}`
      ? never
      : Last
    : never]: ValueOf<Keys[Dotted]>
}
/** Limits of orders as they are configured. */
export type LimitsConfig = Section<'orders.limits'>

/** One broker as the engine takes it: what is common to all, and the credentials by the broker's names. */
export interface BrokerConfig {
  readonly enabled: boolean
  readonly adapter?: string
  readonly rest?: string
  readonly feed?: string
  readonly login?: string
  readonly plan?: string
  readonly master_file?: string
  readonly static_ip_acknowledged?: boolean
  readonly algo_id?: string
  readonly limits?: Partial<LimitsConfig>
  readonly credentials: Readonly<Record<string, string>>
}

/** The checked configuration, nested as in the file; paths are absolute. */
export type Config = {
  readonly data_dir: string
  readonly brokers: Readonly<Record<string, BrokerConfig>>
} & { readonly [Name in SectionName<keyof Keys>]: Section<Name> } & {
  readonly orders: { readonly limits: LimitsConfig }
}

/** What a key may be, or undefined for a path that names no key. */
export function keyAt(path: readonly string[]): Key | undefined {
  const [section, id, last] = path
  if (section === 'brokers') {
    if (path.length < 3 || !BROKER_ID.test(id!)) return undefined
    if (last === LIMITS_TABLE) return BROKER_LIMIT_KEYS[path.slice(2).join('.')]
    return path.length === 3 ? brokerKey(last!) : undefined
  }
  // A quoted name that holds a dot is one name, not two.
  if (path.some((name) => name.includes('.'))) return undefined
  const dotted = path.join('.')
  return Object.hasOwn(KEYS, dotted) ? KEYS[dotted as keyof Keys] : undefined
}

function brokerKey(name: string): Key | undefined {
  if (Object.hasOwn(BROKER_KEYS, name)) return BROKER_KEYS[name as keyof typeof BROKER_KEYS]
  return CREDENTIAL_NAME.test(name) ? CREDENTIAL : undefined
}

/** The path of a broker's key that is written as one word, as variables do. */
export function brokerKeyPath(id: string, word: string): string[] {
  const prefix = `${LIMITS_TABLE}_`
  const isLimit = word.startsWith(prefix)
  return ['brokers', id, ...(isLimit ? [LIMITS_TABLE, word.slice(prefix.length)] : [word])]
}

/** The names that a table of the file may hold, or undefined for a path that names no table. */
export function namesIn(path: readonly string[]): string[] | undefined {
  if (path[0] === 'brokers') {
    if (path[1] !== undefined && !BROKER_ID.test(path[1])) return undefined
    if (path.length === 3 && path[2] === LIMITS_TABLE) return Object.keys(LIMITS)
    if (path.length > 2) return undefined
    return path.length === 1 ? [] : [...Object.keys(BROKER_KEYS), LIMITS_TABLE]
  }
  const prefix = path.map((name) => `${name}.`).join('')
  const names = Object.keys(KEYS)
    .filter((dotted) => dotted.startsWith(prefix))
    .map((dotted) => dotted.slice(prefix.length).split('.')[0]!)
  if (path.length === 0) names.push('brokers')
  return names.length > 0 ? [...new Set(names)] : undefined
}
