// The live orders of an account: what is news, what is late, and whether the table can stand in for the book.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrderRecord } from '../../adapters/orders.ts'
import { OrderTable, SETTLED_MS } from '../../engine/orders/order-table.ts'
import type { WriteTask } from '../../engine/orders/write.ts'
import { order } from './an-order.ts'

const NOW = Date.UTC(2026, 6, 1, 4, 0, 0)
const LATER = '2026-07-01 09:30:09'

/** Takes a whole book, as the account does. */
function readBook(table: OrderTable, rows: readonly OrderRecord[], askedAtMs = NOW, line = 1) {
  for (const row of rows) table.row(row, askedAtMs)
  table.wholeBook(new Set(rows.map(({ orderId }) => orderId)), askedAtMs, line)
}

const task = (name: WriteTask['name'], ask: object): WriteTask => ({
  broker: 'b',
  name,
  ask: ask as WriteTask['ask'],
  intentId: 'tag1',
  clientOrderId: null,
  askHash: '',
  keyId: 'k',
  strategy: '',
})

const filled = order({ filledQuantity: 4, pendingQuantity: 6, timestamp: LATER })
const complete = order({ filledQuantity: 10, pendingQuantity: 0, status: 'complete' })

for (const [what, states, left] of [
  ['a fill that comes after a larger one', [filled, order({ filledQuantity: 3 })], filled],
  ['an open state after the end', [complete, order({ filledQuantity: 10 })], complete],
  [
    'the state before a trigger',
    [order({ timestamp: LATER }), order({ status: 'trigger pending' })],
    order({ timestamp: LATER }),
  ],
  [
    'another end that is older',
    [order({ status: 'cancelled', timestamp: LATER }), order({ status: 'rejected' })],
    order({ status: 'cancelled', timestamp: LATER }),
  ],
] as const) {
  test(`${what} changes nothing, and is counted`, () => {
    const table = new OrderTable()
    assert.deepEqual(
      states.map((state) => table.message(state, NOW)),
      [true, false],
    )
    assert.deepEqual(table.get('1'), left)
    assert.equal(table.late, 1)
  })
}

test('the same from another socket is no news, also when something newer came in between', () => {
  const table = new OrderTable()
  const waiting = order({ status: 'trigger pending' })
  assert.ok(table.message(waiting, NOW))
  assert.ok(table.message(order(), NOW))
  for (const again of [waiting, order()]) assert.ok(!table.message(again, NOW))
  assert.equal(table.get('1')!.status, 'open')
  assert.equal(table.repeated, 2)
})

test('a change of price within the same second is news', () => {
  const table = new OrderTable()
  table.message(order(), NOW)
  assert.ok(table.message(order({ price: 1301 }), NOW))
  assert.equal(table.get('1')!.price, 1301)
})

test('a row that was asked for before a message came does not undo it', () => {
  const table = new OrderTable()
  table.message(order({ price: 1301 }), NOW)
  assert.equal(table.row(order(), NOW - 1), 'nothing')
  assert.equal(table.get('1')!.price, 1301)
  assert.equal(table.row(order(), NOW + 1), 'changed')
  assert.equal(table.row(filled, NOW - 1), 'changed')
})

test('a book takes something back only long after the order was last heard of', () => {
  const table = new OrderTable()
  table.message(complete, NOW)
  assert.equal(table.row(filled, NOW + SETTLED_MS - 1), 'nothing')
  assert.equal(table.get('1')!.status, 'complete')
  assert.equal(table.row(filled, NOW + SETTLED_MS + 1), 'corrected')
  assert.deepEqual([table.get('1'), table.corrected, table.late], [filled, 1, 1])
})

test('what may not be the broker’s own holds until the next book, which is then needed', () => {
  const table = new OrderTable()
  readBook(table, [order()])
  assert.ok(table.message(complete, NOW + 1, true))
  assert.ok(table.message(order({ orderId: '2' }), NOW + 1, true))
  assert.ok(!table.isCurrent(1, NOW + 1))
  readBook(table, [order()], NOW + 2)
  assert.deepEqual(table.records(), [order()])
  assert.ok(table.isCurrent(1, NOW + 2))
  table.message(filled, NOW + 3)
  assert.ok(!table.message(filled, NOW + 4, true))
  assert.ok(table.isCurrent(1, NOW + 4), 'it had been told over the feed already')
})

