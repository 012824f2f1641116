// The live orders of one account, as the broker last told of them: by messages, by books, by single rows. What comes
// late and is older than what is known changes nothing, and the table knows whether it can stand in for the book.
import type { OrderRecord } from '../../adapters/orders.ts'
import { indianDay } from './admission.ts'
import { brokerTimeMs, evidenceOfOrders, indexOrders } from './evidence.ts'
import type { WriteTask } from './write.ts'

/** More than a broker takes in a day from an account. */
export const ORDERS_MAX = 20_000
/**
 * Brokers serve books from copies that lag. A book that was asked for so long after an order was last heard of is the
 * broker's last word on it, also where it takes something back.
 */
export const SETTLED_MS = 10_000
/** After so long it is not expected any more that an accepted order turns up. */
const EXPECTED_MS_MAX = 60_000
const EXPECTED_MAX = 1000
/** Contents of messages remembered for one order at one filled quantity. */
const CONTENTS_MAX = 64
const ENDED: readonly string[] = ['complete', 'rejected', 'cancelled']

/** Whether nothing more can happen to an order. */
const isEnded = ({ status }: Pick<OrderRecord, 'status'>) => ENDED.includes(status)

interface Entry {
  record: OrderRecord
  /** When what is known was so at the broker: a message came, or a book was asked for. */
  heardAtMs: number
  /** What messages said since the last fill, so that the same from another socket is known again. */
  readonly contents: Set<string>
}

interface Expected {
  readonly task: WriteTask
  readonly sinceMs: number
}

function contentOf(record: OrderRecord): string {
  const { status, filledQuantity, pendingQuantity, cancelledQuantity, quantity, price } = record
  const { triggerPrice, priceType, validity, averagePrice, statusMessage, timestamp } = record
  return JSON.stringify([
    ...[status, filledQuantity, pendingQuantity, cancelledQuantity, quantity, price],
    ...[triggerPrice, priceType, validity, averagePrice, statusMessage, timestamp],
  ])
}

/** Whether the broker's times say that `one` is older; where they tell nothing it is not. */
const isOlder = (one: OrderRecord, other: OrderRecord) =>
  brokerTimeMs(one.timestamp) < brokerTimeMs(other.timestamp)

/** Whether `news` is an earlier state than the one that is known: nothing is unfilled, and an end is an end. */
function isBehind(known: OrderRecord, news: OrderRecord): boolean {
  if (news.filledQuantity !== known.filledQuantity)
    return news.filledQuantity < known.filledQuantity
  if (isEnded(known) !== isEnded(news)) return isEnded(known)
  return isOlder(news, known)
}

/** Whether `news` can only be a later state. */
function isAhead(known: OrderRecord, news: OrderRecord): boolean {
  return isBehind(news, known)
}

function isSame(one: OrderRecord, other: OrderRecord): boolean {
  for (const key in other) {
    if (one[key as keyof OrderRecord] !== other[key as keyof OrderRecord]) return false
  }
  return true
}

/** What a row of a book did to the table. */
export type RowEffect = 'added' | 'changed' | 'corrected' | 'nothing'

export class OrderTable {
  /** Messages that told nothing new, and states that came late. */
  repeated = 0
  late = 0
  /** Orders of which a later book took something back, and rows for which there was no room. */
  corrected = 0
  leftOut = 0
  readonly #max: number
  readonly #entries = new Map<string, Entry>()
  /** Accepted writes of which nothing has been heard yet, by order id. */
  readonly #expected = new Map<string, Expected>()
  /** The line of order messages that was live when the last whole book was asked for, and the day of it. */
  #whole: { readonly line: number; readonly day: number } | null = null
  #doubtedAtMs = Number.NEGATIVE_INFINITY

