// What ten million ticks do to the engine's heap, by its collector's own account (`--trace-gc`).
import type { Case, CaseResult } from '../case.ts'
import { rowOf } from '../case.ts'
import { judgeFigure, type Verdict } from '../compare.ts'
import type { Engine } from '../engine.ts'
import { runSteady } from '../measure.ts'
import { Plant } from '../plant.ts'
import type { Pins } from '../processes.ts'
import { PROFILE } from './loads.ts'

const RATE = 500_000
const PACKETS = 50
const WARM_UP_S = 2
const COLLECT_MS = 300
const GROWTH_MB_MAX = 2

/** One collection: megabytes in use before and after it; a full one leaves nothing but what is in use. */
interface Collection {
  readonly isolate: string
  readonly isFull: boolean
  readonly beforeMb: number
  readonly afterMb: number
}

const LINE =
  /\[\d+:(0x[0-9a-f]+)\].*?: (Scavenge|Mark-Compact)[^\d]*([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/g

/** Reads what `--trace-gc` has printed. */
export function readCollections(text: string): Collection[] {
  return [...text.matchAll(LINE)].map(([, isolate, kind, before, after]) => ({
    isolate: isolate!,
    isFull: kind === 'Mark-Compact',
    beforeMb: Number(before),
    afterMb: Number(after),
  }))
}

export interface HeapAccount {
  readonly collections: number
  readonly full: number
  readonly allocatedMb: number
  /** In use after the first full collection and after the last; null where there were not two. */
  readonly firstMb: number | null
  readonly lastMb: number | null
}

/** What one isolate allocated between its first collection and its last, and how its heap grew meanwhile. */
export function accountOf(collections: readonly Collection[]): HeapAccount {
  let allocatedMb = 0
  for (let at = 1; at < collections.length; at++) {
    allocatedMb += Math.max(0, collections[at]!.beforeMb - collections[at - 1]!.afterMb)
  }
  const full = collections.filter(({ isFull }) => isFull)
  const inUse = full.length < 2 ? [null, null] : [full[0]!.afterMb, full.at(-1)!.afterMb]
  return {
    collections: collections.length,
    full: full.length,
    allocatedMb,
    firstMb: inUse[0]!,
    lastMb: inUse[1]!,
  }
}

function judge(name: string, of: HeapAccount, ticks: number) {
  const bytes = (of.allocatedMb * 1024 * 1024) / ticks
  const verdicts: Verdict[] = [judgeFigure(`allocated by the ${name}`, bytes, 'bytes a tick')]
  if (of.firstMb !== null) {
    const what = `growth of the ${name}'s heap over ${ticks.toLocaleString('en-US')} ticks`
    const growthMb = of.lastMb! - of.firstMb
    verdicts.push(judgeFigure(what, growthMb, 'MB', 'at most', GROWTH_MB_MAX))
  }
  const note =
    `${name}: ${of.collections} collections, ${of.full} of them full, ${of.allocatedMb.toFixed(1)} MB allocated; ` +
    `in use at first ${of.firstMb ?? '?'} MB, at last ${of.lastMb ?? '?'} MB`
  return { verdicts, note }
}

async function collect(engine: Engine): Promise<void> {
  engine.process.kill('SIGUSR2')
  await new Promise((resolve) => setTimeout(resolve, COLLECT_MS))
}

async function measure(ticks: number, pins: Pins): Promise<Omit<CaseResult, 'name' | 'about'>> {
  return Plant.with(pins, async (plant) => {
    const collector = new URL('../collect.js', import.meta.url).href
    const flags = ['--trace-gc', '--expose-gc', `--import=${collector}`]
    const engine = await plant.startEngine({}, flags)
    const arm = await plant.engineArm('tickplant', engine, 'msgpack')
    await runSteady(plant, arm, RATE, PACKETS, WARM_UP_S)
    const known = engine.output.join('').length
    await collect(engine)
    const result = await runSteady(plant, arm, RATE, PACKETS, ticks / RATE)
    await collect(engine)
    const collections = readCollections(engine.output.join('').slice(known))
    // The one that was asked for is the main thread's; of the others the busiest is the feed's.
    const core = collections[0]?.isolate
    const others = new Map<string, number>()
    for (const { isolate } of collections) {
      if (isolate !== core) others.set(isolate, (others.get(isolate) ?? 0) + 1)
    }
    const [feed] = [...others].sort(([, one], [, other]) => other - one).map(([name]) => name)
    const accounts = [
      ['core', core],
      ['feed worker', feed],
    ].map(([name, isolate]) => {
      return judge(
        name!,
        accountOf(collections.filter((each) => each.isolate === isolate)),
        result.expected,
      )
    })
    return {
      rows: [rowOf(`${ticks.toLocaleString('en-US')} ticks`, [result])],
      verdicts: accounts.flatMap(({ verdicts }) => verdicts),
      notes: accounts.map(({ note }) => note),
    }
  })
}

export const heapCase: Case = {
  name: 'heap',
  about: `the engine's heaps at 500,000 ticks/s in frames of ${PACKETS}, one msgpack client; ${PROFILE}`,
  run: ({ heapTicks, pins }) => measure(heapTicks, pins),
}
