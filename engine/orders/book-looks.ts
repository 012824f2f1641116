// Looks at the books of brokers, again and again while somebody waits for what is in them. One read serves all who wait
// for the same book.
import type { Session } from '../../adapters/broker.ts'
import type { Logger } from '../observe/log.ts'
import type { BookName } from './evidence.ts'
import type { ReadsPool } from './write.ts'

/** Longest pause between two looks at a book that cannot be read, in spacings. */
const PAUSE_SPACINGS_MAX = 8

export interface LookOptions {
  readonly reads: Pick<ReadsPool, 'read'>
  readonly log: Logger
  /** Pause between two looks at a book. */
  readonly spacingMs: number
  /** The session that a look goes with. */
  readonly sessionOf: (broker: string) => Session | null
  /** A broker does not take that session: nobody else may be asking it anything that would tell. */
  readonly onRefused: (broker: string, why: string, session: Session | null) => void
}

/** Those who wait, and what they are told of each look that did not fail. */
export interface Waiters<Waiting> {
  of(broker: string, book: BookName): readonly Waiting[]
  onBook(broker: string, book: BookName, records: unknown): void
  /** `asked` waited when the look began; it was in vain where the broker has no such book. */
  onLooked(asked: readonly Waiting[], isInVain: boolean): void
}

interface Watch {
  readonly broker: string
  readonly book: BookName
  failuresInARow: number
  timer: NodeJS.Timeout | undefined
}

export class BookLooks<Waiting> {
  readonly #options: LookOptions
  readonly #waiters: Waiters<Waiting>
  readonly #watches = new Map<string, Watch>()
  #isClosed = false

  constructor(options: LookOptions, waiters: Waiters<Waiting>) {
    this.#options = options
    this.#waiters = waiters
  }

  /** Looks at a book from now on, until nobody waits for it any more. */
  watch(broker: string, book: BookName): void {
    const key = `${broker} ${book}`
    if (this.#isClosed || this.#watches.has(key)) return
    const watch: Watch = { broker, book, failuresInARow: 0, timer: undefined }
    this.#watches.set(key, watch)
    void this.#look(key, watch)
  }

  close(): void {
    this.#isClosed = true
    for (const { timer } of this.#watches.values()) clearTimeout(timer)
    this.#watches.clear()
  }

  async #look(key: string, watch: Watch): Promise<void> {
    const { broker, book } = watch
    // What is added while the book is on its way may be newer than the book.
    const asked = this.#waiters.of(broker, book)
    const session = this.#options.sessionOf(broker)
    const reply = await this.#options.reads.read(broker, book, null)
    if (this.#isClosed) return
    if ('refusal' in reply && reply.refusal.code === 'INVALID_TOKEN') {
      this.#options.onRefused(broker, reply.refusal.message, session)
    }
    if ('refusal' in reply && reply.refusal.code !== 'UNSUPPORTED') {
      this.#lookFailed(watch, reply.refusal.message)
    } else {
      watch.failuresInARow = 0
      if ('answer' in reply) this.#waiters.onBook(broker, book, reply.answer)
      this.#waiters.onLooked(asked, 'refusal' in reply)
    }
    if (this.#waiters.of(broker, book).length === 0) {
      this.#watches.delete(key)
      return
    }
    const spacings = Math.min(PAUSE_SPACINGS_MAX, 2 ** watch.failuresInARow)
    watch.timer = setTimeout(() => void this.#look(key, watch), spacings * this.#options.spacingMs)
  }

  #lookFailed(watch: Watch, why: string): void {
    const { broker, book } = watch
    const text = 'writes of unknown outcome wait for a book that cannot be read'
    if (watch.failuresInARow === 0) this.#options.log.warn({ broker, book, why }, text)
    watch.failuresInARow += 1
  }
}
