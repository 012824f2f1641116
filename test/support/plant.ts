// A simulated broker and an engine on it, in this process, for tests: real sockets, threads and store, no fixed port.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { BROKERS } from '../../adapters/registry.ts'
import { loadConfig } from '../../config/load.ts'
import type { Flags } from '../../config/sources.ts'
import { type Engine, startEngine } from '../../engine/main.ts'
import { createLogger } from '../../engine/observe/log.ts'
import type { KiteOptions } from '../../sim/kite-server.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import type { Simulator } from '../../sim/simulator.ts'

export const BROKER = 'zerodha'
/** Only what never comes is given up: a machine with much else to do may take many seconds for what takes one. */
const UNTIL_MS_MAX = 30_000

/** What the parts live as long as: one test, or, by `after` of node:test, all tests of a file. */
export interface Scope {
  after(undo: () => unknown): void
}

export interface Plant {
  readonly simulator: KiteSimulator
  readonly engine: Engine
  /** Log lines of the engine so far, parsed. */
  readonly logs: Record<string, unknown>[]
  readonly dataDir: string
  readonly websocketUrl: string
  readonly httpUrl: string
}

/** Makes a folder that is removed after the test. */
export async function temporaryFolder(context: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tickplant-test-'))
  context.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** What an engine takes to use a Kite that is running already, under whichever addresses. */
export function kiteFlags(kite: Pick<Simulator, 'restUrl' | 'feedUrl' | 'credentials'>): Flags {
  const { api_key = '', access_token = '' } = kite.credentials
  return {
    [`brokers.${BROKER}.rest`]: kite.restUrl,
    [`brokers.${BROKER}.feed`]: kite.feedUrl,
    [`brokers.${BROKER}.api_key`]: api_key,
    [`brokers.${BROKER}.access_token`]: access_token,
  }
}

/** Starts an engine on a simulator that is running already; it stops with the test. */
export async function startEngineOn(
  context: Scope,
  simulator: Pick<Simulator, 'restUrl' | 'feedUrl' | 'credentials'>,
  flags: Flags = {},
): Promise<Omit<Plant, 'simulator'>> {
  return startEngineWith(context, { ...kiteFlags(simulator), ...flags })
}

/** Starts an engine on the brokers that the flags name; it stops with the test. Its log lines go to `logs`. */
export async function startEngineWith(
  context: Scope,
  flags: Flags,
  logs: Record<string, unknown>[] = [],
): Promise<Omit<Plant, 'simulator'>> {
  const dataDir = await temporaryFolder(context)
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') logs.push(JSON.parse(line))
      done()
    },
  })
  const loaded = loadConfig({
    brokerIds: Object.keys(BROKERS),
    env: {},
    cwd: dataDir,
    flags: {
      data_dir: dataDir,
      'websocket.port': 0,
      'http.port': 0,
      'zeromq.port': 0,
      'zeromq.batch_port': 0,
      'feed.backoff_ms_min': 20,
      'feed.backoff_ms_max': 200,
      ...flags,
    },
  })
  const engine = await startEngine(loaded, createLogger({ level: 'trace', destination }))
  context.after(() => engine.stop())
  const websocketUrl = `ws://127.0.0.1:${engine.websocketPort}`
  const httpUrl = `http://127.0.0.1:${engine.httpPort}`
  return { engine, logs, dataDir, websocketUrl, httpUrl }
}

/** Starts a simulator that ticks only when told to (unless a rate is given), and an engine on it. */
export async function startPlant(
  context: Scope,
  options: Partial<KiteOptions> = {},
  flags: Flags = {},
): Promise<Plant> {
  const simulator = await startKiteSimulator({
    seed: 1,
    ratePerSecond: 0,
    instruments: 500,
    ...options,
  })
  context.after(() => simulator.close())
  return { simulator, ...(await startEngineOn(context, simulator, flags)) }
}

export interface Share {
  readonly exchange: 'NSE'
  readonly symbol: string
  /** The broker's token, by which the simulator ticks it. */
  readonly token: number
}

/** Shares that the simulated broker lists. */
export function sharesOf({ simulator }: Pick<Plant, 'simulator'>, count: number): Share[] {
  const shares = simulator.instruments
    .filter(({ segment, instrumentType }) => segment === 'NSE' && instrumentType === 'EQ')
    .slice(0, count)
  assert.equal(shares.length, count, 'the simulator lists too few shares')
  return shares.map(({ tradingsymbol, token }) => ({
    exchange: 'NSE',
    symbol: tradingsymbol,
    token,
  }))
}

/** Names of the first instruments of any kind, as the engine spells them. */
export function namesOf(
  { engine }: Pick<Plant, 'engine'>,
  count: number,
): { exchange: string; symbol: string }[] {
  const { catalogue } = engine.feeds[0]!
  return Array.from({ length: count }, (_, instrument) => ({
    exchange: catalogue.exchangeOf(instrument),
    symbol: catalogue.symbolOf(instrument),
  }))
}

/** Waits until `holds` answers something true, and returns it; fails with `what` after the deadline. */
export async function until<Found>(
  what: string,
  holds: () => Found | Promise<Found>,
  deadlineMs = UNTIL_MS_MAX,
): Promise<NonNullable<Found>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const found = await holds()
    if (found) return found
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/**
 * Waits for the tables of the look-ups: their thread runs only where a processor would idle, and on a busy machine
 * builds them later than somebody waits who asks.
 */
export async function searchable({ logs }: Pick<Plant, 'logs'>): Promise<void> {
  await until('the tables of the look-ups', () =>
    logs.some(({ msg }) => msg === 'instruments can be searched'),
  )
}

/** Calls the plant's admin API with the local key and returns the body of a successful reply. */
export async function callAdmin(
  { httpUrl, engine }: Pick<Plant, 'httpUrl' | 'engine'>,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${engine.localKey}` }
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const reply = await fetch(httpUrl + path, { method, headers, ...init })
  const text = await reply.text()
  assert.equal(reply.status, 200, text)
  return JSON.parse(text)
}

/** Adds an API key over the admin API. */
export async function addKey(
  plant: Pick<Plant, 'httpUrl' | 'engine'>,
  name: string,
  scopes: readonly string[],
): Promise<{ id: string; key: string }> {
  const added = await callAdmin(plant, 'POST', '/admin/keys', { name, scopes })
  return { id: String(added.id), key: String(added.key) }
}
