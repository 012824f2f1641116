// One thread of the order gateway, as a piscina pool of one. piscina's defaults would freeze keep-alive sockets between
// tasks (`atomics`), end the thread and its warm connections when it idles (`idleTimeout`), and run one task at a time.
import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { backoffMs } from '../feed/backoff.ts'
import type { Logger } from '../observe/log.ts'
import type { Answer } from './answer.ts'
import type { LineTask, ThreadNote } from './plan.ts'

const HEAP_MB_MAX = 512
const RESTART_MS_MIN = 50
const RESTART_MS_MAX = 5000
// A thread that lived this long was good: its end is a new one, not the last one again.
const GOOD_LIFE_MS = 60_000
/** Tasks beside the calls: sessions, settlements. */
const SPARE_TASKS = 64

/** The thread ended before it answered. */
export class ThreadEndedError extends Error {
  override readonly name = 'ThreadEndedError'
}

/** The thread answered that it could not do it. */
export class TaskError extends Error {
  override readonly name = 'TaskError'
}

export interface ThreadPoolOptions {
  /** What the thread is for, in log lines. */
  readonly name: string
  readonly file: URL
  readonly plan: object
  /** Calls that run at a time. */
  readonly callsMax: number
  readonly log: Logger
  /** A new thread took over; it knows nothing that the one before was told. */
  readonly onRestart: () => void
}

export class ThreadPool {
  /** Threads that ended by themselves. */
  deaths = 0
  readonly #options: ThreadPoolOptions
  readonly #piscina: Piscina
  readonly #watched = new WeakSet<Worker>()
  #deathsInARow = 0
  #isClosing = false
  #wakeTimer: NodeJS.Timeout | undefined

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    const { file, plan, callsMax, log, name } = options
    this.#piscina = new Piscina({
      filename: file.href,
      workerData: plan,
      minThreads: 1,
      maxThreads: 1,
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: callsMax + SPARE_TASKS,
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    })
    this.#piscina.on('message', ({ level, text, fields }: ThreadNote) => log[level](fields, text))
    this.#piscina.on('error', (error) => log.error({ err: error }, `the ${name} thread failed`))
    this.#watch()
  }

  /** The thread that runs, for those who want to end it. */
  get threads(): readonly Worker[] {
    return this.#piscina.threads
  }

  /** Runs a task. Rejects with a TaskError, or with a ThreadEndedError where nobody knows how far it came. */
  async run(task: LineTask | object): Promise<unknown> {
    if (this.#isClosing) throw new TaskError('the engine stops')
    return this.#run(task)
  }

  /** Ends the thread when it has closed what it holds. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    clearTimeout(this.#wakeTimer)
    await this.#run({ do: 'close' }).catch((error: Error) => {
      this.#options.log.error({ err: error }, `the ${this.#options.name} thread closed badly`)
    })
    await this.#piscina.destroy()
  }

  async #run(task: object): Promise<unknown> {
    let answer: Answer
    try {
      const answered = this.#piscina.run(task) as Promise<Answer>
      this.#watch()
      answer = await answered
    } catch (error) {
      throw new ThreadEndedError((error as Error).message)
    }
    if ('failed' in answer) throw new TaskError(answer.failed)
    return answer.value
  }

  /** Looks after a thread that piscina has started since. */
  #watch(): void {
    for (const thread of this.#piscina.threads) {
      if (this.#watched.has(thread)) continue
      this.#watched.add(thread)
      const startedAtMs = performance.now()
      thread.once('exit', () => this.#onExit(startedAtMs))
    }
  }

  #onExit(startedAtMs: number): void {
    if (this.#isClosing) return
    this.deaths += 1
    if (performance.now() - startedAtMs > GOOD_LIFE_MS) this.#deathsInARow = 0
    const { name, log, onRestart } = this.#options
    log.error(`the ${name} thread ended; a new one takes over`)
    const delayMs =
      this.#deathsInARow === 0
        ? 0
        : backoffMs(this.#deathsInARow, RESTART_MS_MIN, RESTART_MS_MAX, 0.5)
    this.#deathsInARow += 1
    clearTimeout(this.#wakeTimer)
    // piscina starts no thread in place of one that ended while it started; tasks that wait would wait for ever.
    this.#wakeTimer = setTimeout(() => {
      this.#run({ do: 'wake' }).then(onRestart, () => {})
    }, delayMs)
    this.#watch()
  }
}
