// Keeps the instruments of a running engine those of the day: syncs every broker after its publication, again after
// a while where that failed, and whenever somebody asks for it.
import { nowMs as clockMs } from '../clock.ts'
import { backoffMs } from '../feed/backoff.ts'
import { nextTimeMs } from '../indian-day.ts'
import type { Logger } from '../observe/log.ts'
import { type ImportRequest, importInstruments } from './import.ts'
import { currentIndex, isReady, type ListSource, type WaitingList } from './list-source.ts'
import { type ListStatus, listStatus } from './list-status.ts'
import { openStore, type Store, type SymbolIndex } from './store.ts'
import { SyncError, type SyncProgress, type SyncResult, syncInstruments } from './sync.ts'

/** Wall clocks jump and machines sleep, so the time is looked at rather than waited for. */
const LOOK_EVERY_MS = 5000
const RETRY_MS_MIN = 5 * 60_000
const RETRY_MS_MAX = 60 * 60_000

/** A sync or an import while it runs, and how it ended. */
export interface Job {
  /** Counts the jobs of this broker, from 1. */
  readonly number: number
  readonly progress: SyncProgress | null
  readonly result: JobResult | null
  readonly error: string | null
}
export type JobResult = Omit<SyncResult, 'catalogue' | 'tokens' | 'details'>

export interface ScheduledStatus extends ListStatus {
  readonly nextSyncAtMs: number
  readonly job: Job | null
}

export interface ScheduleOptions {
  readonly storeFolder: string
  readonly lists: readonly WaitingList[]
  readonly log: Logger
  /** Called with each new generation, before its sync counts as done. */
  onIndex(broker: string, index: SymbolIndex): void | Promise<void>
  /** Epoch ms; the engine's clock where nothing is said. */
  readonly nowMs?: () => number
  readonly lookEveryMs?: number
}

interface Entry {
  list: WaitingList
  dueAtMs: number
  failures: number
  job: Job | null
}

export class SymbolSchedule {
  readonly #options: ScheduleOptions
  readonly #nowMs: () => number
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  readonly #store: Store
  #timer: NodeJS.Timeout | undefined

  /** Opens the store in the folder, which must have been made; `stop` closes it. */
  constructor(options: ScheduleOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? clockMs
    this.#store = openStore(options.storeFolder)
    const now = this.#nowMs()
    this.#entries = new Map(
      options.lists.map((list) => {
        const dueAtMs = this.#isCurrent(list)
          ? nextTimeMs(list.publishedAt, now)
          : now + RETRY_MS_MIN
        return [list.broker, { list, dueAtMs, failures: 0, job: null }]
      }),
    )
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), this.#options.lookEveryMs ?? LOOK_EVERY_MS)
    this.#timer.unref()
  }

  /** Stops what runs and waits for its end; the live generations stay as they are. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await Promise.allSettled(this.#running)
    await this.#store.root.close()
  }

  get brokers(): readonly string[] {
    return [...this.#entries.keys()]
  }

  status(): ScheduledStatus[] {
    return [...this.#entries.values()].map(({ list, dueAtMs, job }) => ({
      ...listStatus(this.#store, list.broker, this.#nowMs()),
      nextSyncAtMs: dueAtMs,
      job,
    }))
  }

  /** A broker's list comes from here from now on, null: from nowhere. What is not of the day is synced soon. */
  useSource(broker: string, source: ListSource['source'] | null): void {
    const entry = this.#entryOf(broker)
    entry.list = { ...entry.list, source }
    if (source === null || this.#isCurrent(entry.list)) return
    entry.failures = 0
    entry.dueAtMs = this.#nowMs()
  }

  /** Begins a sync of a broker now and returns its job's number; null when one is under way. */
  sync(broker: string, force: boolean): number | null {
    const entry = this.#entryOf(broker)
    const { list } = entry
    return this.#begin(
      entry,
      async (common) => {
        if (isReady(list)) return syncInstruments({ ...list, ...common, force })
        throw new SyncError(`${broker} has no session to download its instruments with; sign in`)
      },
      (hasFailed) => this.#plan(entry, hasFailed),
    )
  }

  /** Begins an import (`importInstruments`) and returns its job's number; null when a sync is under way. */
  import(
    broker: string,
    file: Pick<ImportRequest, 'file' | 'layout'>,
    force: boolean,
  ): number | null {
    const entry = this.#entryOf(broker)
    return this.#begin(
      entry,
      (common) => importInstruments({ ...entry.list, ...common, ...file, force }),
      // What was brought by hand does not stand for the broker's own list.
      () => {},
    )
  }

  #isCurrent(list: WaitingList): boolean {
    if (!isReady(list)) return false
    return 'file' in list.source || currentIndex(this.#store, list, this.#nowMs()) !== null
  }

  #entryOf(broker: string): Entry {
    const entry = this.#entries.get(broker)
    if (entry === undefined) throw new RangeError(`broker ${broker} is not running`)
    return entry
  }

  #look(): void {
    const now = this.#nowMs()
    for (const { dueAtMs, list } of this.#entries.values()) {
      // Without a session it would fail, and the broker's sign-in is told elsewhere.
      if (now >= dueAtMs && isReady(list)) this.sync(list.broker, false)
    }
  }

  #begin(
    entry: Entry,
    run: (common: Common) => Promise<SyncResult>,
    onEnd: (hasFailed: boolean) => void,
  ): number | null {
    const { job } = entry
    if (this.#stop.signal.aborted || (job !== null && job.result === null && job.error === null)) {
      return null
    }
    const number = (job?.number ?? 0) + 1
    const idle: Job = { number, progress: null, result: null, error: null }
    entry.job = idle
    const onProgress = (progress: SyncProgress) => {
      entry.job = { ...idle, progress }
    }
    const ended = this.#carryOut(entry, run({ onProgress, signal: this.#stop.signal })).then(
      (outcome) => {
        entry.job = { ...idle, ...outcome }
        onEnd('error' in outcome)
        this.#running.delete(ended)
      },
    )
    this.#running.add(ended)
    return number
  }

  /** Says when the next sync is due. */
  #plan(entry: Entry, hasFailed: boolean): void {
    const now = this.#nowMs()
    entry.failures = hasFailed ? entry.failures + 1 : 0
    entry.dueAtMs = hasFailed
      ? now + backoffMs(entry.failures - 1, RETRY_MS_MIN, RETRY_MS_MAX, 0.5)
      : nextTimeMs(entry.list.publishedAt, now)
  }

  /** Waits for a sync or an import, and hands its index on. */
  async #carryOut(
    entry: Entry,
    sync: Promise<SyncResult>,
  ): Promise<{ result: JobResult } | { error: string }> {
    const { broker } = entry.list
    const { log, onIndex } = this.#options
    try {
      const synced = await sync
      if (synced.outcome === 'synced') await onIndex(broker, synced)
      const { catalogue, tokens, details, ...result } = synced
      const { outcome, rows, skipped, samples, totalMs } = result
      log.info(
        { broker, outcome, rows, skipped, samples: samples.slice(0, 10), totalMs },
        'instruments synced',
      )
      return { result }
    } catch (error) {
      log.error({ broker, err: error }, 'instruments not synced; those before stay in use')
      return { error: (error as Error).message }
    }
  }
}

type Common = { onProgress(progress: SyncProgress): void; signal: AbortSignal }
