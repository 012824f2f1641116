// Cards O: what an order has to pass before it is sent. What does not pass costs the broker no call.
import assert from 'node:assert/strict'
import type { OrdersSpec } from '../../adapters/orders.ts'
import { callAdmin, until } from '../support/plant.ts'
import type { Card } from './card.ts'
import { checkBooks, good } from './exchange-books.ts'
import {
  CALLER,
  exchangeOrder,
  freshShare,
  needsOrders,
  orderFor,
  ordersOf,
  placed,
  refusalOf,
  sharedTrading,
  signInAgain,
  startTrading,
  type TradingRig,
} from './trading.ts'

const SECOND_MS = 1000

/** Orders of an exchange that may go out within one second, and how many cancels beside them. */
function perSecond({ quotas, rules }: OrdersSpec) {
  const counted = quotas.filter(
    (each) => each.calls.includes('place') && each.windowMs <= SECOND_MS,
  )
  const orders = counted.map(({ max, reservedForCancels }) => max - reservedForCancels)
  const reserved = counted.map(({ reservedForCancels }) => reservedForCancels)
  return {
    orders: Math.min(rules.ordersPerSecondMax, ...orders),
    cancels: Math.min(...(reserved.length === 0 ? [0] : reserved)),
  }
}

/** Everything that asks the broker something. */
function allCalls({ gateway }: TradingRig, order: object, orderid: string) {
  return [
    () => gateway.place(order, CALLER),
    () => gateway.modify({ ...order, orderid }, CALLER),
    () => gateway.cancel({ orderid }, CALLER),
    () => gateway.tradeBook({}),
    () => gateway.positions({}),
    () => gateway.holdings({}),
    () => gateway.funds({}),
    () => gateway.quote(order),
  ]
}

/** All of it is refused for want of a session, and the broker hears nothing. */
async function checkSignedOut(rig: TradingRig, order: object, orderid: string): Promise<void> {
  const calls = rig.simulator.calls()
  for (const call of allCalls(rig, order, orderid)) {
    const answer = await call()
    assert.ok('error' in answer && answer.error.code === 'INVALID_TOKEN', JSON.stringify(answer))
  }
  assert.equal(rig.simulator.calls(), calls)
}

