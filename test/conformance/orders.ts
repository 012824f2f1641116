// Cards O: orders through a running engine, held against what the exchange knows of them.
import assert from 'node:assert/strict'
import type { BrokerSpec } from '../../adapters/broker.ts'
import { sampleOf } from './bench.ts'
import type { Card } from './card.ts'
import { checkAlike, checkBooks, good } from './exchange-books.ts'
import { CARDS as FAILURES } from './order-failures.ts'
import { CARDS as GATES } from './order-gates.ts'
import { CARDS as MARKET } from './order-market.ts'
import {
  CALLER,
  cancelAtEnd,
  checkOrder,
  contractOf,
  depthOf,
  exchangeOrder,
  freshShare,
  freshShares,
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

const needs = ({ orders }: BrokerSpec) => orders
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
    needs,
    async run(subject) {
      const rig = await sharedTrading(subject)
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
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
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
    needs,
    async run(subject) {
      const rig = await sharedTrading(subject)
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
    needs,
    async run(subject) {
      const rig = await sharedTrading(subject)
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
  {
    id: 'O-05',
    title: 'an order is filled in parts, at the prices of the book, and its trades tell so',
    proves: 'positions are counted from what was filled, not from what was asked',
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
      const { gateway, simulator } = rig
      const share = freshShare(rig)
      const { asks } = await depthOf(rig, share)
      const [best, next] = asks
      const filled = best!.quantity + next!.quantity
      const order = await orderFor(rig, share)
      const asked = { ...order, price: next!.price, quantity: filled + 7 }
      const orderid = await placed(rig, asked)
      const value = best!.quantity * best!.price + next!.quantity * next!.price
      const expected = {
        ...{ order_status: 'open', quantity: filled + 7, filled_quantity: filled },
        ...{ pending_quantity: 7, average_price: value / filled },
      }
      await checkOrder(rig, orderid, expected, 'filled in part')
      const ownTrades = async () =>
        good(await gateway.tradeBook({})).filter((trade) => trade.orderid === orderid)
      checkAlike(
        await ownTrades(),
        [best!, next!].map(({ quantity, price }) => ({ quantity, average_price: price })),
        'two levels are two trades',
      )
      // The market comes to the rest of it.
      simulator.moveTo(contractOfOrder(rig, orderid).token, asks.at(0)!.price)
      assert.equal(exchangeOrder(rig, orderid).stage, 'complete')
      const done = { order_status: 'complete', filled_quantity: filled + 7, pending_quantity: 0 }
      await checkOrder(rig, orderid, done, 'filled')
      const trades = await ownTrades()
      assert.equal(trades.length, 3)
      assert.equal(
        trades.reduce((sum, { quantity }) => sum + quantity, 0),
        filled + 7,
      )
      await checkBooks(gateway, rig.books)
    },
  },
  {
    id: 'O-06',
    title: 'order book, trades, positions, holdings and funds are those of the exchange',
    proves: 'a desk sees long, short, closed, delivered and sold as they are',
    needs,
    async run(subject, context) {
      const rig = await sharedTrading(subject)
      cancelAtEnd(context, rig)
      const { gateway, books, simulator } = rig
      const before = good(await gateway.funds({}))
      const [long, short, flat, moving] = freshShares(rig, 4) as [
        TwinInstrument,
        TwinInstrument,
        TwinInstrument,
        TwinInstrument,
      ]
      const trade = async (share: TwinInstrument, action: 'BUY' | 'SELL', lots: number) => {
        const { bids, asks } = await depthOf(rig, share)
        const price = (action === 'BUY' ? asks : bids).at(-1)!.price
        return placed(rig, { ...(await orderFor(rig, share, { action, lots })), price })
      }
      await trade(long, 'BUY', 5)
      await trade(long, 'SELL', 2)
      await trade(short, 'SELL', 4)
      await trade(flat, 'BUY', 3)
      await trade(flat, 'SELL', 3)
      const moved = await trade(moving, 'BUY', 2)
      simulator.moveTo(
        contractOfOrder(rig, moved).token,
        (await depthOf(rig, moving)).bids.at(-1)!.price,
      )
      const traded = good(await gateway.positions({}))
      const holdings = good(await gateway.holdings({}))
      const held = holdings.findIndex(({ symbol }) => traded.every((row) => row.symbol !== symbol))
      const { exchange, symbol, quantity } = holdings[held]!
      const share = rig.twin.instruments.find(
        (each) => each.exchange === exchange && each.symbol === symbol,
      )
      const sale = await orderFor(rig, share!, { action: 'SELL', product: DELIVERY })
      await placed(rig, { ...sale, price: (await depthOf(rig, share!)).bids.at(-1)!.price })
      assert.equal(good(await gateway.holdings({}))[held]!.quantity, quantity - sale.quantity)
      await placed(rig, await orderFor(rig, long))
      await checkBooks(gateway, books)
      const quantities = new Map(
        good(await gateway.positions({})).map(({ symbol, quantity }) => [symbol, quantity]),
      )
      assert.deepEqual(
        [long, short, flat].map(({ symbol }) => quantities.get(symbol)),
        [3, -4, 0],
      )
      assert.notDeepEqual(good(await gateway.funds({})), before)
    },
  },
  ...MARKET,
  ...FAILURES,
  ...GATES,
]

const contractOfOrder = (rig: TradingRig, orderId: string) =>
  exchangeOrder(rig, orderId).ask.contract
