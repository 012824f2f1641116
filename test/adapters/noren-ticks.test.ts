// What the connection of the brokers on NorenOMS makes of frames: full records, of what is wanted.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import flattrade from '../../adapters/flattrade/spec.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import zebu from '../../adapters/zebu/spec.ts'
import { packageRoot } from '../../config/root.ts'
import {
  LIVE_MS,
  live,
  NFO,
  NSE,
  recorder,
  sent,
  text,
  ticksOf,
  want,
  wantNow,
} from './noren-connection.ts'

const path = join(packageRoot, 'adapters/shoonya/fixtures/frames.jsonl')
const NTPC = readFileSync(path, 'utf8')
  .split('\n')
  .filter((line) => line.includes('"11630"'))

test('a recorded touchline grows into the full record', () => {
  const connection = live()
  wantNow(connection, [want(11630, 2)])
  const ticks = ticksOf(connection, ...NTPC)
  assert.deepEqual(
    ticks.map(({ ltp, bidQty, volume, high, mode }) => [mode, ltp, bidQty, volume, high]),
    [
      ['quote', 118.55, 26, 162220, 118.65],
      ['quote', 118.45, 3135, 166637, 118.65],
      ['quote', 118.6, 3135, 166637, 118.65],
    ],
  )
  assert.deepEqual([ticks[2]!.segment, ticks[2]!.token], [NSE, '11630'])
  assert.deepEqual([ticks[2]!.open, ticks[2]!.close], [undefined, undefined])
})

test('where only last prices are wanted, an update of best prices alone is no tick', () => {
  const connection = live()
  wantNow(connection, [want(11630, 1)])
  const book = text('tf', { bp1: '118.40', bq1: '7' })
  const ticks = ticksOf(connection, NTPC[0]!, book, text('tf', { v: '162221' }), book)
  assert.deepEqual(
    ticks.map(({ mode, volume, bid }) => [mode, volume, bid]),
    [
      ['ltp', 162220, 118.45],
      ['ltp', 162221, 118.4],
    ],
  )
  wantNow(connection, [want(11630, 2)], LIVE_MS + 1000)
  assert.equal(ticksOf(connection, book)[0]!.mode, 'quote')
})

test('a scrip that has not traded is answered all the same', () => {
  const connection = live()
  wantNow(connection, [want(11630, 1)])
  assert.deepEqual(
    ticksOf(connection, text('tk', { c: '5' })).map(({ mode, close }) => [mode, close]),
    [['ltp', 5]],
  )
})

test('an index wanted with its book answers in mode depth with empty sides', () => {
  const connection = live()
  wantNow(connection, [want(26000, 3)])
  const [tick] = ticksOf(connection, text('dk', { lp: '24870.15' }, 'NSE', '26000'))
  assert.equal(tick!.mode, 'depth')
  assert.deepEqual(tick!.depth, { buy: [], sell: [] })
})

test('frames of scrips that are not subscribed are dropped', () => {
  const connection = live()
  wantNow(connection, [want(11630, 2)])
  const other = [
    text('tf', { lp: '5' }, 'BSE'),
    text('tf', { lp: '5' }, 'NSE', '11631'),
    text('tf', { lp: '5' }, 'XYZ'),
    text('df', { lp: '5' }),
    text('tf', { lp: '5' }, 'NSE', 'x'),
  ]
  assert.deepEqual(ticksOf(connection, ...other), [])
  assert.equal(ticksOf(connection, NTPC[0]!).length, 1)
  wantNow(connection, [want(11630, 0)], LIVE_MS + 1000)
  assert.deepEqual(ticksOf(connection, NTPC[1]!), [])
  // It starts from nothing when it comes again.
  wantNow(connection, [want(11630, 2)], LIVE_MS + 2000)
  const [tick] = ticksOf(connection, NTPC[2]!)
  assert.deepEqual([tick!.ltp, tick!.volume], [118.6, undefined])
})

