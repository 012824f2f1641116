import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Catalogue } from '../../engine/symbols/catalogue.ts'
import {
  listInstruments,
  openStore,
  readAnew,
  type Store,
  type StoredInstrument,
  type SymbolIndex,
  symtokenPrefix,
} from '../../engine/symbols/store.ts'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import { TokenIndex, TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { csvChunks } from '../../sim/kite-csv.ts'
import { listInstruments as listSimulated } from '../../sim/listing.ts'
import { SeededRandom } from '../../sim/random.ts'
import type { Case, Group, Target, WorkArm } from './group.ts'
import { LISTED_ON } from './samples.ts'

const BROKER = 'zerodha'
const INSTRUMENTS = 100_000
/** Look-ups of one call. Calls go on where the one before ended, through all instruments, so that caches are honest. */
const LOOK_UPS = 1000

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

/** An arm that finds the instrument number of a row by its keys, a part of the rows in each call. */
function lookUpArm(
  name: string,
  rows: readonly StoredInstrument[],
  find: (row: number) => number,
  target?: Target,
): WorkArm {
  const numbers = Uint32Array.from(rows, ({ instrument }) => instrument)
  numbers.forEach((number, row) => {
    if (find(row) !== number) throw new Error(`${name}: not the number of ${rows[row]!.symbol}`)
  })
  const parts = Math.floor(rows.length / LOOK_UPS)
  let part = 0
  const work = () => {
    part = (part + 1) % parts
    const end = (part + 1) * LOOK_UPS
    let row = end - LOOK_UPS
    // Which row is next follows from what was found, so that the processor cannot look several up at once.
    while (row < end) row += 1 + find(row) - numbers[row]!
    return row === end
  }
  return { name, operations: LOOK_UPS, work, target }
}

function tokenCase(store: Store, index: SymbolIndex, rows: readonly StoredInstrument[]): Case {
  const tokens = Uint32Array.from(rows, ({ token }) => Number(token))
  const segments = Uint16Array.from(rows, ({ segment }) => segment)
  const view = new TokenIndex(index.tokens)
  const map = new Map(rows.map(({ token, instrument }) => [token, instrument]))
  const prefix = symtokenPrefix(BROKER, index.generation)
  const keys = rows.map(({ exchange, token }) => `${prefix}${exchange}:${token}`)
  const own = (row: number) => view.resolve(segments[row]!, tokens[row]!)
  const byMap = (row: number) => map.get(tokens[row]!)!
  const byStore = (row: number) => store.symtoken.get(keys[row]!)![0]
  return {
    name: 'token to instrument',
    arms: [
      lookUpArm('TokenIndex', rows, own, { nsMax: 60 }),
      lookUpArm('Map of numbers', rows, byMap),
      lookUpArm('LMDB, one row of the store', rows, byStore),
    ],
  }
}

/** The same rows under keys of text, as they stand in the frames of a feed that answers by them. */
function textTokenCase(rows: readonly StoredInstrument[]): Case {
  const keys = rows.map(({ instrument }) => {
    return `NSE_FO|INE${String(instrument).padStart(6, '0')}A01018`
  })
  const builder = new TokenIndexBuilder()
  const map = new Map<string, number>()
  keys.forEach((text, row) => {
    builder.add(rows[row]!.instrument, 0, text)
    map.set(text, rows[row]!.instrument)
  })
  const view = new TokenIndex(builder.build())
  const { length } = keys[0]!
  const frame = Buffer.from(keys.join(''), 'latin1')
  const own = (row: number) => view.findBytes(0, frame, row * length, (row + 1) * length)
  const byMap = (row: number) =>
    map.get(frame.toString('latin1', row * length, (row + 1) * length))!
  return {
    name: `token of ${length} bytes, out of a frame, to instrument`,
    arms: [
      lookUpArm('TokenIndex', rows, own, { nsMax: 150 }),
      lookUpArm('Map of texts', rows, byMap),
    ],
  }
}

function symbolCase(store: Store, index: SymbolIndex, rows: readonly StoredInstrument[]): Case {
  const view = new Catalogue(index.catalogue)
  const exchanges = rows.map(({ exchange }) => exchange)
  const symbols = rows.map(({ symbol }) => symbol)
  const keyOf = (row: number) => `${exchanges[row]!}:${symbols[row]!}`
  const map = new Map(rows.map(({ instrument }, row) => [keyOf(row), instrument]))
  const own = (row: number) => view.find(exchanges[row]!, symbols[row]!)
  const byMap = (row: number) => map.get(keyOf(row))!
  const byStore = (row: number) => store.numbers.get(keyOf(row))!
  return {
    name: 'exchange and symbol to instrument',
    arms: [
      lookUpArm('Catalogue', rows, own),
      lookUpArm('Map of EXCHANGE:SYMBOL texts', rows, byMap),
      lookUpArm('LMDB, EXCHANGE:SYMBOL of the store', rows, byStore),
    ],
  }
}

/** Syncs a simulated list into a store in `folder`, as the engine would. */
async function makeCases(folder: string, store: Store): Promise<Case[]> {
  const file = join(folder, 'instruments.csv')
  writeFileSync(file, [...csvChunks(listSimulated(1, LISTED_ON, INSTRUMENTS))].join(''))
  const index = await syncInstruments({ storeFolder: folder, broker: BROKER, source: { file } })
  readAnew(store)
  const rows = shuffled([...listInstruments(store, BROKER)])
  return [tokenCase(store, index, rows), textTokenCase(rows), symbolCase(store, index, rows)]
}

async function prepare() {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-micro-'))
  const store = openStore(folder)
  const close = async () => {
    await store.root.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    return { cases: await makeCases(folder, store), close }
  } catch (error) {
    await close()
    throw error
  }
}

export const symbolIndex: Group = {
  name: 'index',
  about: `look-ups among ${INSTRUMENTS} instruments, in no order`,
  operation: 'look-up',
  prepare,
}
