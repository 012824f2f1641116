import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Desk, openDesk, RELIANCE, RELIANCE_TOKEN, type Row } from './kite-desk.ts'
import { until } from './kite-reader.ts'

const LEG = {
  ...RELIANCE,
  transaction_type: 'SELL',
  quantity: 10,
  order_type: 'LIMIT',
  product: 'CNC',
  price: 1250,
}

interface Ask {
  type?: string
  condition?: object
  orders?: readonly object[]
}

function form({ type = 'single', condition = {}, orders = [LEG] }: Ask) {
  const whole = { ...RELIANCE, trigger_values: [1260], last_price: 1305, ...condition }
  return { type, condition: JSON.stringify(whole), orders: JSON.stringify(orders) }
}

async function placed(desk: Desk, ask: Ask = {}): Promise<number> {
  const { status, message, data } = await desk.call('POST', '/gtt/triggers', form(ask))
  assert.equal(status, 200, message)
  return (data as { trigger_id: number }).trigger_id
}

const trigger = async (desk: Desk, id: number) => (await desk.get(`/gtt/triggers/${id}`)) as Row

test('a trigger is listed in the shape of Kite', async (t) => {
  const desk = await openDesk(t, { clock: () => Date.UTC(2026, 7, 18, 4, 30) })
  const id = await placed(desk)
  const expected = {
    id,
    user_id: 'SIM001',
    parent_trigger: null,
    type: 'single',
    created_at: '2026-08-18 10:00:00',
    updated_at: '2026-08-18 10:00:00',
    expires_at: '2027-08-18 10:00:00',
    status: 'active',
    condition: {
      exchange: 'NSE',
      last_price: 1305,
      tradingsymbol: 'RELIANCE',
      trigger_values: [1260],
      instrument_token: RELIANCE_TOKEN,
    },
    orders: [{ ...LEG, result: null }],
    meta: {},
  }
  assert.deepEqual(await desk.get('/gtt/triggers'), [expected])
  assert.deepEqual(await trigger(desk, id), expected)
})

test('the order is placed when the price comes down to the trigger', async (t) => {
  const desk = await openDesk(t)
  const id = await placed(desk)
  desk.move(1261)
  assert.equal((await trigger(desk, id)).status, 'active')
  desk.move(1259.5)
  const fired = await trigger(desk, id)
  assert.equal(fired.status, 'triggered')
  const [{ result }] = fired.orders as [{ result: Row }]
  assert.equal(result.triggered_at, 1259.5)
  const { status, order_id } = result.order_result as Record<string, string>
  assert.equal(status, 'success')
  assert.equal((await desk.order(order_id!)).status, 'COMPLETE')
  assert.equal(desk.kite.record().orders[0]!.origin, 'gtt')
  desk.move(1255)
  assert.equal((await desk.orders()).length, 1)
})

test('a trigger above the market fires when the price rises to it', async (t) => {
  const desk = await openDesk(t)
  const id = await placed(desk, { condition: { trigger_values: [1340] } })
  desk.move(1339.95)
  assert.equal((await trigger(desk, id)).status, 'active')
  desk.move(1340)
  assert.equal((await trigger(desk, id)).status, 'triggered')
})

test('of two legs the one whose price comes is placed', async (t) => {
  const desk = await openDesk(t)
  const ask = {
    type: 'two-leg',
    condition: { trigger_values: [1260, 1350] },
    orders: [LEG, { ...LEG, price: 1349 }],
  }
  const id = await placed(desk, ask)
  desk.move(1351)
  const { status, orders } = await trigger(desk, id)
  assert.equal(status, 'triggered')
  const [stop, target] = orders as Row[]
  assert.equal(stop!.result, null)
  assert.ok(target!.result)
  assert.deepEqual(
    (await desk.orders()).map(({ price }) => price),
    [1349],
  )
})

