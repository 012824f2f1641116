// The Upstox decoder held to protobufjs on what it encodes, and to the schema read slowly on everything else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeUpstox } from '../../codecs/upstox.ts'
import { collect } from '../fuzz/target.ts'
import { target } from '../fuzz/upstox.ts'
import { anyFeed, anyFrame, anyKey } from './upstox-frames.ts'
import { FeedResponse, lookup, type PlainFeed, tickOf } from './upstox-oracle.ts'

const LEVELS = 30
const Feed = lookup('Feed')
const SENTINEL = 0xa5

/** Decodes the frame where it lies among other bytes. */
function decodeAmongSentinels(frame: Uint8Array) {
  const around = Buffer.alloc(frame.length + 402, SENTINEL)
  around.set(frame, 201)
  const before = Buffer.from(around)
  const found = target.decode(around.subarray(201, 201 + frame.length))
  assert.deepEqual(around, before, 'the decoder wrote into the frame or beside it')
  return found
}

function agrees(frame: Uint8Array): void {
  const expected = target.expect(frame)
  assert.deepEqual(target.decode(frame), expected)
  assert.deepEqual(decodeAmongSentinels(frame), expected)
}

test('what protobufjs encodes, the decoder reads as protobufjs does', () => {
  fc.assert(
    fc.property(anyFrame, fc.constantFrom(1, 5, LEVELS), (response, levels) => {
      const frame = FeedResponse.encode(FeedResponse.fromObject(response)).finish()
      const plain = FeedResponse.toObject(FeedResponse.decode(frame), { longs: Number }) as {
        feeds?: Record<string, PlainFeed>
        currentTs?: number
      }
      const entries = Object.entries(plain.feeds ?? {})
      const isKey = (key: string) => /^[\x20-\x7e]{1,100}$/.test(key)
      const ticks = entries
        .filter(([key]) => isKey(key))
        .map(([key, feed]) => tickOf(key, feed, plain.currentTs ?? 0, levels)?.tick)
        .filter((tick) => tick !== undefined)
      const found = collect(levels, (sink) => decodeUpstox(frame, sink))
      assert.deepEqual(found, { ticks, isRefused: entries.some(([key]) => !isKey(key)) })
      agrees(frame)
    }),
    { numRuns: 1500 },
  )
})

const encoded = anyFrame.map((response) =>
  Buffer.from(FeedResponse.encode(FeedResponse.fromObject(response)).finish()),
)
const someFrame = fc.oneof(
  encoded,
  fc.constantFrom(...target.frames).map((each) => Buffer.from(each)),
)

test('they agree where bits are flipped', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(someFrame, flips, (frame, places) => {
      if (frame.length === 0) return
      for (const [place, bit] of places) frame[place % frame.length]! ^= 1 << bit
      agrees(frame)
    }),
    { numRuns: 3000 },
  )
})

test('they agree where bytes are put in, taken out or written over', () => {
  const bytes = fc.uint8Array({ maxLength: 12 })
  fc.assert(
    fc.property(someFrame, fc.nat(), fc.nat(12), bytes, (frame, place, taken, put) => {
      const at = frame.length === 0 ? 0 : place % frame.length
      agrees(Buffer.concat([frame.subarray(0, at), put, frame.subarray(at + taken)]))
    }),
    { numRuns: 3000 },
  )
})

test('they agree where the frame is cut', () => {
  fc.assert(
    fc.property(someFrame, fc.nat(), (frame, cut) =>
      agrees(frame.subarray(0, cut % (frame.length + 1))),
    ),
    { numRuns: 1500 },
  )
})

test('they agree on any bytes, also inside an entry', () => {
  const bytes = fc.uint8Array({ maxLength: 120, size: 'max' })
  fc.assert(fc.property(bytes, agrees), { numRuns: 2000 })
  const wrap = (tag: number, body: Uint8Array) =>
    Buffer.concat([Buffer.of(tag, 0x80 | (body.length & 0x7f), body.length >> 7), body])
  const key = Buffer.from('\n\x01A')
  const paths = [[0x0a], [0x12, 0x0a], [0x12, 0x0a, 0x12], [0x12, 0x0a, 0x22], [0x1a], [0x12, 0x12]]
  fc.assert(
    fc.property(bytes, fc.constantFrom(...paths), (body, path) => {
      const feed = path.reduceRight((inner, tag) => wrap(tag, inner), Buffer.from(body))
      agrees(wrap(0x12, Buffer.concat([key, wrap(0x12, feed)])))
    }),
    { numRuns: 2000 },
  )
})

test('they agree where a message comes in parts, and where a oneof has several members', () => {
  const parts = fc.array(anyFeed, { minLength: 2, maxLength: 4 })
  const wrapped = (tag: number, body: Uint8Array) => {
    const head = [tag]
    for (let left = body.length; ; left >>= 7) {
      head.push(left > 0x7f ? (left & 0x7f) | 0x80 : left)
      if (left <= 0x7f) break
    }
    return Buffer.concat([Buffer.from(head), body])
  }
  fc.assert(
    fc.property(parts, anyKey, fc.boolean(), (feeds, key, isWhole) => {
      const bodies = feeds.map((feed) => Feed.encode(Feed.fromObject(feed)).finish())
      const values = isWhole
        ? [wrapped(0x12, Buffer.concat(bodies))]
        : bodies.map((body) => wrapped(0x12, body))
      agrees(wrapped(0x12, Buffer.concat([...values, wrapped(0x0a, Buffer.from(key))])))
      // Inside a full feed, and inside the market of one.
      for (const tags of [[0x12], [0x12, 0x0a]]) {
        const inner = feeds.map((feed) => fullPart(feed, tags.length))
        const feed = tags.reduceRight((body, tag) => wrapped(tag, body), Buffer.concat(inner))
        agrees(wrapped(0x12, Buffer.concat([wrapped(0x0a, Buffer.from(key)), wrapped(0x12, feed)])))
      }
    }),
    { numRuns: 1500 },
  )
})

/** The bytes of a feed's full feed, or of the market in it; empty where it has none. */
function fullPart({ fullFeed }: PlainFeed, depth: number): Uint8Array {
  const type = lookup(depth === 1 ? 'FullFeed' : 'MarketFullFeed')
  const object = depth === 1 ? fullFeed : fullFeed?.marketFF
  return type.encode(type.fromObject(object ?? {})).finish()
}
