// What the gateway knows after a restart: from the journal, and from what is found of the orders that it left open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notSent } from '../../engine/orders/outcome.ts'
import type { JournalEntry, Outcome, WriteTask } from '../../engine/orders/write.ts'
import { Bench, type BenchOptions, CALLER, kite, LIMIT_ORDER, NOW_MS } from './gateway-bench.ts'

const ACCEPTED = { ok: { broker: 'zerodha', orderid: '25' } }
const WITH_ID = { ...LIMIT_ORDER, client_order_id: 'mine-1' }

function accepting(options?: BenchOptions): Bench {
  const bench = new Bench(options)
  bench.respond = () => kite({ order_id: '25' })
  return bench
}

/** A journal in which the order of WITH_ID stands with this outcome. */
async function journalWith(entry: Partial<JournalEntry>): Promise<JournalEntry[]> {
  const before = accepting()
  await before.place(WITH_ID)
  const task = before.tasks[0] as WriteTask
  const base = {
    task,
    intentAtMs: NOW_MS - 1000,
    outcome: null,
    outcomeAtMs: null,
    settledBy: null,
  }
  return [{ ...base, ...entry }]
}
const OPEN = { outcome: 'unknown', why: 'time-out' } as const

test('first answers outlive a restart', async () => {
  const outcome: Outcome = { outcome: 'accepted', id: '25' }
  const journal = await journalWith({ outcome, settledBy: 'reply' })
  const bench = accepting({ journal })
  await bench.gateway.open()
  assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
  const told = await bench.place({ ...WITH_ID, quantity: 11 })
  assert.ok('error' in told && told.error.field === 'client_order_id')
  assert.equal(bench.tasks.length, 0)
})

test('what was not sent leaves its id free, now and after a restart', async () => {
  const unsent = notSent('NETWORK_ERROR', 'connection refused')
  const outcomes = [unsent, unsent, { outcome: 'accepted', id: '25' } as const]
  const sent: WriteTask[] = []
  const orders = {
    open: async () => [],
    write: async (task: WriteTask) => outcomes[sent.push(task) - 1]!,
  }
  const bench = accepting({ options: { orders } })
  const refused = { error: { code: 'NETWORK_ERROR', message: 'not sent: connection refused' } }
  assert.deepEqual(await bench.place(WITH_ID), refused)
  assert.deepEqual(await bench.place({ ...WITH_ID, quantity: 11 }), refused)
  assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
  assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
  assert.equal(sent.length, 3)

  const entry = { intentAtMs: NOW_MS - 1000, outcomeAtMs: NOW_MS, settledBy: 'reply' } as const
  const journal = sent.map((task, at) => ({ ...entry, task, outcome: outcomes[at]! }))
  const free = accepting({ journal: journal.slice(0, 2) })
  await free.gateway.open()
  assert.deepEqual(await free.place(WITH_ID), ACCEPTED)
  assert.equal(free.tasks.length, 1)
  const taken = accepting({ journal })
  await taken.gateway.open()
  assert.deepEqual(await taken.place(WITH_ID), ACCEPTED)
  assert.equal(taken.tasks.length, 0)
})

test('a broker whose words are those of a write that was not sent keeps its id taken', async () => {
  const refusal = { code: 'ORDER_ERROR', message: 'not sent: says the broker' } as const
  const outcome: Outcome = { outcome: 'rejected', refusal }
  const bench = accepting({ journal: await journalWith({ outcome, settledBy: 'reply' }) })
  await bench.gateway.open()
  assert.deepEqual(await bench.place(WITH_ID), { error: refusal })
  assert.equal(bench.tasks.length, 0)
})

test('first answers outlive a restart that crosses midnight, and count nothing of the new day', async () => {
  const outcome: Outcome = { outcome: 'accepted', id: '25' }
  const journal = await journalWith({ outcome, settledBy: 'reply' })
  const change = { ...LIMIT_ORDER, orderid: '25' }
  const before = accepting()
  await before.gateway.modify(change, CALLER)
  journal.push({ ...journal[0]!, task: before.tasks[0]! })
  const bench = accepting({ journal, limits: { perDayMax: 1 } })
  bench.nowMs = NOW_MS + 86_400_000
  await bench.gateway.open()
  assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
  assert.equal(bench.tasks.length, 0)
  assert.deepEqual(await bench.place(LIMIT_ORDER), ACCEPTED)
  await bench.gateway.modify(change, CALLER)
  assert.equal(bench.gateway.isOnlyChange(bench.tasks[1]!), true)
})

