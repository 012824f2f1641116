// What a start tells of the days before: what is open, and what callers may still ask for.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { findEntries } from '../../engine/orders/journal-days.ts'
import { ACCEPTED, DAY_MS, surroundings } from './journal-folder.ts'
import { taskOf } from './paper-desk.ts'

test('what a caller may ask for again the next day is known after a restart', async (context) => {
  const { open, clock } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  journal.outcome('i1', ACCEPTED)
  await journal.close()
  const known = () => open().entries.map(({ task, settledBy }) => [task.clientOrderId, settledBy])
  for (const [days, expected] of [
    [1, [['mine-i1', 'reply']]],
    // The day has a file by now.
    [0, [['mine-i1', 'reply']]],
    [1, []],
  ] as const) {
    clock.nowMs += days * DAY_MS
    assert.deepEqual(known(), expected)
  }
})

test('the first day of a weekend away leaves only what is open', async (context) => {
  const { open, clock } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  journal.outcome('i1', ACCEPTED)
  await journal.intent(taskOf('i2'))
  await journal.close()
  clock.nowMs += 3 * DAY_MS
  assert.deepEqual(
    open().entries.map(({ task }) => task.intentId),
    ['i2'],
  )
})

test('an outcome that was damaged opens nothing anew on the next day, and frees no id', async (context) => {
  const { open, clock, file } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  journal.outcome('i1', ACCEPTED)
  const yesterday = file()
  clock.nowMs += DAY_MS
  await journal.intent(taskOf('j1'))
  await journal.close()
  writeFileSync(yesterday, readFileSync(yesterday, 'utf8').replace('"id":"P1"', '"id":"P7"'))
  const { entries, damage } = open()
  assert.equal(damage.length, 1)
  assert.deepEqual(
    entries.map(({ task, outcome, settledBy }) => [task.intentId, outcome?.outcome, settledBy]),
    [
      ['i1', 'unknown', 'reported'],
      ['j1', undefined, null],
    ],
  )
})

test('a write of before midnight is found after it, whatever became of it', async (context) => {
  const { open, clock, folder } = await surroundings(context)
  const { journal } = open()
  for (const id of ['i1', 'i2']) await journal.intent(taskOf(id))
  journal.outcome('i1', ACCEPTED)
  await journal.close()
  clock.nowMs += DAY_MS
  await open().journal.close()
  assert.deepEqual(
    findEntries(folder, ['i1', 'i2', 'i3'], clock.nowMs).map(({ outcome }) => outcome),
    [ACCEPTED, null],
  )
})
