// Holds the gateway's journal against the exchange's own record: each order there is one that was asked for, once, and
// what clients were told is what happened.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { journalFolder, readJournalFile } from '../../engine/orders/journal-file.ts'
import type { Outcome, WriteTask } from '../../engine/orders/write.ts'
import type { RecordedOrder } from '../../sim/kite-record.ts'

export interface Written {
  readonly task: WriteTask
  outcome: Outcome | null
  /** Whether people were told that no trace was found. */
  isReported: boolean
}

/** Every write of the journal by its intent, the last word on each. */
export function readJournal(dataDir: string): Map<string, Written> {
  const folder = journalFolder(dataDir)
  const written = new Map<string, Written>()
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.jsonl')) continue
    const { damage } = readJournalFile(join(folder, name), (record) => {
      if (record.is === 'intent') {
        written.set(record.task.intentId, { task: record.task, outcome: null, isReported: false })
      } else if (record.is === 'outcome' || record.is === 'settled') {
        const entry = written.get(record.intentId)
        if (entry === undefined) throw new Error(`${record.intentId} has an outcome and no intent`)
        entry.outcome = record.outcome
        if (record.is === 'settled') entry.isReported = record.by === 'reported'
      }
    })
    if (damage.length > 0) throw new Error(`damaged journal: ${JSON.stringify(damage)}`)
  }
  return written
}

/** What disagrees, in words; nothing where all is well. `ours` tells tags that this journal must know. */
export function disagreements(
  written: ReadonlyMap<string, Written>,
  orders: readonly RecordedOrder[],
): string[] {
  const found: string[] = []
  const byTag = new Map<string, RecordedOrder>()
  for (const order of orders) {
    if (order.tag === null) continue
    if (byTag.has(order.tag)) found.push(`${order.tag} was taken twice by the exchange`)
    byTag.set(order.tag, order)
    if (!written.has(order.tag))
      found.push(`${order.tag} is at the exchange and not in the journal`)
  }
  const ids = new Set(orders.map(({ orderId }) => orderId))
  for (const [intentId, { task, outcome, isReported }] of written) {
    const order = byTag.get(intentId)
    if (outcome === null) found.push(`${intentId} has no outcome`)
    else if (outcome.outcome === 'unknown' && !isReported) found.push(`${intentId} is not settled`)
    if (outcome === null) continue
    if (task.name === 'place') found.push(...placeDisagreements(intentId, outcome, order))
    else if (outcome.outcome === 'accepted' && !ids.has(outcome.id)) {
      found.push(`${intentId}: ${task.name} of ${outcome.id}, which the exchange never had`)
    }
  }
  return found
}

function placeDisagreements(
  intentId: string,
  outcome: Outcome,
  order: RecordedOrder | undefined,
): string[] {
  if (outcome.outcome === 'accepted') {
    if (order === undefined) return [`${intentId} was accepted and is not at the exchange`]
    if (order.orderId === outcome.id) return []
    return [`${intentId} was accepted as ${outcome.id} and is ${order.orderId} at the exchange`]
  }
  if (order === undefined || order.status === 'REJECTED') return []
  return [`${intentId} is ${order.status} at the exchange, and ${outcome.outcome} in the journal`]
}
