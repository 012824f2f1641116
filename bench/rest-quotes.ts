// How many quotes a second the engine answers from its table of last ticks, beside a bare answer of uWebSockets.js of
// as many bytes in the same run: rounds of both in turn, by autocannon. Each server is a process of its own.
//
//   npm run bench:quotes -- [--seconds 3] [--rounds 5] [--connections 50] [--pipelining 1]
//
// Exits with 1 when the median of the ratios is below 0.5, or the endpoint's median below 20,000 requests a second.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { machine, say } from './load-plant.ts'
import { median } from './median.ts'

const RATIO_MIN = 0.5
const PER_SECOND_MIN = 20_000
const KEY = 'k'.repeat(64)
const WARM_UP_SECONDS = 2

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
const connections = Number(values.connections)
const pipelining = Number(values.pipelining)

const children: ChildProcess[] = []
async function start(kind: string, argument: string): Promise<string> {
  const child = fork(new URL('./rest-quotes-server.js', import.meta.url), [kind, argument])
  children.push(child)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return `http://127.0.0.1:${port}/api/v1/quotes`
}

const request = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ apikey: KEY, symbol: 'SHARE1000', exchange: 'NSE' }),
}

async function shoot(url: string, seconds: number): Promise<Shot> {
  const shot = await autocannon({ ...request, url, connections, pipelining, duration: seconds })
  // A bench of refusals must not be taken for one of answers.
  if (shot.non2xx + shot.errors > 0) throw new Error(`${url}: ${shot.non2xx} refused`)
  return shot
}

say(machine())
let ratio = 0
let perSecond = 0
try {
  const endpoint = await start('endpoint', KEY)
  const body = await (await fetch(endpoint, request)).text()
  const bare = await start('bare', body)
  for (const url of [endpoint, bare]) await shoot(url, WARM_UP_SECONDS)
  say(
    `${connections} connections, ${pipelining} requests on the way on each; answers of ${body.length} bytes`,
  )
  const ratios: number[] = []
  const rates: number[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    const ours = await shoot(endpoint, Number(values.seconds))
    const floor = await shoot(bare, Number(values.seconds))
    rates.push(ours.requests.average)
    ratios.push(ours.requests.average / floor.requests.average)
    const rate = (shot: Shot) => Math.round(shot.requests.average).toLocaleString('en-US')
    say(
      `  round ${round}: /quotes ${rate(ours)} requests/s, p99 ${ours.latency.p99} ms; ` +
        `bare ${rate(floor)} requests/s, p99 ${floor.latency.p99} ms; ratio ${ratios.at(-1)!.toFixed(2)}`,
    )
  }
  ratio = median(ratios)
  perSecond = median(rates)
} finally {
  for (const child of children) child.disconnect()
}
const isMet = ratio >= RATIO_MIN && perSecond >= PER_SECOND_MIN
say(
  `  median ${Math.round(perSecond).toLocaleString('en-US')} requests/s, at least ${PER_SECOND_MIN}; ` +
    `ratio ${ratio.toFixed(2)}, at least ${RATIO_MIN}: ${isMet ? 'met' : 'not met'}`,
)
process.exit(isMet ? 0 : 1)
