// The Kite decoder held to the layout table: on any bytes both say the same, and it reads no byte but the frame's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KITE_LAYOUT } from '../../codecs/kite-layout.ts'
import { interpretFrame } from '../../codecs/layout.ts'
import { decode, FULL_LENGTH, frameOf, KNOWN_LENGTHS, levelWords, packet } from './kite-frames.ts'

/** Small words are frequent: zeros make times absent and levels padding, low bytes choose the segment. */
const word = fc.oneof(
  fc.constant(0),
  fc.nat(0xff),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(1, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff),
)

function packetOf(length: number): fc.Arbitrary<Uint8Array> {
  const count = length / 4
  return fc.array(word, { minLength: count, maxLength: count }).map((words) => {
    const bytes = Buffer.alloc(length)
    words.forEach((value, i) => {
      bytes.writeUInt32BE(value, 4 * i)
    })
    return bytes
  })
}

const knownPacket = fc.oneof(...KNOWN_LENGTHS.map(packetOf))
const anyPacket = fc.oneof(
  { weight: 4, arbitrary: knownPacket },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200, size: 'max' }) },
)
const validFrame = fc.array(knownPacket, { maxLength: 6 }).map((packets) => frameOf(packets))
const mixedFrame = fc.array(anyPacket, { maxLength: 6 }).map((packets) => frameOf(packets))

/** A frame that throws where it is read outside its bytes. */
function guarded(frame: Uint8Array): Uint8Array {
  return new Proxy(frame, {
    get(bytes, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (!Number.isNaN(index)) {
        assert.ok(index >= 0 && index < bytes.length, `byte ${index} of ${bytes.length} was read`)
      }
      return Reflect.get(bytes, key, bytes)
    },
  })
}

const SENTINEL = 0xa5

/** Decodes the frame where it lies between sentinels, at an odd offset of a larger buffer. */
function decodeAmongSentinels(frame: Uint8Array, offset: number) {
  const around = Buffer.alloc(frame.length + 2 * offset, SENTINEL)
  around.set(frame, offset)
  const before = Buffer.from(around)
  const found = decode(around.subarray(offset, offset + frame.length))
  assert.deepEqual(around, before, 'the decoder wrote into the frame or beside it')
  return found
}

function agrees(frame: Uint8Array): void {
  const expected = interpretFrame(KITE_LAYOUT, frame)
  assert.deepEqual(decode(frame), expected)
  assert.deepEqual(decode(guarded(frame)), expected)
  assert.deepEqual(decodeAmongSentinels(frame, 201), expected)
}

test('the decoder and the layout agree on frames of mixed packets', () => {
  fc.assert(fc.property(validFrame, agrees), { numRuns: 3000 })
  fc.assert(fc.property(mixedFrame, agrees), { numRuns: 2000 })
})

test('they agree where bits are flipped', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(validFrame, flips, (frame, places) => {
      for (const [place, bit] of places) frame[place % frame.length]! ^= 1 << bit
      agrees(frame)
    }),
    { numRuns: 3000 },
  )
})

test('they agree where a length or the count is another', () => {
  const size = fc.oneof(
    fc.constantFrom<number>(...KNOWN_LENGTHS),
    fc.nat(300),
    fc.integer({ min: 0xff00, max: 0xffff }),
  )
  fc.assert(
    fc.property(
      fc.array(knownPacket, { maxLength: 5 }),
      fc.nat(5),
      size,
      (packets, place, value) => {
        const frame = frameOf(packets)
        const field = Math.min(place, packets.length)
        // Field 0 is the count, field n the length of packet n.
        const at = packets
          .slice(0, Math.max(0, field - 1))
          .reduce((sum, { length }) => sum + 2 + length, field === 0 ? 0 : 2)
        frame.writeUInt16BE(value, at)
        agrees(frame)
      },
    ),
    { numRuns: 3000 },
  )
})

test('they agree where the frame is cut', () => {
  fc.assert(
    fc.property(mixedFrame, fc.nat(), (frame, cut) =>
      agrees(frame.subarray(0, cut % frame.length)),
    ),
    { numRuns: 3000 },
  )
})

test('they agree on any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 700, size: 'max' })
  fc.assert(fc.property(bytes, agrees), { numRuns: 2000 })
  // With a small count and a known length in front the bytes get past the first checks.
  const disguised = fc
    .tuple(fc.nat(4), fc.constantFrom(...KNOWN_LENGTHS), bytes)
    .map(([count, length, rest]) => Uint8Array.from([0, count, 0, length, ...rest]))
  fc.assert(fc.property(disguised, agrees), { numRuns: 2000 })
})

const DIVISORS: readonly (readonly [segment: number, digits: number])[] = [
  [1, 2],
  [6, 4],
  [3, 7],
]

/** A wire integer with the decimal point moved in: exact, by text alone. */
function decimal(wire: number, digits: number): string {
  const figures = String(Math.abs(wire)).padStart(digits + 1, '0')
  const text = `${figures.slice(0, -digits)}.${figures.slice(-digits)}`.replace(/\.?0+$/, '')
  return wire < 0 ? `-${text}` : text
}

/** The number as it prints, without the exponent that JavaScript gives to what is under a millionth. */
function printed(value: number): string {
  return String(value).replace(/^(-?)(\d)e-(\d+)$/, (_, sign, digit, exponent) => {
    return `${sign}0.${'0'.repeat(Number(exponent) - 1)}${digit}`
  })
}

/** Every price of a full packet that holds this one everywhere. */
function prices(segment: number, wire: number): number[] {
  const words = Object.fromEntries([4, 12, 28, 32, 36, 40].map((offset) => [offset, wire]))
  const levels = Array.from({ length: 10 }, (_, level) => levelWords(level, 1, wire, 1))
  const bytes = packet(FULL_LENGTH, segment, Object.assign(words, ...levels))
  const tick = decode(frameOf([bytes])).ticks[0]!
  const { ltp, atp, open, high, low, close, bid, ask, depth } = tick
  const book = [...depth!.buy, ...depth!.sell].map(({ price }) => price)
  return [ltp!, atp!, open!, high!, low!, close!, bid!, ask!, ...book]
}

test("every price prints as the broker's decimal", () => {
  assert.equal(decimal(-5, 7), '-0.0000005')
  assert.equal(decimal(298740, 2), '2987.4')
  assert.equal(decimal(60000, 4), '6')
  const wire = fc.oneof(fc.integer(), fc.integer({ min: -10_000_000, max: 10_000_000 }))
  fc.assert(
    fc.property(fc.constantFrom(...DIVISORS), wire, ([segment, digits], units) => {
      const expected = Array(18).fill(decimal(units, digits))
      assert.deepEqual(prices(segment, units).map(printed), expected)
    }),
    { numRuns: 3000 },
  )
})

test('prices up to a thousand rupees print as decimals one by one', () => {
  for (const [segment, digits] of DIVISORS) {
    for (let units = -20_000; units <= 100_000; units += 7) {
      const { ticks } = decode(frameOf([packet(8, segment, { 4: units })]))
      assert.equal(printed(ticks[0]!.ltp!), decimal(units, digits))
    }
  }
})
