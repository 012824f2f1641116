// A store in a temporary folder, and syncs into it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Catalogue } from '../../engine/symbols/catalogue.ts'
import { listInstruments, loadIndex, openStore, type Store } from '../../engine/symbols/store.ts'
import { type SyncRequest, type SyncResult, syncInstruments } from '../../engine/symbols/sync.ts'
import { TokenIndex } from '../../engine/symbols/token-index.ts'

export const SECOND_BROKER = {
  broker: 'second',
  brokerModule: fileURLToPath(new URL('./second-broker.js', import.meta.url)),
} as const

/** A folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickplant-symbols-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

let files = 0

/** Writes a file into a folder and returns its path. */
export function writeFile(folder: string, content: string | Uint8Array): string {
  const path = join(folder, `list-${++files}`)
  writeFileSync(path, content)
  return path
}

/** Syncs a list of Kite's form, given as its content. */
export function syncKite(
  folder: string,
  content: string | Uint8Array,
  more: Partial<SyncRequest> = {},
): Promise<SyncResult> {
  const source = { file: writeFile(folder, content) }
  return syncInstruments({ storeFolder: folder, broker: 'zerodha', source, ...more })
}

/** Runs `use` on the folder's store and closes it. */
export async function withStore<Result>(folder: string, use: (store: Store) => Result) {
  const store = openStore(folder)
  try {
    return await use(store)
  } finally {
    await store.root.close()
  }
}

export const viewsOf = (index: { catalogue: SharedArrayBuffer; tokens: SharedArrayBuffer }) => ({
  catalogue: new Catalogue(index.catalogue),
  tokens: new TokenIndex(index.tokens),
})

/** Checks that a broker's first list, of so many rows, is what the store answers with. */
export async function assertFirstIsLive(folder: string, rows: number) {
  await withStore(folder, (store) => {
    const live = loadIndex(store, 'zerodha')
    assert.deepEqual([live?.generation, live?.rows], [1, rows])
    assert.equal([...listInstruments(store, 'zerodha')].length, rows)
  })
}
