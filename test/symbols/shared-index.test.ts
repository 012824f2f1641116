import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildCatalogue, Catalogue } from '../../engine/symbols/catalogue.ts'
import { TokenIndex, TokenIndexBuilder } from '../../engine/symbols/token-index.ts'

const uint32 = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff, 0x80000000),
  // Tokens that lie close together, as a broker gives them out.
  fc.nat(400).map((step) => 11_000_000 + step * 256 + 2),
  fc.nat(400).map((step) => 0xffff0000 + step),
)
const segment = fc.oneof(fc.constant(0), fc.nat(20), fc.constant(65534))

interface Entry {
  segment: number
  token: number
  /** Numbers skipped before this instrument, which belong to other brokers. */
  skip: number
}
const entries = fc.uniqueArray(
  fc.record<Entry>({ segment, token: uint32, skip: fc.nat({ max: 3 }) }),
  { selector: (entry) => `${entry.segment} ${entry.token}`, maxLength: 3000 },
)

function buildIndex(list: readonly Entry[]) {
  const builder = new TokenIndexBuilder()
  const numbers = new Map<string, number>()
  let instrument = -1
  for (const { segment, token, skip } of list) {
    instrument += 1 + skip
    builder.add(instrument, segment, token)
    numbers.set(`${segment} ${token}`, instrument)
  }
  return { buffer: builder.build(), numbers, builder }
}

test('the token index answers as a map does, for tokens it has and tokens it has not', () => {
  fc.assert(
    fc.property(entries, fc.array(fc.tuple(segment, uint32)), (list, others) => {
      const { buffer, numbers, builder } = buildIndex(list)
      const index = new TokenIndex(buffer)
      assert.equal(index.rows, list.length)
      const byNumber = new Map([...numbers].map(([key, instrument]) => [instrument, key]))
      for (const [segment, token] of [...list.map((one) => [one.segment, one.token]), ...others]) {
        const expected = numbers.get(`${segment} ${token}`) ?? -1
        assert.equal(index.resolve(segment!, token!), expected)
      }
      for (let instrument = -1; instrument <= index.bound; instrument++) {
        const key = byNumber.get(instrument)
        const isThere = key !== undefined
        assert.equal(index.has(instrument), isThere)
        if (instrument >= 0) assert.equal(builder.has(instrument), isThere)
        const back = `${index.segmentOf(instrument)} ${index.tokenOf(instrument)}`
        assert.equal(back, key ?? '-1 -1')
      }
    }),
    { numRuns: 60 },
  )
})

test('an empty token index knows nothing', () => {
  const index = new TokenIndex(new TokenIndexBuilder().build())
  assert.deepEqual([index.resolve(0, 0), index.has(0), index.tokenOf(0)], [-1, false, -1])
})

const name = fc.record({
  exchange: fc.constantFrom('NSE', 'NFO', 'BSE_INDEX', 'MCX'),
  symbol: fc.stringMatching(/^[ -~]{1,30}$/),
})

test('the catalogue answers as a map does, both ways', () => {
  const names = fc.uniqueArray(name, {
    selector: ({ exchange, symbol }) => `${exchange}:${symbol}`,
    maxLength: 2500,
  })
  fc.assert(
    fc.property(names, fc.array(name), (list, others) => {
      const catalogue = new Catalogue(buildCatalogue(list))
      const numbers = new Map(list.map(({ exchange, symbol }, at) => [`${exchange}:${symbol}`, at]))
      assert.equal(catalogue.size, list.length)
      list.forEach(({ exchange, symbol }, number) => {
        assert.equal(catalogue.find(exchange, symbol), number)
        assert.equal(catalogue.exchangeOf(number), exchange)
        assert.equal(catalogue.symbolOf(number), symbol)
      })
      for (const { exchange, symbol } of others) {
        const expected = numbers.get(`${exchange}:${symbol}`) ?? -1
        assert.equal(catalogue.find(exchange, symbol), expected)
      }
    }),
    { numRuns: 40 },
  )
})

test('the catalogue tells symbols apart that have one hash', () => {
  // Among so many symbols that look like chance, about ten pairs share all 32 bits.
  const list = Array.from({ length: 300_000 }, (_, at) => {
    const text = createHash('sha1').update(String(at)).digest('base64url')
    return { exchange: 'NFO', symbol: text.slice(0, 8 + (at % 2)) }
  })
  const catalogue = new Catalogue(buildCatalogue(list))
  list.forEach(({ exchange, symbol }, number) => {
    if (catalogue.find(exchange, symbol) !== number) assert.fail(`${symbol} was not found`)
  })
})

test('the catalogue knows no other exchange, no longer symbol, and no number beyond its last', () => {
  const catalogue = new Catalogue(buildCatalogue([{ exchange: 'NSE', symbol: 'INFY' }]))
  const found = [
    catalogue.find('BSE', 'INFY'),
    catalogue.find('NSE', 'INF'),
    catalogue.find('NSE', 'INFYY'),
    catalogue.find('NSE', ''),
    catalogue.find('NSE', 'ŉNFY'),
  ]
  assert.deepEqual(found, [-1, -1, -1, -1, -1])
  assert.throws(() => catalogue.symbolOf(1), /instrument 1 is not in the catalogue of 1/)
  assert.throws(() => catalogue.exchangeOf(-1), RangeError)
})

test('a number without an instrument is passed over', () => {
  const infosys = { exchange: 'NSE', symbol: 'INFY' }
  const catalogue = new Catalogue(buildCatalogue([null, infosys, null]))
  assert.deepEqual([catalogue.size, catalogue.find('NSE', 'INFY')], [3, 1])
  assert.equal(catalogue.symbolOf(1), 'INFY')
  for (const number of [0, 2]) {
    assert.throws(() => catalogue.symbolOf(number), RangeError)
    assert.throws(() => catalogue.exchangeOf(number), RangeError)
  }
})

/** A block with one word changed, or cut. */
function damaged(buffer: SharedArrayBuffer, change: (words: Uint32Array) => void, bytes?: number) {
  const copy = new SharedArrayBuffer(bytes ?? buffer.byteLength)
  new Uint8Array(copy).set(new Uint8Array(buffer, 0, copy.byteLength))
  change(new Uint32Array(copy, 0, Math.floor(copy.byteLength / 4)))
  return copy
}

test('a view is not made over a block that is damaged, cut, of another version or of another kind', () => {
  const catalogue = buildCatalogue([{ exchange: 'NSE', symbol: 'INFY' }])
  const builder = new TokenIndexBuilder()
  builder.add(0, 0, 738561)
  const tokens = builder.build()
  const kinds = [
    { View: Catalogue, good: catalogue, other: tokens, counts: [3, 4, 5, 6] },
    { View: TokenIndex, good: tokens, other: catalogue, counts: [3, 4, 5] },
  ]
  for (const { View, good, other, counts } of kinds) {
    new View(good)
    const untouched = () => {}
    assert.throws(() => new View(other), /corrupt: it does not begin as one/)
    assert.throws(() => new View(damaged(good, untouched, 4)), /corrupt: 4 bytes hold no head/)
    assert.throws(
      () => new View(damaged(good, untouched, good.byteLength - 4)),
      /corrupt: it says \d+ bytes and has \d+/,
    )
    assert.throws(
      () => new View(damaged(good, (words) => words.set([99], 1))),
      /corrupt: it has layout version 99/,
    )
    for (const count of counts) {
      const grow = (words: Uint32Array) => words.set([words[count]! * 2 + 5], count)
      assert.throws(() => new View(damaged(good, grow)), /corrupt: its counts need/, `${count}`)
    }
  }
})
