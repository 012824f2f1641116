// The market_data frames of OpenAlgo's WebSocket: keys, types and rounding as its clients read them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeKite } from '../../codecs/kite.ts'
import { openAlgoHead } from '../../codecs/openalgo.ts'
import { type Mode, Tick, VALUE_COUNT } from '../../codecs/tick.ts'
import { frameOf, INDEX_FULL_LENGTH, packet } from './kite-frames.ts'
import {
  type Book,
  encodedText,
  frameData,
  frameText,
  type Level,
  type Named,
  tickOf,
} from './named-tick.ts'
import { COUNT_NAMES } from './random-tick.ts'

const EXAMPLE_VALUES: Named = {
  ltp: 25110.5,
  ltt: 1787390123000,
  ltq: 65,
  open: 25050,
  high: 25140,
  low: 25010,
  close: 25033.2,
  volume: 1834560,
  atp: 25092.4,
  totalBuyQty: 412300,
  totalSellQty: 398700,
  oi: 11250400,
  bid: 25110,
  ask: 25111,
  bidQty: 130,
  askQty: 65,
}

const EXAMPLE_BOOK: Book = {
  buy: [
    [25110, 130, 3],
    [25109.5, 65, 1],
    [25109, 260, 4],
    [25108.5, 195, 3],
    [25108, 455, 6],
  ],
  sell: [
    [25111, 65, 1],
    [25111.5, 130, 2],
    [25112, 325, 5],
    [25112.5, 65, 1],
    [25113, 195, 3],
  ],
}

const EXAMPLE_DATA = {
  symbol: 'NIFTY29SEP26FUT',
  exchange: 'NFO',
  mode: 2,
  ltp: 25110.5,
  ltt: 1787390123000,
  last_trade_quantity: 65,
  last_quantity: 65,
  open: 25050,
  high: 25140,
  low: 25010,
  close: 25033.2,
  volume: 1834560,
  average_price: 25092.4,
  avg_trade_price: 25092.4,
  total_buy_quantity: 412300,
  total_sell_quantity: 398700,
  oi: 11250400,
  bid_price: 25110,
  ask_price: 25111,
  bid_size: 130,
  ask_size: 65,
  change: 77.3,
  change_percent: 0.31,
  timestamp: 1787390123456,
  seq: 41,
  epoch: 7,
}

const levelObjects = (levels: readonly Level[]) =>
  levels.map(([price, quantity, orders]) => ({ price, quantity, orders }))

function exampleFrame(mode: Mode, symbol: string, exchange: string, data: object) {
  return { type: 'market_data', symbol, exchange, mode, broker: 'zerodha', data }
}

test('an LTP frame has the keys that clients know', () => {
  const tick = tickOf(1, { ltp: 2954.35, ltt: 1787390123000, ltq: 12, close: 2940.1 })
  assert.deepEqual(
    JSON.parse(frameText(tick, 1)),
    exampleFrame(1, 'RELIANCE', 'NSE', {
      symbol: 'RELIANCE',
      exchange: 'NSE',
      mode: 1,
      ltp: 2954.35,
      ltt: 1787390123000,
      last_trade_quantity: 12,
      close: 2940.1,
      change: 14.25,
      change_percent: 0.48,
      timestamp: 1787390123456,
      seq: 41,
      epoch: 7,
    }),
  )
})

const futureHead = (mode: Mode) => openAlgoHead('zerodha', 'NFO', 'NIFTY29SEP26FUT', mode)

test('a quote frame has the keys that clients know', () => {
  const frame = encodedText(tickOf(2, EXAMPLE_VALUES), 2, futureHead(2), false)
  assert.deepEqual(JSON.parse(frame), exampleFrame(2, 'NIFTY29SEP26FUT', 'NFO', EXAMPLE_DATA))
})

test('a depth frame adds the book', () => {
  const frame = encodedText(tickOf(3, EXAMPLE_VALUES, EXAMPLE_BOOK), 3, futureHead(3), false)
  const data = {
    ...EXAMPLE_DATA,
    mode: 3,
    depth_level: 5,
    depth: { buy: levelObjects(EXAMPLE_BOOK.buy), sell: levelObjects(EXAMPLE_BOOK.sell) },
  }
  assert.deepEqual(JSON.parse(frame), exampleFrame(3, 'NIFTY29SEP26FUT', 'NFO', data))
})

