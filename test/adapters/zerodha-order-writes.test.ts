// How Zerodha's writes are written, and what each of their replies proves. Kite Connect v3, "Orders", "GTT",
// "Exceptions and errors".
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PriceType } from '../../adapters/orders.ts'
import {
  ERRORS,
  GTT,
  HOSTS,
  MAHINDRA,
  offered,
  orders,
  RELIANCE,
  reply,
  replyNamed,
  SESSION,
  TERMS,
} from './zerodha-replies.ts'

const { place, modify, cancel } = orders.writes
const placeGtt = offered(orders.writes.placeGtt)
const modifyGtt = offered(orders.writes.modifyGtt)
const cancelGtt = offered(orders.writes.cancelGtt)
const PLACE = { ...TERMS, instrument: RELIANCE, tag: 'tag1' }
const MODIFY = { ...TERMS, instrument: RELIANCE, orderId: '250617000123456' }
const HEADERS = { 'X-Kite-Version': '3', Authorization: 'token key:token' }

test('an order is placed as a form, under our tag', () => {
  assert.deepEqual(place.request(HOSTS, SESSION, PLACE), {
    method: 'POST',
    url: 'https://rest.test/orders/regular',
    headers: HEADERS,
    form: {
      exchange: 'NSE',
      tradingsymbol: 'RELIANCE',
      transaction_type: 'BUY',
      product: 'MIS',
      order_type: 'LIMIT',
      quantity: '10',
      price: '2985.5',
      trigger_price: '0',
      disclosed_quantity: '0',
      validity: 'DAY',
      tag: 'tag1',
    },
  })
})

test('orders without a price of their own carry a protection, others none', () => {
  const protection = (priceType: PriceType) => [
    place.request(HOSTS, SESSION, { ...PLACE, priceType }).form?.market_protection,
    modify.request(HOSTS, SESSION, { ...MODIFY, priceType }).form?.market_protection,
  ]
  assert.deepEqual(protection('MARKET'), ['-1', '-1'])
  assert.deepEqual(protection('SL-M'), ['-1', '-1'])
  assert.deepEqual(protection('LIMIT'), [undefined, undefined])
  assert.deepEqual(protection('SL'), [undefined, undefined])
})

test('a change gives the whole new state and never an empty price', () => {
  const request = modify.request(HOSTS, SESSION, { ...MODIFY, priceType: 'SL-M', price: 0 })
  assert.equal(request.method, 'PUT')
  assert.equal(request.url, 'https://rest.test/orders/regular/250617000123456')
  assert.equal(request.form?.price, '0')
  assert.equal(request.form?.order_type, 'SL-M')
  assert.ok(!('tradingsymbol' in request.form!))
})

test('a cancel names the order in its path, where no id can leave it', () => {
  const url = (orderId: string) => cancel.request(HOSTS, SESSION, { orderId }).url
  assert.deepEqual(cancel.request(HOSTS, SESSION, { orderId: '25' }), {
    method: 'DELETE',
    url: 'https://rest.test/orders/regular/25',
    headers: HEADERS,
  })
  assert.equal(url('a/b?c#d'), 'https://rest.test/orders/regular/a%2Fb%3Fc%23d')
})

