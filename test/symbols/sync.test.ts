import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { instruments } from '../../adapters/zerodha/instruments.ts'
import { listInstruments, loadIndex, readInstrument } from '../../engine/symbols/store.ts'
import { syncInstruments } from '../../engine/symbols/sync.ts'
import { EVERY_KIND, kiteCsv, optionRows } from './kite-rows.ts'
import {
  SECOND_BROKER,
  syncKite,
  temporaryFolder,
  viewsOf,
  withStore,
  writeFile,
} from './store-folder.ts'

const EVERY_ROW = EVERY_KIND.map(([row]) => row)

test('a synced file can be looked up in every way, as the list says', async (t) => {
  const folder = temporaryFolder(t)
  const csv = kiteCsv([...EVERY_ROW, ...optionRows(5000)])
  const synced = await syncKite(folder, csv)
  assert.equal(synced.generation, 1)
  assert.equal(synced.rows, EVERY_ROW.length + 5000)
  assert.equal(synced.exchanges.NFO, 5003)
  assert.deepEqual([synced.skipped, synced.samples], [{}, []])

  const expected = (parse(csv, { columns: true }) as Record<string, string>[]).map((row) => {
    const { all } = instruments.layouts
    const mapped = all!.row(all!.columns.map((column) => row[column]!))
    assert.ok(typeof mapped !== 'string')
    return mapped
  })
  const { catalogue, tokens } = viewsOf(synced)
  await withStore(folder, (store) => {
    for (const row of expected) {
      const instrument = tokens.resolve(row.segment, row.token as number)
      assert.equal(catalogue.find(row.exchange, row.symbol), instrument)
      assert.equal(catalogue.symbolOf(instrument), row.symbol)
      assert.equal(catalogue.exchangeOf(instrument), row.exchange)
      assert.equal(tokens.tokenOf(instrument), row.token)
      const stored = readInstrument(store, 'zerodha', row.exchange, row.token)
      assert.deepEqual(stored, { instrument, ...row })
    }
    const listed = [...listInstruments(store, 'zerodha')].map((row) => row.instrument)
    assert.deepEqual(
      listed.sort((a, b) => a - b),
      expected.map((_, number) => number),
    )
    assert.equal(readInstrument(store, 'zerodha', 'NSE', 265), undefined)
    assert.equal(readInstrument(store, 'second', 'NSE', 738561), undefined)
  })
})

test('a later start loads the stored index without a sync', async (t) => {
  const folder = temporaryFolder(t)
  const { downloadMs, totalMs, skipped, samples, outcome, carriedOver, ...synced } = await syncKite(
    folder,
    gzipSync(kiteCsv(EVERY_ROW)),
  )
  await withStore(folder, (store) => {
    const loaded = loadIndex(store, 'zerodha')
    assert.ok(loaded !== null)
    const bytes = (blob: SharedArrayBuffer) => Buffer.from(new Uint8Array(blob))
    assert.ok(bytes(loaded.catalogue).equals(bytes(synced.catalogue)))
    assert.ok(bytes(loaded.tokens).equals(bytes(synced.tokens)))
    assert.ok(bytes(loaded.details).equals(bytes(synced.details)))
    assert.deepEqual(
      { ...loaded, catalogue: null, tokens: null, details: null },
      { ...synced, catalogue: null, tokens: null, details: null },
    )
    assert.equal(loadIndex(store, 'second'), null)
  })
})

test('an instrument keeps its number when the list changes, and a number is never given twice', async (t) => {
  const folder = temporaryFolder(t)
  const rows = [...EVERY_ROW, ...optionRows(300)]
  const before = viewsOf(await syncKite(folder, kiteCsv(rows)))
  // Some rows go, others come, and those that stay come in another order with other tokens.
  const moved = optionRows(300).map((row) => row.replace(/^\d+/, (token) => String(+token + 5)))
  const after = await syncKite(
    folder,
    kiteCsv([...optionRows(50, 30_000), ...moved.slice(100).reverse(), ...EVERY_ROW.slice(1)]),
  )
  const { catalogue, tokens } = viewsOf(after)
  assert.deepEqual([after.generation, after.rows, after.previous], [2, 275, 1])
  assert.equal(catalogue.size, rows.length + 50)
  for (let instrument = 0; instrument < rows.length; instrument++) {
    assert.equal(catalogue.symbolOf(instrument), before.catalogue.symbolOf(instrument))
    assert.equal(catalogue.exchangeOf(instrument), before.catalogue.exchangeOf(instrument))
  }
  const gone = before.catalogue.find('NSE', 'RELIANCE')
  assert.deepEqual([tokens.has(gone), tokens.resolve(0, 738561)], [false, -1])
  const stayed = before.catalogue.find('NFO', 'NIFTY25AUG2610200CE')
  const tokenBefore = before.tokens.tokenOf(stayed) as number
  assert.equal(tokens.tokenOf(stayed), tokenBefore + 5)
  assert.equal(tokens.resolve(0, tokenBefore), -1)
})

