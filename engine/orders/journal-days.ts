// What a folder of journal files tells: each day begins with all that is open, so that one file, or two, are enough.
import { type JournalRead, journalDates, journalFile, readJournalFile } from './journal-file.ts'
import { foldRecord, indianDate, isOpen, type JournalRecord } from './journal-record.ts'
import type { JournalEntry } from './write.ts'

const DAY_MS = 86_400_000

interface DayRead extends JournalRead {
  readonly date: string
  /** Whether the file tells all that was open when its day began. */
  readonly isComplete: boolean
  readonly records: readonly JournalRecord[]
}

function readDay(folder: string, date: string): DayRead {
  const records: JournalRecord[] = []
  let carriedLeft = Number.POSITIVE_INFINITY
  const read = readJournalFile(journalFile(folder, date), (record, line) => {
    records.push(record)
    if (line === 1 && record.is === 'day') carriedLeft = record.carried
    if (record.is === 'carried') carriedLeft -= 1
  })
  return { ...read, date, records, isComplete: carriedLeft <= 0 }
}

/** The entries of today and yesterday, and those of earlier days that are open. `last` is the newest day. */
export function readEntries(folder: string, nowMs: number) {
  // Callers may still ask for what they did yesterday, and a thread may have ended over midnight.
  const since = indianDate(nowMs - DAY_MS)
  const days: DayRead[] = []
  let isOpenKnown = false
  // One file tells all that is open; only where its beginning is damaged, the file before it is needed too.
  for (const date of journalDates(folder).reverse()) {
    if (isOpenKnown && date < since) break
    const day = readDay(folder, date)
    days.unshift(day)
    isOpenKnown ||= day.isComplete
  }
  const entries = new Map<string, JournalEntry>()
  for (const { date, records, isComplete } of days) {
    if (isComplete) endAll(entries)
    for (const record of records) foldRecord(entries, record)
    if (date < since) forgetEnded(entries)
  }
  return { entries, damage: days.flatMap(({ damage }) => damage), last: days.at(-1) }
}

function forgetEnded(entries: Map<string, JournalEntry>): void {
  for (const [id, entry] of entries) if (!isOpen(entry)) entries.delete(id)
}

/** What a day does not carry on has ended before it, also where the line that said how is damaged. */
function endAll(entries: Map<string, JournalEntry>): void {
  const why = 'its line in the journal is damaged'
  for (const [id, entry] of entries) {
    if (!isOpen(entry)) continue
    const outcome = entry.outcome ?? ({ outcome: 'unknown', why } as const)
    entries.set(id, { ...entry, outcome, settledBy: 'reported' })
  }
}

/** What the journal tells of these intents of today or yesterday; nothing of those that it does not know. */
export function findEntries(
  folder: string,
  intentIds: readonly string[],
  nowMs: number,
): JournalEntry[] {
  const { entries } = readEntries(folder, nowMs)
  return intentIds.flatMap((id) => entries.get(id) ?? [])
}
