// The Kite decoder against recorded frames, worked examples, and each rule of the format by itself.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeKite, kiteDivisor } from '../../codecs/kite.ts'
import { Tick } from '../../codecs/tick.ts'
import { packageRoot } from '../../config/root.ts'
import {
  BOOK_AT,
  decode,
  FULL_LENGTH,
  frameOf,
  INDEX_FULL_LENGTH,
  INDEX_QUOTE_LENGTH,
  KNOWN_LENGTHS,
  LEVEL_LENGTH,
  LTP_LENGTH,
  levelWords,
  packet,
  QUOTE_LENGTH,
  SHARE,
} from './kite-frames.ts'

const fixture = (name: string) => readFileSync(join(packageRoot, 'adapters/zerodha/fixtures', name))

for (const name of ['ltpMode', 'quoteMode', 'fullMode']) {
  test(`the recorded frame ${name} gives its ticks`, () => {
    assert.deepEqual(decode(fixture(`${name}.bin`)), {
      ticks: JSON.parse(fixture(`${name}.json`).toString()),
      rejects: [],
    })
  })
}

test('every worked frame gives its ticks', () => {
  const lines = (name: string) => fixture(name).toString().trimEnd().split('\n')
  const frames = lines('frames.hex').filter((line) => line !== '' && !line.startsWith('#'))
  const expected = lines('frames.jsonl').map((line) => JSON.parse(line))
  assert.equal(frames.length, 8)
  assert.deepEqual(
    frames.map((hex) => decode(Buffer.from(hex, 'hex'))),
    expected.map((ticks) => ({ ticks, rejects: [] })),
  )
})

/** The only tick of a frame with one packet, which nothing may reject. */
function only(bytes: Uint8Array, levelsMax?: number) {
  const { ticks, rejects } = decode(frameOf([bytes]), levelsMax)
  assert.deepEqual(rejects, [])
  assert.equal(ticks.length, 1)
  return ticks[0]!
}

const SEGMENTS: readonly (readonly [segment: number, price: number])[] = [
  [0, 1234567.89],
  [1, 1234567.89],
  [2, 1234567.89],
  [3, 12.3456789],
  [4, 1234567.89],
  [5, 1234567.89],
  [6, 12345.6789],
  [7, 1234567.89],
  [8, 1234567.89],
  [9, 1234567.89],
  [10, 1234567.89],
  [19, 1234567.89],
  [22, 1234567.89],
  [255, 1234567.89],
]

test('the segment of a token decides the divisor', () => {
  for (const [segment, price] of SEGMENTS) {
    const token = (0xfedcba00 | segment) >>> 0
    assert.equal(kiteDivisor(token), Math.round(123456789 / price), `segment ${segment}`)
    const tick = only(packet(LTP_LENGTH, token, { 4: 123456789 }))
    assert.deepEqual(tick, { token: String(token), mode: 'ltp', ltp: price })
  }
})

test('the divisor applies to every price of a packet, the book included', () => {
  const PRICE_OFFSETS = [4, 12, 28, 32, 36, 40]
  for (const [segment, price] of SEGMENTS) {
    const levels = Array.from({ length: 10 }, (_, level) => levelWords(level, 1, 123456789, 1))
    const prices = PRICE_OFFSETS.map((offset) => ({ [offset]: 123456789 }))
    const full = only(packet(FULL_LENGTH, segment, Object.assign({}, ...prices, ...levels)))
    const { ltp, atp, open, high, low, close, bid, ask, depth } = full
    for (const value of [ltp, atp, open, high, low, close, bid, ask]) assert.equal(value, price)
    const sides = [...depth!.buy, ...depth!.sell]
    assert.deepEqual(sides, Array(10).fill({ price, quantity: 1, orders: 1 }))
    const words = Object.fromEntries([4, 8, 12, 16, 20].map((offset) => [offset, 123456789]))
    const index = only(packet(INDEX_QUOTE_LENGTH, segment, words))
    assert.deepEqual(
      [index.ltp, index.high, index.low, index.open, index.close],
      Array(5).fill(price),
    )
  }
})