export const CARDS: readonly Card[] = [
  {
    id: 'O-19',
    title: 'one order more than a second takes is refused without a call, and cancels still pass',
    proves: "the account is never throttled, and nothing goes out late at another second's price",
    needs: needsOrders,
    async run(subject, context) {
      const rig = await startTrading(context, subject, {
        limits: {},
        // The broker counts, too.
        simulator: { limits: {} },
      })
      const { gateway, simulator, orders } = rig
      const allowed = perSecond(orders)
      const share = freshShare(rig)
      const order = await orderFor(rig, share)
      const isEarly = () => Date.now() % SECOND_MS < SECOND_MS / 2
      await until('the first half of a second', isEarly)
      const asked = Array.from({ length: orders.rules.ordersPerSecondMax + 1 }, () =>
        gateway.place(order, CALLER),
      )
      const answers = await Promise.all(asked)
      const accepted = answers.flatMap((each) => ('ok' in each ? [each.ok.orderid] : []))
      assert.equal(accepted.length, allowed.orders)
      for (const answer of answers.slice(allowed.orders)) {
        const { code, retryAfterMs } = refusalOf(answer)
        assert.equal(code, 'RATE_LIMITED')
        assert.ok(retryAfterMs! > 0 && retryAfterMs! <= SECOND_MS + 100, `${retryAfterMs}`)
      }
      assert.equal(simulator.calls('place'), allowed.orders)
      const cancels = accepted.slice(0, allowed.cancels)
      for (const answer of await Promise.all(
        cancels.map((orderid) => gateway.cancel({ orderid }, CALLER)),
      )) {
        good(answer)
      }
      await until('the next second', async () => 'ok' in (await gateway.place(order, CALLER)))
      assert.equal(simulator.calls('place'), allowed.orders + 1)
      assert.equal(ordersOf(rig, share).length, allowed.orders + 1)
    },
  },
  {
    id: 'O-20',
    title: 'after the session has ended nothing is asked any more, and the next one goes on',
    proves: 'a dead session is noticed by the first call, costs one, and one login brings all back',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator, engine } = rig
      const order = await orderFor(rig, freshShare(rig))
      const orderid = await placed(rig, order)
      for (const first of [
        () => gateway.place(order, CALLER),
        () => gateway.funds({}),
        () => gateway.cancel({ orderid }, CALLER),
      ]) {
        simulator.expireSession()
        const answer = await first()
        assert.ok('error' in answer && answer.error.code === 'INVALID_TOKEN')
        assert.equal(engine.keepers[0]!.current(), null)
        assert.equal(engine.status().sessions[0]!.needsLogin, true)
        await checkSignedOut(rig, order, orderid)
        await signInAgain(rig)
        good(await gateway.funds({}))
        const next = await placed(rig, order)
        good(await gateway.cancel({ orderid: next }, CALLER))
      }
      assert.equal(exchangeOrder(rig, orderid).stage, 'open')
      assert.equal(engine.orders.status().threadDeaths, 0)
      await checkBooks(gateway, rig.books)
    },
  },
  {
    id: 'O-21',
    title: "the caller's own id gets the first answer, whatever happened meanwhile",
    proves: 'a strategy that did not hear the answer can ask again without a second order',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator } = rig
      const share = freshShare(rig)
      const order = await orderFor(rig, share)
      const asked = { ...order, client_order_id: 'mine' }
      const [first, ...others] = await Promise.all(
        Array.from({ length: 5 }, () => gateway.place(asked, CALLER)),
      )
      const { orderid } = good(first!)
      for (const other of others) assert.deepEqual(other, first)
      good(await gateway.cancel({ orderid }, CALLER))
      assert.deepEqual(await gateway.place(asked, CALLER), first)
      assert.equal(ordersOf(rig, share).length, 1)
      for (const answer of [
        await gateway.place({ ...asked, quantity: order.quantity * 2 }, CALLER),
        await gateway.modify({ ...asked, orderid }, CALLER),
      ]) {
        const { code, field } = refusalOf(answer)
        assert.deepEqual([code, field], ['INVALID_INPUT', 'client_order_id'])
      }
      // What the broker refused is an answer, too; what was never sent leaves the id free.
      const { code, says } = simulator.refusals.find((each) => each.code === 'ORDER_ERROR')!
      simulator.fault({ on: 'place', do: 'error-before', ...says })
      const refused = { ...order, client_order_id: 'refused' }
      const calls = simulator.calls('place')
      for (let time = 0; time < 2; time++) {
        assert.equal(refusalOf(await gateway.place(refused, CALLER)).code, code)
      }
      assert.equal(simulator.calls('place'), calls + 1)
      const unsent = { ...order, client_order_id: 'unsent' }
      assert.equal(refusalOf(await gateway.place({ ...unsent, price: 0 }, CALLER)).field, 'price')
      good(await gateway.place(unsent, CALLER))
    },
  },
  {
    id: 'O-22',
    title: 'the kill switch stops what adds to the risk, at once and without a call; cancels pass',
    proves: 'one command ends all trading, and leaves the way out open',
    needs: needsOrders,
    async run(subject, context) {
      const rig = await sharedTrading(context, subject)
      const { gateway, simulator } = rig
      const order = await orderFor(rig, freshShare(rig))
      const asked = { ...order, client_order_id: 'before-the-kill' }
      const orderid = await placed(rig, asked)
      await callAdmin(rig, 'POST', '/admin/kill', { why: 'card' })
      context.after(() => callAdmin(rig, 'DELETE', '/admin/kill'))
      const calls = simulator.calls()
      for (const answer of [
        await gateway.place(order, CALLER),
        await gateway.modify({ ...order, orderid, quantity: order.quantity * 2 }, CALLER),
      ]) {
        assert.equal(refusalOf(answer).code, 'INSUFFICIENT_PERMISSION')
      }
      assert.equal(simulator.calls(), calls)
      assert.equal(good(await gateway.place(asked, CALLER)).orderid, orderid)
      assert.equal(simulator.calls(), calls)
      good(await gateway.cancel({ orderid }, CALLER))
      assert.equal(exchangeOrder(rig, orderid).stage, 'cancelled')
      await callAdmin(rig, 'DELETE', '/admin/kill')
      await placed(rig, order)
    },
  },
]
