// A list that a person downloaded by hand.
import { type SyncRequest, type SyncResult, syncInstruments } from './sync.ts'

/** Rows not taken that are told one by one. */
const SAMPLES_MAX = 50_000

export interface ImportRequest
  extends Pick<
    SyncRequest,
    'storeFolder' | 'broker' | 'brokerModule' | 'force' | 'onProgress' | 'signal'
  > {
  /** Plain, gzip, or a zip archive of one file. */
  readonly file: string
  /** The broker's name for the layout of the file, where several have the same columns. */
  readonly layout?: string
}

/**
 * Makes a new generation of the rows in a file and of the live rows of all exchanges that the file does not have.
 * Every row of it that is not taken is among the result's `samples`. Rejects as `syncInstruments` does.
 */
export function importInstruments({
  file,
  layout,
  ...request
}: ImportRequest): Promise<SyncResult> {
  const source = { file, ...(layout === undefined ? {} : { layout }) }
  return syncInstruments({ ...request, source, isPart: true, samplesMax: SAMPLES_MAX })
}
