// Cards O: replies that are lost, late or nonsense. What became of the write is found out, and nothing is sent again.
import assert from 'node:assert/strict'
import type { Fault } from '../../sim/faults.ts'
import { until } from '../support/plant.ts'
import type { Card } from './card.ts'
import { checkBooks, good } from './exchange-books.ts'
import {
  CALLER,
  exchangeOrder,
  freshShare,
  freshShares,
  needsOrders,
  orderFor,
  ordersOf,
  placed,
  refusalOf,
  sharedTrading,
  type TradingRig,
  untilSettled,
  WRITE_TIMEOUT_MS,
} from './trading.ts'

/** Sooner than an order is given up. */
const LATE_MS = 100
/** Later than that. */
const TOO_LATE_MS = 5000
/** Later than whoever was told of the order has asked for it. */
const AFTER_QUESTIONS_MS = 3000

type Mishap = Pick<Fault, 'do' | 'status' | 'html' | 'delayMs' | 'reply'>

/** What may befall a write that takes effect. */
const TAKEN: readonly Mishap[] = [
  { do: 'reset-after' },
  { do: 'error-after' },
  { do: 'error-after', html: true },
  { do: 'error-after', status: 400 },
  { do: 'garbage' },
  { do: 'truncated' },
  { do: 'empty' },
  { do: 'delay-after', delayMs: WRITE_TIMEOUT_MS + LATE_MS },
]
/** And what may befall one that takes effect after the reply, or what came in its place. */
const LATE: readonly Mishap[] = [
  { do: 'late', delayMs: LATE_MS, reply: 'reset' },
  { do: 'late', delayMs: LATE_MS, reply: 'error' },
]
/** One that never arrives, though nobody can tell. */
const LOST: readonly Mishap[] = [{ do: 'reset-before' }, { do: 'error-before' }, { do: 'throttle' }]

const idOf = (mishap: Mishap) => Object.values(mishap).join('-')

/** Places an order that nobody can tell the fate of; answers its tag. */
async function placeUnknown(
  { gateway, simulator }: TradingRig,
  order: object,
  mishap: Mishap,
): Promise<string> {
  const calls = simulator.calls('place')
  simulator.fault({ on: 'place', ...mishap })
  const { code, tag } = refusalOf(await gateway.place(order, CALLER))
  assert.equal(code, 'UNKNOWN_OUTCOME', idOf(mishap))
  assert.equal(simulator.calls('place'), calls + 1, idOf(mishap))
  return tag!
}

/** Makes a write that takes effect though the reply says nothing of it; then the same answers what became of it. */
async function writeUnknown(
  rig: TradingRig,
  name: 'modify' | 'cancel' | 'placeGtt' | 'modifyGtt' | 'cancelGtt',
  fields: object,
  mishap: Mishap,
): Promise<string> {
  const { gateway, simulator } = rig
  const asked = { ...fields, client_order_id: `${name}-${idOf(mishap)}` }
  const calls = simulator.calls(name)
  simulator.fault({ on: name, ...mishap })
  const { code } = refusalOf(await gateway[name](asked, CALLER))
  assert.equal(code, 'UNKNOWN_OUTCOME', `${name} ${idOf(mishap)}`)
  await untilSettled(rig)
  const { orderid } = good(await gateway[name](asked, CALLER))
  assert.equal(simulator.calls(name), calls + 1, `${name} ${idOf(mishap)} was sent again`)
  return orderid
}

