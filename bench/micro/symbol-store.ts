// From a broker's list to instruments that are live, and from a store to the first look-up.
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse'
import { Catalogue } from '../../engine/symbols/catalogue.ts'
import { listInstruments, loadIndex, openStore } from '../../engine/symbols/store.ts'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import { TokenIndex } from '../../engine/symbols/token-index.ts'
import { csvChunks } from '../../sim/kite-csv.ts'
import { listInstruments as listSimulated } from '../../sim/listing.ts'
import type { Case, Group, Prepared, Target } from './group.ts'
import { LISTED_ON } from './samples.ts'
import { BROKER, fillStore, makeRows } from './symbol-rows.ts'

const LISTED = 100_000
const INSTRUMENTS = 250_000

async function elapsedNs(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) * 1e6
}

/** The file's rows under exchange and symbol, in this thread's memory only. */
async function parseIntoMap(file: string): Promise<ReadonlyMap<string, unknown>> {
  const map = new Map<string, unknown>()
  const rows = createReadStream(file).pipe(parse({ columns: true }))
  for await (const row of rows) map.set(`${row.exchange}:${row.tradingsymbol}`, row)
  return map
}

/** A list becomes instruments. What a part of the list takes says nothing about the whole, so it has no target. */
function syncCase(folder: string, share: number): Case {
  const listed = LISTED * share
  const file = join(folder, 'instruments.csv')
  writeFileSync(file, [...csvChunks(listSimulated(1, LISTED_ON, listed))].join(''))
  const checked = (rows: number) => {
    if (rows !== listed) throw new Error(`${rows} of ${listed} rows became instruments`)
  }
  let stores = 0
  const sync = async () => {
    const storeFolder = join(folder, `synced-${stores++}`)
    const { rows } = await syncInstruments({ storeFolder, broker: BROKER, source: { file } })
    checked(rows)
  }
  const byMap = async () => checked((await parseIntoMap(file)).size)
  const target: Target | undefined = share === 1 ? { nsMax: 3e9 } : undefined
  return {
    name: `a Kite list of ${listed} rows into an empty store, until it is live`,
    arms: [
      { name: 'syncInstruments', target, measure: () => elapsedNs(sync) },
      { name: 'csv-parse into a Map, nothing kept', measure: () => elapsedNs(byMap) },
    ],
  }
}

/** A program starts: it opens the store and finds the token and the symbol of one instrument. */
async function startCase(folder: string, instruments: number) {
  const rows = makeRows(instruments)
  const { exchange, symbol, token, segment, instrument } = rows[instruments >> 1]!
  const store = openStore(folder)
  const { catalogue, tokens, details } = await fillStore(store, rows)
  await store.root.close()
  const opened = (find: (store: ReturnType<typeof openStore>) => number | undefined) => {
    return () =>
      elapsedNs(async () => {
        const store = openStore(folder)
        const found = find(store)
        await store.root.close()
        if (found !== instrument) throw new Error(`${exchange}:${symbol} is not ${found}`)
      })
  }
  const own = opened((store) => {
    const index = loadIndex(store, BROKER)!
    const found = new TokenIndex(index.tokens).resolve(segment, Number(token))
    return new Catalogue(index.catalogue).find(exchange, symbol) === found ? found : -1
  })
  const byMap = opened((store) => {
    const live = listInstruments(store, BROKER)
    return new Map(Array.from(live, (row) => [row.token, row.instrument])).get(token)
  })
  const perInstrument = (block: SharedArrayBuffer) => (block.byteLength / instruments).toFixed(1)
  const bytes = [catalogue, tokens, details].reduce((sum, block) => sum + block.byteLength, 0)
  const note =
    `index memory, once for all threads: ${(bytes / instruments).toFixed(1)} bytes an instrument ` +
    `(catalogue ${perInstrument(catalogue)}, tokens ${perInstrument(tokens)}, details ${perInstrument(details)})`
  const start: Case = {
    name: `from opening a store of ${instruments} instruments to the first hit`,
    arms: [
      { name: 'loadIndex', target: { nsMax: 500e6 }, measure: own },
      { name: 'all rows of the store into a Map', measure: byMap },
    ],
  }
  return { start, note }
}

async function prepare(share: number): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-micro-'))
  const close = () => rmSync(folder, { recursive: true, force: true })
  try {
    const { start, note } = await startCase(join(folder, 'filled'), INSTRUMENTS * share)
    return { cases: [syncCase(folder, share), start], notes: [note], close }
  } catch (error) {
    close()
    throw error
  }
}

export const symbolStore: Group = {
  name: 'store',
  about: 'instruments on their way into memory',
  operation: 'run',
  prepare,
}
