// What a socket of Upstox's feed remembers, held to a plain map of what was told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DecodedTick, Mode } from '../../codecs/tick.ts'
import { decodeUpstox } from '../../codecs/upstox.ts'
import { UpstoxRecords } from '../../codecs/upstox-records.ts'
import { collect } from '../fuzz/target.ts'
import { anyFeed } from './upstox-frames.ts'
import { FeedResponse, FRAMES, type PlainFeed, readFrame } from './upstox-oracle.ts'

const LEVELS = 5
const MODES = ['', 'ltp', 'quote', 'depth'] as const
const BOOK_NAMES = ['bid', 'bidQty', 'ask', 'askQty'] as const
const LTP_NAMES = ['ltp', 'ltq', 'ltt', 'close', 'exchangeTime']

type Book = NonNullable<DecodedTick['depth']>
interface Remembered {
  wanted: number
  heard: number
  values: Record<string, number>
  book: Book
}

/** The same by plain maps. */
class Model {
  readonly records = new Map<string, Remembered>()

  want(key: string, wanted: Mode): void {
    const record = this.records.get(key)
    if (!record) {
      this.records.set(key, { wanted, heard: 0, values: {}, book: { buy: [], sell: [] } })
      return
    }
    record.wanted = wanted
    if (wanted !== 1) return
    const kept = Object.entries(record.values).filter(([name]) => LTP_NAMES.includes(name))
    Object.assign(record, { values: Object.fromEntries(kept), book: { buy: [], sell: [] } })
    record.heard = Math.min(record.heard, 1)
  }

  take(frame: Uint8Array): DecodedTick[] {
    return readFrame(frame, LEVELS).found.flatMap(({ tick, hasBook, book, good }) => {
      const { token, mode: _mode, depth: _depth, ...told } = tick
      const record = this.records.get(token)
      if (!record) return []
      record.heard = Math.max(record.heard, good)
      if (hasBook) {
        for (const name of BOOK_NAMES) delete record.values[name]
        record.book = book
      }
      Object.assign(record.values, told)
      const mode = MODES[Math.min(record.wanted, record.heard)]!
      const depth = mode === 'depth' ? { depth: record.book } : {}
      return [{ token, mode, ...record.values, ...depth }]
    })
  }
}

const keys = Array.from(
  { length: 40 },
  (_, i) => `NSE_FO|${i % 2 === 0 ? i : `${i}${'7'.repeat(i)}`}`,
)
const key = fc.constantFrom(...keys)
type Step =
  | { readonly want: string; readonly mode: Mode }
  | { readonly forget: string }
  | { readonly feeds: Record<string, PlainFeed>; readonly currentTs: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ want: key, mode: fc.constantFrom<Mode>(1, 2, 3) }) },
  fc.record({ forget: key }),
  {
    weight: 4,
    arbitrary: fc.record({
      feeds: fc.dictionary(key, anyFeed, { maxKeys: 8 }),
      currentTs: fc.nat(),
    }),
  },
)

const frameOf = (feeds: object, currentTs = 0) =>
  FeedResponse.encode(FeedResponse.fromObject({ feeds, currentTs })).finish()

test('after any wants and messages every tick is the full known record', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: 'max' }),
      fc.constantFrom(1, 3, 64),
      (steps, rows) => {
        const records = new UpstoxRecords(rows, LEVELS)
        const model = new Model()
        for (const each of steps) {
          if ('want' in each) {
            records.want(each.want, each.mode)
            model.want(each.want, each.mode)
          } else if ('forget' in each) {
            records.forget(each.forget)
            model.records.delete(each.forget)
          } else {
            const frame = frameOf(each.feeds, each.currentTs)
            const { ticks } = collect(LEVELS, (sink) => decodeUpstox(frame, sink, records))
            assert.deepEqual(ticks, model.take(frame))
          }
        }
      },
    ),
    { numRuns: 400 },
  )
})

const SHARE = 'NSE_EQ|INE002A01018'

