// Brings a broker's instrument list into the store, in a thread of its own.
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve as resolvePath } from 'node:path'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { HttpRequest } from '../../adapters/broker.ts'
import type { SymbolIndex } from './store.ts'

/** A row that was left out. */
export interface SkippedRow {
  readonly source: string
  /** Number of the row in its file; the header is row 1. */
  readonly row: number
  readonly reason: string
  /** The beginning of the row. */
  readonly text: string
}

export interface SyncResult extends SymbolIndex {
  /** Rows left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** The first rows left out, for people to look at. */
  readonly samples: readonly SkippedRow[]
  readonly downloadMs: number
  readonly totalMs: number
}

export interface SyncRequest {
  readonly storeFolder: string
  readonly broker: string
  /** Module file of a broker that is not built in. */
  readonly brokerModule?: string
  /** A file on this machine (CSV, plain or gzip), or what to download. */
  readonly source: { readonly file: string } | { readonly requests: readonly HttpRequest[] }
  /** Limit of a file, packed and unpacked; 512 MiB where nothing is said. */
  readonly bytesMax?: number
  /** How long a server may keep silent; 30 s where nothing is said. */
  readonly silenceMsMax?: number
  /** Stops the sync, within a second; what is live stays live unless the sync is about to be done. */
  readonly signal?: AbortSignal
}

/** What the worker is started with. */
export interface SyncOrder extends Omit<SyncRequest, 'signal'> {
  /** Exists, is empty, and is removed when the worker has ended. */
  readonly downloadFolder: string
  readonly bytesMax: number
  readonly silenceMsMax: number
}

/** What the worker tells: that it waits for its turn to write, or how it ended. */
export type SyncReport =
  | { readonly at: 'fetched' }
  | { readonly at: 'done'; readonly result: SyncResult }
  | { readonly at: 'failed'; readonly reason: string }

/** What the worker is told. It stops by itself: LMDB's binding aborts the process when its thread is terminated. */
export type SyncCommand = 'go' | 'stop'

const BYTES_MAX = 512 * 1024 * 1024
const SILENCE_MS_MAX = 30_000
const RESOURCE_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 }

/** By store folder: resolves when every sync that was given a turn has ended. */
const turns = new Map<string, Promise<void>>()
/** Syncs under way, as `FOLDER BROKER`. */
const running = new Set<string>()

/** Queues for writing into a store: `before` resolves when it is this one's turn. */
function takeTurn(storeFolder: string): { before: Promise<void>; giveBack: () => void } {
  const before = turns.get(storeFolder) ?? Promise.resolve()
  let giveBack = () => {}
  const mine = new Promise<void>((resolve) => {
    giveBack = resolve
  })
  turns.set(
    storeFolder,
    before.then(() => mine),
  )
  return { before, giveBack }
}

/** Runs the worker to its end. Resolves to its last report; rejects when it ended without one. */
function runWorker(order: SyncOrder, signal: AbortSignal | undefined): Promise<SyncReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sync-worker.js', import.meta.url), {
      workerData: order,
      resourceLimits: RESOURCE_LIMITS,
    })
    const tell = (command: SyncCommand) => worker.postMessage(command)
    const stop = () => tell('stop')
    let last: SyncReport | undefined
    let failure: Error | undefined
    let giveBack = () => {}
    signal?.addEventListener('abort', stop)
    worker.on('message', (report: SyncReport) => {
      last = report
      if (report.at !== 'fetched') return
      const turn = takeTurn(order.storeFolder)
      giveBack = turn.giveBack
      void turn.before.then(() => tell('go'))
    })
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', () => {
      signal?.removeEventListener('abort', stop)
      giveBack()
      if (last?.at === 'done' || last?.at === 'failed') resolve(last)
      else reject(failure ?? new Error('its thread ended'))
    })
  })
}

async function runSync(order: SyncOrder, signal: AbortSignal | undefined): Promise<SyncResult> {
  await rm(order.downloadFolder, { recursive: true, force: true })
  await mkdir(order.downloadFolder, { recursive: true })
  try {
    if (signal?.aborted) throw new Error('it was stopped')
    const report = await runWorker(order, signal)
    if (report.at === 'done') return report.result
    throw new Error(report.at === 'failed' ? report.reason : 'its thread ended')
  } finally {
    await rm(order.downloadFolder, { recursive: true, force: true })
  }
}

/**
 * Syncs a broker's instruments: downloads or reads the list, writes a new generation into the store, makes it
 * live, and returns the shared blocks. Syncs into one store take turns at writing; one broker is synced once at a
 * time. Rejects with an error that says why; the generation that was live then stays live.
 */
export async function syncInstruments(request: SyncRequest): Promise<SyncResult> {
  const { signal, ...rest } = request
  const storeFolder = resolvePath(rest.storeFolder)
  const order: SyncOrder = {
    ...rest,
    storeFolder,
    downloadFolder: join(storeFolder, `download-${rest.broker}`),
    bytesMax: rest.bytesMax ?? BYTES_MAX,
    silenceMsMax: rest.silenceMsMax ?? SILENCE_MS_MAX,
  }
  const name = `${storeFolder} ${rest.broker}`
  try {
    if (running.has(name)) throw new Error('a sync of this broker is under way')
    running.add(name)
    try {
      return await runSync(order, signal)
    } finally {
      running.delete(name)
    }
  } catch (error) {
    throw new Error(`instruments of ${rest.broker} not synced: ${(error as Error).message}`)
  }
}
