// What the endpoints of orders, accounts and market data refuse: every field that is missing, wrong, huge or hostile,
// keys and scopes, bodies that are none. Nothing of it reaches a broker.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { CASES, GTT, NAMED, ORDER } from './order-cases.ts'
import { BROKER, KEY, orderPlant, READ_KEY, type Told, TRADE_KEY } from './order-plant.ts'
import { MISSING, NO_TEXT } from './words.ts'

const plant = orderPlant()
const { bench } = plant

const invalid = (message: unknown) => ({ error_code: 'INVALID_INPUT', message, status: 'error' })

/** What is said of one field, by the form that the endpoint has. */
function messageOf(isText: boolean | undefined, field: string, message: string): unknown {
  if (!isText) return { [field]: [message] }
  const mark = message.includes("'") ? '"' : "'"
  return `{'${field}': [${mark}${message}${mark}]}`
}

for (const [name, { right, wrong, isText, isWrite }] of Object.entries(CASES)) {
  const good = { apikey: KEY, ...right }

  test(`/${name} says what is wrong with each field`, async () => {
    for (const [field, cases] of Object.entries(wrong)) {
      for (const [value, message] of cases) {
        const answer = await plant.post(name, { ...good, [field]: value })
        const wanted = invalid(messageOf(isText, field, message))
        const where = `${field} ${JSON.stringify(value)?.slice(0, 40)}`
        assert.deepEqual(
          { status: answer.status, body: answer.body },
          { status: 400, body: wanted },
          where,
        )
      }
    }
    assert.deepEqual(bench.requests, [])
  })

  test(`/${name} refuses keys and bodies that are not right`, async () => {
    const told = async (body: unknown) => {
      const { status, body: answer }: Told = await plant.post(name, body)
      return [status, answer.error_code, answer.message]
    }
    const forbidden = (message: string) => [403, 'INSUFFICIENT_PERMISSION', message]
    const unknown = forbidden('Invalid openalgo apikey')
    assert.deepEqual(await told({ ...good, apikey: 'unknown' }), unknown)
    assert.deepEqual(await told({ ...good, apikey: '__proto__' }), unknown)
    const other = isWrite ? READ_KEY : TRADE_KEY
    const may = isWrite ? 'trade' : 'read market data and accounts'
    assert.deepEqual(
      await told({ ...good, apikey: other }),
      forbidden(`This API key may not ${may}`),
    )
    const unread = 'An unexpected error occurred: the body is not JSON'
    for (const body of ['', '{', 'apikey=x', '{"apikey":}', '\u0000']) {
      assert.deepEqual(await told(body), [500, 'INVALID_INPUT', unread])
    }
    for (const body of [[], 'text', 5, null]) {
      const [status, code, message] = await told(JSON.stringify(body))
      assert.deepEqual([status, code], [400, 'INVALID_INPUT'])
      const messages = { _schema: ['Invalid input type.'] }
      const text = "{'_schema': ['Invalid input type.']}"
      assert.deepEqual(message, isText ? text : messages)
    }
    const large = await told(JSON.stringify({ ...good, strategy: 'x'.repeat(70_000) }))
    assert.deepEqual(large, [413, 'INVALID_INPUT', 'The body is too large'])
    const hostile = `{"apikey":${JSON.stringify(KEY)},"__proto__":{"scopes":["trade"]},"constructor":1}`
    const [status, , message] = await told(hostile)
    assert.equal(status, 400)
    if (!name.startsWith('placegtt') && !name.startsWith('modifygtt')) {
      assert.match(JSON.stringify(message), /__proto__/)
      assert.match(JSON.stringify(message), /constructor/)
    }
    const got = await fetch(`${plant.root}/${name}`)
    assert.equal(got.status, 405)
    assert.deepEqual(bench.requests, [])
  })
}

test('every endpoint is in this table, and none else', async () => {
  const document = (await (await fetch(`${plant.root}/openapi.json`)).json()) as { paths: object }
  const names = Object.keys(document.paths).map((path) => path.replace('/api/v1/', ''))
  assert.deepEqual(names.sort(), Object.keys(CASES).sort())
})

