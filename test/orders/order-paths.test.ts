// Order events for orders on every way that there is to one: each call of the API, a price that is waited for at the
// broker, a person at the broker's own terminal; on both streams, before and after a restart of the engine.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Scope, sharesOf, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { TopicReader } from '../support/topic-reader.ts'
import {
  currentTable,
  eventsOf,
  lastPriceOf,
  placeByHand,
  restart,
  restingOrder,
  startTradingPlant,
  statesOf,
  type TradingPlant,
} from './trading-plant.ts'

const TOPIC = 'ORDERS/zerodha'

/** Who listens on both streams. */
interface Ears {
  readonly client: StreamClient
  readonly reader: TopicReader
}

/** Listens until the test ends, from when a first order has come over both streams. */
async function listen(context: Scope, plant: TradingPlant): Promise<Ears> {
  const client = await StreamClient.open(context, plant)
  await client.ask({ action: 'subscribe_orders' })
  const reader = TopicReader.ticks(context, plant, [TOPIC])
  await currentTable(plant)
  await until('the topic to be subscribed', async () => {
    await placeByHand(plant)
    return reader.of(TOPIC).length > 0
  })
  return { client, reader }
}

/** Asks the API; the answer is a success. */
async function ask({ httpUrl, engine }: TradingPlant, name: string, fields: object = {}) {
  const body = JSON.stringify({ apikey: engine.localKey, strategy: 'paths', ...fields })
  const reply = await fetch(`${httpUrl}/api/v1/${name}`, { method: 'POST', body })
  // biome-ignore lint/suspicious/noExplicitAny: each call has its own.
  const told = (await reply.json()) as any
  assert.equal(reply.status, 200, JSON.stringify(told))
  return told
}

/** Each state of an order is told once on each stream, in this order. */
async function hears({ client, reader }: Ears, id: string, ...states: string[]) {
  const topic = () => reader.of(TOPIC).filter(({ orderid }) => orderid === id)
  for (const events of [() => eventsOf(client, id), topic]) {
    await until(`${states} of ${id}`, () => statesOf(events()).at(-1) === states.at(-1))
    assert.deepEqual(statesOf(events()), states)
  }
}

/** The ids of orders in an answer with results. */
const idsOf = ({ results }: { results: { orderid: string }[] }) =>
  results.map(({ orderid }) => orderid)

/** Buys at the market, and closes what there is. */
async function closes(plant: TradingPlant, ears: Ears): Promise<void> {
  const { price, ...order } = await restingOrder(plant)
  const { orderid } = await ask(plant, 'placeorder', { ...order, pricetype: 'MARKET' })
  await until('the fill', () => statesOf(eventsOf(ears.client, orderid)).at(-1) === 'complete 10')
  const before = new Set(eventsOf(ears.client).map((event) => event.orderid))
  const { failed } = await ask(plant, 'closeposition')
  assert.deepEqual(failed, [])
  const sale = await until('the sale', () =>
    eventsOf(ears.client).find((event) => !before.has(event.orderid)),
  )
  const id = String(sale.orderid)
  await until('its end', () => statesOf(eventsOf(ears.client, id)).at(-1) === 'complete 10')
  assert.equal(sale.action, 'SELL')
  const states = statesOf(eventsOf(ears.client, id))
  assert.equal(new Set(states).size, states.length)
  await hears(ears, id, ...states)
}

/** Sets a trigger below the last price; answers how to get there. */
async function setTrigger(plant: TradingPlant, at: number) {
  const share = sharesOf(plant, at + 1)[at]!
  const { exchange, symbol, token } = share
  const trigger = Math.floor(await lastPriceOf(plant.simulator, share)) - 1
  await ask(plant, 'placegttorder', {
    ...{ exchange, symbol, trigger_type: 'SINGLE', action: 'BUY', product: 'CNC', quantity: 3 },
    ...{ triggerprice_sl: trigger, price: trigger - 5 },
  })
  return { symbol, reach: () => plant.simulator.moveTo(token, trigger) }
}

