// Plays planned runs: orders through an engine in a process of its own, faults at the simulated broker, threads and
// engines that end, and after each run the account.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Flags } from '../../config/sources.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { disagreements, readJournal } from './account.ts'
import { EngineProcess, type KILLED } from './engine-process.ts'
import { type PlannedOrder, planRun, type RunPlan } from './plan.ts'

const SYMBOLS_MAX = 20
const QUIET_MS_MAX = 20_000
const LOOK_MS = 5
const ACCOUNT_MS_MAX = 5000
const REGISTRY = new URL('../../adapters/registry.js', import.meta.url).href
/** Far below any price, within the band: the order rests. */
const RESTING_SHARE = 0.95

export interface Wishes {
  readonly runs: number
  readonly seed: number
  readonly kills: number
  readonly terminates: number
  /** The first run; others than 1 play the end of a longer series. */
  readonly from?: number
  readonly onRun?: (number: number) => void
}

export interface Totals {
  runs: number
  orders: number
  kills: number
  terminates: number
  unknown: number
  reported: number
  repeated: number
  faults: number
}

type Told =
  | { readonly ok: { readonly orderid: string } }
  | { readonly error: { readonly code: string; readonly message: string } }
type Answer = Told | typeof KILLED

const orderIdOf = (told: Answer): string | null =>
  typeof told === 'symbol' || 'error' in told ? null : told.ok.orderid

/** Spreads so many of all runs evenly; true where run `number` is one of them. */
const isOneOf = (number: number, count: number, runs: number) =>
  Math.floor((number * count) / runs) !== Math.floor(((number - 1) * count) / runs)

/** A broker like Zerodha, but for its limits of calls, which would make thousands of runs last for hours. */
function unlimitedModule(folder: string): string {
  const file = join(folder, 'broker.mjs')
  const lines = [
    `import { loadBroker } from ${JSON.stringify(REGISTRY)}`,
    "const broker = await loadBroker('zerodha')",
    'const rules = { ...broker.orders.rules, ordersPerSecondMax: 1_000_000, modificationsMax: 1000 }',
    'export default { ...broker, orders: { ...broker.orders, rules, quotas: [] } }',
  ]
  writeFileSync(file, lines.join('\n'))
  return file
}

function flagsFor(kite: KiteSimulator, folder: string): Flags {
  const { api_key = '', api_secret = '', access_token = '' } = kite.credentials
  const broker = {
    rest: kite.restUrl,
    login: kite.restUrl,
    feed: kite.feedUrl,
    adapter: unlimitedModule(folder),
    static_ip_acknowledged: true,
    ...{ api_key, api_secret, access_token },
  }
  return {
    data_dir: join(folder, 'data'),
    'websocket.port': 0,
    'http.port': 0,
    'zeromq.enabled': false,
    'orders.write_timeout_ms': 300,
    'orders.read_timeout_ms': 500,
    'orders.reconcile_spacing_ms': 60,
    'orders.reconcile_looks_max': 8,
    'orders.hold_unknown': false,
    'orders.opening_ms_max': 20_000,
    ...Object.fromEntries(
      Object.entries(broker).map(([name, value]) => [`brokers.zerodha.${name}`, value]),
    ),
  }
}

class Stage {
  readonly kite: KiteSimulator
  readonly flags: Flags
  readonly totals: Totals
  readonly symbols: readonly string[]
  engine: EngineProcess
  /** Rupees; no tick moves them. */
  readonly #prices = new Map<string, number>()

  constructor(kite: KiteSimulator, flags: Flags, engine: EngineProcess, totals: Totals) {
    this.kite = kite
    this.flags = flags
    this.engine = engine
    this.totals = totals
    this.symbols = kite.instruments
      .filter(({ segment, instrumentType }) => segment === 'NSE' && instrumentType === 'EQ')
      .slice(0, SYMBOLS_MAX)
      .map(({ tradingsymbol }) => tradingsymbol)
  }

  /** Learns what the instruments cost. */
  async open(): Promise<void> {
    for (const symbol of this.symbols) {
      const told = await this.engine.ask({ do: 'quote', input: { exchange: 'NSE', symbol } })
      this.#prices.set(symbol, (told as { ok: { ltp: number } }).ok.ltp)
    }
  }

  /** What the page of the broker gives to a person who signs in there. */
  async signIn(): Promise<void> {
    const page = new URL('/connect/login', this.kite.restUrl)
    page.search = new URLSearchParams({ v: '3', api_key: this.kite.apiKey }).toString()
    const reply = await fetch(page, { redirect: 'manual' })
    const { searchParams } = new URL(reply.headers.get('location')!, page)
    const values = { request_token: searchParams.get('request_token')! }
    await this.engine.ask({ do: 'signIn', values })
  }

