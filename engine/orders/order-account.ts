// The orders of one account as they live: what comes in by whatever way goes to the table, and what of it is new to
// clients goes out, once.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OrderRecord } from '../../adapters/orders.ts'
import type { Logger } from '../observe/log.ts'
import { brokerTimeMs, CLOCK_SLACK_MS } from './evidence.ts'
import { indianDate } from './journal-record.ts'
import { OrderTable } from './order-table.ts'
import type { GatewayAnswer } from './refusal.ts'
import type { ToldStates } from './told-states.ts'
import type { Outcome, WriteTask } from './write.ts'

/** Rows of a book that are taken before sockets and timers get their turn. */
const ROWS_PER_TURN = 200
const TOLD_PER_TURN = 32
/** A message of an accepted write that has not come for so long will not come. */
const OVERDUE_MS = 2000
/** The least time between two looks at the book while messages come. */
const LOOK_AGAIN_MS = 1000

export interface OrderAccountOptions {
  readonly broker: string
  readonly told: ToldStates
  /** Whether any client listens now. */
  listens(): boolean
  /** The line of order messages that is live now, or null. */
  line(): number | null
  /** Tells clients of a state. Never rejects. */
  send(record: OrderRecord): Promise<void>
  /** Is told of each order message that is certain to be the broker's. */
  onMessage(record: OrderRecord): void
  /** Reads the order book, when the broker takes the call. */
  readBook(): Promise<GatewayAnswer<unknown>>
  /** How often the book is looked at while no messages come. */
  readonly pollMs: number
  readonly nowMs: () => number
  readonly log: Logger
}

export class OrderAccount {
  readonly table = new OrderTable()
  /** Events sent, looks at the book of its own accord, and those that failed. */
  sent = 0
  looks = 0
  looksFailed = 0
  readonly #options: OrderAccountOptions
  /** States that wait to be told, in their order. */
  readonly #waiting: OrderRecord[] = []
  #telling: Promise<void> | null = null
  #isListening = false
  /**
   * When the first listener of a day came, until a book was read: what that book tells of the time before needs no
   * telling. Null before and after.
   */
  #seedingSinceMs: number | null = null
  #isLooking = false
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #books: Promise<unknown> = Promise.resolve()

  constructor(options: OrderAccountOptions) {
    this.#options = options
  }

  /** The orders, where the table can stand in for the book; else null. */
  currentBook(): readonly OrderRecord[] | null {
    return this.#isCurrent ? this.table.records() : null
  }

  /** An order, where the table is sure of it; else null. */
  currentOrder(orderId: string): OrderRecord | null {
    return this.#isCurrent ? this.table.get(orderId) : null
  }

  get #isCurrent(): boolean {
    return this.table.isCurrent(this.#options.line(), this.#options.nowMs())
  }

  /** The broker tells of an order, perhaps not for the first time; by postback it can be somebody else. */
  message(record: OrderRecord, by: 'feed' | 'postback'): void {
    this.#noteListeners()
    const isNews = this.table.message(record, this.#options.nowMs(), by === 'postback')
    if (by === 'feed') this.#options.onMessage(record)
    if (isNews) this.#tell(record)
  }

  /** A whole order book, asked for at `askedAtMs` while `line` was live. Resolves when it is taken in. */
  book(records: readonly OrderRecord[], askedAtMs: number, line: number | null): Promise<void> {
    // One after another, in the order in which they came.
    const taken = this.#books.then(() => this.#takeBook(records, askedAtMs, line))
    this.#books = taken.catch(() => {})
    return taken
  }

  /** One order, asked for at `askedAtMs`. */
  row(record: OrderRecord, askedAtMs: number): void {
    this.#noteListeners()
    if (this.table.row(record, askedAtMs) !== 'nothing') this.#tell(record)
  }

  /** What became of a write. */
  wrote(task: WriteTask, outcome: Outcome): void {
    const now = this.#options.nowMs()
    if (outcome.outcome === 'accepted') this.table.expect(outcome.id, task, now)
    else if (outcome.outcome === 'unknown') this.table.doubt(now)
  }

  /** Called several times a second: sees who listens, and looks at the book where that is the only way to know. */
  check(): void {
    this.#noteListeners()
    const now = this.#options.nowMs()
    if (!this.#isListening || this.#isLooking || !this.#wantsLook(now)) return
    this.#isLooking = true
    this.#lookedAtMs = now
    this.looks += 1
    void this.#options.readBook().then((told) => {
      this.#isLooking = false
      if ('error' in told) this.looksFailed += 1
    })
  }

