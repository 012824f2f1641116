// What a load beside the ticks does to their latency, in rounds of three arms that alternate: without the load, with
// it, and without it again. The ratio of a round is that of the arm with the load to the mean of the two without; how
// far these two are apart is the spread of the machine. The medians of all rounds are judged.
//
// Latency is that of a client: from the engine's read of the broker's socket (`receiveTime`) to the client's read of
// its own, so that the engine's answers to the load and the kernel's work are in it. The load comes from this process,
// which stands for another machine: it runs in the scheduler's class IDLE, so that the ticks' processes do not wait
// for what is not the engine's.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClientLatency } from './load-client.ts'
import { ask, giveWay, type Plant, say } from './load-plant.ts'
import { judgeRatio, type RoundFigures, ratioOf } from './pipeline/compare.ts'
import { tell } from './verdict.ts'

/** What is called a hundred times a second is compiled for good after some two thousand calls. */
const WARM_UP_SECONDS = 30
const REST_MS = 500
const PERCENTILES = [
  { name: 'p50Us', shown: 'p50' },
  { name: 'p99Us', shown: 'p99' },
] as const
type Percentile = (typeof PERCENTILES)[number]['name']

export interface Beside<Result> {
  /** Runs until it is told to stop, and tells what it did; it ends earlier only by failing. */
  readonly load: (signal: AbortSignal) => Promise<Result>
  readonly rounds: number
  /** Of each arm. */
  readonly seconds: number
  /** How many times the latency without the load that with it may be; what has no limit is told, and not judged. */
  readonly limits: Partial<Record<Percentile, number>>
}

/** Lets ticks come to a client of the first so many instruments; who calls it gives way to them. */
export async function beginTicks(plant: Plant, subscribed: number): Promise<ChildProcess> {
  const name = `msgpack:${subscribed}`
  const client = await plant.addClient({ name, mode: 'quote', isTimed: true })
  giveWay(process.pid)
  await ask(plant.simulator, { do: 'resume' })
  return client
}

/** Runs so long and answers with the latency of that time, taken while the load still runs. */
async function runArm<Result>(
  client: ChildProcess,
  seconds: number,
  load: Beside<Result>['load'],
): Promise<{ latency: ClientLatency; result: Result }> {
  await wait(REST_MS)
  await ask<ClientLatency>(client, { do: 'latency' })
  const stop = new AbortController()
  const running = load(stop.signal)
  await Promise.race([wait(seconds * 1000), running])
  const latency = await ask<ClientLatency>(client, { do: 'latency' })
  if (latency.ticks === 0) throw new Error('no tick came to the client in the time of an arm')
  stop.abort()
  return { latency, result: await running }
}

const nothing = (signal: AbortSignal) => once(signal, 'abort')

const row = (...cells: (string | number)[]) =>
  say(`  ${cells.map((cell) => String(cell).padStart(9)).join('')}`)

/** Prints the rounds and the verdicts, and resolves with what the load did in each round. */
export async function measureBeside<Result>(
  client: ChildProcess,
  { load, rounds, seconds, limits }: Beside<Result>,
): Promise<Result[]> {
  await runArm(client, WARM_UP_SECONDS, load)
  const results: Result[] = []
  const figures: Record<Percentile, RoundFigures[]> = { p50Us: [], p99Us: [] }
  row('', 'without', '', 'with', '', 'without', '', 'ratio', '', 'apart')
  row('round', ...['µs', 'µs', 'µs', '', ''].flatMap((unit) => [`p50 ${unit}`, `p99 ${unit}`]))
  for (let round = 1; round <= rounds; round++) {
    const before = await runArm(client, seconds, nothing)
    const loaded = await runArm(client, seconds, load)
    const after = await runArm(client, seconds, nothing)
    results.push(loaded.result)
    for (const { name } of PERCENTILES) {
      figures[name].push({
        subject: loaded.latency[name],
        equals: [before.latency[name], after.latency[name]],
      })
    }
    const latencies = [before, loaded, after].map(({ latency }) => latency)
    const ratios = PERCENTILES.map(({ name }) => ratioOf(figures[name].slice(-1)))
    row(
      round,
      ...latencies.flatMap(({ p50Us, p99Us }) => [p50Us, p99Us]),
      ...ratios.map((ratio) => ratio.median.toFixed(2)),
      ...ratios.map(({ spread }) => spread.toFixed(2)),
    )
  }
  for (const { name, shown } of PERCENTILES) {
    const what = `${shown} of ticks with it, to that without`
    tell(judgeRatio(what, ratioOf(figures[name]), 'at most', limits[name]))
  }
  return results
}
