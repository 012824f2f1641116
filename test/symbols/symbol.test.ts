import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  formatExpiry,
  formatStrike,
  formatSymbol,
  isDate,
  parseExpiry,
  parseSymbol,
  type SymbolParts,
} from '../../adapters/symbol.ts'

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')

const FIRST_DAY = Date.UTC(2000, 0, 1) / 86_400_000
const LAST_DAY = Date.UTC(2099, 11, 31) / 86_400_000
const dates = fc
  .integer({ min: FIRST_DAY, max: LAST_DAY })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))

// Letters are drawn as words too, so that bases hold months, dates and endings of their own.
const letters = fc.constantFrom(...'ABEFJMNPRTUXYZ0123456789&-')
const words = fc.constantFrom('MAR', 'JAN', '28MAR24', '01DEC99', 'FUT', 'CE', 'PE', '24', '100')
const bases = fc.array(fc.oneof(letters, words), { minLength: 1, maxLength: 8 }).map(join)

const STRIKE_UNITS_MAX = 1e15
const strikes = fc
  .oneof(fc.integer({ min: 1, max: 100_000_000 }), fc.integer({ min: 1, max: STRIKE_UNITS_MAX }))
  .map((units) => Number(`${units}e-4`))

const futures = fc.tuple(bases, dates).map(([name, expiry]) => future(name, expiry))
const options = fc
  .tuple(fc.constantFrom(call, put), bases, dates, strikes)
  .map(([option, name, expiry, strike]) => option(name, expiry, strike))
const derivatives = fc.oneof(futures, options)

function join(parts: readonly string[]): string {
  return parts.join('')
}

function future(name: string, expiry: string) {
  return { type: 'FUT', name, expiry } as const
}

function call(name: string, expiry: string, strike: number) {
  return { type: 'CE', name, expiry, strike } as const
}

function put(name: string, expiry: string, strike: number) {
  return { type: 'PE', name, expiry, strike } as const
}

/** Symbols of every segment, and what each is built from and tells. */
const SYMBOLS: readonly [symbol: string, parts: SymbolParts][] = [
  ['BANKNIFTY24APR24FUT', future('BANKNIFTY', '2024-04-24')],
  ['SENSEX24APR24FUT', future('SENSEX', '2024-04-24')],
  ['RELIANCE25APR24FUT', future('RELIANCE', '2024-04-25')],
  ['USDINR10MAY24FUT', future('USDINR', '2024-05-10')],
  ['CRUDEOILM20MAY24FUT', future('CRUDEOILM', '2024-05-20')],
  ['726GS203325APR24FUT', future('726GS2033', '2024-04-25')],
  ['M&M27FEB25FUT', future('M&M', '2025-02-27')],
  ['NIFTYNXT5026MAR24FUT', future('NIFTYNXT50', '2024-03-26')],
  ['GOLD10GM05MAY26FUT', future('GOLD10GM', '2026-05-05')],
  ['MCXBULLDEX27MAY26FUT', future('MCXBULLDEX', '2026-05-27')],
  ['VEDL25APR24292.5CE', call('VEDL', '2024-04-25', 292.5)],
  ['USDINR27JAN2583.5PE', put('USDINR', '2025-01-27', 83.5)],
  ['USDINR19APR2482CE', call('USDINR', '2024-04-19', 82)],
  ['NIFTY28MAR2420800CE', call('NIFTY', '2024-03-28', 20800)],
  ['NIFTY06JAN2625650PE', put('NIFTY', '2026-01-06', 25650)],
  ['CRUDEOIL17APR246750CE', call('CRUDEOIL', '2024-04-17', 6750)],
  ['726GS203225APR2497PE', put('726GS2032', '2024-04-25', 97)],
  ['BAJAJ-AUTO27FEB258500CE', call('BAJAJ-AUTO', '2025-02-27', 8500)],
]

test('builds and reads futures and options of every segment in the common spelling', () => {
  for (const [symbol, parts] of SYMBOLS) {
    assert.equal(formatSymbol(parts), symbol)
    assert.deepEqual(parseSymbol(symbol), parts)
  }
})

test('brings the underlying of a derivative to upper case and its letters; leaves a share alone', () => {
  const expiry = '2026-12-18'
  assert.equal(formatSymbol(future('Crude Oil (Mini)', expiry)), 'CRUDEOILMINI18DEC26FUT')
  assert.equal(formatSymbol({ name: 'M&M', type: 'EQ' }), 'M&M')
  assert.equal(formatSymbol({ name: 'CENTRALBK-BE', type: 'EQ' }), 'CENTRALBK-BE')
})

test('reads back what it built, whatever base, expiry and strike', () => {
  fc.assert(
    fc.property(derivatives, (parts) => {
      assert.deepEqual(parseSymbol(formatSymbol(parts)), parts)
    }),
    { numRuns: 2000 },
  )
})

test('builds what it read, and reads only what it builds', () => {
  const pieces = fc.constantFrom('.', '.5', '.50', '0', '00', ' ', 'nifty', '30FEB24', '31APR25')
  const texts = fc.oneof(
    fc.array(fc.oneof(letters, words, pieces), { maxLength: 10 }).map(join),
    fc.tuple(bases, fc.constantFrom('29FEB23', '29FEB24', '00JAN24', '31DEC00'), pieces).map(join),
    fc
      .tuple(bases, dates, fc.array(pieces, { maxLength: 3 }), fc.constantFrom('CE', 'PE', 'FUT'))
      .map(([base, date, strike, ending]) => base + formatExpiry(date) + join(strike) + ending),
    derivatives.map(formatSymbol),
  )
  let read = 0
  fc.assert(
    fc.property(texts, (text) => {
      const parts = parseSymbol(text)
      if (parts === null) return
      read++
      assert.equal(formatSymbol(parts), text)
    }),
    { numRuns: 4000 },
  )
  assert.ok(read > 500, `only ${read} texts were symbols`)
})

