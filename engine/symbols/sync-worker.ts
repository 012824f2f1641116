// The thread of one sync: fetches the files, waits for its turn, writes the generation, and ends.
import { parentPort, workerData } from 'node:worker_threads'
import type { InstrumentLayout, InstrumentRow, InstrumentSource } from '../../adapters/broker.ts'
import { loadBroker, MANDATORY_INDICES } from '../../adapters/registry.ts'
import { excerpt } from './excerpt.ts'
import { type FetchedList, fetchList, type SourceFile } from './fetch-list.ts'
import { GenerationWriter } from './generation.ts'
import { clearFailure, readFetched, type Validator, writeFetched } from './list-record.ts'
import { listInstruments, liveGeneration, loadIndex, openStore, type Store } from './store.ts'
import type {
  SkippedRow,
  SyncCommand,
  SyncOrder,
  SyncProgress,
  SyncReport,
  SyncResult,
} from './sync.ts'
import { readTable } from './table.ts'
import { type ListFacts, refusalOf } from './validate.ts'

/** Puts that may wait for the library's thread. */
const PUTS_WAITING_MAX = 4000
const PROGRESS_EVERY_MS = 100

type Written = Omit<SyncResult, 'downloadMs' | 'totalMs'>

const order = workerData as SyncOrder
const report = (message: SyncReport) => parentPort!.postMessage(message)

const stop = new AbortController()

/** Resolves when it is this thread's turn, and when it is told to stop. */
const turn = new Promise<void>((resolve) => {
  parentPort!.on('message', (command: SyncCommand) => {
    if (command === 'stop') stop.abort(new Error('it was stopped'))
    resolve()
  })
})

let toldAtMs = Number.NEGATIVE_INFINITY

/** Tells how far the sync is, but not more often than anyone can read. */
function onProgress(progress: SyncProgress): void {
  const now = performance.now()
  if (progress.phase !== 'retrying' && now - toldAtMs < PROGRESS_EVERY_MS) return
  toldAtMs = now
  report({ at: 'progress', progress })
}

/** Counts rows that are left out, and keeps the first of them. */
class Skips {
  readonly counts: Record<string, number> = {}
  readonly samples: SkippedRow[] = []
  total = 0
  /** Those of them for which there is an earlier row. */
  repeated = 0

  add(source: string, row: number, reason: string, text: string): void {
    this.total++
    this.counts[reason] = (this.counts[reason] ?? 0) + 1
    if (this.samples.length < order.samplesMax) this.samples.push({ source, row, reason, text })
  }

  /** The first row left out, for the message of a refusal. */
  first(): string {
    const first = this.samples[0]
    return first ? `; row ${first.row} was left out: ${first.reason} (${first.text})` : ''
  }
}

/** Maps a row; an error of the mapping itself is told with the row. */
function mapRow(layout: InstrumentLayout, cells: readonly string[], row: number) {
  try {
    return layout.row(cells)
  } catch (error) {
    const text = excerpt(cells.join(','))
    throw new Error(`row ${row} cannot be read: ${(error as Error).message} (${text})`)
  }
}

type Layouts = InstrumentSource['layouts']

function named(layouts: Layouts, name: string): Layouts {
  const layout = Object.hasOwn(layouts, name) ? layouts[name] : undefined
  if (layout !== undefined) return { [name]: layout }
  throw new Error(`there is no layout ${name}; known: ${Object.keys(layouts).join(', ')}`)
}

/** One list on its way into a generation. */
class ListReader {
  readonly skips = new Skips()
  readonly #indices = new Set<string>()
  readonly #instruments: InstrumentSource
  readonly #writer: GenerationWriter

  constructor(instruments: InstrumentSource, writer: GenerationWriter) {
    this.#instruments = instruments
    this.#writer = writer
  }

  async read(file: SourceFile): Promise<void> {
    try {
      const { layouts } = this.#instruments
      const possible = file.layout === null ? layouts : named(layouts, file.layout)
      await readTable(file.path, possible, order.bytesMax, (layout, cells, row, text) => {
        const reason = this.#take(layouts[layout]!, cells, row)
        if (reason !== null) this.skips.add(file.name, row, reason, text())
        return this.pace()
      })
    } catch (error) {
      throw new Error(`${file.name}: ${(error as Error).message}`)
    }
  }

  /** Adds what no file lists, where the files have its exchange at all. */
  addUnlisted(): void {
    for (const row of this.#instruments.unlisted ?? []) {
      const isListed = this.#indices.has(`${row.exchange}:${row.symbol}`)
      if (!isListed && (!order.isPart || Object.hasOwn(this.#writer.exchanges, row.exchange))) {
        this.#takeRow(row)
      }
    }
  }

  #take(layout: InstrumentLayout, cells: readonly string[], row: number): string | null {
    const taken = mapRow(layout, cells, row)
    return typeof taken === 'string' ? taken : this.#takeRow(taken)
  }

  #takeRow(taken: InstrumentRow): string | null {
    const reason = this.#writer.take(taken)
    if (reason !== null) {
      if (reason.startsWith('an earlier row')) this.skips.repeated++
    } else if (taken.instrumentType === 'INDEX') {
      this.#indices.add(`${taken.exchange}:${taken.symbol}`)
    }
    return reason
  }

