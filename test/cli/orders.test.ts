import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openJournal } from '../../engine/orders/journal.ts'
import { journalFile, journalFolder } from '../../engine/orders/journal-file.ts'
import { instrumentOf, placeAsk, taskOf } from '../orders/paper-desk.ts'
import { freshFolder, runCommand } from './run.ts'

const MORNING_MS = Date.parse('2026-08-25T09:15:00.250+05:30')
const DAY_MS = 86_400_000

const run = (cwd: string, ...words: string[]) => runCommand(['orders', ...words], { cwd })

/** A data folder with a journal of two days. The first stays open, as an engine has it. */
async function written() {
  const cwd = freshFolder()
  const folder = journalFolder(join(cwd, 'data'))
  const clock = { nowMs: MORNING_MS }
  const { journal } = openJournal({
    folder,
    policy: 'none',
    nowMs: () => clock.nowMs,
    onSyncFailure: () => {},
  })
  await journal.intent(taskOf('i1'))
  journal.outcome('i1', { outcome: 'accepted', id: 'P1' })
  const ask = { ...placeAsk('i1'), orderId: 'P1', priceType: 'SL', triggerPrice: 99 } as const
  await journal.intent(taskOf('i2', { name: 'modify', ask, clientOrderId: null }))
  const refusal = { code: 'MARKET_CLOSED', message: 'come back' } as const
  journal.outcome('i2', { outcome: 'rejected', refusal })
  await journal.intent(taskOf('i3', { name: 'cancel', ask: { orderId: 'P1' } }))
  journal.settle('i3', { outcome: 'unknown', why: 'no trace of it' }, 'reported')
  await journal.intent(taskOf('i4'))
  clock.nowMs += DAY_MS
  const gtt = {
    instrument: instrumentOf('SHARE2'),
    type: 'SINGLE',
    action: 'SELL',
    product: 'NRML',
    legs: [{ triggerPrice: 90, price: 89.5, quantity: 5 }],
    lastPrice: 100,
  } as const
  await journal.intent(taskOf('j1', { name: 'placeGtt', ask: gtt }))
  return { cwd, folder }
}

test('a day of the journal is shown, beside an engine that writes it', async () => {
  const { cwd } = await written()
  const { code, stdout, stderr } = await run(cwd, 'journal', '--date', '2026-08-25')
  assert.deepEqual([code, stderr], [0, ''])
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual(rows.slice(1), [
    [
      '09:15:00.250',
      'i1',
      'paper',
      'place',
      'BUY 10 LIMIT 100.05 CNC NSE:SHARE1',
      'accepted P1',
      'mine-i1',
      'k1',
    ],
    [
      '09:15:00.250',
      'i2',
      'paper',
      'modify',
      'P1 BUY 10 SL 100.05 at 99 CNC NSE:SHARE1',
      'rejected MARKET_CLOSED: come back',
      '-',
      'k1',
    ],
    [
      '09:15:00.250',
      'i3',
      'paper',
      'cancel',
      'P1',
      'unknown: no trace of it (reported)',
      'mine-i3',
      'k1',
    ],
    [
      '09:15:00.250',
      'i4',
      'paper',
      'place',
      'BUY 10 LIMIT 100.05 CNC NSE:SHARE1',
      'open',
      'mine-i4',
      'k1',
    ],
  ])
})

test('without a day the newest is shown, with what it carries, and JSON for other programs', async () => {
  const { cwd } = await written()
  const { stdout } = await run(cwd, 'journal')
  assert.match(stdout, /2026-08-25 09:15:00\.250 +i4 /)
  assert.match(stdout, / j1 +paper +placeGtt +SINGLE SELL 5 89\.5 at 90 NRML NSE:SHARE2 +open/)
  const lines = (await run(cwd, 'journal', '--json')).stdout.trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    entries.map(({ task, intentAtMs }) => [task.intentId, intentAtMs]),
    [
      ['i4', MORNING_MS],
      ['j1', MORNING_MS + DAY_MS],
    ],
  )
})

test('a damaged line is told by file and number; the others are shown', async () => {
  const { cwd, folder } = await written()
  const file = journalFile(folder, '2026-08-25')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"MARKET_CLOSED"', '"ORDER_ERROR"'))
  const { code, stdout, stderr } = await run(cwd, 'journal', '--date=2026-08-25')
  assert.equal(code, 1)
  assert.match(stderr, /^tickplant: .*journal-2026-08-25\.jsonl:5 is damaged \(\d+ bytes\)\n$/)
  assert.match(stdout, / i2 .* open /)
  assert.match(stdout, / i4 /)
})

test('mistakes are told in one sentence', async () => {
  const { cwd } = await written()
  const cases: [string[], number, RegExp][] = [
    [[], 3, /no engine is running on this data folder/],
    [['journal', '--date', 'today'], 2, /--date is "today"; it must be a day such as 2026-08-25/],
    [
      ['journal', '--date', '2020-01-01'],
      1,
      /no journal of 2020-01-01 in .*; there are 2026-08-25 to 2026-08-26/,
    ],
    [['journal', '--data-dir', 'nowhere'], 1, /no journal of any day in .*; there is none/],
  ]
  for (const [words, code, message] of cases) {
    const ended = await run(cwd, ...words)
    assert.equal(ended.code, code, ended.stderr)
    assert.match(ended.stderr, message)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1)
  }
})
