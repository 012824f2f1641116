// npm run sim:orders -- [--runs 2000] [--seed 1] [--kills 100] [--terminates 200] [--from 1]
//
// Seeded runs of orders through a real engine against the simulated Kite, over all its faults, with engines that are
// killed and order threads that are ended. After each run the exchange's record and the journal must agree.
import { parseArgs } from 'node:util'
import { play } from './play.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string' },
    terminates: { type: 'string' },
    from: { type: 'string', default: '1' },
  },
})
const runs = Number(values.runs)
const startedAt = performance.now()
const say = (text: string) => process.stdout.write(`${text}\n`)
const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(0)
const totals = await play({
  runs,
  seed: Number(values.seed),
  kills: Number(values.kills ?? Math.ceil(runs / 20)),
  terminates: Number(values.terminates ?? Math.ceil(runs / 10)),
  from: Number(values.from),
  onRun(number) {
    if (number % 100 === 0) say(`run ${number}, ${seconds()} s`)
  },
})
say(JSON.stringify(totals))
say(`${totals.runs} runs in ${seconds()} s: the exchange's record and the journal agree`)
