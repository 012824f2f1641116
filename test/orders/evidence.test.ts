// What a book says about a write, and what it does not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GttRecord, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { ModifyAsk, OrderRecord } from '../../adapters/orders.ts'
import { evidenceOfGtts, evidenceOfOrders, indexOrders } from '../../engine/orders/evidence.ts'
import type { WriteTask } from '../../engine/orders/write.ts'
import { instrumentOf, placeAsk, taskOf } from './paper-desk.ts'

const { instrument: _, ...TERMS } = placeAsk('i1')
const RECORD: OrderRecord = {
  ...TERMS,
  brokerExchange: 'NSE',
  brokerSymbol: 'SHARE1',
  token: '1',
  orderId: 'P1',
  exchangeOrderId: null,
  status: 'open',
  statusMessage: null,
  filledQuantity: 0,
  pendingQuantity: 10,
  cancelledQuantity: 0,
  averagePrice: 0,
  timestamp: '',
}

/** In one word what the book says. */
function verdict(task: WriteTask, changes: Partial<OrderRecord>, isOnlyChange = true): string {
  const other = { ...RECORD, orderId: 'P0', tag: 'i0', status: 'cancelled' as const }
  const book = indexOrders([other, { ...RECORD, ...changes }])
  return evidenceOfOrders(task, book, isOnlyChange)?.outcome ?? 'nothing'
}

test('a place is there under its tag, in whatever state', () => {
  const task = taskOf('i1')
  const cases: [Partial<OrderRecord>, string][] = [
    [{}, 'accepted'],
    [{ status: 'complete' }, 'accepted'],
    [{ status: 'cancelled' }, 'accepted'],
    [{ status: 'rejected', statusMessage: 'no margin' }, 'rejected'],
    [{ tag: 'i2' }, 'nothing'],
    [{ tag: null }, 'nothing'],
  ]
  for (const [changes, expected] of cases) assert.equal(verdict(task, changes), expected)
  const book = indexOrders([RECORD])
  assert.deepEqual(evidenceOfOrders(task, book, false), { outcome: 'accepted', id: 'P1' })
})

test('a modify is there when the order has the terms asked for, and gone when it ended without', () => {
  const modify = (changes: Partial<ModifyAsk>) =>
    taskOf('i2', { name: 'modify', ask: { ...placeAsk('i1'), orderId: 'P1', ...changes } })
  const cases: [Partial<ModifyAsk>, Partial<OrderRecord>, string][] = [
    [{ price: 101 }, { price: 101 }, 'accepted'],
    [{ price: 101 }, { price: 101, status: 'complete' }, 'accepted'],
    [{ price: 101 }, {}, 'nothing'],
    [{ price: 101 }, { status: 'complete' }, 'rejected'],
    [{ price: 101 }, { status: 'cancelled' }, 'rejected'],
    [{ quantity: 20 }, {}, 'nothing'],
    [{ priceType: 'MARKET', price: 0 }, {}, 'nothing'],
    [{ priceType: 'MARKET', price: 0 }, { priceType: 'MARKET', price: 99 }, 'accepted'],
    [{ priceType: 'SL', triggerPrice: 9 }, { priceType: 'SL', triggerPrice: 9 }, 'accepted'],
    [{ priceType: 'SL', triggerPrice: 9 }, { priceType: 'SL', triggerPrice: 8 }, 'nothing'],
    [{ validity: 'IOC' }, {}, 'nothing'],
    [{ price: 101 }, { price: 101, orderId: 'P7' }, 'nothing'],
  ]
  for (const [ask, changes, expected] of cases)
    assert.equal(verdict(modify(ask), changes), expected, JSON.stringify([ask, changes]))
})

test('a change is not told as rejected when another may have taken its place', () => {
  const ask = { ...placeAsk('i1'), orderId: 'P1', price: 101 }
  const task = taskOf('i2', { name: 'modify', ask })
  assert.equal(verdict(task, { price: 102, status: 'complete' }, false), 'nothing')
  assert.equal(verdict(task, { price: 101, status: 'complete' }, false), 'accepted')
  const gtt = taskOf('i5', { name: 'modifyGtt', ask: { ...GTT, triggerId: 'G1' } })
  const ended = { legs: [GTT.legs[0]!], status: 'triggered' } as const
  assert.equal(gttVerdict(gtt, ended, [], false), 'nothing')
  const cancel = taskOf('i6', { name: 'cancelGtt', ask: { triggerId: 'G1' } })
  assert.equal(gttVerdict(cancel, ended, [], false), 'rejected')
})

