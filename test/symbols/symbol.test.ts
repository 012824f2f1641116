import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatStrike, formatSymbol, indexSymbol, isDate } from '../../adapters/symbol.ts'

test('builds futures and options in the common spelling', () => {
  const built = [
    formatSymbol({ name: 'BANKNIFTY', type: 'FUT', expiry: '2024-04-24' }),
    formatSymbol({ name: 'VEDL', type: 'CE', expiry: '2024-04-25', strike: 292.5 }),
    formatSymbol({ name: 'USDINR', type: 'PE', expiry: '2025-01-27', strike: 83.5 }),
    formatSymbol({ name: 'NIFTY', type: 'CE', expiry: '2024-03-28', strike: 20800 }),
    formatSymbol({ name: 'NIFTY', type: 'PE', expiry: '2026-01-06', strike: 25650 }),
    formatSymbol({ name: '726GS2032', type: 'PE', expiry: '2024-04-25', strike: 97 }),
    formatSymbol({ name: 'M&M', type: 'FUT', expiry: '2025-02-27' }),
    formatSymbol({ name: 'BAJAJ-AUTO', type: 'CE', expiry: '2025-02-27', strike: 8500 }),
    formatSymbol({ name: 'Crude Oil Mini', type: 'FUT', expiry: '2026-12-18' }),
    formatSymbol({ name: 'M&M', type: 'EQ' }),
  ]
  assert.deepEqual(built, [
    'BANKNIFTY24APR24FUT',
    'VEDL25APR24292.5CE',
    'USDINR27JAN2583.5PE',
    'NIFTY28MAR2420800CE',
    'NIFTY06JAN2625650PE',
    '726GS203225APR2497PE',
    'M&M27FEB25FUT',
    'BAJAJ-AUTO27FEB258500CE',
    'CRUDEOILMINI18DEC26FUT',
    'M&M',
  ])
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
})

test('refuses an expiry or a strike that is none, and says which', () => {
  const option = { name: 'NIFTY', type: 'CE' } as const
  assert.throws(() => formatSymbol({ ...option, expiry: '2024-02-30', strike: 1 }), /2024-02-30/)
  assert.throws(() => formatSymbol({ ...option, expiry: '2024-02-29', strike: 0 }), /strike 0/)
  assert.throws(
    () => formatSymbol({ name: '()', type: 'FUT', expiry: '2024-02-29' }),
    /empty symbol/,
  )
})

test('knows the days of the calendar', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1990, max: 2110 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      (year, month, day) => {
        const text = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-')
        const date = new Date(Date.UTC(year, month - 1, day))
        const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
        assert.equal(isDate(text), exists, text)
      },
    ),
  )
  for (const text of ['2024-02-29', '2000-02-29']) assert.equal(isDate(text), true, text)
  for (const text of ['2023-02-29', '2100-02-29']) assert.equal(isDate(text), false, text)
  for (const text of ['', '2024-1-02', '24-01-02', '2024-01-02 ', '2024/01/02']) {
    assert.equal(isDate(text), false, text)
  }
})

test('brings index names to the common form', () => {
  const names: [exchange: string, name: string, symbol: string][] = [
    ['NSE_INDEX', 'NIFTY 50', 'NIFTY'],
    ['NSE_INDEX', 'NIFTY50', 'NIFTY'],
    ['NSE_INDEX', 'Nifty Bank', 'BANKNIFTY'],
    ['NSE_INDEX', 'NIFTY FIN SERVICE', 'FINNIFTY'],
    ['NSE_INDEX', 'NIFTY MID SELECT', 'MIDCPNIFTY'],
    ['NSE_INDEX', 'NIFTY NEXT 50', 'NIFTYNXT50'],
    ['NSE_INDEX', 'INDIA VIX', 'INDIAVIX'],
    ['NSE_INDEX', 'HANGSENG BEES-NAV', 'HANGSENGBEESNAV'],
    ['NSE_INDEX', 'NIFTY MIDCAP 150', 'NIFTYMIDCAP150'],
    ['NSE_INDEX', 'NIFTY GS 15YRPLUS', 'NIFTYGS15YRPLUS'],
    ['BSE_INDEX', 'SENSEX', 'SENSEX'],
    ['BSE_INDEX', 'SNXT50', 'BSESENSEXNEXT50'],
    ['BSE_INDEX', 'BSE CG', 'BSECAPITALGOODS'],
    ['BSE_INDEX', 'BSECG', 'BSECAPITALGOODS'],
    ['BSE_INDEX', 'OILGAS', 'BSEOIL&GAS'],
    ['BSE_INDEX', 'AUTO', 'BSEAUTO'],
    ['NSE_INDEX', 'AUTO', 'AUTO'],
    ['GLOBAL_INDEX', 'GIFT NIFTY', 'GIFTNIFTY'],
    ['MCX_INDEX', 'MCXBULLDEX', 'MCXBULLDEX'],
  ]
  for (const [exchange, name, symbol] of names) {
    assert.equal(indexSymbol(exchange, name), symbol, `${name} on ${exchange}`)
  }
})
