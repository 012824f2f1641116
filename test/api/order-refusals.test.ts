// What the endpoints of orders, accounts and market data refuse: every field that is missing, wrong, huge or hostile,
// keys and scopes, bodies that are none. Nothing of it reaches a broker.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { CASES, GTT, NAMED, ORDER, type Wrongs } from './order-cases.ts'
import { BROKER, KEY, orderPlant, READ_KEY, type Told, TRADE_KEY } from './order-plant.ts'
import { HUGE, MISSING, NO_TEXT } from './words.ts'

const plant = orderPlant()
const { bench } = plant

const invalid = (message: unknown) => ({ error_code: 'INVALID_INPUT', message, status: 'error' })

/** What is said of one field, by the form that the endpoint has. `list`: it is a field of the second one in there. */
function messageOf(isText: boolean | undefined, field: string, message: string, list?: string) {
  if (!isText) {
    const messages = { [field]: [message] }
    return list === undefined ? messages : { [list]: { 1: messages } }
  }
  const mark = message.includes("'") ? '"' : "'"
  const messages = `{'${field}': [${mark}${message}${mark}]}`
  return list === undefined ? messages : `{'${list}': {1: ${messages}}}`
}

for (const [name, { right, wrong, items, isText, isWrite }] of Object.entries(CASES)) {
  const good = { apikey: KEY, ...right }
  const fieldsOf = (body: object) => plant.post(name, { ...good, ...body })
  const tell = async (body: object, message: unknown, where: string) => {
    const answer = await fieldsOf(body)
    const told = { status: answer.status, body: answer.body }
    assert.deepEqual(told, { status: 400, body: invalid(message) }, where)
  }

  test(`/${name} says what is wrong with each field`, async () => {
    for (const [field, cases] of Object.entries(wrong)) {
      for (const [value, message] of cases) {
        const where = `${field} ${JSON.stringify(value)?.slice(0, 40)}`
        await tell({ [field]: value }, messageOf(isText, field, message), where)
      }
    }
    assert.deepEqual(bench.requests, [])
  })

  if (items !== undefined) {
    const { list, right: item } = items
    test(`/${name} says what is wrong with each field of its ${list}, and of which`, async () => {
      for (const [field, cases] of Object.entries(items.wrong)) {
        for (const [value, message] of cases) {
          const where = `${field} ${JSON.stringify(value)?.slice(0, 40)}`
          const body = { [list]: [item, { ...item, [field]: value }] }
          await tell(body, messageOf(isText, field, message, list), where)
        }
      }
      assert.deepEqual(bench.requests, [])
    })
  }

  test(`/${name} tells of no more faults than somebody reads`, async () => {
    const junk = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`x${at}`, 1]))
    const answer = await fieldsOf({ ...junk, apikey: 5 })
    assert.equal(answer.status, 400)
    assert.ok(answer.text.length < 10_000, `${answer.text.length} characters`)
    if (items === undefined) return
    const many = await fieldsOf({
      [items.list]: Array(items.list === 'symbols' ? 4000 : 1000).fill(5),
    })
    assert.equal(many.status, 400)
    assert.ok(many.text.length < 20_000, `${many.text.length} characters`)
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
    const large = await told(JSON.stringify({ ...good, strategy: 'x'.repeat(270_000) }))
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

/** The fields of the table, without those that are there as unknown ones. */
function known(wrong: Wrongs): string[] {
  const fields = Object.entries(wrong).filter(([, [first]]) => first![1] !== 'Unknown field.')
  return fields.map(([field]) => field).sort()
}

test('every endpoint and every field is in this table, and none else', async () => {
  // biome-ignore lint/suspicious/noExplicitAny: the document is looked into at many depths.
  const document = (await (await fetch(`${plant.root}/openapi.json`)).json()) as any
  const names = Object.keys(document.paths).map((path) => path.replace('/api/v1/', ''))
  assert.deepEqual(names.sort(), Object.keys(CASES).sort())
  for (const [name, { wrong, items }] of Object.entries(CASES)) {
    const { content } = document.paths[`/api/v1/${name}`].post.requestBody
    const { properties, required } = content['application/json'].schema
    assert.deepEqual(known(wrong), Object.keys(properties).sort(), name)
    const check = (wrong: Wrongs, required: readonly string[] = []) => {
      for (const field of required) {
        assert.ok(
          wrong[field]!.some(([value]) => value === undefined),
          `${name} ${field} missing`,
        )
      }
      for (const field of known(wrong)) assert.ok(wrong[field]!.length > 1, `${name} ${field}`)
    }
    check(wrong, required)
    for (const [field, { items: item }] of Object.entries<{ items?: object }>(properties)) {
      if (item === undefined) continue
      assert.equal(items?.list, field, name)
      const { properties, required } = item as { properties: object; required: string[] }
      assert.deepEqual(known(items!.wrong), Object.keys(properties).sort(), `${name} ${field}`)
      check(items!.wrong, required)
    }
  }
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
  for (const [fields, words] of [
    [{ quantity: 'x' }, 'Position 2: Invalid quantity format'],
    [{ quantity: '1.5' }, 'Position 2: Invalid quantity format'],
    [{ quantity: '' }, 'Position 2: Invalid quantity format'],
    [{ quantity: HUGE }, 'Position 2: Invalid quantity format'],
    [{ quantity: '0' }, 'Position 2: Quantity must be a positive number'],
    [{ price: 'x' }, 'Position 2: Invalid price format'],
    [{ price: '-0.05' }, 'Position 2: Price cannot be negative'],
  ] as const) {
    const whole = { ...position, quantity: '1' }
    const positions = [whole, { ...whole, ...fields }]
    assert.equal((await plant.ask('margin', { positions })).body.message, words)
  }
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
