// What the order gateway costs: one order through OpenAlgo's REST API beside a bare call to the same broker, so many a
// second, and what ticks notice of it. Broker, engine and tick client are processes of their own.
//
//   npm run bench:orders -- [--orders 300] [--rounds 5] [--seconds 4] [--rate 10000]
//
// Exits with 1 where a target is missed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { beginTicks, measureBeside } from './beside.ts'
import { machine, type Plant, say, startPlant } from './load-plant.ts'
import { median } from './median.ts'
import { openLoop } from './open-loop.ts'
import { judgeFigure } from './pipeline/compare.ts'
import { tell } from './verdict.ts'

const OVERHEAD_MS_MAX = 1
const SUSTAINED_PER_SECOND = 200
/** What was asked last is answered after the time. */
const ANSWERED_SHARE_MIN = 0.98
const BESIDE_TICKS_PER_SECOND = 100
const RATIO_LIMITS = { p50Us: 1.1, p99Us: 1.5 }
const INSTRUMENTS = 5000
const SUBSCRIBED = 500
const SYMBOL = 'RELIANCE'
/** As many as it takes until all that they run has been compiled for good. */
const WARM_UP_ORDERS = 3000

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '10000' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const agent = new Agent({ connections: 64, keepAliveTimeout: 60_000 })

/** A broker like Zerodha, but for its ten orders a second. */
function unlimitedModule(folder: string): string {
  const file = join(folder, 'broker.mjs')
  const registry = new URL('../adapters/registry.js', import.meta.url).href
  const lines = [
    `import { loadBroker } from ${JSON.stringify(registry)}`,
    "const broker = await loadBroker('zerodha')",
    'const rules = { ...broker.orders.rules, ordersPerSecondMax: 1_000_000 }',
    'export default { ...broker, orders: { ...broker.orders, rules, quotas: [] } }',
  ]
  writeFileSync(file, lines.join('\n'))
  return file
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<void> {
  const reply = await request(url, { dispatcher: agent, method: 'POST', headers, body })
  const text = await reply.body.text()
  if (reply.statusCode !== 200) throw new Error(`${url}: HTTP ${reply.statusCode} ${text}`)
}

function callsOf({ ready, word }: Plant) {
  const form = new URLSearchParams({
    ...{ tradingsymbol: SYMBOL, exchange: 'NSE', transaction_type: 'BUY', order_type: 'MARKET' },
    ...{ quantity: '1', product: 'MIS', validity: 'DAY', market_protection: '-1' },
  }).toString()
  const kite = {
    'x-kite-version': '3',
    authorization: `token ${ready.apiKey}:${ready.accessToken}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  const order = JSON.stringify({
    ...{ apikey: word.apiKey, strategy: 'bench', exchange: 'NSE', symbol: SYMBOL },
    ...{ action: 'BUY', quantity: 1, pricetype: 'MARKET', product: 'MIS' },
  })
  const url = `http://127.0.0.1:${word.http.port}/api/v1/placeorder`
  return {
    bare: () => post(`${ready.restUrl}/orders/regular`, kite, form),
    gateway: () => post(url, { 'content-type': 'application/json' }, order),
  }
}

type Call = () => Promise<void>

/** Median time of calls one after another, ms. */
async function medianMs(call: Call, count: number): Promise<number> {
  const times: number[] = []
  for (let done = 0; done < count; done++) {
    const from = performance.now()
    await call()
    times.push(performance.now() - from)
  }
  return median(times)
}

async function measureOverhead({ bare, gateway }: ReturnType<typeof callsOf>): Promise<void> {
  const count = Number(values.orders)
  for (const call of [bare, gateway]) await medianMs(call, WARM_UP_ORDERS)
  const overheads: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const bareMs = await medianMs(bare, count)
    const gatewayMs = await medianMs(gateway, count)
    overheads.push(gatewayMs - bareMs)
    say(
      `  round ${round}: bare call p50 ${bareMs.toFixed(2)} ms, through the gateway ${gatewayMs.toFixed(2)} ms`,
    )
  }
  const overheadMs = median(overheads)
  tell(judgeFigure('overhead p50', overheadMs, 'ms', 'at most', OVERHEAD_MS_MAX))
}

async function measureSustained(gateway: Call): Promise<void> {
  const ofTime = { count: SUSTAINED_PER_SECOND * seconds }
  const { count, timesUs, seconds: took } = await openLoop(gateway, SUSTAINED_PER_SECOND, ofTime)
  const ms = (percentile: number) => (timesUs.getValueAtPercentile(percentile) / 1000).toFixed(1)
  const what = `${count} orders in ${took.toFixed(2)} s, p50 ${ms(50)} ms, p99 ${ms(99)} ms`
  tell(judgeFigure(what, count / took, '/s', 'at least', SUSTAINED_PER_SECOND * ANSWERED_SHARE_MIN))
}

/** The same orders past the engine tell what of it the machine does, whatever the gateway costs. */
async function measureTicks(plant: Plant): Promise<void> {
  const { bare, gateway } = callsOf(plant)
  const client = await beginTicks(plant, SUBSCRIBED)
  const beside = (call: Call, limits: typeof RATIO_LIMITS | Record<string, never>) =>
    measureBeside(client, {
      ...{ rounds, seconds, limits },
      load: (signal) => openLoop(call, BESIDE_TICKS_PER_SECOND, { signal }),
    })
  say('through the gateway')
  await beside(gateway, RATIO_LIMITS)
  say('past the engine, from the asker to the broker')
  await beside(bare, {})
}

say(machine())
const folder = mkdtempSync(join(tmpdir(), 'tickplant-orders-bench-'))

async function withPlant(isRestApart: boolean, act: (plant: Plant) => Promise<void>) {
  const plant = await startPlant(
    { rate: Number(values.rate), instruments: INSTRUMENTS, isRestApart },
    {
      TICKPLANT_BROKERS_ZERODHA_ADAPTER: unlimitedModule(folder),
      TICKPLANT_BROKERS_ZERODHA_STATIC_IP_ACKNOWLEDGED: 'true',
      TICKPLANT_REST_ORDER_RATE_LIMIT: '10000 per second',
    },
  )
  try {
    await act(plant)
  } finally {
    await plant.close()
  }
}

try {
  await withPlant(false, async (plant) => {
    const calls = callsOf(plant)
    say(`one order after another, ${values.orders} a round, journal_sync = "batch"`)
    await measureOverhead(calls)
    say(`${SUSTAINED_PER_SECOND} orders a second, open loop`)
    await measureSustained(calls.gateway)
  })
  say(
    `${values.rate} ticks/s to one client, ${BESIDE_TICKS_PER_SECOND} orders a second beside them; ` +
      'who asks, and who answers for the broker, give way',
  )
  await withPlant(true, measureTicks)
} finally {
  await agent.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