test('frames stop with the wish, also while its message waits', () => {
  const connection = live()
  wantNow(connection, [want(11630, 2)])
  connection.want([want(1, 2)], LIVE_MS + 1000)
  assert.deepEqual(sent(connection.want([want(11630, 0)], LIVE_MS + 1001)), [])
  assert.deepEqual(ticksOf(connection, NTPC[0]!), [])
})

test('a scrip of the same token on another exchange has a record of its own', () => {
  const connection = live()
  wantNow(connection, [want(11630, 2), want(11630, 2, NFO)])
  const frames = [text('tk', { lp: '5' }), text('tk', { v: '7' }, 'NFO')]
  assert.deepEqual(
    ticksOf(connection, ...frames).map(({ segment, ltp, volume }) => [segment, ltp, volume]),
    [
      [NSE, 5, undefined],
      [NFO, undefined, 7],
    ],
  )
})

test('a frame without an exchange is for the only scrip of its token, or for none', () => {
  const connection = live()
  const frame = JSON.stringify({ t: 'tf', tk: '11630', lp: '5' })
  wantNow(connection, [want(11630, 2)])
  assert.equal(ticksOf(connection, frame)[0]!.segment, NSE)
  wantNow(connection, [want(11630, 2, NFO)], LIVE_MS + 1000)
  assert.deepEqual(ticksOf(connection, frame), [])
})

test('between touchline and book the old one is heard until the new one has come', () => {
  const connection = live()
  wantNow(connection, [want(11630, 2)])
  assert.equal(ticksOf(connection, NTPC[0]!).length, 1)
  // The subscription is sent, the message that drops the old one still waits.
  const effects = connection.want([want(11630, 3)], LIVE_MS + 1000)
  assert.deepEqual(
    sent(effects).map(({ t }) => t),
    ['d'],
  )
  assert.equal(ticksOf(connection, NTPC[1]!)[0]!.mode, 'quote')
  const [book] = ticksOf(connection, text('dk', { lp: '119.00', bp2: '118', bq2: '5' }))
  assert.deepEqual([book!.mode, book!.ltp, book!.high], ['depth', 119, 118.65])
  assert.deepEqual(ticksOf(connection, NTPC[2]!), [])
  assert.deepEqual(sent(connection.onTimer(LIVE_MS + 1100)), [{ t: 'u', k: 'NSE|11630' }])
  assert.equal(ticksOf(connection, text('df', { lp: '120.00' })).length, 1)
})

test('a book that is no longer subscribed is not heard, also before the touchline has come', () => {
  const connection = live()
  wantNow(connection, [want(11630, 3)])
  const book = text('df', { lp: '119.00' })
  connection.want([want(11630, 2)], LIVE_MS + 1000)
  assert.equal(ticksOf(connection, book).length, 1)
  assert.deepEqual(sent(connection.onTimer(LIVE_MS + 1100)), [{ t: 'ud', k: 'NSE|11630' }])
  assert.deepEqual(ticksOf(connection, book), [])
})

test('what only the book told is gone when the touchline is left alone', () => {
  const connection = live()
  wantNow(connection, [want(11630, 3)])
  const book = { lp: '5', ltq: '7', tbq: '9', uc: '6', bp1: '4', bq1: '3', bp2: '3', bq2: '2' }
  ticksOf(connection, text('dk', book))
  wantNow(connection, [want(11630, 2)], LIVE_MS + 1000)
  const [tick] = ticksOf(connection, text('tk', { lp: '6' }))
  assert.deepEqual(
    [tick!.mode, tick!.ltp, tick!.ltq, tick!.totalBuyQty, tick!.upperCircuit, tick!.bid],
    ['quote', 6, undefined, undefined, 6, 4],
  )
})

test('one frame by itself is decoded without a connection, from text and from bytes', () => {
  const { sink, ticks } = recorder()
  for (const spec of [shoonya, flattrade, zebu]) {
    spec.feed.decode(text('df', { lp: '5' }), sink)
    spec.feed.decode(Buffer.from(text('df', { lp: '5' })), sink)
    assert.equal(spec.feed.silenceMsMax, 120_000)
  }
  assert.deepEqual(
    ticks.map(({ ltp, mode }) => [ltp, mode]),
    Array(6).fill([5, 'depth']),
  )
})
