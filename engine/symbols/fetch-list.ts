// Gets the files of a list: downloads them, asks again where that may help, and not at all for what has not changed.
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpRequest } from '../../adapters/broker.ts'
import { backoffMs } from '../feed/backoff.ts'
import { type DownloadError, type DownloadLimits, download, placeOf } from './download.ts'
import type { Validator } from './list-record.ts'
import type { SyncOrder, SyncProgress } from './sync.ts'

const ATTEMPTS_MAX = 3
const DOWNLOAD_MS_MAX = 5 * 60_000

export interface SourceFile {
  readonly path: string
  /** What people know the file by. */
  readonly name: string
  /** The layout that it has, or null where its first row tells. */
  readonly layout: string | null
}

/** The files of a list; `validators` is empty for files that were here already. */
export interface FetchedList {
  readonly files: readonly SourceFile[]
  readonly validators: readonly Validator[]
}

export interface FetchContext {
  readonly order: SyncOrder
  readonly signal: AbortSignal
  /** In [0, 1). */
  random(): number
  onProgress(progress: SyncProgress): void
}

/** Downloads one file; a failure that may pass is tried again after a while, each time a longer one. */
async function downloadAgain(
  request: HttpRequest,
  path: string,
  known: Validator | undefined,
  context: FetchContext,
): Promise<Validator | 'unchanged'> {
  const { order, signal, onProgress, random } = context
  const { bytesMax, silenceMsMax, backoffMsMin, backoffMsMax } = order
  const limits: DownloadLimits = { bytesMax, silenceMsMax, totalMsMax: DOWNLOAD_MS_MAX }
  const onBytes = (bytes: number, bytesTotal: number | null) =>
    onProgress({ phase: 'downloading', bytes, bytesTotal })
  for (let attempt = 0; ; attempt++) {
    try {
      return await download({ request, path, known, onBytes }, limits, signal)
    } catch (error) {
      signal.throwIfAborted()
      const { isPassing, message } = error as DownloadError
      if (!isPassing || attempt + 1 === ATTEMPTS_MAX) throw error
      const delayMs = backoffMs(attempt, backoffMsMin, backoffMsMax, random())
      onProgress({ phase: 'retrying', reason: message, delayMs })
      await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

/**
 * The files of a list, downloaded where they are not here yet, or `unchanged` when the server has no other ones than
 * those `known`. Throws a DownloadError.
 */
export async function fetchList(
  context: FetchContext,
  known: readonly Validator[],
): Promise<FetchedList | 'unchanged'> {
  const { source, downloadFolder } = context.order
  if ('file' in source) {
    const { file, layout = null } = source
    return { files: [{ path: file, name: basename(file), layout }], validators: [] }
  }
  const places = source.downloads.map(({ request, layout }, at) => ({
    request,
    layout,
    name: placeOf(request),
    path: join(downloadFolder, String(at)),
  }))
  const areKnown =
    places.length === known.length && places.every(({ name }, at) => known[at]!.place === name)
  const answers: (Validator | 'unchanged')[] = []
  for (const [at, { request, path }] of places.entries()) {
    answers.push(await downloadAgain(request, path, areKnown ? known[at] : undefined, context))
  }
  if (places.length > 0 && answers.every((answer) => answer === 'unchanged')) return 'unchanged'
  // The generation is made of all files, so those that did not change are needed as well.
  for (const [at, { request, path }] of places.entries()) {
    if (answers[at] === 'unchanged')
      answers[at] = await downloadAgain(request, path, undefined, context)
  }
  const validators = answers.filter((answer) => answer !== 'unchanged')
  return { files: places, validators }
}
