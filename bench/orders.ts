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
import { build } from 'hdr-histogram-js'
import { Agent, request } from 'undici'
import type { ClientLatency } from './load-client.ts'
import { ask, giveWay, machine, type Plant, say, startPlant } from './load-plant.ts'
import { median } from './median.ts'

const OVERHEAD_MS_MAX = 1
const SUSTAINED_PER_SECOND = 200
const BESIDE_TICKS_PER_SECOND = 100
const P50_RATIO_MAX = 1.1
const P99_RATIO_MAX = 1.5
const INSTRUMENTS = 5000
const SUBSCRIBED = 500
const SYMBOL = 'RELIANCE'
const REST_MS = 500
const WARM_UP_ORDERS = 200

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
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const histogram = () => build({ highestTrackableValue: 60_000_000 })

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

/** Calls at the times that the rate sets, whether those before are answered or not; times count from those. */
async function openLoop(call: Call, perSecond: number, forSeconds: number, signal?: AbortSignal) {
  const timesUs = histogram()
  const begunAt = performance.now()
  const answers: Promise<void>[] = []
  const count = perSecond * forSeconds
  for (let asked = 0; asked < count && !signal?.aborted; asked++) {
    const dueAt = begunAt + (asked * 1000) / perSecond
    if (dueAt > performance.now()) await wait(dueAt - performance.now())
    const answer = call().then(() => {
      // Timers may be a little early.
      timesUs.recordValue(Math.max(1, Math.round((performance.now() - dueAt) * 1000)))
    })
    answers.push(answer)
  }
  await Promise.all(answers)
  return { count: answers.length, timesUs, seconds: (performance.now() - begunAt) / 1000 }
}

const verdict = (what: string, isMet: boolean) => {
  say(`  ${what}: ${isMet ? 'met' : 'NOT met'}`)
  if (!isMet) process.exitCode = 1
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
  const what = `overhead p50 ${overheadMs.toFixed(2)} ms, at most ${OVERHEAD_MS_MAX} ms`
  verdict(what, overheadMs <= OVERHEAD_MS_MAX)
}

async function measureSustained(gateway: Call): Promise<void> {
  const { count, timesUs, seconds: took } = await openLoop(gateway, SUSTAINED_PER_SECOND, seconds)
  const rate = count / took
  const ms = (percentile: number) => (timesUs.getValueAtPercentile(percentile) / 1000).toFixed(1)
  const what =
    `${count} orders in ${took.toFixed(2)} s, ${rate.toFixed(0)}/s; p50 ${ms(50)} ms, p99 ${ms(99)} ms; ` +
    `at least ${SUSTAINED_PER_SECOND}/s`
  verdict(what, rate >= SUSTAINED_PER_SECOND * 0.98)
}

async function measureTicks(plant: Plant, gateway: Call): Promise<void> {
  const client = await plant.addClient({
    ...{ name: `msgpack:${SUBSCRIBED}`, mode: 'quote', isTimed: true },
  })
  giveWay(process.pid)
  await ask(plant.simulator, { do: 'resume' })
  const arm = async (perSecond: number): Promise<ClientLatency> => {
    await wait(REST_MS)
    await ask<ClientLatency>(client, { do: 'latency' })
    if (perSecond > 0) await openLoop(gateway, perSecond, seconds)
    else await wait(seconds * 1000)
    return ask<ClientLatency>(client, { do: 'latency' })
  }
  await arm(BESIDE_TICKS_PER_SECOND)
  const ratios = { p50Us: [] as number[], p99Us: [] as number[] }
  const spreads = { p50Us: [] as number[], p99Us: [] as number[] }
  for (let round = 1; round <= rounds; round++) {
    const before = await arm(0)
    const loaded = await arm(BESIDE_TICKS_PER_SECOND)
    const after = await arm(0)
    for (const name of ['p50Us', 'p99Us'] as const) {
      const [one, other] = [before[name], after[name]]
      ratios[name].push(loaded[name] / ((one + other) / 2))
      spreads[name].push(Math.max(one, other) / Math.min(one, other) - 1)
    }
    const shown = [before, loaded, after].map(({ p50Us, p99Us }) => `${p50Us} / ${p99Us}`)
    say(`  round ${round}: p50 / p99 µs without ${shown[0]}, with ${shown[1]}, without ${shown[2]}`)
  }
  for (const [name, max] of [
    ['p50Us', P50_RATIO_MAX],
    ['p99Us', P99_RATIO_MAX],
  ] as const) {
    const ratio = median(ratios[name])
    const spread = median(spreads[name])
    const what = `${name} of ticks ${ratio.toFixed(2)} ×, at most ${max} and a spread of ${spread.toFixed(2)}`
    verdict(what, ratio <= max + spread)
  }
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
  await withPlant(true, (plant) => measureTicks(plant, callsOf(plant).gateway))
} finally {
  await agent.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
