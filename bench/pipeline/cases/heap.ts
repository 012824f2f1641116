// What ten million ticks do to the engine's heap, by its collector's own account (`--trace-gc`).
import type { Case, CaseResult } from '../case.ts'
import { rowOf } from '../case.ts'
import { judgeFigure, type Verdict } from '../compare.ts'
import { runSteady } from '../measure.ts'
import { Plant } from '../plant.ts'

const RATE = 500_000
const PACKETS = 50
const GROWTH_MB_MAX = 2

/** One collection: megabytes in use before and after it. */
interface Collection {
  readonly isolate: string
  readonly beforeMb: number
  readonly afterMb: number
}

const LINE =
  /\[\d+:(0x[0-9a-f]+)\].*?: (?:Scavenge|Mark-Compact)[^\d]*([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/g

/** Reads what `--trace-gc` has printed. */
export function readCollections(text: string): Collection[] {
  return [...text.matchAll(LINE)].map(([, isolate, before, after]) => ({
    isolate: isolate!,
    beforeMb: Number(before),
    afterMb: Number(after),
  }))
}

export interface HeapAccount {
  readonly collections: number
  readonly allocatedMb: number
  /** In use after a collection, the least of the first and of the last quarter. */
  readonly firstMb: number
  readonly lastMb: number
}

/** What one isolate allocated between its first collection and its last, and how its heap grew meanwhile. */
export function accountOf(collections: readonly Collection[]): HeapAccount {
  let allocatedMb = 0
  for (let at = 1; at < collections.length; at++) {
    allocatedMb += Math.max(0, collections[at]!.beforeMb - collections[at - 1]!.afterMb)
  }
  const quarter = Math.max(1, Math.floor(collections.length / 4))
  const least = (some: readonly Collection[]) =>
    some.reduce((low, { afterMb }) => Math.min(low, afterMb), Number.POSITIVE_INFINITY)
  return {
    collections: collections.length,
    allocatedMb,
    firstMb: least(collections.slice(0, quarter)),
    lastMb: least(collections.slice(-quarter)),
  }
}

async function measure(ticks: number, pins: Parameters<typeof Plant.with>[0]) {
  return Plant.with(pins, async (plant): Promise<Omit<CaseResult, 'name' | 'about'>> => {
    const engine = await plant.startEngine({}, ['--trace-gc'])
    const arm = await plant.engineArm('tickplant', engine, 'msgpack')
    await runSteady(plant, arm, RATE, PACKETS, 2)
    const known = engine.output.join('').length
    const result = await runSteady(plant, arm, RATE, PACKETS, ticks / RATE)
    const collections = readCollections(engine.output.join('').slice(known))
    const isolates = [...new Set(collections.map(({ isolate }) => isolate))]
    const notes: string[] = []
    const verdicts: Verdict[] = []
    for (const isolate of isolates) {
      const of = accountOf(collections.filter((each) => each.isolate === isolate))
      const bytes = (of.allocatedMb * 1024 * 1024) / result.expected
      notes.push(
        `isolate ${isolate}: ${of.collections} collections, ${of.allocatedMb.toFixed(1)} MB allocated, ` +
          `${bytes.toFixed(1)} bytes a tick; in use after a collection ${of.firstMb} MB at first, ${of.lastMb} MB at last`,
      )
      const what = `growth of a heap over ${ticks.toLocaleString('en-US')} ticks`
      verdicts.push(judgeFigure(what, of.lastMb - of.firstMb, 'MB', 'at most', GROWTH_MB_MAX))
    }
    if (isolates.length === 0) notes.push('no thread collected its heap even once')
    return { rows: [rowOf(`${ticks.toLocaleString('en-US')} ticks`, [result])], verdicts, notes }
  })
}

export const heapCase: Case = {
  name: 'heap',
  about: `the engine's heaps at ${RATE.toLocaleString('en-US')} ticks/s in frames of ${PACKETS}, one msgpack client; quote mode, 500 instruments, all names`,
  run: ({ heapTicks, pins }) => measure(heapTicks, pins),
}
