// Finds out what became of writes whose outcome is unknown, from the broker's books. Nothing is ever sent again.
import type { GttRecord } from '../../adapters/gtt.ts'
import type { OrderRecord } from '../../adapters/orders.ts'
import { nowMs } from '../clock.ts'
import { indianDay } from './admission.ts'
import { BookLooks, type LookOptions } from './book-looks.ts'
import {
  BOOK_OF,
  type BookName,
  evidenceOfGtts,
  evidenceOfOrders,
  evidenceOfPlace,
  indexOrders,
} from './evidence.ts'
import { isOpen, type SettledBy } from './journal-record.ts'
import type { JournalEntry, OrdersPool, Outcome, WriteTask } from './write.ts'

const REPORTED_MAX = 10_000

export interface ReconcilerOptions extends LookOptions {
  readonly orders: Pick<OrdersPool, 'settle'>
  /** So many looks without a trace, and people are told. A look that fails is none. */
  readonly looksMax: number
  /** Whether a change is the only one of its order or GTT that was ever sent. */
  readonly isOnlyChange: (task: WriteTask) => boolean
  /** A write of unknown outcome was settled, or reported: then the outcome is still unknown. */
  readonly onSettled?: (task: WriteTask, outcome: Outcome, by: SettledBy) => void
}

type Reported = Pick<JournalEntry, 'task' | 'intentAtMs'>

interface Pending extends Reported {
  looks: number
  readonly done: Promise<Outcome>
  readonly resolve: (outcome: Outcome) => void
}

