// The brokers' door: what every description has to pass, built in or not.
import {
  type BrokerSpec,
  type FeedSpec,
  type InstrumentSource,
  isSupported,
  type SignIn,
} from './broker.ts'
import { checkOrders } from './check-orders.ts'

const ID = /^[a-z][a-z0-9_]{1,31}$/
const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/
/** The engine keeps an instrument's socket in a byte, of which one value means none. */
const SOCKETS_MAX = 254

type Must = (holds: boolean, field: string, rule: string) => void
const isPositive = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0

function checkSignIn(signIn: SignIn | undefined, must: Must): void {
  must(Array.isArray(signIn?.credentials), 'signIn.credentials', 'must be a list')
  must(Array.isArray(signIn?.steps), 'signIn.steps', 'must be a list')
  const { page, expiresAt, refresh } = signIn!
  must(
    page === undefined || (typeof page.url === 'function' && page.yields?.length > 0),
    'signIn.page',
    'must have a function url and the name that it yields',
  )
  must(
    expiresAt === undefined || TIME_OF_DAY.test(expiresAt),
    'signIn.expiresAt',
    'must be a time of day, HH:MM',
  )
  const isWhole =
    refresh === undefined ||
    (refresh.needs?.length > 0 &&
      typeof refresh.request === 'function' &&
      typeof refresh.read === 'function')
  must(isWhole, 'signIn.refresh', 'must have needs, request and read')
}

function checkInstruments(source: InstrumentSource | undefined, must: Must): void {
  must(typeof source?.files === 'function', 'instruments.files', 'must be a function')
  must(
    TIME_OF_DAY.test(source?.publishedAt ?? ''),
    'instruments.publishedAt',
    'must be a time of day, HH:MM',
  )
  const layouts = Object.entries(source?.layouts ?? {})
  must(layouts.length > 0, 'instruments.layouts', 'must describe at least one file')
  for (const [name, layout] of layouts) {
    const field = `instruments.layouts.${name}`
    must(['csv', 'json'].includes(layout?.format), `${field}.format`, 'must be csv or json')
    must(layout.columns?.length > 0, `${field}.columns`, 'must list the columns')
    must(typeof layout.row === 'function', `${field}.row`, 'must be a function')
  }
}

function checkFeed(feed: FeedSpec | undefined, field: string, must: Must): void {
  must(
    isPositive(feed?.instrumentsPerSocket),
    `${field}.instrumentsPerSocket`,
    'must be a whole number > 0',
  )
  must(
    isPositive(feed?.socketsMax) && feed!.socketsMax <= SOCKETS_MAX,
    `${field}.socketsMax`,
    `must be a whole number from 1 to ${SOCKETS_MAX}`,
  )
  must(isPositive(feed?.depthLevels), `${field}.depthLevels`, 'must be a whole number > 0')
  must(isPositive(feed?.silenceMsMax), `${field}.silenceMsMax`, 'must be a whole number of ms > 0')
  must(typeof feed?.connection === 'function', `${field}.connection`, 'must be a function')
  must(typeof feed?.decode === 'function', `${field}.decode`, 'must be a function')
}

/**
 * Checks a broker's description and returns it. Built-in brokers and brokers loaded from a configured folder
 * pass through the same door. Throws an error that names the field.
 */
export function defineBroker(spec: BrokerSpec): BrokerSpec {
  const must: Must = (holds, field, rule) => {
    if (!holds) throw new TypeError(`broker ${String(spec?.id)}: ${field} ${rule}`)
  }
  must(typeof spec?.id === 'string' && ID.test(spec.id), 'id', `must match ${ID.source}`)
  must(spec.name?.length > 0, 'name', 'must not be empty')
  must(
    /^https?:\/\/[^/]+/.test(spec.hosts?.rest ?? ''),
    'hosts.rest',
    'must be an http or https URL',
  )
  must(/^wss?:\/\/[^/]+/.test(spec.hosts?.feed ?? ''), 'hosts.feed', 'must be a ws or wss URL')
  must(spec.exchanges?.length > 0, 'exchanges', 'must list at least one exchange')
  checkSignIn(spec.signIn, must)
  checkInstruments(spec.instruments, must)
  checkFeed(spec.feed, 'feed', must)
  for (const [plan, feed] of Object.entries(spec.plans ?? {}))
    checkFeed(feed, `plans.${plan}`, must)
  const { orders } = spec
  must(
    typeof orders === 'object' && orders !== null,
    'orders',
    "must be a table or unsupported('why')",
  )
  if (isSupported(orders)) checkOrders(orders, spec.exchanges, must)
  return spec
}
