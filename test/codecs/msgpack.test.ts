// The tick encoder, read back by a library and by a reader of our own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unpack } from 'msgpackr'
import {
  ARRAY_HEADER_BYTES,
  MsgpackEncoder,
  packIdentity,
  packTarget,
  type TickIdentity,
  tickBytesMax,
  writeArrayHeader,
} from '../../codecs/msgpack.ts'
import { describeTick, MODE_NAMES, type Mode, Tick, VALUE_COUNT } from '../../codecs/tick.ts'
import { readMsgpack } from './msgpack-reader.ts'
import {
  COUNT_NAMES,
  narrowCount,
  price,
  randomTick,
  SIDE_LEVELS,
  wideCount,
} from './random-tick.ts'

const UINT32 = 0xce
const FLOAT64 = 0xcb
const LTP_NAMES = ['ltp', 'ltq', 'ltt', 'close', 'exchangeTime']
const STAMP_NAMES = ['seq', 'epoch', 'receiveTime']
const ALL_PRESENT = 2 ** VALUE_COUNT - 1

const IDENTITY = { broker: 'zerodha', exchange: 'NSE', symbol: 'RELIANCE', token: '738561' }

// One encoder for the whole file: what it keeps from one tick must not show in another.
const encoder = new MsgpackEncoder()

/** What a reader in `mode` sees of a tick, by the tick's own description. */
function seen(tick: Tick, mode: Mode, identity: TickIdentity, isSnapshot = false) {
  const described: Record<string, unknown> = { ...describeTick(tick) }
  if (mode !== 3) delete described.depth
  else described.depth ??= sides(tick)
  const visible = Object.entries(described).filter(
    ([name]) => mode !== 1 || LTP_NAMES.includes(name),
  )
  return {
    ...Object.fromEntries(visible),
    ...identity,
    mode: MODE_NAMES[mode],
    seq: tick.seq,
    epoch: tick.epoch,
    receiveTime: tick.receiveTimeUs,
    ...(isSnapshot ? { snapshot: true } : {}),
  }
}

/** The book of a tick, whatever its mode. */
function sides(tick: Tick) {
  return describeTick(Object.assign(new Tick(tick.levelsMax), tick, { mode: 3 })).depth
}

/** The bytes of one tick. The room is exactly what `tickBytesMax` asks for, among bytes that must stay. */
function encode(tick: Tick, mode: Mode, identity: TickIdentity, isSnapshot = false, at = 7) {
  const packed = packIdentity(identity)
  const room = tickBytesMax(packed.length, tick.levelsMax)
  const target = packTarget(at + room + 16)
  target.bytes.fill(0xa5)
  const end = encoder.encode(tick, mode, isSnapshot, packed, target, at)
  assert.ok(end <= at + room, `${end - at} bytes, but room for ${room}`)
  assert.ok(
    target.bytes.subarray(0, at).every((byte) => byte === 0xa5),
    'bytes before the tick',
  )
  assert.ok(
    target.bytes.subarray(end).every((byte) => byte === 0xa5),
    'bytes after the tick',
  )
  return target.bytes.slice(at, end)
}

const text = (maxLength: number) => fc.string({ unit: 'binary', minLength: 1, maxLength })
const identityOf = fc.record({
  broker: text(20),
  exchange: text(12),
  symbol: fc.string({ unit: 'binary', minLength: 1, maxLength: 60, size: 'max' }),
  token: text(60),
})

const anyCount = fc.oneof(
  { weight: 9, arbitrary: narrowCount },
  { weight: 1, arbitrary: wideCount },
)

for (const [kind, count] of [
  ['narrow', narrowCount],
  ['wide', wideCount],
  ['mixed', anyCount],
] as const) {
  test(`what is written is what the tick describes, with ${kind} counts`, () => {
    const tickOf = randomTick({ count, price })
    const at = fc.nat(40)
    fc.assert(
      fc.property(tickOf, identityOf, fc.boolean(), at, (tick, identity, isSnapshot, at) => {
        for (const mode of [1, 2, 3] as const) {
          const bytes = encode(tick, mode, identity, isSnapshot, at)
          const expected = seen(tick, mode, identity, isSnapshot)
          assert.deepEqual(readMsgpack(bytes).value, expected)
          assert.deepEqual(unpack(bytes), expected)
        }
      }),
      { numRuns: 1500 },
    )
  })
}

/** A tick with every value present; values and levels are all this count. */
function tickOf(count: number): Tick {
  const tick = new Tick(SIDE_LEVELS)
  Object.assign(tick, { mode: 3, present: ALL_PRESENT, seq: 1, epoch: 2, receiveTimeUs: 3 })
  tick.buyLevels = tick.sellLevels = SIDE_LEVELS
  tick.values.fill(count)
  tick.depth.fill(count)
  return tick
}

test('counts are uint32, prices and times float64, seq and epoch uint32', () => {
  const { codes } = readMsgpack(encode(tickOf(1), 3, IDENTITY))
  for (const name of ['seq', 'epoch']) assert.equal(codes[name], UINT32, name)
  assert.equal(codes.receiveTime, FLOAT64)
  for (const name of Object.keys(describeTick(tickOf(1)))) {
    if (name in IDENTITY || name === 'mode' || name === 'depth') continue
    assert.equal(codes[name], COUNT_NAMES.includes(name) ? UINT32 : FLOAT64, name)
  }
  for (const level of ['depth.buy.0', 'depth.sell.4']) {
    assert.equal(codes[`${level}.price`], FLOAT64)
    assert.equal(codes[`${level}.quantity`], UINT32)
    assert.equal(codes[`${level}.orders`], UINT32)
  }
})

