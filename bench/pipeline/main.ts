// The pipeline as a whole: a broker that sends by a schedule, the engine, and its clients, each a process of its own,
// beside floors and peers in the same run.
//
//   npm run bench:pipeline -- [--only NAME,NAME] [--quick] [--list] [--pin generator=0,engine=0+1,client=1]
//
// Latency counts from the time at which a frame should have been sent, by the machine's monotonic clock, to the
// client's read of its socket. A missed target is printed and is no failure: the exit code is 1 only where a case
// cannot run. What was measured is kept in bench/results.
import { parseArgs } from 'node:util'
import { machine, say } from '../load-plant.ts'
import type { Case, CaseResult, Pace } from './case.ts'
import { heapCase } from './cases/heap.ts'
import { latencyCases } from './cases/latency.ts'
import { loadCases } from './cases/loads.ts'
import { otherCases } from './cases/others.ts'
import { throughputCases } from './cases/throughput.ts'
import { Plant } from './plant.ts'
import { caseLines } from './print.ts'
import { readPins } from './processes.ts'

const CASES: readonly Case[] = [
  ...latencyCases,
  ...loadCases,
  ...throughputCases,
  ...otherCases,
  heapCase,
]

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    pin: { type: 'string', default: '' },
  },
})

const pins = readPins(values.pin)
const FULL: Pace = {
  rounds: 5,
  seconds: 2,
  rateSeconds: 1,
  searches: 5,
  narrowings: 4,
  warmUpSeconds: 2,
  heapTicks: 10_000_000,
  pins,
}
const QUICK: Pace = {
  rounds: 3,
  seconds: 0.3,
  rateSeconds: 0.2,
  searches: 1,
  narrowings: 1,
  warmUpSeconds: 0.5,
  heapTicks: 1_000_000,
  pins,
}

const names = values.only.split(',').filter((name) => name !== '')
const chosen = CASES.filter(({ name }) => names.length === 0 || names.includes(name))
const unknown = names.filter((name) => !CASES.some((each) => each.name === name))
if (values.list || unknown.length > 0) {
  for (const name of unknown) say(`there is no case ${name}`)
  for (const { name, about } of CASES) say(`${name.padEnd(24)} ${about}`)
  process.exit(values.list ? 0 : 1)
}
const base = values.quick ? QUICK : FULL
const pace = values.rounds === undefined ? base : { ...base, rounds: Number(values.rounds) }
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => void Plant.closeAll().then(() => process.exit(1)))
}
say(machine())
for (const each of chosen) {
  const startedAt = performance.now()
  say(`\n${each.name}: ${each.about}`)
  const result: CaseResult = { name: each.name, about: each.about, ...(await each.run(pace)) }
  for (const line of caseLines(result)) say(line)
  say(`  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}