test('a frame under four bytes is a heartbeat', () => {
  for (const bytes of [[], [0], [0, 1], [0, 1, 0], [255, 255, 255]]) {
    assert.deepEqual(decode(Uint8Array.from(bytes)), { ticks: [], rejects: [] })
  }
})

test('an index gives high, low, open, close; anything else open, high, low, close', () => {
  const index = { 4: 1000, 8: 800, 12: 1200, 16: 1600, 20: 2000, 24: 2400 }
  const indexPrices = { token: '265', ltp: 10, high: 8, low: 12, open: 16, close: 20 }
  assert.deepEqual(only(packet(INDEX_QUOTE_LENGTH, 265, index)), { ...indexPrices, mode: 'quote' })
  assert.deepEqual(only(packet(INDEX_FULL_LENGTH, 265, { ...index, 28: 5 })), {
    ...indexPrices,
    mode: 'depth',
    exchangeTime: 5000,
    depth: { buy: [], sell: [] },
  })
  const tick = only(packet(QUOTE_LENGTH, SHARE, { 28: 2800, 32: 3200, 36: 3600, 40: 4000 }))
  assert.deepEqual([tick.open, tick.high, tick.low, tick.close], [28, 32, 36, 40])
})

test('a zero time is absent, and each time by itself', () => {
  const times = (words: Record<number, number>) => {
    const { ltt, exchangeTime } = only(packet(FULL_LENGTH, SHARE, words))
    return { ltt, exchangeTime }
  }
  assert.deepEqual(times({}), { ltt: undefined, exchangeTime: undefined })
  assert.deepEqual(times({ 44: 1 }), { ltt: 1000, exchangeTime: undefined })
  assert.deepEqual(times({ 60: 1 }), { ltt: undefined, exchangeTime: 1000 })
  // Past January 2038 seconds need the 32nd bit.
  assert.deepEqual(times({ 44: -1, 60: 0x80000000 }), {
    ltt: 4294967295000,
    exchangeTime: 2147483648000,
  })
  const index = only(packet(INDEX_FULL_LENGTH, 265))
  assert.ok(!('exchangeTime' in index))
})

test('quantities and tokens are unsigned', () => {
  const words = { 8: 0x80000001, 16: 0x80000002, 20: 0x80000003, 24: -1 }
  const book = { ...levelWords(0, -2, 1, 0xffff), ...levelWords(5, 0x80000000, 1, 0x8000) }
  const full = { ...words, ...book, 48: 0x80000004, 52: 0x80000005, 56: 0x80000006 }
  const tick = only(packet(FULL_LENGTH, 0xffffff01, full))
  assert.equal(tick.token, '4294967041')
  assert.deepEqual(
    [tick.ltq, tick.volume, tick.totalBuyQty, tick.totalSellQty, tick.oi, tick.oiHigh, tick.oiLow],
    [2147483649, 2147483650, 2147483651, 4294967295, 2147483652, 2147483653, 2147483654],
  )
  assert.deepEqual([tick.bidQty, tick.askQty], [4294967294, 2147483648])
  assert.equal(tick.depth!.buy[0]!.orders, 65535)
  assert.equal(tick.depth!.sell[0]!.orders, 32768)
})

test('prices are signed', () => {
  const words = { 4: -1500, 12: -1, 28: -100, 32: -5, 36: -0x80000000, 40: -1505 }
  const book = { ...levelWords(0, 10, -1505, 1), ...levelWords(5, 10, -1495, 1) }
  const { ltp, atp, open, high, low, close, bid, ask } = only(
    packet(FULL_LENGTH, SHARE, { ...words, ...book }),
  )
  assert.deepEqual(
    [ltp, atp, open, high, low, close, bid, ask],
    [-15, -0.01, -1, -0.05, -21474836.48, -15.05, -15.05, -14.95],
  )
})

test('bid and ask come from the top of the book', () => {
  const book = { ...levelWords(0, 120, 298740, 4), ...levelWords(5, 75, 298750, 3) }
  const { bid, bidQty, ask, askQty } = only(packet(FULL_LENGTH, SHARE, book))
  assert.deepEqual([bid, bidQty, ask, askQty], [2987.4, 120, 2987.5, 75])
})

