// Asks the query thread. Orders wait here, not at the thread, so that what is late or given up costs it nothing.
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../../observe/log.ts'
import type { DumpFormat } from './list-text.ts'
import { LookupError } from './lookup-error.ts'
import type {
  Answers,
  BodyPlace,
  Order,
  Outcome,
  QueryThreadData,
  QuestionName,
  Questions,
  ReplyBody,
} from './questions.ts'
import { ROW_BYTES_MAX } from './row-writer.ts'
import type { LookupBlocks } from './shared-instruments.ts'

const RESTART_MS_MIN = 100
/** The tables are built of short-lived rows, for which the thread would otherwise keep 40 MB for good. */
const YOUNG_MB_MAX = 4
const RESTART_MS_MAX = 10_000

export interface LookupLimits {
  /** Orders that may wait; more are refused. */
  readonly waitingMax: number
  /** How long an order may take, the time it waits included. */
  readonly answerMsMax: number
  /** Dumps under way. */
  readonly dumpsMax: number
  /** What all dumps together may send: ticks come first. */
  readonly dumpBytesPerMs: number
}

export const LOOKUP_LIMITS: LookupLimits = {
  waitingMax: 256,
  answerMsMax: 5000,
  dumpsMax: 4,
  dumpBytesPerMs: 2000,
}

/** A piece of a dump has so many bytes and at most a row more: the core sends it between two frames of ticks. */
const PIECE_BYTES = 32 * 1024
/** What the answers of most searches fit in; for a longer one the query thread takes memory of its own. */
const REPLY_BYTES = 256 * 1024

const sharedBytes = (length: number) => new Uint8Array(new SharedArrayBuffer(length))

interface Waiting {
  readonly order: Order
  /** Brings a new thread to what the one before knew; nobody waits for it. */
  readonly isReload: boolean
  readonly settle: (outcome: Outcome | LookupError) => void
}

