// The thread of one sync: fetches the files, waits for its turn, writes the generation, and ends.
import { basename, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { InstrumentSource } from '../../adapters/broker.ts'
import { loadBroker } from '../../adapters/registry.ts'
import { download, placeOf } from './download.ts'
import { GenerationWriter } from './generation.ts'
import { openStore } from './store.ts'
import type { SkippedRow, SyncCommand, SyncOrder, SyncReport, SyncResult } from './sync.ts'
import { excerpt, readTable } from './table.ts'

const DOWNLOAD_MS_MAX = 5 * 60_000
/** Puts that may wait for the library's thread. */
const PUTS_WAITING_MAX = 4000
const SAMPLES_MAX = 10

interface SourceFile {
  readonly path: string
  /** What people know the file by. */
  readonly name: string
}

const report = (message: SyncReport) => parentPort!.postMessage(message)

const stop = new AbortController()

/** Resolves when it is this thread's turn, and when it is told to stop. */
const turn = new Promise<void>((resolve) => {
  parentPort!.on('message', (command: SyncCommand) => {
    if (command === 'stop') stop.abort(new Error('it was stopped'))
    resolve()
  })
})

/** The files to read, after downloading those that are not here yet. */
async function fetchFiles(order: SyncOrder): Promise<SourceFile[]> {
  const { source, downloadFolder, bytesMax, silenceMsMax } = order
  if ('file' in source) return [{ path: source.file, name: basename(source.file) }]
  const limits = { bytesMax, silenceMsMax, totalMsMax: DOWNLOAD_MS_MAX }
  const files: SourceFile[] = []
  for (const request of source.requests) {
    const path = join(downloadFolder, String(files.length))
    await download(request, path, limits, stop.signal)
    files.push({ path, name: placeOf(request) })
  }
  return files
}

/** Counts rows that are left out, and keeps the first of them. */
class Skips {
  readonly counts: Record<string, number> = {}
  readonly samples: SkippedRow[] = []
  total = 0

  add(source: string, row: number, reason: string, whole: readonly string[]): void {
    this.total++
    this.counts[reason] = (this.counts[reason] ?? 0) + 1
    if (this.samples.length === SAMPLES_MAX) return
    this.samples.push({ source, row, reason, text: excerpt(whole.join(',')) })
  }

  /** The first row left out, for the message of a refusal. */
  first(): string {
    const first = this.samples[0]
    return first ? `; row ${first.row} was left out: ${first.reason} (${first.text})` : ''
  }
}

/** Maps a row; an error of the mapping itself is told with the row. */
function mapRow(instruments: InstrumentSource, cells: readonly string[], row: number) {
  try {
    return instruments.row(cells)
  } catch (error) {
    const text = excerpt(cells.join(','))
    throw new Error(`row ${row} cannot be read: ${(error as Error).message} (${text})`)
  }
}

async function readFile(
  file: SourceFile,
  instruments: InstrumentSource,
  bytesMax: number,
  writer: GenerationWriter,
  skips: Skips,
): Promise<void> {
  try {
    await readTable(file.path, instruments.columns, bytesMax, (cells, row, whole) => {
      const taken = mapRow(instruments, cells, row)
      const reason = typeof taken === 'string' ? taken : writer.take(taken)
      if (reason !== null) skips.add(file.name, row, reason, whole)
      if (writer.waiting < PUTS_WAITING_MAX) return
      stop.signal.throwIfAborted()
      return writer.flush()
    })
  } catch (error) {
    throw new Error(`${file.name}: ${(error as Error).message}`)
  }
}

/** Writes the files' rows as a generation and makes it live. */
async function writeGeneration(
  order: SyncOrder,
  instruments: InstrumentSource,
  files: readonly SourceFile[],
): Promise<Omit<SyncResult, 'downloadMs' | 'totalMs'>> {
  const store = openStore(order.storeFolder)
  try {
    const writer = await GenerationWriter.begin(store, order.broker, Date.now())
    const skips = new Skips()
    for (const file of files) {
      await readFile(file, instruments, order.bytesMax, writer, skips)
    }
    try {
      if (writer.rows === 0) throw new Error('no row could be taken')
      writer.checkAgainstLive(skips.total)
    } catch (error) {
      throw new Error((error as Error).message + skips.first())
    }
    stop.signal.throwIfAborted()
    const source = files.map((file) => file.name).join(' ')
    const index = await writer.finish(source, skips.total, Date.now())
    return { ...index, skipped: skips.counts, samples: skips.samples }
  } finally {
    await store.root.close()
  }
}

async function sync(order: SyncOrder): Promise<SyncResult> {
  const startMs = performance.now()
  const { instruments } = await loadBroker(order.broker, order.brokerModule)
  const files = await fetchFiles(order)
  const downloadMs = Math.round(performance.now() - startMs)
  report({ at: 'fetched' })
  await turn
  stop.signal.throwIfAborted()
  const written = await writeGeneration(order, instruments, files)
  return { ...written, downloadMs, totalMs: Math.round(performance.now() - startMs) }
}

try {
  report({ at: 'done', result: await sync(workerData as SyncOrder) })
} catch (error) {
  report({ at: 'failed', reason: (error as Error).message })
} finally {
  parentPort!.close()
}
