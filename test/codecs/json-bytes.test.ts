// Numbers and constant texts as bytes: the same characters that JSON.stringify prints.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  NUMBER_BYTES_MAX,
  OVERRUN_BYTES,
  Texts,
  writeNumber,
  writeWhole,
} from '../../codecs/json-bytes.ts'

const MARK = 0xff

/** What a writer leaves between two marks that it may not touch. */
function written(write: (bytes: Uint8Array, at: number) => number): string {
  const bytes = new Uint8Array(NUMBER_BYTES_MAX + 2).fill(MARK)
  const end = write(bytes, 1)
  assert.equal(bytes[0], MARK)
  assert.ok(bytes.subarray(end).every((byte) => byte === MARK))
  return new TextDecoder().decode(bytes.subarray(1, end))
}

const numberText = (value: number) => written((bytes, at) => writeNumber(bytes, at, value))

const prices = fc
  .tuple(
    fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
    fc.constantFrom(1, 100, 10_000, 10_000_000),
  )
  .map(([units, divisor]) => units / divisor)

test('every price on a wire prints as JavaScript prints it', () => {
  fc.assert(
    fc.property(prices, (price) => {
      assert.equal(numberText(price), JSON.stringify(price))
    }),
    { numRuns: 20_000 },
  )
})

test('every double prints as JavaScript prints it', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.equal(numberText(value), JSON.stringify(value))
    }),
    { numRuns: 20_000 },
  )
})

test('numbers at the edges of each way of printing', () => {
  const edges = [0, -0, 9, 10, 99, 100, 9999, 10_000, 99_999_999, 100_000_000, 2 ** 31, 2 ** 32]
  const fractions = [0.01, 0.1, 0.05, 0.0001, 0.0101, 0.1001, 0.00001, 1e-7, 4.35, 1.005, 86.4225]
  const large = [2 ** 53 - 1, 2 ** 53, 1e15, 9_999_999_999_999.99, 1e16 + 2, 1e20, 1e21, 1e300]
  for (const value of [
    ...edges,
    ...fractions,
    ...large,
    Number.MIN_VALUE,
    -2.2250738585072014e-308,
  ]) {
    assert.equal(numberText(value), JSON.stringify(value))
    assert.equal(numberText(-value), JSON.stringify(-value))
  }
})

test('a whole number prints all its digits', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.equal(
        written((bytes, at) => writeWhole(bytes, at, value)),
        String(value),
      )
    }),
    { numRuns: 20_000 },
  )
})

test('a constant text is written whole, and no further than it says', () => {
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (list) => {
      const texts = new Texts(list)
      list.forEach((expected, i) => {
        const bytes = new Uint8Array(60).fill(MARK)
        const end = texts.write(i, new DataView(bytes.buffer), 3)
        assert.equal(new TextDecoder().decode(bytes.subarray(3, end)), expected)
        assert.ok(bytes.subarray(0, 3).every((byte) => byte === MARK))
        assert.ok(bytes.subarray(end + OVERRUN_BYTES).every((byte) => byte === MARK))
      })
    }),
  )
  assert.throws(() => new Texts(['₹']), /not ASCII: ₹/)
})
