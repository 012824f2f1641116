// Cards O: the broker says no, and why. Only its positive word on the order is taken for one.
import assert from 'node:assert/strict'
import type { Card } from './card.ts'
import { checkBooks, good } from './exchange-books.ts'
import {
  CALLER,
  checkOrder,
  depthOf,
  freshShare,
  needsOrders,
  type OrderFields,
  orderFor,
  refusalOf,
  sharedTrading,
  signInAgain,
  type TradingRig,
  untilSettled,
} from './trading.ts'

/** More than any account has, and no more than an exchange takes. */
const TOO_MANY = 500_000

/** Reads that take no more than the account's name. */
const PLAIN_READS = ['tradeBook', 'positions', 'holdings'] as const

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
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
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
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
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
]
