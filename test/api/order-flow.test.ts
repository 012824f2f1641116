// What one call makes of several orders: smart orders, baskets and pieces, at the pace of the account; retries, and
// everything that may go wrong on the way, with its status.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpReply } from '../../adapters/broker.ts'
import { ERROR_CODES } from '../../adapters/orders.ts'
import upstox from '../../adapters/upstox/spec.ts'
import { statusOf } from '../../engine/api/failures.ts'
import { orderFor } from '../../engine/api/smart-order.ts'
import { Turns } from '../../engine/api/turns.ts'
import { kite, kiteError } from '../orders/gateway-bench.ts'
import { BROKER, type OrderPlantOptions, orderPlant } from './order-plant.ts'

const NAMED = { exchange: 'NSE', symbol: 'RELIANCE' }
const ORDER = { ...NAMED, action: 'BUY', quantity: 10 }
const SMART = { ...ORDER, quantity: 0, product: 'MIS', pricetype: 'MARKET' }

/** An account whose positions follow its orders at once. */
function trading(held = 0, options: OrderPlantOptions = {}) {
  const plant = orderPlant(options)
  const { bench } = plant
  let quantity = held
  let id = 1
  bench.respond = async ({ url, form }): Promise<HttpReply> => {
    // As from afar: others get their turn.
    await new Promise(setImmediate)
    if (url.endsWith('/portfolio/positions')) {
      const net = { exchange: 'NSE', tradingsymbol: 'RELIANCE', instrument_token: 738561 }
      return kite({ net: [{ ...net, product: 'MIS', quantity, multiplier: 1 }], day: [] })
    }
    await new Promise(setImmediate)
    quantity += Number(form!.quantity) * (form!.transaction_type === 'BUY' ? 1 : -1)
    return kite({ order_id: String(id++) })
  }
  const placed = () =>
    bench.tasks.map(({ ask }) => {
      const { action, quantity } = ask as { action: string; quantity: number }
      return `${action} ${quantity}`
    })
  return { plant, bench, placed, held: () => quantity }
}

describe('smart orders', () => {
  const rows: readonly [target: number, current: number, order: string | null][] = [
    [0, 0, 'as asked'],
    [0, 30, 'SELL 30'],
    [0, -30, 'BUY 30'],
    [20, 0, 'BUY 20'],
    [-20, 0, 'SELL 20'],
    [50, 30, 'BUY 20'],
    [10, 30, 'SELL 20'],
    [-10, 30, 'SELL 40'],
    [10, -30, 'BUY 40'],
    [-50, -30, 'SELL 20'],
    [-10, -30, 'BUY 20'],
    [30, 30, null],
    [-30, -30, null],
  ]
  for (const [target, current, wanted] of rows) {
    test(`to ${target} from ${current}: ${wanted ?? 'nothing to do'}`, () => {
      const found = orderFor({ target, current, action: 'SELL', quantity: 7 })
      const told = found && `${found.action} ${found.quantity}`
      assert.equal(told, wanted === 'as asked' ? 'SELL 7' : wanted)
    })
  }

  test('without a quantity nothing is done where nothing is held or wanted', () => {
    assert.equal(orderFor({ target: 0, current: 0, action: 'BUY', quantity: 0 }), null)
  })

  test('those for one position follow one another, and so reach it; fractions are cut off', async () => {
    const { plant, placed, held } = trading(10)
    const asked = [40, '-5', 25.9, 25].map((position_size) =>
      plant.ask('placesmartorder', { ...SMART, position_size }),
    )
    const told = await Promise.all(asked)
    assert.deepEqual(
      told.map(({ status }) => status),
      [200, 200, 200, 200],
    )
    // Calls of one client may overtake each other on their way here, but not in here.
    assert.equal(told.filter(({ body }) => 'message' in body).length, 1)
    assert.equal(placed().length, 3)
    assert.ok([40, -5, 25].includes(held()))
  })

  test('price and type of the request are those of the order', async () => {
    const { plant, bench } = trading()
    const limit = { ...SMART, pricetype: 'LIMIT', price: '2985.5', position_size: -5 }
    assert.equal((await plant.ask('placesmartorder', limit)).status, 200)
    const { form } = bench.requests.at(-1)!
    assert.deepEqual(
      [form!.transaction_type, form!.quantity, form!.order_type, form!.price],
      ['SELL', '5', 'LIMIT', '2985.5'],
    )
  })
})

