// What look-ups cost the stream: the latency of ticks without and with 20 searches a second and one instrument list
// after another being fetched. The broker, the engine and the client are processes of their own; the searches and lists
// come from this one, over HTTP.
//
//   node dist/bench/lookup-load.js [--rate 10000] [--seconds 5] [--rounds 5] [--instruments 100000]
//                                  [--subscribed 500] [--searches 20] [--list-rate 0]
//
// `--list-rate` bounds how fast a list is read, in MB/s; 0 reads as fast as it comes. Exits with 1 where a target is
// missed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { packageRoot } from '../config/root.ts'
import { beginTicks, measureBeside } from './beside.ts'
import { type EngineWord, machine, say, startPlant } from './load-plant.ts'
import { newTimesUs, openLoop } from './open-loop.ts'

const RATIO_LIMITS = { p99Us: 1.5 }

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
const agent = new Agent({ connections: 8 })
let searched = 0

/** What refuses a call, so that a bench of refusals is not taken for one of answers. */
function checkStatus(what: string, status: number): void {
  if (status !== 200) throw new Error(`${what} was answered with status ${status}`)
}

/** Asks for the next of the queries. */
async function search({ http, apiKey }: EngineWord): Promise<void> {
  const query = queries[searched++ % queries.length]!
  const { statusCode, body } = await request(`http://127.0.0.1:${http.port}/api/v1/search`, {
    dispatcher: agent,
    method: 'POST',
    body: JSON.stringify({ apikey: apiKey, query }),
  })
  await body.arrayBuffer()
  checkStatus(`the search for ${query}`, statusCode)
}

/** Fetches one list after another; the one under way at the end is given up. */
async function listOn({ http, apiKey }: EngineWord, signal: AbortSignal) {
  const url = `http://127.0.0.1:${http.port}/api/v1/instruments?apikey=${apiKey}&format=json`
  const begunAt = performance.now()
  let lists = 0
  let bytes = 0
  while (!signal.aborted) {
    const { statusCode, body } = await request(url, { dispatcher: agent })
    checkStatus('the instrument list', statusCode)
    for await (const piece of body) {
      bytes += (piece as Buffer).length
      // Leaving the loop ends the connection.
      if (signal.aborted) break
      if (listBytesPerMs === 0) continue
      const earlyMs = begunAt + bytes / listBytesPerMs - performance.now()
      if (earlyMs > 1) await wait(earlyMs)
    }
    if (!signal.aborted) lists += 1
  }
  return { lists, bytes, seconds: (performance.now() - begunAt) / 1000 }
}

async function lookUp(word: EngineWord, signal: AbortSignal) {
  const searches = openLoop(() => search(word), searchesPerSecond, { signal })
  const [answered, fetched] = await Promise.all([searches, listOn(word, signal)])
  return { answered, fetched }
}

function tellDone(rounds: readonly Awaited<ReturnType<typeof lookUp>>[]): void {
  const timesUs = newTimesUs()
  for (const { answered } of rounds) timesUs.add(answered.timesUs)
  const sum = (pick: (round: (typeof rounds)[number]) => number) =>
    rounds.reduce((all, round) => all + pick(round), 0)
  const megabytes = sum(({ fetched }) => fetched.bytes) / 1e6
  say(
    `  searches ${timesUs.totalCount}, p50 ${timesUs.getValueAtPercentile(50)} µs, ` +
      `p99 ${timesUs.getValueAtPercentile(99)} µs`,
  )
  say(
    `  lists ${sum(({ fetched }) => fetched.lists)} whole, ${megabytes.toFixed(0)} MB, ` +
      `${(megabytes / sum(({ fetched }) => fetched.seconds)).toFixed(0)} MB/s`,
  )
}

say(machine())
say(
  `${rate} ticks/s, ${values.subscribed} of ${instruments} instruments subscribed; ` +
    `${searchesPerSecond} searches/s and one list after another ` +
    `${listBytesPerMs === 0 ? 'as fast as it comes' : `at ${values['list-rate']} MB/s`}; ` +
    `${rounds} rounds of 3 × ${seconds} s`,
)
const plant = await startPlant({ rate, instruments })
try {
  const done = await measureBeside(await beginTicks(plant, Number(values.subscribed)), {
    ...{ rounds, seconds, limits: RATIO_LIMITS },
    load: (signal) => lookUp(plant.word, signal),
  })
  tellDone(done)
} finally {
  await plant.close()
  await agent.close()
}
process.exit()
