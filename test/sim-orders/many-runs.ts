// Many runs, one after the other. A plant serves some of them: its order book grows, and so does what it costs to read.
import type { JournalEntry } from '../../engine/orders/write.ts'
import { type Ends, planRun, shareOf } from './plan.ts'
import { type RunReport, simulateRun } from './run.ts'
import { SimPlant } from './sim-plant.ts'

const RUNS_PER_PLANT = 40
const LOG_LINES_SHOWN = 40

export interface ManyRuns extends Ends {
  readonly runs: number
  /** Of the first run; each one after it has the next one. */
  readonly seed: number
  /** Of the first plant, to make one run of many again as it was; that of the run where nothing is said. */
  readonly plantSeed?: number | undefined
}

export interface Totals {
  runs: number
  kills: number
  terminates: number
  /** Writes that were under way when the engine or the thread was ended. */
  caught: number
  /** Writes that callers asked for, without what they asked for again. */
  writes: number
  /** Orders that the exchange took. */
  orders: number
  /** Journal entries by outcome, and by how it came to be known. */
  readonly entries: Map<string, number>
  /** Calls to which a fault happened, by its kind. */
  readonly faults: Map<string, number>
  /** Descriptions of runs in which something disagreed. */
  readonly failures: string[]
}

const add = (counts: Map<string, number>, key: string, count = 1) =>
  counts.set(key, (counts.get(key) ?? 0) + count)

const kindOf = ({ task, outcome, settledBy }: JournalEntry) =>
  `${task.name} ${outcome?.outcome ?? 'open'} by ${settledBy ?? 'nobody'}`

/** Carries out the runs; `onRun` is told of each. */
export async function simulateRuns(
  many: ManyRuns,
  onRun: (totals: Totals) => void = () => {},
): Promise<Totals> {
  const totals: Totals = {
    ...{ runs: 0, kills: 0, terminates: 0, caught: 0, writes: 0, orders: 0 },
    ...{ entries: new Map(), faults: new Map(), failures: [] },
  }
  while (totals.runs < many.runs) await servePlant(many, totals, onRun)
  return totals
}

/** Runs on one plant until it has served enough, or something disagreed: no run suffers from what another one left. */
async function servePlant(
  { runs, seed, kills, terminates, plantSeed = seed }: ManyRuns,
  totals: Totals,
  onRun: (totals: Totals) => void,
): Promise<void> {
  const ownSeed = plantSeed + totals.runs
  const plant = await SimPlant.start({ seed: ownSeed, holdsUnknown: ownSeed % 2 === 0 })
  try {
    for (let served = 0; served < RUNS_PER_PLANT && totals.runs < runs; served++) {
      const at = totals.runs
      const ends = { kills: shareOf(kills, at, runs), terminates: shareOf(terminates, at, runs) }
      const report = await simulateRun(plant, planRun(seed + at, ends))
      take(totals, report)
      const isWrong = report.wrong.length > 0
      if (isWrong) totals.failures.push(describe(report, ends, plant, ownSeed))
      onRun(totals)
      if (isWrong) break
    }
    totals.orders += plant.simulator.account.orders.size
    for (const entry of plant.journal().values()) add(totals.entries, kindOf(entry))
  } finally {
    await plant.close()
  }
}

function take(totals: Totals, { kills, terminates, caught, writes, faults }: RunReport): void {
  totals.runs += 1
  totals.kills += kills
  totals.terminates += terminates
  totals.caught += caught
  totals.writes += writes
  for (const fault of faults) add(totals.faults, fault.do, fault.taken)
}

function describe(
  { seed, wrong, faults }: RunReport,
  { kills, terminates }: Ends,
  { log }: SimPlant,
  plantSeed: number,
): string {
  const again =
    `npm run sim:orders -- --runs 1 --seed ${seed} --plant ${plantSeed} ` +
    `--kills ${kills} --terminates ${terminates}`
  return [
    `run of seed ${seed}: ${wrong.length} disagreements; again: ${again}`,
    ...wrong.map((each) => `  ${each}`),
    ...faults.map((fault) => `  fault ${JSON.stringify(fault)}`),
    ...log.slice(-LOG_LINES_SHOWN).map((line) => `  log ${line}`),
  ].join('\n')
}

/** The totals for people. */
export function describeTotals(totals: Totals): string {
  const { runs, kills, terminates, caught, writes, orders, entries, faults, failures } = totals
  const listed = (counts: ReadonlyMap<string, number>) =>
    [...counts].sort().map(([name, count]) => `  ${String(count).padStart(7)} ${name}`)
  return [
    `${runs} runs, ${failures.length} of them failed; ${kills} kills of the engine, ` +
      `${terminates} ends of its orders thread, which caught ${caught} writes under way`,
    `${writes} writes asked for, ${orders} orders at the exchange`,
    'what became of writes:',
    ...listed(entries),
    'calls that met a fault:',
    ...listed(faults),
  ].join('\n')
}