  constructor(max = ORDERS_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(orderId: string): OrderRecord | null {
    return this.#entries.get(orderId)?.record ?? null
  }

  /** All orders, in the order in which they were first heard of. */
  records(): OrderRecord[] {
    return Array.from(this.#entries.values(), ({ record }) => record)
  }

  /**
   * Whether the table is what the broker's book would be: a whole book was read today while the `line` of messages was
   * live, which has not been lost since, and no write is waiting to show. `line` is the one that is live now, or null.
   */
  isCurrent(line: number | null, nowMs: number): boolean {
    return this.isWhole(line, nowMs) && this.#expected.size === 0
  }

  /** The same, whatever is waiting to show. */
  isWhole(line: number | null, nowMs: number): boolean {
    const whole = this.#whole
    return line !== null && whole?.line === line && whole.day === indianDay(nowMs)
  }

  /** Whether an accepted write has not shown for so long. */
  isOverdue(nowMs: number, waitMs: number): boolean {
    for (const { sinceMs } of this.#expected.values()) if (nowMs - sinceMs > waitMs) return true
    return false
  }

  /** Whether an order is known of only because it was accepted. */
  isExpected(orderId: string): boolean {
    return this.#expected.has(orderId)
  }

  /**
   * A message of the broker; true where it is news. One that is not quite certain to be the broker's (`isWeak`) holds
   * until the next book, which is then needed.
   */
  message(record: OrderRecord, nowMs: number, isWeak = false): boolean {
    const isNews = this.#takeMessage(record, isWeak ? Number.NEGATIVE_INFINITY : nowMs)
    if (isNews && isWeak) this.doubt(nowMs)
    return isNews
  }

  #takeMessage(record: OrderRecord, heardAtMs: number): boolean {
    const entry = this.#entries.get(record.orderId)
    const content = contentOf(record)
    if (entry === undefined) {
      this.#makeRoom()
      this.#add(record, heardAtMs, content)
      return true
    }
    if (entry.contents.has(content)) {
      this.repeated += 1
      return false
    }
    if (isBehind(entry.record, record)) {
      this.late += 1
      return false
    }
    this.#replace(entry, record, heardAtMs)
    if (entry.contents.size >= CONTENTS_MAX) entry.contents.clear()
    entry.contents.add(content)
    return true
  }

  /** A row of a book, or of one order, that was asked for at `askedAtMs`. */
  row(record: OrderRecord, askedAtMs: number): RowEffect {
    const entry = this.#entries.get(record.orderId)
    if (entry === undefined) return this.#addRow(record, askedAtMs)
    if (isSame(entry.record, record)) {
      entry.heardAtMs = Math.max(entry.heardAtMs, askedAtMs)
      this.#settle(record)
      return 'nothing'
    }
    if (isBehind(entry.record, record)) {
      if (entry.heardAtMs > askedAtMs - SETTLED_MS) {
        this.late += 1
        return 'nothing'
      }
      this.corrected += 1
      this.#replace(entry, record, askedAtMs)
      return 'corrected'
    }
    // Something was heard since the question, and the row does not show that it is newer.
    if (entry.heardAtMs >= askedAtMs && !isAhead(entry.record, record)) return 'nothing'
    this.#replace(entry, record, Math.max(entry.heardAtMs, askedAtMs))
    return 'changed'
  }

  /**
   * A whole book was read, and all its rows taken. `line` is the line of messages that was live when it was asked for.
   * Orders that the book does not have any more are forgotten.
   */
  wholeBook(ids: ReadonlySet<string>, askedAtMs: number, line: number | null): void {
    for (const [orderId, { heardAtMs }] of this.#entries) {
      if (!ids.has(orderId) && heardAtMs < askedAtMs - SETTLED_MS) this.#entries.delete(orderId)
    }
    for (const [orderId, { sinceMs }] of this.#expected) {
      const isAnswered = sinceMs < askedAtMs && ids.has(orderId)
      if (isAnswered || askedAtMs - sinceMs > EXPECTED_MS_MAX) this.#expected.delete(orderId)
    }
    const fits = ids.size <= this.#max
    if (line === null || !fits || askedAtMs <= this.#doubtedAtMs) this.#whole = null
    else this.#whole = { line, day: indianDay(askedAtMs) }
  }

  /** A write was accepted: the order with this id will show it. */
  expect(orderId: string, task: WriteTask, nowMs: number): void {
    const known = this.get(orderId)
    // The broker's message may well have been here before its reply.
    if (known !== null && shows(known, task)) return
    if (this.#expected.size >= EXPECTED_MAX)
      this.#expected.delete(this.#expected.keys().next().value!)
    this.#expected.set(orderId, { task, sinceMs: nowMs })
  }

  /** Something may have happened that nobody knows of: only a book that is asked for later tells. */
  doubt(nowMs: number): void {
    this.#whole = null
    this.#doubtedAtMs = nowMs
  }

  #addRow(record: OrderRecord, askedAtMs: number): RowEffect {
    if (this.#entries.size >= this.#max) {
      // Else the ended orders of a very long book would push each other out, at each reading.
      if (isEnded(record)) {
        this.leftOut += 1
        return 'nothing'
      }
      this.#makeRoom()
    }
    this.#add(record, askedAtMs, null)
    return 'added'
  }

  #add(record: OrderRecord, heardAtMs: number, content: string | null): void {
    const contents = new Set(content === null ? [] : [content])
    this.#entries.set(record.orderId, { record, heardAtMs, contents })
    this.#settle(record)
  }

  #replace(entry: Entry, record: OrderRecord, heardAtMs: number): void {
    if (record.filledQuantity !== entry.record.filledQuantity) entry.contents.clear()
    entry.record = record
    entry.heardAtMs = heardAtMs
    this.#settle(record)
  }

  #settle(record: OrderRecord): void {
    const expected = this.#expected.get(record.orderId)
    if (expected !== undefined && shows(record, expected.task)) {
      this.#expected.delete(record.orderId)
    }
  }

  /** Forgets an order to make room for another one: the first that has ended, else the first. */
  #makeRoom(): void {
    if (this.#entries.size < this.#max) return
    this.#whole = null
    for (const [orderId, { record }] of this.#entries) {
      if (!isEnded(record)) continue
      this.#entries.delete(orderId)
      return
    }
    this.#entries.delete(this.#entries.keys().next().value!)
  }
}

/** Whether an order shows what an accepted write did; one that has ended shows all that it ever will. */
function shows(record: OrderRecord, task: WriteTask): boolean {
  return task.name === 'place' || evidenceOfOrders(task, indexOrders([record]), true) !== null
}
