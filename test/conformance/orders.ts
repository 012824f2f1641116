// Cards O: orders through a running engine, held against what the exchange knows of them.
import assert from 'node:assert/strict'
import { sampleOf } from './bench.ts'
import type { Card } from './card.ts'
import { checkAlike, checkBooks, good } from './exchange-books.ts'
import { CARDS as FILLS } from './order-fills.ts'
import { CARDS as GATES } from './order-gates.ts'
import { CARDS as MARKET } from './order-market.ts'
import { CARDS as REFUSALS } from './order-refusals.ts'
import { CARDS as UNKNOWNS } from './order-unknowns.ts'
import {
  CALLER,
  checkOrder,
  contractOf,
  depthOf,
  exchangeOrder,
  freshShare,
  needsOrders,
  type OrderFields,
  orderFor,
  ordersOf,
  placed,
  productsAt,
  refusalOf,
  sharedTrading,
  type TradingRig,
  validitiesAt,
} from './trading.ts'
import type { TwinInstrument } from './twin.ts'

const ACTIONS = ['BUY', 'SELL'] as const
/** Rupees: little of what the account has. */
const VALUE_MAX = 2_000_000
const DELIVERY = 'CNC'
const STATUS_OF: Readonly<Record<string, string>> = {
  MARKET: 'complete',
  LIMIT: 'open',
  SL: 'trigger pending',
  'SL-M': 'trigger pending',
}

/** The price that an order of its type is left with. */
const priceOf = ({ pricetype, price }: OrderFields) =>
  pricetype === 'LIMIT' || pricetype === 'SL' ? price : 0

/** Buys what can be sold for delivery later. */
async function buyForDelivery(rig: TradingRig, instrument: TwinInstrument, lots: number) {
  const order = await orderFor(rig, instrument, { product: DELIVERY, lots })
  const { asks } = await depthOf(rig, instrument)
  const orderid = await placed(rig, { ...order, price: asks.at(-1)!.price })
  assert.equal(exchangeOrder(rig, orderid).filledQuantity, order.quantity)
}

/** An instrument of which more can be bought at once than its best level has. */
async function affordable(rig: TradingRig, exchange: string): Promise<TwinInstrument> {
  for (const each of rig.twin.instruments) {
    if (each.exchange !== exchange || each.kind === 'INDEX') continue
    const { lotSize, freezeQuantity, multiplier } = contractOf(rig, each)
    const [best] = (await depthOf(rig, each)).asks
    const quantity = best!.quantity + lotSize
    const value = quantity * multiplier * best!.price
    if (quantity <= freezeQuantity && value <= VALUE_MAX) return each
  }
  throw new Error(`everything at ${exchange} is too dear`)
}

/** Places an order and sees that it stands in the account as it was asked. */
async function placeAndLook(rig: TradingRig, order: OrderFields): Promise<void> {
  const { gateway } = rig
  const what = JSON.stringify(order)
  const answer = await gateway.place(order, CALLER)
  assert.ok('ok' in answer, `${what} ${JSON.stringify(answer)}`)
  const { orderid } = answer.ok
  const { exchange, symbol, action, product, pricetype, quantity, trigger_price } = order
  const status = STATUS_OF[pricetype]!
  const asked = {
    ...{ orderid, exchange, symbol, action, product, pricetype, quantity, trigger_price },
    listed: true,
    validity: 'DAY',
    price: priceOf(order),
    order_status: status,
    filled_quantity: status === 'complete' ? quantity : 0,
  }
  await checkOrder(rig, orderid, asked, what)
  checkAlike(rig.books.order(exchangeOrder(rig, orderid)), asked, what)
  if (status !== 'complete') good(await gateway.cancel({ orderid }, CALLER))
}