test('one count that is no uint32 makes all counts of the tick float64', () => {
  const positions = describeTick(tickOf(1))
  for (const odd of [2 ** 32, -1, 0.5]) {
    const places: ((tick: Tick) => void)[] = [
      (tick) => tick.depth.set([odd], 1),
      (tick) => tick.depth.set([odd], 2),
      (tick) => tick.depth.set([odd], 6 * SIDE_LEVELS - 2),
      (tick) => tick.depth.set([odd], 6 * SIDE_LEVELS - 1),
      ...COUNT_NAMES.map((name) => {
        // token and mode stand before the values.
        const position = Object.keys(positions).indexOf(name) - 2
        return (tick: Tick) => tick.values.set([odd], position)
      }),
    ]
    for (const place of places) {
      const tick = tickOf(1)
      place(tick)
      const bytes = encode(tick, 3, IDENTITY)
      const { value, codes } = readMsgpack(bytes)
      assert.deepEqual(value, seen(tick, 3, IDENTITY))
      assert.equal(codes.volume, FLOAT64)
      assert.equal(codes['depth.buy.0.orders'], FLOAT64)
      assert.equal(codes.seq, UINT32)
    }
  }
})

test('the largest uint32 is not wide', () => {
  const { codes, value } = readMsgpack(encode(tickOf(0xffffffff), 3, IDENTITY))
  assert.equal(codes.volume, UINT32)
  assert.equal((value as { volume: number }).volume, 4294967295)
})

test('seq and epoch reach the end of uint32', () => {
  const tick = Object.assign(tickOf(1), { seq: 0xffffffff, epoch: 0xfffffffe })
  const { value } = readMsgpack(encode(tick, 2, IDENTITY))
  assert.deepEqual(value, { ...seen(tick, 2, IDENTITY), seq: 4294967295, epoch: 4294967294 })
})

test('an LTP reader sees of a depth tick what LTP mode has', () => {
  const value = readMsgpack(encode(tickOf(5), 1, IDENTITY)).value as object
  const names = [...Object.keys(IDENTITY), 'mode', ...LTP_NAMES, ...STAMP_NAMES]
  assert.deepEqual(Object.keys(value).sort(), names.sort())
})

test('a quote reader sees every value of a depth tick, and no book', () => {
  const value = readMsgpack(encode(tickOf(5), 2, IDENTITY)).value as { mode: string }
  assert.equal(value.mode, 'quote')
  const { depth, ...others } = seen(tickOf(5), 3, IDENTITY) as Record<string, unknown>
  assert.ok(depth)
  assert.deepEqual(value, { ...others, mode: 'quote' })
})

test('sides of every size stand in the book as they are', () => {
  for (const buyLevels of [0, 1, 2, 3, 4, 5]) {
    for (const sellLevels of [0, 1, 2, 3, 4, 5]) {
      const tick = Object.assign(tickOf(0), { buyLevels, sellLevels })
      for (let word = 0; word < tick.depth.length; word++) tick.depth[word] = word
      const { value } = readMsgpack(encode(tick, 3, IDENTITY))
      const { depth } = value as { depth: { buy: unknown[]; sell: { price: number }[] } }
      assert.deepEqual([depth.buy.length, depth.sell.length], [buyLevels, sellLevels])
      assert.deepEqual(depth, describeTick(tick).depth)
      if (sellLevels > 0) assert.equal(depth.sell[0]!.price, 15)
    }
  }
})

test('snapshot stands in a tick only where it is one', () => {
  const value = (isSnapshot: boolean) =>
    readMsgpack(encode(tickOf(1), 2, IDENTITY, isSnapshot)).value as { snapshot?: boolean }
  assert.equal(value(true).snapshot, true)
  assert.ok(!('snapshot' in value(false)))
})

test('a text of up to 255 bytes stands in an identity, a longer one is refused', () => {
  for (const length of [0, 1, 31, 32, 60, 255]) {
    const identity = { ...IDENTITY, symbol: 'x'.repeat(length) }
    const { value } = readMsgpack(encode(tickOf(1), 1, identity))
    assert.equal((value as TickIdentity).symbol, identity.symbol)
  }
  for (const symbol of ['x'.repeat(256), '₹'.repeat(86)]) {
    assert.throws(() => packIdentity({ ...IDENTITY, symbol }), RangeError)
  }
})

test('the longest tick needs all of the room that is asked for', () => {
  const identity = packIdentity(IDENTITY).length
  const bytes = encode(tickOf(0.5), 3, IDENTITY, true)
  assert.equal(bytes.length, tickBytesMax(identity, SIDE_LEVELS))
})

test('ticks behind an array header are one array', () => {
  const identity = packIdentity(IDENTITY)
  const ticks = Array.from({ length: 300 }, (_, i) => Object.assign(tickOf(i), { seq: i }))
  for (const count of [0, 1, 15, 16, 300]) {
    const target = packTarget(5 + count * tickBytesMax(identity.length, SIDE_LEVELS))
    let end = writeArrayHeader(target.bytes, 2, count)
    assert.equal(end, 2 + ARRAY_HEADER_BYTES)
    for (const tick of ticks.slice(0, count)) {
      end = encoder.encode(tick, 3, false, identity, target, end)
    }
    const bytes = target.bytes.subarray(2, end)
    const expected = ticks.slice(0, count).map((tick) => seen(tick, 3, IDENTITY))
    assert.deepEqual(readMsgpack(bytes).value, expected)
    assert.deepEqual(unpack(bytes), expected)
  }
})

test('an array header holds the largest count that a frame can announce', () => {
  const bytes = new Uint8Array(ARRAY_HEADER_BYTES + 0xffff).fill(0xc3)
  assert.equal(writeArrayHeader(bytes, 0, 0xffff), ARRAY_HEADER_BYTES)
  assert.equal((readMsgpack(bytes).value as unknown[]).length, 65535)
})
