// Lists of instruments on their way into the store, and what is there.
import { resolve } from 'node:path'
import { columns, required } from '../command.ts'
import type { ListInfo, Outcome, Symbols, Watch } from './access.ts'
import { type Asked, oneBroker, print } from './asked.ts'
import { progressLine } from './progress.ts'

const shown = (value: number) => value.toLocaleString('en-US')
const perExchange = (exchanges: Readonly<Record<string, number>>) =>
  Object.entries(exchanges)
    .map(([exchange, rows]) => `${exchange} ${shown(rows)}`)
    .join('  ')

/** One sentence, then every row that was not taken, as far as it is known. */
function outcomeLines(broker: string, outcome: Outcome): string[] {
  const { generation, rows, carriedOver, exchanges, skipped, samples, totalMs } = outcome
  if (outcome.outcome === 'unchanged') {
    return [`${broker}: unchanged since generation ${generation}; ${shown(rows)} rows stay`]
  }
  const left = Object.values(skipped).reduce((sum, each) => sum + each, 0)
  const carried = carriedOver === 0 ? '' : `, ${shown(carriedOver)} rows of other exchanges kept`
  const seconds = (totalMs / 1000).toFixed(1)
  return [
    `${broker}: ${shown(rows - carriedOver)} rows taken, ${shown(left)} not taken${carried}; ` +
      `generation ${generation} is live after ${seconds} s`,
    `  ${perExchange(exchanges)}`,
    ...Object.entries(skipped).map(([reason, times]) => `  not taken: ${shown(times)} × ${reason}`),
    ...samples.map(
      ({ source, row, reason, text }) => `  ${source} row ${row}: ${reason} (${text})`,
    ),
    ...(left > samples.length ? [`  and ${shown(left - samples.length)} more`] : []),
  ]
}

async function carryOut(
  broker: string,
  { force, asJson }: Asked,
  work: (watch: Watch) => Promise<Outcome>,
): Promise<void> {
  const line = progressLine(broker)
  try {
    const outcome = await work({ force, onProgress: line.show })
    line.clear()
    const { generation, rows, exchanges, carriedOver, skipped, samples, totalMs } = outcome
    const told = { generation, rows, exchanges, carriedOver, skipped, samples, totalMs }
    print(
      asJson
        ? [JSON.stringify({ broker, outcome: outcome.outcome, ...told })]
        : outcomeLines(broker, outcome),
    )
  } finally {
    line.clear()
  }
}

/** Syncs the brokers side by side; one that fails does not stop the others, and its error is told at the end. */
export async function sync(symbols: Symbols, asked: Asked): Promise<void> {
  const known = await symbols.synced()
  const brokers = asked.all && known.length > 0 ? known : [oneBroker(known, asked)]
  const outcomes = await Promise.allSettled(
    brokers.map((broker) => carryOut(broker, asked, (watch) => symbols.sync(broker, watch))),
  )
  const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  for (const other of failures.slice(1)) {
    process.stderr.write(`tickplant: ${(other as Error).message}\n`)
  }
  if (failures.length > 0) throw failures[0]
}

export async function importFile(symbols: Symbols, asked: Asked): Promise<void> {
  const broker = required('--broker', asked.broker)
  const file = resolve(required('the file', asked.words[0]))
  const list = { file, ...(asked.layout === undefined ? {} : { layout: asked.layout }) }
  await carryOut(broker, asked, (watch) => symbols.import(broker, list, watch))
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

function listLines({ broker, live, failure, nextSyncAtMs }: ListInfo): string[] {
  const time = (ms: number) => new Date(ms).toISOString()
  const rows: string[][] = []
  if (live !== null) {
    rows.push(
      ['generation', `${live.generation}, synced ${time(live.syncedAtMs)} from ${live.source}`],
      ['age', `${age(live.ageMs)} since it was last known to be the newest`],
      ['rows', `${shown(live.rows)}, left out ${shown(live.leftOut)}`],
      ['exchanges', perExchange(live.exchanges)],
    )
  }
  if (failure !== null) rows.push(['last failure', `${time(failure.atMs)} ${failure.reason}`])
  if (nextSyncAtMs !== undefined) rows.push(['next sync', time(nextSyncAtMs)])
  return [live === null ? `${broker}: no instruments yet` : broker, ...columns(rows)]
}

export async function status(symbols: Symbols, { asJson, broker }: Asked): Promise<void> {
  const lists = (await symbols.list()).filter(
    (list) => broker === undefined || list.broker === broker,
  )
  if (asJson) return print([JSON.stringify(lists, null, 2)])
  print(lists.length === 0 ? ['No instruments yet; sync them.'] : lists.flatMap(listLines))
}