export const CARDS: readonly Card[] = [
  {
    id: 'O-01',
    title: 'every product, price type and action of each exchange is placed as it was asked',
    proves: 'a field that is lost or turned round on its way would be another order',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { exchanges, priceTypes } = rig.orders
      const first = new Map<string, TwinInstrument>()
      for (const each of sampleOf(rig)) {
        const isNew = !first.has(each.exchange) && each.kind !== 'INDEX'
        if (isNew && exchanges.includes(each.exchange)) first.set(each.exchange, each)
      }
      assert.deepEqual([...first.keys()].sort(), [...exchanges].sort())
      for (const instrument of first.values()) {
        for (const product of productsAt(rig, instrument.exchange)) {
          if (product === DELIVERY) await buyForDelivery(rig, instrument, priceTypes.length)
          for (const pricetype of priceTypes) {
            for (const action of ACTIONS) {
              const wish = { product, pricetype, action }
              await placeAndLook(rig, await orderFor(rig, instrument, wish))
            }
          }
        }
      }
      await checkBooks(rig.gateway, rig.books)
    },
  },
  {
    id: 'O-02',
    title: 'an order that waits takes new terms, all of them or another type',
    proves: 'what a strategy believes to be in the market is what is there',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, orders } = rig
      const share = freshShare(rig)
      const { bids } = await depthOf(rig, share)
      const order = await orderFor(rig, share, { lots: 3 })
      const orderid = await placed(rig, order)
      const changes = [
        { quantity: 5 },
        { price: bids.at(-2)!.price },
        { quantity: 2, price: bids.at(-1)!.price },
        ...(orders.priceTypes.includes('SL')
          ? [await orderFor(rig, share, { pricetype: 'SL' })]
          : []),
        order,
        ...(orders.priceTypes.includes('MARKET') ? [{ pricetype: 'MARKET', price: 0 }] : []),
      ]
      let terms = { ...order }
      for (const change of changes) {
        terms = { ...terms, ...change }
        assert.deepEqual(good(await gateway.modify({ ...terms, orderid }, CALLER)).orderid, orderid)
        const { pricetype, quantity, trigger_price } = terms
        const asked = { pricetype, quantity, trigger_price, price: priceOf(terms) }
        const expected = { ...asked, orderid, order_status: STATUS_OF[pricetype] }
        await checkOrder(rig, orderid, expected, JSON.stringify(change))
        checkAlike(rig.books.order(exchangeOrder(rig, orderid)), expected, JSON.stringify(change))
      }
      assert.equal(exchangeOrder(rig, orderid).modifications, changes.length)
      assert.equal(ordersOf(rig, share).length, 1)
    },
  },
  {
    id: 'O-03',
    title: 'an order that waits is cancelled; one that is over or was never there is refused',
    proves: 'a cancel says what it did, and never that it worked when it did not',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, orders } = rig
      const share = freshShare(rig)
      const waiting = orders.priceTypes.filter((type) => STATUS_OF[type] !== 'complete')
      for (const pricetype of waiting) {
        const order = await orderFor(rig, share, { pricetype, lots: 2 })
        const orderid = await placed(rig, order)
        assert.equal(good(await gateway.cancel({ orderid }, CALLER)).orderid, orderid)
        const expected = { order_status: 'cancelled', filled_quantity: 0, cancelled_quantity: 2 }
        await checkOrder(rig, orderid, expected, pricetype)
        assert.equal(exchangeOrder(rig, orderid).stage, 'cancelled')
        for (const late of [
          await gateway.cancel({ orderid }, CALLER),
          await gateway.modify({ ...order, orderid }, CALLER),
        ]) {
          assert.match(refusalOf(late).code, /^(ORDER_ERROR|INVALID_ORDER|NOT_FOUND)$/)
        }
      }
      const nobodys = { orderid: '999999999999999' }
      assert.equal(refusalOf(await gateway.cancel(nobodys, CALLER)).code, 'NOT_FOUND')
      assert.equal(refusalOf(await gateway.orderStatus(nobodys)).code, 'NOT_FOUND')
    },
  },
  {
    id: 'O-04',
    title: 'an order for now or never takes what is there, and nothing of it stays',
    proves: 'what was not filled at once is told as cancelled, and is',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator } = rig
      let tried = 0
      for (const exchange of rig.orders.exchanges) {
        const each = await affordable(rig, exchange)
        const order = { ...(await orderFor(rig, each)), validity: 'IOC' }
        if (!validitiesAt(rig, exchange).includes('IOC')) {
          const calls = simulator.calls()
          assert.equal(refusalOf(await gateway.place(order, CALLER)).field, 'validity')
          assert.equal(simulator.calls(), calls)
          continue
        }
        tried += 1
        const { asks } = await depthOf(rig, each)
        const [best] = asks
        const more = { ...order, price: best!.price, quantity: best!.quantity + order.quantity }
        const orderid = await placed(rig, more)
        const expected = {
          ...{ validity: 'IOC', order_status: 'cancelled', quantity: more.quantity },
          filled_quantity: best!.quantity,
          cancelled_quantity: order.quantity,
          average_price: best!.price,
        }
        await checkOrder(rig, orderid, expected, each.symbol)
        const none = await placed(rig, order)
        const nothing = { order_status: 'cancelled', filled_quantity: 0 }
        await checkOrder(rig, none, nothing, each.symbol)
      }
      assert.ok(tried > 0 || !rig.orders.validities.includes('IOC'))
    },
  },
  ...FILLS,
  ...MARKET,
  ...REFUSALS,
  ...UNKNOWNS,
  ...GATES,
]