  async place(order: PlannedOrder): Promise<Answer> {
    const { symbol, action, priceType, clientId } = order
    const input = {
      exchange: 'NSE',
      product: 'MIS',
      quantity: 1,
      strategy: 'sim',
      pricetype: priceType,
      ...(priceType === 'LIMIT' && { price: this.#restingPrice(symbol) }),
      ...{ symbol, action, client_order_id: clientId },
    }
    return (await this.engine.ask({ do: 'place', input })) as Answer
  }

  /** Goes on with an order that rests, as its plan says. */
  async goOn({ symbol, action, priceType, next }: PlannedOrder, placed: Answer): Promise<void> {
    const orderid = orderIdOf(placed)
    if (next === null || orderid === null || priceType === 'MARKET') return
    if (next === 'cancel') {
      await this.engine.ask({ do: 'cancel', input: { orderid, strategy: 'sim' } })
      return
    }
    const price = this.#restingPrice(symbol)
    const terms = { product: 'MIS', pricetype: 'LIMIT', quantity: 2, price, strategy: 'sim' }
    const input = { exchange: 'NSE', symbol, action, orderid, ...terms }
    await this.engine.ask({ do: 'modify', input })
  }

  #restingPrice(symbol: string): number {
    return Math.floor(this.#prices.get(symbol)! * RESTING_SHARE)
  }

  /** Resolves when nothing is on its way and nothing is looked for. */
  async quiet(): Promise<void> {
    const endMs = performance.now() + QUIET_MS_MAX
    for (;;) {
      const told = (await this.engine.ask({ do: 'status' })) as { running: number; unknown: number }
      if (told.running === 0 && told.unknown === 0) return
      if (performance.now() > endMs) throw new Error(`not quiet: ${JSON.stringify(told)}`)
      await wait(LOOK_MS)
    }
  }
}

/** Ends a thread or the engine when its time has come. Resolves when that has happened. */
async function end(stage: Stage, { terminateAtMs, killAtMs }: RunPlan): Promise<void> {
  if (terminateAtMs !== null) {
    await wait(terminateAtMs)
    await stage.engine.ask({ do: 'terminate' })
    stage.totals.terminates += 1
  }
  if (killAtMs === null) return
  await wait(killAtMs)
  await stage.engine.kill()
  stage.totals.kills += 1
}

async function playRun(stage: Stage, plan: RunPlan): Promise<string[]> {
  const { kite, totals } = stage
  for (const fault of plan.faults) kite.fault(fault)
  const answered = plan.orders.map(async (order): Promise<Answer> => {
    const placed = await stage.place(order)
    await stage.goOn(order, placed)
    return placed
  })
  const [answers] = await Promise.all([Promise.all(answered), end(stage, plan)])
  totals.faults += kite.faults().reduce((sum, { taken }) => sum + taken, 0)
  kite.clearFaults()
  if (plan.killAtMs !== null) stage.engine = await EngineProcess.start(stage.flags)
  if (plan.faults.some((fault) => fault.do === 'expire')) await stage.signIn()
  await stage.quiet()
  totals.orders += plan.orders.length
  return repeatAll(stage, plan, answers)
}

/** Asks for every order once more under its id: who was told of an order before is told of the same again. */
async function repeatAll(
  stage: Stage,
  plan: RunPlan,
  answers: readonly Answer[],
): Promise<string[]> {
  const found: string[] = []
  const orderIds = new Map<string, string>()
  for (const [at, order] of plan.orders.entries()) {
    const first = answers[at]!
    const again = await stage.place(order)
    stage.totals.repeated += 1
    const both: readonly Answer[] = [first, again]
    for (const told of both) {
      const orderId = orderIdOf(told)
      if (orderId === null) continue
      const known = orderIds.get(order.clientId) ?? orderId
      orderIds.set(order.clientId, known)
      if (known !== orderId) found.push(`${order.clientId} was answered ${known} and ${orderId}`)
    }
  }
  await stage.quiet()
  return found
}

/** What disagrees and goes on to: a line of the journal may still be on its way when its answer has come. */
async function account(kite: KiteSimulator, dataDir: string): Promise<string[]> {
  const endMs = performance.now() + ACCOUNT_MS_MAX
  for (;;) {
    const found = disagreements(readJournal(dataDir), kite.record().orders)
    if (found.length === 0 || performance.now() > endMs) return found
    await wait(LOOK_MS)
  }
}

/** Plays all runs. Throws an error that names the seed and the run where journal and exchange disagree. */
export async function play(wishes: Wishes): Promise<Totals> {
  const { runs, seed, kills, terminates, from = 1, onRun } = wishes
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-orders-'))
  const kite = await startKiteSimulator({ seed, ratePerSecond: 0, instruments: 400, limits: false })
  const flags = flagsFor(kite, folder)
  const totals: Totals = {
    ...{ runs: 0, orders: 0, kills: 0, terminates: 0, unknown: 0, reported: 0 },
    ...{ repeated: 0, faults: 0 },
  }
  const stage = new Stage(kite, flags, await EngineProcess.start(flags), totals)
  const dataDir = String(flags.data_dir)
  try {
    await stage.open()
    for (let number = from; number < from + runs; number++) {
      const endings = {
        kills: isOneOf(number, kills, runs),
        terminates: isOneOf(number, terminates, runs),
      }
      const found = await playRun(stage, planRun(seed, number, stage.symbols, endings))
      found.push(...(await account(kite, dataDir)))
      if (found.length > 0) {
        const again = `--seed ${seed} --from ${number} --runs 1`
        throw new Error(`run ${number} of seed ${seed} (${again}):\n${found.join('\n')}`)
      }
      totals.runs += 1
      onRun?.(number)
    }
    for (const { outcome, isReported } of readJournal(dataDir).values()) {
      if (isReported) totals.reported += 1
      else if (outcome?.outcome === 'unknown') totals.unknown += 1
    }
    return totals
  } finally {
    await stage.engine.kill()
    await kite.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
