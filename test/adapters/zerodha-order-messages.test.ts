// Kite's messages of orders, over the ticker socket and to the postback address. What is not as documented is rejected.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import zerodha from '../../adapters/zerodha/spec.ts'
import { Tick, type TickSink } from '../../codecs/tick.ts'
import { orders } from './zerodha-replies.ts'

assert.ok('read' in orders.postback)
const { postback } = orders
const SECRET = 'api secret'
const KNOWN = { api_secret: SECRET, user_id: 'AB1234' }

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** As in the documentation of postbacks, with every field. */
const MESSAGE = {
  user_id: 'AB1234',
  unfilled_quantity: 3,
  app_id: 1234,
  checksum: sha256(`2209030000012342026-07-01 09:24:59${SECRET}`),
  placed_by: 'AB1234',
  order_id: '220903000001234',
  exchange_order_id: '1000000017048916',
  parent_order_id: null,
  status: 'UPDATE',
  status_message: null,
  status_message_raw: null,
  order_timestamp: '2026-07-01 09:24:59',
  exchange_update_timestamp: '2026-07-01 09:24:59',
  exchange_timestamp: '2026-07-01 09:24:25',
  variety: 'regular',
  exchange: 'NSE',
  tradingsymbol: 'SBIN',
  instrument_token: 779521,
  order_type: 'LIMIT',
  transaction_type: 'BUY',
  validity: 'DAY',
  product: 'CNC',
  quantity: 10,
  disclosed_quantity: 0,
  price: 470.5,
  trigger_price: 0,
  average_price: 470.25,
  filled_quantity: 7,
  pending_quantity: 3,
  cancelled_quantity: 0,
  market_protection: 0,
  meta: {},
  tag: 'mine',
  guid: '1234XabcdefGHIJ',
}

const book = (rows: unknown) => {
  const reply = {
    status: 200,
    headers: {},
    body: JSON.stringify({ status: 'success', data: rows }),
  }
  return orders.reads.orderBook.read(reply, null)
}

function deliver(frame: string) {
  const rejects: string[] = []
  const sink: TickSink = {
    tick: new Tick(5),
    emit: () => assert.fail('no tick'),
    reject: (reason) => rejects.push(reason),
  }
  const connection = zerodha.feed.connection({ rest: '', feed: '' }, { accessToken: 't' })
  return { effects: connection.onFrame(frame, 0, sink), rejects }
}

test('a message is read as a row of the order book is', () => {
  const told = book([MESSAGE])
  assert.ok('answer' in told)
  const [record] = told.answer
  const { effects, rejects } = deliver(JSON.stringify({ type: 'order', data: MESSAGE }))
  assert.deepEqual([effects, rejects], [[{ do: 'order', record }], []])
  assert.deepEqual([record!.status, record!.filledQuantity, record!.tag], ['open', 7, 'mine'])
  assert.deepEqual(postback.read(JSON.stringify(MESSAGE), KNOWN), { record })
})

const DAMAGED: readonly (readonly [string, unknown])[] = [
  ['no order', null],
  ['a list', [MESSAGE]],
  ['a text', 'order'],
  ['no id', { ...MESSAGE, order_id: undefined }],
  ['an id with a path in it', { ...MESSAGE, order_id: '../1' }],
  ['a quantity in words', { ...MESSAGE, quantity: '10' }],
  ['a fill that is no number', { ...MESSAGE, filled_quantity: {} }],
  ['a status that is none', { ...MESSAGE, status: 5 }],
  ['another side', { ...MESSAGE, transaction_type: 'HOLD' }],
  ['no symbol', { ...MESSAGE, tradingsymbol: '' }],
]
for (const [what, data] of DAMAGED) {
  test(`a message with ${what} is rejected and counted`, () => {
    assert.deepEqual(deliver(JSON.stringify({ type: 'order', data })), {
      effects: [],
      rejects: ['message of an order is not as documented'],
    })
  })
}

test('no text frame makes the connection throw', () => {
  const damaged = fc
    .tuple(fc.constantFrom(...Object.keys(MESSAGE)), fc.jsonValue())
    .map(([key, value]) => ({ ...MESSAGE, [key]: value }))
  const data = fc.oneof(fc.jsonValue(), damaged)
  fc.assert(
    fc.property(data, (value) => {
      const { effects, rejects } = deliver(JSON.stringify({ type: 'order', data: value }))
      assert.equal(effects.length + rejects.length, 1)
      postback.read(JSON.stringify(value), KNOWN)
    }),
  )
})

for (const [what, change] of [
  ['another status', { checksum: sha256('other') }],
  ['another order', { order_id: '220903000001235' }],
  ['another time', { order_timestamp: '2026-07-01 09:25:00' }],
  ['no checksum', { checksum: undefined }],
  ['a checksum that is a list', { checksum: [MESSAGE.checksum, ''] }],
  ['a shorter checksum', { checksum: MESSAGE.checksum.slice(1) }],
] as const) {
  test(`a postback with ${what} is forged`, () => {
    const told = postback.read(JSON.stringify({ ...MESSAGE, ...change }), KNOWN)
    assert.deepEqual(told, { refused: 'forged', why: 'the checksum is wrong' })
  })
}

test("a postback of another user of the app is foreign; where the account's user is unknown it is taken", () => {
  const other = JSON.stringify({ ...MESSAGE, user_id: 'XY9999' })
  const told = postback.read(other, KNOWN)
  assert.deepEqual(told, { refused: 'foreign', why: 'it is of another user of the app' })
  assert.ok('record' in postback.read(other, { api_secret: SECRET }))
})

test('a postback that is no message is malformed', () => {
  for (const body of ['', 'x', '[]', '"text"', 'null']) {
    const told = postback.read(body, KNOWN)
    assert.ok('refused' in told && told.refused === 'malformed', body)
  }
  const damaged = postback.read(JSON.stringify({ ...MESSAGE, quantity: null }), KNOWN)
  assert.ok('refused' in damaged && damaged.refused === 'malformed')
})
