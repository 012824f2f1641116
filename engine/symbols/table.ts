// A CSV file, plain, gzip or zip, as rows of text.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { openZip } from './zip.ts'

const ROW_BYTES_MAX = 64 * 1024
const EXCERPT_MAX = 160

/** The beginning of a text, on one line, for a message. */
export function excerpt(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would act on is taken out.
  const line = text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()
  return line.length <= EXCERPT_MAX ? line : `${line.slice(0, EXCERPT_MAX)}…`
}

/** How packed files begin, and what unpacks them. */
const PACKED: readonly [magic: string, open: (path: string) => Promise<AsyncIterable<Buffer>>][] = [
  ['1f8b', async (path) => pipeline(createReadStream(path), createGunzip(), () => {})],
  ['504b', openZip],
]

/** The content of a file, unpacked where it begins like a packed one. */
async function openUnpacked(path: string): Promise<AsyncIterable<Buffer>> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    const magic = buffer.toString('hex', 0, bytesRead)
    const packed = PACKED.find(([begin]) => begin === magic)
    return packed === undefined ? createReadStream(path) : await packed[1](path)
  } finally {
    await file.close()
  }
}

/** Passes bytes on until there are more than `bytesMax`. */
export function limitBytes(bytesMax: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`)
      yield chunk
    }
  }
}

/** Passes bytes on unless they begin like a page, which is what many servers send in place of a file. */
async function* refusePages(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true
  for await (const chunk of source) {
    if (isFirst && /^[\s\ufeff]*</.test(chunk.toString('utf8', 0, 1024))) {
      throw new Error(`it is a page of HTML or XML, not CSV: ${excerpt(chunk.toString('utf8'))}`)
    }
    isFirst = false
    yield chunk
  }
}

/** Positions of the wanted columns in the header. */
function positionsOf(columns: readonly string[], header: readonly string[]): number[] {
  return columns.map((column) => {
    const position = header.indexOf(column)
    if (position >= 0) return position
    throw new Error(`column ${column} is missing; row 1 is: ${excerpt(header.join(','))}`)
  })
}

const REASONS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'the packed data ends too early: the file is not complete',
  Z_DATA_ERROR: 'the packed data is damaged',
  CSV_QUOTE_NOT_CLOSED: 'a quoted value is not closed before the end of the file',
  CSV_MAX_RECORD_SIZE: `a row has more than ${ROW_BYTES_MAX} bytes`,
}

/**
 * Reads a table with a header row and hands on the wanted columns of each row. `cells` is one array, filled again
 * for every row; the header is row 1. Reading goes on when `take` has resolved. Throws an error that says what is
 * wrong with the file, with the number of the row and its text; `bytesMax` limits the unpacked file.
 */
export async function readTable(
  path: string,
  columns: readonly string[],
  bytesMax: number,
  take: (cells: readonly string[], row: number, whole: readonly string[]) => Promise<void> | void,
): Promise<void> {
  const parser = parse({
    bom: true,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_BYTES_MAX,
  })
  const cells = columns.map(() => '')
  let positions: number[] | undefined
  let width = 0
  let row = 0
  try {
    const bytes = await openUnpacked(path)
    const rows = pipeline(bytes, limitBytes(bytesMax), refusePages, parser, () => {})
    for await (const whole of rows as AsyncIterable<string[]>) {
      row++
      if (positions === undefined) {
        positions = positionsOf(columns, whole)
        width = whole.length
        continue
      }
      if (whole.length !== width) {
        const text = excerpt(whole.join(','))
        throw new Error(`row ${row} has ${whole.length} values, the header ${width}: ${text}`)
      }
      for (let column = 0; column < positions.length; column++) {
        cells[column] = whole[positions[column]!]!
      }
      const taking = take(cells, row, whole)
      if (taking) await taking
    }
  } catch (error) {
    const reason = REASONS[(error as { code?: string }).code ?? '']
    throw reason === undefined ? error : new Error(`${reason} (after row ${row})`)
  }
  if (row < 2) throw new Error(row === 0 ? 'it is empty' : 'it has a header and no rows')
}
