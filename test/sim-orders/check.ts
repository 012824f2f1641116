// Holds the exchange's own record, the engine's journal and what callers were told against each other.
import type { CancelAsk, ModifyAsk } from '../../adapters/orders.ts'
import type { JournalEntry } from '../../engine/orders/write.ts'
import type { ExchangeRecord, RecordedOrder } from '../../sim/kite-record.ts'
import { type Told, WRITES, type WriteName } from './protocol.ts'

/** A write that a caller asked for, once or again, and all that it was told; null: nothing, the engine was killed. */
export interface Asked {
  readonly label: string
  readonly name: WriteName
  readonly clientId: string | null
  readonly input: object
  readonly answers: (Told | null)[]
}

export interface Evidence {
  readonly record: Pick<ExchangeRecord, 'orders'>
  /** How often the broker was called for each kind of write, whatever became of the calls. */
  readonly calls: Readonly<Record<WriteName, number>>
  readonly journal: ReadonlyMap<string, JournalEntry>
}

/** The clocks of two processes may differ by so much. */
const CLOCK_SLACK_MS = 50

/** What disagrees between the exchange and the journal; nothing when all is accounted for. */
export function checkBooks({ record, calls, journal }: Evidence): string[] {
  const byTag = new Map<string, RecordedOrder>()
  const wrong: string[] = []
  for (const order of record.orders) {
    if (order.tag === null) {
      wrong.push(`order ${order.orderId} has no tag`)
      continue
    }
    if (byTag.has(order.tag))
      wrong.push(`duplicate: the exchange has two orders of tag ${order.tag}`)
    byTag.set(order.tag, order)
  }
  for (const [tag, order] of byTag) wrong.push(...checkOrder(order, journal.get(tag)))
  const byId = new Map(record.orders.map((order) => [order.orderId, order]))
  for (const entry of journal.values()) wrong.push(...checkEntry(entry, byTag, byId))
  wrong.push(...checkChanges(record, journal), ...checkClientIds(journal))
  return [...wrong, ...checkCalls(calls, journal)]
}

