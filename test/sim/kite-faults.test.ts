import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../sim/faults.ts'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { Desk, openDesk, type Row } from './kite-desk.ts'
import { until } from './kite-reader.ts'

const tags = (desk: Desk) => desk.kite.record().orders.map(({ tag }) => tag)
/** What a client is told that gets no whole answer. */
const isBroken = (error: Error) => error instanceof TypeError || error instanceof SyntaxError

test('a held order takes effect late, whether its client waits or not', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'place', do: 'delay', delayMs: 1500 })
  const startMs = performance.now()
  const answer = desk.place({ tag: 'held' })
  await until(() => desk.kite.faults()[0]!.taken === 1, 'the fault is taken')
  assert.deepEqual(tags(desk), [])
  assert.equal((await answer).status, 200)
  assert.ok(performance.now() - startMs >= 1499)
  assert.deepEqual(tags(desk), ['held'])
})

test('an answer can come long after its effect', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'place', do: 'delay-after', delayMs: 1500 })
  let isAnswered = false
  const answer = desk.place({}).then((reply) => {
    isAnswered = true
    return reply
  })
  await until(() => tags(desk).length === 1, 'the order is taken')
  assert.equal(isAnswered, false)
  assert.equal((await answer).status, 200)
})

for (const [kind, accepted] of [
  ['reset-before', false],
  ['reset-after', true],
  ['garbage', true],
  ['truncated', true],
  ['empty', true],
] as const) {
  test(`${kind}: no answer can be read, and the order is ${accepted ? '' : 'not '}taken`, async (t) => {
    const desk = await openDesk(t)
    desk.kite.fault({ on: 'place', do: kind })
    await assert.rejects(desk.place({}), isBroken)
    assert.deepEqual(tags(desk), accepted ? ['desk1'] : [])
    assert.equal((await desk.place({})).status, 200)
  })
}

for (const [fault, status, errorType, accepted] of [
  [{ do: 'error-before' }, 503, 'NetworkException', false],
  [{ do: 'error-before', status: 502, errorType: 'DataException' }, 502, 'DataException', false],
  [{ do: 'error-after' }, 504, 'NetworkException', true],
  [{ do: 'error-after', status: 400 }, 400, 'NetworkException', true],
  [{ do: 'error-after', status: 400, errorType: 'OrderException' }, 400, 'OrderException', true],
  [{ do: 'throttle' }, 429, 'NetworkException', false],
  [{ do: 'network' }, 503, 'NetworkException', false],
  [{ do: 'expire' }, 403, 'TokenException', false],
] as const) {
  const what = JSON.stringify(fault)
  test(`${what} answers ${status}, and the order is ${accepted ? '' : 'not '}taken`, async (t) => {
    const desk = await openDesk(t)
    desk.kite.fault({ on: 'place', ...fault } as Fault)
    const answer = await desk.place({})
    assert.deepEqual([answer.status, answer.errorType], [status, errorType])
    assert.deepEqual(tags(desk), accepted ? ['desk1'] : [])
  })
}

for (const [errorType, status] of Object.entries({
  TokenException: 403,
  PermissionException: 403,
  UserException: 403,
  OrderException: 400,
  InputException: 400,
  MarginException: 400,
  HoldingException: 400,
  NetworkException: 503,
  DataException: 502,
  GeneralException: 500,
})) {
  test(`${errorType} comes with its status and any words`, async (t) => {
    const desk = await openDesk(t)
    desk.kite.fault({ on: 'funds', do: 'error-before', errorType, message: 'As I say.' })
    const answer = await desk.call('GET', '/user/margins')
    assert.deepEqual(
      [answer.status, answer.errorType, answer.message],
      [status, errorType, 'As I say.'],
    )
  })
}

test('an error can be a page of HTML', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'orderBook', do: 'error-before', status: 502, html: true })
  const reply = await desk.raw('GET', '/orders')
  assert.equal(reply.status, 502)
  assert.match(await reply.text(), /^<html>/)
})

test('an expired session stays expired', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: '*', do: 'expire' })
  assert.equal((await desk.call('GET', '/orders')).errorType, 'TokenException')
  assert.equal((await desk.call('GET', '/orders')).errorType, 'TokenException')
  assert.equal(desk.kite.faults()[0]!.taken, 1)
})

