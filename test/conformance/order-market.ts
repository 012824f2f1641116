// Cards O: what is asked about the market and about orders before they are placed, and orders that wait for a price.
import assert from 'node:assert/strict'
import type { BrokerSpec } from '../../adapters/broker.ts'
import type { OrdersSpec } from '../../adapters/orders.ts'
import { indianDate } from '../../sim/calendar.ts'
import { sampleOf } from './bench.ts'
import type { Card } from './card.ts'
import { checkAlike, checkBooks, good } from './exchange-books.ts'
import {
  CALLER,
  contractOf,
  depthOf,
  freshShare,
  freshShares,
  orderFor,
  ordersOf,
  placed,
  productsAt,
  refusalOf,
  sharedTrading,
  type TradingRig,
} from './trading.ts'
import type { TwinInstrument } from './twin.ts'

const DAY_MS = 86_400_000

/** Orders of the broker, and this part of them. */
const part =
  (of: (orders: OrdersSpec) => ReturnType<NonNullable<Card['needs']>>) =>
  ({ orders }: BrokerSpec) =>
    'unsupported' in orders ? orders : of(orders)

const named = ({ exchange, symbol }: TwinInstrument) => ({ exchange, symbol })

/** What the exchange shows of an instrument now. */
const shownOf = ({ twin, simulator }: TradingRig, { place }: TwinInstrument) =>
  twin.stateIn(simulator.account.exchange, place)

function quoteOf(rig: TradingRig, instrument: TwinInstrument) {
  const { values } = shownOf(rig, instrument)
  const { open, high, low, ltp, close, bid = 0, ask = 0, volume = 0, oi = 0 } = values
  return { open, high, low, ltp, ask, bid, prev_close: close, volume, oi }
}

const dayBefore = (day: string, days: number) =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10)

/** What an interval gives from a day to another. */
async function candles(
  { gateway }: TradingRig,
  instrument: TwinInstrument,
  interval: string,
  [start_date, end_date]: readonly [string, string],
) {
  return good(await gateway.history({ ...named(instrument), interval, start_date, end_date }))
}

