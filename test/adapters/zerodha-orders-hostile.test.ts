// Whatever Zerodha sends: no reader throws, a write is accepted or rejected only on the words that say so, and a read
// is refused where its reply is not whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HttpReply } from '../../adapters/broker.ts'
import { ERROR_CODES, type ReadReply, type WriteReply } from '../../adapters/orders.ts'
import {
  GTT,
  MAHINDRA,
  NIFTY,
  offered,
  orders,
  RELIANCE,
  reply,
  replyNamed,
  TERMS,
} from './zerodha-replies.ts'

const PLACE = { ...TERMS, instrument: RELIANCE, tag: 't', orderId: '250617000123456' }
const HISTORY = { instrument: RELIANCE, interval: '1m', from: '2025-06-16', to: '2025-06-17' }
const { writes, reads } = orders

const WRITES: readonly ((reply: HttpReply) => WriteReply)[] = [
  (told) => writes.place.read(told, PLACE),
  (told) => writes.modify.read(told, PLACE),
  (told) => writes.cancel.read(told, PLACE),
  (told) => offered(writes.placeGtt).read(told, GTT),
  (told) => offered(writes.modifyGtt).read(told, GTT),
  (told) => offered(writes.cancelGtt).read(told, GTT),
]

/** Each read with a good reply to it, and the paths of that reply without which it says nothing. */
const READS: readonly (readonly [
  fixture: string,
  read: (reply: HttpReply) => ReadReply<unknown>,
  needed: readonly string[],
])[] = [
  [
    'order book',
    (told) => reads.orderBook.read(told, null),
    ['0.order_id', '0.status', '0.exchange', '0.tradingsymbol', '0.transaction_type', '1.quantity'],
  ],
  [
    'order status',
    (told) => offered(reads.orderStatus).read(told, PLACE),
    ['2.order_id', '2.status', '2.quantity'],
  ],
  [
    'trade book',
    (told) => reads.tradeBook.read(told, null),
    ['0.trade_id', '0.order_id', '0.average_price', '0.quantity'],
  ],
  ['positions', (told) => reads.positions.read(told, null), ['net.0.quantity', 'net.0.product']],
  ['holdings', (told) => reads.holdings.read(told, null), ['0.quantity', '0.exchange']],
  [
    'funds',
    (told) => reads.funds.read(told, null),
    ['equity.net', 'equity.available', 'commodity.utilised'],
  ],
  [
    'margin of one',
    (told) => offered(reads.margin).read(told, { orders: [PLACE] }),
    ['0', '0.total'],
  ],
  [
    'margin of several',
    (told) => offered(reads.margin).read(told, { orders: [PLACE, PLACE] }),
    ['final', 'final.total'],
  ],
  [
    'quotes',
    (told) => reads.quotes.read(told, [RELIANCE, NIFTY, MAHINDRA]),
    ['NSE:RELIANCE.last_price', 'NSE:RELIANCE.depth.buy.0.price'],
  ],
  [
    'minutes',
    (told) => offered(reads.history).read(told, HISTORY),
    ['candles', 'candles.0.0', 'candles.1.4'],
  ],
  [
    'gtt book',
    (told) => offered(reads.gttBook).read(told, null),
    [
      '0.id',
      '0.type',
      '0.condition',
      '1.condition.trigger_values',
      '1.orders',
      '1.orders.1.quantity',
    ],
  ],
]

const json = fc.jsonValue({ maxDepth: 5 })
const status = fc.oneof(
  fc.constantFrom(0, 200, 201, 204, 301, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504),
  fc.integer({ min: 0, max: 999 }),
)
const word = fc.constantFrom('success', 'error', 'Success', '', null, 1, true)
const type = fc.oneof(
  fc.constantFrom('OrderException', 'NetworkException', '__proto__', 'toString', '', null, 5),
  fc.string(),
)
const envelope = fc.record(
  { status: word, data: json, error_type: type, message: fc.oneof(fc.string(), json) },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  json.map((value) => JSON.stringify(value)),
  envelope.map((value) => JSON.stringify(value)),
)
const hostile = fc.tuple(status, body).map(([code, text]) => reply(code, text))
const RUNS = { numRuns: 2000, seed: 7 }