test('reads nothing from a cash symbol, an index and what only resembles a derivative', () => {
  const texts = [
    'RELIANCE',
    'PE',
    'M&M',
    '726GS2033',
    'NIFTYNXT50',
    'BSEOIL&GAS',
    'ALUMINI26MAYFUT',
    '28MAR24FUT',
    'NIFTY28MAR24',
    'NIFTY28MAR24FU',
    'NIFTY28MAR24CE',
    'NIFTY28MAR2420800FUT',
    'NIFTY28MAR2420800ce',
    'nifty28MAR2420800CE',
    'NIFTY 28MAR2420800CE',
    'NIFTY28MAR2420800CE ',
    'NIFTY28MRA2420800CE',
    'NIFTY30FEB2420800CE',
    'NIFTY31APR24FUT',
    'NIFTY00APR24FUT',
    'NIFTY28MAR2420800.0CE',
    'NIFTY28MAR2420800.CE',
    'NIFTY28MAR24.5CE',
    'NIFTY28MAR24020800CE',
    'NIFTY28MAR240CE',
    'NIFTY28MAR240.00001CE',
    'NIFTY28MAR241000000000000CE',
    `NIFTY28MAR24${'9'.repeat(400)}CE`,
    '',
  ]
  for (const text of texts) assert.equal(parseSymbol(text), null, text)
})

test('writes a strike of up to 4 decimals as its shortest decimal', () => {
  const tenThousandths = fc.integer({ min: 1, max: 2_000_000_000 })
  fc.assert(
    fc.property(tenThousandths, (units) => {
      const text = formatStrike(units / 10_000)
      assert.match(text, /^\d+(\.\d{0,3}[1-9])?$/)
      assert.equal(Math.round(Number(text) * 10_000), units)
    }),
  )
  assert.equal(formatStrike(83.12345), '83.1235')
})

test('writes any strike in a form that it reads back, up to the largest', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.0001, max: 1e12, maxExcluded: true, noNaN: true }), (strike) => {
      const text = formatStrike(strike)
      assert.equal(formatStrike(Number(text)), text)
      assert.notEqual(parseSymbol(`NIFTY28MAR24${text}CE`), null)
    }),
  )
  for (const strike of [0, -1, 0.00009, 1e12, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => formatStrike(strike), new RegExp(`strike ${strike} is not at least 0.0001`))
  }
})

test('refuses an expiry or a strike that is none, and says which', () => {
  assert.throws(() => formatSymbol(call('NIFTY', '2024-02-30', 1)), /2024-02-30/)
  assert.throws(() => formatSymbol(call('NIFTY', '2024-02-29', 0)), /strike 0/)
  assert.throws(() => formatSymbol(future('()', '2024-02-29')), /empty symbol/)
})

test('writes an expiry in every form and reads each of them, in either case', () => {
  fc.assert(
    fc.property(dates, (date) => {
      const [year, month, day] = date.split('-')
      const letters = MONTHS[Number(month) - 1]!
      const forms = [
        [formatExpiry(date), `${day}${letters}${year!.slice(2)}`],
        [formatExpiry(date, 'DDMMMYY'), `${day}${letters}${year!.slice(2)}`],
        [formatExpiry(date, 'DD-MMM-YY'), `${day}-${letters}-${year!.slice(2)}`],
        [formatExpiry(date, 'DD-MMM-YYYY'), `${day}-${letters}-${year}`],
      ] as const
      for (const [written, expected] of forms) {
        assert.equal(written, expected)
        assert.equal(parseExpiry(written), date)
        assert.equal(parseExpiry(written.toLowerCase()), date)
      }
      assert.equal(parseExpiry(date), date)
    }),
  )
  assert.equal(parseExpiry('28-Mar-2024'), '2024-03-28')
  assert.equal(parseExpiry('19MAR2024'), '2024-03-19')
  assert.equal(parseExpiry('28MAR20'), '2020-03-28')
})

test('reads no expiry from a text that is not in one of the forms or not a day', () => {
  const texts = [
    ...['', '-1', '0', '28MAR', '8MAR24', '8-MAR-24', '28-03-2024', '28032024', '20240328'],
    ...['28-MAR24', '28MAR-24', '28 MAR 24', '28/MAR/24', '28MRA24', '28MARCH24', '28MAR24FUT'],
    ...['30FEB24', '29-FEB-23', '31-APR-2024', '00JAN24', '28-MAR-1999', '28-MAR-2124'],
    ...['2024-3-28', '2024-03-28T00:00:00', '2023-02-29', ' 28MAR24'],
  ]
  for (const text of texts) assert.equal(parseExpiry(text), null, text)
})

test('knows the days of the calendar in the century that two digits stand for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1990, max: 2110 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, day) => {
        const text = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-')
        const date = new Date(Date.UTC(year, month - 1, day))
        const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
        assert.equal(isDate(text), exists && year >= 2000 && year <= 2099, text)
      },
    ),
  )
  for (const text of ['2024-02-29', '2000-02-29', '2099-12-31']) {
    assert.equal(isDate(text), true, text)
  }
  for (const text of ['2023-02-29', '1999-12-31', '2100-01-01']) {
    assert.equal(isDate(text), false, text)
  }
  for (const text of ['', '2024-1-02', '24-01-02', '2024-01-02 ', '2024/01/02']) {
    assert.equal(isDate(text), false, text)
  }
})
