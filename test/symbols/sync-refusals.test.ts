import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readFailure } from '../../engine/symbols/list-record.ts'
import { loadIndex, tokensKey } from '../../engine/symbols/store.ts'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import { EVERY_KIND, KITE_HEADER, kiteCsv, optionRows } from './kite-rows.ts'
import {
  assertFirstIsLive,
  SECOND_BROKER,
  syncKite,
  temporaryFolder,
  withStore,
  writeFile,
} from './store-folder.ts'

const ROWS = [...EVERY_KIND.map(([row]) => row), ...optionRows(40)]
const GOOD = kiteCsv(ROWS)

test('a file that is not a whole list is refused with a reason, and the list before it stays', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const packed = gzipSync(GOOD)
  const damaged = Buffer.from(packed)
  damaged.fill(0xff, 200, 260)
  const badStrikes = GOOD.replaceAll(/,(\d+),0\.05,65,CE/g, ',rupees $1,0.05,65,CE')
  const lines = GOOD.split('\n')
  const refused: [content: string | Buffer, reason: RegExp][] = [
    [packed.subarray(0, packed.length - 20), /the packed data ends too early.* \(after row \d+\)/],
    [packed.subarray(0, 60), /the packed data ends too early/],
    [damaged, /the packed data is damaged/],
    ['\n <!DOCTYPE html><html>Sign in</html>', /it is a page of HTML or XML.*Sign in/],
    [gzipSync('<html>Sign in</html>'), /it is a page of HTML or XML/],
    ['{"status":"error"}', /it is not the CSV that the broker publishes: \{"status"/],
    [GOOD.replace('strike', 'price'), /column strike is missing; row 1 is: instrument_token,/],
    [
      [...lines.slice(0, 5), '1,2,3', ...lines.slice(5)].join('\n'),
      /row 6 has 3 values, the header 12: 1,2,3$/,
    ],
    [GOOD.slice(0, GOOD.lastIndexOf(',')).slice(0, -20), /row \d+ has \d+ values, the header 12/],
    [kiteCsv(['1,"2', ...optionRows(40)]), /a quoted value is not closed before the end/],
    [kiteCsv(['1,"2', ...optionRows(2000)]), /a row has more than 65536 bytes/],
    [`${KITE_HEADER}\n`, /it has a header and no rows/],
    ['', /it is empty/],
    [
      kiteCsv(['1,1,X,X,0,,0,0.05,1,EQ,NYSE,NYSE']),
      /no row could be taken; row 2 .* no common code/,
    ],
    [
      badStrikes,
      /NFO had 43 rows and would have 3; row 28 was left out: strike is not a number above 0 \(.*rupees 10000/,
    ],
  ]
  for (const [content, reason] of refused) {
    await assert.rejects(syncKite(folder, content), (error: Error) => {
      assert.match(error.message, reason)
      assert.match(error.message, /^instruments of zerodha not synced: list-\d+: |^instruments of /)
      return true
    })
    await assertFirstIsLive(folder, ROWS.length)
  }
  const after = await syncKite(folder, GOOD)
  assert.deepEqual([after.previous, after.rows], [1, ROWS.length])
})

test('an exchange that loses most of its rows, or all, is refused unless the list is forced', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const tenth = kiteCsv([...EVERY_KIND.map(([row]) => row), ...optionRows(1)])
  const refused: [content: string, reason: RegExp][] = [
    [tenth, /not synced: NFO had 43 rows and would have 4$/],
    [kiteCsv(ROWS.filter((row) => !row.endsWith(',NFO'))), /NFO had 43 rows and would have 0$/],
    [
      kiteCsv(ROWS.filter((row) => !row.includes('NIFTY BANK'))),
      /NSE_INDEX has no row for BANKNIFTY$/,
    ],
    [
      kiteCsv(ROWS.filter((row) => !/BANKEX|,SENSEX,SENSEX/.test(row))),
      /BSE_INDEX has no row for SENSEX, BANKEX$/,
    ],
  ]
  for (const [content, reason] of refused) {
    await assert.rejects(syncKite(folder, content), reason)
    await assertFirstIsLive(folder, ROWS.length)
  }
  // Half is not most.
  const half = await syncKite(
    folder,
    kiteCsv([...EVERY_KIND.map(([row]) => row), ...optionRows(19)]),
  )
  assert.equal(half.exchanges.NFO, 22)
  const forced = await syncKite(folder, tenth, { force: true })
  assert.deepEqual([forced.exchanges.NFO, forced.previous], [4, half.generation])
})

