// Look-ups over one broker's instruments, held against the plainest way to do the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { InstrumentRow } from '../../adapters/broker.ts'
import { parseSymbolDate } from '../../engine/symbols/lookup/expiry-text.ts'
import { Dump, type DumpFormat } from '../../engine/symbols/lookup/list-text.ts'
import { ROW_BYTES_MAX } from '../../engine/symbols/lookup/row-writer.ts'
import { SharedInstruments } from '../../engine/symbols/lookup/shared-instruments.ts'
import { LookupTable } from '../../engine/symbols/lookup/table.ts'
import { blocksOf, derivative, FEW, type NumberedRow, numbered, rowOf } from './lookup-rows.ts'

const tableOf = (rows: readonly NumberedRow[]) =>
  new LookupTable(new SharedInstruments(blocksOf(rows)))
const few = tableOf(FEW)
const symbols = (rows: readonly { symbol: string }[]) => rows.map(({ symbol }) => symbol)
const searchSymbols = (table: LookupTable, query: string, exchange: string | null = null) =>
  symbols(table.search(query, exchange).map((number) => table.instruments.row(number)))
const day = (text: string) => parseSymbolDate(text)!

/** The rank of a row for the words of a query, or null: by the definition, over all columns. */
function naiveRank(row: InstrumentRow, terms: readonly string[]): number | null {
  const symbol = row.symbol.toUpperCase()
  const others = [row.brokerSymbol, row.name, String(row.token)].map((text) => text.toUpperCase())
  const ranks = terms.map((term) => {
    if (symbol === term) return 0
    if (symbol.startsWith(term)) return 1
    if (symbol.includes(term)) return 2
    const isStrike = /^\d+(\.\d+)?$/.test(term) && row.strike === Number(term)
    return isStrike || others.some((text) => text.includes(term)) ? 3 : null
  })
  return ranks.includes(null) ? null : Math.min(...(ranks as number[]))
}

function naiveSearch(rows: readonly NumberedRow[], query: string, exchange: string | null) {
  const terms = query
    .toUpperCase()
    .split(/\s+/)
    .filter((term) => term !== '')
  if (terms.length === 0) return []
  const less = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
  return rows
    .filter((row) => exchange === null || row.exchange === exchange)
    .flatMap((row) => {
      const rank = naiveRank(row, terms)
      return rank === null ? [] : [{ row, rank }]
    })
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        a.row.symbol.length - b.row.symbol.length ||
        less(a.row.symbol, b.row.symbol) ||
        less(a.row.exchange, b.row.exchange),
    )
    .slice(0, 500)
    .map(({ row }) => row.instrument)
}

const EXCHANGES = ['NSE', 'BSE', 'NFO']
// Few letters, so that words meet in many places.
const name = fc.stringMatching(/^[AB1&]{1,6}$/)
const anyRow = fc.oneof(
  fc
    .record({
      exchange: fc.constantFrom(...EXCHANGES),
      symbol: name,
      name: fc.stringMatching(/^[aBé 1]{0,6}$/),
      brokerSymbol: name,
      token: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.stringMatching(/^[AB|1]{2,5}$/)),
    })
    .map((given) => rowOf(given)),
  fc
    .record({
      underlying: fc.constantFrom('AB', 'ABA', 'B1'),
      expiry: fc.constantFrom('2026-01-11', '2026-11-11'),
      strike: fc.constantFrom(1, 11, 10.5, 1000, 1100.05),
      type: fc.constantFrom('CE' as const, 'PE' as const, 'FUT' as const),
    })
    .map(({ underlying, expiry, strike, type }) =>
      derivative('NFO', underlying, expiry, type, strike),
    ),
)
const anyRows = fc
  .uniqueArray(anyRow, { maxLength: 150, selector: ({ exchange, symbol }) => exchange + symbol })
  .map(numbered)
const anyTerm = fc.oneof(
  fc.stringMatching(/^[ABab1&é.]{1,5}$/),
  fc.constantFrom('AB', 'ce', '11', '11.0', '10.50', '1000', '11JAN26', '000', 'zz'),
)
const anyQuery = fc.array(anyTerm, { maxLength: 4 }).map((terms) => terms.join('  '))

test('a search finds what a scan of all columns finds, in the same order', () => {
  const exchange = fc.constantFrom(null, ...EXCHANGES, 'MCX')
  fc.assert(
    fc.property(anyRows, fc.array(anyQuery, { maxLength: 8 }), exchange, (rows, queries, at) => {
      const table = tableOf(rows)
      for (const query of queries) {
        const found = table.search(query, at)
        assert.deepEqual(found, naiveSearch(rows, query, at), JSON.stringify(query))
      }
    }),
    { numRuns: 300 },
  )
})