test('two generations are kept, older ones go', async (t) => {
  const folder = temporaryFolder(t)
  for (const count of [10, 20, 30, 40]) await syncKite(folder, kiteCsv(optionRows(count)))
  await withStore(folder, (store) => {
    const generations = (keys: Iterable<string>) =>
      new Set(Array.from(keys, (key) => key.split(':').slice(0, 3).join(':')))
    const rows = new Map<string, number>()
    for (const key of store.symtoken.getKeys({})) {
      const generation = key.split(':')[1]!
      rows.set(generation, (rows.get(generation) ?? 0) + 1)
    }
    assert.deepEqual(
      [...rows],
      [
        ['3', 30],
        ['4', 40],
      ],
    )
    assert.deepEqual(
      generations(store.blobs.getKeys({})),
      new Set([
        'catalogue',
        'details:zerodha:3',
        'details:zerodha:4',
        'tokens:zerodha:3',
        'tokens:zerodha:4',
      ]),
    )
    assert.deepEqual(
      generations(store.meta.getKeys({})),
      new Set(['generation:zerodha:3', 'generation:zerodha:4', 'live:zerodha']),
    )
  })
})

test('brokers share the number of an instrument and each has its own tokens', async (t) => {
  const folder = temporaryFolder(t)
  const kite = await syncKite(folder, kiteCsv(EVERY_ROW))
  // Token 738561 stands for two instruments here, in two segments, and neither is Kite's.
  const list = [
    'symbol,exchange,segment,token,more',
    'INFY,NSE,1,738561,x',
    'NIFTY28MAR2420800CE,NFO,2,738561,x',
    'RELIANCE,NSE,1,2885,x',
  ]
  const file = writeFile(folder, list.join('\n'))
  const request = { storeFolder: folder, ...SECOND_BROKER, source: { file } }
  const second = await syncInstruments(request)
  const kiteViews = viewsOf(kite)
  const { catalogue, tokens } = viewsOf(second)

  const reliance = kiteViews.catalogue.find('NSE', 'RELIANCE')
  const option = kiteViews.catalogue.find('NFO', 'NIFTY28MAR2420800CE')
  assert.equal(tokens.resolve(1, 2885), reliance)
  assert.equal(tokens.resolve(2, 738561), option)
  assert.equal(tokens.resolve(1, 738561), EVERY_ROW.length)
  assert.deepEqual([tokens.resolve(0, 738561), tokens.resolve(3, 738561)], [-1, -1])
  assert.equal(kiteViews.tokens.resolve(0, 738561), reliance)
  // The catalogue made by the second broker's sync knows all that the first one has.
  assert.equal(catalogue.size, EVERY_ROW.length + 1)
  for (const [, symbol, exchange] of EVERY_KIND) {
    assert.equal(catalogue.find(exchange, symbol), kiteViews.catalogue.find(exchange, symbol))
  }
  const again = await syncKite(folder, kiteCsv(EVERY_ROW))
  assert.equal(viewsOf(again).catalogue.find('NSE', 'INFY'), EVERY_ROW.length)
})

