// What the cards work with: any broker's simulator, its session, its instruments, and an engine on it.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { BrokerSpec, Credentials, FeedSpec, Hosts, Session } from '../../adapters/broker.ts'
import type { OrdersSpec } from '../../adapters/orders.ts'
import { loadConfig } from '../../config/load.ts'
import type { Flags } from '../../config/sources.ts'
import { callHttp } from '../../engine/auth/http.ts'
import { signIn } from '../../engine/auth/sign-in.ts'
import type { Feed } from '../../engine/feed/feed.ts'
import { type Engine, startEngine } from '../../engine/main.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { type SyncResult, syncInstruments } from '../../engine/symbols/sync.ts'
import { TokenIndex } from '../../engine/symbols/token-index.ts'
import { indianDate } from '../../sim/calendar.ts'
import type { Simulator, SimulatorOptions } from '../../sim/simulator.ts'
import { type Scope, temporaryFolder, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'
import type { Subject } from './card.ts'
import { Twin, type TwinInstrument } from './twin.ts'

const SEED = 1
const INSTRUMENTS = 400
/** A broker that does not have all of the market's first instruments lists later ones instead. */
export const MARKET = 2000

/** A broker on loopback, and the market that it must show. */
export interface Broker extends Subject {
  readonly simulator: Simulator
  readonly hosts: Hosts
  readonly twin: Twin
}

/** Starts a broker's simulator, which ticks only when it is told to unless a rate is given; it ends with the test. */
export async function startBroker(
  context: Scope,
  subject: Subject,
  options: Partial<SimulatorOptions> = {},
): Promise<Broker> {
  const today = indianDate(Date.now())
  const market = { seed: SEED, instruments: INSTRUMENTS, today }
  const simulator = await subject.simulators.start({ ...market, ratePerSecond: 0, ...options })
  context.after(() => simulator.close())
  const { restUrl: rest, feedUrl: feed } = simulator
  // The REST API may have a path of its own; the page does not lie under it.
  const hosts: Hosts = { ...subject.spec.hosts, rest, feed, login: new URL(rest).origin }
  return { ...subject, simulator, hosts, twin: new Twin(SEED, today, MARKET) }
}

/** The query with which a broker's sign-in page leads back. */
export async function visitPage(url: string): Promise<string> {
  const { status, headers, body } = await callHttp({ method: 'GET', url })
  assert.equal(status, 302, body)
  return new URL(headers.location ?? '', url).search
}

/** What a person has who has just signed in on the broker's page, or never needs to. */
export async function credentialsFor({ spec, simulator, hosts }: Broker): Promise<Credentials> {
  const { access_token: _, ...given } = simulator.credentials
  const { page } = spec.signIn
  if (page === undefined) return given
  const reply = await callHttp({ method: 'GET', url: page.url(hosts, given) })
  const redirect = new URL(reply.headers.location ?? '/', hosts.rest)
  const found = redirect.searchParams.get(page.yields)
  assert.ok(found, `the sign-in page led to ${redirect} without ${page.yields}`)
  return { ...given, [page.yields]: found }
}

/** The session that the simulator has open from the start. */
export async function readySession({ spec, simulator, hosts }: Broker): Promise<Session> {
  return (await signIn(spec, hosts, simulator.credentials)).session
}

/** The broker's instruments as a sync brings them, by the names that the store gives them. */
export interface Listed {
  readonly synced: SyncResult
  readonly tokens: TokenIndex
  readonly rows: readonly ReturnType<SharedInstruments['row']>[]
}

export function listed(synced: SyncResult): Listed {
  const instruments = new SharedInstruments(synced)
  const rows = [...instruments.numbers()].map((number) => instruments.row(number))
  return { synced, rows, tokens: new TokenIndex(synced.tokens) }
}

/** Syncs the broker's list into a store of its own, or into the one in `storeFolder`. */
export async function syncBroker(
  context: Scope,
  broker: Broker,
  { hosts = broker.hosts, storeFolder = '' } = {},
): Promise<Listed> {
  const session = await readySession(broker)
  const downloads = broker.spec.instruments.files(hosts, session)
  const synced = await syncInstruments({
    storeFolder: storeFolder || (await temporaryFolder(context)),
    broker: broker.spec.id,
    source: { downloads },
    samplesMax: 1000,
    backoffMsMin: 1,
    backoffMsMax: 2,
  })
  return listed(synced)
}

/** What a card may change of a broker's feed, so that it need not subscribe thousands or wait for minutes. */
export type FeedLimits = Partial<
  Pick<FeedSpec, 'instrumentsPerSocket' | 'socketsMax' | 'silenceMsMax'>
>

/** What a card may lift of a broker's limits of orders, so that it need not wait for its turn. */
export interface OrderLimits {
  readonly quotas?: OrdersSpec['quotas']
  readonly rules?: Partial<OrdersSpec['rules']>
}

const REGISTRY = new URL('../../adapters/registry.js', import.meta.url).href

/** Writes a module that describes the broker as it is, but for these limits of its feed and its orders. */
async function limitedModule(
  context: Scope,
  { id }: BrokerSpec,
  { limits = {}, orders = {} }: Pick<RigOptions, 'limits' | 'orders'>,
) {
  const file = join(await temporaryFolder(context), 'broker.mjs')
  const { rules = {}, ...quotas } = orders
  const lines = [
    `import { loadBroker } from ${JSON.stringify(REGISTRY)}`,
    `const broker = await loadBroker(${JSON.stringify(id)})`,
    `const feed = { ...broker.feed, ...${JSON.stringify(limits)} }`,
    `const rules = { ...broker.orders.rules, ...${JSON.stringify(rules)} }`,
    `const limited = { ...broker.orders, ...${JSON.stringify(quotas)}, rules }`,
    `const orders = 'unsupported' in broker.orders ? broker.orders : limited`,
    'export default { ...broker, feed, orders }',
  ]
  await writeFile(file, lines.join('\n'))
  return file
}

/** An engine on a broker, with all that it told. */
export interface Rig extends Broker {
  readonly engine: Engine
  readonly feed: Feed
  /** Log lines so far, parsed. */
  readonly logs: Record<string, unknown>[]
  readonly websocketUrl: string
  readonly httpUrl: string
}

export interface RigOptions {
  readonly simulator?: Partial<SimulatorOptions>
  readonly limits?: FeedLimits
  readonly orders?: OrderLimits
  readonly flags?: Flags
  /** Instead of those with which the simulator's session is open already. */
  readonly credentials?: Credentials
}

/** Starts an engine on a broker that runs already; it ends with the test. Its log lines go to `logs`. */
export async function startEngineOn(
  context: Scope,
  broker: Broker,
  options: RigOptions = {},
  logs: Record<string, unknown>[] = [],
): Promise<Rig> {
  const { spec, hosts, simulator } = broker
  const dataDir = await temporaryFolder(context)
  const { limits, orders, credentials = simulator.credentials } = options
  const own: Record<string, string | undefined> = {
    ...credentials,
    rest: hosts.rest,
    feed: hosts.feed,
    login: hosts.login,
  }
  if (limits ?? orders) own.adapter = await limitedModule(context, spec, options)
  const flags: Flags = {
    data_dir: dataDir,
    'websocket.port': 0,
    'http.port': 0,
    'zeromq.enabled': false,
    'feed.backoff_ms_min': 10,
    'feed.backoff_ms_max': 50,
    ...Object.fromEntries(
      Object.entries(own).map(([name, value]) => [`brokers.${spec.id}.${name}`, value!]),
    ),
    ...options.flags,
  }
  const loaded = loadConfig({ brokerIds: [spec.id], env: {}, cwd: dataDir, flags })
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') logs.push(JSON.parse(line))
      done()
    },
  })
  const engine = await startEngine(loaded, createLogger({ level: 'trace', destination }))
  context.after(() => engine.stop())
  return {
    ...broker,
    engine,
    feed: engine.feeds[0]!,
    logs,
    websocketUrl: `ws://127.0.0.1:${engine.websocketPort}`,
    httpUrl: `http://127.0.0.1:${engine.httpPort}`,
  }
}

