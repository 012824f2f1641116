// The Kite decoder on frames that lie about their own size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, frameOf, KNOWN_LENGTHS, packet, SHARE } from './kite-frames.ts'

const packets = KNOWN_LENGTHS.map((length, i) => packet(length, SHARE, { 4: 100 * (i + 1) }))
const frame = frameOf(packets)
const whole = decode(frame).ticks
// Where each packet's length field starts, and behind the last packet the frame's end.
const starts = [2]
for (const { length } of packets) starts.push(starts.at(-1)! + 2 + length)

test('a frame cut at any byte gives the whole packets before the cut and one reject', () => {
  assert.equal(whole.length, packets.length)
  for (let cut = 4; cut < frame.length; cut++) {
    const { ticks, rejects } = decode(frame.subarray(0, cut))
    const complete = starts.filter((start) => start <= cut).length - 1
    assert.deepEqual(ticks, whole.slice(0, complete), `cut at ${cut}`)
    const start = starts[complete]!
    const expected =
      cut < start + 2
        ? { reason: 'frame ends before the length of a packet', offset: start }
        : { reason: 'packet is longer than its frame', offset: start + 2 }
    assert.deepEqual(rejects, [expected], `cut at ${cut}`)
  }
})

test('a count larger than the packets is rejected where they end', () => {
  for (const announced of [packets.length + 1, 0x100, 0xffff]) {
    assert.deepEqual(decode(frameOf(packets, announced)), {
      ticks: whole,
      rejects: [{ reason: 'frame ends before the length of a packet', offset: frame.length }],
    })
  }
})

test('bytes after the last packet are rejected once', () => {
  for (const extra of [1, 2, 10, 300]) {
    assert.deepEqual(decode(Buffer.concat([frame, Buffer.alloc(extra)])), {
      ticks: whole,
      rejects: [{ reason: 'bytes after the last packet', offset: frame.length }],
    })
  }
})

test('a count smaller than the packets leaves the rest unread', () => {
  for (let announced = 0; announced < packets.length; announced++) {
    assert.deepEqual(decode(frameOf(packets, announced)), {
      ticks: whole.slice(0, announced),
      rejects: [{ reason: 'bytes after the last packet', offset: starts[announced]! }],
    })
  }
})

test('a length that reaches past the frame stops the reading', () => {
  for (const length of [9, 0x7fff, 0xffff]) {
    const bytes = frameOf([packets[0]!])
    bytes.writeUInt16BE(length, 2)
    assert.deepEqual(decode(bytes), {
      ticks: [],
      rejects: [{ reason: 'packet is longer than its frame', offset: 4 }],
    })
  }
})
