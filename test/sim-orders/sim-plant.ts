// A simulated broker in this process and an engine on it in another, so that the exchange's record outlives the engine.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Flags } from '../../config/sources.ts'
import { journalDates, journalFile, readJournalFile } from '../../engine/orders/journal-file.ts'
import { foldRecord } from '../../engine/orders/journal-record.ts'
import type { JournalEntry } from '../../engine/orders/write.ts'
import type { Instrument } from '../../sim/instruments.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { EngineProcess } from './engine-process.ts'
import { SHARES } from './plan.ts'
import type { ChildStatus, Request } from './protocol.ts'

const BROKER_MODULE = fileURLToPath(new URL('./unlimited-broker.js', import.meta.url))
const INSTRUMENTS = 200
const CASH_RUPEES = 1e13
const WRITE_TIMEOUT_MS = 250
const RECONCILE_SPACING_MS = 25
const RECONCILE_LOOKS = 6

export interface SimPlantOptions {
  readonly seed: number
  /** Whether orders wait for the fate of another one of their instrument. */
  readonly holdsUnknown: boolean
}

export class SimPlant {
  readonly simulator: KiteSimulator
  readonly shares: readonly Instrument[]
  readonly #dataDir: string
  readonly #flags: Flags
  #engine: EngineProcess

  private constructor(
    simulator: KiteSimulator,
    dataDir: string,
    flags: Flags,
    engine: EngineProcess,
  ) {
    this.simulator = simulator
    this.#dataDir = dataDir
    this.#flags = flags
    this.#engine = engine
    const isShare = ({ segment, instrumentType }: Instrument) =>
      segment === 'NSE' && instrumentType === 'EQ'
    this.shares = simulator.instruments.filter(isShare).slice(0, SHARES)
  }

  static async start({ seed, holdsUnknown }: SimPlantOptions): Promise<SimPlant> {
    const simulator = await startKiteSimulator({
      seed,
      ratePerSecond: 0,
      instruments: INSTRUMENTS,
      limits: false,
      account: { cash: { equity: CASH_RUPEES } },
    })
    const dataDir = await mkdtemp(join(tmpdir(), 'tickplant-sim-orders-'))
    const flags = { ...flagsFor(simulator, dataDir), 'orders.hold_unknown': holdsUnknown }
    const engine = await EngineProcess.start(flags).catch(async (error: unknown) => {
      await simulator.close()
      throw error
    })
    return new SimPlant(simulator, dataDir, flags, engine)
  }

  get isDown(): boolean {
    return this.#engine.isKilled
  }

  get log(): readonly string[] {
    return this.#engine.log
  }

  ask(request: Request): Promise<unknown> {
    return this.#engine.ask(request)
  }

  async status(): Promise<ChildStatus | null> {
    return (await this.ask({ do: 'status' })) as ChildStatus | null
  }

  kill(): Promise<void> {
    return this.#engine.kill()
  }

  /** Starts an engine on what the last one left. */
  async restart(): Promise<void> {
    await this.#engine.kill()
    this.#engine = await EngineProcess.start(this.#flags)
  }

  /** What a person does who signs in: the broker's page hands out a token, which buys a session. */
  async login(): Promise<void> {
    const { restUrl, apiKey } = this.simulator
    const url = `${restUrl}/connect/login?v=3&api_key=${apiKey}`
    const { headers } = await fetch(url, { redirect: 'manual' })
    const requestToken = new URL(headers.get('location')!).searchParams.get('request_token')!
    await this.ask({ do: 'login', requestToken })
  }

  /** All that the journal says, read from its files. */
  journal(): Map<string, JournalEntry> {
    const folder = join(this.#dataDir, 'orders')
    const entries = new Map<string, JournalEntry>()
    for (const date of journalDates(folder)) {
      readJournalFile(journalFile(folder, date), (record) => foldRecord(entries, record))
    }
    return entries
  }

  async close(): Promise<void> {
    await this.kill()
    await this.simulator.close()
    await rm(this.#dataDir, { recursive: true, force: true })
  }
}

function flagsFor(
  { restUrl, feedUrl, apiKey, apiSecret, accessToken }: KiteSimulator,
  dataDir: string,
) {
  return {
    data_dir: dataDir,
    'websocket.port': 0,
    'http.port': 0,
    'zeromq.enabled': false,
    'orders.write_timeout_ms': WRITE_TIMEOUT_MS,
    'orders.read_timeout_ms': 2000,
    'orders.reconcile_spacing_ms': RECONCILE_SPACING_MS,
    'orders.reconcile_looks_max': RECONCILE_LOOKS,
    'brokers.zerodha.adapter': BROKER_MODULE,
    'brokers.zerodha.rest': restUrl,
    'brokers.zerodha.login': restUrl,
    'brokers.zerodha.feed': feedUrl,
    'brokers.zerodha.api_key': apiKey,
    'brokers.zerodha.api_secret': apiSecret,
    'brokers.zerodha.access_token': accessToken,
    'brokers.zerodha.static_ip_acknowledged': true,
    // Registered algorithms are not held to ten orders a second.
    'brokers.zerodha.algo_id': 'simulated',
  }
}
