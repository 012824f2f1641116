// One account's orders through the hours, with a clock that can be put forward: who is told what, and when it is asked.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { OrderRecord } from '../../adapters/orders.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { OrderAccount } from '../../engine/orders/order-account.ts'
import { ToldStates } from '../../engine/orders/told-states.ts'
import { type Scope, temporaryFolder } from '../support/plant.ts'
import { order } from './an-order.ts'

/** 23:59 in India. */
const LATE_MS = Date.UTC(2026, 6, 1, 18, 29, 0)
const POLL_MS = 5000

async function open(context: Scope, on: { folder?: string; date?: string } = {}) {
  const folder = on.folder ?? (await temporaryFolder(context))
  const log = createLogger({ level: 'silent' })
  const told = await ToldStates.open({ folder, broker: 'b', date: on.date ?? '2026-07-01' }, log)
  const state = { nowMs: LATE_MS, line: 1 as number | null, listens: true, looks: 0 }
  const sent: string[] = []
  const evidence: string[] = []
  const account = new OrderAccount({
    broker: 'b',
    told,
    listens: () => state.listens,
    line: () => state.line,
    async send({ orderId, status, filledQuantity }: OrderRecord) {
      sent.push(`${orderId} ${status} ${filledQuantity}`)
    },
    onMessage: ({ orderId }) => void evidence.push(orderId),
    async readBook() {
      state.looks += 1
      return { ok: [] }
    },
    pollMs: POLL_MS,
    nowMs: () => state.nowMs,
    log,
  })
  return { account, state, sent, evidence, folder }
}

test('who listens through midnight misses nothing, and is told nothing twice', async (context) => {
  const { account, state, sent, folder } = await open(context)
  await account.book([], state.nowMs, 1)
  account.message(order(), 'feed')
  account.message(order({ orderId: '2', status: 'cancelled' }), 'feed')
  state.nowMs += 120_000
  const news = order({ orderId: '3', timestamp: '2026-07-02 00:01:00' })
  await account.book([order(), news], state.nowMs, 1)
  account.message(order({ status: 'complete', filledQuantity: 10 }), 'feed')
  await account.close()
  assert.deepEqual(sent, ['1 open 0', '2 cancelled 0', '3 open 0', '1 complete 10'])
  const lines = await readFile(join(folder, 'told-b-2026-07-02.jsonl'), 'utf8')
  for (const line of ['["1","open",0]', '"begun"', '["3","open",0]', '["1","complete",10]']) {
    assert.ok(lines.split('\n').includes(line), lines)
  }
})

test('what ended yesterday is not told again to who comes back, also after a restart', async (context) => {
  const { account, state, sent, folder } = await open(context)
  await account.book([], state.nowMs, 1)
  const ended = order({ status: 'complete', filledQuantity: 10 })
  account.message(ended, 'feed')
  state.nowMs += 120_000
  account.check()
  // Some brokers list it until the morning.
  await account.book([ended], state.nowMs, 1)
  for (const listens of [false, true]) {
    state.listens = listens
    account.check()
  }
  await account.close()
  assert.deepEqual(sent, ['1 complete 10'])

  const next = await open(context, { folder, date: '2026-07-02' })
  next.state.nowMs = state.nowMs
  await next.account.book([ended], state.nowMs, 1)
  await next.account.close()
  assert.deepEqual(next.sent, [])
})

test('the book is looked at at once when a line is new, then only as often as is said', async (context) => {
  const { account, state } = await open(context)
  const looksAfter = async (ms: number) => {
    state.nowMs += ms
    account.check()
    // The look has an answer by then.
    await new Promise((resolve) => setImmediate(resolve))
    return state.looks
  }
  assert.equal(await looksAfter(0), 1)
  await account.book([], state.nowMs, 1)
  assert.equal(await looksAfter(60_000), 2, 'a new day asks for a new book')
  await account.book([], state.nowMs, 1)
  assert.equal(await looksAfter(60_000), 2)
  state.line = 2
  assert.equal(await looksAfter(0), 3)
  state.line = null
  assert.equal(await looksAfter(POLL_MS - 1), 3)
  assert.equal(await looksAfter(1), 4)
  state.listens = false
  assert.equal(await looksAfter(60_000), 4)
})

test('a state that a later book takes back is told as what it is then', async (context) => {
  const { account, state, sent } = await open(context)
  await account.book([], state.nowMs, 1)
  account.message(order({ status: 'complete', filledQuantity: 10 }), 'feed')
  state.nowMs += 15_000
  await account.book([order({ filledQuantity: 4 })], state.nowMs, 1)
  await account.close()
  assert.deepEqual(sent, ['1 complete 10', '1 open 4'])
  assert.equal(account.status().corrected, 1)
})

test('what somebody else may have made of a postback is no evidence of a write', async (context) => {
  const { account, sent, evidence } = await open(context)
  await account.book([], LATE_MS, 1)
  account.message(order({ status: 'rejected' }), 'postback')
  account.message(order({ orderId: '2' }), 'feed')
  await account.close()
  assert.deepEqual(sent, ['1 rejected 0', '2 open 0'])
  assert.deepEqual(evidence, ['2'])
})
