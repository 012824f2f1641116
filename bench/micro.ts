// The hot path, part by part, beside what a program would use otherwise, in the same run and on the same data.
//
//   node dist/bench/micro.js [words] [--quick]
//
// Words choose the groups whose name has one of them. A missed target is printed and is no failure: the exit code is
// 1 only where an arm gives wrong answers, loses something or cannot run.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { codec } from './micro/codec.ts'
import { encoders } from './micro/encoders.ts'
import type { Group, Pace } from './micro/group.ts'
import { lookup } from './micro/lookup.ts'
import { lookupRows } from './micro/lookup-rows.ts'
import { noren } from './micro/noren.ts'
import { ring } from './micro/ring.ts'
import { router } from './micro/router.ts'
import { measureCase } from './micro/runner.ts'
import { symbolIndex } from './micro/symbol-index.ts'
import { symbolStore } from './micro/symbol-store.ts'
import { armLines, headingText } from './micro/table.ts'
import { upstox } from './micro/upstox.ts'
import { websocket } from './micro/websocket.ts'
import { zeromq } from './micro/zeromq.ts'

const GROUPS: readonly Group[] = [
  codec,
  symbolIndex,
  symbolStore,
  ring,
  encoders,
  router,
  websocket,
  zeromq,
  lookup,
  lookupRows,
  noren,
  upstox,
]

// Rounds are odd in number, so that there is a middle one.
const FULL: Pace = { rounds: 5, workMs: 150, warmUpMs: 50, share: 1 }
const QUICK: Pace = { rounds: 3, workMs: 20, warmUpMs: 10, share: 0.1 }

const say = (text: string) => process.stdout.write(`${text}\n`)

/** Prints one group's table as its cases are measured, and returns which targets were met. */
async function run(group: Group, pace: Pace): Promise<boolean[]> {
  say(`\n${group.name}: ${group.about}`)
  say(headingText(group.operation))
  const { cases, notes, close } = await group.prepare(pace.share)
  for (const note of notes ?? []) say(`  ${note}`)
  const targets: boolean[] = []
  try {
    for (const each of cases) {
      say(`  ${each.name}`)
      for (const { text, isMet } of armLines(await measureCase(each, pace))) {
        say(text)
        if (isMet !== null) targets.push(isMet)
      }
    }
  } finally {
    await close?.()
  }
  return targets
}

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const chosen = GROUPS.filter(({ name }) => {
  return positionals.length === 0 || positionals.some((word) => name.includes(word))
})
if (chosen.length === 0) {
  const names = GROUPS.map(({ name }) => name).join(', ')
  process.stderr.write(`no group matches ${positionals.join(' ')}; there are ${names}\n`)
  process.exit(1)
}
const pace = values.quick ? QUICK : FULL
say(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`)
say(
  `median of ${pace.rounds} rounds, the arms of a case by turns; ratio: time over the first arm's`,
)
const targets: boolean[] = []
for (const group of chosen) targets.push(...(await run(group, pace)))
const met = targets.filter((isMet) => isMet).length
if (targets.length > 0) say(`\n${met} of ${targets.length} targets met`)
