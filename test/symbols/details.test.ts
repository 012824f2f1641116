import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { INSTRUMENT_TYPES, type InstrumentRow } from '../../adapters/broker.ts'
import { buildDetails, Details } from '../../engine/symbols/details.ts'
import { rowProblem } from '../../engine/symbols/row-problem.ts'
import { ROW } from './row.ts'

const DAY_MS = 86_400_000

/** The row without what other blocks tell, as a view tells it back. */
function describe(details: Details, instrument: number) {
  const strike = details.strikeOf(instrument)
  const day = details.expiryDayOf(instrument)
  return {
    name: details.nameOf(instrument),
    brokerSymbol: details.brokerSymbolOf(instrument),
    brokerExchange: details.brokerExchangeOf(instrument),
    token: details.tokenTextOf(instrument),
    segment: details.segmentOf(instrument),
    exchangeToken: details.exchangeTokenOf(instrument),
    expiry: day === -1 ? null : new Date(day * DAY_MS).toISOString().slice(0, 10),
    strike: Number.isNaN(strike) ? null : strike,
    lotSize: details.lotSizeOf(instrument),
    instrumentType: details.typeOf(instrument),
    tickSize: details.tickSizeOf(instrument),
    freezeQuantity: details.freezeQuantityOf(instrument) || null,
  }
}

function expected({ exchange, symbol, token, ...row }: InstrumentRow) {
  return { ...row, token: String(token) }
}

const label = fc.oneof(
  fc.constantFrom('', 'NIFTY', 'BANKNIFTY'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 300, maxLength: 400 }),
)
const digits = fc.constantFrom('0', '00', '007', '4294967295', '4294967296', '99999999999', '1e3')
const price = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0)
const row: fc.Arbitrary<InstrumentRow> = fc.record({
  exchange: fc.constant('NFO'),
  symbol: fc.constant('X'),
  name: label,
  brokerSymbol: label,
  brokerExchange: fc.constantFrom('NFO', 'nse_fo', ''),
  token: fc.oneof(fc.nat(0xffffffff), digits, fc.stringMatching(/^[ -~]{1,100}$/)),
  segment: fc.nat(65534),
  exchangeToken: fc.oneof(fc.constant(null), fc.nat(0xffffffff).map(String), digits, label),
  expiry: fc.option(fc.nat(60_000).map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10))),
  strike: fc.option(price),
  lotSize: fc.oneof(fc.nat(100_000), price),
  instrumentType: fc.constantFrom(...INSTRUMENT_TYPES),
  tickSize: price,
  freezeQuantity: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
})

test('the details tell of every row what the row said, and of no other number anything', () => {
  const rows = fc.array(fc.tuple(row, fc.nat(3)), { maxLength: 1500, size: 'max' })
  fc.assert(
    fc.property(rows, (list) => {
      // Numbers with gaps, in falling order: a list is not sorted by them.
      let next = 0
      const numbered = list.map(([one, skip]) => {
        next += 1 + skip
        return { ...one, instrument: next }
      })
      const details = new Details(buildDetails(numbered.toReversed()))
      assert.equal(details.rows, list.length)
      const there = new Set(numbered.map(({ instrument }) => instrument))
      for (let instrument = -1; instrument <= next + 1; instrument++) {
        assert.equal(details.has(instrument), there.has(instrument))
        if (!there.has(instrument)) assert.throws(() => details.nameOf(instrument), RangeError)
      }
      for (const { instrument, ...one } of numbered) {
        assert.equal(rowProblem(one), null)
        assert.deepEqual(describe(details, instrument), expected(one))
      }
    }),
    { numRuns: 20 },
  )
})

test('an instrument takes less than 100 bytes', () => {
  const count = 50_000
  const rows = Array.from({ length: count }, (_, instrument) => ({
    ...ROW,
    instrument,
    name: `UNDERLYING${instrument % 200}`,
    brokerSymbol: `BANKNIFTY26AUG${50_000 + instrument}CE`,
    token: 1_000_000 + instrument,
    exchangeToken: String(instrument),
  }))
  const bytes = buildDetails(rows).byteLength / count
  assert.ok(bytes < 100, `${bytes} bytes per instrument`)
})

test('a row that cannot be kept is told why', () => {
  const bad: readonly [Partial<InstrumentRow>, RegExp][] = [
    [{ exchange: 'nse' }, /^exchange/],
    [{ symbol: '₹' }, /^symbol/],
    [{ token: -1 }, /^token is not a whole number/],
    [{ token: 2 ** 32 }, /^token is not a whole number/],
    [{ token: '' }, /^token is not 1 to 100 ASCII/],
    [{ token: 'é' }, /^token is not 1 to 100 ASCII/],
    [{ token: 'A'.repeat(101) }, /^token is not 1 to 100 ASCII/],
    [{ segment: 65535 }, /^segment/],
    [{ lotSize: Number.NaN }, /^lot size/],
    [{ tickSize: -0.05 }, /^tick size/],
    [{ strike: Number.NaN }, /^strike/],
    [{ freezeQuantity: 0 }, /^freeze quantity/],
    [{ expiry: '2026-02-30' }, /^expiry/],
    [{ expiry: '28AUG25' }, /^expiry/],
    [{ expiry: '1969-12-31' }, /^expiry/],
    [{ instrumentType: 'OPT' as 'CE' }, /^type is not one of EQ, FUT/],
    [{ name: 'x'.repeat(1001) }, /^a name, symbol, exchange or token has more than 1000/],
  ]
  assert.equal(rowProblem(ROW), null)
  for (const [change, reason] of bad) {
    assert.match(rowProblem({ ...ROW, ...change }) ?? '', reason, JSON.stringify(change))
  }
})
