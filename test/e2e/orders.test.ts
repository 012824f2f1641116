// A desk's day: sign in, trade everything that the broker takes, restart in the middle of it, and have books that agree
// with the exchange and with the journal. The broker's own limits are counted on both sides.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import zerodha from '../../adapters/zerodha/spec.ts'
import type { GatewayAnswer } from '../../engine/orders/refusal.ts'
import type { Sent } from '../../engine/orders/sent.ts'
import type { JournalEntry } from '../../engine/orders/write.ts'
import { storeFolderOf } from '../../engine/prepare.ts'
import { SIMULATORS } from '../../sim/registry.ts'
import { type Broker, startBroker, startEngineOn, syncBroker } from '../conformance/bench.ts'
import { checkBooks, good } from '../conformance/exchange-books.ts'
import { signInOnPage } from '../conformance/sessions.ts'
import {
  CALLER,
  contractOf,
  type Depth,
  depthOf,
  exchangeOrder,
  type OrderFields,
  orderIn,
  productsAt,
  refusalOf,
  type TradingRig,
  tradingOn,
} from '../conformance/trading.ts'
import type { TwinInstrument } from '../conformance/twin.ts'
import { Command } from '../support/command.ts'
import { type Scope, temporaryFolder, until } from '../support/plant.ts'

interface Placed {
  readonly order: OrderFields & { readonly client_order_id: string }
  readonly orderid: string
}

/** A broker, and an engine that knows its instruments and nobody who is signed in. */
async function startDay(context: Scope, dataDir: string) {
  const simulators = await SIMULATORS.zerodha!()
  const subject = { spec: zerodha, simulators, scope: context }
  const broker = await startBroker(context, subject)
  await syncBroker(context, broker, { storeFolder: storeFolderOf(dataDir) })
  return { broker, rig: await startEngine(context, broker, dataDir) }
}

async function startEngine(context: Scope, broker: Broker, dataDir: string): Promise<TradingRig> {
  const { access_token: _, ...credentials } = broker.simulator.credentials
  const flags = { data_dir: dataDir, 'brokers.zerodha.static_ip_acknowledged': true }
  return tradingOn(await startEngineOn(context, broker, { credentials, flags }))
}

/** Makes a write as soon as the broker takes one more. */
async function inTurn(write: () => Promise<GatewayAnswer<Sent>>): Promise<GatewayAnswer<Sent>> {
  for (;;) {
    const answer = await write()
    if ('ok' in answer || answer.error.code !== 'RATE_LIMITED') return answer
    await wait(answer.error.retryAfterMs)
  }
}

/** The same, of one that must be accepted; gives the order's id. */
const done = async (write: () => Promise<GatewayAnswer<Sent>>) => good(await inTurn(write)).orderid

function find({ twin }: TradingRig, suits: (instrument: TwinInstrument) => boolean) {
  const found = twin.instruments.find(suits)
  assert.ok(found)
  return found
}

/** Places each product, price type and action of an instrument. */
async function placeAll(rig: TradingRig, instrument: TwinInstrument, depth: Depth) {
  const { gateway, orders } = rig
  const placed: Placed[] = []
  for (const product of productsAt(rig, instrument.exchange)) {
    for (const pricetype of orders.priceTypes) {
      for (const action of ['BUY', 'SELL'] as const) {
        const fields = orderIn(rig, instrument, depth, { product, pricetype, action })
        const order = { ...fields, client_order_id: `${instrument.symbol}-${placed.length}` }
        placed.push({ order, orderid: await done(() => gateway.place(order, CALLER)) })
      }
    }
  }
  return placed
}

const isOpen = (rig: TradingRig, { orderid }: Placed) => !exchangeOrder(rig, orderid).isFinal

