// Shows how far a sync is, on a terminal only.
import type { SyncProgress } from '../../engine/symbols/sync.ts'

const shown = (value: number) => value.toLocaleString('en-US')
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

const TEXTS: { [Phase in SyncProgress['phase']]: (at: SyncProgress & { phase: Phase }) => string } =
  {
    downloading: ({ bytes, bytesTotal }) =>
      `downloading: ${megabytes(bytes)} MB${bytesTotal === null ? '' : ` of ${megabytes(bytesTotal)}`}`,
    retrying: ({ reason, delayMs }) => `${reason}; again in ${(delayMs / 1000).toFixed(1)} s`,
    waiting: () => 'waiting for its turn to write',
    writing: ({ rows }) => `writing: ${shown(rows)} rows`,
  }

/** How far a sync is, as a text. */
export function describeProgress(progress: SyncProgress): string {
  return (TEXTS[progress.phase] as (at: SyncProgress) => string)(progress)
}

/** One line that changes in place; nothing where stderr is no terminal. */
export function progressLine(broker: string) {
  const isTerminal = process.stderr.isTTY === true
  let isShown = false
  return {
    show(progress: SyncProgress) {
      if (!isTerminal) return
      isShown = true
      const line = `${broker} ${describeProgress(progress)}`
      process.stderr.write(`\r\x1b[K${line.slice(0, process.stderr.columns - 1)}`)
    },
    clear() {
      if (isShown) process.stderr.write('\r\x1b[K')
      isShown = false
    },
  }
}