  /** Waits for the store where it is behind. */
  pace(): Promise<void> | undefined {
    if (this.#writer.waiting < PUTS_WAITING_MAX) return
    stop.signal.throwIfAborted()
    onProgress({ phase: 'writing', rows: this.#writer.rows })
    return this.#writer.flush()
  }

  facts(): ListFacts {
    const exchanges = { ...this.#writer.exchanges }
    return { exchanges, repeated: this.skips.repeated, indices: this.#indices }
  }
}

/** Throws when the list cannot be right. */
function validate(store: Store, list: ListFacts, skips: Skips): void {
  const expected = {
    exchanges: order.force ? {} : (liveGeneration(store, order.broker)?.exchanges ?? {}),
    indices: order.force ? {} : MANDATORY_INDICES,
    isWhole: !order.isPart,
  }
  const refusal = refusalOf(order.force ? { ...list, repeated: 0 } : list, expected)
  if (refusal !== null) throw new Error(refusal + skips.first())
}

/** Takes the live rows of all exchanges that the list does not have. Returns how many. */
async function carryOver(
  store: Store,
  list: ListFacts,
  writer: GenerationWriter,
  reader: ListReader,
): Promise<number> {
  const before = writer.rows
  let row = 0
  for (const live of listInstruments(store, order.broker)) {
    if (Object.hasOwn(list.exchanges, live.exchange)) continue
    row++
    const reason = writer.take(live)
    if (reason !== null) {
      const text = `${live.exchange}:${live.symbol}`
      reader.skips.add('the live instruments', row, reason, text)
    }
    await reader.pace()
  }
  return writer.rows - before
}

/** Writes the files' rows as a generation and makes it live. */
async function writeGeneration(
  store: Store,
  instruments: InstrumentSource,
  { files, validators }: FetchedList,
): Promise<Written> {
  const writer = await GenerationWriter.begin(store, order.broker, Date.now())
  const reader = new ListReader(instruments, writer)
  for (const file of files) await reader.read(file)
  reader.addUnlisted()
  const { skips } = reader
  const list = reader.facts()
  validate(store, list, skips)
  const carriedOver = order.isPart ? await carryOver(store, list, writer, reader) : 0
  stop.signal.throwIfAborted()
  const source = files.map((file) => file.name).join(' ')
  const index = await writer.finish(source, skips.total, Date.now())
  if (validators.length > 0) await markFetched(store, index.generation, validators)
  await clearFailure(store, order.broker)
  const { counts: skipped, samples } = skips
  return { ...index, outcome: 'synced', skipped, samples, carriedOver }
}

/** Notes that the server has nothing newer than this generation. */
async function markFetched(store: Store, generation: number, files: readonly Validator[]) {
  await writeFetched(store, order.broker, { generation, checkedAtMs: Date.now(), files })
}

/** The list that is live is the broker's newest: notes that, and answers with it. */
async function keepLive(store: Store): Promise<Written> {
  const { broker } = order
  const index = loadIndex(store, broker)
  const fetched = readFetched(store, broker)
  if (index === null || fetched === undefined) {
    throw new Error('the live list was replaced meanwhile; sync again')
  }
  await markFetched(store, index.generation, fetched.files)
  await clearFailure(store, broker)
  return { ...index, outcome: 'unchanged', skipped: {}, samples: [], carriedOver: 0 }
}

/** What to ask the server with, so that it sends only what is new; nothing where the live list cannot be used. */
function knownFiles(store: Store): readonly Validator[] {
  if (order.force) return []
  try {
    const isUsable = loadIndex(store, order.broker) !== null
    return isUsable ? (readFetched(store, order.broker)?.files ?? []) : []
  } catch {
    return []
  }
}

async function withStore<Result>(use: (store: Store) => Result): Promise<Awaited<Result>> {
  const store = openStore(order.storeFolder)
  try {
    return await use(store)
  } finally {
    await store.root.close()
  }
}

async function sync(): Promise<SyncResult> {
  const startMs = performance.now()
  const { instruments } = await loadBroker(order.broker, order.brokerModule)
  const known = 'file' in order.source ? [] : await withStore(knownFiles)
  const context = { order, signal: stop.signal, random: Math.random, onProgress }
  const list = await fetchList(context, known)
  const downloadMs = Math.round(performance.now() - startMs)
  report({ at: 'fetched' })
  await turn
  stop.signal.throwIfAborted()
  const written = await withStore((store) =>
    list === 'unchanged' ? keepLive(store) : writeGeneration(store, instruments, list),
  )
  return { ...written, downloadMs, totalMs: Math.round(performance.now() - startMs) }
}

try {
  report({ at: 'done', result: await sync() })
} catch (error) {
  report({ at: 'failed', reason: (error as Error).message })
} finally {
  parentPort!.close()
}