test('a cancel is there when the order is cancelled; one that is not listed says nothing', () => {
  const task = taskOf('i3', { name: 'cancel', ask: { orderId: 'P1' } })
  const cases: [Partial<OrderRecord>, string][] = [
    [{ status: 'cancelled' }, 'accepted'],
    [{ status: 'complete' }, 'rejected'],
    [{ status: 'rejected' }, 'rejected'],
    [{ status: 'open' }, 'nothing'],
    [{ status: 'trigger pending' }, 'nothing'],
    [{ orderId: 'P2' }, 'nothing'],
  ]
  for (const [changes, expected] of cases) assert.equal(verdict(task, changes), expected)
})

const AT_MS = Date.parse('2026-08-25T09:15:00.700+05:30')
const GTT: PlaceGttAsk = {
  instrument: instrumentOf('SHARE1'),
  type: 'OCO',
  action: 'SELL',
  product: 'CNC',
  legs: [
    { triggerPrice: 90, price: 89, quantity: 5 },
    { triggerPrice: 110, price: 109, quantity: 5 },
  ],
  lastPrice: 100,
}
const { instrument: __, ...GTT_TERMS } = GTT
const GTT_RECORD: GttRecord = {
  ...GTT_TERMS,
  brokerExchange: 'NSE',
  brokerSymbol: 'SHARE1',
  token: '1',
  triggerId: 'G1',
  status: 'active',
  createdAt: '2026-08-25 09:15:00',
  updatedAt: '',
  expiresAt: '',
}

function gttVerdict(
  task: WriteTask,
  changes: Partial<GttRecord>,
  taken: string[] = [],
  isOnlyChange = true,
): string {
  const records = [{ ...GTT_RECORD, ...changes }]
  const isTaken = (id: string) => taken.includes(id)
  return evidenceOfGtts(task, AT_MS, records, isTaken, isOnlyChange)?.outcome ?? 'nothing'
}

test("a placed GTT is one that is the same in all, came since, and is no other write's", () => {
  const task = taskOf('i4', { name: 'placeGtt', ask: GTT })
  const cases: [Partial<GttRecord>, string][] = [
    [{}, 'accepted'],
    [{ legs: [...GTT.legs].reverse() }, 'accepted'],
    [{ createdAt: '2026-08-25T03:45:01Z' }, 'accepted'],
    [{ createdAt: '2026-08-25 09:14:50' }, 'nothing'],
    [{ createdAt: 'just now' }, 'nothing'],
    [{ brokerSymbol: 'SHARE2' }, 'nothing'],
    [{ action: 'BUY' }, 'nothing'],
    [{ product: 'NRML' }, 'nothing'],
    [{ legs: [GTT.legs[0]!] }, 'nothing'],
    [{ status: 'triggered' }, 'accepted'],
    [{ status: 'rejected' }, 'rejected'],
  ]
  for (const [changes, expected] of cases)
    assert.equal(gttVerdict(task, changes), expected, JSON.stringify(changes))
  assert.equal(gttVerdict(task, {}, ['G1']), 'nothing')
})

test('a changed or cancelled GTT is known by its id', () => {
  const ask = { ...GTT, triggerId: 'G1' }
  const modify = taskOf('i5', { name: 'modifyGtt', ask })
  const cancel = taskOf('i6', { name: 'cancelGtt', ask: { triggerId: 'G1' } })
  const legs = [GTT.legs[0]!]
  const cases: [WriteTask, Partial<GttRecord>, string][] = [
    [modify, {}, 'accepted'],
    [modify, { legs }, 'nothing'],
    [modify, { legs, status: 'triggered' }, 'rejected'],
    [modify, { triggerId: 'G2' }, 'nothing'],
    [cancel, { status: 'cancelled' }, 'accepted'],
    [cancel, { status: 'triggered' }, 'rejected'],
    [cancel, {}, 'nothing'],
    [cancel, { triggerId: 'G2' }, 'nothing'],
  ]
  for (const [task, changes, expected] of cases)
    assert.equal(gttVerdict(task, changes), expected, JSON.stringify([task.name, changes]))
})
