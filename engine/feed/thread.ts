// The thread of a broker session: it runs the worker, and starts another when that one crashes, the later the sooner it
// did.
import { Worker } from 'node:worker_threads'
import { nowMs } from '../clock.ts'
import type { Logger } from '../observe/log.ts'
import { backoffMs } from './backoff.ts'
import type { FeedWorkerData, FromFeedWorker, ToFeedWorker } from './state.ts'

const STOP_MS_MAX = 3_000
// A worker that lived this long was good: its crash is a new one, not the last one again.
const GOOD_LIFE_MS = 60_000
const WORKER_HEAP_MB_MAX = 256

export interface FeedThreadOptions {
  readonly log: Logger
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** What a worker that starts now has to know. */
  data(): Omit<FeedWorkerData, 'missingSinceMs'>
  /** A worker hears what is posted from now on. */
  onStarted(): void
  onMessage(message: FromFeedWorker): void
  /** The worker is gone, and so are its sockets; `isFinal` when it was told to. */
  onEnded(isFinal: boolean): void
  /** What a crashed worker threw, fit for the log. */
  shown(thrown: unknown): Error
}

export class FeedThread {
  restarts = 0
  readonly #options: FeedThreadOptions
  #crashesInARow = 0
  #worker: Worker | null = null
  #isStopping = false
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: FeedThreadOptions) {
    this.#options = options
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  start(): void {
    this.#start(null)
  }

  /** Tells the worker; false where there is none that would hear it. */
  post(message: ToFeedWorker, moved: readonly ArrayBuffer[] = []): boolean {
    this.#worker?.postMessage(message, moved)
    return this.#worker !== null
  }

  /** Ends the worker; its sockets are closed when this resolves. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#restartTimer)
    const worker = this.#worker
    if (worker === null) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const cutOff = setTimeout(() => void worker.terminate(), STOP_MS_MAX)
    this.post({ kind: 'stop' })
    await ended
    clearTimeout(cutOff)
  }

  #start(missingSinceMs: number | null): void {
    const { log, shown } = this.#options
    const data = this.#options.data()
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { ...data, missingSinceMs } satisfies FeedWorkerData,
      name: `feed ${data.broker}`,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB_MAX },
    })
    this.#worker = worker
    worker.on('message', (message: FromFeedWorker) => this.#options.onMessage(message))
    worker.on('error', (error) => log.error({ err: shown(error) }, 'feed worker crashed'))
    const startedAtMs = nowMs()
    worker.on('exit', () => this.#onExit(worker, startedAtMs))
    this.#options.onStarted()
  }

  #onExit(worker: Worker, startedAtMs: number): void {
    if (this.#worker !== worker) return
    this.#worker = null
    this.#options.onEnded(this.#isStopping)
    if (this.#isStopping) return
    const { backoffMsMin, backoffMsMax, log } = this.#options
    const missingSinceMs = nowMs()
    if (missingSinceMs - startedAtMs > GOOD_LIFE_MS) this.#crashesInARow = 0
    const delayMs = backoffMs(this.#crashesInARow, backoffMsMin, backoffMsMax, Math.random())
    this.#crashesInARow += 1
    this.restarts += 1
    log.error({ restartInMs: delayMs }, 'feed worker ended')
    this.#restartTimer = setTimeout(() => this.#start(missingSinceMs), delayMs)
  }
}
