// A caller's own id of an order: one answer for as long as it is remembered, and no answer of days gone by.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FirstAnswers } from '../../engine/orders/first-answers.ts'

const DAY_MS = 86_400_000
/** 23:59 in India. */
const EVENING_MS = Date.parse('2026-08-25T23:59:00+05:30')

/** Answers under one id, each with how many orders there were by then. */
function counted() {
  const answers = new FirstAnswers<number>()
  let orders = 0
  const ask = (nowMs: number) =>
    answers.once('open-1', 'hash', nowMs, async () => {
      orders += 1
      return { answer: { ok: orders }, isSent: true }
    })
  return { answers, ask }
}

test('an id is remembered until the end of the next day', async () => {
  const { ask } = counted()
  assert.deepEqual(await ask(EVENING_MS), { ok: 1 })
  assert.deepEqual(await ask(EVENING_MS + DAY_MS), { ok: 1 })
})

test('the first call of a later day is an order of its own, also under an id of days before', async () => {
  const { answers, ask } = counted()
  await ask(EVENING_MS)
  assert.deepEqual(await ask(EVENING_MS + 2 * DAY_MS), { ok: 2 })
  assert.equal(answers.size, 1)
})
