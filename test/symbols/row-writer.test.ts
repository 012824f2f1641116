// Rows as bytes, held against the objects that single answers are made of, as JSON.stringify and CSV write them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { INSTRUMENT_TYPES } from '../../adapters/broker.ts'
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import { searchReply } from '../../engine/symbols/lookup/list-text.ts'
import { NumberTexts } from '../../engine/symbols/lookup/number-texts.ts'
import { ROW_BYTES_MAX } from '../../engine/symbols/lookup/row-writer.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { symtokenOf, symtokenWithId } from '../../engine/symbols/lookup/symtoken.ts'
import { rowProblem } from '../../engine/symbols/row-problem.ts'
import { blocksOf, type NumberedRow, numbered, rowOf } from './lookup-rows.ts'

const CSV_COLUMNS = [
  ...['symbol', 'brsymbol', 'name', 'exchange', 'brexchange', 'token', 'expiry', 'strike'],
  ...['lotsize', 'instrumenttype', 'tick_size', 'freeze_qty'],
] as (keyof ReturnType<typeof symtokenOf>)[]

function csvCell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const QUOTABLE = ['"', '\\', ',', '\r', '\n', '\t', '\b', '\f', '\0', '\x1f', '\x7f', '/', '\u2028']
const label = fc.oneof(
  fc.constantFrom('', 'NIFTY', 'Reliance "Ind", Ltd', '\ud800'),
  fc.string({ unit: fc.constantFrom(...QUOTABLE, 'A', '&', 'é', '₹', '😀'), maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)
const ascii = (lengthMax: number) =>
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', ' ', 'A', '7', '~'),
    minLength: 1,
    maxLength: lengthMax,
  })
const amount = fc.oneof(
  fc.constantFrom(0, 0.05, 75, 1100.05, 23500, 1e21, 5e-324, 1.7976931348623157e308, 0.1 + 0.2),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  fc.nat(1_000_000),
)
const uint32 = fc.oneof(
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2 ** 31, 2 ** 32 - 1),
  fc.nat(2 ** 32 - 1),
)
const date = fc.constantFrom('1970-01-01', '2024-02-29', '2026-12-31', '9999-12-31')
const anyRow = fc
  .record({
    exchange: fc.constantFrom('NSE', 'NFO', 'NSE_INDEX'),
    symbol: ascii(100),
    name: label,
    brokerSymbol: label,
    brokerExchange: label,
    token: fc.oneof(uint32, ascii(30)),
    expiry: fc.option(date),
    strike: fc.option(amount),
    lotSize: amount,
    instrumentType: fc.constantFrom(...INSTRUMENT_TYPES),
    tickSize: amount,
    freezeQuantity: fc.option(amount.filter((value) => value > 0)),
  })
  .map((given) => rowOf(given))

/** Writes every row in all three forms and compares. */
function checkRows(rows: readonly NumberedRow[]): void {
  const listed: (NumberedRow | null)[] = []
  for (const row of rows) listed[row.instrument] = row
  const catalogue = buildCatalogue(Array.from(listed, (row) => row ?? null))
  const instruments = new SharedInstruments({ catalogue, details: buildDetails(rows) })
  const { writer } = instruments
  // Shared and at an odd place, as nothing may depend on either.
  const memory = new Uint8Array(new SharedArrayBuffer(ROW_BYTES_MAX + 3), 3)
  const written = (write: () => void) => {
    memory.fill(0x2a)
    writer.begin(memory)
    write()
    return Buffer.from(writer.written).toString()
  }
  for (const { instrument } of rows) {
    const row = symtokenOf(instruments.row(instrument))
    assert.equal(
      written(() => writer.json(instrument, false)),
      JSON.stringify(row),
    )
    assert.equal(
      written(() => writer.json(instrument, true)),
      JSON.stringify(symtokenWithId(instruments.row(instrument))),
    )
    assert.equal(
      written(() => writer.csv(instrument)),
      `${CSV_COLUMNS.map((name) => csvCell(row[name])).join(',')}\r\n`,
    )
  }
}

test('rows as bytes are what JSON.stringify and CSV make of them as objects', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 60 }), fc.nat(5), (rows, gap) => {
      for (const row of rows) assert.equal(rowProblem(row), null)
      // Numbers with gaps, as those of one broker among several are.
      checkRows(rows.map((row, at) => ({ ...row, instrument: at * (gap + 1) })))
    }),
    { numRuns: 200 },
  )
})

test('the longest row there may be fits', () => {
  const text = '\x1f'.repeat(1000)
  const row = rowOf({
    ...{ exchange: 'A'.repeat(16), symbol: '"'.repeat(100), name: text, brokerSymbol: text },
    ...{ brokerExchange: text, token: '"'.repeat(100), expiry: '2026-12-31' },
    ...{ strike: 1.7976931348623157e308, lotSize: 5e-324, tickSize: 1.2345678901234566e-7 },
    ...{ freezeQuantity: 123456789012345680000 },
  })
  assert.equal(rowProblem(row), null)
  checkRows([{ ...row, instrument: 0 }])
})

test('every byte of a text is written as JSON.stringify and CSV write it', () => {
  const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
  checkRows(numbered(characters.map((each) => rowOf({ name: each, brokerSymbol: `${each}A` }))))
})

test('numbers that share a place in the cache are told apart', () => {
  const texts = new NumberTexts(String)
  const memory = new Uint8Array(32)
  const numbers = Array.from({ length: 20_000 }, (_, at) => at * 0.05)
  for (const value of [...numbers, ...numbers.toReversed()]) {
    const end = texts.put(memory, 2, value)
    assert.equal(Buffer.from(memory.subarray(2, end)).toString(), String(value))
  }
})

test('a reply of a search lies in the memory given where it fits, and is the same where it does not', () => {
  const rows = numbered(
    Array.from({ length: 300 }, (_, at) => rowOf({ symbol: `S${at}`, name: `"${at}"`.repeat(90) })),
  )
  const instruments = new SharedInstruments(blocksOf(rows))
  const replyIn = (found: readonly number[], bytes: number) => {
    const memory = new Uint8Array(new SharedArrayBuffer(bytes))
    const reply = searchReply(instruments.writer, found, memory)
    return { text: Buffer.from(reply).toString(), isOwn: reply.buffer !== memory.buffer }
  }
  for (const found of [[], [299], rows.map(({ instrument }) => instrument).toReversed()]) {
    const count = found.length
    const data = JSON.stringify(found.map((each) => symtokenWithId(instruments.row(each))))
    const message = count === 0 ? 'No matching symbols found' : `Found ${count} matching symbols`
    const text = `{"data":${data},"message":"${message}","status":"success"}\n`
    assert.deepEqual(replyIn(found, 1024 * 1024), { text, isOwn: false })
    assert.deepEqual(replyIn(found, 0), { text, isOwn: true })
    assert.deepEqual(replyIn(found, ROW_BYTES_MAX + text.length / 2).text, text)
  }
})
