// NorenOMS frames, value by value: the recorded and worked examples, and the rules of the merge.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { NorenRecord } from '../../codecs/noren.ts'
import { NOREN_SEGMENTS } from '../../codecs/noren-fields.ts'
import { NorenFrame } from '../../codecs/noren-frame.ts'
import { type DecodedTick, describeTick, MODE_DEPTH, MODE_QUOTE, Tick } from '../../codecs/tick.ts'
import { packageRoot } from '../../config/root.ts'
import { decode, frame } from './noren-decode.ts'

const path = join(packageRoot, 'adapters/shoonya/fixtures/frames.jsonl')
const FRAMES = readFileSync(path, 'utf8').split('\n').filter(Boolean)
const framesOf = (token: string) => FRAMES.filter((text) => text.includes(`"tk":"${token}"`))

/** What is known after these frames, in a tick full of what another one may have left. */
function merged(texts: readonly string[], mode: number, record = new NorenRecord()): DecodedTick {
  const frame = new NorenFrame()
  for (const text of texts) {
    assert.equal(frame.read(text), null)
    record.merge(frame)
  }
  const tick = new Tick(5)
  tick.values.fill(7777)
  tick.depth.fill(7777)
  tick.present = 0x1fffff
  tick.buyLevels = tick.sellLevels = 5
  tick.token = frame.token
  record.fill(tick, mode)
  return describeTick(tick)
}

describe('a recorded touchline', () => {
  const NTPC = framesOf('11630')

  test('its snapshot alone', () => {
    assert.deepEqual(decode(NTPC[0]!), {
      ticks: [
        {
          segment: NOREN_SEGMENTS.NSE,
          token: '11630',
          mode: 'quote',
          ltp: 118.55,
          atp: 118.39,
          volume: 162220,
          high: 118.65,
          low: 118.1,
          bid: 118.45,
          ask: 118.5,
          bidQty: 26,
          askQty: 6325,
        },
      ],
      rejects: [],
    })
  })

  test('what is known after its updates; open and close never came', () => {
    assert.equal(NTPC.length, 3)
    assert.deepEqual(merged(NTPC, MODE_QUOTE), {
      token: '11630',
      mode: 'quote',
      ltp: 118.6,
      atp: 118.4,
      volume: 166637,
      high: 118.65,
      low: 118.1,
      bid: 118.45,
      ask: 118.55,
      bidQty: 3135,
      askQty: 30,
    })
  })
})

describe('a book', () => {
  const BOOK = framesOf('54957')
  const FIRST = {
    token: '54957',
    mode: 'depth',
    ltp: 76.4,
    ltq: 50,
    ltt: Date.parse('2022-07-27T13:58:37+05:30'),
    close: 42.2,
    exchangeTime: 1658910517000,
    atp: 60.72,
    volume: 125888500,
    totalBuyQty: 965400,
    totalSellQty: 980950,
    open: 37.65,
    high: 98,
    low: 22,
    oi: 7361100,
    upperCircuit: 469.9,
    lowerCircuit: 0.05,
    bid: 76.3,
    ask: 76.45,
    bidQty: 50,
    askQty: 650,
    depth: {
      buy: [
        { price: 76.3, quantity: 50, orders: 1 },
        { price: 76.25, quantity: 2000, orders: 9 },
        { price: 76.2, quantity: 3800, orders: 22 },
        { price: 76.15, quantity: 2000, orders: 12 },
        { price: 76.1, quantity: 7350, orders: 17 },
      ],
      sell: [
        { price: 76.45, quantity: 650, orders: 2 },
        { price: 76.5, quantity: 1400, orders: 8 },
        { price: 76.55, quantity: 2250, orders: 12 },
        { price: 76.6, quantity: 3400, orders: 16 },
        { price: 76.65, quantity: 2250, orders: 7 },
      ],
    },
  }

  test('its snapshot alone, as text and as bytes', () => {
    const expected = { ticks: [{ segment: NOREN_SEGMENTS.NFO, ...FIRST }], rejects: [] }
    assert.deepEqual(decode(BOOK[0]!), expected)
    assert.deepEqual(decode(Buffer.from(BOOK[0]!)), expected)
    // Blanks, escapes and numbers are JSON as well.
    const numbers = JSON.stringify(JSON.parse(BOOK[0]!), (key, value) =>
      ['lp', 'v', 'bq1'].includes(key) ? Number(value) : value,
    )
    assert.deepEqual(decode(` ${numbers.replace('"lp"', '"\\u006cp" ')}\n`), expected)
  })

  test('its updates: within a level, a zero that is no open, a level that vanishes', () => {
    assert.equal(BOOK.length, 3)
    const { buy, sell } = FIRST.depth
    assert.deepEqual(merged(BOOK, MODE_DEPTH), {
      ...FIRST,
      ltp: 76.55,
      ltq: 200,
      exchangeTime: Date.parse('2022-07-27T08:28:40Z'),
      bidQty: 150,
      depth: {
        buy: [{ price: 76.3, quantity: 150, orders: 1 }, ...buy.slice(1)],
        sell: [
          ...sell.slice(0, 2),
          { price: 76.55, quantity: 2250, orders: 11 },
          ...sell.slice(3, 4),
        ],
      },
    })
  })

  test('a side that vanishes leaves no best price', () => {
    const zeros = [1, 2, 3, 4, 5].map((level) => [
      [`bp${level}`, '0.00'],
      [`bq${level}`, '0'],
    ])
    const tick = merged([BOOK[0]!, frame(Object.fromEntries(zeros.flat()))], MODE_DEPTH)
    assert.deepEqual(tick.depth!.buy, [])
    assert.equal(tick.depth!.sell.length, 5)
    assert.deepEqual([tick.bid, tick.bidQty, tick.ask], [undefined, undefined, 76.45])
  })

  test('a hole between levels keeps its place, and levels without a price are none', () => {
    const hole = merged([BOOK[0]!, frame({ bp2: '0.00', bq2: '0', bo2: '0' })], MODE_DEPTH)
    assert.deepEqual(hole.depth!.buy[1], { price: 0, quantity: 0, orders: 0 })
    assert.equal(hole.depth!.buy.length, 5)
    assert.deepEqual(merged([frame({ bq3: '50' })], MODE_DEPTH).depth!.buy, [])
  })

  test('a tick of another mode has no levels, whatever is known', () => {
    const record = new NorenRecord()
    merged([BOOK[0]!], MODE_DEPTH, record)
    const tick = new Tick(5)
    record.fill(tick, MODE_QUOTE)
    assert.deepEqual([tick.buyLevels, tick.sellLevels], [0, 0])
    record.fill(tick, MODE_DEPTH)
    assert.deepEqual([tick.buyLevels, tick.sellLevels], [5, 5])
  })

  test('an index has the mode of a book and empty sides', () => {
    const { ticks } = decode(framesOf('26000')[0]!)
    assert.equal(ticks[0]!.mode, 'depth')
    assert.deepEqual(ticks[0]!.depth, { buy: [], sell: [] })
    assert.equal(ticks[0]!.close, 24793.4)
  })

  test('a tick with less room takes the best levels', () => {
    const { ticks } = decode(BOOK[0]!, 2)
    assert.deepEqual(ticks[0]!.depth!.sell, FIRST.depth.sell.slice(0, 2))
    assert.deepEqual(ticks[0]!.depth!.buy, FIRST.depth.buy.slice(0, 2))
  })

  test('what only a book brings is forgotten when it is no longer subscribed', () => {
    const record = new NorenRecord()
    merged([BOOK[0]!], MODE_DEPTH, record)
    record.forgetBook()
    const { ltq: _, ltt: __, totalBuyQty: ___, totalSellQty: ____, ...kept } = FIRST
    const [best, bestAsk] = [kept.depth.buy[0]!, kept.depth.sell[0]!]
    assert.deepEqual(merged([frame({})], MODE_DEPTH, record), {
      ...kept,
      depth: { buy: [{ ...best, orders: 0 }], sell: [{ ...bestAsk, orders: 0 }] },
    })
  })
})