export const CARDS: readonly Card[] = [
  {
    id: 'O-07',
    title: 'the margin that is told is what the order then takes of the funds',
    proves: 'a strategy can know before it sends an order whether it can be paid',
    needs: part(({ reads }) => reads.margin),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway } = rig
      const debits = async () => good(await gateway.funds({})).utiliseddebits
      for (const each of sampleOf(rig)) {
        if (each.kind === 'INDEX' || !rig.orders.exchanges.includes(each.exchange)) continue
        const order = await orderFor(rig, each, { product: productsAt(rig, each.exchange)[0]! })
        const told = good(await gateway.margin({ positions: [order] }))
        const before = await debits()
        const orderid = await placed(rig, order)
        checkAlike((await debits()) - before, told.total_margin_required, each.symbol)
        assert.ok(told.total_margin_required > 0, each.symbol)
        assert.ok(told.span_margin + told.exposure_margin <= told.total_margin_required + 0.01)
        good(await gateway.cancel({ orderid }, CALLER))
        checkAlike(await debits(), before, each.symbol)
      }
      const pair = await Promise.all(freshShares(rig, 2).map((share) => orderFor(rig, share)))
      const singles = await Promise.all(
        pair.map(async (order) => good(await gateway.margin({ positions: [order] }))),
      )
      const both = good(await gateway.margin({ positions: pair }))
      const sum = singles.reduce((total, each) => total + each.total_margin_required, 0)
      checkAlike(both.total_margin_required, sum, 'two shares do not hedge each other')
    },
  },
  {
    id: 'O-08',
    title: 'quotes of more than one call are those of the market, each in its place',
    proves: 'no call asks for more than the broker takes, and no quote belongs to another symbol',
    needs: part(({ reads }) => reads.quotes),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator } = rig
      const { instrumentsMax } = rig.orders.reads.quotes
      const all = rig.twin.instruments.filter(
        ({ exchange, symbol }) => rig.feed.find(exchange, symbol) >= 0,
      )
      const asked = all.slice(0, instrumentsMax + 1)
      const nobodys = { exchange: asked[0]!.exchange, symbol: 'NOBODYS' }
      const symbols = [nobodys, ...asked.map(named)]
      const calls = simulator.calls('quotes')
      const rows = good(await gateway.quotes({ symbols }))
      assert.equal(simulator.calls('quotes') - calls, Math.ceil(asked.length / instrumentsMax))
      assert.ok(asked.length <= instrumentsMax || simulator.calls('quotes') - calls > 1)
      const [first, ...others] = rows
      assert.deepEqual([first!.symbol, 'error' in first!], [nobodys.symbol, true])
      const expected = asked.map((each) => ({ ...named(each), data: quoteOf(rig, each) }))
      checkAlike(others, expected, 'quotes')
      const [one] = asked
      checkAlike(good(await gateway.quote(named(one!))), quoteOf(rig, one!), 'one quote')
      assert.equal(refusalOf(await gateway.quote(nobodys)).code, 'NOT_FOUND')
    },
  },
  {
    id: 'O-09',
    title: 'the depth of an instrument is its book, best first, and an index has none',
    proves: 'prices and quantities of both sides stay where they belong',
    needs: part(({ reads }) => reads.quotes),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      for (const each of sampleOf(rig)) {
        const { values, depth } = shownOf(rig, each)
        const { ltq = 0, volume = 0, totalBuyQty = 0, totalSellQty = 0 } = values
        const sizes = { ltq, volume, totalbuyqty: totalBuyQty, totalsellqty: totalSellQty }
        const expected = { ltp: values.ltp, ...sizes, bids: depth.buy, asks: depth.sell }
        const told = await depthOf(rig, each)
        checkAlike(told, expected, each.symbol)
        assert.equal(told.bids.length === 0 && told.asks.length === 0, each.kind === 'INDEX')
      }
    },
  },
  {
    id: 'O-10',
    title: 'a history longer than one call gives is whole, in order and without a gap',
    proves: 'what comes in pieces fits together: no candle twice, and none between two calls lost',
    needs: part(({ reads }) => reads.history),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { simulator, orders } = rig
      const { history } = orders.reads
      assert.ok(!('unsupported' in history))
      const share = freshShare(rig)
      const byDays = Object.entries(history.intervals).sort(
        ([, one], [, other]) => one.daysMax - other.daysMax,
      )
      const end = dayBefore(indianDate(Date.now()), 1)
      for (const [interval, { daysMax }] of new Set([byDays[0]!, byDays.at(-1)!])) {
        const start = dayBefore(end, daysMax)
        const calls = simulator.calls('history')
        const whole = await candles(rig, share, interval, [start, end])
        assert.equal(simulator.calls('history') - calls, 2, interval)
        const middle = dayBefore(end, daysMax >> 1)
        const older = await candles(rig, share, interval, [start, dayBefore(middle, 1)])
        const newer = await candles(rig, share, interval, [middle, end])
        assert.ok(older.length > 0 && newer.length > 0, interval)
        assert.deepEqual(whole, [...older, ...newer])
        for (const [at, { time, open, high, low, close }] of whole.entries()) {
          assert.ok(at === 0 || time > whole[at - 1]!.time, `${interval} candle ${at}`)
          assert.ok(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close))
        }
      }
    },
  },
  {
    id: 'O-11',
    title: 'orders that wait for a price are placed, changed, listed, cancelled, and go off',
    proves: 'the broker waits for the prices that were asked, on the right side of the last one',
    needs: part(({ writes }) => writes.placeGtt),
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator, books } = rig
      const share = freshShare(rig)
      const { bids, asks, ltp } = await depthOf(rig, share)
      const [below, above] = [bids.at(-1)!.price, asks.at(-1)!.price]
      const product = productsAt(rig, share.exchange)[0]!
      const common = { ...named(share), product, quantity: 3 }
      const single = { ...common, trigger_type: 'SINGLE', action: 'BUY', price: below }
      const low = { ...single, triggerprice_sl: below }
      const high = { ...single, triggerprice_tg: above, price: above }
      const legs = {
        triggerprice_sl: below,
        stoploss: below,
        triggerprice_tg: above,
        target: above,
      }
      const pair = { ...common, ...legs, trigger_type: 'OCO', action: 'SELL' }
      const ids: string[] = []
      for (const order of [low, high, pair]) {
        ids.push(good(await gateway.placeGtt(order, CALLER)).orderid)
        checkAlike(good(await gateway.gttBook({})), books.gtts(), JSON.stringify(order))
      }
      const own = good(await gateway.gttBook({})).filter(({ trigger_id }) =>
        ids.includes(trigger_id),
      )
      assert.deepEqual(
        own.map(({ trigger_id, status, trigger_prices }) => [trigger_id, status, trigger_prices]),
        [
          [ids[0], 'active', [below]],
          [ids[1], 'active', [above]],
          [ids[2], 'active', [below, above]],
        ],
      )
      assert.ok(own.every(({ last_price }) => last_price === ltp))
      const [first, second, third] = ids
      const change = { ...low, trigger_id: first, quantity: 4 }
      assert.equal(good(await gateway.modifyGtt(change, CALLER)).orderid, first)
      checkAlike(good(await gateway.gttBook({})), books.gtts(), 'changed')
      assert.equal(good(await gateway.cancelGtt({ trigger_id: third }, CALLER)).orderid, third)
      checkAlike(good(await gateway.gttBook({})), books.gtts(), 'cancelled')
      assert.equal(ordersOf(rig, share).length, 0)

      simulator.moveTo(contractOf(rig, share).token, above)
      const states = good(await gateway.gttBook({})).filter(({ symbol }) => symbol === share.symbol)
      assert.deepEqual(
        states.map(({ trigger_id, status }) => [trigger_id, status]),
        [
          [first, 'active'],
          [second, 'triggered'],
          [third, 'cancelled'],
        ],
      )
      const [order, ...others] = ordersOf(rig, share)
      assert.deepEqual([others, order!.ask.origin, order!.terms.quantity], [[], 'gtt', 3])
      await checkBooks(gateway, books)
      const gone = refusalOf(await gateway.cancelGtt({ trigger_id: third }, CALLER))
      assert.match(gone.code, /^(INVALID_INPUT|ORDER_ERROR|NOT_FOUND)$/)
      const unknown = await gateway.cancelGtt({ trigger_id: '987654321' }, CALLER)
      assert.equal(refusalOf(unknown).code, 'NOT_FOUND')
      good(await gateway.cancelGtt({ trigger_id: first }, CALLER))
    },
  },
]