export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #pending = new Map<string, Pending>()
  /** Places that were not found in time, and may still turn up. */
  readonly #reported = new Map<string, Reported>()
  /** GTTs that writes account for, as `BROKER ID`. */
  readonly #takenGtts = new Set<string>()
  readonly #looks: BookLooks<Pending>

  constructor(options: ReconcilerOptions) {
    this.#options = options
    this.#looks = new BookLooks(options, {
      of: (broker, book) => this.#of(broker, book),
      onBook: (broker, book, records) => this.#sawBook(broker, book, records),
      onLooked: (asked, isInVain) => this.#countLook(asked, isInVain),
    })
  }

  /** Writes whose outcome is unknown and looked for. */
  get pendingCount(): number {
    return this.#pending.size
  }

  /** Places that were looked for in vain. */
  get reportedCount(): number {
    return this.#reported.size
  }

  /** Whether an order of today was looked for in vain: it may have come since, without a word of it. */
  misses(broker: string): boolean {
    const today = indianDay(nowMs())
    for (const { task, intentAtMs } of this.#reported.values()) {
      if (task.broker === broker && indianDay(intentAtMs) === today) return true
    }
    return false
  }

  /** The intent id of a place of this instrument, or of a GTT of it, whose outcome is looked for, or null. */
  unknownPlaceOf(
    broker: string,
    exchange: string,
    symbol: string,
    name: 'place' | 'placeGtt' = 'place',
  ): string | null {
    for (const [intentId, { task }] of this.#pending) {
      if (task.name !== name || task.broker !== broker || !('instrument' in task.ask)) continue
      const { instrument } = task.ask
      if (instrument.exchange === exchange && instrument.symbol === symbol) return intentId
    }
    return null
  }

  /** Takes up what the journal left open. Resolves when all of it is settled or reported. */
  async resume(entries: readonly JournalEntry[]): Promise<void> {
    for (const { task, outcome, settledBy, intentAtMs } of entries) {
      if (settledBy === 'reported') this.#remember({ task, intentAtMs })
      if (outcome?.outcome === 'accepted') this.accepted(task, outcome.id)
    }
    const open = entries.filter(isOpen)
    await Promise.all(open.map(({ task, intentAtMs }) => this.add(task, intentAtMs)))
  }

  /** To be told of every write that the broker accepted: a GTT that belongs to one is not what another made. */
  accepted({ name, broker }: WriteTask, id: string): void {
    if (name === 'placeGtt') this.#takenGtts.add(`${broker} ${id}`)
  }

  /** Looks for what became of a write. Resolves to its outcome, which is unknown when it was looked for in vain. */
  add(task: WriteTask, intentAtMs: number): Promise<Outcome> {
    const known = this.#pending.get(task.intentId)
    if (known !== undefined) return known.done
    let resolve: (outcome: Outcome) => void = () => {}
    const done = new Promise<Outcome>((settle) => {
      resolve = settle
    })
    this.#pending.set(task.intentId, { task, intentAtMs, looks: 0, done, resolve })
    this.#looks.watch(task.broker, BOOK_OF[task.name])
    return done
  }

  /** To be told of every order book and order message that the engine sees, so that what turns up late is noticed. */
  sawOrders(broker: string, records: readonly OrderRecord[]): void {
    if (this.#pending.size === 0 && this.#reported.size === 0) return
    const { isOnlyChange } = this.#options
    const book = indexOrders(records)
    for (const intentId of book.byTag.keys()) {
      const task = this.#reported.get(intentId)?.task
      const found = task?.broker === broker ? evidenceOfPlace(intentId, book) : null
      if (task !== undefined && found !== null) this.#foundLate(task, found)
    }
    for (const pending of this.#of(broker, 'orderBook')) {
      const found = evidenceOfOrders(pending.task, book, isOnlyChange(pending.task))
      if (found !== null) this.#settle(pending, found, 'reconciled')
    }
  }

  /** Stops looking; what is open stays open in the journal. */
  close(): void {
    this.#looks.close()
    for (const { resolve } of this.#pending.values())
      resolve({ outcome: 'unknown', why: 'the engine stops' })
    this.#pending.clear()
  }

  #of(broker: string, book: BookName): Pending[] {
    return [...this.#pending.values()].filter(
      ({ task }) => task.broker === broker && BOOK_OF[task.name] === book,
    )
  }

  #sawBook(broker: string, book: BookName, records: unknown): void {
    if (book === 'orderBook') this.sawOrders(broker, records as readonly OrderRecord[])
    else this.#sawGtts(broker, records as readonly GttRecord[])
  }

  #sawGtts(broker: string, records: readonly GttRecord[]): void {
    const isTaken = (triggerId: string) => this.#takenGtts.has(`${broker} ${triggerId}`)
    for (const pending of this.#of(broker, 'gttBook')) {
      const { task, intentAtMs } = pending
      const isOnlyChange = this.#options.isOnlyChange(task)
      const found = evidenceOfGtts(task, intentAtMs, records, isTaken, isOnlyChange)
      if (found === null) continue
      if (found.outcome === 'accepted') this.accepted(pending.task, found.id)
      this.#settle(pending, found, 'reconciled')
    }
  }

  #countLook(asked: readonly Pending[], isInVain: boolean): void {
    for (const pending of asked) {
      pending.looks += 1
      if (!this.#pending.has(pending.task.intentId)) continue
      if (pending.looks >= this.#options.looksMax || isInVain) this.#report(pending, isInVain)
    }
  }

  #report(pending: Pending, isInVain: boolean): void {
    const { task, looks } = pending
    const book = BOOK_OF[task.name] === 'orderBook' ? 'order book' : 'list of GTTs'
    const why = isInVain
      ? `the broker has no ${book} to look at`
      : `no trace of it in ${looks} looks at the ${book}`
    const { broker, name, intentId } = task
    this.#options.log.error(
      { broker, operation: name, intentId, why },
      'the outcome of a write is unknown: look at the broker',
    )
    this.#remember(pending)
    this.#settle(pending, { outcome: 'unknown', why }, 'reported')
  }

  #remember({ task, intentAtMs }: Reported): void {
    if (task.name !== 'place') return
    this.#reported.set(task.intentId, { task, intentAtMs })
    const [oldest] = this.#reported.keys()
    if (this.#reported.size > REPORTED_MAX) this.#reported.delete(oldest!)
  }

  #foundLate(task: WriteTask, outcome: Outcome): void {
    const { broker, intentId } = task
    this.#reported.delete(intentId)
    const text = 'an order that was reported as not found is in the order book'
    this.#options.log.error({ broker, intentId, ...outcome }, text)
    this.#note(task, outcome, 'reconciled')
  }

  #settle(pending: Pending, outcome: Outcome, by: SettledBy): void {
    const { broker, name, intentId } = pending.task
    this.#pending.delete(intentId)
    if (by === 'reconciled')
      this.#options.log.warn({ broker, operation: name, intentId, ...outcome }, 'write reconciled')
    this.#note(pending.task, outcome, by)
    pending.resolve(outcome)
  }

  #note(task: WriteTask, outcome: Outcome, by: SettledBy): void {
    const { orders, log, onSettled } = this.#options
    orders.settle(task.intentId, outcome, by).catch((error: Error) => {
      // It is found out again after a restart.
      log.error({ intentId: task.intentId, err: error }, 'a settlement could not be journalled')
    })
    onSettled?.(task, outcome, by)
  }
}