export const CARDS: readonly Card[] = [
  {
    id: 'O-14',
    title: 'an order whose reply is lost, late or nonsense is unknown, found by its tag, sent once',
    proves: 'a time-out neither doubles a position nor loses sight of it',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator, engine } = rig
      const mishaps = [...TAKEN, ...LATE]
      const shares = freshShares(rig, mishaps.length)
      const tags: string[] = []
      const asked: object[] = []
      for (const [at, mishap] of mishaps.entries()) {
        const order = await orderFor(rig, shares[at]!)
        asked.push({ ...order, client_order_id: `place-${idOf(mishap)}` })
        tags.push(await placeUnknown(rig, asked[at]!, mishap))
      }
      await untilSettled(rig)
      const calls = simulator.calls('place')
      for (const [at, mishap] of mishaps.entries()) {
        const found = ordersOf(rig, shares[at]!)
        assert.deepEqual(
          found.map(({ ask, stage }) => [ask.tag, stage]),
          [[tags[at], 'open']],
          idOf(mishap),
        )
        const { orderid } = good(await gateway.place(asked[at], CALLER))
        assert.equal(orderid, found[0]!.id, idOf(mishap))
      }
      assert.equal(simulator.calls('place'), calls, 'an order was sent again')
      assert.equal(engine.orders.status().threadDeaths, 0)
      await checkBooks(gateway, rig.books)
    },
  },
  {
    id: 'O-15',
    title:
      'an order that cannot be found holds up its instrument, is reported, and is never sent again',
    proves: 'who does not know says so; what turns up late is told',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator, engine, logs } = rig
      const other = freshShare(rig)
      for (const mishap of LOST) {
        const share = freshShare(rig)
        const order = await orderFor(rig, share)
        const another = await orderFor(rig, other)
        const asked = { ...order, client_order_id: `lost-${idOf(mishap)}` }
        const { reported } = engine.orders.status()
        const tag = await placeUnknown(rig, asked, mishap)
        const calls = simulator.calls('place')
        const held = refusalOf(await gateway.place(order, CALLER))
        assert.deepEqual([held.code, held.tag], ['UNKNOWN_OUTCOME', tag], idOf(mishap))
        assert.equal(simulator.calls('place'), calls)
        await placed(rig, another)
        await untilSettled(rig)
        assert.equal(engine.orders.status().reported, reported + 1)
        const isTold = ({ level, intentId, msg }: (typeof logs)[number]) =>
          level === 'error' && intentId === tag && /look at the broker/.test(String(msg))
        assert.equal(logs.filter(isTold).length, 1)
        const again = refusalOf(await gateway.place(asked, CALLER))
        assert.deepEqual([again.code, again.tag], ['UNKNOWN_OUTCOME', tag])
        assert.deepEqual(ordersOf(rig, share), [])
        await placed(rig, order)
      }
      const share = freshShare(rig)
      const late = { ...(await orderFor(rig, share)), client_order_id: 'too-late' }
      const tag = await placeUnknown(rig, late, { do: 'late', delayMs: TOO_LATE_MS })
      await untilSettled(rig)
      assert.equal(refusalOf(await gateway.place(late, CALLER)).tag, tag)
      await until('the order to turn up', () => ordersOf(rig, share).length === 1)
      // Whoever reads the book finds it.
      const answer = await until('it to be found', async () => {
        good(await gateway.orderBook({}))
        const told = await gateway.place(late, CALLER)
        return 'ok' in told ? told.ok : null
      })
      assert.deepEqual(
        [answer.orderid],
        ordersOf(rig, share).map(({ id }) => id),
      )
    },
  },
  {
    id: 'O-16',
    title: 'an order that is accepted before it is in the book is accepted',
    proves: 'a book that lags behind takes nothing back',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const share = freshShare(rig)
      rig.simulator.fault({ on: 'place', do: 'late', delayMs: AFTER_QUESTIONS_MS, reply: 'ok' })
      const orderid = await placed(rig, await orderFor(rig, share))
      assert.deepEqual(ordersOf(rig, share), [])
      assert.equal(refusalOf(await rig.gateway.orderStatus({ orderid })).code, 'NOT_FOUND')
      await until('the order', async () => 'ok' in (await rig.gateway.orderStatus({ orderid })))
      assert.deepEqual(
        ordersOf(rig, share).map(({ id }) => id),
        [orderid],
      )
    },
  },
  {
    id: 'O-17',
    title: 'a change or a cancel whose reply is lost is settled by what the book then shows',
    proves: 'the desk learns which terms are in the market, and whether an order still is',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator } = rig
      const mishaps = [...TAKEN.filter((each) => each.do !== 'delay-after'), ...LATE]
      for (const mishap of mishaps) {
        const order = await orderFor(rig, freshShare(rig))
        const orderid = await placed(rig, order)
        const change = { ...order, orderid, quantity: order.quantity * 2 }
        assert.equal(await writeUnknown(rig, 'modify', change, mishap), orderid)
        assert.equal(exchangeOrder(rig, orderid).terms.quantity, change.quantity)
        assert.equal(await writeUnknown(rig, 'cancel', { orderid }, mishap), orderid)
        assert.equal(exchangeOrder(rig, orderid).stage, 'cancelled')
      }
      // One that did not arrive: the order stands as it was, and no one claims otherwise.
      const order = await orderFor(rig, freshShare(rig))
      const orderid = await placed(rig, order)
      for (const [name, fields] of [
        ['modify', { ...order, quantity: order.quantity * 2 }],
        ['cancel', {}],
      ] as const) {
        const asked = { ...fields, orderid, client_order_id: `${name}-lost` }
        simulator.fault({ on: name, do: 'reset-before' })
        assert.equal(refusalOf(await gateway[name](asked, CALLER)).code, 'UNKNOWN_OUTCOME')
        await untilSettled(rig)
        assert.equal(refusalOf(await gateway[name](asked, CALLER)).code, 'UNKNOWN_OUTCOME')
        assert.equal(exchangeOrder(rig, orderid).stage, 'open')
        assert.equal(exchangeOrder(rig, orderid).modifications, 0)
      }
    },
  },
  {
    id: 'O-18',
    title: 'an order that waits for a price is settled by the list of them when its reply is lost',
    proves: 'what carries no tag is told apart from its like',
    needs: ({ orders }) => ('unsupported' in orders ? orders : orders.writes.placeGtt),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator, orders } = rig
      const share = freshShare(rig)
      const { exchange, symbol } = share
      const { price } = await orderFor(rig, share)
      const product = orders.narrower?.[exchange]?.products?.[0] ?? orders.products[0]!
      const common = { exchange, symbol, product, action: 'BUY', quantity: 1, price }
      const gtt = { ...common, trigger_type: 'SINGLE', triggerprice_sl: price }
      // Its like is there already.
      const twin = good(await gateway.placeGtt(gtt, CALLER)).orderid
      for (const mishap of TAKEN.slice(0, 2)) {
        const trigger_id = await writeUnknown(rig, 'placeGtt', gtt, mishap)
        assert.notEqual(trigger_id, twin)
        const change = { ...gtt, trigger_id, quantity: 2 }
        assert.equal(await writeUnknown(rig, 'modifyGtt', change, mishap), trigger_id)
        assert.equal(await writeUnknown(rig, 'cancelGtt', { trigger_id }, mishap), trigger_id)
      }
      const own = [...simulator.triggers.all].filter(
        ({ terms }) => terms.contract.instrument === share.place,
      )
      assert.deepEqual(
        own.map(({ status }) => status),
        ['active', 'deleted', 'deleted'],
      )
      good(await gateway.cancelGtt({ trigger_id: twin }, CALLER))
    },
  },
]
