// Cards O: what the broker refuses, and writes of which nobody knows what became of them.
import assert from 'node:assert/strict'
import type { BrokerSpec } from '../../adapters/broker.ts'
import type { Fault } from '../../sim/faults.ts'
import { until } from '../support/plant.ts'
import type { Card } from './card.ts'
import { checkBooks, good } from './exchange-books.ts'
import {
  CALLER,
  cancelAtEnd,
  checkOrder,
  depthOf,
  exchangeOrder,
  freshShare,
  freshShares,
  type OrderFields,
  orderFor,
  ordersOf,
  placed,
  refusalOf,
  sharedTrading,
  signInAgain,
  type TradingRig,
  untilSettled,
  WRITE_TIMEOUT_MS,
} from './trading.ts'

const needs = ({ orders }: BrokerSpec) => orders

/** More than any account has, and no more than an exchange takes. */
const TOO_MANY = 500_000
/** Sooner than an order is given up. */
const LATE_MS = 100
/** Later than that. */
const TOO_LATE_MS = 1500

/** Reads that take no more than the account's name. */
const PLAIN_READS = ['tradeBook', 'positions', 'holdings'] as const

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

/** Places the order and answers with what the broker calls wrong with it, at once or in its book. */
async function wrongWith(rig: TradingRig, order: OrderFields): Promise<string> {
  const { gateway } = rig
  const answer = await gateway.place(order, CALLER)
  if ('error' in answer) return answer.error.code
  const { orderid } = answer.ok
  await checkOrder(rig, orderid, { order_status: 'rejected' }, JSON.stringify(order))
  assert.ok(good(await gateway.orderStatus({ orderid })).status_message)
  return 'rejected'
}

export const CARDS: readonly Card[] = [
  {
    id: 'O-12',
    title: "each of the broker's reasons has its code, and only its word on the order is a no",
    proves:
      'a strategy can tell what to do without reading English, and never gives up what may live',
    needs,
    async run(subject) {
      const rig = await sharedTrading(subject)
      const { gateway, simulator } = rig
      const order = await orderFor(rig, freshShare(rig))
      for (const [at, { code, says, isPositive }] of simulator.refusals.entries()) {
        const what = `${code}: ${says.message}`
        const read = PLAIN_READS[at % PLAIN_READS.length]!
        // A read is tried again.
        simulator.fault({ on: read, do: 'error-before', times: null, ...says })
        assert.equal(refusalOf(await gateway[read]({})).code, code, what)
        simulator.clearFaults()
        if (code === 'INVALID_TOKEN') await signInAgain(rig)
        assert.ok('ok' in (await gateway[read]({})), what)

        simulator.fault({ on: 'place', do: 'error-before', ...says })
        const { code: told } = refusalOf(await gateway.place(order, CALLER))
        assert.equal(told, isPositive ? code : 'UNKNOWN_OUTCOME', what)
        if (code === 'INVALID_TOKEN') await signInAgain(rig)
        await untilSettled(rig)
      }
      assert.ok(simulator.refusals.some(({ isPositive }) => !isPositive))
    },
  },
  {
    id: 'O-13',
    title: 'what the account cannot pay, does not hold or may not ask for is refused by its reason',
    proves: 'the broker itself says no in the words that the table of its errors knows',
    needs,
    async run(subject) {
      const rig = await sharedTrading(subject)
      const { gateway, orders, simulator } = rig
      const share = freshShare(rig)
      const { ltp } = await depthOf(rig, share)
      const product = orders.products.includes('CNC') ? 'CNC' : orders.products[0]!
      const buy = await orderFor(rig, share, { product })
      const poor = await wrongWith(rig, { ...buy, quantity: TOO_MANY })
      assert.match(poor, /^(INSUFFICIENT_(FUNDS|MARGIN)|rejected)$/)
      if (product === 'CNC') {
        const sale = await orderFor(rig, share, { product, action: 'SELL' })
        assert.match(await wrongWith(rig, sale), /^(INSUFFICIENT_HOLDINGS|rejected)$/)
      }
      const dear = { ...buy, price: buy.price * 4 }
      assert.match(await wrongWith(rig, dear), /^(INVALID_ORDER|rejected)$/)
      if (orders.priceTypes.includes('SL')) {
        const stop = { ...buy, pricetype: 'SL', trigger_price: buy.price }
        assert.ok(buy.price < ltp)
        assert.equal(await wrongWith(rig, stop), 'INVALID_ORDER')
      }
      const calls = simulator.calls()
      for (const [code, wrong] of [
        ['INVALID_INPUT', { quantity: -1 }],
        ['INVALID_INPUT', { action: 'HOLD' }],
        ['INVALID_ORDER', { price: buy.price + 0.001 }],
        ['INVALID_ORDER', { price: 0 }],
        ['NOT_FOUND', { symbol: 'NOBODYS' }],
      ] as const) {
        const { code: told } = refusalOf(await gateway.place({ ...buy, ...wrong }, CALLER))
        assert.equal(told, code, JSON.stringify(wrong))
      }
      assert.equal(simulator.calls(), calls, 'what cannot succeed was sent')
      await checkBooks(gateway, rig.books)
    },
  },
  {
    id: 'O-14',
    title: 'an order whose reply is lost, late or nonsense is unknown, found by its tag, sent once',
    proves: 'a time-out neither doubles a position nor loses sight of it',
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
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
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
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
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
      const share = freshShare(rig)
      rig.simulator.fault({ on: 'place', do: 'late', delayMs: LATE_MS, reply: 'ok' })
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
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
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
    async run(subject) {
      const rig = await sharedTrading(subject)
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
