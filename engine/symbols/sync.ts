// Brings a broker's instrument list into the store, in a thread of its own.
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve as resolvePath } from 'node:path'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { InstrumentFile } from '../../adapters/broker.ts'
import { nowMs } from '../clock.ts'
import { writeFailure } from './list-record.ts'
import { openStore, type SymbolIndex } from './store.ts'

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
  /** `unchanged`: the broker has no other list than the one that is live, and that one stays. */
  readonly outcome: 'synced' | 'unchanged'
  /** Rows left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** The first rows left out, for people to look at. */
  readonly samples: readonly SkippedRow[]
  /** Rows of the generation that were not in the list and stay from the live one. */
  readonly carriedOver: number
  readonly downloadMs: number
  readonly totalMs: number
}

/** How far a sync is. */
export type SyncProgress =
  /** Bytes as they come over the wire; the total is null where the server does not tell it. */
  | { readonly phase: 'downloading'; readonly bytes: number; readonly bytesTotal: number | null }
  | { readonly phase: 'retrying'; readonly reason: string; readonly delayMs: number }
  /** Another sync writes into the store. */
  | { readonly phase: 'waiting' }
  | { readonly phase: 'writing'; readonly rows: number }

export interface SyncRequest {
  readonly storeFolder: string
  readonly broker: string
  /** Module file of a broker that is not built in. */
  readonly brokerModule?: string
  /** A file here (plain, gzip or zip), with its layout where the rows do not tell it; or what to download. */
  readonly source:
    | { readonly file: string; readonly layout?: string }
    | { readonly downloads: readonly InstrumentFile[] }
  /** The list holds some exchanges only; the live rows of all others are carried over. */
  readonly isPart?: boolean
  /** Takes the list although it is so unlike the live one that it would be refused, and downloads it unasked. */
  readonly force?: boolean
  /** How many of the rows left out are told one by one; 10 where nothing is said. */
  readonly samplesMax?: number
  /** Limit of a file, packed and unpacked; 512 MiB where nothing is said. */
  readonly bytesMax?: number
  /** How long a server may keep silent; 30 s where nothing is said. */
  readonly silenceMsMax?: number
  /** Pauses before a failed download is tried again: the first, and the longest; 1 s and 30 s. */
  readonly backoffMsMin?: number
  readonly backoffMsMax?: number
  /** Told a few times a second. */
  readonly onProgress?: (progress: SyncProgress) => void
  /** Stops the sync, within a second; what is live stays live unless the sync is about to be done. */
  readonly signal?: AbortSignal
}

const DEFAULTS = {
  isPart: false,
  force: false,
  samplesMax: 10,
  bytesMax: 512 * 1024 * 1024,
  silenceMsMax: 30_000,
  backoffMsMin: 1000,
  backoffMsMax: 30_000,
}

/** What the worker is started with. */
export interface SyncOrder
  extends Omit<SyncRequest, 'signal' | 'onProgress' | keyof typeof DEFAULTS>,
    Readonly<typeof DEFAULTS> {
  /** Exists, is empty, and is removed when the worker has ended. */
  readonly downloadFolder: string
}

/** What the worker tells: how far it is, that it waits for its turn to write, or how it ended. */
export type SyncReport =
  | { readonly at: 'progress'; readonly progress: SyncProgress }
  | { readonly at: 'fetched' }
  | { readonly at: 'done'; readonly result: SyncResult }
  | { readonly at: 'failed'; readonly reason: string }

/** What the worker is told. It stops by itself: LMDB's binding aborts the process when its thread is terminated. */
export type SyncCommand = 'go' | 'stop'

/** A sync that did not end well; the message names the broker and says why. */
export class SyncError extends Error {
  override readonly name = 'SyncError'
}

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

type Watcher = Pick<SyncRequest, 'signal' | 'onProgress'>

/** Runs the worker to its end. Resolves to its last report; rejects when it ended without one. */
function runWorker(order: SyncOrder, { signal, onProgress }: Watcher): Promise<SyncReport> {
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
      if (report.at === 'progress') return onProgress?.(report.progress)
      last = report
      if (report.at !== 'fetched') return
      onProgress?.({ phase: 'waiting' })
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

async function runSync(order: SyncOrder, watcher: Watcher): Promise<SyncResult> {
  await rm(order.downloadFolder, { recursive: true, force: true })
  await mkdir(order.downloadFolder, { recursive: true })
  try {
    if (watcher.signal?.aborted) throw new Error('it was stopped')
    const report = await runWorker(order, watcher)
    if (report.at === 'done') return report.result
    throw new Error(report.at === 'failed' ? report.reason : 'its thread ended')
  } finally {
    await rm(order.downloadFolder, { recursive: true, force: true })
  }
}

/** Keeps the reason where people look for it later; a store that cannot be opened has told its own. */
async function remember(storeFolder: string, broker: string, reason: string): Promise<void> {
  const store = openStore(storeFolder)
  try {
    await writeFailure(store, broker, { atMs: nowMs(), reason })
  } finally {
    await store.root.close()
  }
}

/**
 * Syncs a broker's instruments: downloads or reads the list, writes a new generation into the store, makes it
 * live, and returns the shared blocks. Syncs into one store take turns at writing; one broker is synced once at a
 * time. Rejects with a SyncError; the generation that was live then stays live, and the reason is kept in the store
 * until a sync goes well.
 */
export async function syncInstruments(request: SyncRequest): Promise<SyncResult> {
  const { signal, onProgress, ...rest } = request
  const { broker } = rest
  const storeFolder = resolvePath(rest.storeFolder)
  const downloadFolder = join(storeFolder, `download-${broker}`)
  const order: SyncOrder = { ...DEFAULTS, ...rest, storeFolder, downloadFolder }
  const watcher: Watcher = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
  const name = `${storeFolder} ${broker}`
  const refuse = (reason: string) => new SyncError(`instruments of ${broker} not synced: ${reason}`)
  if (running.has(name)) throw refuse('a sync of this broker is under way')
  running.add(name)
  try {
    return await runSync(order, watcher)
  } catch (error) {
    const reason = (error as Error).message
    if (!signal?.aborted) await remember(storeFolder, broker, reason).catch(() => {})
    throw refuse(reason)
  } finally {
    running.delete(name)
  }
}