for (const reply of ['reset', 'error', 'ok'] as const) {
  test(`an order appears in the book after its answer: ${reply}`, async (t) => {
    const desk = await openDesk(t)
    desk.kite.fault({ on: 'place', do: 'late', delayMs: 2000, reply })
    const answer = desk.place({ tag: 'late' })
    if (reply === 'reset') await assert.rejects(answer, isBroken)
    else assert.equal((await answer).status, reply === 'ok' ? 200 : 504)
    assert.deepEqual(await desk.orders(), [])
    await until(() => tags(desk).length === 1, 'the order is taken')
    const [order] = await desk.orders()
    assert.equal(order!.tag, 'late')
    if (reply === 'ok') assert.deepEqual((await answer).data, { order_id: order!.order_id })
  })
}

test('an error can hide an order that is placed seconds later', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'place', do: 'late', delayMs: 30, reply: 'error', status: 400 })
  assert.equal((await desk.place({})).status, 400)
  await until(() => tags(desk).length === 1, 'the order is taken')
})

test('changes and cancellations can come late, too', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({})
  desk.kite.fault({ on: 'modify', do: 'late', delayMs: 1500, reply: 'ok' })
  assert.deepEqual((await desk.modify(id, { price: 1210 })).data, { order_id: id })
  const states = () => desk.kite.record().orders[0]!.states.map(({ status }) => status)
  assert.equal(states().at(-1), 'OPEN')
  await until(() => states().includes('MODIFY PENDING'), 'it is changed')
  desk.kite.fault({ on: 'cancel', do: 'late', delayMs: 20 })
  await assert.rejects(desk.cancel(id), isBroken)
  await until(() => states().at(-1) === 'CANCELLED', 'it is cancelled')
})

test('a simulator that closes takes no late order', async (t) => {
  const kite = await startKiteSimulator({ seed: 1, ratePerSecond: 0, instruments: 10 })
  const closing = new Desk(kite)
  kite.fault({ on: 'place', do: 'late', delayMs: 100, reply: 'ok' })
  await closing.placed({})
  await kite.close()
  // Another one's longer delay ends after this one's would have.
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'orderBook', do: 'delay', delayMs: 300 })
  await desk.orders()
  assert.deepEqual(tags(closing), [])
})

test('a fault happens as often as it is set, after those it skips', async (t) => {
  const desk = await openDesk(t)
  desk.kite.fault({ on: 'place', do: 'throttle', times: 2, skip: 1 })
  const statuses: number[] = []
  for (let call = 0; call < 5; call++) statuses.push((await desk.place({})).status)
  assert.deepEqual(statuses, [200, 429, 429, 200, 200])
  assert.equal(desk.kite.faults()[0]!.taken, 2)
  desk.kite.fault({ on: 'place', do: 'throttle', times: null })
  for (let call = 0; call < 3; call++) assert.equal((await desk.place({})).status, 429)
  desk.kite.clearFaults()
  assert.equal((await desk.place({})).status, 200)
})

test('a fault happens to the calls that it is set for', async (t) => {
  const desk = await openDesk(t)
  const id = await desk.placed({})
  const throttle = (on: Fault['on']) => desk.kite.fault({ on, do: 'throttle' })
  throttle('cancel')
  assert.equal((await desk.modify(id, { price: 1201 })).status, 200)
  assert.equal((await desk.call('GET', '/orders')).status, 200)
  assert.equal((await desk.cancel(id)).status, 429)
  throttle('reads')
  assert.equal((await desk.modify(id, { price: 1202 })).status, 200)
  assert.equal((await desk.call('GET', '/orders')).status, 429)
  throttle('writes')
  assert.equal((await desk.call('GET', '/orders')).status, 200)
  assert.equal((await desk.call('POST', '/gtt/triggers', {})).status, 429)
  for (const [on, path] of [
    ['orderStatus', `/orders/${id}`],
    ['orderTrades', `/orders/${id}/trades`],
    ['tradeBook', '/trades'],
    ['positions', '/portfolio/positions'],
    ['holdings', '/portfolio/holdings'],
    ['funds', '/user/margins'],
    ['quotes', '/quote?i=NSE:RELIANCE'],
    ['ohlc', '/quote/ohlc?i=NSE:RELIANCE'],
    ['ltp', '/quote/ltp?i=NSE:RELIANCE'],
    ['history', '/instruments/historical/738561/day?from=2026-08-13&to=2026-08-14'],
    ['gttBook', '/gtt/triggers'],
    ['profile', '/user/profile'],
  ] as const) {
    throttle(on)
    assert.equal((await desk.call('GET', path)).status, 429, on)
    assert.equal((await desk.call('GET', path)).status, 200, on)
  }
})

