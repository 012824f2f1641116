// Cards O: what comes of orders: fills and trades, positions, holdings and funds.
import assert from 'node:assert/strict'
import type { Card } from './card.ts'
import { checkAlike, checkBooks, good } from './exchange-books.ts'
import {
  checkOrder,
  depthOf,
  exchangeOrder,
  freshShare,
  freshShares,
  needsOrders,
  orderFor,
  placed,
  sharedTrading,
  type TradingRig,
} from './trading.ts'
import type { TwinInstrument } from './twin.ts'

const DELIVERY = 'CNC'

const contractOfOrder = (rig: TradingRig, orderId: string) =>
  exchangeOrder(rig, orderId).ask.contract

export const CARDS: readonly Card[] = [
  {
    id: 'O-05',
    title: 'an order is filled in parts, at the prices of the book, and its trades tell so',
    proves: 'positions are counted from what was filled, not from what was asked',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
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
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
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
]