test('an empty side has no best price, not even after a full one', () => {
  const bids = packet(FULL_LENGTH, SHARE, levelWords(0, 120, 298740, 4))
  const asks = packet(FULL_LENGTH, SHARE, levelWords(5, 75, 298750, 3))
  const [atBid, atAsk, none] = decode(frameOf([bids, asks, packet(FULL_LENGTH, SHARE)])).ticks
  assert.ok('bid' in atBid! && 'bidQty' in atBid && !('ask' in atBid) && !('askQty' in atBid))
  assert.ok('ask' in atAsk! && 'askQty' in atAsk && !('bid' in atAsk) && !('bidQty' in atAsk))
  assert.ok(!('bid' in none!) && !('ask' in none!))
  assert.deepEqual(none!.depth, { buy: [], sell: [] })
})

test('levels after the last one with a price or a quantity are padding', () => {
  const words = {
    ...levelWords(0, 0, 500, 1),
    ...levelWords(2, 7, 0, 2),
    ...levelWords(3, 0, 0, 9),
    ...levelWords(9, 1, 100, 0),
  }
  const tick = only(packet(FULL_LENGTH, SHARE, words))
  assert.deepEqual(tick.depth!.buy, [
    { price: 5, quantity: 0, orders: 1 },
    { price: 0, quantity: 0, orders: 0 },
    { price: 0, quantity: 7, orders: 2 },
  ])
  assert.equal(tick.depth!.sell.length, 5)
  assert.deepEqual(tick.depth!.sell[4], { price: 1, quantity: 1, orders: 0 })
  assert.ok(
    !('bid' in tick) && !('ask' in tick),
    'a best level without a quantity is no best price',
  )
})

test('the last two bytes of a level mean nothing', () => {
  const bytes = packet(FULL_LENGTH, SHARE, levelWords(0, 5, 100, 2))
  for (let level = 0; level < 10; level++) {
    bytes.writeUInt16BE(0xffff, BOOK_AT + level * LEVEL_LENGTH + 10)
  }
  assert.deepEqual(only(bytes).depth, { buy: [{ price: 1, quantity: 5, orders: 2 }], sell: [] })
})

test('a tick with room for more levels holds the same book', () => {
  const levels = Array.from({ length: 10 }, (_, level) =>
    levelWords(level, 10 + level, 100 * level, level),
  )
  const bytes = packet(FULL_LENGTH, SHARE, Object.assign({}, ...levels))
  const tick = only(bytes)
  assert.equal(tick.depth!.sell[4]!.quantity, 19)
  assert.deepEqual(only(bytes, 20), tick)
})

test('the tick says that Kite tokens are unique over all segments', () => {
  const tick = new Tick(5)
  tick.segment = 3
  decodeKite(frameOf([packet(LTP_LENGTH, SHARE)]), { tick, emit() {}, reject: assert.fail })
  assert.equal(tick.segment, 0)
  assert.equal(tick.token, SHARE)
})

test('packets of one frame do not mix', () => {
  const words = Object.fromEntries(Array.from({ length: 45 }, (_, i) => [4 * (i + 1), 1000 + i]))
  const kinds = [FULL_LENGTH, LTP_LENGTH, INDEX_FULL_LENGTH, QUOTE_LENGTH, INDEX_QUOTE_LENGTH]
  const packets = kinds.map((length) => {
    const own = Object.entries(words).filter(([offset]) => Number(offset) < length)
    return packet(length, SHARE, Object.fromEntries(own))
  })
  assert.deepEqual(decode(frameOf(packets)), {
    ticks: packets.map((bytes) => only(bytes)),
    rejects: [],
  })
})

test('a packet of unknown length is rejected alone', () => {
  const before = packet(LTP_LENGTH, SHARE, { 4: 100 })
  const after = packet(LTP_LENGTH, SHARE, { 4: 200 })
  for (let length = 0; length <= 400; length++) {
    if (KNOWN_LENGTHS.includes(length as (typeof KNOWN_LENGTHS)[number])) continue
    const found = decode(frameOf([before, Buffer.alloc(length, 0xab), after]))
    assert.deepEqual(
      found.ticks.map(({ ltp }) => ltp),
      [1, 2],
    )
    assert.deepEqual(found.rejects, [{ reason: 'unknown packet length', offset: 14 }])
  }
})