function groupsOf<Key>(
  entries: Iterable<JournalEntry>,
  keyOf: (entry: JournalEntry) => Key,
): Map<Key, JournalEntry[]> {
  const groups = new Map<Key, JournalEntry[]>()
  for (const entry of entries) {
    const key = keyOf(entry)
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  return groups
}

const what = ({ task, outcome, settledBy }: JournalEntry) =>
  `${task.name} ${task.intentId} (${task.strategy}), ${JSON.stringify(outcome)} by ${settledBy}`

/** An order that the exchange has was journalled before, and its fate is known. */
function checkOrder(order: RecordedOrder, entry: JournalEntry | undefined): string[] {
  const { tag, orderId, status, arrivedMs } = order
  if (entry === undefined) return [`lost: order ${orderId} of tag ${tag} is not in the journal`]
  const wrong: string[] = []
  if (arrivedMs < entry.intentAtMs - CLOCK_SLACK_MS) {
    wrong.push(`${what(entry)}: it arrived ${entry.intentAtMs - arrivedMs} ms before its intent`)
  }
  const { outcome } = entry
  if (outcome?.outcome === 'accepted') {
    if (outcome.id !== orderId) wrong.push(`${what(entry)}: the exchange has it as ${orderId}`)
  } else if (outcome?.outcome !== 'rejected' || status !== 'REJECTED') {
    wrong.push(`${what(entry)}: the exchange has it as ${orderId}, ${status}`)
  }
  return wrong
}

/** A write is settled or reported, and one that was accepted is at the exchange. */
function checkEntry(
  entry: JournalEntry,
  byTag: ReadonlyMap<string, RecordedOrder>,
  byId: ReadonlyMap<string, RecordedOrder>,
): string[] {
  const { task, outcome, settledBy } = entry
  if (outcome === null || settledBy === null) return [`open: ${what(entry)}`]
  if (outcome.outcome === 'unknown' && settledBy !== 'reported') return [`open: ${what(entry)}`]
  if (task.name === 'cancel' && settledBy === 'reconciled' && outcome.outcome === 'rejected') {
    const order = byId.get((task.ask as CancelAsk).orderId)
    return order?.status === 'CANCELLED' ? [`${what(entry)}: the order is cancelled`] : []
  }
  if (outcome.outcome !== 'accepted') return []
  if (task.name === 'place') {
    return byTag.has(task.intentId) ? [] : [`lost: ${what(entry)} is not at the exchange`]
  }
  const order = byId.get(outcome.id)
  if (order === undefined) return [`${what(entry)}: the exchange has no such order`]
  if (task.name === 'cancel' && order.status !== 'CANCELLED') {
    return [`${what(entry)}: the order is ${order.status}`]
  }
  return []
}

/** Whether the terms of a change were ever those of its order: no two changes ask for the same quantity. */
function happened(order: RecordedOrder, ask: ModifyAsk): boolean {
  return order.states.some(({ quantity }) => quantity === ask.quantity)
}

function checkChanges({ orders }: Evidence['record'], journal: Evidence['journal']): string[] {
  const changes = groupsOf(
    [...journal.values()].filter(({ task }) => task.name === 'modify'),
    ({ task }) => (task.ask as ModifyAsk).orderId,
  )
  return orders.flatMap((order) => {
    const asked = changes.get(order.orderId) ?? []
    const wrong = asked.flatMap((entry) => {
      const isTold = entry.outcome?.outcome
      const did = happened(order, entry.task.ask as ModifyAsk)
      if (isTold === 'accepted' && !did) return [`lost: ${what(entry)} never changed the order`]
      if (isTold === 'rejected' && did) return [`${what(entry)}: the exchange has made the change`]
      return []
    })
    if (order.modifications > asked.length) {
      wrong.push(
        `order ${order.orderId} was changed ${order.modifications} times, asked ${asked.length}`,
      )
    }
    return wrong
  })
}

/** Each write goes out at most once, also where the exchange never hears of it. */
function checkCalls(calls: Evidence['calls'], journal: Evidence['journal']): string[] {
  const byName = groupsOf(journal.values(), ({ task }) => task.name)
  return WRITES.flatMap((name) => {
    const intents = byName.get(name)?.length ?? 0
    const isOnceEach = calls[name] <= intents
    return isOnceEach
      ? []
      : [`the broker was called ${calls[name]} times to ${name}, intents ${intents}`]
  })
}

/** One id of a caller stands for one write; what was not sent may come again under it. */
function checkClientIds(journal: Evidence['journal']): string[] {
  const sent = [...journal.values()].filter((entry) => !isUnsent(entry))
  const byClientId = groupsOf(sent, ({ task }) => task.clientOrderId)
  byClientId.delete(null)
  return [...byClientId].flatMap(([clientId, entries]) =>
    entries.length > 1 ? [`client id ${clientId}: ${entries.map(what).join(' and ')}`] : [],
  )
}

const isUnknown = (told: Told) => 'error' in told && told.error.code === 'UNKNOWN_OUTCOME'
/** What was not sent may be tried again, and then have another answer. */
const wasNotSent = (told: Told) => 'error' in told && NOT_SENT.test(told.error.message)
const NOT_SENT = /^not sent:|has no live session/
const isUnsent = ({ outcome }: JournalEntry) =>
  outcome?.outcome === 'rejected' && outcome.isSent === false

/** The entry of a write, the last one where it came again. */
function entryOf(
  { label, clientId }: Asked,
  journal: Evidence['journal'],
): JournalEntry | undefined {
  return [...journal.values()].findLast(({ task }) =>
    clientId === null ? task.strategy === label : task.clientOrderId === clientId,
  )
}

/** Whether an answer is what the journal says in the end. */
function isWord(told: Told, entry: JournalEntry | undefined): boolean {
  const outcome = entry?.outcome
  if ('ok' in told) return outcome?.outcome === 'accepted' && outcome.id === told.ok.orderid
  // Refused before anything was journalled.
  if (entry === undefined) return true
  if (isUnknown(told)) return outcome?.outcome === 'unknown'
  return outcome?.outcome === 'rejected' && outcome.refusal.code === told.error.code
}

/** What disagrees between what a caller was told of a write, at any time and in the end, and the journal. */
export function checkAnswers(asked: Asked, journal: Evidence['journal']): string[] {
  const entry = entryOf(asked, journal)
  const told = asked.answers.filter((answer) => answer !== null)
  const wrong = told.filter((answer) => {
    return !isUnknown(answer) && !wasNotSent(answer) && !isWord(answer, entry)
  })
  // Who comes again with an id, when all is quiet, is told what the journal knows.
  const last = told.at(-1)
  if (asked.clientId !== null && last !== undefined && !isWord(last, entry)) wrong.push(last)
  const known = entry === undefined ? 'it has no entry' : what(entry)
  return wrong.map((answer) => {
    return `${asked.label}: the caller was told ${JSON.stringify(answer)}, the journal says ${known}`
  })
}
