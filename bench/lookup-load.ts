// What look-ups cost the stream: the latency of ticks without and with 20 searches a second and one instrument list
// after another being fetched, in rounds that alternate: without, with, and without again. The broker,
// the engine and the client are processes of their own; the searches and lists come from this one, over HTTP.
//
//   node dist/bench/lookup-load.js [--rate 10000] [--seconds 5] [--rounds 5] [--instruments 100000]
//                                  [--subscribed 500] [--searches 20] [--list-rate 0]
//
// The asker stands for somebody at another machine: once all is up it runs in the scheduler's class IDLE, so that the
// ticks' processes do not wait for what is not the engine's.
//
// Latency is that of the client: from the engine's read of the broker's socket (`receiveTime`) to the client's read of
// its own, so that the engine's HTTP replies and the kernel's work are in it. The ratio of a round is that of its p99
// with the load to the mean of the two without; how far these two are apart is the spread of the machine. `--list-rate`
// bounds how fast a list is read, in MB/s; 0 reads as fast as it comes. Exits with 1 when the median ratio is over
// 1.5 and the spread.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'hdr-histogram-js'
import { Agent, request } from 'undici'
import { packageRoot } from '../config/root.ts'
import type { ClientLatency } from './load-client.ts'
import { ask, type EngineWord, giveWay, machine, say, startPlant } from './load-plant.ts'
import { median } from './median.ts'

