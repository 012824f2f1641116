// Writes, one after the other or side by side: the intent into the journal, one call, the outcome into the journal.
import type { Session } from '../../adapters/broker.ts'
import type { Write } from '../../adapters/orders.ts'
import type { CallLimits, Sent } from './call.ts'
import type { Journal, OpenedJournal } from './journal.ts'
import { findEntries } from './journal-days.ts'
import { isOpen, type SettledBy } from './journal-record.ts'
import type { BrokerLine } from './lines.ts'
import { notSent, outcomeOf } from './outcome.ts'
import type { ThreadNote, Written } from './plan.ts'
import type { Outcome, WriteTask } from './write.ts'

const REPLY_BYTES_MAX = 1024 * 1024

const unsent = (outcome: Outcome): Written => ({ outcome, status: null, callMs: null })

export interface WriterOptions {
  readonly folder: string
  readonly lines: ReadonlyMap<string, BrokerLine>
  readonly openJournal: () => OpenedJournal
  readonly nowMs: () => number
  readonly tell: (note: ThreadNote) => void
}

export class Writer {
  readonly #options: WriterOptions
  #opened: OpenedJournal | null = null

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Opens the journal, unless a write has done so, and tells what it holds. Throws where the disk refuses. */
  open(): OpenedJournal {
    this.#opened ??= this.#options.openJournal()
    return this.#opened
  }

  /** Sends a write once, between its two lines in the journal. Never rejects. */
  async write(task: WriteTask, session: Session, deadlineMs: number): Promise<Written> {
    const line = this.#options.lines.get(task.broker)
    if (line === undefined) return unsent(notSent('UNSUPPORTED', `no broker ${task.broker}`))
    const write = line.orders?.writes[task.name]
    if (write === undefined || 'unsupported' in write) {
      const why = write?.unsupported ?? 'it takes no orders'
      return unsent(notSent('UNSUPPORTED', `${line.spec.name}: ${why}`))
    }
    return this.#send(line, write as Write<unknown>, task, session, deadlineMs)
  }

  /** Notes what was found out about a write; one that the journal does not know was never sent, and needs no note. */
  settle(intentId: string, outcome: Outcome, by: SettledBy): void {
    const { journal } = this.open()
    // That it was looked for in vain says nothing of a write whose reply came late.
    if (by === 'reported' ? journal.isOpen(intentId) : journal.isKnown(intentId)) {
      journal.settle(intentId, outcome, by)
    }
  }

  /**
   * What became of writes whose thread ended before it answered. One without an intent in the journal was not sent:
   * null. One without an outcome is unknown from here on.
   */
  trace(intentIds: readonly string[]): (Outcome | null)[] {
    const { journal } = this.open()
    const { folder, nowMs } = this.#options
    const found = new Map(
      findEntries(folder, intentIds, nowMs()).map((entry) => [entry.task.intentId, entry]),
    )
    return intentIds.map((intentId) => {
      const entry = found.get(intentId)
      if (entry === undefined) return null
      if (!isOpen(entry) || entry.outcome !== null) return entry.outcome
      const why = 'the orders thread ended while the call was on its way'
      const outcome: Outcome = { outcome: 'unknown', why }
      this.#note(journal, intentId, outcome)
      return outcome
    })
  }

  async close(): Promise<void> {
    await this.#opened?.journal.close()
  }

  async #send(
    line: BrokerLine,
    write: Write<unknown>,
    task: WriteTask,
    session: Session,
    deadlineMs: number,
  ): Promise<Written> {
    const { nowMs } = this.#options
    const { ask, intentId } = task
    const prepared = prepare(line, write, ask, session)
    if (prepared === null) return unsent(notSent('UNKNOWN_ERROR', 'the adapter cannot write it'))
    if (nowMs() >= deadlineMs) return unsent(notSent('NETWORK_ERROR', 'it waited too long'))
    let journal: Journal
    try {
      journal = this.open().journal
      // Before anything is noted: a note under this id would be about the other one.
      if (journal.isKnown(intentId)) {
        return unsent(notSent('INVALID_ORDER', 'a write of this id was sent before'))
      }
      await journal.intent(task)
    } catch (error) {
      const why = `the journal cannot be written: ${(error as Error).message}`
      this.#options.tell({
        level: 'error',
        text: 'a write was not sent',
        fields: { intentId, why },
      })
      const outcome = notSent('UNKNOWN_ERROR', why)
      this.#noteIfKnown(intentId, outcome)
      return unsent(outcome)
    }
    // Waiting for the disk may have taken its time.
    const timeoutMs = deadlineMs - nowMs()
    const startedAtMs = performance.now()
    const sent = await call(line, prepared, { timeoutMs, replyBytesMax: REPLY_BYTES_MAX })
    const callMs = performance.now() - startedAtMs
    const outcome = outcomeOf(sent, write, ask, line.hiderFor(session))
    // Where the books told in the meantime, no reply is no news.
    if (outcome.outcome !== 'unknown' || journal.isOpen(intentId)) {
      this.#note(journal, intentId, outcome)
    }
    return { outcome, status: sent.is === 'reply' ? sent.reply.status : null, callMs }
  }

  /** The outcome is true whether or not it can be noted; without the note it is found out again after a restart. */
  #note(journal: Journal, intentId: string, outcome: Outcome): void {
    try {
      journal.outcome(intentId, outcome)
    } catch (error) {
      const text = 'an outcome could not be journalled'
      this.#options.tell({ level: 'error', text, fields: { intentId, err: String(error) } })
    }
  }

  #noteIfKnown(intentId: string, outcome: Outcome): void {
    const journal = this.#opened?.journal
    if (journal?.isOpen(intentId)) this.#note(journal, intentId, outcome)
  }
}

type Prepared = ReturnType<Write<unknown>['request']>

/** The call, or null where the adapter fails on what is asked. */
function prepare(
  line: BrokerLine,
  write: Write<unknown>,
  ask: unknown,
  session: Session,
): Prepared | null {
  try {
    return write.request(line.plan.hosts, session, ask)
  } catch {
    return null
  }
}

async function call(line: BrokerLine, request: Prepared, limits: CallLimits): Promise<Sent> {
  if (limits.timeoutMs <= 0) return { is: 'unsent', why: 'it waited too long' }
  return line.client.send(request, limits)
}