test('calls under one name take turns, others do not wait, and one that fails lets the next go', async () => {
  const turns = new Turns()
  const log: string[] = []
  let open = () => {}
  const first = turns.take(['a', 'b'], async () => {
    await new Promise<void>((resolve) => {
      open = resolve
    })
    log.push('first')
    throw new Error('failed')
  })
  const second = turns.take(['b'], async () => log.push('second'))
  await turns.take(['c'], async () => log.push('other'))
  open()
  await assert.rejects(first, /failed/)
  await second
  assert.deepEqual(log, ['other', 'first', 'second'])
})

describe('many orders of one call', () => {
  const item = { ...ORDER, product: 'MIS', pricetype: 'MARKET' }

  test('a basket goes as fast as the account takes it, buys first, and none is lost', async () => {
    const { plant, bench, placed } = trading()
    const orders = Array.from({ length: 30 }, (_, at) => {
      return { ...item, action: at % 3 === 0 ? 'SELL' : 'buy', quantity: at + 1 }
    })
    const { body } = await plant.ask('basketorder', { orders })
    assert.equal(body.results.length, 30)
    assert.ok(body.results.every(({ status }: { status: string }) => status === 'success'))
    const buys = orders
      .filter(({ action }) => action === 'buy')
      .map((each) => `BUY ${each.quantity}`)
    const sells = orders.filter(({ action }) => action === 'SELL')
    assert.deepEqual(placed(), [...buys, ...sells.map((each) => `SELL ${each.quantity}`)])
    // Eight of the ten that the broker takes in a second are for orders that are no cancels.
    assert.equal(bench.waits.length, 3)
    assert.ok(bench.waits.every((ms) => ms <= 1100))
  })

  test('what cannot go in time is refused unsent, with its code', async () => {
    const { plant, placed } = trading(0, { limits: { perDayMax: 2 } })
    const { body } = await plant.ask('splitorder', { ...item, quantity: 50, splitsize: 10 })
    assert.equal(placed().length, 2)
    assert.deepEqual(
      body.results.map((each: { error_code?: string }) => each.error_code),
      [undefined, undefined, 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED'],
    )
  })

  test('a split makes 100 orders and no more', async () => {
    const { plant, placed } = trading()
    const split = (quantity: number) =>
      plant.ask('splitorder', { ...item, quantity, splitsize: 10 })
    const many = await split(1001)
    assert.deepEqual(
      [many.status, many.body.message],
      [400, 'Total number of orders would exceed maximum limit of 100'],
    )
    assert.deepEqual(placed(), [])
    const { body } = await split(1000)
    assert.equal(body.results.length, 100)
    assert.equal(placed().length, 100)
  })

  test('without a live session nothing of them is tried', async () => {
    const { plant, bench } = trading()
    bench.session = null
    for (const [name, fields] of [
      ['basketorder', { orders: [item] }],
      ['splitorder', { ...item, splitsize: 5 }],
      ['placesmartorder', { ...SMART, position_size: 5 }],
      ['cancelallorder', {}],
      ['closeposition', {}],
      ['ping', {}],
      ['intervals', {}],
      ['funds', {}],
      ['quotes', NAMED],
    ] as const) {
      const { status, body } = await plant.ask(name, fields)
      assert.equal(status, 403, name)
      assert.deepEqual(
        [body.message, body.error_code, body.broker],
        ['Invalid openalgo apikey', 'INVALID_TOKEN', BROKER],
      )
      assert.match(body.detail, /tickplant login/)
    }
    assert.deepEqual(bench.requests, [])
  })
})

describe('what is sent again', () => {
  test('an order under the same id is placed once, and another one under it is refused', async () => {
    const { plant, placed } = trading()
    const order = { ...ORDER, client_order_id: 'mine' }
    const told = await Promise.all([plant.ask('placeorder', order), plant.ask('placeorder', order)])
    assert.equal(told[0].text, told[1].text)
    assert.equal((await plant.ask('placeorder', order)).text, told[0].text)
    const other = await plant.ask('placeorder', { ...order, quantity: 20 })
    assert.deepEqual([other.status, other.body.error_code], [400, 'INVALID_INPUT'])
    assert.deepEqual(placed(), ['BUY 10'])
    const split = { ...ORDER, splitsize: 5, client_order_id: 'pieces' }
    const pieces = await plant.ask('splitorder', split)
    assert.equal((await plant.ask('splitorder', split)).text, pieces.text)
    assert.deepEqual(placed(), ['BUY 10', 'BUY 5', 'BUY 5'])
  })

  test('a smart order under the same id is placed once, whatever it has done to the position', async () => {
    const { plant, placed, bench } = trading()
    const smart = { ...SMART, position_size: 10, client_order_id: 'smart' }
    const first = await plant.ask('placesmartorder', smart)
    const respond = bench.respond
    const held = (quantity: number) => {
      const net = { exchange: 'NSE', tradingsymbol: 'RELIANCE', instrument_token: 738561 }
      const row = { ...net, product: 'MIS', quantity, multiplier: 1 }
      bench.respond = (request) =>
        request.url.endsWith('/portfolio/positions')
          ? kite({ net: [row], day: [] })
          : respond(request)
    }
    // Nothing of it filled, a part, all of it, and more of it by somebody else.
    for (const quantity of [0, 4, 10, 30]) {
      held(quantity)
      assert.equal((await plant.ask('placesmartorder', smart)).text, first.text)
    }
    const other = await plant.ask('placesmartorder', { ...smart, position_size: 20 })
    assert.deepEqual([other.status, other.body.error_code], [400, 'INVALID_INPUT'])
    assert.deepEqual(placed(), ['BUY 10'])
    await plant.ask('placesmartorder', { ...smart, client_order_id: 'another' })
    assert.deepEqual(placed(), ['BUY 10', 'SELL 20'])
  })

  test('an id that is too long for the last piece sends none of them', async () => {
    const { plant, placed } = trading()
    const split = { ...ORDER, quantity: 50, splitsize: 5 }
    const long = await plant.ask('splitorder', { ...split, client_order_id: 'x'.repeat(62) })
    assert.deepEqual([long.status, long.body.error_code], [400, 'INVALID_INPUT'])
    assert.match(long.body.message, /client_order_id has 62 characters; .* at most 61/)
    assert.deepEqual(placed(), [])
    await plant.ask('splitorder', { ...split, client_order_id: 'x'.repeat(61) })
    assert.equal(placed().length, 10)
  })
})

describe('what goes wrong', () => {
  test('every code has its status', () => {
    const statuses = Object.fromEntries(ERROR_CODES.map((code) => [code, statusOf({ code })]))
    assert.deepEqual(statuses, {
      INVALID_INPUT: 400,
      INVALID_TOKEN: 403,
      INSUFFICIENT_PERMISSION: 403,
      INVALID_ORDER: 400,
      ORDER_ERROR: 400,
      INSUFFICIENT_FUNDS: 400,
      INSUFFICIENT_MARGIN: 400,
      INSUFFICIENT_HOLDINGS: 400,
      MARKET_CLOSED: 400,
      NETWORK_ERROR: 500,
      RATE_LIMITED: 429,
      STATIC_IP_REQUIRED: 403,
      NOT_FOUND: 404,
      UNSUPPORTED: 501,
      UNKNOWN_OUTCOME: 500,
      UNKNOWN_ERROR: 500,
    })
    assert.equal(statusOf({ code: 'NOT_FOUND', field: 'symbol' }), 400)
  })

  test('a refusal of the broker has its words, a code and the account', async () => {
    const { plant, bench } = trading()
    bench.respond = () => kiteError(400, 'MarginException', 'Insufficient funds. Need more.')
    assert.deepEqual((await plant.ask('placeorder', ORDER)).body, {
      broker: BROKER,
      error_code: 'INSUFFICIENT_FUNDS',
      message: 'Insufficient funds. Need more.',
      status: 'error',
    })
  })

  test('an order of unknown fate is told as such, with its tag', async () => {
    const { plant, bench } = trading()
    bench.respond = () => ({ status: 502, headers: {}, body: 'Bad gateway' })
    const { status, body } = await plant.ask('placeorder', ORDER)
    assert.deepEqual([status, body.error_code, body.broker], [500, 'UNKNOWN_OUTCOME', BROKER])
    assert.equal(body.tag, bench.tasks[0]!.intentId)
  })

  test('what the account takes no more of is refused with the time to wait', async () => {
    const { plant } = trading(0, { limits: { perSecondMax: 1 } })
    assert.equal((await plant.ask('placeorder', ORDER)).status, 200)
    const { status, body } = await plant.ask('placeorder', ORDER)
    assert.deepEqual([status, body.error_code, body.retry_after], [429, 'RATE_LIMITED', 1])
    assert.ok(body.retry_after_ms > 0 && body.retry_after_ms <= 1000)
  })

  test('the kill switch and an address that is not registered are told as 403, in words of their own', async () => {
    const { plant, bench } = trading()
    bench.isKilled = true
    const killed = await plant.ask('placeorder', ORDER)
    assert.deepEqual([killed.status, killed.body.error_code], [403, 'INSUFFICIENT_PERMISSION'])
    assert.match(killed.body.message, /kill switch/)
    const away = trading(0, { broker: { staticIpAcknowledged: false } })
    const { status, body } = await away.plant.ask('placeorder', ORDER)
    assert.deepEqual([status, body.error_code], [403, 'STATIC_IP_REQUIRED'])
  })

  test('what a broker has not is told in the words of OpenAlgo', async () => {
    const none = { unsupported: 'there is none' } as const
    const { orders } = trading().bench.broker.spec
    assert.ok('reads' in orders)
    const writes = { ...orders.writes, placeGtt: none }
    const reads = { ...orders.reads, gttBook: none, margin: none, history: none }
    const others = [{ ...trading().bench.broker, spec: upstox }]
    const { plant } = trading(0, { orders: { writes, reads }, others })
    const told = async (name: string, fields: object) => {
      const { status, body } = await plant.ask(name, fields)
      assert.equal(body.error_code, 'UNSUPPORTED', name)
      return [status, body.message]
    }
    const gtt = { ...ORDER, trigger_type: 'SINGLE', product: 'CNC', price: 5, triggerprice_sl: 5 }
    const noGtt = [501, `GTT orders are not supported for broker '${BROKER}' yet`]
    assert.deepEqual(await told('placegttorder', gtt), noGtt)
    assert.deepEqual(await told('gttorderbook', {}), noGtt)
    const positions = [{ ...ORDER, quantity: '10', product: 'MIS', pricetype: 'MARKET' }]
    assert.deepEqual(await told('margin', { positions }), [
      ...[404, `Margin calculation not supported for broker: ${BROKER}`],
    ])
    assert.equal((await told('intervals', {}))[0], 501)
    const elsewhere = { ...ORDER, broker: 'upstox' }
    assert.deepEqual(await told('placeorder', elsewhere), [404, 'Broker-specific module not found'])
  })
})
