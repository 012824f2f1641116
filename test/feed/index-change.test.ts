// What another index means for what is subscribed, on a broker that answers by text keys.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Token } from '../../adapters/broker.ts'
import type { Flags } from '../../config/sources.ts'
import type { Feed } from '../../engine/feed/feed.ts'
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { until } from '../support/plant.ts'
import { startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import { tokenOf } from './fakes/text-keys.ts'
import { TextKeysServer } from './fakes/text-keys-server.ts'

const FIRST = { exchange: 'NSE', symbol: 'SHARE1' }
const SECOND = { exchange: 'NSE', symbol: 'SHARE2' }
const NEW = { exchange: 'NSE', symbol: 'NEWSHARE' }
const [FIRST_KEY, SECOND_KEY] = [tokenOf('NSE', 1), tokenOf('NSE', 2)]

/** The feed's instruments with other tokens, null for one that is gone, and some more that have none before. */
function indexOf(
  { catalogue, tokens }: Feed,
  changes: Readonly<Record<string, Token | null>>,
  added = 0,
) {
  const builder = new TokenIndexBuilder()
  const names = Array.from({ length: catalogue.size + added }, (_, at) =>
    at < catalogue.size
      ? { exchange: catalogue.exchangeOf(at), symbol: catalogue.symbolOf(at) }
      : { exchange: 'NSE', symbol: at === catalogue.size ? NEW.symbol : `${NEW.symbol}${at}` },
  )
  names.forEach(({ exchange, symbol }, instrument) => {
    const change = changes[`${exchange}:${symbol}`]
    const token = change === undefined ? tokens.tokenOf(instrument) : change
    if (token !== null) builder.add(instrument, 0, token)
  })
  return { catalogue: buildCatalogue(names), tokens: builder.build() }
}

async function start(context: TestContext, flags: Flags = {}) {
  const server = await new TextKeysServer().listen(context)
  const plant = await startFakePlant(context, server, flags)
  return { server, feed: plant.engine.feeds[0]!, ...plant }
}

const ltpsOf = (...from: Parameters<typeof ticksOf>) => ticksOf(...from).map(({ ltp }) => ltp)

test('keys that two instruments exchange are left and taken in this order, and seq goes on', async (context) => {
  const { server, client, feed } = await start(context)
  await client.subscribe([FIRST, SECOND], 'LTP')
  await tickWith(client, SECOND, { ltp: 0.01 })
  server.requests.length = 0
  const { moved } = await feed.useIndex(
    indexOf(feed, { 'NSE:SHARE1': SECOND_KEY, 'NSE:SHARE2': FIRST_KEY }),
  )
  assert.deepEqual(
    moved.map((instrument) => feed.catalogue.symbolOf(instrument)),
    ['SHARE1', 'SHARE2'],
  )
  await until('both requests', () => server.requests.length === 2)
  assert.deepEqual(server.requests, [
    { subscribe: [], unsubscribe: [FIRST_KEY, SECOND_KEY] },
    { subscribe: [SECOND_KEY, FIRST_KEY], unsubscribe: [] },
  ])
  server.tick([FIRST_KEY, 200], [SECOND_KEY, 100])
  await tickWith(client, FIRST, { ltp: 1, token: SECOND_KEY })
  await tickWith(client, SECOND, { ltp: 2, token: FIRST_KEY })
  assert.deepEqual(
    ticksOf(client, FIRST).map(({ seq }) => seq),
    [1, 2, 3],
  )
})

/** Waits without letting the core work until so many records wait for it. */
function holdCore({ reader }: Feed, records: number) {
  const end = performance.now() + 30_000
  while (reader.behind < records) {
    assert.ok(performance.now() < end, `${reader.behind} of ${records} records`)
  }
}

test('each tick tells the token under which it came, on both sides of the swap', async (context) => {
  const { server, client, feed } = await start(context)
  await client.subscribe([FIRST], 'LTP')
  await tickWith(client, FIRST, { ltp: 0.01 })
  await until('the core has read all', () => feed.reader.behind === 0)
  server.tick([FIRST_KEY, 100])
  holdCore(feed, 1)
  const swap = feed.useIndex(indexOf(feed, { 'NSE:SHARE1': 'NEXT' }))
  // The swap begins in a microtask, and the core gets no turn before that.
  await Promise.resolve()
  holdCore(feed, 2)
  server.tick(['NEXT', 200])
  holdCore(feed, 3)
  await swap
  await tickWith(client, FIRST, { ltp: 1, token: FIRST_KEY })
  await tickWith(client, FIRST, { ltp: 2, token: 'NEXT' })
})

test('who subscribed to an instrument that vanished gets its ticks when it is listed again', async (context) => {
  const { server, client, feed, logs } = await start(context)
  await client.subscribe([FIRST, SECOND], 'LTP')
  await tickWith(client, SECOND, { ltp: 0.01 })
  const gone = await feed.useIndex(indexOf(feed, { 'NSE:SHARE1': null }))
  assert.deepEqual(
    [gone.moved, gone.vanished, gone.returned],
    [[], [feed.catalogue.find('NSE', 'SHARE1')], []],
  )
  await until('the key is left', () => !server.subscribed.has(FIRST_KEY))
  assert.equal(feed.wantedCount, 1)
  assert.equal(feed.find('NSE', 'SHARE1'), -1)
  server.tick([FIRST_KEY, 300], [SECOND_KEY, 301])
  await tickWith(client, SECOND, { ltp: 3.01 })
  assert.deepEqual(ltpsOf(client, FIRST), [0.01])
  const line = await until('the log line', () => logs.find(({ symbols }) => symbols !== undefined))
  assert.deepEqual([line.instruments, line.symbols], [1, ['NSE:SHARE1']])

  // A list that does not change it leaves it gone.
  await feed.useIndex(indexOf(feed, {}))
  const back = await feed.useIndex(indexOf(feed, { 'NSE:SHARE1': 'BACK' }))
  assert.deepEqual(back.returned, gone.vanished)
  await until('the new key', () => server.subscribed.has('BACK'))
  server.tick(['BACK', 400])
  await tickWith(client, FIRST, { ltp: 4, token: 'BACK', seq: 3 })
  assert.deepEqual(ltpsOf(client, FIRST), [0.01, 0.01, 4])
})

test('who left while an instrument was gone is not subscribed when it is back', async (context) => {
  const { server, client, feed } = await start(context)
  await client.subscribe([FIRST, SECOND], 'LTP')
  await tickWith(client, SECOND, { ltp: 0.01 })
  await feed.useIndex(indexOf(feed, { 'NSE:SHARE1': null, 'NSE:SHARE2': null }))
  await client.unsubscribe([FIRST], 'LTP')
  const { returned } = await feed.useIndex(
    indexOf(feed, { 'NSE:SHARE1': FIRST_KEY, 'NSE:SHARE2': SECOND_KEY }),
  )
  assert.deepEqual(returned, [feed.catalogue.find('NSE', 'SHARE2')])
  await until('the other key', () => server.subscribed.has(SECOND_KEY))
  assert.deepEqual([...server.subscribed], [SECOND_KEY])
})

test('an instrument that is new can be subscribed at once', async (context) => {
  const { server, client, feed } = await start(context)
  const size = feed.catalogue.size
  const swap = feed.useIndex(indexOf(feed, { 'NSE:NEWSHARE': 'NEW' }, 1))
  await client.subscribe([NEW], 'LTP')
  await swap
  assert.equal(feed.find('NSE', 'NEWSHARE'), size)
  await until('the new key', () => server.subscribed.has('NEW'))
  server.tick(['NEW', 700])
  await tickWith(client, NEW, { ltp: 7, token: 'NEW' })
})

test('an index that is not for this engine is refused, and the one in use stays', async (context) => {
  const { server, client, feed } = await start(context, { 'engine.instruments_max': 1000 })
  await client.subscribe([FIRST], 'LTP')
  await tickWith(client, FIRST, { ltp: 0.01 })
  const { size } = feed.catalogue
  const small = indexOf(feed, {})
  await assert.rejects(
    feed.useIndex(indexOf(feed, { 'NSE:SHARE1': 'OTHER' }, 1001 - size)),
    /engine\.instruments_max is 1000, but the store holds 1001 instruments; raise it/,
  )
  await feed.useIndex(indexOf(feed, { 'NSE:NEWSHARE': 'NEW' }, 1))
  await assert.rejects(feed.useIndex(small), /older than the one of 121 in use/)
  const newer = indexOf(feed, { 'NSE:NEWSHARE1': 'NEW1' }, 0)
  const { tokens } = indexOf(feed, { 'NSE:NEWSHARE122': 'NEW1' }, 2)
  await assert.rejects(feed.useIndex({ ...newer, tokens }), /knows 123 instruments, its catalogue/)
  assert.deepEqual([feed.catalogue.size, feed.tokens.rows], [size + 1, size + 1])
  server.tick([FIRST_KEY, 900])
  await tickWith(client, FIRST, { ltp: 9, token: FIRST_KEY })
})

test('swaps that are asked for together follow one another', async (context) => {
  const { server, client, feed } = await start(context)
  await client.subscribe([FIRST], 'LTP')
  await tickWith(client, FIRST, { ltp: 0.01 })
  const keys = ['A', 'B', 'C']
  const swaps = keys.map((key) => feed.useIndex(indexOf(feed, { 'NSE:SHARE1': key })))
  const changes = await Promise.all(swaps)
  assert.deepEqual(
    changes.map(({ moved }) => moved.length),
    [1, 1, 1],
  )
  await until('the last key', () => server.subscribed.has('C'))
  assert.deepEqual([...server.subscribed], ['C'])
  server.tick(['A', 100], ['C', 300])
  await tickWith(client, FIRST, { ltp: 3, token: 'C' })
  // What the server sent when A and B were subscribed may have come too late as well.
  assert.ok(feed.counters().unknownTokens >= 1)
  assert.ok(client.items.every(({ ltp }) => ltp !== 1))
})

test('a worker that is down at the swap comes back with the new index', async (context) => {
  const { server, client, feed } = await start(context)
  await client.subscribe([FIRST], 'LTP')
  await tickWith(client, FIRST, { ltp: 0.01 })
  server.endThread()
  await until('the worker is down', () => feed.workerRestarts === 1)
  await feed.useIndex(indexOf(feed, { 'NSE:SHARE1': 'OTHER' }))
  await until('the new key', () => server.subscribed.has('OTHER'))
  assert.deepEqual([...server.subscribed], ['OTHER'])
  server.tick(['OTHER', 800])
  await tickWith(client, FIRST, { ltp: 8, token: 'OTHER' })
})
