// The pipeline as a whole: a broker that sends by a schedule, the engine, and its clients, each a process of its own,
// beside floors and peers in the same run.
//
//   npm run bench:pipeline -- [--only NAME,NAME] [--quick] [--rounds N] [--pin generator=0,engine=0+1,client=1]
//                             [--report] [--no-keep]
//   npm run bench:pipeline -- --list            the cases
//   npm run bench:pipeline -- --from-results    docs/benchmarks.md anew, without measuring
//   npm run bench -- --report                   everything, and docs/benchmarks.md
//
// Latency counts from the time at which a frame should have been sent, by the machine's monotonic clock, to the
// client's read of its socket. A missed target is printed and is no failure: the exit code is 1 only where a case
// cannot run. What was measured is kept in bench/results, in the place of what was there before.
import { parseArgs } from 'node:util'
import { machine, say } from '../load-plant.ts'
import type { Case, CaseResult, Pace } from './case.ts'
import { heapCase } from './cases/heap.ts'
import { latencyCases } from './cases/latency.ts'
import { loadCases } from './cases/loads.ts'
import { otherCases } from './cases/others.ts'
import { throughputCases } from './cases/throughput.ts'
import { tuningCases } from './cases/tuning.ts'
import { originOf } from './machine.ts'
import { Plant } from './plant.ts'
import { caseLines } from './print.ts'
import { readPins } from './processes.ts'
import { makeReport, writeReport } from './report.ts'
import { keepResult, keptResults } from './results.ts'

const CASES: readonly Case[] = [
  ...latencyCases,
  ...loadCases,
  ...throughputCases,
  ...otherCases,
  ...tuningCases,
  heapCase,
]

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    'from-results': { type: 'boolean', default: false },
    rounds: { type: 'string' },
    'no-keep': { type: 'boolean', default: false },
    pin: { type: 'string', default: '' },
  },
})

const pins = readPins(values.pin)
const FULL: Pace = {
  rounds: 5,
  seconds: 3,
  rateSeconds: 1,
  searches: 5,
  narrowings: 4,
  warmUpSeconds: 2,
  burstShare: 1,
  heapTicks: 10_000_000,
  pins,
}
const QUICK: Pace = {
  rounds: 1,
  seconds: 0.4,
  rateSeconds: 0.2,
  searches: 1,
  narrowings: 1,
  warmUpSeconds: 0.4,
  burstShare: 0.2,
  heapTicks: 1_000_000,
  pins,
}

const names = values.only.split(',').filter((name) => name !== '')
const unknown = names.filter((name) => !CASES.some((each) => each.name === name))
if (values.list || unknown.length > 0) {
  for (const name of unknown) say(`there is no case ${name}`)
  for (const { name, about } of CASES) say(`${name.padEnd(24)} ${about}`)
  process.exit(values.list ? 0 : 1)
}

const isChosen = ({ name, isExtra }: Case) =>
  names.length === 0 ? !(values.quick && isExtra) : names.includes(name)

async function measureAll(): Promise<void> {
  const base = values.quick ? QUICK : FULL
  const pace = values.rounds === undefined ? base : { ...base, rounds: Number(values.rounds) }
  const origin = originOf(values.quick)
  say(machine())
  for (const each of CASES.filter(isChosen)) {
    const startedAt = performance.now()
    const { name, about } = each
    say(`\n${name}: ${about}`)
    const result: CaseResult = { name, about, ...(await each.run(pace)) }
    for (const line of caseLines(result)) say(line)
    say(`  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    if (!values['no-keep']) keepResult({ ...result, origin })
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => void Plant.closeAll().then(() => process.exit(1)))
}
if (!values['from-results']) await measureAll()
if (values.report || values['from-results']) {
  writeReport(makeReport(keptResults()))
  say('\ndocs/benchmarks.md is written')
}