test('an order that is refused is told in the result', async (t) => {
  const desk = await openDesk(t, { account: { holdings: [] } })
  const id = await placed(desk)
  desk.move(1255)
  const [{ result }] = (await trigger(desk, id)).orders as [{ result: Row }]
  const { status, rejection_reason } = result.order_result as Row
  assert.equal(status, 'failed')
  assert.match(String(rejection_reason), /Insufficient stock holding/)
})

test('a trigger is changed and deleted', async (t) => {
  const desk = await openDesk(t)
  const id = await placed(desk)
  const path = `/gtt/triggers/${id}`
  const changed = form({ condition: { trigger_values: [1240] } })
  assert.deepEqual((await desk.call('PUT', path, changed)).data, { trigger_id: id })
  desk.move(1255)
  assert.equal((await trigger(desk, id)).status, 'active')
  const other = await placed(desk)
  const shifted = form({ condition: { trigger_values: [1245] } })
  await desk.call('PUT', `/gtt/triggers/${other}`, shifted)
  desk.move(1244)
  assert.equal((await trigger(desk, other)).status, 'triggered')
  assert.equal((await desk.orders()).length, 1)
  assert.deepEqual((await desk.call('DELETE', path)).data, { trigger_id: id })
  assert.equal((await trigger(desk, id)).status, 'deleted')
  desk.move(1230)
  assert.equal((await desk.orders()).length, 1)
  assert.equal((await desk.call('DELETE', path)).errorType, 'InputException')
  assert.equal((await desk.call('PUT', path, changed)).errorType, 'InputException')
})

test('what has triggers and no subscription ticks by itself, once in a while', async (t) => {
  const desk = await openDesk(t, { ratePerSecond: 1 })
  const id = await placed(desk, { condition: { trigger_values: [1300], last_price: 1299 } })
  await until(() => desk.kite.record().orders.length > 0, 'the trigger has fired')
  assert.equal((await trigger(desk, id)).status, 'triggered')
})

test('triggers that cannot be are refused', async (t) => {
  const desk = await openDesk(t)
  const two = { type: 'two-leg', orders: [LEG, LEG] }
  const bad: [string, object][] = [
    ['no form', {}],
    ['an unknown type', form({ type: 'triple' })],
    ['broken JSON', { ...form({}), condition: '{' }],
    ['a list as condition', { ...form({}), condition: '[]' }],
    ['an unknown symbol', form({ condition: { tradingsymbol: 'NOBODY' } })],
    ['no last price', form({ condition: { last_price: 0 } })],
    ['two values for one', form({ condition: { trigger_values: [1, 2] } })],
    ['a value at the last price', form({ condition: { trigger_values: [1305] } })],
    ['a value off the grid', form({ condition: { trigger_values: [1260.03] } })],
    ['a value as text', form({ condition: { trigger_values: ['1260'] } })],
    ['two legs on one side', form({ ...two, condition: { trigger_values: [1260, 1270] } })],
    ['legs upside down', form({ ...two, condition: { trigger_values: [1350, 1260] } })],
    ['no leg', form({ orders: [] })],
    ['a leg at market', form({ orders: [{ ...LEG, order_type: 'MARKET' }] })],
    ['a leg of something else', form({ orders: [{ ...LEG, tradingsymbol: 'INFY' }] })],
    ['a leg of nothing', form({ orders: [{ ...LEG, quantity: 0 }] })],
    ['a leg without a price', form({ orders: [{ ...LEG, price: 0 }] })],
    ['a leg of an unknown product', form({ orders: [{ ...LEG, product: 'NRML' }] })],
  ]
  for (const [what, fields] of bad) {
    const { status, errorType } = await desk.call('POST', '/gtt/triggers', fields as never)
    assert.deepEqual([status, errorType], [400, 'InputException'], what)
  }
  assert.deepEqual(await desk.get('/gtt/triggers'), [])
  assert.equal((await desk.call('GET', '/gtt/triggers/1')).status, 404)
})
