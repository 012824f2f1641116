// Lists of any length, in pieces where they are long: writing ten thousand rows at once would hold up the ticks.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Reply } from './reply.ts'

/** Rows that are written in well under a millisecond, where nothing else is said. */
const ROWS_AT_ONCE = 200

/** A reply of `before`, the rows as a JSON list, and `after`. */
export function listReply<Row>(
  before: string,
  rows: readonly Row[],
  write: (row: Row) => object,
  after: string,
  rowsAtOnce = ROWS_AT_ONCE,
): Reply {
  const type = 'application/json'
  if (rows.length > rowsAtOnce) {
    return { status: 200, type, body: pieces(before, rows, write, after, rowsAtOnce) }
  }
  const list = JSON.stringify(rows.map(write))
  return { status: 200, type, body: `${before}${list}${after}\n` }
}

async function* pieces<Row>(
  before: string,
  rows: readonly Row[],
  write: (row: Row) => object,
  after: string,
  rowsAtOnce: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    const list = JSON.stringify(rows.slice(at, at + rowsAtOnce).map(write)).slice(1, -1)
    yield Buffer.from(at === 0 ? `${before}[${list}` : `,${list}`)
    await nextTurn()
  }
  yield Buffer.from(`]${after}\n`)
}
