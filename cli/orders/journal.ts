// Prints a day of the journal, straight from its file: an engine may run beside it, or not.
import type { GttLeg, PlaceGttAsk } from '../../adapters/gtt.ts'
import type { OrderTerms } from '../../adapters/orders.ts'
import {
  journalDates,
  journalFile,
  journalFolder,
  readJournalFile,
} from '../../engine/orders/journal-file.ts'
import { foldRecord, indianTime } from '../../engine/orders/journal-record.ts'
import type { JournalEntry, WriteTask } from '../../engine/orders/write.ts'
import { CliError, columns, FAILED, OK } from '../command.ts'

const HEADERS = ['TIME', 'ID', 'BROKER', 'CALL', 'WHAT', 'OUTCOME', 'CLIENT ID', 'KEY']

/** Prints the entries of a day. Lines that are damaged are told on stderr, and make the exit code one of failure. */
export function showJournal(dataDir: string, asked: string | undefined, asJson: boolean): number {
  const folder = journalFolder(dataDir)
  const dates = journalDates(folder)
  const date = asked ?? dates.at(-1)
  if (date === undefined || !dates.includes(date)) {
    const there = dates.length === 0 ? 'there is none' : `there are ${dates[0]} to ${dates.at(-1)}`
    throw new CliError(FAILED, `no journal of ${date ?? 'any day'} in ${folder}; ${there}`)
  }
  const entries = new Map<string, JournalEntry>()
  const { damage } = readJournalFile(journalFile(folder, date), (record) => {
    foldRecord(entries, record)
  })
  const rows = [...entries.values()]
  const lines = asJson ? rows.map((entry) => JSON.stringify(entry)) : tableOf(rows, date)
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  for (const { file, line, bytes } of damage)
    process.stderr.write(`tickplant: ${file}:${line} is damaged (${bytes} bytes)\n`)
  return damage.length === 0 ? OK : FAILED
}

function tableOf(entries: readonly JournalEntry[], date: string): string[] {
  if (entries.length === 0) return [`no orders on ${date}`]
  return columns([HEADERS, ...entries.map((entry) => rowOf(entry, date))])
}

function rowOf(entry: JournalEntry, date: string): string[] {
  const { task } = entry
  const at = indianTime(entry.intentAtMs).slice(0, -6)
  return [
    // What was carried into the day tells its own.
    at.startsWith(date) ? at.slice(11) : at.replace('T', ' '),
    task.intentId,
    task.broker,
    task.name,
    whatOf(task),
    outcomeOf(entry),
    task.clientOrderId ?? '-',
    task.keyId,
  ]
}

function whatOf({ ask }: WriteTask): string {
  const id = 'orderId' in ask ? ask.orderId : 'triggerId' in ask ? ask.triggerId : ''
  const terms = 'legs' in ask ? gttText(ask) : 'priceType' in ask ? termsText(ask) : ''
  return [id, 'instrument' in ask ? `${terms} ${nameOf(ask)}` : terms]
    .filter((part) => part !== '')
    .join(' ')
}

const nameOf = ({ instrument }: { instrument: { exchange: string; symbol: string } }) =>
  `${instrument.exchange}:${instrument.symbol}`

function termsText({ action, quantity, priceType, price, triggerPrice, product }: OrderTerms) {
  const at = price > 0 ? ` ${price}` : ''
  const trigger = triggerPrice > 0 ? ` at ${triggerPrice}` : ''
  return `${action} ${quantity} ${priceType}${at}${trigger} ${product}`
}

function gttText({ type, action, product, legs }: PlaceGttAsk): string {
  const legText = ({ quantity, price, triggerPrice }: GttLeg) =>
    `${quantity} ${price} at ${triggerPrice}`
  return `${type} ${action} ${legs.map(legText).join(', ')} ${product}`
}

function outcomeOf({ outcome, settledBy }: JournalEntry): string {
  if (outcome === null) return 'open'
  const by = settledBy === 'reply' || settledBy === null ? '' : ` (${settledBy})`
  if (outcome.outcome === 'accepted') return `accepted ${outcome.id}${by}`
  if (outcome.outcome === 'unknown') return `unknown: ${outcome.why}${by}`
  return `rejected ${outcome.refusal.code}: ${outcome.refusal.message}${by}`
}
