import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstrumentRow } from '../../adapters/broker.ts'
import { GenerationWriter } from '../../engine/symbols/generation.ts'
import { keysOf, listInstruments, liveGeneration } from '../../engine/symbols/store.ts'
import { kiteCsv, optionRows } from './kite-rows.ts'
import { syncKite, temporaryFolder, viewsOf, withStore } from './store-folder.ts'

/** A share at NSE. */
const row = (token: number, symbol: string): InstrumentRow => ({
  exchange: 'NSE',
  symbol,
  name: symbol,
  brokerSymbol: symbol,
  brokerExchange: 'NSE',
  token,
  segment: 0,
  exchangeToken: null,
  expiry: null,
  strike: null,
  lotSize: 1,
  instrumentType: 'EQ',
  tickSize: 0.05,
})

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