for (const [what, outcome] of [
  ['without an outcome', null],
  ['of unknown outcome', OPEN],
] as const) {
  test(`an order ${what} is looked for after a restart, before new ones go out`, async () => {
    const bench = accepting({ journal: await journalWith({ outcome }) })
    bench.nowMs = NOW_MS
    await bench.gateway.open()
    const [search] = bench.searches.values()
    assert.equal(bench.searches.size, 1)
    const again = await bench.place(WITH_ID)
    assert.ok('error' in again && again.error.code === 'UNKNOWN_OUTCOME')
    const waited = await bench.place({ ...LIMIT_ORDER, symbol: 'INFY' })
    assert.ok('error' in waited)
    assert.equal(waited.error.code, 'NETWORK_ERROR')
    assert.match(waited.error.message, /not sent: .*earlier run.* looked for/)
    assert.deepEqual(await bench.gateway.cancel({ orderid: '25' }, CALLER), ACCEPTED)
    bench.searches.clear()
    search!.end({ outcome: 'accepted', id: '25' })
    await new Promise(setImmediate)
    assert.deepEqual(await bench.place(WITH_ID), ACCEPTED)
    assert.deepEqual(await bench.place({ ...LIMIT_ORDER, symbol: 'INFY' }), ACCEPTED)
    assert.deepEqual(
      bench.tasks.map(({ name }) => name),
      ['cancel', 'place'],
    )
  })
}

test('an order that comes while the open ones are being found waits, and goes out then', async () => {
  const bench = accepting({
    journal: await journalWith({ outcome: OPEN }),
    options: { wait: () => new Promise(() => {}) },
  })
  await bench.gateway.open()
  const placed = bench.place({ ...LIMIT_ORDER, symbol: 'INFY' })
  const [search] = bench.searches.values()
  bench.searches.clear()
  search!.end({ outcome: 'accepted', id: '25' })
  assert.deepEqual(await placed, ACCEPTED)
})

test('what is found after it was given up is the answer from then on', async () => {
  const journal = await journalWith({ outcome: OPEN, settledBy: 'reported' })
  const bench = accepting({ journal })
  await bench.gateway.open()
  // Whoever looks is told of all, because what was given up may still turn up.
  assert.deepEqual(bench.resumed, journal)
  bench.gateway.settled(journal[0]!.task, { outcome: 'accepted', id: '77' })
  const found = { ok: { broker: 'zerodha', orderid: '77' } }
  assert.deepEqual(await bench.place(WITH_ID), found)
  assert.equal(bench.tasks.length, 0)
})

test('what was given up and told to people stays unknown, and holds nothing up', async () => {
  const bench = accepting({ journal: await journalWith({ outcome: OPEN, settledBy: 'reported' }) })
  await bench.gateway.open()
  assert.equal(bench.searches.size, 0)
  const told = await bench.place(WITH_ID)
  assert.ok('error' in told && told.error.code === 'UNKNOWN_OUTCOME')
  assert.deepEqual(await bench.place(LIMIT_ORDER), ACCEPTED)
})

test('changes that the journal tells of count', async () => {
  const before = accepting({ orders: { quotas: [] }, broker: { algoId: 'a' } })
  for (let at = 0; at < 25; at++) {
    await before.gateway.modify({ ...LIMIT_ORDER, orderid: '25' }, CALLER)
  }
  const journal = before.tasks.map((task) => ({
    task,
    intentAtMs: NOW_MS - 1000,
    outcome: { outcome: 'accepted', id: '25' } as const,
    outcomeAtMs: NOW_MS - 1000,
    settledBy: 'reply' as const,
  }))
  const bench = accepting({ journal })
  await bench.gateway.open()
  const told = await bench.gateway.modify({ ...LIMIT_ORDER, orderid: '25' }, CALLER)
  assert.ok('error' in told && told.error.field === 'orderid')
})

test('whether a change is the only one of its order is known, also of what the journal tells of', async () => {
  const before = accepting()
  const change = { ...LIMIT_ORDER, orderid: '25' }
  await before.gateway.modify(change, CALLER)
  const [task] = before.tasks
  assert.equal(before.gateway.isOnlyChange(task!), true)
  await before.gateway.cancel({ orderid: '25' }, CALLER)
  await before.gateway.modify({ ...change, orderid: '26' }, CALLER)
  assert.equal(before.gateway.isOnlyChange(task!), true)
  const entry = { task: task!, intentAtMs: NOW_MS - 1000, outcome: OPEN, outcomeAtMs: NOW_MS }
  const bench = accepting({ journal: [{ ...entry, settledBy: 'reported' }] })
  await bench.gateway.open()
  assert.equal(bench.gateway.isOnlyChange(task!), true)
  await bench.gateway.modify(change, CALLER)
  assert.equal(bench.gateway.isOnlyChange(task!), false)
  assert.equal(bench.gateway.isOnlyChange(bench.tasks[0]!), false)
})