describe('the merge', () => {
  test('zeros and blanks keep open, high, low, close and average price, and no other value', () => {
    const known = { o: '1', h: '2', l: '3', c: '4', ap: '5', lp: '6', v: '7', oi: '8' }
    for (const nothing of ['', '-', '0', '0.00', 'abc']) {
      const next = Object.fromEntries(['o', 'h', 'l', 'c', 'ap'].map((key) => [key, nothing]))
      const { open, high, low, close, atp } = merged([frame(known), frame(next)], MODE_QUOTE)
      assert.deepEqual([open, high, low, close, atp], [1, 2, 3, 4, 5], nothing)
    }
    const { ltp, volume, oi } = merged([frame(known), frame({ lp: '0', v: '0', oi: '0' })], 2)
    assert.deepEqual([ltp, volume, oi], [0, 0, 0])
    assert.deepEqual(merged([frame({ o: '0.00' }), frame({ o: '5' })], MODE_QUOTE).open, 5)
  })

  test('a total of the underlying is not the open interest of the contract', () => {
    assert.equal(decode(frame({ toi: '99', poi: '98' })).ticks[0]!.oi, undefined)
  })

  test('a trade is placed on the Indian day of the frame', () => {
    const time = (fields: object, ...later: object[]) =>
      merged([fields, ...later].map(frame), MODE_QUOTE).ltt
    const ft = (text: string) => String(Date.parse(text) / 1000)
    const at = (text: string) => Date.parse(text)
    assert.equal(
      time({ ft: ft('2026-08-20T23:55:00+05:30'), ltt: '23:54:59' }),
      at('2026-08-20T23:54:59+05:30'),
    )
    // Midnight in India is 18:30 UTC.
    assert.equal(
      time({ ft: ft('2026-08-20T00:00:05+05:30'), ltt: '00:00:03' }),
      at('2026-08-19T18:30:03Z'),
    )
    // A trade of an earlier day, of which nobody knows how much earlier it is.
    assert.equal(time({ ft: ft('2026-08-20T09:00:00+05:30'), ltt: '15:29:59' }), undefined)
    assert.equal(time({ ltt: '15:29:59' }), undefined)
    // An update without a time of its own is of the day of the last one.
    const first = { ft: ft('2026-08-20T10:00:00+05:30'), ltt: '09:59:58' }
    assert.equal(time(first, { ltt: '10:07:00' }), at('2026-08-20T10:07:00+05:30'))
    assert.equal(time(first, { lp: '5' }), at('2026-08-20T09:59:58+05:30'))
    for (const ltt of [
      '24:00:00',
      '9:59:58',
      '09:60:00',
      '09-59-58',
      '09:59:5x',
      '',
      ':::::::: ',
    ]) {
      assert.equal(time({ ...first, ltt }), undefined, ltt)
    }
  })
})
