// The front thread, seen from the core: started, told the news, asked nothing, and started again where it ends.
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { KeyRecord } from '../auth/keys.ts'
import type { LastValuesMemory } from '../distribute/last-values.ts'
import { backoffMs } from '../feed/backoff.ts'
import type { Logger } from '../observe/log.ts'
import { StartError } from '../start-error.ts'
import { Desk, type DeskParts } from './desk.ts'
import {
  type FromFront,
  type FrontData,
  type FrontIndex,
  type FrontNews,
  LISTENS,
} from './words.ts'

/** Calls leave little behind; V8 would let tens of megabytes of it lie before it looks. */
const YOUNG_MB_MAX = 8
const STOP_MS_MAX = 2000
const RESTART_MS_MIN = 50
const RESTART_MS_MAX = 5000
// A thread that lived this long was good: its end is a new one, not the last one again.
const GOOD_LIFE_MS = 60_000

export interface FrontOptions extends DeskParts {
  readonly log: Logger
  /** What a thread that starts now has to know. */
  data(): Omit<FrontData, 'closed'>
}

export class Front {
  /** Threads that ended by themselves. */
  deaths = 0
  readonly #options: FrontOptions
  #worker: Worker | null = null
  #port = 0
  #deathsInARow = 0
  #restartTimer: NodeJS.Timeout | undefined
  #isClosing = false
  readonly #closed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

  constructor(options: FrontOptions) {
    this.#options = options
  }

  /** Starts the thread and resolves when it listens. Rejects with a StartError where it cannot. */
  async start(): Promise<void> {
    process.on('exit', this.#leave)
    try {
      await this.#start()
    } catch (error) {
      process.off('exit', this.#leave)
      throw error
    }
  }

  /** The port it listens on. */
  get port(): number {
    return this.#port
  }

  /** The thread that runs, for those who want to end it. */
  get thread(): Worker | null {
    return this.#worker
  }

  useKeys(keys: readonly KeyRecord[]): void {
    this.#tell({ news: 'keys', keys })
  }

  useIndex(broker: string, { catalogue, tokens }: FrontIndex): void {
    this.#tell({ news: 'index', broker, index: { catalogue, tokens } })
  }

  useLastValues(broker: string, lastValues: LastValuesMemory): void {
    this.#tell({ news: 'lastValues', broker, lastValues })
  }

  /** Closes all connections and ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#restartTimer)
    const worker = this.#worker
    if (worker === null) {
      process.off('exit', this.#leave)
      return
    }
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    this.#tell({ news: 'close' })
    // One that does not end in time is waited for once more when the process exits.
    await Promise.race([ended, wait(STOP_MS_MAX, undefined, { ref: false })])
    worker.unref()
    if (this.#worker === null) process.off('exit', this.#leave)
  }

  /** uWebSockets.js aborts the process where its thread is ended from outside while it listens. */
  readonly #leave = (): void => {
    if (this.#worker === null) return
    this.#tell({ news: 'close' })
    Atomics.wait(this.#closed, 0, LISTENS, STOP_MS_MAX)
  }

  #tell(news: FrontNews): void {
    this.#worker?.postMessage(news)
  }

  /** Resolves when the thread listens, on the port of the one before. */
  #start(): Promise<void> {
    const { log, data, ...parts } = this.#options
    const known = data()
    const address = { ...known.address, port: this.#port || known.address.port }
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: { ...known, address, closed: this.#closed } satisfies FrontData,
      name: 'front',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB_MAX },
    })
    this.#worker = worker
    this.#closed[0] = LISTENS
    const desk = new Desk(parts, (told, moved) => worker.postMessage(told, moved))
    const startedAtMs = performance.now()
    return new Promise((resolve, reject) => {
      worker.on('message', (told: FromFront) => {
        if ('question' in told) void desk.take(told)
        else if ('cannot' in told) reject(new StartError(told.cannot))
        else {
          this.#port = told.listens
          resolve()
        }
      })
      worker.on('error', (error) => {
        log.error({ err: error }, 'front thread crashed')
        reject(error)
      })
      worker.on('exit', () => {
        desk.close()
        reject(new StartError('the front thread ended before it listened'))
        this.#onExit(worker, startedAtMs)
      })
    })
  }

  #onExit(worker: Worker, startedAtMs: number): void {
    if (this.#worker !== worker) return
    this.#worker = null
    // One that never listened ends the start instead.
    if (this.#isClosing || this.#port === 0) return
    this.deaths += 1
    if (performance.now() - startedAtMs > GOOD_LIFE_MS) this.#deathsInARow = 0
    const restartInMs = backoffMs(this.#deathsInARow, RESTART_MS_MIN, RESTART_MS_MAX, 0.5)
    this.#deathsInARow += 1
    this.#options.log.error({ restartInMs }, 'front thread ended')
    this.#restartTimer = setTimeout(() => {
      this.#start().catch((error: Error) => {
        this.#options.log.error({ err: error }, 'front thread does not listen')
      })
    }, restartInMs)
  }
}
