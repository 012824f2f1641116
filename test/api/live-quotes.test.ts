// Quotes and depth from the last ticks: when they are young and have all that is asked for, and else from the broker.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import upstox from '../../adapters/upstox/spec.ts'
import {
  ASK,
  ASK_QTY,
  BID,
  BID_QTY,
  CLOSE,
  HIGH,
  LOW,
  LTP,
  LTQ,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  OI,
  OPEN,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  VOLUME,
} from '../../codecs/tick.ts'
import { marketOf } from '../../engine/api/trading.ts'
import { kite, kiteError } from '../orders/gateway-bench.ts'
import { BROKER, LIVE_MS_MAX, orderPlant } from './order-plant.ts'

const plant = orderPlant()
const { bench } = plant
const SHARE = 0
const FUTURE = 2
const INDEX = 8
const share = { exchange: 'NSE', symbol: 'RELIANCE' }
const future = { exchange: 'NFO', symbol: 'NIFTY28JUL26FUT' }
const index = { exchange: 'NSE_INDEX', symbol: 'NIFTY' }
const PRICES = { [LTP]: 823.1, [OPEN]: 820, [HIGH]: 826.5, [LOW]: 817.1, [CLOSE]: 819.4 }
const TRADED = { ...PRICES, [VOLUME]: 5423310 }
const BOOK = { [LTQ]: 12, [TOTAL_BUY_QTY]: 412300, [TOTAL_SELL_QTY]: 398700 }
const levels = (first: number, step: number, count: number) =>
  Array.from({ length: count }, (_, at) => [first + at * step, 65 * (at + 1), 1])

beforeEach(() => {
  bench.requests.length = 0
  // No tick of the test before is young any more.
  bench.nowMs += LIVE_MS_MAX + 1
  bench.respond = () =>
    kite({
      'NSE:RELIANCE': { last_price: 1 },
      'NFO:NIFTY28JUL26FUT-B': { last_price: 1 },
      'NSE:NIFTY 50': { last_price: 1 },
    })
})

/** The last price of a quote: 1 is the broker's. */
const ltp = async (named: object) => {
  const { status, body } = await plant.ask('quotes', named)
  assert.equal(status, 200)
  return body.data.ltp
}

test('a young tick with its book is the quote, and nobody is asked', async () => {
  const depth = { buy: levels(823.05, -0.05, 20), sell: levels(823.15, 0.05, 20) }
  plant.tick(SHARE, MODE_DEPTH, { ...TRADED, ...BOOK }, depth)
  const { text } = await plant.ask('quotes', share)
  assert.equal(
    text,
    '{"data":{"ask":823.15,"bid":823.05,"high":826.5,"low":817.1,"ltp":823.1,"oi":0,"open":820,' +
      '"prev_close":819.4,"volume":5423310},"status":"success"}\n',
  )
  const { data } = (await plant.ask('depth', share)).body
  assert.deepEqual([data.asks.length, data.bids.length], [5, 5])
  assert.deepEqual(
    [data.asks[0], data.bids[1]],
    [
      { price: 823.15, quantity: 65 },
      { price: 823, quantity: 130 },
    ],
  )
  assert.deepEqual([data.ltq, data.totalbuyqty, data.totalsellqty], [12, 412300, 398700])
  const { results } = (await plant.ask('multiquotes', { symbols: [share] })).body
  assert.equal(results[0].data.ltp, 823.1)
  assert.deepEqual(bench.requests, [])
})

test('a tick that is too old is none', async () => {
  const best = { [BID]: 823.05, [ASK]: 823.15 }
  plant.tick(SHARE, MODE_QUOTE, { ...TRADED, ...best }, {}, LIVE_MS_MAX)
  assert.equal(await ltp(share), 823.1)
  bench.nowMs += 1
  assert.equal(await ltp(share), 1)
})

test('a tick that lacks a field of the quote is none', async () => {
  const best = { [BID]: 823.05, [ASK]: 823.15 }
  const whole: Record<number, number> = { ...TRADED, ...best }
  for (const field of [LTP, OPEN, HIGH, LOW, CLOSE, VOLUME, BID, ASK]) {
    const { [field]: _, ...rest } = whole
    plant.tick(SHARE, MODE_QUOTE, rest)
    assert.equal(await ltp(share), 1, `without ${field}`)
    bench.nowMs += 2000
  }
  plant.tick(SHARE, MODE_LTP, { [LTP]: 823.1, [CLOSE]: 819.4 })
  assert.equal(await ltp(share), 1)
})

test('what a share has not, a future must have; an index has prices only', async () => {
  const best = { [BID]: 823.05, [ASK]: 823.15 }
  plant.tick(FUTURE, MODE_QUOTE, { ...TRADED, ...best })
  assert.equal(await ltp(future), 1)
  plant.tick(FUTURE, MODE_QUOTE, { ...TRADED, ...best, [OI]: 75 })
  assert.equal(await ltp(future), 823.1)
  bench.nowMs += 2000
  plant.tick(INDEX, MODE_QUOTE, PRICES)
  assert.equal(await ltp(index), 823.1)
  const { data } = (await plant.ask('depth', index)).body
  assert.deepEqual([data.asks, data.bids, data.ltp, data.volume], [[], [], 823.1, 0])
  assert.equal(bench.requests.length, 1)
})