/** The order that a trigger made. */
async function triggered(client: StreamClient, symbol: string): Promise<string> {
  const isIt = (event: Record<string, unknown>) => event.symbol === symbol && event.quantity === 3
  const event = await until('the order of the trigger', () => eventsOf(client).find(isIt))
  return String(event.orderid)
}

/** Every way to an order, and what is told of it. */
const PATHS: Readonly<Record<string, (plant: TradingPlant, ears: Ears) => Promise<void>>> = {
  async 'placeorder and cancelorder'(plant, ears) {
    const { orderid } = await ask(plant, 'placeorder', await restingOrder(plant))
    await hears(ears, orderid, 'open 0')
    await ask(plant, 'cancelorder', { orderid })
    await hears(ears, orderid, 'open 0', 'cancelled 0')
  },
  async placesmartorder(plant, ears) {
    const order = { ...(await restingOrder(plant)), product: 'CNC', position_size: 4 }
    const { orderid } = await ask(plant, 'placesmartorder', order)
    await hears(ears, orderid, 'open 0')
    assert.equal(eventsOf(ears.client, orderid)[0]!.quantity, 4)
  },
  async basketorder(plant, ears) {
    const order = await restingOrder(plant)
    const ids = idsOf(await ask(plant, 'basketorder', { orders: [order, order] }))
    assert.equal(ids.length, 2)
    for (const id of ids) await hears(ears, id, 'open 0')
  },
  async splitorder(plant, ears) {
    const order = { ...(await restingOrder(plant)), quantity: 25, splitsize: 10 }
    const ids = idsOf(await ask(plant, 'splitorder', order))
    assert.equal(ids.length, 3)
    for (const id of ids) await hears(ears, id, 'open 0')
    assert.equal(eventsOf(ears.client, ids[2])[0]!.quantity, 5)
  },
  async 'a GTT order whose price comes'(plant, ears) {
    const { symbol, reach } = await setTrigger(plant, 1)
    reach()
    await hears(ears, await triggered(ears.client, symbol), 'open 0')
  },
  async "the broker's own terminal"(plant, ears) {
    await hears(ears, await placeByHand(plant), 'open 0')
  },
  closeposition: closes,
  async cancelallorder(plant, ears) {
    const { canceled_orders: ids, failed } = await ask(plant, 'cancelallorder')
    assert.deepEqual(failed, [])
    assert.ok(ids.length >= 8, `${ids}`)
    // Some were placed before anybody listened.
    for (const events of [() => eventsOf(ears.client), () => ears.reader.of(TOPIC)]) {
      const ends = (id: string) =>
        statesOf(events().filter(({ orderid }) => orderid === id)).filter(
          (each) => each !== 'open 0',
        )
      await until('the cancels', () => ids.every((id: string) => ends(id).length > 0))
      for (const id of ids) assert.deepEqual(ends(id), ['cancelled 0'])
    }
  },
}

async function hearAll(context: TestContext, plant: TradingPlant, ears: Ears, when: string) {
  for (const [path, run] of Object.entries(PATHS)) {
    await context.test(`${path}, ${when}`, () => run(plant, ears))
  }
}

test('an order is told on both streams whichever way it was placed', async (context) => {
  const first = await startTradingPlant(context)
  const ears = await listen(context, first)
  await hearAll(context, first, ears, 'as the engine runs')
  const { symbol, reach } = await setTrigger(first, 2)
  const known = new Set(eventsOf(ears.client).map(({ orderid }) => orderid))
  await first.engine.stop()
  const missed = await placeByHand(first)
  reach()

  const second = await restart(context, first)
  const client = await StreamClient.open(context, second)
  await client.ask({ action: 'subscribe_orders' })
  await context.test('what was placed while no engine ran, also by a trigger', async () => {
    await currentTable(second)
    for (const id of [missed, await triggered(client, symbol)]) {
      await until(id, () => eventsOf(client, id).length > 0)
    }
    assert.deepEqual(statesOf(eventsOf(client)), ['open 0', 'open 0'])
    assert.ok(eventsOf(client).every(({ orderid }) => !known.has(orderid)))
  })
  await hearAll(context, second, await listen(context, second), 'after a restart')
})
