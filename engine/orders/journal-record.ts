// One line of the journal: a JSON object whose last member is the CRC-32 of all bytes before it, so that grep and jq
// read it, and a line that was damaged is not taken for a true one.
import { crc32 } from 'node:zlib'
import type { JournalEntry, Outcome, WriteTask } from './write.ts'

export type SettledBy = 'reconciled' | 'reported'

export type JournalRecord =
  /** The first line of a file: so many `carried` lines follow at once. */
  | { readonly is: 'day'; readonly atMs: number; readonly date: string; readonly carried: number }
  /** A write of an earlier day whose fate is still open. */
  | { readonly is: 'carried'; readonly atMs: number; readonly entry: JournalEntry }
  | { readonly is: 'intent'; readonly atMs: number; readonly task: WriteTask }
  | {
      readonly is: 'outcome'
      readonly atMs: number
      readonly intentId: string
      readonly outcome: Outcome
    }
  | {
      readonly is: 'settled'
      readonly atMs: number
      readonly intentId: string
      readonly outcome: Outcome
      readonly by: SettledBy
    }

const KINDS = ['day', 'carried', 'intent', 'outcome', 'settled']
const INDIA_OFFSET_MS = 19_800_000
const SUM = /^,"crc":"([0-9a-f]{8})"\}$/
const SUM_BYTES = ',"crc":"01234567"}'.length

/** The date in India, `YYYY-MM-DD`. */
export function indianDate(ms: number): string {
  return new Date(ms + INDIA_OFFSET_MS).toISOString().slice(0, 10)
}

/** The time in India, to the millisecond, as ISO 8601 has it. */
export function indianTime(ms: number): string {
  return `${new Date(ms + INDIA_OFFSET_MS).toISOString().slice(0, -1)}+05:30`
}

/** A record as its line, the line's end included. */
export function encodeRecord({ is, atMs, ...rest }: JournalRecord): Buffer {
  const text = JSON.stringify({ at: indianTime(atMs), is, ...rest })
  const body = text.slice(0, -1)
  const sum = crc32(body).toString(16).padStart(8, '0')
  return Buffer.from(`${body},"crc":"${sum}"}\n`)
}

/** The record of a line without its end, or null where its checksum does not hold or it is none of ours. */
export function decodeRecord(line: Buffer): JournalRecord | null {
  const bodyBytes = line.length - SUM_BYTES
  if (bodyBytes <= 0) return null
  const sum = SUM.exec(line.toString('latin1', bodyBytes))?.[1]
  if (sum === undefined || crc32(line.subarray(0, bodyBytes)) !== Number.parseInt(sum, 16)) {
    return null
  }
  try {
    const { at, crc: _, ...rest } = JSON.parse(line.toString())
    const record = { ...rest, atMs: Date.parse(at) }
    return KINDS.includes(record.is) && Number.isFinite(record.atMs) ? record : null
  } catch {
    return null
  }
}

/** Whether nobody knows yet what became of a write. */
export function isOpen({ settledBy }: JournalEntry): boolean {
  return settledBy === null
}

/** Takes a record into the entries, by their intent id; one whose intent is not known says nothing. */
export function foldRecord(entries: Map<string, JournalEntry>, record: JournalRecord): void {
  if (record.is === 'carried') entries.set(record.entry.task.intentId, record.entry)
  if (record.is === 'intent') {
    entries.set(record.task.intentId, {
      task: record.task,
      intentAtMs: record.atMs,
      outcome: null,
      outcomeAtMs: null,
      settledBy: null,
    })
  }
  if (record.is !== 'outcome' && record.is !== 'settled') return
  const entry = entries.get(record.intentId)
  if (entry === undefined) return
  const { outcome, atMs: outcomeAtMs } = record
  const byReply = outcome.outcome === 'unknown' ? null : 'reply'
  const settledBy = record.is === 'settled' ? record.by : byReply
  entries.set(record.intentId, { ...entry, outcome, outcomeAtMs, settledBy })
}