test('at most 500 answers come, the best ones', () => {
  const rows = numbered(
    Array.from({ length: 3000 }, (_, at) => {
      return rowOf({ symbol: `${at % 3 === 0 ? 'Z' : ''}A${at}`, name: at % 7 === 0 ? 'QQ' : 'X' })
    }),
  )
  const table = tableOf(rows)
  for (const query of ['A', 'A1', 'Z', 'QQ', 'A 9', 'X 1 2', '7']) {
    const found = table.search(query, null)
    assert.deepEqual(found, naiveSearch(rows, query, null), query)
  }
  assert.equal(table.search('A', null).length, 500)
})

test('symbols that are different words of one query come by their length', () => {
  const rows = numbered([
    rowOf({ symbol: 'TATA', name: 'LONGER' }),
    rowOf({ symbol: 'LONGER', name: 'TATA' }),
    rowOf({ symbol: 'TATALONGER' }),
  ])
  for (const query of ['LONGER TATA', 'TATA LONGER']) {
    assert.deepEqual(searchSymbols(tableOf(rows), query), ['TATA', 'LONGER', 'TATALONGER'])
  }
})

test('words are found in any order, small letters and a strike in another form too', () => {
  const wanted = ['NIFTY28MAR2423500CE', 'NIFTY04APR2423500CE']
  for (const query of ['NIFTY 23500 CE', 'ce 23500.0 nifty', ' 23500\tCE  NIFTY ']) {
    assert.deepEqual(searchSymbols(few, query, 'NFO').sort(), [...wanted].sort())
  }
  assert.deepEqual(searchSymbols(few, 'reliance'), ['RELIANCE', 'RELIANCE'])
  assert.deepEqual(searchSymbols(few, 'INDUSTRIES'), ['RELIANCE'])
  for (const query of ['', '  ', '%', 'N_FTY', 'INDUSTRIES\0', 'NIFTY ZZZ']) {
    assert.deepEqual(few.search(query, null), [], JSON.stringify(query))
  }
})

test('an instrument is found by symbol, token and broker symbol at its exchange only', () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const table = tableOf(rows)
      const first = (same: (row: NumberedRow) => boolean) =>
        rows.filter(same).map((row) => row.instrument)
      for (const { exchange, symbol, token, brokerSymbol, instrument } of rows) {
        const text = String(token)
        assert.equal(table.bySymbol(exchange, symbol)?.instrument, instrument)
        assert.equal(table.bySymbol('MCX', symbol), null)
        assert.equal(table.byToken('MCX', text), null)
        const byToken = table.byToken(exchange, text)!.instrument
        const byBrokerSymbol = table.byBrokerSymbol(exchange, brokerSymbol)!.instrument
        assert.ok(
          first((row) => row.exchange === exchange && String(row.token) === text).includes(byToken),
        )
        assert.ok(
          first((row) => row.exchange === exchange && row.brokerSymbol === brokerSymbol).includes(
            byBrokerSymbol,
          ),
        )
      }
    }),
    { numRuns: 50 },
  )
  assert.equal(few.byToken('NSE', 'NSE_EQ|INE002')?.symbol, 'RELIANCE')
  assert.equal(few.bySymbol('NSE', 'reliance'), null)
})

test('expiries are those of the very underlying, of one kind, from a day on', () => {
  const options = (underlying: string, from = 0) => few.expiries('NFO', underlying, 'options', from)
  assert.deepEqual(options('NIFTY'), [day('28MAR24'), day('04APR24')])
  assert.deepEqual(options('NIFTY', day('29MAR24')), [day('04APR24')])
  assert.deepEqual(options('NIFTY', day('28MAR24')), [day('28MAR24'), day('04APR24')])
  assert.deepEqual(options('NIFTYNXT50'), [day('26MAR24')])
  assert.deepEqual(options('NIF'), [])
  assert.deepEqual(options(''), [])
  const futures = few.expiries('NFO', 'nifty', 'futures', 0)
  assert.deepEqual(futures, [day('28MAR24'), day('25APR24')])
  assert.deepEqual(few.expiries('CDS', '726GS2032', 'options', 0), [day('25APR24')])
  assert.deepEqual(few.expiries('CDS', '726GS20', 'options', 0), [])
  assert.deepEqual(few.expiries('BFO', 'NIFTY', 'options', 0), [])
})

