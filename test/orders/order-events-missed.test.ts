// What happens while nobody tells, listens or runs is told afterwards, each state once: by the next order book.
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { indianDate } from '../../engine/orders/journal-record.ts'
import { type Scope, sharesOf, startPlant, temporaryFolder, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { TopicReader } from '../support/topic-reader.ts'
import {
  CALLER,
  cancelByHand,
  currentTable,
  eventsOf,
  orderStatus,
  place,
  placeByHand,
  restart,
  restingOrder,
  startTradingPlant,
  statesOf,
  TRADING,
  type TradingPlant,
  toldStates,
} from './trading-plant.ts'

async function listen(context: Scope, plant: Pick<TradingPlant, 'engine' | 'websocketUrl'>) {
  const client = await StreamClient.open(context, plant)
  assert.equal((await client.ask({ action: 'subscribe_orders' })).status, 'success')
  await currentTable(plant)
  return client
}

test('after a restart what was missed is told, and what was told is not', async (context) => {
  const first = await startTradingPlant(context)
  const before = await listen(context, first)
  const known = await place(first)
  const cancelled = await place(first)
  for (const id of [known, cancelled]) await toldStates(before, id, 1)
  await first.engine.stop()
  await cancelByHand(first, cancelled)
  const missed = await placeByHand(first)

  const second = await restart(context, first)
  const client = await listen(context, second)
  assert.deepEqual(await toldStates(client, cancelled, 1), ['cancelled 0'])
  assert.deepEqual(await toldStates(client, missed, 1), ['open 0'])
  assert.deepEqual(await toldStates(client, await placeByHand(second), 1), ['open 0'])
  assert.deepEqual(eventsOf(client, known), [])
  assert.equal(eventsOf(client).length, 3)
  await second.engine.stop()

  const third = await restart(context, second)
  const last = await listen(context, third)
  assert.deepEqual(await toldStates(last, await placeByHand(third), 1), ['open 0'])
  assert.equal(eventsOf(last).length, 1)
})

test('the first listener of a day is not told what was before', async (context) => {
  const plant = await startTradingPlant(context)
  const old = await placeByHand(plant)
  const client = await listen(context, plant)
  const id = await placeByHand(plant)
  await toldStates(client, id, 1)
  await cancelByHand(plant, old)
  assert.deepEqual(await toldStates(client, old, 1), ['cancelled 0'])
  assert.equal(eventsOf(client).length, 2)
})

test('what changes while nobody listens is told to who comes next', async (context) => {
  const plant = await startTradingPlant(context)
  const client = await listen(context, plant)
  const id = await placeByHand(plant)
  await toldStates(client, id, 1)
  await client.ask({ action: 'unsubscribe_orders' })
  await cancelByHand(plant, id)
  const isCancelled = () => plant.engine.orders.events.order('zerodha', id)?.status === 'cancelled'
  await until('the cancel in the table', isCancelled)
  const next = await listen(context, plant)
  assert.deepEqual(await toldStates(next, id, 1), ['cancelled 0'])
  assert.deepEqual(statesOf(eventsOf(client, id)), ['open 0'])
})

test('a message that is lost with the line is made up for by the book', async (context) => {
  const plant = await startTradingPlant(context)
  const { simulator } = plant
  const client = await listen(context, plant)
  const told = await placeByHand(plant)
  await toldStates(client, told, 1)
  simulator.fault({ on: 'message', do: 'drop', times: null })
  const missed = await placeByHand(plant)
  await cancelByHand(plant, told)
  simulator.clearFaults()
  assert.equal(plant.engine.orders.events.order('zerodha', missed), null)
  simulator.dropSockets()
  assert.deepEqual(await toldStates(client, missed, 1), ['open 0'])
  assert.deepEqual(await toldStates(client, told, 2), ['open 0', 'cancelled 0'])
  await currentTable(plant)
  assert.equal(eventsOf(client).length, 3)
})

test('an order of the engine whose message never comes is looked for in the book', async (context) => {
  const plant = await startTradingPlant(context, {}, { 'orders.poll_ms': 500 })
  const client = await listen(context, plant)
  plant.simulator.fault({ on: 'message', do: 'drop', times: null })
  const id = await place(plant)
  assert.ok(!orderStatus(plant).current, 'the table waits for the order')
  const asked = await plant.engine.orders.gateway.orderStatus({ orderid: id })
  assert.ok('ok' in asked && asked.source === 'broker')
  assert.deepEqual(await toldStates(client, id, 1), ['open 0'])
  await plant.engine.orders.gateway.cancel({ orderid: id }, CALLER)
  assert.deepEqual(await toldStates(client, id, 2), ['open 0', 'cancelled 0'])
})

test('an order that came after it was looked for in vain is found, though its message is lost', async (context) => {
  const looks = { 'orders.reconcile_looks_max': 1, 'orders.reconcile_spacing_ms': 50 }
  const plant = await startTradingPlant(context, {}, looks)
  await listen(context, plant)
  const { simulator, engine } = plant
  const { gateway } = engine.orders
  const sources = async () => {
    const book = await gateway.orderBook({})
    assert.ok('ok' in book)
    return [book.source, book.ok.length]
  }
  assert.deepEqual(await sources(), ['live', 0])
  simulator.fault({ on: 'message', do: 'drop', times: null })
  simulator.fault({ on: 'place', do: 'late', reply: 'error', delayMs: 8000, times: 1 })
  const told = await gateway.place(await restingOrder(plant), CALLER)
  assert.ok('error' in told && told.error.code === 'UNKNOWN_OUTCOME')
  await until('it is given up', () => engine.orders.status().reported === 1)
  // A book that was read before it came says nothing of what came since.
  assert.deepEqual(await sources(), ['broker', 0])
  await until('it comes', () => simulator.pending() === 0)
  assert.deepEqual(await sources(), ['broker', 1])
  assert.equal(engine.orders.status().reported, 0)
  await currentTable(plant)
  assert.deepEqual(await sources(), ['live', 1])
})

/** A plant whose line for messages never comes up. */
async function deafPlant(context: Scope, clock = Date.now): Promise<TradingPlant> {
  const plant = await startPlant(
    context,
    { limits: false, clock },
    { ...TRADING, 'orders.poll_ms': 500, 'brokers.zerodha.feed': 'ws://127.0.0.1:1' },
  )
  return { ...plant, share: sharesOf(plant, 1)[0]! }
}

test('without messages the book is looked at for who listens, as often as is configured', async (context) => {
  let agoMs = 60_000
  const plant = await deafPlant(context, () => Date.now() - agoMs)
  const client = await StreamClient.open(context, plant)
  await client.ask({ action: 'ping' })
  const old = await placeByHand(plant)
  const untouched = await placeByHand(plant)
  agoMs = 0
  assert.equal(orderStatus(plant).looks, 0)
  const startedAtMs = performance.now()
  await client.ask({ action: 'subscribe_orders' })
  await until('a first look', () => orderStatus(plant).looks > 0)
  await cancelByHand(plant, old)
  assert.deepEqual(await toldStates(client, old, 1), ['cancelled 0'])
  const id = await place(plant)
  assert.deepEqual(await toldStates(client, id, 1), ['open 0'])
  const { looks } = orderStatus(plant)
  assert.ok(looks <= 1 + (performance.now() - startedAtMs) / 500, `${looks} looks`)
  assert.deepEqual(eventsOf(client, untouched), [])
  assert.ok(!orderStatus(plant).current)
  const book = await plant.engine.orders.gateway.orderBook({})
  assert.ok('ok' in book && book.source === 'broker')
})

test('a subscribed topic has the book looked at too, and a prefix that selects more does not', async (context) => {
  const plant = await deafPlant(context)
  TopicReader.ticks(context, plant, [''])
  const own = TopicReader.ticks(context, plant, ['STATUS/zerodha'])
  await own.waitFor('STATUS/zerodha', 1)
  assert.ok(!orderStatus(plant).listening)
  TopicReader.ticks(context, plant, ['ORDERS/zerodha'])
  await until('a look', () => orderStatus(plant).looks > 0)
})

test('a damaged file of told states costs a repetition, not the start', async (context) => {
  const folder = await temporaryFolder(context)
  const first = await startTradingPlant(context, {}, { data_dir: folder })
  const client = await listen(context, { ...first })
  const ids = [await placeByHand(first), await placeByHand(first)]
  for (const id of ids) await toldStates(client, id, 1)
  await first.engine.stop()
  const name = `told-zerodha-${indianDate(Date.now())}.jsonl`
  const file = join(folder, 'orders', name)
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  await writeFile(file, [...lines.slice(0, -1), '{"x":', '[1,2]', '["9","open"', ''].join('\n'))
  await writeFile(join(folder, 'orders', 'told-zerodha-2026-01-01.jsonl'), '')

  const second = await restart(context, { ...first, dataDir: folder })
  const next = await listen(context, second)
  assert.deepEqual(await toldStates(next, ids[1]!, 1), ['open 0'])
  assert.deepEqual(eventsOf(next, ids[0]), [])
  const told = (await readdir(join(folder, 'orders'))).filter((each) => each.startsWith('told-'))
  assert.deepEqual(told, [name])
})