/** Starts a broker and an engine on it. */
export async function startRig(
  context: Scope,
  subject: Subject,
  options: RigOptions = {},
): Promise<Rig> {
  const broker = await startBroker(context, subject, options.simulator)
  return startEngineOn(context, broker, options)
}

const sharedRigs = new WeakMap<Subject, Promise<Rig>>()

/** One engine on the broker for all cards of an area that leave it as it is; nothing is subscribed when it comes. */
export async function sharedRig(subject: Subject): Promise<Rig> {
  const shared = sharedRigs.get(subject) ?? startRig(subject.scope, subject)
  sharedRigs.set(subject, shared)
  const rig = await shared
  await until('nothing to be subscribed', () => pairs(rig) === 0)
  return rig
}

/** What the broker is asked for now: pairs of socket and instrument. */
export const pairs = ({ simulator }: Broker) => simulator.stats().subscribedPairs

/** A msgpack client of the rig's broker that asked for events. */
export async function openClient(context: Scope, rig: Rig): Promise<StreamClient> {
  return StreamClient.open(context, rig, { format: 'msgpack', events: true })
}

/** Instruments that the broker lists and that `suits`, in the order of the market. */
export function pick(
  { feed, twin }: Pick<Rig, 'feed' | 'twin'>,
  count: number,
  suits: (instrument: TwinInstrument) => boolean,
): TwinInstrument[] {
  const found = twin.instruments
    .filter((each) => suits(each) && feed.find(each.exchange, each.symbol) >= 0)
    .slice(0, count)
  assert.equal(found.length, count, `the broker lists ${found.length} of ${count} instruments`)
  return found
}

export const isShare = ({ kind }: TwinInstrument) => kind === 'EQ'
export const isIndex = ({ kind }: TwinInstrument) => kind === 'INDEX'

/** One instrument of each exchange and kind that the broker has. */
export function sampleOf({ feed, twin }: Pick<Rig, 'feed' | 'twin'>): TwinInstrument[] {
  const sample = new Map<string, TwinInstrument>()
  for (const each of twin.instruments) {
    const place = `${each.exchange} ${each.kind}`
    if (!sample.has(place) && feed.find(each.exchange, each.symbol) >= 0) sample.set(place, each)
  }
  assert.ok(sample.size > 0, 'the broker lists nothing of the market')
  return [...sample.values()]
}

/** The ticks of an instrument that a msgpack client got so far. */
export function ticksOf(
  { items }: StreamClient,
  { exchange, symbol }: Pick<TwinInstrument, 'exchange' | 'symbol'>,
): Message[] {
  return items.filter(
    (item) => item.type === undefined && item.symbol === symbol && item.exchange === exchange,
  )
}
