import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import { Dump, searchReply } from '../../engine/symbols/lookup/list-text.ts'
import { ROW_BYTES_MAX } from '../../engine/symbols/lookup/row-writer.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { symtokenOf, symtokenWithId } from '../../engine/symbols/lookup/symtoken.ts'
import { LookupTable } from '../../engine/symbols/lookup/table.ts'
import type { Case, Group, Target, WorkArm } from './group.ts'
import { makeRows } from './symbol-rows.ts'

const INSTRUMENTS = 50_000
const PIECE_BYTES = 32 * 1024
const TARGET: Target = { timesMin: 4 }

/** What makes the bytes of a list, handed over in pieces. */
type Maker = (take: (piece: Uint8Array) => void) => void

/** The pieces copied together. */
function whole(make: Maker): Buffer {
  const pieces: Buffer[] = []
  make((piece) => pieces.push(Buffer.from(piece)))
  return Buffer.concat(pieces)
}

/** Rows with a reply's begin and end around them, as objects, text and bytes, a piece at a time. */
function stringified(
  numbers: () => Iterable<number>,
  rowOf: (instrument: number) => object,
  message: string,
): Maker {
  const encoder = new TextEncoder()
  const memory = new Uint8Array(2 * PIECE_BYTES)
  return (take) => {
    let text = '{"data":['
    let isFirst = true
    const flush = () => take(memory.subarray(0, encoder.encodeInto(text, memory).written))
    for (const number of numbers()) {
      text += (isFirst ? '' : ',') + JSON.stringify(rowOf(number))
      isFirst = false
      if (text.length < PIECE_BYTES) continue
      flush()
      text = ''
    }
    text += `],"message":"${message}","status":"success"}\n`
    flush()
  }
}

/** Two ways to the same bytes, per megabyte. Throws when they are not the same. */
function compare(what: string, own: Maker, other: Maker): Case {
  const bytes = whole(own)
  if (!bytes.equals(whole(other))) throw new Error(`${what}: the arms make other bytes`)
  const arm = (name: string, make: Maker, target?: Target): WorkArm => ({
    name,
    target,
    operations: bytes.length / 1e6,
    work() {
      let made = 0
      make((piece) => {
        made += piece.length
      })
      return made === bytes.length
    },
  })
  return {
    name: `${what}, ${(bytes.length / 1000).toFixed(0)} kB`,
    arms: [arm('RowWriter', own), arm('objects, JSON.stringify, TextEncoder', other, TARGET)],
  }
}

function prepare(): { cases: Case[] } {
  const rows = makeRows(INSTRUMENTS)
  const blocks = { catalogue: buildCatalogue(rows), details: buildDetails(rows) }
  const instruments = new SharedInstruments(blocks)
  const found = new LookupTable(instruments).search('NIFTY', null)
  const reply = new Uint8Array(256 * 1024)
  const piece = new Uint8Array(new SharedArrayBuffer(PIECE_BYTES + ROW_BYTES_MAX))
  const search = compare(
    `${found.length} rows of a search`,
    (take) => take(searchReply(instruments.writer, found, reply)),
    stringified(
      () => found,
      (each) => symtokenWithId(instruments.row(each)),
      `Found ${found.length} matching symbols`,
    ),
  )
  const dump = compare(
    `a dump of ${INSTRUMENTS} instruments`,
    (take) => {
      const pieces = new Dump(instruments, null, 'json')
      for (let bytes = pieces.read(piece); bytes > 0; bytes = pieces.read(piece)) {
        take(piece.subarray(0, bytes))
      }
    },
    stringified(
      () => instruments.numbers(),
      (each) => symtokenOf(instruments.row(each)),
      `Found ${INSTRUMENTS} instruments`,
    ),
  )
  return { cases: [search, dump] }
}

export const lookupRows: Group = {
  name: 'lookup-rows',
  about: 'rows of the instrument list as the bytes of a reply, in the time of the query thread',
  operation: 'MB',
  prepare,
}
