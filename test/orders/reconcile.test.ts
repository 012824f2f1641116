// Writes of unknown outcome, on the real pools and a server: found in the books, or told to people.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { OrderRecord } from '../../adapters/orders.ts'
import { Reconciler, type ReconcilerOptions } from '../../engine/orders/reconcile.ts'
import type { JournalEntry, Outcome, WriteTask } from '../../engine/orders/write.ts'
import { until } from '../support/plant.ts'
import {
  BROKER,
  entriesOf,
  instrumentOf,
  placeAsk,
  plansFor,
  startDesk,
  startReads,
  taskOf,
} from './paper-desk.ts'
import type { FaultName } from './paper-server.ts'

const UNKNOWN = { outcome: 'unknown', why: 'reset' } as const

async function start(context: TestContext, changes: Partial<ReconcilerOptions> = {}) {
  const desk = await startDesk(context)
  const reads = await startReads(context, plansFor(desk.server, '').reads, desk.log)
  const settled: [string, string, string][] = []
  let asked = 0
  const counted: ReconcilerOptions['reads'] = {
    read(...call) {
      asked += 1
      return reads.read(...call)
    },
  }
  const reconciler = new Reconciler({
    orders: desk.orders,
    reads: counted,
    log: desk.log,
    spacingMs: 10,
    looksMax: 5,
    isOnlyChange: () => true,
    sessionOf: () => null,
    onRefused: () => {},
    onSettled: (task, { outcome }, by) => settled.push([task.intentId, outcome, by]),
    ...changes,
  })
  context.after(() => reconciler.close())
  /** Writes under a fault, and reconciles it. */
  const write = async (task: WriteTask, fault: FaultName): Promise<Outcome> => {
    desk.server.faults.push(fault)
    assert.equal((await desk.orders.write(task)).outcome, 'unknown')
    return reconciler.add(task, Date.now())
  }
  /** What the journal says now, by intent id. */
  const journal = () =>
    entriesOf(desk.folder).map(({ task, outcome, settledBy }) => [
      task.intentId,
      outcome?.outcome,
      settledBy,
    ])
  const looks = () => desk.server.calls.filter(({ method }) => method === 'GET').length
  return { ...desk, reads, reconciler, settled, write, journal, looks, asked: () => asked }
}

test('an order that the broker took is found by its tag and settled, without another write', async (context) => {
  const { server, write, journal, settled } = await start(context)
  assert.deepEqual(await write(taskOf('i1'), 'reset after'), { outcome: 'accepted', id: 'P1' })
  assert.equal(server.writes.length, 1)
  assert.deepEqual(settled, [['i1', 'accepted', 'reconciled']])
  await until('the journal to say so', () => journal()[0]![2] === 'reconciled')
})

test('an order that comes into the book only after some looks is found', async (context) => {
  const { server, write, looks } = await start(context, { looksMax: 50 })
  server.beforeBook = () => until('some looks', () => looks() >= 4).then(() => {})
  assert.deepEqual(await write(taskOf('i1'), 'reset after'), { outcome: 'accepted', id: 'P1' })
  assert.ok(looks() >= 5)
})

test('an order that the book does not show is reported after so many looks, and never sent again', async (context) => {
  const { server, write, journal, looks, reconciler, logs } = await start(context)
  const outcome = await write(taskOf('i1'), 'reset before')
  assert.deepEqual(outcome, {
    outcome: 'unknown',
    why: 'no trace of it in 5 looks at the order book',
  })
  assert.deepEqual([looks(), server.writes.length], [5, 1])
  await until('the journal to say so', () => journal()[0]![2] === 'reported')
  assert.ok(logs.some(({ level, intentId }) => level === 'error' && intentId === 'i1'))
  assert.deepEqual([reconciler.pendingCount, reconciler.reportedCount], [0, 1])
})

