// Writes against a server that fails in every way: sent once, told truly, journalled.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { SYNC_POLICIES } from '../../engine/orders/journal.ts'
import type { Outcome } from '../../engine/orders/write.ts'
import { until } from '../support/plant.ts'
import { BROKER, brokerAt, entriesOf, placeAsk, SESSION, startDesk, taskOf } from './paper-desk.ts'
import { FAULTS, type FaultName } from './paper-server.ts'

test("a write is accepted with the broker's id, and the journal has both its lines", async (context) => {
  const { server, orders, folder } = await startDesk(context)
  const task = taskOf('i1')
  assert.deepEqual(await orders.write(task), { outcome: 'accepted', id: 'P1' })
  assert.deepEqual(server.tags, ['i1'])
  const [entry, ...others] = entriesOf(folder)
  assert.deepEqual(others, [])
  assert.deepEqual(entry!.task, task)
  assert.deepEqual([entry!.outcome, entry!.settledBy], [{ outcome: 'accepted', id: 'P1' }, 'reply'])
})

test('when a call arrives at the broker, its intent is in the journal, and no outcome', async (context) => {
  for (const syncPolicy of SYNC_POLICIES) {
    const { server, orders, folder } = await startDesk(context, { syncPolicy })
    const seen: unknown[] = []
    server.beforeBook = async ({ tag }) => {
      seen.push([tag, entriesOf(folder).map(({ task, outcome }) => [task.intentId, outcome])])
    }
    await orders.write(taskOf('i1'))
    assert.deepEqual(seen, [['i1', [['i1', null]]]])
  }
})

test("a rejection is the broker's word, and what it repeats of a secret is blanked everywhere", async (context) => {
  const { orders, folder, logs } = await startDesk(context)
  const outcome = await orders.write(taskOf('i1', { ask: placeAsk('i1', 'REFUSED') }))
  const refusal = { code: 'INSUFFICIENT_FUNDS', message: 'no funds for [redacted]' } as const
  assert.deepEqual(outcome, { outcome: 'rejected', refusal })
  assert.deepEqual(entriesOf(folder)[0]!.outcome, outcome)
  assert.ok(!JSON.stringify(logs).includes(SESSION.accessToken))
})

const WHY: Readonly<Record<FaultName, RegExp>> = {
  'reset before': /connection (reset|closed)/,
  'reset after': /connection (reset|closed)/,
  'silence before': /no complete reply within \d+ ms/,
  'silence after': /no complete reply within \d+ ms/,
  '500 after': /HTTP 500: the adapter failed to read the reply/,
  '502 before': /HTTP 502: the adapter failed to read the reply/,
  'garbage after': /HTTP 200: the adapter failed to read the reply/,
  'empty after': /HTTP 200: the adapter failed to read the reply/,
  'nonsense after': /HTTP 200: the adapter makes no sense of the reply/,
  'redirect after': /HTTP 307: the adapter failed/,
  'cut after': /connection (reset|closed)/,
  'half after': /no complete reply within \d+ ms/,
  'endless after': /the reply is larger than 1048576 bytes/,
}

for (const fault of Object.keys(FAULTS) as FaultName[]) {
  test(`${fault}: the outcome is unknown, and one request went out`, async (context) => {
    const isSilent = /silence|half/.test(fault)
    const limits = isSilent ? { writeTimeoutMs: 2000 } : {}
    const { server, orders, folder } = await startDesk(context, limits)
    server.faults.push(fault)
    const outcome = await orders.write(taskOf('i1'))
    assert.equal(outcome.outcome, 'unknown')
    assert.match((outcome as Extract<Outcome, { outcome: 'unknown' }>).why, WHY[fault])
    assert.deepEqual(server.tags, FAULTS[fault].acts ? ['i1'] : [])
    const [entry] = entriesOf(folder)
    assert.deepEqual([entry!.outcome, entry!.settledBy], [outcome, null])
    // The next write tells that the connections are sound, and that nothing was sent again meanwhile.
    assert.equal((await orders.write(taskOf('i2'))).outcome, 'accepted')
    assert.deepEqual(
      server.writes.map(({ body }) => JSON.parse(body).tag),
      ['i1', 'i2'],
    )
  })
}

test('every kind of write goes out under its own fault, once', async (context) => {
  const { server, orders } = await startDesk(context)
  const { id } = (await orders.write(taskOf('i1'))) as { id: string }
  const modify = { ...placeAsk('i1'), orderId: id, price: 101 }
  const changes = [
    taskOf('i2', { name: 'modify', ask: modify }),
    taskOf('i3', { name: 'cancel', ask: { orderId: id } }),
  ]
  for (const change of changes) {
    server.faults.push('reset after')
    assert.equal((await orders.write(change)).outcome, 'unknown')
  }
  assert.deepEqual(
    server.writes.map(({ method, path }) => `${method} ${path}`),
    ['POST /orders', 'PUT /orders/P1', 'DELETE /orders/P1'],
  )
})

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a call that could not be sent is rejected, as the broker never saw it', async (context) => {
  const port = await closedPort()
  const urls = {
    [`http://127.0.0.1:${port}`]: /^not sent: connection refused$/,
    'http://no-such-host.invalid': /^not sent: host name (not found|lookup failed)$/,
  }
  for (const [rest, message] of Object.entries(urls)) {
    const { orders, folder } = await startDesk(context, { brokers: [brokerAt(rest)] })
    const outcome = await orders.write(taskOf('i1'))
    assert.equal(outcome.outcome, 'rejected')
    const { refusal } = outcome as Extract<Outcome, { outcome: 'rejected' }>
    assert.equal(refusal.code, 'NETWORK_ERROR')
    assert.match(refusal.message, message)
    assert.deepEqual(entriesOf(folder)[0]!.outcome, outcome)
  }
})

