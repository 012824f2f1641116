// npm run sim:orders -- --runs 2000 [--seed N] [--kills K] [--terminates T]: orders through a whole engine while the
// broker fails in every way that the simulator knows, and engine and threads are killed. In each run the exchange's
// own record must agree with the engine's journal. Exits with 1 where it did not. --plant makes one run of many again.
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { describeTotals, simulateRuns, type Totals } from './many-runs.ts'

const FOUND = 1
const BAD_USAGE = 2
const RUNS_DEFAULT = 100
const SEED_LIMIT = 2 ** 31
/** One in so many runs, where nothing is said. */
const RUNS_PER_KILL = 20
// One in twenty finds no thread to end.
const RUNS_PER_TERMINATE = 8
const REPORT_EVERY_RUNS = 50

function wholeNumber(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new TypeError(`--${option} must be a whole number from 0 up`)
}

function options() {
  const option = { type: 'string' } as const
  const { values } = parseArgs({
    options: { runs: option, seed: option, plant: option, kills: option, terminates: option },
  })
  const runs = wholeNumber('runs', values.runs, RUNS_DEFAULT)
  const seed = wholeNumber('seed', values.seed, randomInt(SEED_LIMIT))
  return {
    runs,
    seed,
    plantSeed: wholeNumber('plant', values.plant, seed),
    kills: wholeNumber('kills', values.kills, Math.ceil(runs / RUNS_PER_KILL)),
    terminates: wholeNumber('terminates', values.terminates, Math.ceil(runs / RUNS_PER_TERMINATE)),
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`)

async function main(): Promise<number> {
  let chosen: ReturnType<typeof options>
  try {
    chosen = options()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return BAD_USAGE
  }
  const { runs, seed } = chosen
  const startedAtMs = performance.now()
  say(`${runs} runs from seed ${seed}`)
  let told = 0
  const totals = await simulateRuns(chosen, ({ runs: done, failures, kills }: Totals) => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0)
    if (done % REPORT_EVERY_RUNS === 0) say(`${done} runs, ${kills} kills, ${seconds} s`)
    for (; told < failures.length; told++) say(failures[told]!)
  })
  const seconds = (performance.now() - startedAtMs) / 1000
  say(describeTotals(totals))
  say(`${seconds.toFixed(0)} s, ${(seconds / Math.max(1, totals.runs)).toFixed(2)} s a run`)
  return totals.failures.length > 0 ? FOUND : 0
}

process.exitCode = await main()
