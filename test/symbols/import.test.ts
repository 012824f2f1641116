import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { packageRoot } from '../../config/root.ts'
import { importInstruments } from '../../engine/symbols/import.ts'
import { listInstruments, loadIndex } from '../../engine/symbols/store.ts'
import { EVERY_KIND, kiteCsv, optionRows } from './kite-rows.ts'
import {
  assertFirstIsLive,
  syncKite,
  temporaryFolder,
  viewsOf,
  withStore,
  writeFile,
} from './store-folder.ts'

const EVERY_ROW = EVERY_KIND.map(([row]) => row)

interface Member {
  readonly name: string
  readonly content: string
  readonly method?: number
  readonly flags?: number
}

/** A zip archive, made by hand after the format's own description. */
function zip(members: readonly Member[], { comment = '', badCrc = false } = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, content, method = 8, flags = 0 } of members) {
    const plain = Buffer.from(content)
    const packed = method === 8 ? deflateRawSync(plain) : plain
    const crc = badCrc ? 1 : crc32(plain)
    const sizes = (head: Buffer, from: number) => {
      head.writeUInt32LE(crc, from)
      head.writeUInt32LE(packed.length, from + 4)
      head.writeUInt32LE(plain.length, from + 8)
      head.writeUInt16LE(name.length, from + 12)
    }
    // The extra field of the local head is longer than that of the directory, as some tools write it.
    const extra = Buffer.alloc(7)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(method, 8)
    sizes(local, 14)
    local.writeUInt16LE(extra.length, 28)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(method, 10)
    sizes(entry, 16)
    entry.writeUInt32LE(at, 42)
    directory.push(entry, Buffer.from(name))
    parts.push(local, Buffer.from(name), extra, packed)
    at += 30 + name.length + extra.length + packed.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, listing, end, Buffer.from(comment)])
}

const importKite = (folder: string, content: string | Uint8Array) =>
  importInstruments({
    storeFolder: folder,
    broker: 'zerodha',
    file: writeFile(folder, content),
  })

test('an import replaces the exchanges of the file and keeps all others', async (t) => {
  const folder = temporaryFolder(t)
  const shares = Array.from(
    { length: 6000 },
    (_, at) => `${(50_000 + at) * 256 + 1},${50_000 + at},S${at},S${at},0,,0,0.05,1,EQ,NSE,NSE`,
  )
  const before = await syncKite(folder, kiteCsv([...EVERY_ROW, ...shares, ...optionRows(100)]))
  const bad = optionRows(1, 9000)[0]!.replace(',9000,0.05', ',ten,0.05')
  const imported = await importKite(
    folder,
    kiteCsv([...optionRows(80, 10_050), bad, EVERY_ROW[7]!]),
  )
  assert.deepEqual(imported.exchanges, { ...before.exchanges, NFO: 80, BFO: 1 })
  assert.equal(imported.carriedOver, before.rows - before.exchanges.NFO! - 1)
  assert.equal(imported.rows - imported.carriedOver, 81)
  assert.deepEqual(
    imported.samples.map(({ row, reason, text }) => [row, reason, text]),
    [[82, 'strike is not a number above 0', bad]],
  )
  const { catalogue, tokens } = viewsOf(imported)
  const resolved = (token: number) => {
    const instrument = tokens.resolve(0, token)
    return instrument < 0 ? null : catalogue.symbolOf(instrument)
  }
  assert.equal(resolved(738561), 'RELIANCE')
  assert.equal(resolved((50_000 + 5999) * 256 + 1), 'S5999')
  assert.equal(resolved(10_129 * 256 + 2), 'NIFTY25AUG2610129CE')
  assert.equal(resolved(10_049 * 256 + 2), null)
  await withStore(folder, (store) => {
    const rows = [...listInstruments(store, 'zerodha')]
    assert.equal(rows.length, imported.rows)
    const index = rows.find(({ symbol }) => symbol === 'NIFTY')!
    assert.deepEqual([index.brokerSymbol, index.exchangeToken], ['NIFTY 50', '1001'])
  })
})

test('a live row whose token the file gives to another instrument is left out and told', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, kiteCsv(EVERY_ROW))
  const taken = optionRows(1)[0]!.replace(/^\d+/, '738561')
  const { samples, rows } = await importKite(folder, kiteCsv([taken]))
  assert.deepEqual(
    samples.map(({ source, reason, text }) => [source, reason, text]),
    [['the live instruments', 'an earlier row has this segment and token', 'NSE:RELIANCE']],
  )
  assert.equal(rows, EVERY_ROW.length - 3)
})

test('a file may be plain, gzip, or a zip archive of one file', async (t) => {
  const csv = kiteCsv(optionRows(200))
  const extras = [
    { name: 'folder/', content: '', method: 0 },
    { name: '__MACOSX/._list.csv', content: 'x', method: 0 },
  ]
  const contents: (string | Uint8Array)[] = [
    csv,
    gzipSync(csv),
    zip([{ name: 'list.csv', content: csv }]),
    zip([{ name: 'list.csv', content: csv, method: 0 }], { comment: 'made by hand' }),
    zip([...extras, { name: 'folder/list.csv', content: csv }]),
  ]
  for (const content of contents) {
    const folder = temporaryFolder(t)
    const { rows, samples } = await importKite(folder, content)
    assert.deepEqual([rows, samples], [200, []])
  }
})

test('an archive that cannot be read is refused with the reason', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, kiteCsv(EVERY_ROW))
  const csv = kiteCsv(optionRows(200))
  const one = { name: 'list.csv', content: csv }
  const whole = zip([one])
  const damaged = Buffer.from(whole)
  damaged.fill(0xff, 60, 200)
  const refused: [content: Buffer, reason: RegExp][] = [
    [whole.subarray(0, whole.length - 30), /the zip archive is not complete/],
    [damaged, /the packed data is damaged|wrong checksum/],
    [zip([one], { badCrc: true }), /the zip data is damaged: wrong checksum/],
    [zip([{ ...one, method: 0 }], { badCrc: true }), /the zip data is damaged: wrong checksum/],
    [zip([one, { ...one, name: 'b.csv' }]), /holds 2 files; take the list out of it/],
    [zip([{ name: 'folder/', content: '', method: 0 }]), /the zip archive holds no file/],
    [zip([{ ...one, method: 12 }]), /packed by method 12; 0 and 8 can be read/],
    [zip([{ ...one, flags: 1 }]), /asks for a password/],
    [zip([{ name: 'a', content: '', method: 0 }]), /it is empty/],
    [zip([{ name: 'a.html', content: '<html>Sign in' }]), /it is a page of HTML or XML/],
  ]
  for (const [content, reason] of refused) {
    await assert.rejects(importKite(folder, content), reason)
    await assertFirstIsLive(folder, EVERY_ROW.length)
  }
})

test('a packed file that unpacks beyond the limit is given up', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, kiteCsv(EVERY_ROW))
  const bomb = zip([{ name: 'list.csv', content: kiteCsv(optionRows(20_000)) }])
  await assert.rejects(
    syncKite(folder, bomb, { bytesMax: bomb.length }),
    new RegExp(`it has more than ${bomb.length} bytes`),
  )
})

test('a recorded list is taken row by row', async (t) => {
  const folder = temporaryFolder(t)
  const content = readFileSync(
    join(packageRoot, 'adapters/zerodha/fixtures/instruments-2026-08.csv'),
  )
  const { rows, skipped } = await importKite(folder, gzipSync(content))
  assert.deepEqual([rows, skipped], [59, {}])
  await withStore(folder, (store) => {
    assert.equal(loadIndex(store, 'zerodha')?.rows, 59)
  })
})