test('of two rows for one thing the first stays, and the others are counted and shown', async (t) => {
  const folder = temporaryFolder(t)
  const file = writeFile(
    folder,
    [
      'token,segment,exchange,symbol',
      '1,1,NSE,INFY',
      '1,2,NSE,SBIN',
      '2,1,NSE,INFY',
      '1,1,NFO,INFYFUT',
      '5,1,nse,SBIN',
      '5,1,NSE,',
      '5,1,NSE,TÜV',
      '-5,1,NSE,SBIN',
      '4294967296,1,NSE,SBIN',
      '5,65535,NSE,SBIN',
      '4294967295,65534,NSE,SBIN',
      '0,0,NSE,TCS',
    ].join('\r\n'),
  )
  const request = { storeFolder: folder, ...SECOND_BROKER, source: { file } }
  const synced = await syncInstruments(request)
  assert.equal(synced.rows, 3)
  assert.deepEqual(synced.skipped, {
    'an earlier row has this exchange and token': 1,
    'an earlier row has this exchange and symbol': 1,
    'an earlier row has this segment and token': 1,
    'exchange is not an upper-case code': 1,
    'symbol is not 1 to 100 ASCII characters': 2,
    'token is not a whole number from 0 to 4294967295': 2,
    'segment is not a whole number from 0 to 65534': 1,
  })
  assert.deepEqual(synced.samples[1], {
    source: file.slice(folder.length + 1),
    row: 4,
    reason: 'an earlier row has this exchange and symbol',
    text: '2,1,NSE,INFY',
  })
  const { catalogue, tokens } = viewsOf(synced)
  assert.equal(catalogue.symbolOf(tokens.resolve(1, 1)), 'INFY')
  assert.equal(catalogue.symbolOf(tokens.resolve(65534, 4294967295)), 'SBIN')
  assert.equal(catalogue.symbolOf(tokens.resolve(0, 0)), 'TCS')
  assert.equal(tokens.resolve(1, 2), -1)
})

test('a row far behind the first one for the same thing is told all the same', async (t) => {
  const folder = temporaryFolder(t)
  const rows = optionRows(9000)
  const late = [0, 4500, 8999].map((at) => rows[at]!.replace(/^\d+/, String(at)))
  const synced = await syncKite(folder, kiteCsv([...rows, ...rows.slice(0, 9), ...late]))
  assert.equal(synced.rows, 9000)
  assert.deepEqual(synced.skipped, {
    'an earlier row has this exchange and token': 9,
    'an earlier row has this exchange and symbol': 2,
    'instrument_token is not a whole number from 1 to 4294967295': 1,
  })
})

test('a row that the broker leaves out is counted under its reason', async (t) => {
  const folder = temporaryFolder(t)
  const odd = '1,1,X,X,0,,0,0.05,1,EQ,NYSE,NYSE'
  const badStrike = optionRows(1)[0]!.replace(',10000,0.05', ',ten,0.05')
  const synced = await syncKite(folder, kiteCsv([odd, ...EVERY_ROW, badStrike, odd]))
  assert.equal(synced.rows, EVERY_ROW.length)
  assert.deepEqual(synced.skipped, {
    'exchange has no common code': 2,
    'strike is not a number above 0': 1,
  })
  assert.deepEqual(
    synced.samples.map(({ row, text }) => [row, text]),
    [
      [2, odd],
      [EVERY_ROW.length + 3, badStrike],
      [EVERY_ROW.length + 4, odd],
    ],
  )
})

test('syncs that run at the same time give every instrument one number', async (t) => {
  const rows = 10_000
  const folder = temporaryFolder(t)
  const file = writeFile(
    folder,
    ['token,segment,exchange,symbol']
      .concat(Array.from({ length: rows }, (_, at) => `${at},0,NFO,NIFTY25AUG26${10_000 + at}CE`))
      .join('\n'),
  )
  const [kite, second] = await Promise.all([
    syncKite(folder, kiteCsv(optionRows(rows))),
    syncInstruments({ storeFolder: folder, ...SECOND_BROKER, source: { file } }),
  ])
  const views = [viewsOf(kite), viewsOf(second)]
  assert.deepEqual([views[0]!.catalogue.size, views[1]!.catalogue.size], [rows, rows])
  for (let at = 0; at < rows; at++) {
    const number = views[1]!.tokens.resolve(0, at)
    assert.equal(views[0]!.tokens.resolve(0, (10_000 + at) * 256 + 2), number)
  }
})

test('one broker is synced once at a time', async (t) => {
  const folder = temporaryFolder(t)
  const first = syncKite(folder, kiteCsv(optionRows(10)))
  await assert.rejects(
    syncKite(folder, kiteCsv(optionRows(20))),
    /^SyncError: instruments of zerodha not synced: a sync of this broker is under way$/,
  )
  assert.equal((await first).rows, 10)
  assert.equal((await syncKite(folder, kiteCsv(optionRows(20)))).rows, 20)
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('download')))
})
