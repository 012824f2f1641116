import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstrumentRow, Token } from '../../adapters/broker.ts'
import { Details } from '../../engine/symbols/details.ts'
import { GenerationWriter } from '../../engine/symbols/generation.ts'
import {
  keysOf,
  listInstruments,
  liveGeneration,
  loadIndex,
  readInstrument,
} from '../../engine/symbols/store.ts'
import { kiteCsv, optionRows } from './kite-rows.ts'
import { ROW } from './row.ts'
import { syncKite, temporaryFolder, viewsOf, withStore } from './store-folder.ts'

/** A share at NSE. */
const row = (token: Token, symbol: string): InstrumentRow => ({ ...ROW, token, symbol })

test('a number that another process gave out meanwhile is not bound to a second symbol', async (t) => {
  const folder = temporaryFolder(t)
  await withStore(folder, async (store) => {
    const writer = await GenerationWriter.begin(store, 'zerodha', 0)
    await store.names.put(0, 'NSE:SBIN')
    assert.equal(writer.take(row(1, 'INFY')), null)
    await assert.rejects(writer.flush(), /another process syncs into this store/)
    assert.deepEqual([...store.numbers.getKeys({})], [])

    const next = await GenerationWriter.begin(store, 'zerodha', 0)
    next.take(row(1, 'INFY'))
    next.take(row(2, 'SBIN'))
    const { catalogue, tokens } = viewsOf(await next.finish('', 0, 0))
    assert.deepEqual([tokens.resolve(0, 2), tokens.resolve(0, 1)], [0, 1])
    assert.deepEqual([catalogue.symbolOf(0), catalogue.symbolOf(1)], ['SBIN', 'INFY'])
  })
})

test('a symbol that another process numbered meanwhile does not get a second number', async (t) => {
  const folder = temporaryFolder(t)
  await withStore(folder, async (store) => {
    const writer = await GenerationWriter.begin(store, 'zerodha', 0)
    writer.take(row(1, 'INFY'))
    await store.names.put(1, 'NSE:INFY')
    await store.numbers.put('NSE:INFY', 1)
    await assert.rejects(writer.flush(), /another process syncs into this store/)

    const next = await GenerationWriter.begin(store, 'zerodha', 0)
    next.take(row(1, 'INFY'))
    const { catalogue, tokens } = viewsOf(await next.finish('', 0, 0))
    assert.deepEqual([tokens.resolve(0, 1), catalogue.find('NSE', 'INFY')], [1, 1])
    assert.throws(() => catalogue.symbolOf(0), RangeError)
  })
})

test('of two syncs of one broker in two processes the later one wins, and no row is mixed in', async (t) => {
  const folder = temporaryFolder(t)
  await withStore(folder, async (store) => {
    const other = await GenerationWriter.begin(store, 'second', 0)
    for (const [token, symbol] of ['INFY', 'SBIN', 'TCS'].entries()) other.take(row(token, symbol))
    await other.finish('', 0, 0)
    const first = await GenerationWriter.begin(store, 'zerodha', 0)
    first.take(row(1, 'INFY'))
    await first.flush()
    const second = await GenerationWriter.begin(store, 'zerodha', 0)
    first.take(row(2, 'SBIN'))
    second.take(row(3, 'TCS'))
    await assert.rejects(first.finish('', 0, 0), /another process syncs into this store/)
    assert.equal(liveGeneration(store, 'zerodha'), undefined)
    const { rows } = await second.finish('', 0, 0)
    const listed = [...listInstruments(store, 'zerodha')]
    assert.deepEqual([rows, listed.map(({ symbol }) => symbol)], [1, ['TCS']])
    // What the first one wrote after it was given up goes with the next sync.
    const keys = () => [...store.symtoken.getKeys(keysOf('zerodha:'))]
    assert.deepEqual(keys(), ['zerodha:1:NSE:2', 'zerodha:2:NSE:3'])
    const third = await GenerationWriter.begin(store, 'zerodha', 0)
    third.take(row(3, 'TCS'))
    await third.finish('', 0, 0)
    assert.deepEqual(keys(), ['zerodha:2:NSE:3', 'zerodha:3:NSE:3'])
  })
})

test('names that a sync left without their numbers get them back', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, kiteCsv(optionRows(10)))
  await withStore(folder, async (store) => {
    await store.numbers.remove('NFO:NIFTY25AUG2610008CE')
    await store.numbers.remove('NFO:NIFTY25AUG2610009CE')
  })
  const { catalogue, tokens } = viewsOf(await syncKite(folder, kiteCsv(optionRows(11))))
  assert.equal(catalogue.size, 11)
  assert.equal(catalogue.find('NFO', 'NIFTY25AUG2610008CE'), 8)
  assert.equal(tokens.resolve(0, 10_010 * 256 + 2), 10)
})

test('tokens of text are stored and found as they are, colons and digits included', async (t) => {
  const folder = temporaryFolder(t)
  const rows = [
    row('NSE_INDEX|Nifty: 50:1', 'NIFTY'),
    row('NSE_EQ|INE009A01021', 'INFY'),
    row('101000000010666', 'SBIN'),
    row('265', 'TCS'),
    row(738561, 'RELIANCE'),
  ]
  await withStore(folder, async (store) => {
    const writer = await GenerationWriter.begin(store, 'zerodha', 0)
    for (const one of rows) assert.equal(writer.take(one), null)
    const twice = [row('265', 'ITC'), row(265, 'ITC'), row('NSE_EQ|INE009A01021', 'ITC')]
    for (const one of twice) {
      assert.equal(writer.take(one), 'an earlier row has this exchange and token')
    }
    const synced = await writer.finish('', 0, 0)
    const { catalogue, tokens } = viewsOf(synced)
    const details = new Details(synced.details)
    for (const one of rows) {
      const instrument = catalogue.find('NSE', one.symbol)
      assert.equal(tokens.tokenOf(instrument), one.token)
      assert.equal(details.tokenTextOf(instrument), String(one.token))
      const stored = { instrument, ...one }
      assert.deepEqual(readInstrument(store, 'zerodha', 'NSE', one.token), stored)
    }
    assert.deepEqual(
      [...listInstruments(store, 'zerodha')].map(({ instrument, ...one }) => one),
      rows.toSorted((a, b) => (String(a.token) < String(b.token) ? -1 : 1)),
    )
  })
})

test('an index whose details are missing or those of another generation is not loaded', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, kiteCsv(optionRows(10)))
  await syncKite(folder, kiteCsv(optionRows(11)))
  await withStore(folder, async (store) => {
    assert.equal(loadIndex(store, 'zerodha')?.rows, 11)
    const older = store.blobs.getBinary('details:zerodha:1')!
    await store.blobs.put('details:zerodha:2', Buffer.from(older))
    assert.throws(
      () => loadIndex(store, 'zerodha'),
      /details of zerodha are not those of its index/,
    )
    await store.blobs.remove('details:zerodha:2')
    assert.throws(() => loadIndex(store, 'zerodha'), /stored index of zerodha is missing/)
  })
})