test('an order that turns up after it was reported is noticed in any book that is read', async (context) => {
  const { server, write, journal, reconciler, reads, settled, logs } = await start(context)
  let release = () => {}
  const late = new Promise<void>((resolve) => {
    release = resolve
  })
  server.beforeBook = () => late
  await write(taskOf('i1'), 'reset after')
  assert.equal(reconciler.reportedCount, 1)
  release()
  await until('the order to be in the book', () => server.orders.length === 1)
  reconciler.sawOrders('other', server.orders)
  assert.equal(reconciler.reportedCount, 1)
  const reply = await reads.read(BROKER, 'orderBook', null)
  reconciler.sawOrders(BROKER, (reply as { answer: readonly OrderRecord[] }).answer)
  assert.deepEqual(settled.at(-1), ['i1', 'accepted', 'reconciled'])
  assert.equal(reconciler.reportedCount, 0)
  await until('the journal to say so', () => journal()[0]![2] === 'reconciled')
  assert.ok(logs.some(({ msg }) => /reported as not found is in the order book/.test(String(msg))))
})

test('an order book that somebody else read settles what is looked for, too', async (context) => {
  const { server, orders, reconciler } = await start(context, { spacingMs: 600_000 })
  let release = () => {}
  server.beforeBook = () =>
    new Promise((resolve) => {
      release = resolve
    })
  server.faults.push('reset after')
  await orders.write(taskOf('i1'))
  const outcome = reconciler.add(taskOf('i1'), Date.now())
  await until('the first look', () => server.calls.length === 2)
  release()
  await until('the order to be in the book', () => server.orders.length === 1)
  reconciler.sawOrders('other', server.orders)
  assert.equal(reconciler.pendingCount, 1)
  reconciler.sawOrders(BROKER, server.orders)
  assert.deepEqual(await outcome, { outcome: 'accepted', id: 'P1' })
})

test('changes and cancels are judged by the state of their order', async (context) => {
  const { orders, write } = await start(context)
  const placed = (await orders.write(taskOf('i1'))) as { id: string }
  const ask = { ...placeAsk('i1'), orderId: placed.id, price: 101 }
  const modify = await write(taskOf('i2', { name: 'modify', ask }), 'reset after')
  assert.deepEqual(modify, { outcome: 'accepted', id: placed.id })
  const unheard = { ...ask, price: 102 }
  const lost = await write(taskOf('i3', { name: 'modify', ask: unheard }), 'reset before')
  assert.equal(lost.outcome, 'unknown')
  const cancel = await write(
    taskOf('i4', { name: 'cancel', ask: { orderId: placed.id } }),
    'reset after',
  )
  assert.deepEqual(cancel, { outcome: 'accepted', id: placed.id })
  const late = await write(taskOf('i5', { name: 'modify', ask: unheard }), 'reset before')
  assert.equal(late.outcome, 'rejected')
})

test('of two GTTs that are the same each accounts for one', async (context) => {
  const { write, server } = await start(context)
  const gtt = {
    instrument: instrumentOf('SHARE1'),
    type: 'SINGLE',
    action: 'BUY',
    product: 'CNC',
    legs: [{ triggerPrice: 90, price: 89, quantity: 5 }],
    lastPrice: 100,
  } as const
  const first = await write(taskOf('i1', { name: 'placeGtt', ask: gtt }), 'reset after')
  assert.deepEqual(first, { outcome: 'accepted', id: 'G1' })
  const second = await write(taskOf('i2', { name: 'placeGtt', ask: gtt }), 'reset before')
  assert.equal(second.outcome, 'unknown')
  assert.equal(server.gtts.length, 1)
})