test('a book with one side is a book, and the other side has no price', async () => {
  plant.tick(SHARE, MODE_DEPTH, { ...TRADED, ...BOOK }, { buy: levels(823.05, -0.05, 1) })
  const { data } = (await plant.ask('quotes', share)).body
  assert.deepEqual([data.ask, data.bid], [0, 823.05])
  const depth = (await plant.ask('depth', share)).body.data
  assert.deepEqual([depth.asks, depth.bids.length], [[], 1])
  assert.deepEqual(bench.requests, [])
})

test('depth needs the book, and is asked for where ticks have none', async () => {
  plant.tick(SHARE, MODE_QUOTE, { ...TRADED, ...BOOK, [BID]: 823.05, [ASK]: 823.15 })
  assert.equal((await plant.ask('depth', share)).body.data.ltp, 1)
  assert.equal(bench.requests.length, 1)
})

test('of many quotes the broker is asked only for those that no tick has, and their order stays', async () => {
  plant.tick(INDEX, MODE_QUOTE, PRICES)
  const nope = { exchange: 'NSE', symbol: 'NOPE' }
  const { results } = (await plant.ask('multiquotes', { symbols: [nope, index, share] })).body
  assert.deepEqual(
    results.map((each: { error?: string; data?: { ltp: number } }) => each.error ?? each.data!.ltp),
    ['Symbol not found', 823.1, 1],
  )
  assert.equal(bench.requests.length, 1)
  assert.doesNotMatch(bench.requests[0]!.url, /NIFTY/)
  bench.requests.length = 0
  const known = (await plant.ask('multiquotes', { symbols: [nope, index] })).body.results
  assert.deepEqual([known[0].error, known[1].data.ltp], ['Symbol not found', 823.1])
  assert.deepEqual(bench.requests, [])
})

test('ticks of another broker are not those of the account', async () => {
  plant.tick(INDEX, MODE_QUOTE, PRICES)
  const { status } = await plant.ask('quotes', { ...index, broker: 'nobody' })
  assert.equal(status, 400)
})

test('a quote of the market is the tick, else that of the broker, else none', async () => {
  const market = marketOf(plant.context)
  const best = { [BID]: 823.05, [ASK]: 823.15, [BID_QTY]: 65, [ASK_QTY]: 130 }
  plant.tick(FUTURE, MODE_QUOTE, { ...TRADED, ...best, [OI]: 75 })
  const whole = {
    ...{ ask: 823.15, ask_qty: 130, bid: 823.05, bid_qty: 65, high: 826.5, low: 817.1 },
    ...{ ltp: 823.1, oi: 75, open: 820, prev_close: 819.4, volume: 5423310 },
  }
  assert.deepEqual(await market.quote(BROKER, future), whole)
  assert.deepEqual(bench.requests, [])
  const nope = { exchange: 'NSE', symbol: 'NOPE' }
  const buy = [{ price: 0.95, quantity: 30, orders: 1 }]
  bench.respond = () => kite({ 'NSE:RELIANCE': { last_price: 1, depth: { buy, sell: [] } } })
  const told = await market.quote(BROKER, share)
  assert.deepEqual([told?.ltp, told?.bid, told?.bid_qty, told?.ask_qty], [1, 0.95, 30, 0])
  assert.equal(await market.quote(BROKER, nope), null)
  const quotes = await market.quotes(BROKER, [nope, future, share, index])
  assert.deepEqual(
    quotes.map((quote) => quote?.ltp ?? null),
    [null, 823.1, 1, null],
  )
  bench.respond = () => kiteError(500, 'GeneralException', 'down')
  for (const asked of [market.quote(BROKER, share), market.quotes(BROKER, [share])]) {
    await assert.rejects(asked, { name: 'RestFailure', message: /down/ })
  }
})

test('of a broker that tells no quotes only ticks do', async () => {
  const others = [{ ...bench.broker, spec: upstox }]
  const two = orderPlant({ others })
  const market = marketOf(two.context)
  assert.equal(await market.quote(upstox.id, share), null)
  assert.deepEqual(await market.quotes(upstox.id, [share, index]), [null, null])
  assert.deepEqual(two.bench.requests, [])
})

test('the quantities of a quote are those of the best levels where ticks have none of their own', async () => {
  const depth = { buy: levels(823.05, -0.05, 20), sell: levels(823.15, 0.05, 20) }
  depth.sell[0]![1] = 40
  plant.tick(SHARE, MODE_DEPTH, { ...TRADED, ...BOOK }, depth)
  const quote = await marketOf(plant.context).quote(BROKER, share)
  assert.deepEqual([quote?.bid_qty, quote?.ask_qty], [65, 40])
})
