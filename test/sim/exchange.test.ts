import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  AVERAGE,
  CLOSE,
  DEPTH,
  DEPTH_LEVELS,
  Exchange,
  HIGH,
  LAST,
  LEVEL_WORDS,
  LOW,
  OPEN,
  OPEN_INTEREST,
  OPEN_INTEREST_HIGH,
  OPEN_INTEREST_LOW,
  VOLUME,
} from '../../sim/exchange.ts'
import { INDEX, type InstrumentTable } from '../../sim/instruments.ts'
import { listInstruments } from '../../sim/listing.ts'

const NOW_MS = 1_787_000_000_000
const table = listInstruments(3, '2026-08-18', 3000)

/** Prices of one side that are there, best first; the levels after the last must be empty. */
function side(exchange: Exchange, from: number): number[] {
  const levels = Array.from({ length: DEPTH_LEVELS }, (_, level) => {
    const at = from + level * LEVEL_WORDS
    return [...exchange.words.subarray(at, at + LEVEL_WORDS)]
  })
  const there = levels.filter(([price]) => price! > 0)
  assert.deepEqual(levels.slice(there.length).flat(), Array(15 - 3 * there.length).fill(0))
  for (const [, quantity, orders] of there) assert.ok(quantity! > 0 && orders! > 0)
  return there.map(([price]) => price!)
}

function checkRow(
  listed: InstrumentTable,
  exchange: Exchange,
  instrument: number,
  at: number,
): void {
  const word = (field: number) => exchange.words[at + field]!
  const grid = listed.gridUnits(instrument)
  for (const field of [LAST, OPEN, HIGH, LOW]) {
    assert.ok(word(field) > 0 && word(field) % grid === 0, `word ${field}: ${word(field)}, ${grid}`)
  }
  assert.ok(word(LOW) <= word(LAST) && word(LAST) <= word(HIGH))
  assert.ok(word(LOW) <= word(OPEN) && word(OPEN) <= word(HIGH))
  if (listed.kind(instrument) === INDEX) return
  assert.ok(word(LOW) <= word(AVERAGE) && word(AVERAGE) <= word(HIGH))
  assert.ok(word(OPEN_INTEREST_LOW) <= word(OPEN_INTEREST))
  assert.ok(word(OPEN_INTEREST) <= word(OPEN_INTEREST_HIGH))
  const bids = side(exchange, at + DEPTH)
  const asks = side(exchange, at + DEPTH + DEPTH_LEVELS * LEVEL_WORDS)
  assert.equal(asks.length, DEPTH_LEVELS)
  for (const price of [...bids, ...asks]) assert.equal(price % grid, 0)
  assert.deepEqual(
    bids,
    [...new Set(bids)].sort((one, other) => other - one),
  )
  assert.deepEqual(
    asks,
    [...new Set(asks)].sort((one, other) => one - other),
  )
  assert.ok((bids[0] ?? 0) <= word(LAST) && word(LAST) <= asks[0]!)
  assert.ok((bids[0] ?? 0) < asks[0]!)
}

test('prices stay positive and on the grid, low ≤ last ≤ high, and the book is sorted', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(table.length - 1), fc.nat(300), (seed, instrument, ticks) => {
      const exchange = new Exchange(table, seed)
      checkRow(table, exchange, instrument, exchange.row(instrument, NOW_MS))
      for (let tick = 0; tick < ticks; tick++) {
        checkRow(table, exchange, instrument, exchange.advance(instrument, NOW_MS + tick))
      }
    }),
    { numRuns: 150 },
  )
})

test('an option at its smallest price has a book whose empty bids are zero', () => {
  const wide = listInstruments(3, '2026-08-18', 40_000)
  const cheapest = [...wide].findIndex(
    ({ strike }, index) => strike > 0 && wide.referenceUnits(index) === wide.gridUnits(index),
  )
  const exchange = new Exchange(wide, 1)
  const bids = Array.from({ length: 200 }, () => {
    const at = exchange.advance(cheapest, NOW_MS)
    checkRow(wide, exchange, cheapest, at)
    return side(exchange, at + DEPTH).length
  })
  assert.equal(Math.min(...bids), 0)
})

test('a share stays within a tenth of its previous close, however long it trades', () => {
  const exchange = new Exchange(table, 8)
  const at = exchange.row(0, NOW_MS)
  for (let tick = 0; tick < 2_000_000; tick++) exchange.advance(0, NOW_MS)
  const close = exchange.words[at + CLOSE]!
  assert.ok(exchange.words[at + HIGH]! <= 1.1 * close && exchange.words[at + LOW]! >= 0.9 * close)
  assert.ok(exchange.words[at + HIGH]! - exchange.words[at + LOW]! > 0.1 * close)
})

test('last prices move, and volume grows', () => {
  const exchange = new Exchange(table, 5)
  const first = exchange.row(0, NOW_MS)
  const volume = exchange.words[first + VOLUME]! >>> 0
  const prices = new Set<number>()
  for (let tick = 0; tick < 100; tick++)
    prices.add(exchange.words[exchange.advance(0, NOW_MS) + LAST]!)
  assert.ok(prices.size > 5)
  assert.ok(exchange.words[first + VOLUME]! >>> 0 > volume)
})

test('some volumes need all 32 bits', () => {
  const exchange = new Exchange(table, 5)
  const volumes = Array.from({ length: table.length }, (_, index) => {
    const at = exchange.row(index, NOW_MS)
    return exchange.words[at + VOLUME]! >>> 0
  })
  assert.ok(volumes.some((volume) => volume > 0x7fff_ffff))
})

test('the path of an instrument depends on the seed and on its own ticks only', () => {
  const path = (seed: number, disturb: boolean) => {
    const exchange = new Exchange(table, seed)
    return Array.from({ length: 50 }, (_, tick) => {
      if (disturb) exchange.advance(tick + 1, NOW_MS)
      const at = exchange.advance(0, NOW_MS + tick)
      return [...exchange.words.slice(at, at + DEPTH + 30)]
    })
  }
  assert.deepEqual(path(9, false), path(9, true))
  assert.notDeepEqual(path(9, false), path(10, false))
})