function socketOf(wants: Record<string, Mode>, levels = LEVELS) {
  const records = new UpstoxRecords(4, levels)
  for (const [each, mode] of Object.entries(wants)) records.want(each, mode)
  const receive = (frame: Uint8Array) =>
    collect(levels, (sink) => decodeUpstox(frame, sink, records)).ticks
  return { records, receive }
}

test('a message with one level and no ltpc keeps the last price and replaces the book', () => {
  const { receive } = socketOf({ [SHARE]: 3 })
  const [before] = receive(FRAMES[2]!)
  const [after] = receive(FRAMES[5]!)
  assert.deepEqual(after, {
    ...before,
    bidQty: 121,
    askQty: 80,
    depth: {
      buy: [{ price: 2987.4, quantity: 121, orders: 0 }],
      sell: [{ price: 2987.5, quantity: 80, orders: 0 }],
    },
  })
})

test('a message without a book keeps the one before', () => {
  const { receive } = socketOf({ [SHARE]: 3 })
  const [before] = receive(FRAMES[2]!)
  const feeds = { [SHARE]: { fullFeed: { marketFF: { ltpc: { ltp: 2988 } } } } }
  const [after] = receive(frameOf(feeds))
  assert.deepEqual(after, { ...before, ltp: 2988 })
})

test('the mode is the wanted one, and a quote has no book', () => {
  const [quote] = socketOf({ [SHARE]: 2 }).receive(FRAMES[2]!)
  assert.deepEqual([quote!.mode, quote!.depth, quote!.bid], ['quote', undefined, 2987.4])
  const [ltp] = socketOf({ [SHARE]: 1 }).receive(FRAMES[2]!)
  assert.equal(ltp!.mode, 'ltp')
  const [index] = socketOf({ 'NSE_INDEX|Nifty 50': 3 }).receive(FRAMES[3]!)
  assert.deepEqual([index!.mode, index!.depth], ['depth', { buy: [], sell: [] }])
})

test('until the first full message a tick is not called more than it is', () => {
  const { records, receive } = socketOf({ [SHARE]: 1 })
  assert.equal(receive(FRAMES[1]!)[0]!.mode, 'ltp')
  records.want(SHARE, 3)
  assert.equal(receive(FRAMES[1]!)[0]!.mode, 'ltp')
  assert.equal(receive(FRAMES[2]!)[0]!.mode, 'depth')
})

test('what nothing refreshes in the lower mode is forgotten, the last price is not', () => {
  const { records, receive } = socketOf({ [SHARE]: 3 })
  receive(FRAMES[2]!)
  records.want(SHARE, 1)
  const [tick] = receive(frameOf({ [SHARE]: { ltpc: { ltq: 7 } } }))
  const last = { ltp: 2987.45, ltt: 1750133098000, close: 2961.8, exchangeTime: 1750133099123 }
  assert.deepEqual(tick, { token: SHARE, mode: 'ltp', ...last, ltq: 7 })
})

test('a key that is not wanted, or no longer, gives no tick; one that returns starts anew', () => {
  const { records, receive } = socketOf({ [SHARE]: 3 })
  assert.deepEqual(receive(FRAMES[3]!), [])
  receive(FRAMES[2]!)
  records.forget(SHARE)
  assert.deepEqual(receive(FRAMES[2]!), [])
  records.want(SHARE, 3)
  const [tick] = receive(FRAMES[5]!)
  assert.deepEqual([tick!.ltp, tick!.bidQty], [undefined, 121])
})

test('thirty levels are kept', () => {
  const { receive } = socketOf({ [SHARE]: 3 }, 30)
  const [before] = receive(FRAMES[6]!)
  assert.deepEqual([before!.depth!.buy.length, before!.depth!.sell.length], [30, 30])
  const [after] = receive(frameOf({ [SHARE]: { fullFeed: { marketFF: {} } } }))
  assert.deepEqual(after!.depth, before!.depth)
})

test('a key that no frame can hold is passed over', () => {
  const { records, receive } = socketOf({ [SHARE]: 1 })
  for (const bad of ['', 'x'.repeat(101)]) {
    records.want(bad, 1)
    records.forget(bad)
  }
  assert.equal(receive(FRAMES[1]!).length, 1)
})