test('a share of the calls is drawn from the seed', async (t) => {
  const run = async (seed: number) => {
    const desk = await openDesk(t, { seed })
    desk.kite.fault({ on: 'orderBook', do: 'throttle', times: null, share: 0.5 })
    const statuses: number[] = []
    for (let call = 0; call < 40; call++) {
      statuses.push((await desk.call('GET', '/orders')).status)
    }
    return statuses
  }
  const first = await run(3)
  const throttled = first.filter((status) => status === 429).length
  assert.ok(throttled > 8 && throttled < 32, String(throttled))
  assert.deepEqual(await run(3), first)
  assert.notDeepEqual(await run(4), first)
})

test('faults that cannot be are refused by name', async (t) => {
  const desk = await openDesk(t)
  const bad: [object, RegExp][] = [
    [{}, /^RangeError: on:/],
    [{ on: 'place' }, /^RangeError: do:/],
    [{ on: 'everything', do: 'delay' }, /^RangeError: on:/],
    [{ on: 'place', do: 'explode' }, /^RangeError: do:/],
    [{ on: 'place', do: 'delay', times: 0 }, /^RangeError: times:/],
    [{ on: 'place', do: 'delay', delayMs: -1 }, /^RangeError: delayMs:/],
    [{ on: 'place', do: 'delay', share: 2 }, /^RangeError: share:/],
    [{ on: 'place', do: 'error-before', status: 200 }, /^RangeError: status:/],
    [{ on: 'place', do: 'late', reply: 'maybe' }, /^RangeError: reply:/],
    [{ on: 'place', do: 'delay', when: 'now' }, /^RangeError: when:/],
    [{ on: 'message', do: 'delay' }, /^RangeError: do:/],
    [{ on: 'place', do: 'drop' }, /^RangeError: do:/],
  ]
  for (const [fault, says] of bad) assert.throws(() => desk.kite.fault(fault as Fault), says)
  assert.deepEqual(desk.kite.faults(), [])
})

test('another process sets faults, reads the record and ends sessions', async (t) => {
  const desk = await openDesk(t)
  const ask = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${desk.kite.restUrl}/sim/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: reply.status, body: (await reply.json()) as unknown }
  }
  const faults = [
    { on: 'place', do: 'reset-after' },
    { on: 'cancel', do: 'throttle', times: 2 },
  ]
  assert.deepEqual((await ask('POST', 'faults', faults)).body, [
    { ...faults[0], taken: 0 },
    { ...faults[1], taken: 0 },
  ])
  await assert.rejects(desk.place({ tag: 'other' }), isBroken)
  const { body: record } = await ask('GET', 'orders')
  assert.deepEqual(record, desk.kite.record())
  assert.equal(desk.kite.record().orders[0]!.tag, 'other')
  assert.equal(((await ask('GET', 'faults')).body as Row[])[0]!.taken, 1)
  const wrong = [{ on: 'place', do: 'throttle' }, { on: 'place' }]
  assert.equal((await ask('POST', 'faults', wrong)).status, 400)
  assert.equal(((await ask('GET', 'faults')).body as Row[]).length, 2)
  assert.deepEqual((await ask('DELETE', 'faults')).body, [])
  assert.equal((await ask('POST', 'faults', 7)).status, 400)
  assert.equal((await ask('POST', 'move', { token: 738561, price: 1310 })).status, 200)
  assert.equal((await desk.quote('NSE:RELIANCE')).last_price, 1310)
  assert.equal((await ask('POST', 'move', { token: 738561, price: 9000 })).status, 400)
  assert.equal((await ask('POST', 'move', { token: 'x', price: 1310 })).status, 400)
  assert.deepEqual((await ask('POST', 'tick', { tokens: [738561] })).body, 0)
  assert.notEqual((await desk.quote('NSE:RELIANCE')).last_price, 1310)
  assert.equal((await ask('POST', 'tick', { tokens: 'all' })).status, 400)
  assert.equal((await ask('POST', 'expire')).status, 200)
  assert.equal((await desk.call('GET', '/orders')).errorType, 'TokenException')
})
