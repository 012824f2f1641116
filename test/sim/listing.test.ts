import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listInstruments } from '../../sim/listing.ts'

const TODAY = '2026-08-18'
const rowsOf = (count: number, seed = 1) => [...listInstruments(seed, TODAY, count)]

/** Low byte of the token by exchange; indices have 9 wherever they are from. */
const CODES: Readonly<Record<string, number>> = {
  NSE: 1,
  NFO: 2,
  CDS: 3,
  BSE: 4,
  BFO: 5,
  BCD: 6,
  MCX: 7,
}

test('a small run has the well-known ones', () => {
  const rows = rowsOf(500)
  const find = (exchange: string, tradingsymbol: string) =>
    rows.find((row) => row.exchange === exchange && row.tradingsymbol === tradingsymbol)
  assert.equal(find('NSE', 'RELIANCE')?.token, 738561)
  assert.equal(find('NSE', 'RELIANCE')?.exchangeToken, 2885)
  assert.equal(find('NSE', 'NIFTY 50')?.token, 256265)
  assert.equal(find('NSE', 'NIFTY BANK')?.token, 260105)
  assert.equal(find('BSE', 'SENSEX')?.token, 265)
  for (const name of ['NIFTY FIN SERVICE', 'NIFTY MID SELECT', 'NIFTY NEXT 50', 'INDIA VIX']) {
    assert.equal(find('NSE', name)?.segment, 'INDICES')
  }
  for (const name of ['BANKEX', 'SNSX50']) assert.equal(find('BSE', name)?.segment, 'INDICES')
  assert.equal(find('NSEIX', 'GIFT NIFTY')?.segment, 'INDICES')
  assert.equal(find('NFO', 'NIFTY26AUGFUT')?.lotSize, 65)
  assert.equal(find('CDS', 'USDINR26AUGFUT')?.tickSize, 0.0025)
  assert.equal(find('MCX', 'CRUDEOIL26AUGFUT')?.lotSize, 1)
  for (const exchange of ['BFO', 'BCD', 'MCX', 'NCO', 'GLOBAL']) {
    assert.ok(
      rows.some((row) => row.exchange === exchange),
      exchange,
    )
  }
  const nearest = rows.filter(
    ({ name, instrumentType }) => name === 'NIFTY' && instrumentType === 'CE',
  )
  assert.ok(nearest.length >= 5)
  for (const { strike } of nearest) assert.equal(strike % 50, 0)
})

test('expiries and symbols are those of the exchanges', () => {
  const rows = rowsOf(20_000)
  const expiries = (name: string, type: string) =>
    [
      ...new Set(
        rows
          .filter((row) => row.name === name && row.instrumentType === type)
          .map((row) => row.expiry),
      ),
    ]
      .sort()
      .slice(0, 6)
  // As in the broker's own list of that week.
  assert.deepEqual(expiries('NIFTY', 'CE'), [
    '2026-08-18',
    '2026-08-25',
    '2026-09-01',
    '2026-09-08',
    '2026-09-15',
    '2026-09-29',
  ])
  assert.deepEqual(expiries('NIFTY', 'FUT'), ['2026-08-25', '2026-09-29', '2026-10-27'])
  assert.deepEqual(expiries('SENSEX', 'FUT'), ['2026-08-27', '2026-09-24', '2026-10-29'])
  assert.deepEqual(expiries('RELIANCE', 'PE'), ['2026-08-25', '2026-09-29', '2026-10-27'])
  const later = [...listInstruments(1, '2026-08-26', 500)]
  assert.equal(
    later.find(({ tradingsymbol }) => /^NIFTY.*FUT$/.test(tradingsymbol))?.expiry,
    '2026-09-29',
  )
  const symbols = new Set(rows.map((row) => row.tradingsymbol))
  for (const symbol of [
    'NIFTY2681824200CE',
    'NIFTY26AUG24200PE',
    'SENSEX2690378200CE',
    'RELIANCE26SEP1310CE',
  ]) {
    assert.ok(symbols.has(symbol), symbol)
  }
})

test('tokens and symbols are unique, and a token is exchange token and segment', () => {
  const rows = rowsOf(20_000)
  assert.equal(new Set(rows.map((row) => row.token)).size, 20_000)
  assert.equal(new Set(rows.map((row) => `${row.exchange}:${row.tradingsymbol}`)).size, 20_000)
  for (const row of rows) {
    const code = row.segment === 'INDICES' ? 9 : (CODES[row.exchange] ?? row.token & 255)
    assert.equal(row.token, row.exchangeToken * 256 + code, row.tradingsymbol)
    assert.ok(row.token <= 0xffff_ffff)
  }
})

test('a larger run begins with the smaller one', () => {
  assert.deepEqual(rowsOf(3000).slice(0, 700), rowsOf(700))
})

test('one seed gives the same rows, another gives others', () => {
  assert.deepEqual(rowsOf(800, 4), rowsOf(800, 4))
  assert.notDeepEqual(rowsOf(800, 4), rowsOf(800, 5))
})

test('there can be one instrument, and 300,000', () => {
  assert.equal(rowsOf(1)[0]?.tradingsymbol, 'RELIANCE')
  const table = listInstruments(1, TODAY, 300_000)
  assert.equal(table.length, 300_000)
  for (const { instrumentType, strike } of table) {
    assert.equal(strike > 0, instrumentType === 'CE' || instrumentType === 'PE')
    assert.ok(strike >= 0)
  }
  for (const index of [0, 150_000, 299_999]) assert.equal(table.indexOf(table.token(index)), index)
})

test('an impossible count or day is refused by name', () => {
  for (const count of [0, 1.5, 300_001]) {
    assert.throws(() => listInstruments(1, TODAY, count), /^RangeError: instruments: /)
  }
  for (const today of ['2026-02-30', 'tomorrow', '18-08-2026']) {
    assert.throws(() => listInstruments(1, today, 10), /^RangeError: today: /)
  }
})
