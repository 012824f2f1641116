import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpack } from 'msgpackr'
import { Subscriber } from 'zeromq'
import { type Plant, type Scope, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'
import { zeromqStatus } from '../support/topic-reader.ts'

function readBatches(context: Scope, { engine }: Plant, topics: readonly string[]) {
  const socket = new Subscriber({ receiveHighWaterMark: 0, linger: 0 })
  context.after(() => socket.close())
  socket.connect(engine.zeromq!.batches[0]!)
  socket.subscribe(...topics)
  const batches: Message[][] = []
  void (async () => {
    for await (const [topic, payload] of socket) {
      assert.equal(topic!.toString(), 'BATCH')
      batches.push(unpack(payload!) as Message[])
    }
  })()
  return { socket, batches, items: () => batches.flat() }
}

test('a batch holds every tick that flows, once, in the mode the broker sent it', async (context) => {
  const plant = await startPlant(context)
  const shares = sharesOf(plant, 50)
  const reader = readBatches(context, plant, ['BATCH'])
  const client = await StreamClient.open(context, plant, { format: 'msgpack', events: true })
  // The same instruments held in a lower mode too: no reason to come twice.
  await client.stream(shares, 'Quote')
  await client.subscribe(shares, 'LTP')
  await until('a batch', () => reader.items().length > 0)
  const before = plant.engine.status().feeds[0]!.ticks
  const sent = plant.simulator.burst(1000)
  const isNew = ({ type, seq }: Message) => type === undefined && seq !== 1
  await until('all of the burst', () => reader.items().filter(isNew).length >= sent)
  assert.equal(plant.engine.status().feeds[0]!.ticks, before + sent)
  const ticks = reader.items().filter(isNew)
  assert.equal(ticks.length, sent)
  assert.deepEqual(new Set(ticks.map(({ mode }) => mode)), new Set(['quote']))
  assert.ok(reader.batches.some((batch) => batch.length > 1))
  for (const { symbol } of shares) {
    const seqs = ticks.filter((tick) => tick.symbol === symbol).map(({ seq }) => seq as number)
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => seqs[0]! + at),
    )
  }
  const status = zeromqStatus(plant)
  assert.equal(status.batchItemsSent, reader.items().length)
})

test('on the batch port a full topic makes its instrument flow, and releases it', async (context) => {
  const plant = await startPlant(context)
  const [share, other] = sharesOf(plant, 2)
  const feed = plant.engine.feeds[0]!
  const reader = readBatches(context, plant, ['BATCH', `NSE_${share!.symbol}_QUOTE`])
  await until('a tick', () => reader.items().some(({ symbol }) => symbol === share!.symbol))
  assert.equal(feed.wantedCount, 1)
  plant.simulator.tickOnce([other!.token])
  reader.socket.unsubscribe(`NSE_${share!.symbol}_QUOTE`)
  await until('the release', () => feed.wantedCount === 0)
})

test('gaps and states of the feed come in batches, in their place', async (context) => {
  const plant = await startPlant(context)
  const [share] = sharesOf(plant, 1)
  const reader = readBatches(context, plant, ['BATCH', `NSE_${share!.symbol}_QUOTE`])
  await until('a tick', () => reader.items().some(({ seq }) => seq === 1))
  plant.simulator.dropSockets()
  await until('ticks again', () => {
    plant.simulator.tickOnce([share!.token])
    const items = reader.items()
    const gapAt = items.findIndex(({ type }) => type === 'gap')
    return gapAt >= 0 && items.slice(gapAt).some(({ type }) => type === undefined)
  })
  const types = reader.items().map(({ type, status }) => status ?? type ?? 'tick')
  assert.ok(types.indexOf('reconnecting') < types.indexOf('gap'), types.join())
})

test('without a reader of batches nothing is packed for them', async (context) => {
  const plant = await startPlant(context)
  const shares = sharesOf(plant, 5)
  const client = await StreamClient.open(context, plant)
  await client.stream(shares, 'Quote')
  assert.equal(plant.engine.feeds[0]!.router.everything, null)
  const reader = readBatches(context, plant, ['BATCH'])
  await until('the reader', () => plant.engine.feeds[0]!.router.everything !== null)
  reader.socket.close()
  await until('its leaving', () => plant.engine.feeds[0]!.router.everything === null)
  assert.equal(zeromqStatus(plant).batchesSent, 0)
})
