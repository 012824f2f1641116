// The journal of writes: what was to be sent, before it was, and what became of it. It lives in the orders thread,
// which is the only one that writes it. Appends are plain writes to the kernel, done before the next line of code
// runs: they cost microseconds, and a thread that dies leaves none of them under way.
import { mkdirSync } from 'node:fs'
import { GroupSync } from './group-sync.ts'
import { readEntries } from './journal-days.ts'
import {
  type AppendFile,
  createWhole,
  type JournalDamage,
  journalFile,
  LINE_BYTES_MAX,
  openAppendFile,
} from './journal-file.ts'
import {
  encodeRecord,
  foldRecord,
  indianDate,
  isOpen,
  type JournalRecord,
  type SettledBy,
} from './journal-record.ts'
import type { JournalEntry, Outcome, WriteTask } from './write.ts'

export const SYNC_POLICIES = ['none', 'batch', 'each'] as const
/** `none`: never asks the disk; `batch`: soon, and nobody waits; `each`: an intent waits before it is sent. */
export type SyncPolicy = (typeof SYNC_POLICIES)[number]

/** Under `batch` lines of so long share a sync: one for each line costs ticks and orders more time than lines do. */
const BATCH_MS = 20

export interface JournalOptions {
  readonly folder: string
  readonly policy: SyncPolicy
  readonly nowMs: () => number
  /** A sync that nobody waits for failed. */
  readonly onSyncFailure: (error: Error) => void
  /** Opens a file that exists; the file system's own where nothing is said. */
  readonly openFile?: (file: string) => AppendFile
}

export interface OpenedJournal {
  readonly journal: Journal
  /** The entries of today and yesterday, and whatever is still open, oldest first. */
  readonly entries: readonly JournalEntry[]
  readonly damage: readonly JournalDamage[]
  /** Bytes of a last line that was not written to its end, and was cut off. */
  readonly tornBytes: number
}

/** Opens the journal of a folder for writing. One thread of one process may. Throws where the disk refuses. */
export function openJournal(options: JournalOptions): OpenedJournal {
  const { folder, nowMs } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const startedAtMs = nowMs()
  const { entries, damage, last } = readEntries(folder, startedAtMs)
  const today = indianDate(startedAtMs)
  const tornBytes = last?.tornBytes ?? 0
  // A clock that went back does not take the journal back: its files are in the order in which they were written.
  if (last === undefined || last.date < today) {
    return {
      journal: Journal.begin(options, entries, today),
      ...listed(entries, damage, tornBytes),
    }
  }
  const journal = new Journal(options, entries, last.date, last.size)
  if (tornBytes > 0) journal.cutTail()
  return { journal, ...listed(entries, damage, tornBytes) }
}

function listed(
  entries: ReadonlyMap<string, JournalEntry>,
  damage: readonly JournalDamage[],
  tornBytes: number,
) {
  return { entries: [...entries.values()], damage, tornBytes }
}

/** Writes the head of a day's file: all that is open. */
function beginDay(folder: string, date: string, atMs: number, open: readonly JournalEntry[]) {
  const head = encodeRecord({ is: 'day', atMs, date, carried: open.length })
  const carried = open.map((entry) => encodeRecord({ is: 'carried', atMs, entry }))
  const bytes = Buffer.concat([head, ...carried])
  createWhole(folder, journalFile(folder, date), bytes)
  return bytes.length
}

export class Journal {
  readonly #options: JournalOptions
  /** Entries whose fate is open. */
  readonly #open: Map<string, JournalEntry>
  /** Every intent of the day. */
  readonly #known: Set<string>
  #date: string
  /** Where the last whole line ends; null once bytes of another one stand there and could not be cut off. */
  #size: number | null
  #file: AppendFile
  #sync: GroupSync
  #syncTimer: NodeJS.Timeout | null = null
  /** The file ends within a line. */
  #isTorn = false

  /** Goes on with the file of a date, of which so many bytes are whole lines. */
  constructor(
    options: JournalOptions,
    entries: ReadonlyMap<string, JournalEntry>,
    date: string,
    size: number,
  ) {
    this.#options = options
    this.#open = new Map([...entries].filter(([, entry]) => isOpen(entry)))
    this.#known = new Set(entries.keys())
    this.#date = date
    this.#size = size
    const file = (options.openFile ?? openAppendFile)(journalFile(options.folder, date))
    this.#file = file
    this.#sync = new GroupSync(() => file.sync())
  }

