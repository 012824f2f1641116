// The check itself: it sees each way in which an exchange, a journal and a caller can disagree.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JournalEntry, Outcome, WriteTask } from '../../engine/orders/write.ts'
import type { RecordedOrder } from '../../sim/kite-record.ts'
import { type Asked, checkAnswers, checkBooks } from './check.ts'
import { planRun, shareOf } from './plan.ts'
import type { Told } from './protocol.ts'

const AT_MS = 1_790_000_000_000

function order(tag: string | null, changes: Partial<RecordedOrder> = {}): RecordedOrder {
  return {
    orderId: `id-${tag}`,
    tag,
    origin: 'api',
    arrivedMs: AT_MS,
    exchange: 'NSE',
    tradingsymbol: 'SHARE',
    token: 1,
    transactionType: 'BUY',
    orderType: 'LIMIT',
    product: 'MIS',
    quantity: 5,
    status: 'OPEN',
    statusMessage: null,
    filledQuantity: 0,
    averagePrice: 0,
    modifications: 0,
    states: [],
    ...changes,
  }
}

const accepted = (id: string): Outcome => ({ outcome: 'accepted', id })
const REJECTED: Outcome = { outcome: 'rejected', refusal: { code: 'ORDER_ERROR', message: 'no' } }
const UNKNOWN: Outcome = { outcome: 'unknown', why: 'reset' }

function entry(
  intentId: string,
  outcome: Outcome | null,
  settledBy: JournalEntry['settledBy'],
  task: object = {},
): JournalEntry {
  const whole = { name: 'place', ask: {}, intentId, clientOrderId: null, strategy: `w-${intentId}` }
  return {
    task: { ...whole, ...task } as unknown as WriteTask,
    intentAtMs: AT_MS - 5,
    outcome,
    outcomeAtMs: AT_MS,
    settledBy,
  }
}

const CALLS = { place: 0, modify: 0, cancel: 0 }
const books = (orders: RecordedOrder[], ...entries: JournalEntry[]) =>
  checkBooks({
    record: { orders },
    calls: CALLS,
    journal: new Map(entries.map((each) => [each.task.intentId, each])),
  })

const changed = (quantity: number) => ({
  states: [{ status: 'OPEN', atMs: AT_MS, filledQuantity: 0, quantity, price: 1, triggerPrice: 0 }],
  modifications: 1,
})
const change = (outcome: Outcome, id = 'm', settledBy: JournalEntry['settledBy'] = 'reply') =>
  entry(id, outcome, settledBy, { name: 'modify', ask: { orderId: 'id-a', quantity: 100 } })
const cancel = (outcome: Outcome, settledBy: JournalEntry['settledBy'] = 'reply') =>
  entry('c', outcome, settledBy, { name: 'cancel', ask: { orderId: 'id-a' } })
const PLACED = entry('a', accepted('id-a'), 'reply')

describe('books', () => {
  test('that agree are left in peace', () => {
    const orders = [order('a', { ...changed(100), status: 'CANCELLED' }), order('b')]
    const entries = [
      PLACED,
      entry('b', accepted('id-b'), 'reconciled'),
      entry('n', UNKNOWN, 'reported'),
      entry('r', REJECTED, 'reply'),
      change(accepted('id-a')),
      cancel(accepted('id-a')),
    ]
    assert.deepEqual(books(orders, ...entries), [])
    const refused = order('r', { status: 'REJECTED' })
    assert.deepEqual(books([refused], entry('r', REJECTED, 'reply')), [])
  })

  const WRONG: Readonly<Record<string, [RegExp, RecordedOrder[], ...JournalEntry[]]>> = {
    'two orders of one tag': [/duplicate/, [order('a'), order('a')], PLACED],
    'an order without a tag': [/no tag/, [order(null)]],
    'an order that is not journalled': [/^lost: order/, [order('a')]],
    'an order that came before its intent': [
      /before its intent/,
      [order('a', { arrivedMs: 0 })],
      PLACED,
    ],
    'an order of another id': [/has it as id-a/, [order('a')], entry('a', accepted('x'), 'reply')],
    'a rejected order that stands': [
      /has it as id-a, OPEN/,
      [order('a')],
      entry('a', REJECTED, 'reply'),
    ],
    'a reported order that stands': [/has it as/, [order('a')], entry('a', UNKNOWN, 'reported')],
    'an accepted order that is nowhere': [/^lost: place/, [], PLACED],
    'a write without an outcome': [/^open/, [], entry('a', null, null)],
    'an unknown write that nobody reported': [/^open/, [], entry('a', UNKNOWN, null)],
    'a change that never was': [/^lost: modify/, [order('a')], PLACED, change(accepted('id-a'))],
    'a change that was, and was told as rejected': [
      /has made the change/,
      [order('a', changed(100))],
      PLACED,
      change(REJECTED),
    ],
    'a change made twice': [
      /changed 2 times, asked 1/,
      [order('a', { ...changed(100), modifications: 2 })],
      PLACED,
      change(accepted('id-a')),
    ],
    'a cancel that never was': [
      /the order is OPEN/,
      [order('a')],
      PLACED,
      cancel(accepted('id-a')),
    ],
    'a cancel that was, and was told as rejected': [
      /is cancelled/,
      [order('a', { status: 'CANCELLED' })],
      PLACED,
      cancel(REJECTED, 'reconciled'),
    ],
    "one id of a caller's for two writes": [
      /client id k/,
      [order('a'), order('b')],
      entry('a', accepted('id-a'), 'reply', { clientOrderId: 'k' }),
      entry('b', accepted('id-b'), 'reply', { clientOrderId: 'k' }),
    ],
  }
  for (const [what, [words, orders, ...entries]] of Object.entries(WRONG)) {
    test(`with ${what} are told of`, () => {
      const wrong = books(orders, ...entries)
      assert.equal(wrong.length, 1, wrong.join('\n'))
      assert.match(wrong[0]!, words)
    })
  }
})

