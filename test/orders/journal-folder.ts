// A folder for journals, and a clock that tests turn.
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type JournalOptions, openJournal } from '../../engine/orders/journal.ts'
import { journalDates, journalFile } from '../../engine/orders/journal-file.ts'
import type { Outcome } from '../../engine/orders/write.ts'
import { temporaryFolder } from '../support/plant.ts'

export const DAY_MS = 86_400_000
export const MORNING_MS = Date.parse('2026-08-25T09:15:00+05:30')
export const ACCEPTED: Outcome = { outcome: 'accepted', id: 'P1' }

/** A journal's surroundings: a folder, a clock that a test turns, and every step of its files. */
export async function surroundings(context: TestContext) {
  const folder = join(await temporaryFolder(context), 'orders')
  const clock = { nowMs: MORNING_MS }
  const failures: Error[] = []
  const options: JournalOptions = {
    folder,
    policy: 'none',
    nowMs: () => clock.nowMs,
    onSyncFailure: (error) => failures.push(error),
  }
  const open = (changes: Partial<JournalOptions> = {}) => openJournal({ ...options, ...changes })
  return {
    folder,
    clock,
    failures,
    open,
    file: () => journalFile(folder, journalDates(folder).at(-1)!),
  }
}
