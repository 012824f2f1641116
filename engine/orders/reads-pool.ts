// The reads thread, seen from the core.
import type { Worker } from 'node:worker_threads'
import type { Session } from '../../adapters/broker.ts'
import type { ReadName } from '../../adapters/order-rules.ts'
import type { ReadReply, Refusal } from '../../adapters/orders.ts'
import type { Logger } from '../observe/log.ts'
import { gather, type Piece } from './pieces.ts'
import type { ReadsPlan, ReadsTask } from './plan.ts'
import { SessionThread } from './session-thread.ts'
import { ThreadEndedError } from './thread-pool.ts'
import type { AnswerOf, AskOf, ReadsPool } from './write.ts'

const READS_MAX = 256
const THREAD_FILE = new URL('./reads-thread.js', import.meta.url)

/** What the reads thread does where nothing else is said. */
export const READ_LIMITS = {
  retryMsMin: 200,
  retryMsMax: 2000,
  retriesMax: 2,
  failuresMax: 5,
  restMs: 5000,
  runningMax: 4,
  waitingMax: 64,
} as const satisfies Partial<ReadsPlan>

/** The reads pool, and what only tests and status want to know of it. */
export interface StartedReadsPool extends ReadsPool {
  readonly threads: readonly Worker[]
  readonly deaths: number
}

/** Starts the reads thread. */
export function startReadsPool(plan: ReadsPlan, log: Logger): StartedReadsPool {
  return new Reads(plan, log)
}

const refuse = (refusal: Refusal): { readonly refusal: Refusal } => ({ refusal })

class Reads implements StartedReadsPool {
  readonly #log: Logger
  readonly #thread: SessionThread
  #running = 0

  constructor(plan: ReadsPlan, log: Logger) {
    this.#log = log
    this.#thread = new SessionThread({
      name: 'reads',
      file: THREAD_FILE,
      plan,
      callsMax: READS_MAX,
      log,
    })
  }

  get threads(): readonly Worker[] {
    return this.#thread.threads
  }

  get deaths(): number {
    return this.#thread.deaths
  }

  async read<Name extends ReadName>(
    broker: string,
    name: Name,
    ask: AskOf<Name>,
  ): Promise<ReadReply<AnswerOf<Name>>> {
    const session = this.#thread.sessionOf(broker)
    if (session === undefined)
      return refuse({ code: 'INVALID_TOKEN', message: `${broker} is not signed in` })
    if (this.#running >= READS_MAX)
      return refuse({
        code: 'RATE_LIMITED',
        message: `${READS_MAX} reads are on their way already`,
      })
    this.#running += 1
    const startedAtMs = performance.now()
    try {
      const reply = await this.#readTwice({ do: 'read', broker, name, ask, session })
      const callMs = performance.now() - startedAtMs
      const refusal = 'refusal' in reply ? reply.refusal : undefined
      this.#log.info({ broker, operation: name, callMs, refusal }, 'broker call')
      return reply as ReadReply<AnswerOf<Name>>
    } catch (error) {
      return refuse({ code: 'NETWORK_ERROR', message: (error as Error).message })
    } finally {
      this.#running -= 1
    }
  }

  async useSession(broker: string, session: Session | null): Promise<void> {
    this.#thread.useSession(broker, session)
  }

  async close(): Promise<void> {
    await this.#thread.close()
  }

  #run(task: ReadsTask): Promise<unknown> {
    return this.#thread.run(task)
  }

  /** A read whose thread ended is made once more: it changes nothing. */
  async #readTwice(task: ReadsTask): Promise<ReadReply<unknown>> {
    try {
      return await this.#readOnce(task)
    } catch (error) {
      if (!(error instanceof ThreadEndedError)) throw error
      return this.#readOnce(task)
    }
  }

  async #readOnce(task: ReadsTask): Promise<ReadReply<unknown>> {
    const first = (await this.#run(task)) as Piece | { readonly refusal: Refusal }
    if ('refusal' in first) return first
    const next = (number: number) => this.#run({ do: 'piece', number }) as Promise<Piece>
    return { answer: await gather(first, next) }
  }
}
