import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../config/root.ts'
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { FOUND_MAX, LookupTable } from '../../engine/symbols/lookup/table.ts'
import type { Arm, Case, CountedArm, Group, Target } from './group.ts'
import { makeRows } from './symbol-rows.ts'

const INSTRUMENTS = 250_000
/** Rounds of all queries in one measured round at full count. */
const REPEATS = 20

/** A row as a program would hold it that filters an array; texts in upper case. */
interface PlainRow {
  readonly number: number
  readonly symbol: string
  readonly texts: readonly string[]
  readonly strike: number | null
}

/** The queries of `bench/queries.txt`. */
function readQueries(): string[] {
  const lines = readFileSync(join(packageRoot, 'bench/queries.txt'), 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

function rankOf({ symbol, texts, strike }: PlainRow, terms: readonly string[]): number {
  let best = 4
  for (const term of terms) {
    let rank = 4
    if (symbol === term) rank = 0
    else if (symbol.startsWith(term)) rank = 1
    else if (symbol.includes(term)) rank = 2
    else if (strike === Number(term) || texts.some((text) => text.includes(term))) rank = 3
    if (rank === 4) return 4
    if (rank < best) best = rank
  }
  return best
}

/** Filters and sorts, as the rows lie. */
function filter(rows: readonly PlainRow[], query: string): PlainRow[] {
  const terms = query.toUpperCase().split(/\s+/)
  const ranked = rows.flatMap((row) => {
    const rank = rankOf(row, terms)
    return rank === 4 ? [] : [{ row, rank }]
  })
  ranked.sort(
    (a, b) =>
      a.rank - b.rank ||
      a.row.symbol.length - b.row.symbol.length ||
      (a.row.symbol < b.row.symbol ? -1 : 1),
  )
  return ranked.slice(0, FOUND_MAX).map(({ row }) => row)
}

/** The value below which a share of sorted numbers lies. */
const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!

/** An arm whose time is a percentile over all queries, each asked alike often. */
function queryArm(
  name: string,
  share: number,
  queries: readonly string[],
  repeats: number,
  search: (query: string) => { readonly length: number },
  target?: Target,
): CountedArm {
  return {
    name,
    target,
    async measure(part) {
      const times: number[] = []
      const rounds = Math.max(1, Math.round(repeats * part))
      for (let round = 0; round < rounds; round++) {
        for (const query of queries) {
          const startMs = performance.now()
          search(query)
          times.push((performance.now() - startMs) * 1e6)
        }
      }
      return percentile(
        times.sort((a, b) => a - b),
        share,
      )
    },
  }
}

function prepare(): { cases: Case[] } {
  const queries = readQueries()
  const rows = makeRows(INSTRUMENTS)
  const blocks = { catalogue: buildCatalogue(rows), details: buildDetails(rows) }
  const table = new LookupTable(new SharedInstruments(blocks))
  const plain: PlainRow[] = rows.map(({ instrument, symbol, name, token, strike }) => {
    const texts = [name.toUpperCase(), String(token)]
    return { number: instrument, symbol: symbol.toUpperCase(), texts, strike }
  })
  for (const query of queries) {
    const own = table.search(query, null).map((instrument) => rows[instrument]!.symbol)
    const other = filter(plain, query).map(({ symbol }) => symbol)
    if (own.join() !== other.join()) throw new Error(`the arms find other rows for ${query}`)
  }
  const arms = (share: number, target?: Target): [Arm, ...Arm[]] => [
    queryArm('LookupTable', share, queries, REPEATS, (each) => table.search(each, null), target),
    queryArm('filter and sort of an array', share, queries, 1, (each) => filter(plain, each)),
  ]
  const bytes = Math.round(table.byteLength / table.size)
  return {
    cases: [
      { name: `median query; the table takes ${bytes} bytes an instrument`, arms: arms(0.5) },
      { name: '99th percentile of the queries', arms: arms(0.99, { nsMax: 5e6 }) },
    ],
  }
}

export const lookup: Group = {
  name: 'lookup',
  about: `the searches of bench/queries.txt among ${INSTRUMENTS} instruments, answers as numbers of rows`,
  operation: 'search',
  prepare,
}
