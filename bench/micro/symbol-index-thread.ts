// The thread in which the look-ups are made and timed, as an engine makes them: beside the one that has the store's
// blocks. Tells its arms once, then answers each order with the times of one round.
import { parentPort, workerData } from 'node:worker_threads'
import { openStore, type StoredInstrument } from '../../engine/symbols/store.ts'
import { SeededRandom } from '../../sim/random.ts'
import type { Target, Times } from './group.ts'
import { timeWork } from './runner.ts'
import { makeCases, type Sqlite } from './symbol-index-arms.ts'
import { fillStore, makeRows } from './symbol-rows.ts'

export interface ThreadData {
  readonly folder: string
  readonly instruments: number
}

/** What the thread tells first. */
export interface Offer {
  readonly hasSqlite: boolean
  readonly cases: readonly {
    readonly name: string
    readonly arms: readonly { readonly name: string; readonly target?: Target | undefined }[]
  }[]
}

/** Which arm to time, and which share of a full round. The thread ends at null. */
export interface Order {
  readonly caseAt: number
  readonly armAt: number
  readonly share: number
}

export type Answer = Times | { readonly failure: string }

const WORK_MS = 60
const WARM_UP_MS = 20

function shuffled<Item>(items: readonly Item[]): Item[] {
  const random = new SeededRandom(1)
  const all = [...items]
  for (let last = all.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const item = all[last]!
    all[last] = all[other]!
    all[other] = item
  }
  return all
}

/** SQLite came into Node with version 22. */
async function loadSqlite(): Promise<Sqlite | null> {
  const name = 'node:sqlite'
  try {
    return (await import(name)) as Sqlite
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_UNKNOWN_BUILTIN_MODULE') return null
    throw error
  }
}

const { folder, instruments } = workerData as ThreadData
const store = openStore(folder)
const sqlite = await loadSqlite()
const inOrder: StoredInstrument[] = makeRows(instruments)
const blocks = await fillStore(store, inOrder)
const cases = makeCases({ folder, store, sqlite, rows: shuffled(inOrder) }, blocks)

parentPort!.on('message', async (order: Order | null) => {
  if (order === null) {
    await store.root.close()
    parentPort!.close()
    return
  }
  const { caseAt, armAt, share } = order
  let answer: Answer
  try {
    const pace = { workMs: WORK_MS * share, warmUpMs: WARM_UP_MS * share }
    answer = timeWork(cases[caseAt]!.arms[armAt]!, pace)
  } catch (error) {
    answer = { failure: (error as Error).message }
  }
  parentPort!.postMessage(answer)
})
const told = cases.map(({ name, arms }) => {
  return { name, arms: arms.map((arm) => ({ name: arm.name, target: arm.target })) }
})
parentPort!.postMessage({ hasSqlite: sqlite !== null, cases: told } satisfies Offer)