test('a trigger holds its condition with the last price, and its orders, as JSON', () => {
  const { form, ...request } = placeGtt.request(HOSTS, SESSION, GTT)
  assert.deepEqual(request, {
    method: 'POST',
    url: 'https://rest.test/gtt/triggers',
    headers: HEADERS,
  })
  assert.equal(form?.type, 'two-leg')
  assert.deepEqual(JSON.parse(form.condition!), {
    exchange: 'NSE',
    tradingsymbol: 'RELIANCE',
    trigger_values: [2700, 3300],
    last_price: 2987.45,
  })
  const leg = {
    exchange: 'NSE',
    tradingsymbol: 'RELIANCE',
    transaction_type: 'SELL',
    quantity: 5,
    order_type: 'LIMIT',
    product: 'CNC',
  }
  const legs = [
    { ...leg, price: 2695 },
    { ...leg, price: 3305 },
  ]
  assert.deepEqual(JSON.parse(form.orders!), legs)
  const single = placeGtt.request(HOSTS, SESSION, { ...GTT, type: 'SINGLE', instrument: MAHINDRA })
  assert.equal(single.form?.type, 'single')
  assert.equal(JSON.parse(single.form.condition!).tradingsymbol, 'M&M')
  const changed = modifyGtt.request(HOSTS, SESSION, GTT)
  assert.deepEqual([changed.method, changed.url], ['PUT', 'https://rest.test/gtt/triggers/112127'])
  assert.deepEqual(changed.form, form)
  const gone = cancelGtt.request(HOSTS, SESSION, { triggerId: '112127' })
  assert.deepEqual(
    [gone.method, gone.url, gone.form],
    ['DELETE', 'https://rest.test/gtt/triggers/112127', undefined],
  )
})

test('a success with the id is an acceptance', () => {
  const accepted = { outcome: 'accepted', id: '250617000123456' }
  assert.deepEqual(place.read(replyNamed('placed'), PLACE), accepted)
  assert.deepEqual(modify.read(replyNamed('placed'), MODIFY), accepted)
  assert.deepEqual(cancel.read(replyNamed('placed'), MODIFY), accepted)
  const trigger = { outcome: 'accepted', id: '112127' }
  assert.deepEqual(placeGtt.read(replyNamed('gtt placed'), GTT), trigger)
  assert.deepEqual(modifyGtt.read(replyNamed('gtt placed'), GTT), trigger)
  assert.deepEqual(cancelGtt.read(replyNamed('gtt placed'), GTT), trigger)
})

test('a success that tells of another order leaves a change unknown', () => {
  for (const write of [modify, cancel]) {
    const told = write.read(replyNamed('placed'), { ...MODIFY, orderId: '1' })
    assert.deepEqual(told, {
      outcome: 'unknown',
      why: 'HTTP 200 success for another id: 250617000123456',
    })
  }
})

test('what is not there to be changed is refused, and a place that finds no route stays unknown', () => {
  const gone = { status: 'error', message: 'Trigger not found.', error_type: 'DataException' }
  const told = reply(404, { ...gone, data: null })
  const rejected = {
    outcome: 'rejected',
    refusal: { code: 'NOT_FOUND', message: 'Trigger not found.' },
  }
  assert.deepEqual(modifyGtt.read(told, GTT), rejected)
  assert.deepEqual(cancelGtt.read(told, GTT), rejected)
  assert.equal(placeGtt.read(told, GTT).outcome, 'unknown')
})

for (const { status, error_type, message, outcome, code } of ERRORS) {
  test(`${status} ${error_type} "${message}" is ${outcome}${code ? `, ${code}` : ''}`, () => {
    const body = { status: 'error', message, error_type, data: null }
    const told = place.read(reply(status, body), PLACE)
    assert.equal(told.outcome, outcome)
    if (told.outcome === 'rejected') assert.deepEqual(told.refusal, { code, message })
    if (told.outcome === 'unknown') assert.ok(told.why.startsWith(`HTTP ${status} `), told.why)
    const read = orders.reads.orderBook.read(reply(status, body), null)
    assert.ok('refusal' in read)
    assert.equal(read.refusal.code, code ?? 'UNKNOWN_ERROR')
  })
}

test("Kite's words are shown without what a terminal would obey, and not without end", () => {
  const message = `\u001b[2J${'x'.repeat(2000)}`
  const body = { status: 'error', message, error_type: 'InputException' }
  const told = place.read(reply(400, body), PLACE)
  assert.ok(told.outcome === 'rejected')
  assert.equal(told.refusal.message, ` [2J${'x'.repeat(496)}`)
})