  /** Resolves when all that is known is told and kept. */
  async close(): Promise<void> {
    await this.#books
    while (this.#telling !== null) await this.#telling
    await this.#options.told.close()
  }

  /** Counters for the status. */
  status() {
    const { table, sent, looks, looksFailed } = this
    const { size: orders, repeated, late, corrected, leftOut } = table
    return {
      broker: this.#options.broker,
      current: this.#isCurrent,
      listening: this.#options.listens(),
      ...{ orders, sent, repeated, late, corrected, leftOut, looks, looksFailed },
    }
  }

  #wantsLook(now: number): boolean {
    const { pollMs, line } = this.#options
    const sinceMs = now - this.#lookedAtMs
    const live = line()
    if (live === null) return sinceMs >= pollMs
    if (!this.table.isWhole(live, now)) return sinceMs >= Math.min(LOOK_AGAIN_MS, pollMs)
    return this.table.isOverdue(now, OVERDUE_MS) && sinceMs >= pollMs
  }

  async #takeBook(
    records: readonly OrderRecord[],
    askedAtMs: number,
    line: number | null,
  ): Promise<void> {
    this.#noteListeners()
    const sinceMs = this.#seedingSinceMs
    const ids = new Set<string>()
    for (const record of records) {
      ids.add(record.orderId)
      const isOld = sinceMs !== null && this.#isBefore(record, sinceMs)
      const effect = this.table.row(record, askedAtMs)
      if (effect === 'corrected') this.#logCorrected(record)
      if (effect === 'added' && isOld) this.#options.told.pass(record)
      else if (effect !== 'nothing') this.#tell(record)
      if (ids.size % ROWS_PER_TURN === 0) await nextTurn()
    }
    this.table.wholeBook(ids, askedAtMs, line)
    if (sinceMs === null) return
    this.#seedingSinceMs = null
    this.#options.told.begin()
  }

  /** Whether an order was as it is at that time already. In doubt it was, unless the engine has just placed it. */
  #isBefore({ orderId, timestamp }: OrderRecord, atMs: number): boolean {
    return !this.table.isExpected(orderId) && !(brokerTimeMs(timestamp) >= atMs - CLOCK_SLACK_MS)
  }

  #logCorrected({ orderId, status, filledQuantity }: OrderRecord): void {
    const { log, broker } = this.#options
    const text = 'the order book takes back what was told of an order'
    log.warn({ broker, orderId, status, filledQuantity }, text)
  }

  #noteListeners(): void {
    const { told, nowMs, listens } = this.#options
    const date = indianDate(nowMs())
    if (told.date !== date) this.#startDay(date)
    const isListening = listens()
    if (isListening === this.#isListening) return
    this.#isListening = isListening
    if (!isListening) return
    // What changed while nobody listened is told now, unless nobody was there today yet to miss it.
    if (told.hasBegun) for (const record of this.table.records()) this.#tell(record)
    else {
      for (const record of this.table.records()) told.pass(record)
      this.#seedingSinceMs = nowMs()
    }
  }

  #startDay(date: string): void {
    const { told } = this.#options
    const hadBegun = told.hasBegun
    told.useDay(date, this.table.records())
    // Whoever listens through the night has missed nothing.
    if (this.#isListening && hadBegun) told.begin()
  }

  #tell(record: OrderRecord): void {
    const { told } = this.#options
    if (!this.#isListening || told.has(record)) return
    told.note(record)
    this.#waiting.push(record)
    this.#telling ??= this.#tellAll()
  }

  async #tellAll(): Promise<void> {
    for (let count = 1; this.#waiting.length > 0; count++) {
      const record = this.#waiting.shift()!
      await this.#options.send(record)
      // Kept when it is out: who is killed in between tells it again, rather than never.
      this.#options.told.keep(record)
      this.sent += 1
      if (count % TOLD_PER_TURN === 0) await nextTurn()
    }
    this.#telling = null
  }
}
