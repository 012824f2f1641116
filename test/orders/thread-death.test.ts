// The orders thread, or the whole process, ends at any moment: nothing is sent twice, nothing is forgotten.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Outcome } from '../../engine/orders/write.ts'
import { temporaryFolder, until } from '../support/plant.ts'
import {
  entriesOf,
  keepLogs,
  type PaperDesk,
  placeAsk,
  plansFor,
  startDesk,
  startOrders,
  taskOf,
} from './paper-desk.ts'
import { PaperServer } from './paper-server.ts'

const KILL_CHILD = fileURLToPath(new URL('./kill-child.js', import.meta.url))

/** Each order at the server is one that was told of truly, and none is there twice. */
function checkAgreement({ server, folder }: PaperDesk, outcomes: ReadonlyMap<string, Outcome>) {
  const journal = new Map(entriesOf(folder).map((entry) => [entry.task.intentId, entry]))
  assert.equal(new Set(server.tags).size, server.tags.length, 'an order is there twice')
  const sent = server.writes.map(({ body }) => JSON.parse(body).tag as string)
  assert.equal(new Set(sent).size, sent.length, 'a write was sent twice')
  for (const tag of sent) assert.ok(journal.has(tag), `${tag} was sent without an intent`)
  for (const [id, outcome] of outcomes) {
    assert.deepEqual(journal.get(id)?.outcome ?? outcome, outcome)
    if (outcome.outcome === 'accepted') assert.ok(server.tags.includes(id))
    if (outcome.outcome === 'rejected') assert.ok(!sent.includes(id), `${id} was sent`)
  }
}

test('a write on its way when the thread ends is unknown; the next one goes over a new thread', async (context) => {
  const desk = await startDesk(context)
  const { server, orders, folder, logs } = desk
  server.faults.push('silence after')
  const written = orders.write(taskOf('i1'))
  await until('the call', () => server.writes.length === 1)
  await orders.threads[0]!.terminate()
  const outcome = await written
  assert.deepEqual(outcome, {
    outcome: 'unknown',
    why: 'the orders thread ended while the call was on its way',
  })
  assert.deepEqual(await orders.write(taskOf('i2')), { outcome: 'accepted', id: 'P2' })
  checkAgreement(desk, new Map([['i1', outcome]]))
  assert.deepEqual(
    entriesOf(folder).map(({ settledBy }) => settledBy),
    [null, 'reply'],
  )
  assert.equal(orders.deaths, 1)
  assert.ok(logs.some(({ msg }) => /orders thread ended/.test(String(msg))))
  // What was unknown can still be settled, in the same journal.
  await orders.settle('i1', { outcome: 'accepted', id: 'P1' }, 'reconciled')
  assert.equal(entriesOf(folder)[0]!.settledBy, 'reconciled')
})

test('a thread that ends while it starts is replaced, and the write that waits for it goes out', async (context) => {
  const desk = await startDesk(context)
  const { orders } = desk
  await orders.threads[0]!.terminate()
  const written = orders.write(taskOf('i1'))
  await orders.threads[0]!.terminate()
  assert.deepEqual(await written, { outcome: 'accepted', id: 'P1' })
  assert.equal(orders.deaths, 2)
})

test('a crash of the thread is no more than its end', async (context) => {
  const desk = await startDesk(context)
  const { orders } = desk
  const outcome = await orders.write(taskOf('i1', { ask: placeAsk('i1', 'CRASH') }))
  assert.equal(outcome.outcome, 'accepted')
  await until('the crash', () => orders.deaths === 1)
  assert.equal((await orders.write(taskOf('i2'))).outcome, 'accepted')
  checkAgreement(desk, new Map([['i1', outcome]]))
})

test('a thread that runs out of memory is replaced', async (context) => {
  const desk = await startDesk(context)
  const { orders } = desk
  const outcome = await orders.write(taskOf('i1', { ask: placeAsk('i1', 'GLUTTON') }))
  assert.equal(outcome.outcome, 'unknown')
  assert.equal((await orders.write(taskOf('i2'))).outcome, 'accepted')
  checkAgreement(desk, new Map([['i1', outcome]]))
})

test('threads ended at any moment of many writes leave journal and broker in agreement', async (context) => {
  const desk = await startDesk(context)
  const { orders, server } = desk
  const outcomes = new Map<string, Outcome>()
  const writes: Promise<unknown>[] = []
  for (let round = 0; round < 25; round += 1) {
    for (let at = 0; at < 8; at += 1) {
      const id = `i${round}x${at}`
      writes.push(orders.write(taskOf(id)).then((outcome) => outcomes.set(id, outcome)))
    }
    // Sooner or later in the life of the writes, and of the thread itself.
    const seen = server.writes.length
    const wanted = seen + (round % 5) * 2
    if (round % 5 > 0) {
      await until('some calls', () => server.writes.length >= wanted || orders.running === 0)
    }
    // On a busy machine no thread might ever live long enough to answer.
    if (round === 12) await Promise.all(writes)
    await orders.threads[0]?.terminate()
  }
  await Promise.all(writes)
  assert.equal(outcomes.size, 200)
  assert.ok(orders.deaths >= 20)
  const kinds = new Set([...outcomes.values()].map(({ outcome }) => outcome))
  assert.ok(
    kinds.has('accepted') && kinds.has('rejected') && kinds.has('unknown'),
    [...kinds].join(),
  )
  checkAgreement(desk, outcomes)
})

test('after kill -9 the journal tells every write that went out, and what is open', async (context) => {
  const server = await new PaperServer().listen(context)
  const folder = join(await temporaryFolder(context), 'orders')
  const told = new Map<string, string>()
  for (let round = 0; round < 4; round += 1) {
    const child = spawn(process.execPath, [KILL_CHILD, server.url, folder, `r${round}x`, '500'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    context.after(() => child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (part: Buffer) => {
      output += part
    })
    const wanted = server.writes.length + 20 + 40 * round
    await until('some writes', () => server.writes.length >= wanted, 30_000)
    child.kill('SIGKILL')
    await once(child, 'close')
    for (const line of output.split('\n').slice(1, -1))
      told.set(...(line.split(' ') as [string, string]))
  }
  const { log } = keepLogs()
  const { orders: plan } = plansFor(server, folder)
  const orders = await startOrders(context, plan, log)
  const entries = new Map(entriesOf(folder).map((entry) => [entry.task.intentId, entry]))
  const sent = server.writes.map(({ body }) => JSON.parse(body).tag as string)
  assert.equal(new Set(sent).size, sent.length)
  for (const tag of sent) assert.ok(entries.has(tag), `${tag} was sent without an intent`)
  for (const [id, outcome] of told) {
    // What was refused before it was journalled, because too many were on their way, was not sent.
    if (outcome === 'rejected' && !entries.has(id)) assert.ok(!sent.includes(id))
    else assert.equal(entries.get(id)?.outcome?.outcome, outcome)
  }
  const open = [...entries.values()].filter(({ settledBy }) => settledBy === null)
  assert.ok(open.length > 0, 'no write was on its way')
  for (const { task } of entries.values()) assert.equal(task.clientOrderId, `mine-${task.intentId}`)
  // An id that was used before the kill is not sent again after it.
  assert.equal((await orders.write(taskOf(sent[0]!))).outcome, 'rejected')
  assert.equal(server.writes.length, sent.length)
})

test('writes that come while the engine stops a second time are refused', async (context) => {
  const { orders } = await startDesk(context)
  await orders.close()
  await orders.close()
  assert.equal((await orders.write(taskOf('i1'))).outcome, 'rejected')
})