test('a write that was sent twice is told of, also where the exchange knows of none', () => {
  const known = entry('a', UNKNOWN, 'reported')
  const sent = (place: number) => {
    const calls = { ...CALLS, place }
    return checkBooks({ record: { orders: [] }, calls, journal: new Map([['a', known]]) })
  }
  assert.deepEqual(sent(1), [])
  assert.match(sent(2).join(), /called 2 times to place, intents 1/)
})

describe('answers', () => {
  const OK: Told = { ok: { orderid: 'id-a' } }
  const LOOKING: Told = { error: { code: 'UNKNOWN_OUTCOME', message: 'looked for' } }
  const NOT_SENT: Told = { error: { code: 'NETWORK_ERROR', message: 'not sent: refused' } }
  const NO: Told = { error: { code: 'ORDER_ERROR', message: 'no' } }
  const check = (
    answers: Asked['answers'],
    known: JournalEntry | null,
    clientId: string | null,
  ) => {
    const asked: Asked = { label: 'w-a', name: 'place', clientId, input: {}, answers }
    return checkAnswers(asked, new Map(known === null ? [] : [['a', known]]))
  }
  const named = (outcome: Outcome, settledBy: JournalEntry['settledBy']) =>
    entry('a', outcome, settledBy, { clientOrderId: 'k' })

  test('of a write that went out when it came again are those of the last time', () => {
    const refusal = { code: 'NETWORK_ERROR', message: 'not sent: refused' } as const
    const clientOrderId = 'k'
    const journal = new Map([
      [
        'b',
        entry('b', { outcome: 'rejected', refusal, isSent: false }, 'reply', { clientOrderId }),
      ],
      ['a', named(accepted('id-a'), 'reply')],
    ])
    const asked: Asked = {
      ...{ label: 'w-a', name: 'place', clientId: 'k', input: {} },
      answers: [NOT_SENT, OK],
    }
    assert.deepEqual(checkAnswers(asked, journal), [])
    const calls = { ...CALLS, place: 1 }
    assert.deepEqual(checkBooks({ record: { orders: [order('a')] }, calls, journal }), [])
  })

  test('that agree are left in peace', () => {
    assert.deepEqual(check([OK], PLACED, null), [])
    assert.deepEqual(check([LOOKING], PLACED, null), [])
    assert.deepEqual(check([NOT_SENT], null, null), [])
    assert.deepEqual(check([null, LOOKING, OK], named(accepted('id-a'), 'reconciled'), 'k'), [])
    assert.deepEqual(check([NOT_SENT, OK], named(accepted('id-a'), 'reply'), 'k'), [])
    assert.deepEqual(check([LOOKING], named(UNKNOWN, 'reported'), 'k'), [])
    assert.deepEqual(check([NO, NO], named(REJECTED, 'reply'), 'k'), [])
  })

  for (const [what, answers, known] of [
    ['yes, and nothing is known', [OK], null],
    ['yes, of another order', [OK], named(accepted('x'), 'reply')],
    ['no, and then yes', [NO, OK], named(accepted('id-a'), 'reply')],
    ['unknown to the end, where the journal knows', [LOOKING], named(accepted('id-a'), 'reply')],
    ['not sent to the end, where it was', [NOT_SENT], named(accepted('id-a'), 'reply')],
  ] as const) {
    test(`that say ${what} are told of`, () => {
      assert.notDeepEqual(check([...answers], known, 'k'), [])
    })
  }
})

describe('plans', () => {
  test('are the same for the same seed, and others for another', () => {
    const ends = { kills: 1, terminates: 1 }
    assert.deepEqual(planRun(7, ends), planRun(7, ends))
    const plans = Array.from({ length: 200 }, (_, seed) => planRun(seed, ends))
    assert.equal(new Set(plans.map((plan) => JSON.stringify(plan))).size, 200)
    const faults = new Set(plans.flatMap((plan) => plan.faults.map((fault) => fault.do)))
    assert.equal(faults.size, 15, [...faults].join(' '))
    const writes = new Set(plans.flatMap((plan) => plan.steps.flat().map(({ is }) => is)))
    assert.deepEqual([...writes].sort(), ['again', 'cancel', 'login', 'modify', 'place'])
  })

  test('ends are spread over the runs, none of them lost', () => {
    for (const [total, runs] of [
      [100, 2000],
      [5, 100],
      [250, 100],
      [0, 10],
    ] as const) {
      const shares = Array.from({ length: runs }, (_, at) => shareOf(total, at, runs))
      assert.equal(
        shares.reduce((sum, share) => sum + share, 0),
        total,
      )
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1)
    }
  })
})