test('it is current from a whole book on, as long as the line lives and the day lasts', () => {
  const table = new OrderTable()
  table.message(order(), NOW)
  assert.ok(!table.isCurrent(1, NOW), 'no book was read')
  readBook(table, [order()])
  assert.ok(table.isCurrent(1, NOW))
  assert.ok(!table.isCurrent(2, NOW), 'the line was lost and is back')
  assert.ok(!table.isCurrent(null, NOW), 'there is no line')
  assert.ok(!table.isCurrent(1, NOW + 86_400_000), 'it is another day')
  table.wholeBook(new Set(['1']), NOW + 1, null)
  assert.ok(!table.isCurrent(1, NOW + 1), 'the book was asked for without a line')
})

test('an accepted order makes it wait until the order shows', () => {
  const table = new OrderTable()
  readBook(table, [])
  table.expect('1', task('place', {}), NOW + 1)
  assert.ok(!table.isCurrent(1, NOW + 1))
  readBook(table, [], NOW + 2)
  assert.ok(!table.isCurrent(1, NOW + 2), 'a book that lags does not settle it')
  table.message(order(), NOW + 3)
  assert.ok(table.isCurrent(1, NOW + 3))
})

test('an accepted change or cancel makes it wait until the order shows that', () => {
  const table = new OrderTable()
  readBook(table, [order()])
  table.expect('1', task('modify', { ...order(), price: 1302 }), NOW)
  table.message(order({ price: 1301 }), NOW)
  assert.ok(!table.isCurrent(1, NOW))
  table.message(order({ price: 1302 }), NOW)
  assert.ok(table.isCurrent(1, NOW))
  table.expect('1', task('cancel', { orderId: '1' }), NOW)
  assert.ok(!table.isCurrent(1, NOW))
  assert.ok(table.isOverdue(NOW + 101, 100) && !table.isOverdue(NOW + 99, 100))
  table.message(order({ status: 'cancelled' }), NOW)
  assert.ok(table.isCurrent(1, NOW))
})

test('a message that came before the reply to the write settles it', () => {
  const table = new OrderTable()
  readBook(table, [])
  table.message(order(), NOW + 1)
  table.expect('1', task('place', {}), NOW + 2)
  assert.ok(table.isCurrent(1, NOW + 2))
})

test('after a write of unknown outcome only a later book makes it current', () => {
  const table = new OrderTable()
  readBook(table, [order()])
  table.doubt(NOW + 5)
  assert.ok(!table.isCurrent(1, NOW + 5))
  readBook(table, [order()], NOW + 4)
  assert.ok(!table.isCurrent(1, NOW + 6), 'that book was asked for before')
  readBook(table, [order()], NOW + 6)
  assert.ok(table.isCurrent(1, NOW + 6))
})

test('orders that the book has no more are forgotten, new ones are not', () => {
  const table = new OrderTable()
  table.message(order(), NOW)
  table.message(order({ orderId: '2' }), NOW + SETTLED_MS)
  readBook(table, [], NOW + SETTLED_MS + 1)
  assert.deepEqual(
    table.records().map(({ orderId }) => orderId),
    ['2'],
  )
})

test('it holds no more orders than it may, and says that it is not whole', () => {
  const table = new OrderTable(2)
  readBook(table, [order(), order({ ...complete, orderId: '2' })])
  assert.ok(table.isCurrent(1, NOW))
  table.message(order({ orderId: '3' }), NOW)
  assert.deepEqual(
    table.records().map(({ orderId }) => orderId),
    ['1', '3'],
  )
  assert.ok(!table.isCurrent(1, NOW))
  assert.equal(table.row(order({ ...complete, orderId: '2' }), NOW), 'nothing')
  assert.deepEqual([table.size, table.leftOut], [2, 1])
  readBook(
    table,
    ['1', '2', '3'].map((orderId) => order({ orderId })),
    NOW + 1,
  )
  assert.ok(table.size <= 2 && !table.isCurrent(1, NOW + 1))
})
