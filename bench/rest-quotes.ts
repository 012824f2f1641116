// How many quotes a second the engine answers from its table of last ticks, and what ticks notice of it.
//
//   npm run bench:quotes -- [--seconds 3] [--rounds 5] [--connections 50] [--pipelining 1]
//
// First the endpoint alone, beside a bare answer of uWebSockets.js of as many bytes in the same run: rounds of both in
// turn, by autocannon, each server a process of its own. Then a whole engine with 10,000 ticks a second to one client,
// and quotes asked beside them by wrk: at a steady rate, and as fast as they come.
//
// Exits with 1 where a target is missed.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { beginTicks, measureBeside } from './beside.ts'
import { machine, type Plant, say, startPlant } from './load-plant.ts'
import { median } from './median.ts'
import { judgeFigure } from './pipeline/compare.ts'
import { tell } from './verdict.ts'
import { type Asked, type Asking, askByWrk, isWrkInstalled } from './wrk.ts'

const RATIO_MIN = 0.5
const PER_SECOND_MIN = 20_000
const KEY = 'k'.repeat(64)
const WARM_UP_SECONDS = 2
const TICKS_PER_SECOND = 10_000
const INSTRUMENTS = 5000
const SUBSCRIBED = 500
const BESIDE_TICKS_PER_SECOND = 20_000
/** What was asked last is answered after the time. */
const ANSWERED_SHARE_MIN = 0.98
const RATIO_LIMITS = { p99Us: 1.5 }

interface Shot {
  readonly requests: { readonly average: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly non2xx: number
  readonly errors: number
}
type Cannon = (options: object) => Promise<Shot>
const autocannon = createRequire(import.meta.url)('autocannon') as Cannon

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '50' },
    pipelining: { type: 'string', default: '1' },
  },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const connections = Number(values.connections)
const pipelining = Number(values.pipelining)
const perSecondText = (rate: number) => Math.round(rate).toLocaleString('en-US')

const PATH = '/api/v1/quotes'
const requestOf = (apikey: string, symbol: string, exchange: string) => {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apikey, symbol, exchange }),
  } as const
}

const children: ChildProcess[] = []
async function start(kind: string, argument: string): Promise<string> {
  const child = fork(new URL('./rest-quotes-server.js', import.meta.url), [kind, argument])
  children.push(child)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return `http://127.0.0.1:${port}${PATH}`
}

async function shoot(url: string, forSeconds: number): Promise<Shot> {
  const request = requestOf(KEY, 'SHARE1000', 'NSE')
  const shot = await autocannon({ ...request, url, connections, pipelining, duration: forSeconds })
  // A bench of refusals must not be taken for one of answers.
  if (shot.non2xx + shot.errors > 0) throw new Error(`${url}: ${shot.non2xx} refused`)
  return shot
}

async function measureAlone(): Promise<void> {
  const endpoint = await start('endpoint', KEY)
  const body = await (await fetch(endpoint, requestOf(KEY, 'SHARE1000', 'NSE'))).text()
  const bare = await start('bare', body)
  for (const url of [endpoint, bare]) await shoot(url, WARM_UP_SECONDS)
  say(
    `${connections} connections, ${pipelining} requests on the way on each; answers of ${body.length} bytes`,
  )
  const ratios: number[] = []
  const rates: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const ours = await shoot(endpoint, seconds)
    const floor = await shoot(bare, seconds)
    rates.push(ours.requests.average)
    ratios.push(ours.requests.average / floor.requests.average)
    const shown = ({ requests, latency }: Shot) =>
      `${perSecondText(requests.average)} requests/s, p99 ${latency.p99} ms`
    const ratio = ratios.at(-1)!.toFixed(2)
    say(`  round ${round}: /quotes ${shown(ours)}; bare ${shown(floor)}; ratio ${ratio}`)
  }
  tell(judgeFigure('median of /quotes', median(rates), '/s', 'at least', PER_SECOND_MIN))
  tell(judgeFigure('median ratio to bare', median(ratios), '×', 'at least', RATIO_MIN))
}

async function measureBesideTicks(plant: Plant): Promise<void> {
  // Kite's ticks of mode quote have no best bid and ask, without which the broker would be asked.
  await plant.addClient({ name: 'msgpack:1', mode: 'depth', isTimed: false })
  const client = await beginTicks(plant, SUBSCRIBED)
  const { symbol, exchange } = plant.symbols[0]!
  const url = `http://127.0.0.1:${plant.word.http.port}${PATH}`
  const body = { apikey: plant.word.apiKey, symbol, exchange }
  // The broker is asked once a second at most, and all beyond that is refused: what comes by the thousand and is no
  // refusal is of the table.
  const quotesAt = (perSecond: Asking['perSecond']) => (signal: AbortSignal) =>
    askByWrk(url, { connections, perSecond, body }, signal)
  const medianRate = (loads: readonly Asked[]) =>
    median(loads.map((load) => load.count / load.seconds))

  say(`beside ${TICKS_PER_SECOND} ticks/s to one client: ${BESIDE_TICKS_PER_SECOND} quotes/s`)
  const load = quotesAt(BESIDE_TICKS_PER_SECOND)
  const steady = await measureBeside(client, { rounds, seconds, limits: RATIO_LIMITS, load })
  const wanted = BESIDE_TICKS_PER_SECOND * ANSWERED_SHARE_MIN
  tell(judgeFigure('quotes answered', medianRate(steady), '/s', 'at least', wanted))

  say('beside the same ticks: quotes as fast as they come')
  const flood = quotesAt('as fast as they come')
  const fast = await measureBeside(client, { rounds, seconds, limits: RATIO_LIMITS, load: flood })
  tell(judgeFigure('quotes answered', medianRate(fast), '/s', 'at least', PER_SECOND_MIN))
}

say(machine())
try {
  await measureAlone()
} finally {
  const ended = children.map((child) => once(child, 'exit'))
  for (const child of children) child.disconnect()
  await Promise.all(ended)
}
if (!isWrkInstalled()) {
  say('wrk is not installed (Debian: apt-get install wrk): no figures for ticks beside quotes')
  process.exit(1)
}
const plant = await startPlant(
  { rate: TICKS_PER_SECOND, instruments: INSTRUMENTS },
  { TICKPLANT_REST_API_RATE_LIMIT: '100000 per second' },
)
try {
  await measureBesideTicks(plant)
} finally {
  await plant.close()
}
process.exit()