  /** Begins the file of a date. */
  static begin(
    options: JournalOptions,
    entries: ReadonlyMap<string, JournalEntry>,
    date: string,
  ): Journal {
    const open = [...entries.values()].filter(isOpen)
    const size = beginDay(options.folder, date, options.nowMs(), open)
    return new Journal(options, entries, date, size)
  }

  /** Writes whose fate is open. */
  get openCount(): number {
    return this.#open.size
  }

  isKnown(intentId: string): boolean {
    return this.#known.has(intentId)
  }

  isOpen(intentId: string): boolean {
    return this.#open.has(intentId)
  }

  /**
   * Notes what is to be sent. When it resolves the note outlives the process, and under `each` the machine. Rejects
   * when it could not be written: then nothing may be sent.
   */
  async intent(task: WriteTask): Promise<void> {
    if (this.#known.has(task.intentId))
      throw new Error('an intent of this id was journalled before')
    this.#append({ is: 'intent', atMs: this.#options.nowMs(), task })
    this.#known.add(task.intentId)
    if (this.#options.policy === 'each') await this.#sync.reach()
    else this.#syncSoon()
  }

  /** Notes what the reply said. Throws when it could not be written; the write then stays open. */
  outcome(intentId: string, outcome: Outcome): void {
    this.#append({ is: 'outcome', atMs: this.#options.nowMs(), intentId, outcome })
    this.#syncSoon()
  }

  /** Notes what was found out later. An intent that is not open may be settled again: the last word holds. */
  settle(intentId: string, outcome: Outcome, by: SettledBy): void {
    this.#append({ is: 'settled', atMs: this.#options.nowMs(), intentId, outcome, by })
    this.#syncSoon()
  }

  /** Cuts off what lies behind the last whole line. */
  cutTail(): void {
    try {
      if (this.#size === null) this.#isTorn = true
      else this.#file.cut(this.#size)
    } catch {
      this.#isTorn = true
      this.#size = null
    }
  }

  /** Resolves when all is on the disk, unless the policy is `none`; the journal takes no more. */
  async close(): Promise<void> {
    clearTimeout(this.#syncTimer ?? undefined)
    try {
      if (this.#options.policy !== 'none') await this.#sync.reach()
    } finally {
      this.#file.close()
    }
  }

  #append(record: JournalRecord): void {
    this.#turnPage(record.atMs)
    const line = encodeRecord(record)
    if (line.length > LINE_BYTES_MAX) throw new Error(`a record has ${line.length} bytes`)
    // A line that could not be cut off is ended, so that it spoils no other.
    const bytes = this.#isTorn ? Buffer.concat([Buffer.from('\n'), line]) : line
    try {
      this.#file.append(bytes)
    } catch (error) {
      this.cutTail()
      throw error
    }
    this.#isTorn = false
    if (this.#size !== null) this.#size += bytes.length
    foldRecord(this.#open, record)
    const id = record.is === 'outcome' || record.is === 'settled' ? record.intentId : ''
    const entry = this.#open.get(id)
    if (entry !== undefined && !isOpen(entry)) this.#open.delete(id)
  }

  /** Goes over to the file of the next day, which begins with all that is open. */
  #turnPage(atMs: number): void {
    const date = indianDate(atMs)
    if (date <= this.#date) return
    const { folder, openFile = openAppendFile } = this.#options
    const size = beginDay(folder, date, atMs, [...this.#open.values()])
    const file = openFile(journalFile(folder, date))
    const before = this.#file
    // What waits for the file before is still told when it is on the disk.
    void this.#sync
      .reach()
      .catch(this.#options.onSyncFailure)
      .finally(() => before.close())
    this.#date = date
    this.#size = size
    this.#file = file
    this.#isTorn = false
    this.#sync = new GroupSync(() => file.sync())
    this.#known.clear()
    for (const id of this.#open.keys()) this.#known.add(id)
  }

  #syncSoon(): void {
    if (this.#options.policy === 'none' || this.#syncTimer !== null) return
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null
      this.#sync.reach().catch(this.#options.onSyncFailure)
    }, BATCH_MS)
  }
}
