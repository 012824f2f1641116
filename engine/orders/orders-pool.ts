// The orders thread, seen from the core.
import type { Worker } from 'node:worker_threads'
import type { Session } from '../../adapters/broker.ts'
import { nowMs } from '../clock.ts'
import type { Logger } from '../observe/log.ts'
import type { SettledBy } from './journal-record.ts'
import { notSent } from './outcome.ts'
import type { OrdersAnswers, OrdersPlan, OrdersTask, Written } from './plan.ts'
import { SessionThread } from './session-thread.ts'
import { ThreadEndedError } from './thread-pool.ts'
import type { JournalEntry, OrdersPool, Outcome, WriteTask } from './write.ts'

const WRITES_MAX = 256
/** How much longer than a write may take its answer may stay away, before it counts as lost. */
const ANSWER_GRACE_MS = 5000

const THREAD_FILE = new URL('./orders-thread.js', import.meta.url)

interface Lost {
  readonly intentId: string
  readonly resolve: (outcome: Outcome) => void
}

/** The orders pool, and what only tests and status want to know of it. */
export interface StartedOrdersPool extends OrdersPool {
  readonly threads: readonly Worker[]
  readonly deaths: number
  /** Writes under way. */
  readonly running: number
}

/** Starts the orders thread. */
export function startOrdersPool(plan: OrdersPlan, log: Logger): StartedOrdersPool {
  return new Orders(plan, log)
}

class Orders implements StartedOrdersPool {
  readonly #log: Logger
  readonly #thread: SessionThread
  readonly #writeTimeoutMs: number
  readonly #running = new Set<Promise<Outcome>>()
  /** Writes whose thread ended, until the new one has looked them up in the journal. */
  #lost: Lost[] = []
  #isClosing = false

  constructor(plan: OrdersPlan, log: Logger) {
    this.#log = log
    this.#writeTimeoutMs = plan.writeTimeoutMs
    this.#thread = new SessionThread({
      name: 'orders',
      file: THREAD_FILE,
      plan,
      callsMax: WRITES_MAX,
      log,
    })
  }

  get threads(): readonly Worker[] {
    return this.#thread.threads
  }

  get deaths(): number {
    return this.#thread.deaths
  }

  get running(): number {
    return this.#running.size
  }

  async open(): Promise<readonly JournalEntry[]> {
    const { entries, damage, tornBytes } = (await this.#run({
      do: 'open',
    })) as OrdersAnswers['open']
    for (const { file, line, bytes } of damage)
      this.#log.error({ file, line, bytes }, 'a line of the order journal is damaged')
    if (tornBytes > 0)
      this.#log.warn({ tornBytes }, 'the order journal ended within a line, which was cut off')
    return entries
  }

  async write(task: WriteTask): Promise<Outcome> {
    const session = this.#thread.sessionOf(task.broker)
    if (session === undefined) return notSent('INVALID_TOKEN', `${task.broker} is not signed in`)
    if (this.#isClosing) return notSent('NETWORK_ERROR', 'the engine stops')
    if (this.#running.size >= WRITES_MAX)
      return notSent('RATE_LIMITED', `${WRITES_MAX} orders are on their way already`)
    const running = this.#write(task, session)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async settle(intentId: string, outcome: Outcome, by: SettledBy): Promise<void> {
    const task = { do: 'settle', intentId, outcome, by } as const
    await this.#run(task).catch((error: unknown) => {
      if (!(error instanceof ThreadEndedError)) throw error
      // Noted twice it says the same.
      return this.#run(task)
    })
  }

  async useSession(broker: string, session: Session | null): Promise<void> {
    this.#thread.useSession(broker, session)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.allSettled(this.#running)
    await this.#thread.close()
  }

  #run(task: OrdersTask): Promise<unknown> {
    return this.#thread.run(task)
  }

  async #write(task: WriteTask, session: Session): Promise<Outcome> {
    const { broker, name, intentId } = task
    const deadlineMs = nowMs() + this.#writeTimeoutMs
    const late = this.#lateAnswer()
    const written = this.#send({ do: 'write', task, session, deadlineMs })
    const { outcome, status, callMs } = await Promise.race([late.answer, written])
    late.cancel()
    const level = outcome.outcome === 'unknown' ? 'error' : 'info'
    const why = { accepted: undefined, rejected: 'refusal', unknown: 'why' }[outcome.outcome]
    const fields = { broker, operation: name, intentId, status, callMs, ...outcome }
    this.#log[level](fields, why === undefined ? 'order call' : `order call: ${outcome.outcome}`)
    return outcome
  }

  /** What a write comes to when the thread keeps silent for far longer than it may. */
  #lateAnswer() {
    let timer: NodeJS.Timeout | undefined
    const answer = new Promise<Written>((resolve) => {
      const waitMs = this.#writeTimeoutMs + ANSWER_GRACE_MS
      timer = setTimeout(() => {
        const why = `the orders thread gave no answer within ${waitMs} ms`
        resolve({ outcome: { outcome: 'unknown', why }, status: null, callMs: null })
      }, waitMs)
    })
    return { answer, cancel: () => clearTimeout(timer) }
  }

  async #send(order: Extract<OrdersTask, { do: 'write' }>): Promise<Written> {
    try {
      return (await this.#run(order)) as Written
    } catch {
      // However it failed, what the journal says is how far it came.
      const outcome = await this.#trace(order.task.intentId)
      return { outcome, status: null, callMs: null }
    }
  }

  /** Asks the new thread what the journal says of a write that went with the old one. */
  #trace(intentId: string): Promise<Outcome> {
    return new Promise((resolve) => {
      // All that went with one thread are looked up together.
      if (this.#lost.length === 0) setImmediate(() => void this.#traceAll())
      this.#lost.push({ intentId, resolve })
    })
  }

  async #traceAll(): Promise<void> {
    const lost = this.#lost
    this.#lost = []
    const intentIds = lost.map(({ intentId }) => intentId)
    const unknown: Outcome = { outcome: 'unknown', why: 'the orders thread ended' }
    const unsent = notSent('NETWORK_ERROR', 'the orders thread ended before it began')
    const asked = this.#thread.run({ do: 'trace', intentIds } satisfies OrdersTask)
    const outcomes = await (asked as Promise<readonly (Outcome | null)[]>).catch(() => {
      return lost.map(() => unknown)
    })
    for (const [at, { resolve }] of lost.entries()) {
      const found = outcomes[at]
      resolve(found === null ? unsent : (found ?? unknown))
    }
  }
}
