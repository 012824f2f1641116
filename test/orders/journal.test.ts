import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { JournalOptions } from '../../engine/orders/journal.ts'
import { type AppendFile, journalDates, openAppendFile } from '../../engine/orders/journal-file.ts'
import { decodeRecord } from '../../engine/orders/journal-record.ts'
import type { Outcome } from '../../engine/orders/write.ts'
import { ACCEPTED, DAY_MS, MORNING_MS, surroundings } from './journal-folder.ts'
import { placeAsk, taskOf } from './paper-desk.ts'

const UNKNOWN: Outcome = { outcome: 'unknown', why: 'reset' }

/** A file whose steps are noted, and whose syncs end when the test lets them. */
class WatchedFile implements AppendFile {
  readonly #file: AppendFile
  readonly #syncs: { resolve: () => void; reject: (error: Error) => void }[] = []
  failAppends = false
  failCuts = false
  /** Bytes of the next append that reach the file all the same. */
  partBytes = 0
  readonly steps: string[] = []

  constructor(file: string) {
    this.#file = openAppendFile(file)
  }

  append(bytes: Uint8Array): void {
    const is = /"is":"(\w+)"/.exec(Buffer.from(bytes).toString())?.[1]
    this.steps.push(`append ${is}`)
    if (this.failAppends) {
      this.#file.append(bytes.subarray(0, this.partBytes))
      throw new Error('ENOSPC')
    }
    this.#file.append(bytes)
  }

  cut(size: number): void {
    this.steps.push('cut')
    if (this.failCuts) throw new Error('EIO')
    this.#file.cut(size)
  }

