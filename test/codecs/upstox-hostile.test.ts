// Upstox frames that are cut, damaged or strange: what is refused, and how much of the rest is read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tick } from '../../codecs/tick.ts'
import { decodeUpstox } from '../../codecs/upstox.ts'
import { collect } from '../fuzz/target.ts'
import { FRAMES, lookup } from './upstox-oracle.ts'

const decode = (frame: Uint8Array, levels = 5) => {
  return collect(levels, (sink) => decodeUpstox(frame, sink))
}

/** A frame of one entry by its parts, as bytes. */
function entry(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  assert.ok(body.length < 128)
  return Buffer.concat([Buffer.of(0x12, body.length), body])
}
const keyPart = (key: string | Buffer) => {
  const bytes = Buffer.from(key)
  return Buffer.concat([Buffer.of(0x0a, bytes.length), bytes])
}
const feedOf = (object: object) =>
  Buffer.from(lookup('Feed').encode(lookup('Feed').fromObject(object)).finish())
const valuePart = (...feeds: readonly Buffer[]) => {
  const bytes = Buffer.concat(feeds)
  return Buffer.concat([Buffer.of(0x12, bytes.length), bytes])
}

test('parts of one message are merged, and of a oneof the last one holds', () => {
  const ltpc = feedOf({ ltpc: { ltp: 5, ltq: 3 } })
  const more = feedOf({ ltpc: { ltp: 6 } })
  const index = feedOf({ fullFeed: { indexFF: { ltpc: { ltp: 7 } } } })
  const key = keyPart('A')
  const one = (...feeds: Buffer[]) => decode(entry(key, valuePart(...feeds))).ticks
  assert.deepEqual(one(ltpc, more), [{ token: 'A', mode: 'ltp', ltp: 6, ltq: 3 }])
  assert.deepEqual(one(ltpc, index), [
    { token: 'A', mode: 'depth', ltp: 7, depth: { buy: [], sell: [] } },
  ])
  assert.deepEqual(one(index, more), [{ token: 'A', mode: 'ltp', ltp: 6 }])
  // The value may stand before its key, and in two parts.
  assert.deepEqual(decode(entry(valuePart(ltpc), key, valuePart(more))).ticks, one(ltpc, more))
})

test('an entry without a usable key is refused alone', () => {
  const value = valuePart(feedOf({ ltpc: { ltp: 5 } }))
  const good = entry(keyPart('A'), value)
  const long = (length: number) => entry(keyPart('x'.repeat(length)), value)
  const bad = [entry(value), entry(keyPart(''), value), entry(keyPart('é'), value), long(101)]
  for (const frame of [...bad, entry(keyPart(Buffer.of(0x41, 0)), value)]) {
    const { ticks, isRefused } = decode(Buffer.concat([good, frame, good]))
    assert.deepEqual([ticks.length, isRefused], [2, true])
  }
  assert.deepEqual([decode(long(100)).ticks.length, decode(long(100)).isRefused], [1, false])
})

test('an entry that is malformed inside is refused alone, and the next has nothing of it', () => {
  const broken = Buffer.from(entry(keyPart('A'), valuePart(feedOf({ ltpc: { ltp: 5, ltq: 9 } }))))
  // The last field becomes a varint that does not end.
  broken[broken.length - 1] = 0x89
  const good = entry(keyPart('B'), valuePart(feedOf({ ltpc: { cp: 5 } })))
  const { ticks, isRefused } = decode(Buffer.concat([broken, good]))
  assert.deepEqual(ticks, [{ token: 'B', mode: 'ltp', close: 5 }])
  assert.ok(isRefused)
})

test('a frame that is cut inside a field is refused once, and delivers nothing', () => {
  for (const frame of FRAMES) {
    let refused = 0
    for (let length = 1; length < frame.length; length++) {
      const offsets: number[] = []
      let emitted = 0
      decodeUpstox(frame.subarray(0, length), {
        tick: new Tick(5),
        emit: () => {
          emitted += 1
        },
        reject: (_reason, offset) => offsets.push(offset),
      })
      if (offsets.length > 0) assert.deepEqual([emitted, offsets.length], [0, 1])
      for (const offset of offsets) assert.ok(offset >= 0 && offset <= length, `${offset}`)
      refused += offsets.length
    }
    // All cuts but the few between two fields.
    assert.ok(refused >= frame.length - 6, `${refused} of ${frame.length}`)
  }
})

test('groups and fields of number 0 are refused, unknown fields are not', () => {
  const good = entry(keyPart('A'), valuePart(feedOf({ ltpc: { ltp: 5 } })))
  const unknown = [
    [0xa0, 0x06, 0x01],
    [0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xa2, 0x06, 0x02, 0xff, 0xff],
    [0xa5, 0x06, 1, 2, 3, 4],
    // A known field of another wire type.
    [0x10, 0x01],
    [0x1a, 0x01, 0x00],
  ]
  for (const bytes of unknown) {
    const { ticks, isRefused } = decode(Buffer.concat([good, Buffer.from(bytes)]))
    assert.deepEqual([ticks.length, isRefused], [1, false], String(bytes))
  }
  for (const bytes of [
    [0xa3, 0x06, 0xa4, 0x06],
    [0xa4, 0x06],
    [0x00, 0x00],
    [0xa6, 0x06],
    [0xa7, 0x06],
  ]) {
    const { ticks, isRefused } = decode(Buffer.concat([good, Buffer.from(bytes)]))
    assert.deepEqual([ticks.length, isRefused], [0, true], String(bytes))
  }
})

test('lengths past the end, varints past ten bytes and tags longer than they must be are refused', () => {
  const good = entry(keyPart('A'), valuePart(feedOf({ ltpc: { ltp: 5 } })))
  const ten = [...Array<number>(9).fill(0x80), 0x01]
  const cases: [bytes: number[], isRefused: boolean][] = [
    [[0x22, 0x01, 0x00], false],
    [[0x22, 0x02, 0x00], true],
    [[0x22, 0x80, 0x80, 0x80, 0x80, 0x10], true],
    // The time of the frame, and a field that is skipped.
    [[0x18, ...ten], false],
    [[0x18, 0x80, ...ten], true],
    [[0x08, ...ten], false],
    [[0x08, 0x80, ...ten], true],
    [[0x98, 0x00, 0x01], true],
    [[0xf8, 0x01, 0x01], false],
  ]
  for (const [bytes, isRefused] of cases) {
    const found = decode(Buffer.concat([good, Buffer.from(bytes)]))
    assert.deepEqual(
      [found.ticks.length, found.isRefused],
      [isRefused ? 0 : 1, isRefused],
      `${bytes}`,
    )
  }
})

test('what has no place in a tick is skipped unread', () => {
  // Greeks whose bytes are no message.
  const greeks = Buffer.from([0x12, 0x06, 0x0a, 0x04, 0x1a, 0x02, 0xff, 0xff])
  const { ticks, isRefused } = decode(entry(keyPart('A'), valuePart(greeks)))
  assert.deepEqual(ticks, [{ token: 'A', mode: 'quote' }])
  assert.equal(isRefused, false)
})
