// A file of instruments as rows of text: CSV with a header, or a JSON array of objects.
import { pipeline } from 'node:stream'
import { parse } from 'csv-parse'
import type { InstrumentLayout } from '../../adapters/broker.ts'
import { excerpt } from './excerpt.ts'
import { jsonElements } from './json-elements.ts'
import { openContent } from './unpack.ts'

const ROW_BYTES_MAX = 64 * 1024

/** The layouts that a file may have, by name; what they do with a row is no concern of its reader. */
export type Layouts = Readonly<Record<string, Pick<InstrumentLayout, 'format' | 'columns'>>>

/**
 * Takes a row. `cells` is one array, filled again for every row; `row` counts as people do, with the header of a CSV
 * file as row 1; `text` gives the whole row. Reading goes on when the promise has resolved.
 */
export type TakeRow = (
  layout: string,
  cells: readonly string[],
  row: number,
  text: () => string,
) => Promise<void> | undefined

const REASONS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'the packed data ends too early: the file is not complete',
  Z_DATA_ERROR: 'the packed data is damaged',
  CSV_QUOTE_NOT_CLOSED: 'a quoted value is not closed before the end of the file',
  CSV_MAX_RECORD_SIZE: `a row has more than ${ROW_BYTES_MAX} bytes`,
}

/** The layout of a CSV file by its header: of those whose columns are all there, the one with the most. */
function layoutOf(layouts: Layouts, header: readonly string[]): string {
  const names = Object.keys(layouts)
  const missing = (name: string) => layouts[name]!.columns.find((each) => !header.includes(each))
  const fitting = names.filter((name) => missing(name) === undefined)
  const columns = (name: string) => layouts[name]!.columns.length
  const most = Math.max(...fitting.map(columns))
  const [layout, other] = fitting.filter((name) => columns(name) === most)
  if (layout === undefined) {
    const why =
      names.length === 1
        ? `column ${missing(names[0]!)} is missing`
        : `it has none of the layouts ${names.join(', ')}`
    throw new Error(`${why}; row 1 is: ${excerpt(header.join(','))}`)
  }
  if (other === undefined) return layout
  throw new Error(`it may have the layout ${fitting.join(' or ')}: name one with --layout`)
}

async function readCsv(
  content: AsyncIterable<Buffer>,
  layouts: Layouts,
  count: { row: number },
  take: TakeRow,
): Promise<void> {
  const parser = parse({
    bom: true,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_BYTES_MAX,
  })
  let layout: string | undefined
  let cells: string[] = []
  let positions: number[] = []
  let width = 0
  const rows = pipeline(content, parser, () => {})
  for await (const whole of rows as AsyncIterable<string[]>) {
    const row = ++count.row
    if (layout === undefined) {
      layout = layoutOf(layouts, whole)
      const { columns } = layouts[layout]!
      positions = columns.map((column) => whole.indexOf(column))
      cells = columns.map(() => '')
      width = whole.length
      continue
    }
    // Some files end each row, but not the header, with a comma.
    const isWhole = whole.length === width || (whole.length === width + 1 && whole[width] === '')
    if (!isWhole) {
      const text = excerpt(whole.join(','))
      throw new Error(`row ${row} has ${whole.length} values, the header ${width}: ${text}`)
    }
    for (let column = 0; column < positions.length; column++) {
      cells[column] = whole[positions[column]!]!
    }
    const taking = take(layout, cells, row, () => excerpt(whole.join(',')))
    if (taking) await taking
  }
  if (count.row < 2) {
    throw new Error(count.row === 0 ? 'it is empty' : 'it has a header and no rows')
  }
}

const cellOf = (value: unknown) => (value === undefined || value === null ? '' : String(value))

async function readJson(
  content: AsyncIterable<Buffer>,
  layouts: Layouts,
  count: { row: number },
  take: TakeRow,
): Promise<void> {
  const [layout, other] = Object.keys(layouts)
  if (other !== undefined)
    throw new Error(`it may have the layout ${layout} or ${other}: name one with --layout`)
  const { columns } = layouts[layout!]!
  const cells = columns.map(() => '')
  const isSeen = columns.map(() => false)
  for await (const element of jsonElements(content, ROW_BYTES_MAX)) {
    const row = ++count.row
    if (typeof element !== 'object' || element === null) {
      throw new Error(`row ${row} is not an object: ${excerpt(JSON.stringify(element))}`)
    }
    const values = element as Readonly<Record<string, unknown>>
    for (let column = 0; column < columns.length; column++) {
      const value = values[columns[column]!]
      if (value !== undefined) isSeen[column] = true
      cells[column] = cellOf(value)
    }
    const taking = take(layout!, cells, row, () => excerpt(JSON.stringify(element)))
    if (taking) await taking
  }
  if (count.row === 0) throw new Error('it has no rows')
  const missing = columns.find((_, column) => !isSeen[column])
  if (missing !== undefined) throw new Error(`column ${missing} is missing in all rows`)
}

const READERS = { csv: readCsv, json: readJson } as const

/** The layouts of one format, which must be that of the content. */
async function choose(
  content: AsyncIterable<Buffer>,
  layouts: Layouts,
): Promise<{ format: keyof typeof READERS; whole: AsyncIterable<Buffer>; fitting: Layouts }> {
  const chunks = content[Symbol.asyncIterator]()
  const first = await chunks.next()
  const begin = first.done ? '' : first.value.toString('utf8', 0, 1024)
  const format = /^[\s\ufeff]*[[{]/.test(begin) ? 'json' : 'csv'
  const fitting = Object.entries(layouts).filter(([, layout]) => layout.format === format)
  if (fitting.length === 0 && begin !== '') {
    const wanted = format === 'json' ? 'CSV' : 'JSON'
    throw new Error(`it is not the ${wanted} that the broker publishes: ${excerpt(begin)}`)
  }
  async function* whole() {
    if (!first.done) yield first.value
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return { format, whole: whole(), fitting: Object.fromEntries(fitting) }
}

/**
 * Reads a file (plain, gzip or zip) that has one of the layouts, and hands on the columns of its layout row by row.
 * Throws an error that says what is wrong with the file, with the number of the row and its text; `bytesMax` limits
 * the unpacked file.
 */
export async function readTable(
  path: string,
  layouts: Layouts,
  bytesMax: number,
  take: TakeRow,
): Promise<void> {
  const count = { row: 0 }
  try {
    const { format, whole, fitting } = await choose(await openContent(path, bytesMax), layouts)
    await READERS[format](whole, fitting, count, take)
  } catch (error) {
    const reason = REASONS[(error as { code?: string }).code ?? '']
    throw reason === undefined ? error : new Error(`${reason} (after row ${count.row})`)
  }
}