  sync(): Promise<void> {
    this.steps.push('sync')
    return new Promise((resolve, reject) => this.#syncs.push({ resolve, reject }))
  }

  endSync(error?: Error): void {
    const { resolve, reject } = this.#syncs.shift()!
    if (error === undefined) resolve()
    else reject(error)
  }

  close(): void {
    this.steps.push('close')
    this.#file.close()
  }
}

/** A journal on files that are watched. */
async function watched(context: TestContext, policy: JournalOptions['policy']) {
  const around = await surroundings(context)
  const files: WatchedFile[] = []
  const openFile = (name: string) => {
    files.push(new WatchedFile(name))
    return files.at(-1)!
  }
  const { journal } = around.open({ policy, openFile })
  return { ...around, journal, files, disk: files[0]! }
}

/** Whether a promise has ended by now, when all that is ready has run. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(
    () => (done = true),
    () => (done = true),
  )
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('under none the disk is never asked', async (context) => {
  const { journal, disk } = await watched(context, 'none')
  await journal.intent(taskOf('i1'))
  journal.outcome('i1', ACCEPTED)
  await journal.close()
  assert.deepEqual(disk.steps, ['append intent', 'append outcome', 'close'])
})

test('under batch a write waits for the kernel only, and writes of 20 ms share a sync', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { journal, disk, failures } = await watched(context, 'batch')
  const syncs = () => disk.steps.filter((step) => step === 'sync').length
  for (const id of ['i1', 'i2', 'i3']) await journal.intent(taskOf(id))
  context.mock.timers.tick(19)
  assert.deepEqual(disk.steps, ['append intent', 'append intent', 'append intent'])
  context.mock.timers.tick(1)
  assert.equal(syncs(), 1)
  await journal.intent(taskOf('i4'))
  context.mock.timers.tick(20)
  assert.equal(syncs(), 1, 'the next one waits for the end of the one before')
  disk.endSync()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(syncs(), 2)
  disk.endSync(new Error('EIO'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    failures.map(({ message }) => message),
    ['EIO'],
  )
})

test('under each an intent waits for a sync that began after it was written', async (context) => {
  const { journal, disk } = await watched(context, 'each')
  const first = journal.intent(taskOf('i1'))
  const second = journal.intent(taskOf('i2'))
  const third = journal.intent(taskOf('i3'))
  assert.equal(await isDone(first), false)
  disk.endSync()
  assert.equal(await isDone(first), true)
  assert.equal(await isDone(second), false, 'the sync began before it was written')
  disk.endSync()
  assert.deepEqual(await Promise.all([isDone(second), isDone(third)]), [true, true])
  assert.equal(disk.steps.filter((step) => step === 'sync').length, 2)
})

test('under each a sync that fails fails the intent, so that it is not sent', async (context) => {
  const { journal, disk } = await watched(context, 'each')
  const intent = journal.intent(taskOf('i1'))
  disk.endSync(new Error('EIO'))
  await assert.rejects(intent, /EIO/)
})

test('entries come back after a restart, with what became of them', async (context) => {
  const { open } = await surroundings(context)
  const { journal } = open()
  for (const id of ['i1', 'i2', 'i3', 'i4']) await journal.intent(taskOf(id))
  journal.outcome('i1', ACCEPTED)
  journal.outcome('i2', UNKNOWN)
  journal.outcome('i3', UNKNOWN)
  journal.settle('i3', UNKNOWN, 'reported')
  await journal.close()
  const { entries, damage, tornBytes } = open()
  assert.deepEqual(
    entries.map(({ task, outcome, settledBy }) => [
      task.clientOrderId,
      outcome?.outcome,
      settledBy,
    ]),
    [
      ['mine-i1', 'accepted', 'reply'],
      ['mine-i2', 'unknown', null],
      ['mine-i3', 'unknown', 'reported'],
      ['mine-i4', undefined, null],
    ],
  )
  assert.deepEqual([damage, tornBytes], [[], 0])
})

test('only its owner may read a journal', async (context) => {
  const { open, file, folder } = await surroundings(context)
  open()
  assert.deepEqual([statSync(file()).mode & 0o777, statSync(folder).mode & 0o777], [0o600, 0o700])
})

test('what is open is carried into the file of the next day, and on, until it is settled', async (context) => {
  const { open, clock, folder } = await surroundings(context)
  const { journal } = open()
  for (const id of ['i1', 'i2', 'i3']) await journal.intent(taskOf(id))
  journal.outcome('i1', ACCEPTED)
  journal.outcome('i2', UNKNOWN)
  clock.nowMs += DAY_MS
  await journal.intent(taskOf('j1'))
  journal.settle('i2', ACCEPTED, 'reconciled')
  await journal.close()
  assert.deepEqual(journalDates(folder), ['2026-08-25', '2026-08-26'])

  const next = open()
  assert.deepEqual(
    next.entries.map(({ task, settledBy }) => [task.intentId, settledBy]),
    [
      ['i1', 'reply'],
      ['i2', 'reconciled'],
      ['i3', null],
      ['j1', null],
    ],
  )
  assert.equal(next.entries[2]!.intentAtMs, MORNING_MS)
  await next.journal.close()

  // A start days later finds what is open in the last file there is, and begins a new one.
  clock.nowMs += 3 * DAY_MS
  const later = open()
  const ids = later.entries.map(({ task }) => task.intentId)
  assert.deepEqual([ids, later.journal.openCount], [['i3', 'j1'], 2])
  assert.deepEqual(journalDates(folder).at(-1), '2026-08-29')
})

test('a clock that goes back over midnight does not take the journal back', async (context) => {
  const { open, clock, folder } = await surroundings(context)
  await open().journal.close()
  clock.nowMs -= DAY_MS
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  assert.deepEqual(journalDates(folder), ['2026-08-25'])
})

test('a last line that was not written to its end is cut off and told, and the next one is sound', async (context) => {
  const { open, file } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  await journal.close()
  appendFileSync(file(), readFileSync(file()).subarray(-50, -1))
  const next = open()
  assert.equal(next.tornBytes, 49)
  assert.deepEqual(
    next.entries.map(({ task }) => task.intentId),
    ['i1'],
  )
  await next.journal.intent(taskOf('i2'))
  await next.journal.close()
  const { entries, damage, tornBytes } = open()
  assert.deepEqual([entries.length, damage, tornBytes], [2, [], 0])
})

test('a damaged line is told by file and line, and all others are read', async (context) => {
  const { open, file } = await surroundings(context)
  const { journal } = open()
  for (const id of ['i1', 'i2', 'i3']) await journal.intent(taskOf(id))
  await journal.close()
  const lines = readFileSync(file(), 'utf8').split('\n')
  lines[2] = lines[2]!.replace('"quantity":10', '"quantity":11')
  writeFileSync(file(), lines.join('\n'))
  const { entries, damage } = open()
  assert.deepEqual(
    entries.map(({ task }) => task.intentId),
    ['i1', 'i3'],
  )
  assert.deepEqual(damage, [{ file: file(), line: 3, bytes: lines[2]!.length }])
})

test('where the beginning of a day is damaged, what was open is found in the day before', async (context) => {
  const { open, clock, file } = await surroundings(context)
  const { journal } = open()
  for (const id of ['i1', 'i2', 'i3']) await journal.intent(taskOf(id))
  journal.outcome('i1', ACCEPTED)
  clock.nowMs += DAY_MS
  await journal.intent(taskOf('j1'))
  journal.outcome('i3', ACCEPTED)
  await journal.close()
  const whole = readFileSync(file(), 'utf8').split('\n')
  for (const line of [0, 1]) {
    writeFileSync(file(), whole.map((text, at) => (at === line ? `x${text}` : text)).join('\n'))
    const opened = open()
    const openIds = opened.entries
      .filter(({ settledBy }) => settledBy === null)
      .map(({ task }) => task.intentId)
    assert.deepEqual(openIds.sort(), ['i2', 'j1'])
    assert.equal(opened.damage.length, 1)
    await opened.journal.close()
  }
})

test('an append that fails leaves the journal sound, whether or not its bytes can be cut off', async (context) => {
  const { journal, disk, open } = await watched(context, 'none')
  await journal.intent(taskOf('i1'))
  disk.failAppends = true
  disk.partBytes = 20
  await assert.rejects(journal.intent(taskOf('i2')), /ENOSPC/)
  assert.equal(journal.isKnown('i2'), false)
  disk.failCuts = true
  await assert.rejects(journal.intent(taskOf('i3')), /ENOSPC/)
  await assert.rejects(journal.intent(taskOf('i4')), /ENOSPC/)
  disk.failAppends = false
  disk.failCuts = false
  await journal.intent(taskOf('i5'))
  disk.failAppends = true
  await assert.rejects(journal.intent(taskOf('i6')), /ENOSPC/)
  disk.failAppends = false
  await journal.intent(taskOf('i7'))
  const { entries, damage } = open()
  assert.deepEqual(
    entries.map(({ task }) => task.intentId),
    ['i1', 'i5', 'i7'],
  )
  // The ones of i3, i4 and i6; that of i2 was cut off.
  assert.equal(damage.length, 3)
})

test('a record that no reader would take is not written', async (context) => {
  const { open } = await surroundings(context)
  const { journal } = open()
  const ask = { ...placeAsk('i1'), tag: 'x'.repeat(100_000) }
  await assert.rejects(journal.intent(taskOf('i1', { ask })), /a record has \d+ bytes/)
  assert.equal(journal.isKnown('i1'), false)
})

test('the file of a day that a crash left half made does not count', async (context) => {
  const { open, file } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  await journal.close()
  writeFileSync(`${file().replace('08-25', '08-26')}.tmp`, '{"at":')
  assert.deepEqual(
    open().entries.map(({ task }) => task.intentId),
    ['i1'],
  )
})

test('a file begins with how much is carried into it', async (context) => {
  const { open, file } = await surroundings(context)
  const { journal } = open()
  await journal.intent(taskOf('i1'))
  const [first] = readFileSync(file(), 'utf8').split('\n')
  const head = decodeRecord(Buffer.from(first!))
  assert.deepEqual(head, { is: 'day', atMs: MORNING_MS, date: '2026-08-25', carried: 0 })
})
