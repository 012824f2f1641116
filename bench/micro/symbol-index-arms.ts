// What is looked up, and by what means: the engine's shared index, a Map, LMDB, and SQLite where this Node has it.
import { join } from 'node:path'
import { Catalogue } from '../../engine/symbols/catalogue.ts'
import { type Store, type StoredInstrument, symtokenKey } from '../../engine/symbols/store.ts'
import { TokenIndex, TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import type { Target, WorkArm } from './group.ts'
import { BROKER } from './symbol-rows.ts'

/** Look-ups of one call. Calls go on where the one before ended, through all instruments, so that caches are honest. */
export const LOOK_UPS = 1000

type Row = StoredInstrument
type Key = string | number

/** The part of `node:sqlite` that is used here; the declarations of Node 20 do not have it. */
export interface Sqlite {
  readonly DatabaseSync: new (
    path: string,
  ) => {
    exec(statements: string): void
    prepare(statement: string): {
      get(...key: Key[]): Readonly<Record<string, unknown>> | undefined
      run(...values: Key[]): unknown
    }
  }
}

export interface WorkCase {
  readonly name: string
  readonly arms: readonly WorkArm[]
}

/** Whether a look-up waits for the one before, as when they come singly, or may overlap it, as in a frame of many. */
type Order = 'chained' | 'batched'

/** An arm that finds the instrument number of a row by its keys, a part of the rows in each call. */
function lookUpArm(
  name: string,
  rows: readonly Row[],
  order: Order,
  find: (row: number) => number,
  target?: Target,
): WorkArm {
  const numbers = Uint32Array.from(rows, ({ instrument }) => instrument)
  numbers.forEach((number, row) => {
    if (find(row) !== number) throw new Error(`${name}: not the number of ${rows[row]!.symbol}`)
  })
  const parts = Math.floor(rows.length / LOOK_UPS)
  let part = 0
  const nextEnd = () => {
    part = (part + 1) % parts
    return (part + 1) * LOOK_UPS
  }
  const chained = () => {
    const end = nextEnd()
    let row = end - LOOK_UPS
    // Which row is next follows from what was found, so that the processor cannot look several up at once.
    while (row < end) row += 1 + find(row) - numbers[row]!
    return row === end
  }
  const batched = () => {
    const end = nextEnd()
    let wrong = 0
    for (let row = end - LOOK_UPS; row < end; row++) wrong |= find(row) ^ numbers[row]!
    return wrong === 0
  }
  const work = order === 'chained' ? chained : batched
  return { name, operations: LOOK_UPS, work, target }
}

/** No arm where this Node has no SQLite. */
function sqliteArm(
  sqlite: Sqlite | null,
  folder: string,
  name: string,
  rows: readonly Row[],
  order: Order,
  keysOf: (row: number) => readonly Key[],
): WorkArm[] {
  if (sqlite === null) return []
  const database = new sqlite.DatabaseSync(join(folder, `${name.replace(/\W+/g, '-')}.sqlite`))
  const columns = keysOf(0).map((key, at) => `key${at} ${typeof key === 'number' ? 'INT' : 'TEXT'}`)
  const names = keysOf(0).map((_, at) => `key${at}`)
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
     CREATE TABLE numbers (${columns.join()}, number INT, PRIMARY KEY (${names.join()})) WITHOUT ROWID;
     BEGIN`,
  )
  const marks = [...names, 'number'].map(() => '?')
  const insert = database.prepare(`INSERT INTO numbers VALUES (${marks.join()})`)
  rows.forEach(({ instrument }, row) => {
    insert.run(...keysOf(row), instrument)
  })
  database.exec('COMMIT')
  const wanted = names.map((each) => `${each} = ?`).join(' AND ')
  const select = database.prepare(`SELECT number FROM numbers WHERE ${wanted}`)
  // biome-ignore lint/complexity/useLiteralKeys: the compiler wants the index signature told apart.
  const find = (row: number) => select.get(...keysOf(row))!['number'] as number
  return [lookUpArm(name, rows, order, find)]
}

/** What the arms look up in, made once. */
export interface Places {
  readonly folder: string
  readonly store: Store
  readonly sqlite: Sqlite | null
  readonly rows: readonly Row[]
}

function tokenCases({ folder, store, sqlite, rows }: Places, index: TokenIndex): WorkCase[] {
  const tokens = Uint32Array.from(rows, ({ token }) => Number(token))
  const segments = Uint16Array.from(rows, ({ segment }) => segment)
  const map = new Map(rows.map(({ token, instrument }) => [token, instrument]))
  const keys = rows.map(({ exchange, token }) => symtokenKey(BROKER, 1, exchange, token))
  const own = (row: number) => index.resolve(segments[row]!, tokens[row]!)
  const byMap = (row: number) => map.get(tokens[row]!)!
  const byStore = (row: number) => store.symtoken.get(keys[row]!)![0]
  const sqliteKeys = (row: number) => [tokens[row]!]
  const batched: WorkCase = {
    name: 'token to instrument, in a batch',
    arms: [
      lookUpArm('TokenIndex', rows, 'batched', own, { nsMax: 60, p99NsMax: 250 }),
      lookUpArm('Map of numbers', rows, 'batched', byMap),
      lookUpArm('LMDB get, one row of the store', rows, 'batched', byStore, { timesMin: 20 }),
      ...sqliteArm(sqlite, folder, 'SQLite, a key of one number', rows, 'batched', sqliteKeys),
    ],
  }
  const chained: WorkCase = {
    name: 'token to instrument, each after the one before',
    arms: [
      lookUpArm('TokenIndex', rows, 'chained', own),
      lookUpArm('Map of numbers', rows, 'chained', byMap),
    ],
  }
  return [batched, chained]
}

/** The same rows under keys of text, as they stand in the frames of a feed that answers by them. */
function textTokenCase({ folder, store, sqlite, rows }: Places): WorkCase {
  const keys = rows.map(({ instrument }) => {
    return `NSE_FO|INE${String(instrument).padStart(6, '0')}A01018`
  })
  const builder = new TokenIndexBuilder()
  const map = new Map<string, number>()
  const table = store.root.openDB<number, string>({ name: 'texts', encoding: 'msgpack' })
  store.root.transactionSync(() => {
    keys.forEach((text, row) => {
      const { instrument } = rows[row]!
      builder.add(instrument, 0, text)
      map.set(text, instrument)
      table.putSync(text, instrument)
    })
  })
  const index = new TokenIndex(builder.build())
  const { length } = keys[0]!
  const frame = Buffer.from(keys.join(''), 'latin1')
  const textOf = (row: number) => frame.toString('latin1', row * length, (row + 1) * length)
  const own = (row: number) => index.findBytes(0, frame, row * length, (row + 1) * length)
  return {
    name: `token of ${length} bytes, out of a frame, to instrument, in a batch`,
    arms: [
      lookUpArm('TokenIndex', rows, 'batched', own, { nsMax: 150 }),
      lookUpArm('Map of texts', rows, 'batched', (row) => map.get(textOf(row))!),
      lookUpArm('LMDB get, a number', rows, 'batched', (row) => table.get(textOf(row))!),
      ...sqliteArm(sqlite, folder, 'SQLite, a key of one text', rows, 'batched', (row) => [
        textOf(row),
      ]),
    ],
  }
}

function symbolCase({ folder, store, sqlite, rows }: Places, catalogue: Catalogue): WorkCase {
  // Texts of their own, as they come off a socket: not the pieces of longer ones that an arm could have to join.
  const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1')
  const exchanges = rows.map(({ exchange }) => exchange)
  const symbols = rows.map(({ symbol }) => flat(symbol))
  const keyOf = (row: number) => `${exchanges[row]!}:${symbols[row]!}`
  const map = new Map(rows.map(({ instrument }, row) => [flat(keyOf(row)), instrument]))
  const own = (row: number) => catalogue.find(exchanges[row]!, symbols[row]!)
  const sqliteKeys = (row: number) => [exchanges[row]!, symbols[row]!]
  return {
    name: 'exchange and symbol to instrument, each after the one before',
    arms: [
      lookUpArm('Catalogue', rows, 'chained', own, { nsMax: 500 }),
      lookUpArm('Map of EXCHANGE:SYMBOL texts', rows, 'chained', (row) => map.get(keyOf(row))!),
      lookUpArm('LMDB get, a number', rows, 'chained', (row) => store.numbers.get(keyOf(row))!),
      ...sqliteArm(sqlite, folder, 'SQLite, a key of two texts', rows, 'chained', sqliteKeys),
    ],
  }
}

/** All cases; throws unless every arm finds every row. */
export function makeCases(
  places: Places,
  blocks: { readonly tokens: SharedArrayBuffer; readonly catalogue: SharedArrayBuffer },
): WorkCase[] {
  return [
    ...tokenCases(places, new TokenIndex(blocks.tokens)),
    textTokenCase(places),
    symbolCase(places, new Catalogue(blocks.catalogue)),
  ]
}