test('a certificate that is none ends the call before it is sent', async (context) => {
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (part) => {
      heard.push(part)
      socket.end('this is no TLS')
    })
  }).listen(0, '127.0.0.1')
  context.after(() => server.close())
  await once(server, 'listening')
  const rest = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { orders } = await startDesk(context, { brokers: [brokerAt(rest)] })
  const outcome = await orders.write(taskOf('i1'))
  assert.equal(outcome.outcome, 'rejected')
  assert.ok(!Buffer.concat(heard).includes('POST'))
})

test('without a session nothing is sent or journalled', async (context) => {
  const { server, orders, folder } = await startDesk(context)
  await orders.useSession(BROKER, null)
  const outcome = await orders.write(taskOf('i1'))
  assert.equal((outcome as Extract<Outcome, { outcome: 'rejected' }>).refusal.code, 'INVALID_TOKEN')
  assert.deepEqual([server.calls, entriesOf(folder)], [[], []])
})

test('a new session is that of every later write', async (context) => {
  const { server, orders } = await startDesk(context)
  await orders.write(taskOf('i1'))
  await orders.useSession(BROKER, { accessToken: 'another-token' })
  await orders.write(taskOf('i2'))
  assert.deepEqual(
    server.calls.map(({ authorization }) => authorization),
    [SESSION.accessToken, 'another-token'],
  )
})

test('an intent id is good for one write, whatever became of it', async (context) => {
  const { server, orders, folder } = await startDesk(context)
  server.faults.push('reset before')
  const first = await orders.write(taskOf('i1'))
  const second = await orders.write(taskOf('i1'))
  assert.equal(first.outcome, 'unknown')
  assert.equal((second as Extract<Outcome, { outcome: 'rejected' }>).refusal.code, 'INVALID_ORDER')
  assert.equal(server.writes.length, 1)
  assert.deepEqual(entriesOf(folder)[0]!.outcome, first)
})

test('what a broker does not offer, and what an adapter cannot write, is refused unsent', async (context) => {
  const { server, orders } = await startDesk(context)
  const cases = [
    [taskOf('i1', { name: 'cancelGtt', ask: { triggerId: 'G1' } }), 'UNSUPPORTED'],
    [taskOf('i2', { ask: placeAsk('i2', 'UNWRITABLE') }), 'UNKNOWN_ERROR'],
    [taskOf('i3', { broker: 'other' }), 'INVALID_TOKEN'],
  ] as const
  for (const [task, code] of cases) {
    const outcome = await orders.write(task)
    assert.equal((outcome as Extract<Outcome, { outcome: 'rejected' }>).refusal.code, code)
  }
  assert.deepEqual(server.calls, [])
})

test('many writes at once go out side by side, each once', async (context) => {
  const { server, orders, folder } = await startDesk(context)
  const ids = Array.from({ length: 200 }, (_, at) => `i${at}`)
  const outcomes = await Promise.all(ids.map((id) => orders.write(taskOf(id))))
  assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'))
  assert.deepEqual([...server.tags].sort(), [...ids].sort())
  assert.deepEqual(
    entriesOf(folder)
      .map(({ outcome }) => outcome!.outcome)
      .filter((outcome) => outcome !== 'accepted'),
    [],
  )
})

test('more writes at once than the thread takes are refused, not queued', async (context) => {
  const { server, orders } = await startDesk(context)
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, (_, at) => orders.write(taskOf(`i${at}`))),
  )
  const refused = outcomes.filter(({ outcome }) => outcome === 'rejected')
  assert.equal(refused.length, 300 - 256)
  assert.equal(server.writes.length, 256)
})

test('at the end the writes under way are waited for, and later ones refused', async (context) => {
  const { server, orders } = await startDesk(context)
  let release = () => {}
  server.hold = new Promise((resolve) => {
    release = resolve
  })
  const written = orders.write(taskOf('i1'))
  await until('the call', () => server.writes.length === 1)
  const closed = orders.close()
  const late = await orders.write(taskOf('i2'))
  assert.equal(late.outcome, 'rejected')
  release()
  assert.equal((await written).outcome, 'accepted')
  await closed
  assert.equal(server.writes.length, 1)
})

test('what is known of a write is not taken back by what came late and knows less', async (context) => {
  const { server, orders, folder } = await startDesk(context, { writeTimeoutMs: 2000 })
  const known = () => entriesOf(folder).map(({ outcome, settledBy }) => [outcome, settledBy])
  const unknown: Outcome = { outcome: 'unknown', why: 'looked for in vain' }
  assert.equal((await orders.write(taskOf('i1'))).outcome, 'accepted')
  await orders.settle('i1', unknown, 'reported')
  assert.deepEqual(known(), [[{ outcome: 'accepted', id: 'P1' }, 'reply']])
  server.faults.push('silence after')
  const written = orders.write(taskOf('i2'))
  await until('the call', () => server.writes.length === 2)
  const found: Outcome = { outcome: 'accepted', id: 'P2' }
  await orders.settle('i2', found, 'reconciled')
  assert.equal((await written).outcome, 'unknown')
  assert.deepEqual(known()[1], [found, 'reconciled'])
})