export class Lookup {
  /** Threads that ended by themselves. */
  crashes = 0
  readonly #limits: LookupLimits
  readonly #log: Logger
  /** Brokers whose instruments are here or on their way. */
  readonly #brokers = new Set<string>()
  readonly #blocks = new Map<string, LookupBlocks>()
  /** Two, so that the thread answers the next question while the core still sends the reply before. */
  readonly #replyMemories = [sharedBytes(REPLY_BYTES), sharedBytes(REPLY_BYTES)] as const
  #worker: Worker | null = null
  #current: Waiting | null = null
  #waiting: Waiting[] = []
  #dumps = 0
  #lastDump = 0
  /** When the next piece of any dump may be made. */
  #pieceDueMs = 0
  #restartMs = RESTART_MS_MIN
  #restartTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(log: Logger, limits: LookupLimits = LOOKUP_LIMITS) {
    this.#log = log
    this.#limits = limits
    this.#start()
  }

  /** Orders that wait for the one under way. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Makes a generation of a broker's instruments the one that questions see; questions asked before see the one
   * before. Rejects with a LookupError where the blocks cannot be read; the one before then stays.
   */
  async useIndex(broker: string, { catalogue, details }: LookupBlocks): Promise<void> {
    const blocks = { catalogue, details }
    this.#brokers.add(broker)
    const tableBytes = await this.#send({ do: 'load', broker, ...blocks }, null)
    this.#blocks.set(broker, blocks)
    this.#log.info({ broker, tableBytes }, 'instruments can be searched')
  }

  /**
   * Answers a question about a broker's instruments. The body of a reply may lie in memory that another answer takes
   * later: it is to be used or copied before anything else is waited for. Rejects with a LookupError.
   */
  async ask<Name extends QuestionName>(
    broker: string,
    name: Name,
    question: Questions[Name],
  ): Promise<Answers[Name]> {
    this.#checkBroker(broker)
    return (await this.#request({ do: 'ask', broker, name, question })) as Answers[Name]
  }

  /**
   * The instruments of a broker at an exchange, or with null at all of them, as UTF-8 in pieces; a
   * piece is made when it is asked for and lies in memory that the next one takes. Rejects with a LookupError.
   */
  async *dump(
    broker: string,
    exchange: string | null,
    format: DumpFormat,
  ): AsyncGenerator<Uint8Array> {
    this.#checkBroker(broker)
    if (this.#dumps >= this.#limits.dumpsMax) {
      throw new LookupError('busy', `${this.#dumps} instrument lists are being sent; try again`)
    }
    this.#dumps += 1
    // Never given twice: a thread that is new knows nothing of the dumps of the one before.
    const dump = ++this.#lastDump
    try {
      // Shared, and one for all pieces: left to the collector, they would halt the core for milliseconds at a time.
      const memory = sharedBytes(PIECE_BYTES + ROW_BYTES_MAX)
      await this.#request({ do: 'openDump', dump, broker, exchange, format, memory })
      for (;;) {
        const bytes = (await this.#request({ do: 'readDump', dump })) as number
        if (bytes === 0) break
        yield memory.subarray(0, bytes)
        await this.#pace(bytes)
      }
    } finally {
      this.#dumps -= 1
      // Nobody waits for the answer; a thread that ended took the dump with it.
      void this.#send({ do: 'closeDump', dump }, null).catch(() => {})
    }
  }

  /** Ends the thread; what waits is refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#restartTimer)
    const worker = this.#worker
    this.#worker = null
    this.#refuseAll()
    await worker?.terminate()
  }

  /** Resolves when so many bytes of a dump have had their time. */
  async #pace(bytes: number): Promise<void> {
    const nowMs = performance.now()
    this.#pieceDueMs = Math.max(nowMs, this.#pieceDueMs) + bytes / this.#limits.dumpBytesPerMs
    const waitMs = this.#pieceDueMs - nowMs
    if (waitMs >= 1) await wait(waitMs)
  }

  #checkBroker(broker: string): void {
    if (this.#brokers.has(broker)) return
    throw new LookupError('empty', `there are no instruments of ${broker} yet; sync them first`)
  }

  /** Sends what counts against the limits. */
  #request(order: Order): Promise<unknown> {
    const { waitingMax, answerMsMax } = this.#limits
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(
        new LookupError('busy', `${waitingMax} look-ups are waiting already; try again`),
      )
    }
    return this.#send(order, answerMsMax)
  }

  #send(order: Order, answerMsMax: number | null): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new LookupError('gone', 'the engine stops'))
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const waiting: Waiting = {
        order,
        isReload: false,
        settle: (outcome) => {
          clearTimeout(timer)
          if (outcome instanceof LookupError) reject(outcome)
          else if ('error' in outcome) reject(new LookupError('failed', outcome.error))
          else resolve('value' in outcome ? outcome.value : this.#bodyAt(outcome))
        },
      }
      if (answerMsMax !== null) {
        timer = setTimeout(() => {
          // The one under way stays until the thread has answered it; nobody waits for it any more.
          this.#waiting = this.#waiting.filter((each) => each !== waiting)
          reject(new LookupError('late', `no answer within ${answerMsMax} ms; try again`))
        }, answerMsMax)
      }
      this.#waiting.push(waiting)
      this.#sendNext()
    })
  }

  #bodyAt({ memory, bodyBytes }: BodyPlace): ReplyBody {
    return { json: this.#replyMemories[memory].subarray(0, bodyBytes) }
  }

  #sendNext(): void {
    if (this.#worker === null || this.#current !== null) return
    this.#current = this.#waiting.shift() ?? null
    if (this.#current === null) {
      // Idle, it does not keep the process alive.
      this.#worker.unref()
      return
    }
    this.#worker.ref()
    this.#worker.postMessage(this.#current.order)
  }

  #start(): void {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { replyMemories: this.#replyMemories } satisfies QueryThreadData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
    })
    let failure: Error | null = null
    worker.on('message', (outcome: Outcome) => {
      const answered = this.#current
      this.#current = null
      this.#restartMs = RESTART_MS_MIN
      answered?.settle(outcome)
      this.#sendNext()
    })
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', () => {
      if (worker === this.#worker) this.#onCrash(failure)
    })
    this.#worker = worker
    this.#sendNext()
  }

  #onCrash(failure: Error | null): void {
    this.crashes += 1
    this.#worker = null
    this.#current?.settle(new LookupError('gone', 'the query thread ended; try again'))
    this.#current = null
    const restartMs = this.#restartMs
    this.#restartMs = Math.min(restartMs * 2, RESTART_MS_MAX)
    this.#log.error({ err: failure, restartMs }, 'the query thread ended')
    const reloads = [...this.#blocks].map(([broker, blocks]): Waiting => {
      const settle = (outcome: Outcome | LookupError) => {
        if ('value' in outcome) return
        this.#log.error({ broker, outcome }, 'instruments could not be loaded again')
      }
      return { order: { do: 'load', broker, ...blocks }, isReload: true, settle }
    })
    this.#waiting = [...reloads, ...this.#waiting.filter(({ isReload }) => !isReload)]
    this.#restartTimer = setTimeout(() => this.#start(), restartMs)
  }

  #refuseAll(): void {
    const refused = this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]
    this.#current = null
    this.#waiting = []
    for (const { settle } of refused) settle(new LookupError('gone', 'the engine stops'))
  }
}