/** What the body says, or null where it is not an object. */
function told({ body: text }: HttpReply): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

test('a write is accepted only by a success with an id, rejected only by an error under 4xx', () => {
  const check = (given: HttpReply) => {
    for (const read of WRITES) {
      const { outcome } = read(given)
      const says = told(given)
      if (outcome === 'accepted') {
        assert.ok(says?.status === 'success' && given.status >= 200 && given.status < 300)
      } else if (outcome === 'rejected') {
        assert.ok(says?.status === 'error' && given.status >= 400 && given.status < 500)
      } else assert.equal(outcome, 'unknown')
    }
  }
  fc.assert(fc.property(hostile, check), RUNS)
})

test('no id but one of letters, digits, _ and - is taken', () => {
  const given = (id: unknown) => reply(200, { status: 'success', data: { order_id: id } })
  const ids = [null, undefined, '', '../1', 'a b', 'x'.repeat(65), {}, [], true, 1.5, '1\n']
  for (const id of ids) {
    assert.equal(writes.place.read(given(id), PLACE).outcome, 'unknown', JSON.stringify(id))
  }
  assert.equal(writes.place.read(given('A_1-b'), PLACE).outcome, 'accepted')
  assert.equal(writes.place.read(given(250617), PLACE).outcome, 'accepted')
})

for (const [name, read, needed] of READS) {
  test(`${name}: whatever comes is an answer or a refusal with a known code`, () => {
    const check = (given: HttpReply) => {
      const found = read(given)
      // That Kite has no such order is an answer.
      if ('answer' in found) assert.ok(told(given)?.status === 'success' || found.answer === null)
      else assert.ok(ERROR_CODES.includes(found.refusal.code))
    }
    fc.assert(fc.property(hostile, check), { ...RUNS, numRuns: 500 })
  })

  test(`${name}: any value put anywhere in a good reply is an answer or a refusal`, () => {
    const good = replyNamed(name)
    const places = pathsOf(JSON.parse(good.body).data)
    const check = (path: readonly string[], value: unknown) => {
      const found = read(withValue(good, path, value))
      assert.ok('answer' in found || ERROR_CODES.includes(found.refusal.code))
    }
    fc.assert(fc.property(fc.constantFrom(...places), json, check), { ...RUNS, numRuns: 500 })
  })

  for (const path of needed) {
    test(`${name}: without ${path} the reply is refused, which says what is wrong`, () => {
      assert.ok('answer' in read(replyNamed(name)))
      for (const value of [null, 'x'.repeat(3), '', {}, true]) {
        // Some of these are fine as some texts.
        const isText = typeof value === 'string' && value !== ''
        if (isText && /symbol|exchange|product|status|_id$|\.id$/.test(path)) continue
        const found = read(withValue(replyNamed(name), path.split('.'), value))
        assert.ok('refusal' in found, `${path} of ${JSON.stringify(value)}`)
        assert.equal(found.refusal.code, 'UNKNOWN_ERROR')
        assert.match(found.refusal.message, /^Kite's reply: .* is not /)
      }
    })
  }
}

test('a success that says nothing is no empty book', () => {
  const nothing = reply(200, { status: 'success' })
  for (const [name, read] of READS) {
    if (name !== 'quotes') assert.ok('refusal' in read(nothing), name)
  }
})

test('what stands between us and Kite is told from Kite', () => {
  const codes = [0, 429, 500, 502, 403, 200].map((code) => {
    const found = reads.orderBook.read(reply(code, '<html>'), null)
    return 'refusal' in found ? found.refusal.code : ''
  })
  const [network, unknown] = ['NETWORK_ERROR', 'UNKNOWN_ERROR']
  assert.deepEqual(codes, [network, 'RATE_LIMITED', network, network, unknown, unknown])
})

/** Paths of every value inside. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  const inside = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))
  return [[...path], ...inside]
}

/** A reply with one value of its data replaced. */
function withValue(good: HttpReply, path: readonly string[], value: unknown): HttpReply {
  const content = JSON.parse(good.body)
  const [last, ...before] = ['data', ...path].reverse()
  let holder = content
  for (const key of before.reverse()) holder = holder[key]
  holder[last!] = value
  return reply(good.status, content)
}