const RATIO_MAX = 1.5
const WARM_UP_SECONDS = 10
const REST_MS = 500

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    instruments: { type: 'string', default: '100000' },
    subscribed: { type: 'string', default: '500' },
    searches: { type: 'string', default: '20' },
    'list-rate': { type: 'string', default: '0' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const instruments = Number(values.instruments)
const searchesPerSecond = Number(values.searches)
const listBytesPerMs = Number(values['list-rate']) * 1000

const queries = readFileSync(join(packageRoot, 'bench/queries.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const agent = new Agent({ connections: 8 })

const done = { searches: 0, lists: 0, listBytes: 0, listMs: 0 }
const searchUs = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 })

/** What refuses a call, so that a bench of refusals is not taken for one of answers. */
function checkStatus(what: string, status: number): void {
  if (status !== 200) throw new Error(`${what} was answered with status ${status}`)
}

async function search({ http, apiKey }: EngineWord, query: string): Promise<void> {
  const begunAt = performance.now()
  const { statusCode, body } = await request(`http://127.0.0.1:${http.port}/api/v1/search`, {
    dispatcher: agent,
    method: 'POST',
    body: JSON.stringify({ apikey: apiKey, query }),
  })
  await body.arrayBuffer()
  checkStatus(`the search for ${query}`, statusCode)
  searchUs.recordValue(Math.round((performance.now() - begunAt) * 1000))
  done.searches += 1
}

/** Asks at the times that the rate sets, whether those before are answered or not. */
async function searchOn(word: EngineWord, signal: AbortSignal): Promise<void> {
  const begunAt = performance.now()
  const answers: Promise<void>[] = []
  for (let asked = 0; !signal.aborted; asked++) {
    const query = queries[(done.searches + answers.length) % queries.length]!
    const answer = search(word, query)
    // A failure is told where all are waited for; before that it would end this process and leave the others running.
    answer.catch(() => {})
    answers.push(answer)
    await wait(begunAt + ((asked + 1) * 1000) / searchesPerSecond - performance.now())
  }
  await Promise.all(answers)
}

/** Fetches one list after another; the one under way at the end is given up. */
async function listOn({ http, apiKey }: EngineWord, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${http.port}/api/v1/instruments?apikey=${apiKey}&format=json`
  const begunAt = performance.now()
  const bytesBefore = done.listBytes
  while (!signal.aborted) {
    const { statusCode, body } = await request(url, { dispatcher: agent })
    checkStatus('the instrument list', statusCode)
    for await (const piece of body) {
      done.listBytes += (piece as Buffer).length
      // Leaving the loop ends the connection.
      if (signal.aborted) break
      if (listBytesPerMs === 0) continue
      const dueMs = (done.listBytes - bytesBefore) / listBytesPerMs
      const earlyMs = begunAt + dueMs - performance.now()
      if (earlyMs > 1) await wait(earlyMs)
    }
    if (!signal.aborted) done.lists += 1
  }
  done.listMs += performance.now() - begunAt
}

/** Runs so long and answers with the latency of that time, taken while the load still runs. */
async function arm(
  measure: () => Promise<ClientLatency>,
  forSeconds: number,
  loads: ((signal: AbortSignal) => Promise<void>)[],
): Promise<ClientLatency> {
  const stop = new AbortController()
  await wait(REST_MS)
  await measure()
  const running = Promise.all([wait(forSeconds * 1000), ...loads.map((load) => load(stop.signal))])
  // Loads end only when they are stopped, or by failing.
  await Promise.race([wait(forSeconds * 1000), running])
  const latency = await measure()
  stop.abort()
  await running
  return latency
}

const row = (...cells: (string | number)[]) =>
  say(`  ${cells.map((cell) => String(cell).padStart(11)).join('')}`)

say(machine())
say(
  `${rate} ticks/s, ${values.subscribed} of ${instruments} instruments subscribed; ` +
    `${searchesPerSecond} searches/s and one list after another ` +
    `${listBytesPerMs === 0 ? 'as fast as it comes' : `at ${values['list-rate']} MB/s`}; ` +
    `${rounds} rounds of 3 × ${seconds} s`,
)
const plant = await startPlant({ rate, instruments })
let ratio = Number.NaN
let spread = 0
try {
  const { simulator, word } = plant
  const name = `msgpack:${values.subscribed}`
  const client = await plant.addClient({ name, mode: 'quote', isTimed: true })
  const measure = () => ask<ClientLatency>(client, { do: 'latency' })
  const loads = [
    (signal: AbortSignal) => searchOn(word, signal),
    (signal: AbortSignal) => listOn(word, signal),
  ]
  giveWay(process.pid)
  await ask(simulator, { do: 'resume' })
  await arm(measure, WARM_UP_SECONDS, loads)
  searchUs.reset()
  Object.assign(done, { searches: 0, lists: 0, listBytes: 0, listMs: 0 })

  row('round', 'p50 µs', 'p99 µs', 'p50 µs', 'p99 µs', 'p50 µs', 'p99 µs', 'ratio', 'apart')
  row('', 'without', 'without', 'with', 'with', 'without', 'without', 'of p99')
  const ratios: number[] = []
  const spreads: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const before = await arm(measure, seconds, [])
    const loaded = await arm(measure, seconds, loads)
    const after = await arm(measure, seconds, [])
    const quiet = (before.p99Us + after.p99Us) / 2
    ratios.push(loaded.p99Us / quiet)
    spreads.push(Math.max(before.p99Us, after.p99Us) / Math.min(before.p99Us, after.p99Us) - 1)
    const latencies = [before, loaded, after].flatMap(({ p50Us, p99Us }) => [p50Us, p99Us])
    row(round, ...latencies, ratios.at(-1)!.toFixed(2), spreads.at(-1)!.toFixed(2))
  }
  ratio = median(ratios)
  spread = median(spreads)
  const megabytes = done.listBytes / 1e6
  say(
    `  searches ${done.searches}, p50 ${searchUs.getValueAtPercentile(50)} µs, ` +
      `p99 ${searchUs.getValueAtPercentile(99)} µs`,
  )
  say(
    `  lists ${done.lists} whole, ${megabytes.toFixed(0)} MB, ` +
      `${((megabytes * 1000) / done.listMs).toFixed(0)} MB/s`,
  )
} finally {
  await plant.close()
  await agent.close()
}
const isMet = ratio <= RATIO_MAX + spread
say(
  `  median ratio ${ratio.toFixed(2)}, at most ${RATIO_MAX} and a spread of ${spread.toFixed(2)}: ` +
    `${isMet ? 'met' : 'not met'}`,
)
process.exit(isMet ? 0 : 1)