/** The journal as people read it. */
async function journalOf(
  context: Parameters<typeof Command.start>[0],
  dataDir: string,
): Promise<JournalEntry[]> {
  const command = Command.start(context, ['orders', 'journal', '--json', `--data-dir=${dataDir}`])
  assert.equal(await command.end(), 0, command.errors)
  return command.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Every order of the exchange has its intent and its outcome, and every outcome its order. */
function checkJournal({ simulator }: TradingRig, entries: readonly JournalEntry[]): void {
  const outcomes = entries
    .filter(({ task }) => task.name === 'place')
    .map(({ task, outcome }) => [task.intentId, outcome?.outcome === 'accepted' ? outcome.id : ''])
  const taken = [...simulator.account.orders.values()].map(({ ask, id }) => [ask.tag, id])
  assert.deepEqual(outcomes.sort(), taken.sort())
  assert.ok(entries.every(({ settledBy }) => settledBy === 'reply' || settledBy === 'reconciled'))
}

test('a desk signs in and trades, through a restart, and its books agree with the exchange', async (context) => {
  const dataDir = await temporaryFolder(context)
  const { broker, rig } = await startDay(context, dataDir)
  const { gateway, simulator, books } = rig
  const held = simulator.account.holdings[0]!.contract
  const share = find(rig, ({ place }) => place === held.instrument)
  const future = find(rig, ({ exchange, kind }) => exchange === 'NFO' && kind === 'FUT')
  assert.equal(refusalOf(await gateway.orderBook({})).code, 'INVALID_TOKEN')
  assert.equal(simulator.calls(), 0)
  assert.match(await signInOnPage(rig), /Signed in/)

  // Prices stand still, so that one look at each book tells where orders rest.
  const depths = [await depthOf(rig, share), await depthOf(rig, future)] as const
  const all = [
    ...(await placeAll(rig, share, depths[0])),
    ...(await placeAll(rig, future, depths[1])),
  ]
  assert.equal(all.length, 32)
  assert.equal(simulator.account.orders.size, 32)
  for (const { order, orderid } of all) {
    const { ask, terms } = exchangeOrder(rig, orderid)
    assert.deepEqual(
      [ask.product, terms.priceType, ask.side, terms.quantity],
      [order.product, order.pricetype, order.action, order.quantity],
    )
  }
  await checkBooks(gateway, books)

  const limits = all.filter(({ order }) => order.pricetype === 'LIMIT')
  for (const { order, orderid } of limits) {
    const quantity = order.quantity * 2
    const change = { ...order, orderid, quantity, client_order_id: `change-${orderid}` }
    assert.equal(await done(() => gateway.modify(change, CALLER)), orderid)
    assert.equal(exchangeOrder(rig, orderid).terms.quantity, quantity)
  }
  for (const { orderid } of limits.slice(0, 2)) {
    assert.equal(await done(() => gateway.cancel({ orderid }, CALLER)), orderid)
  }
  // The shares rise to where some stops wait, and the sales with them.
  simulator.moveTo(contractOf(rig, share).token, depths[0].asks.at(-1)!.price)
  assert.ok(all.filter((each) => isOpen(rig, each)).length < all.length - 8)
  await checkBooks(gateway, books)

  // The engine ends while it does not know what became of an order, and cannot look.
  simulator.fault({ on: 'place', do: 'reset-after' })
  simulator.fault({ on: 'orderBook', do: 'error-before', times: null })
  const lost = { ...limits[0]!.order, client_order_id: 'lost', product: 'MIS' }
  assert.equal(refusalOf(await inTurn(() => gateway.place(lost, CALLER))).code, 'UNKNOWN_OUTCOME')
  await rig.engine.stop()
  simulator.clearFaults()

  const calls = simulator.calls('place')
  const next = await startEngine(context, broker, dataDir)
  assert.notEqual(next.engine.keepers[0]!.current(), null, 'the session of before is on')
  for (const { order, orderid } of all) {
    assert.equal(good(await next.gateway.place(order, CALLER)).orderid, orderid)
  }
  await until('the lost order to be found', () => next.engine.orders.status().unknown === 0)
  const found = good(await next.gateway.place(lost, CALLER)).orderid
  assert.equal(exchangeOrder(next, found).ask.side, lost.action)
  assert.equal(simulator.calls('place'), calls, 'an order was sent again')
  const fresh = { ...lost, client_order_id: 'fresh' }
  const orderid = await done(() => next.gateway.place(fresh, CALLER))

  const open = [...all, { order: lost, orderid: found }, { order: fresh, orderid }].filter((each) =>
    isOpen(next, each),
  )
  assert.ok(open.length > 4)
  for (const { orderid } of open) {
    assert.equal(await done(() => next.gateway.cancel({ orderid }, CALLER)), orderid)
  }
  assert.ok([...simulator.account.orders.values()].every(({ isFinal }) => isFinal))
  await checkBooks(next.gateway, next.books)
  // Each call made an order: none was refused, as one would be that came too soon.
  assert.equal(simulator.calls('place'), simulator.account.orders.size)
  checkJournal(next, await journalOf(context, dataDir))
})
