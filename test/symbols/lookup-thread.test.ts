// The query thread behind its client: what it answers, what it refuses, and what a swap and a crash leave standing.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { createLogger } from '../../engine/observe/log.ts'
import { LOOKUP_LIMITS, Lookup, type LookupLimits } from '../../engine/symbols/lookup/lookup.ts'
import type { Scope } from '../support/plant.ts'
import { blocksOf, FEW, numbered, rowOf } from './lookup-rows.ts'

/** The thread runs only where a processor would idle, which on a busy machine may take its time. */
const ANSWER_MS_MAX = 60_000

/** A client of its own, and the thread that it starts first. */
async function startLookup(context: Scope, limits: Partial<LookupLimits> = {}) {
  const created = once(process, 'worker') as Promise<[Worker]>
  const lookup = new Lookup(createLogger({ level: 'silent' }), {
    ...LOOKUP_LIMITS,
    answerMsMax: ANSWER_MS_MAX,
    ...limits,
  })
  context.after(() => lookup.close())
  const [thread] = await created
  return { lookup, thread }
}

/** The rows that a search finds at one broker. */
async function search(lookup: Lookup, query: string, broker = 'one') {
  const { json } = await lookup.ask(broker, 'search', { query, exchange: null })
  const { data } = JSON.parse(Buffer.from(json).toString()) as { data: { symbol: string }[] }
  return data
}

async function textOf(pieces: AsyncGenerator<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(Uint8Array.from(piece))
  return Buffer.concat(parts).toString()
}

const many = numbered(Array.from({ length: 20_000 }, (_, at) => rowOf({ symbol: `S${at}` })))

test('questions about one broker are answered from its blocks', async (context) => {
  const { lookup } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(FEW))
  await lookup.useIndex('two', blocksOf(numbered([rowOf({ symbol: 'ONLYTWO' })])))
  const nifty = await lookup.ask('one', 'symbol', { exchange: 'NSE_INDEX', symbol: 'NIFTY' })
  assert.deepEqual(nifty, {
    brexchange: 'NSE_INDEX',
    brsymbol: 'NIFTY',
    exchange: 'NSE_INDEX',
    expiry: '',
    freeze_qty: 1,
    id: 0,
    instrumenttype: 'INDEX',
    lotsize: 1,
    name: 'NIFTY 50',
    strike: 0,
    symbol: 'NIFTY',
    tick_size: 0.05,
    token: '5001',
  })
  assert.deepEqual(await search(lookup, 'ONLYTWO'), [])
  assert.equal((await search(lookup, 'ONLYTWO', 'two')).length, 1)
  const token = await lookup.ask('one', 'token', { exchange: 'NSE', token: 'NSE_EQ|INE002' })
  assert.equal(token?.symbol, 'RELIANCE')
  const brokerSymbol = { exchange: 'BSE', brokerSymbol: 'RELI' }
  assert.equal((await lookup.ask('one', 'brokerSymbol', brokerSymbol))?.exchange, 'BSE')
})

test('the body of a reply stays while the next one is made, and lies in memory for all', async (context) => {
  const { lookup } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(FEW))
  const ask = (query: string) => lookup.ask('one', 'search', { query, exchange: null })
  const bodies = await Promise.all([ask('SENSEX'), ask('RELIANCE')])
  const symbols = bodies.map(({ json }) => JSON.parse(Buffer.from(json).toString()).data[0].symbol)
  assert.deepEqual(symbols, ['SENSEX', 'RELIANCE'])
  const third = await ask('NIFTY')
  assert.ok(third.json.buffer instanceof SharedArrayBuffer)
  assert.equal(third.json.buffer, bodies[0].json.buffer)
})

test('a broker without instruments, and blocks that are corrupt, are refused', async (context) => {
  const { lookup } = await startLookup(context)
  await assert.rejects(search(lookup, 'A'), { kind: 'empty' })
  await assert.rejects(lookup.dump('one', null, 'json').next(), { kind: 'empty' })
  await lookup.useIndex('one', blocksOf(FEW))
  const { catalogue } = blocksOf(FEW)
  const corrupt = { catalogue, details: new SharedArrayBuffer(8) }
  await assert.rejects(lookup.useIndex('one', corrupt), { kind: 'failed', message: /corrupt/ })
  const short = { catalogue: blocksOf(FEW.slice(0, 2)).catalogue, details: blocksOf(FEW).details }
  await assert.rejects(lookup.useIndex('one', short), {
    kind: 'failed',
    message: /the catalogue has 2 instruments and needs/,
  })
  assert.equal((await search(lookup, 'SENSEX')).length, 1)
})