test('futures of an underlying come by expiry', () => {
  assert.deepEqual(symbols(few.futures('NFO', 'NIFTY', 0)), ['NIFTY28MAR24FUT', 'NIFTY25APR24FUT'])
  assert.deepEqual(symbols(few.futures('MCX', 'GOLD', 0)), ['GOLD05APR24FUT'])
  assert.deepEqual(few.futures('MCX', 'GOLD', day('06APR24')), [])
})

test('a chain is labelled by the strike nearest to the price, the lower of two', () => {
  const labels = (price: number | null, count: number | null) => {
    const { atm, strikes } = few.chain('NFO', 'NIFTY', day('28MAR24'), price, count)
    return [atm, ...strikes.map(({ strike, call, put }) => `${strike} ${call} ${put}`)]
  }
  const all = [
    '23400 ITM2 OTM2',
    '23500 ITM1 OTM1',
    '23600 ATM ATM',
    '23700 OTM1 ITM1',
    '23800 OTM2 ITM2',
  ]
  assert.deepEqual(labels(23610, null), [23600, ...all])
  assert.deepEqual(labels(23650, 1), [23600, ...all.slice(1, 4)])
  assert.deepEqual(labels(1, 1), [23400, '23400 ATM ATM', '23500 OTM1 ITM1'])
  assert.deepEqual(labels(1e6, 1), [23800, '23700 ITM1 OTM1', '23800 ATM ATM'])
  assert.deepEqual(labels(null, null), [null, ...all.map((text) => `${text.slice(0, 5)}  `)])
})

test('a chain names its options, and null where the list has none', () => {
  const { strikes } = few.chain('NFO', 'NIFTY', day('28MAR24'), 23800, 1)
  assert.deepEqual(
    strikes.map(({ ce, pe }) => [ce?.symbol, pe?.symbol]),
    [
      ['NIFTY28MAR2423700CE', 'NIFTY28MAR2423700PE'],
      ['NIFTY28MAR2423800CE', undefined],
    ],
  )
  assert.deepEqual(few.chain('NFO', 'NIFTY', day('29MAR24'), 23800, 1), { atm: null, strikes: [] })
})

/** Reads CSV as RFC 4180 has it. */
function readCsv(text: string): string[][] {
  const lines = text.match(/(?:"(?:[^"]|"")*"|[^"\r\n])*\r\n/g) ?? []
  return lines.map((line) =>
    [...line.trimEnd().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
    ),
  )
}

/** The pieces of a dump whose memory holds so many bytes besides room for a row. */
function piecesOf(rows: readonly NumberedRow[], exchange: string | null, format: DumpFormat) {
  const dump = new Dump(new SharedInstruments(blocksOf(rows)), exchange, format)
  const memory = new Uint8Array(16 * 1024 + ROW_BYTES_MAX)
  const pieces: string[] = []
  for (let bytes = dump.read(memory); bytes > 0; bytes = dump.read(memory)) {
    pieces.push(Buffer.from(memory.subarray(0, bytes)).toString())
  }
  return pieces
}

test('a dump holds every row of an exchange, as JSON and as CSV', () => {
  const text = (exchange: string | null, format: DumpFormat) =>
    piecesOf(FEW, exchange, format).join('')
  for (const exchange of [null, 'NFO', 'BSE', 'NCO']) {
    const wanted = FEW.filter((row) => exchange === null || row.exchange === exchange)
    const { data, message, status } = JSON.parse(text(exchange, 'json'))
    assert.equal(status, 'success')
    const found =
      wanted.length === 0 ? 'No instruments found' : `Found ${wanted.length} instruments`
    assert.equal(message, found)
    assert.deepEqual(symbols(data), symbols(wanted))
    const [header, ...lines] = readCsv(text(exchange, 'csv'))
    assert.equal(
      header!.join(),
      'symbol,brsymbol,name,exchange,brexchange,token,expiry,strike,lotsize,instrumenttype,tick_size,freeze_qty',
    )
    assert.deepEqual(
      lines,
      data.map((row: Record<string, unknown>) => header!.map((column) => String(row[column]))),
    )
  }
})

test('a large dump comes in pieces', () => {
  const rows = numbered(Array.from({ length: 5000 }, (_, at) => rowOf({ symbol: `S${at}` })))
  const pieces = piecesOf(rows, null, 'json')
  assert.ok(pieces.length > 5)
  assert.ok(pieces.every((piece) => piece.length < 65 * 1024))
  assert.equal(JSON.parse(pieces.join('')).data.length, 5000)
})
