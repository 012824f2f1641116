import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildCatalogue, Catalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails, Details } from '../../engine/symbols/details.ts'
import { TokenIndex, TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { ROW } from './row.ts'

const uint32 = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff, 0x80000000),
  // Tokens that lie close together, as a broker gives them out.
  fc.nat(400).map((step) => 11_000_000 + step * 256 + 2),
  fc.nat(400).map((step) => 0xffff0000 + step),
)
const segment = fc.oneof(fc.constant(0), fc.nat(20), fc.constant(65534))

// Texts share long beginnings and ends, hold blanks and colons, and spell numbers.
const text = fc.oneof(
  fc.nat(3000).map((number) => `NSE_EQ|INE${String(number).padStart(6, '0')}A01018`),
  fc.constantFrom('Nifty 50', 'Nifty Bank', 'NSE_INDEX|Nifty 50', 'NSE:NIFTY:1', '0', '265'),
  fc.stringMatching(/^[ -~]{1,100}$/),
)
const token = fc.oneof(uint32, text)

interface Entry {
  segment: number
  token: number | string
  /** Numbers skipped before this instrument, which belong to other brokers. */
  skip: number
}
/** A number and a text of its digits are two tokens. */
const keyOf = (segment: number, token: number | string) => JSON.stringify([segment, token])
const entries = fc.uniqueArray(fc.record<Entry>({ segment, token, skip: fc.nat({ max: 3 }) }), {
  selector: ({ segment, token }) => keyOf(segment, token),
  maxLength: 3000,
})

function buildIndex(list: readonly Entry[]) {
  const builder = new TokenIndexBuilder()
  const numbers = new Map<string, number>()
  let instrument = -1
  for (const { segment, token, skip } of list) {
    instrument += 1 + skip
    builder.add(instrument, segment, token)
    numbers.set(keyOf(segment, token), instrument)
  }
  return { buffer: builder.build(), numbers, builder }
}

/** Looks a token up as a feed would; a text stands somewhere in a frame. */
function find(index: TokenIndex, segment: number, token: number | string): number {
  if (typeof token === 'number') return index.resolve(segment, token)
  const frame = Buffer.from(`|${token}${token}`, 'latin1')
  return index.findBytes(segment, frame, 1, 1 + token.length)
}

test('the token index answers as a map does, for tokens it has and tokens it has not', () => {
  fc.assert(
    fc.property(entries, fc.array(fc.tuple(segment, token)), (list, others) => {
      const { buffer, numbers, builder } = buildIndex(list)
      const index = new TokenIndex(buffer)
      assert.equal(index.rows, list.length)
      const byNumber = new Map([...numbers].map(([key, instrument]) => [instrument, key]))
      for (const { segment, token } of list) {
        assert.equal(find(index, segment, token), numbers.get(keyOf(segment, token)))
      }
      for (const [segment, token] of others) {
        assert.equal(find(index, segment, token), numbers.get(keyOf(segment, token)) ?? -1)
      }
      for (let instrument = -1; instrument <= index.bound; instrument++) {
        const key = byNumber.get(instrument)
        const isThere = key !== undefined
        assert.equal(index.has(instrument), isThere)
        if (instrument >= 0) assert.equal(builder.has(instrument), isThere)
        const token = index.tokenOf(instrument)
        assert.equal(JSON.stringify([index.segmentOf(instrument), token]), key ?? '[-1,null]')
        assert.equal(index.tokenTextOf(instrument), token === null ? '' : String(token))
      }
    }),
    { numRuns: 25 },
  )
})

test('an empty token index knows nothing', () => {
  const index = new TokenIndex(new TokenIndexBuilder().build())
  assert.deepEqual([index.resolve(0, 0), index.has(0), index.tokenOf(0)], [-1, false, null])
  assert.equal(index.findBytes(0, Buffer.from('A'), 0, 1), -1)
})

test('a token of text is found by all of its bytes and its segment only', () => {
  const builder = new TokenIndexBuilder()
  builder.add(7, 1, 'NSE_EQ|INE002A01018')
  builder.add(9, 1, 738561)
  const index = new TokenIndex(builder.build())
  const frame = Buffer.from('NSE_EQ|INE002A010189')
  const found = [
    index.findBytes(1, frame, 0, 19),
    index.findBytes(2, frame, 0, 19),
    index.findBytes(1, frame, 0, 18),
    index.findBytes(1, frame, 0, 20),
    index.findBytes(1, frame, 1, 19),
    index.findBytes(1, frame, 0, 0),
    index.findBytes(1, Buffer.from('738561'), 0, 6),
    index.resolve(1, 1),
  ]
  assert.deepEqual(found, [7, -1, -1, -1, -1, -1, -1, -1])
  assert.throws(() => builder.add(10, 1, ''), RangeError)
  assert.throws(() => builder.add(10, 1, 'A'.repeat(101)), RangeError)
})

test('the token index tells texts apart that have one hash', () => {
  // Among so many texts about ten pairs share all 32 bits.
  const builder = new TokenIndexBuilder()
  const list = Array.from({ length: 300_000 }, (_, at) =>
    createHash('sha1').update(String(at)).digest('base64url').slice(0, 9),
  )
  list.forEach((text, at) => {
    builder.add(at, 0, text)
  })
  const index = new TokenIndex(builder.build())
  list.forEach((text, at) => {
    if (find(index, 0, text) !== at) assert.fail(`${text} was not found`)
  })
})

test('two indices agree on an instrument that has the same segment and token in both', () => {
  const build = (rows: readonly (readonly [number, number, number | string])[]) => {
    const builder = new TokenIndexBuilder()
    for (const [instrument, segment, token] of rows) builder.add(instrument, segment, token)
    return new TokenIndex(builder.build())
  }
  const rows = [0, 1, 2, 3].map((at) => [at, 1, at % 2 === 0 ? at : `T${at}`] as const)
  const one = build([...rows, [4, 1, 5]])
  const other = build([rows[0]!, rows[1]!, [2, 2, 2], [3, 1, 3], [5, 1, 7]])
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((instrument) => one.agreesWith(other, instrument)),
    [true, true, false, false, false, false, false],
  )
})

const name = fc.record({
  exchange: fc.constantFrom('NSE', 'NFO', 'BSE_INDEX', 'MCX'),
  symbol: fc.stringMatching(/^[ -~]{1,30}$/),
})

test('the catalogue answers as a map does, both ways', () => {
  const names = fc.uniqueArray(name, {
    selector: ({ exchange, symbol }) => `${exchange}:${symbol}`,
    maxLength: 2500,
    size: 'max',
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
    { numRuns: 25 },
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
  const row = { ...ROW, exchangeToken: 'X1', instrument: 0 }
  const kinds = [
    { View: Details, good: buildDetails([row]), other: tokens, counts: [3, 4, 5] },
    { View: Catalogue, good: catalogue, other: tokens, counts: [3, 4, 5, 6] },
    { View: TokenIndex, good: tokens, other: catalogue, counts: [3, 4, 5, 6, 7] },
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