test('a generation is swapped between two questions, and a dump goes on with its own', async (context) => {
  const { lookup } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(many))
  const dump = lookup.dump('one', null, 'json')
  const first = Buffer.from((await dump.next()).value!)
  const before = search(lookup, 'SENSEX')
  const swapped = lookup.useIndex('one', blocksOf(FEW))
  const after = search(lookup, 'SENSEX')
  assert.deepEqual(await before, [])
  await swapped
  assert.equal((await after).length, 1)
  const rest = await textOf(dump)
  const { data } = JSON.parse(Buffer.from(first).toString() + rest)
  assert.equal(data.length, many.length)
})

test('more than may wait is refused at once, and what waits is answered', async (context) => {
  const { lookup } = await startLookup(context, { waitingMax: 3 })
  await lookup.useIndex('one', blocksOf(FEW))
  const asked = Array.from({ length: 6 }, () => search(lookup, 'SENSEX').catch(({ kind }) => kind))
  assert.equal(lookup.waiting, 3)
  const answers = await Promise.all(asked)
  assert.deepEqual(
    answers.map((answer) => (Array.isArray(answer) ? answer.length : answer)),
    [1, 1, 1, 1, 'busy', 'busy'],
  )
})

test('what is not answered in time is given up and leaves the queue', async (context) => {
  const { lookup } = await startLookup(context, { answerMsMax: 1 })
  // Loading holds the thread far longer than a millisecond.
  const loaded = lookup.useIndex('one', blocksOf(many))
  await assert.rejects(search(lookup, 'S1'), { kind: 'late' })
  assert.equal(lookup.waiting, 0)
  await loaded
})

test('so many dumps run at once, and one that is broken off makes room', async (context) => {
  const { lookup } = await startLookup(context, { dumpsMax: 1 })
  await lookup.useIndex('one', blocksOf(many))
  const first = lookup.dump('one', null, 'csv')
  await first.next()
  await assert.rejects(lookup.dump('one', null, 'csv').next(), { kind: 'busy' })
  await first.return(undefined)
  const text = await textOf(lookup.dump('one', null, 'csv'))
  assert.equal(text.split('\r\n').length, many.length + 2)
})

test('a thread that ends is replaced, and answers as before', async (context) => {
  const { lookup, thread } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(many))
  await lookup.useIndex('two', blocksOf(FEW))
  const dump = lookup.dump('one', null, 'json')
  await dump.next()
  // Loading keeps the thread busy until after it is ended.
  const current = lookup.useIndex('three', blocksOf(many))
  const waiting = search(lookup, 'S19999')
  const refused = assert.rejects(current, { kind: 'gone' })
  void thread.terminate()
  await refused
  assert.equal(lookup.crashes, 1)
  assert.equal((await waiting).length, 1)
  assert.equal((await search(lookup, 'SENSEX', 'two')).length, 1)
  // The new thread's dumps are never taken for those of the one before.
  const other = lookup.dump('two', 'BSE', 'json')
  await other.next()
  await assert.rejects(textOf(dump), { kind: 'failed', message: 'the dump ended' })
  await other.return(undefined)
})

test('a swap that waits while the thread ends is made all the same', async (context) => {
  const { lookup, thread } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(many))
  // Loading keeps the thread busy until after it is ended.
  const current = lookup.useIndex('three', blocksOf(many)).catch(({ kind }) => kind)
  const swapped = lookup.useIndex('one', blocksOf(FEW))
  void thread.terminate()
  assert.equal(await current, 'gone')
  await swapped
  assert.equal((await search(lookup, 'SENSEX')).length, 1)
})

test('closing refuses what waits and ends the thread', async (context) => {
  const { lookup, thread } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(many))
  const asked = [search(lookup, 'S1'), search(lookup, 'S2')].map((each) =>
    assert.rejects(each, { kind: 'gone' }),
  )
  const exited = once(thread, 'exit')
  await lookup.close()
  await Promise.all(asked)
  await exited
  await assert.rejects(search(lookup, 'S1'), { kind: 'gone' })
  assert.equal(lookup.crashes, 0)
})

test('all pieces of a dump lie in one memory, which no collector has to free', async (context) => {
  const { lookup } = await startLookup(context)
  await lookup.useIndex('one', blocksOf(many))
  const pieces = lookup.dump('one', null, 'csv')
  const first = (await pieces.next()).value!
  const second = (await pieces.next()).value!
  assert.ok(first.buffer instanceof SharedArrayBuffer)
  assert.equal(second.buffer, first.buffer)
  await pieces.return(undefined)
})
