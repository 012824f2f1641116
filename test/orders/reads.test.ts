// Reads may be repeated: tried again with pauses, held back by a breaker when a kind of call keeps failing.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { OrderRecord } from '../../adapters/orders.ts'
import type { ReadsPlan } from '../../engine/orders/plan.ts'
import { until } from '../support/plant.ts'
import { BROKER, keepLogs, placeAsk, plansFor, SESSION, startReads } from './paper-desk.ts'
import { PaperServer } from './paper-server.ts'

async function start(context: TestContext, changes: Partial<ReadsPlan> = {}) {
  const server = await new PaperServer().listen(context)
  const { log, logs } = keepLogs()
  const plan = { ...plansFor(server, '').reads, ...changes }
  const reads = await startReads(context, plan, log)
  return { server, reads, logs }
}

const body = (value: unknown) => ({ status: 200, body: JSON.stringify(value) })
const codeOf = (reply: object) => (reply as { refusal?: { code: string } }).refusal?.code

test('a read that fails on its way is tried again, and answered', async (context) => {
  for (const fault of ['reset before', '502 before', 'garbage after', 'cut after'] as const) {
    const { server, reads } = await start(context)
    server.faults.push(fault, fault)
    assert.deepEqual(await reads.read(BROKER, 'orderBook', null), { answer: [] })
    assert.equal(server.calls.length, 3, fault)
  }
})

test('a read that keeps failing is given up after its retries', async (context) => {
  const { server, reads } = await start(context)
  server.faults.push('reset before', 'reset before', 'reset before')
  const reply = await reads.read(BROKER, 'funds', null)
  assert.equal(codeOf(reply), 'NETWORK_ERROR')
  assert.equal(server.calls.length, 3)
})

test("the broker's refusal is an answer, and is not asked for again", async (context) => {
  const { server, reads } = await start(context)
  const text = `no session ${SESSION.accessToken}`
  server.answers.push(() => ({ status: 403, body: JSON.stringify({ no: 'INVALID_TOKEN', text }) }))
  assert.deepEqual(await reads.read(BROKER, 'funds', null), {
    refusal: { code: 'INVALID_TOKEN', message: 'no session [redacted]' },
  })
  assert.equal(server.calls.length, 1)
})

test('a refusal outside of the closed set is none', async (context) => {
  const { server, reads } = await start(context)
  for (let at = 0; at < 3; at += 1) server.answers.push(() => body({ no: 'WHATEVER', text: 'x' }))
  assert.equal(codeOf(await reads.read(BROKER, 'funds', null)), 'NETWORK_ERROR')
})

test('a kind of call that fails in a row rests, while other kinds go on, and is tried again after', async (context) => {
  const { server, reads } = await start(context, { retriesMax: 0, failuresMax: 3, restMs: 2000 })
  for (let at = 0; at < 3; at += 1) {
    server.faults.push('reset before')
    await reads.read(BROKER, 'funds', null)
  }
  const resting = await reads.read(BROKER, 'funds', null)
  assert.match(JSON.stringify(resting), /3 calls failed in a row; they rest for 2000 ms/)
  assert.equal(server.calls.length, 3)
  assert.ok('answer' in (await reads.read(BROKER, 'orderBook', null)))
  await until('the rest to end', async () => 'answer' in (await reads.read(BROKER, 'funds', null)))
})

test('of one kind only so many reads run, so many wait, and more are refused', async (context) => {
  const { server, reads } = await start(context, { runningMax: 2, waitingMax: 3 })
  server.faults.push('silence before', 'silence before')
  const replies: object[] = []
  for (let at = 0; at < 7; at += 1) {
    void reads.read(BROKER, 'orderBook', null).then((reply) => replies.push(reply))
  }
  await until('the refusals', () => replies.length === 2)
  assert.deepEqual(replies.map(codeOf), ['RATE_LIMITED', 'RATE_LIMITED'])
  await until('the calls that run', () => server.calls.length === 2)
})

test('each kind of call has its time-out', async (context) => {
  const times = { readTimeoutMs: 500, historyTimeoutMs: 4000, retriesMax: 0 }
  const { server, reads } = await start(context, times)
  server.faults.push('silence before', 'silence before')
  const { instrument } = placeAsk('x')
  const ask = { instrument, interval: 'D', from: '2026-08-01', to: '2026-08-02' }
  const history = reads.read(BROKER, 'history', ask)
  await until('the first call', () => server.calls.length === 1)
  const quick = await reads.read(BROKER, 'funds', null)
  assert.match(JSON.stringify(quick), /no complete reply within 500 ms/)
  assert.match(JSON.stringify(await history), /no complete reply within 4000 ms/)
})

test('a long answer arrives whole and in order', async (context) => {
  const { server, reads } = await start(context)
  const { instrument: _, ...terms } = placeAsk('x')
  for (let at = 0; at < 2300; at += 1) {
    server.orders.push({ ...terms, orderId: `P${at}` } as unknown as OrderRecord)
  }
  const [first, second] = await Promise.all([
    reads.read(BROKER, 'orderBook', null),
    reads.read(BROKER, 'orderBook', null),
  ])
  assert.deepEqual(first, { answer: server.orders })
  assert.deepEqual(second, first)
})

test('a read whose thread ended is made once more', async (context) => {
  const { server, reads } = await start(context)
  server.faults.push('silence before')
  const reply = reads.read(BROKER, 'orderBook', null)
  await until('the call', () => server.calls.length === 1)
  await reads.threads[0]!.terminate()
  assert.deepEqual(await reply, { answer: [] })
  assert.deepEqual([server.calls.length, reads.deaths], [2, 1])
})

test('what cannot be read is refused without a call', async (context) => {
  const { server, reads } = await start(context)
  assert.equal(codeOf(await reads.read(BROKER, 'margin', { orders: [] })), 'UNSUPPORTED')
  await reads.useSession(BROKER, null)
  assert.equal(codeOf(await reads.read(BROKER, 'funds', null)), 'INVALID_TOKEN')
  assert.deepEqual(server.calls, [])
})

test('each call is one line of the log, without a secret', async (context) => {
  const { reads, logs } = await start(context)
  await reads.read(BROKER, 'positions', null)
  const [line] = logs.filter(({ msg }) => msg === 'broker call')
  assert.deepEqual([line!.broker, line!.operation, line!.level], [BROKER, 'positions', 'info'])
  assert.ok(Number(line!.callMs) > 0)
  assert.ok(!JSON.stringify(logs).includes(SESSION.accessToken))
})