test('what is wrong in lists is told by its place', async () => {
  const item = { ...ORDER, product: 'MIS' }
  const orders = [item, { ...item, quantity: -1, junk: 1 }, 5, { ...item, quantity: 1.5 }]
  const basket = await plant.ask('basketorder', { orders })
  assert.equal(
    basket.body.message,
    "{'orders': {1: {'junk': ['Unknown field.'], 'quantity': ['Quantity must be a positive number.']}, " +
      "2: {'_schema': ['Invalid input type.']}}}",
  )
  const fraction = await plant.ask('basketorder', { orders: [item, { ...item, quantity: 1.5 }] })
  assert.equal(
    fraction.body.message,
    "{'orders': {1: {'quantity': ['Fractional quantity (1.5) is not allowed for non-crypto exchanges.']}}}",
  )
  const quotes = await plant.ask('multiquotes', { symbols: [NAMED, { symbol: 5 }] })
  assert.deepEqual(quotes.body.message, {
    symbols: { 1: { exchange: [MISSING], symbol: [NO_TEXT] } },
  })
  const position = { ...ORDER, product: 'MIS', pricetype: 'MARKET' }
  for (const [quantity, words] of [
    ['x', 'Position 2: Invalid quantity format'],
    ['1.5', 'Position 2: Invalid quantity format'],
    ['0', 'Position 2: Quantity must be a positive number'],
  ]) {
    const positions = [
      { ...position, quantity: '1' },
      { ...position, quantity },
    ]
    assert.equal((await plant.ask('margin', { positions })).body.message, words)
  }
  const many = Array(51).fill({ ...position, quantity: '1' })
  const { message } = (await plant.ask('margin', { positions: many })).body
  assert.deepEqual(message, { positions: ['Positions must contain 1 to 50 items.'] })
  assert.deepEqual(bench.requests, [])
})

test('orders of two legs need all four prices, in their order', async () => {
  const oco = {
    ...{ ...GTT, trigger_type: 'OCO', triggerprice_sl: 10, stoploss: 9 },
    ...{ triggerprice_tg: 20, target: 21 },
  }
  for (const [fields, message] of [
    [{ triggerprice_sl: '' }, "{'triggerprice_sl': ['Required for OCO (stoploss trigger).']}"],
    [{ stoploss: null }, "{'stoploss': ['Required for OCO (stoploss leg limit).']}"],
    [{ triggerprice_tg: 0 }, "{'triggerprice_tg': ['Required for OCO (target trigger).']}"],
    [{ target: '' }, "{'target': ['Required for OCO (target leg limit).']}"],
    [
      { triggerprice_tg: 10 },
      "{'triggerprice_sl': ['Stoploss trigger must be less than target trigger (triggerprice_tg).']}",
    ],
    [
      { trigger_type: 'single', triggerprice_sl: 0, triggerprice_tg: '' },
      "{'triggerprice_sl': ['SINGLE GTT requires a positive triggerprice_sl or triggerprice_tg.']}",
    ],
  ] as const) {
    assert.equal((await plant.ask('placegttorder', { ...oco, ...fields })).body.message, message)
  }
  assert.deepEqual(bench.requests, [])
})

test('ids and symbols that are made to do harm go nowhere', async () => {
  for (const orderid of [
    '',
    '../../user',
    '1/2',
    '1?x=1',
    '1\r\nX: y',
    'x'.repeat(65),
    '\u202e1',
  ]) {
    for (const name of ['cancelorder', 'orderstatus']) {
      const { status, body } = await plant.ask(name, { orderid })
      assert.deepEqual(
        [status, body.error_code, typeof body.message],
        [400, 'INVALID_INPUT', 'string'],
      )
      assert.match(body.message, /^orderid /)
    }
  }
  for (const symbol of ['', '__proto__', 'constructor', '../x', 'A'.repeat(256), '\u0000']) {
    const { status } = await plant.ask('placeorder', { ...ORDER, symbol })
    assert.equal(status, 400, symbol)
    assert.equal((await plant.ask('quotes', { ...NAMED, symbol })).status, 400, symbol)
  }
  const { status, body } = await plant.ask('funds', { broker: 'nobody' })
  assert.deepEqual([status, body.error_code, 'broker' in body], [400, 'INVALID_INPUT', false])
  assert.match(body.message, new RegExp(`broker is "nobody"; it must be one of ${BROKER}`))
  assert.deepEqual(bench.requests, [])
})

test('a body that comes slowly, or never whole, holds up nobody', async () => {
  const body = JSON.stringify({ apikey: KEY })
  const head = `POST /api/v1/analyzer HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`
  const open = () => {
    const socket = connect(plant.port, '127.0.0.1')
    socket.write(head + body.slice(0, 5))
    return socket
  }
  const stalled = Array.from({ length: 20 }, open)
  const slow = open()
  let answer = ''
  slow.on('data', (chunk) => {
    answer += chunk
  })
  for (let at = 5; at < body.length - 1; at++) {
    slow.write(body[at]!)
    assert.equal((await plant.ask('analyzer')).status, 200)
  }
  assert.equal(answer, '')
  for (const socket of stalled) socket.destroy()
  slow.write(body.at(-1)!)
  await new Promise((resolve) => slow.once('data', resolve))
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  slow.destroy()
})