test('a list that repeats itself is refused', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const options = optionRows(1000)
  await assert.rejects(
    syncKite(folder, kiteCsv([...ROWS.slice(0, EVERY_KIND.length), ...options, ...options])),
    /1000 of 2026 rows repeat an earlier one; row 1028 was left out: an earlier row has this/,
  )
  await assertFirstIsLive(folder, ROWS.length)
})

test('the last failure is kept with its time until a sync goes well', async (t) => {
  const folder = temporaryFolder(t)
  const failure = () => withStore(folder, (store) => readFailure(store, 'zerodha'))
  assert.equal(await failure(), undefined)
  const startMs = Date.now()
  await assert.rejects(syncKite(folder, '<html>'))
  const first = await failure()
  assert.match(first!.reason, /^list-\d+: it is a page of HTML or XML, not a list: <html>$/)
  assert.ok(first!.atMs >= startMs - 1 && first!.atMs <= Date.now() + 1)
  // Its thread dies, so that it cannot tell by itself.
  const file = writeFile(folder, 'token,segment,exchange,symbol\n1,0,NSE,EXIT\n')
  await assert.rejects(syncInstruments({ storeFolder: folder, ...SECOND_BROKER, source: { file } }))
  await withStore(folder, (store) => {
    assert.equal(readFailure(store, 'second')?.reason, 'its thread ended')
  })
  await syncKite(folder, GOOD)
  assert.equal(await failure(), undefined)
})

test('a file that is not there or too large is refused', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const request = { storeFolder: folder, broker: 'zerodha' }
  await assert.rejects(
    syncInstruments({ ...request, source: { file: `${folder}/none.csv` } }),
    /not synced: none\.csv: ENOENT/,
  )
  for (const content of [GOOD, gzipSync(GOOD)]) {
    await assert.rejects(
      syncKite(folder, content, { bytesMax: GOOD.length - 1 }),
      new RegExp(`it has more than ${GOOD.length - 1} bytes`),
    )
    await assertFirstIsLive(folder, ROWS.length)
  }
  assert.equal((await syncKite(folder, GOOD, { bytesMax: GOOD.length })).previous, 1)
})

test('a row on which the adapter breaks is named', async (t) => {
  const folder = temporaryFolder(t)
  const file = writeFile(folder, 'token,segment,exchange,symbol\n1,0,NSE,INFY\n2,0,NSE,BREAK\n')
  await assert.rejects(
    syncInstruments({ storeFolder: folder, ...SECOND_BROKER, source: { file } }),
    /row 3 cannot be read: this row breaks the adapter \(2,0,NSE,BREAK\)/,
  )
})

test('a stored block whose bytes changed is refused, and a sync makes a good one', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const keys = ['catalogue', tokensKey('zerodha', 1)]
  for (const key of keys) {
    await withStore(folder, async (store) => {
      const good = store.blobs.getBinary(key)!
      const bad = Buffer.from(good)
      bad[bad.length >> 1]! ^= 1
      await store.blobs.put(key, bad)
      assert.throws(
        () => loadIndex(store, 'zerodha'),
        new RegExp(`stored block ${key} is corrupt: wrong checksum; sync the instruments again`),
      )
      await store.blobs.remove(key)
      assert.throws(() => loadIndex(store, 'zerodha'), /the stored index of zerodha is missing/)
      await store.blobs.put(key, good)
    })
  }
  await assertFirstIsLive(folder, ROWS.length)
})