test('a GTT that the broker accepted in its reply is not what another one made', async (context) => {
  const { write, server, orders, reconciler } = await start(context)
  const ask = {
    instrument: instrumentOf('SHARE1'),
    type: 'SINGLE',
    action: 'BUY',
    product: 'CNC',
    legs: [{ triggerPrice: 90, price: 89, quantity: 5 }],
    lastPrice: 100,
  } as const
  const first = taskOf('i1', { name: 'placeGtt', ask })
  const told = await orders.write(first)
  assert.ok(told.outcome === 'accepted')
  reconciler.accepted(first, told.id)
  const second = await write(taskOf('i2', { name: 'placeGtt', ask }), 'reset before')
  assert.equal(second.outcome, 'unknown')
  assert.equal(server.gtts.length, 1)
})

test('one read serves all that wait for a book', async (context) => {
  const { orders, server, reconciler, looks } = await start(context)
  const ids = Array.from({ length: 20 }, (_, at) => `i${at}`)
  const outcomes = await Promise.all(
    ids.map(async (id) => {
      server.faults.push('reset after')
      await orders.write(taskOf(id))
      return id
    }),
  ).then((all) => Promise.all(all.map((id) => reconciler.add(taskOf(id), Date.now()))))
  assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'))
  assert.ok(looks() <= 2, `${looks()} looks`)
})

test('a look that fails is none: nothing is reported while the book cannot be read', async (context) => {
  const { server, write, reconciler, reads, logs, asked } = await start(context)
  await reads.useSession(BROKER, null)
  const outcome = write(taskOf('i1'), 'reset after')
  await until('the write', () => reconciler.pendingCount === 1)
  const failed = () => logs.filter(({ msg }) => /cannot be read/.test(String(msg)))
  // More than would be reported, had they been looks at a book.
  await until('some looks to fail', () => asked() > 6)
  assert.equal(reconciler.unknownPlaceOf(BROKER, 'NSE', 'SHARE1'), 'i1')
  assert.equal(reconciler.unknownPlaceOf(BROKER, 'NSE', 'SHARE2'), null)
  await reads.useSession(BROKER, { accessToken: 'another' })
  assert.deepEqual(await outcome, { outcome: 'accepted', id: 'P1' })
  assert.equal(failed().length, 1)
  assert.equal(reconciler.unknownPlaceOf(BROKER, 'NSE', 'SHARE1'), null)
  assert.equal(server.writes.length, 1)
})

test('at a start all that the journal left open is settled or reported before it resolves', async (context) => {
  const { server, reconciler, orders, settled } = await start(context)
  server.faults.push('reset after')
  await orders.write(taskOf('i1'))
  const entry = (task: WriteTask, changes: Partial<JournalEntry>): JournalEntry => ({
    task,
    intentAtMs: Date.now(),
    outcome: null,
    outcomeAtMs: null,
    settledBy: null,
    ...changes,
  })
  await reconciler.resume([
    entry(taskOf('i1'), {}),
    entry(taskOf('i2'), { outcome: UNKNOWN }),
    entry(taskOf('i3'), { outcome: { outcome: 'accepted', id: 'P9' }, settledBy: 'reply' }),
    entry(taskOf('i4'), { outcome: UNKNOWN, settledBy: 'reported' }),
  ])
  assert.deepEqual(settled, [
    ['i1', 'accepted', 'reconciled'],
    ['i2', 'unknown', 'reported'],
  ])
  assert.deepEqual([reconciler.pendingCount, reconciler.reportedCount], [0, 2])
  reconciler.sawOrders(BROKER, [{ ...server.orders[0]!, tag: 'i4' }])
  assert.deepEqual(settled.at(-1), ['i4', 'accepted', 'reconciled'])
})

test('an end stops the looks and leaves what is open open', async (context) => {
  const { write, reconciler, journal, server } = await start(context, { looksMax: 1_000_000 })
  const outcome = write(taskOf('i1'), 'reset before')
  await until('some looks', () => server.calls.length > 3)
  reconciler.close()
  assert.deepEqual(await outcome, { outcome: 'unknown', why: 'the engine stops' })
  assert.deepEqual(journal(), [['i1', 'unknown', null]])
})