test("the mode inside and outside is the client's, and so are the values", () => {
  const tick = tickOf(3, EXAMPLE_VALUES, EXAMPLE_BOOK)
  for (const mode of [1, 2, 3] as const) {
    const frame = JSON.parse(frameText(tick, mode))
    assert.equal(frame.mode, mode)
    assert.equal(frame.data.mode, mode)
    assert.equal('depth' in frame.data, mode === 3)
    assert.equal('volume' in frame.data, mode !== 1)
    assert.equal('last_quantity' in frame.data, mode !== 1)
  }
})

test('times, counts and level quantities print as integers', () => {
  const counts = Object.fromEntries(COUNT_NAMES.map((name) => [name, 4294967295]))
  const times = { ltt: 4294967295000, exchangeTime: 1787390123000 }
  const level: Level = [1.05, 4294967295, 65535]
  const tick = tickOf(3, { ...counts, ...times }, { buy: [level], sell: [level] })
  const frame = frameText(tick, 3)
  const numbers = [...frame.matchAll(/"(\w+)":(-?[\d.e+-]+)/g)]
  assert.ok(numbers.length > 20)
  for (const [, key, number] of numbers) {
    if (key !== 'price') assert.match(number!, /^\d+$/, key)
  }
  for (const key of ['timestamp', 'volume', 'quantity', 'ltt', 'oi', 'bid_size']) {
    assert.ok(
      numbers.some((found) => found[1] === key),
      key,
    )
  }
})

test('symbol and exchange are escaped inside and outside', () => {
  const symbol = 'A"B\\C\n₹/\u2028'
  const exchange = 'N"S\\E'
  const frame = encodedText(
    tickOf(1, { ltp: 1 }),
    1,
    openAlgoHead('z"\\', exchange, symbol, 1),
    false,
  )
  const parsed = JSON.parse(frame)
  assert.deepEqual([parsed.symbol, parsed.exchange, parsed.broker], [symbol, exchange, 'z"\\'])
  assert.deepEqual([parsed.data.symbol, parsed.data.exchange], [symbol, exchange])
})

test('a depth frame without a book has empty sides', () => {
  for (const named of [{ ltp: 1 }, {}]) {
    assert.deepEqual(frameData(tickOf(3, named), 3).depth, { buy: [], sell: [] })
  }
  const tick = new Tick(5)
  const books: unknown[] = []
  const emit = () => books.push(frameData(tick, 3).depth)
  const index = packet(INDEX_FULL_LENGTH, 256265, { 4: 2410525 })
  decodeKite(frameOf([index]), { tick, emit, reject: assert.fail })
  assert.deepEqual(books, [{ buy: [], sell: [] }])
})

test('a snapshot says so, and no other frame', () => {
  const tick = tickOf(2, EXAMPLE_VALUES)
  assert.equal(JSON.parse(encodedText(tick, 2, futureHead(2), true)).data.snapshot, true)
  assert.ok(!('snapshot' in frameData(tick, 2)))
})

test('a frame with fifty levels a side stays under 16,000 bytes', () => {
  const buy = Array<Level>(50).fill([-21474836.48, 4294967295, 65535])
  const sell = Array<Level>(50).fill([-21474836.47, 4294967294, 65534])
  const tick = tickOf(3, {}, { buy, sell }, 50)
  tick.values.fill(-21474836.48)
  tick.present = 2 ** VALUE_COUNT - 1
  const long = openAlgoHead('zerodha', 'NSE_INDEX', '₹'.repeat(60), 3)
  const frame = encodedText(
    Object.assign(tick, { seq: 0xffffffff, epoch: 0xffffffff }),
    3,
    long,
    true,
  )
  assert.ok(Buffer.byteLength(frame) < 16_000, `${Buffer.byteLength(frame)} bytes`)
  const { data } = JSON.parse(frame)
  assert.equal(data.depth_level, 50)
  assert.deepEqual(data.depth, { buy: levelObjects(buy), sell: levelObjects(sell) })
})
