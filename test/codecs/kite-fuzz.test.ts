// Random and damaged frames by the thousand, for a bounded time. Every run draws a new seed; a failure names it and
// shows the frame, and KITE_FUZZ_SEED repeats a run.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { decodeKite } from '../../codecs/kite.ts'
import { Tick, type TickSink, VALUE_COUNT } from '../../codecs/tick.ts'
import { KNOWN_LENGTHS, SIDE_LEVELS } from './kite-frames.ts'

const FRAMES_MAX = 200_000
const MILLISECONDS_MAX = 3000
const FRAME_LENGTH_MAX = 1024

/** Mulberry32: a whole number below `limit` at each call. */
function draws(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

/** Writes a frame of up to five packets with random content, and returns its length. */
function writeFrame(bytes: Buffer, draw: (limit: number) => number): number {
  const count = draw(6)
  let at = bytes.writeUInt16BE(count, 0)
  for (let i = 0; i < count; i++) {
    const length = draw(8) === 0 ? draw(200) : KNOWN_LENGTHS[draw(KNOWN_LENGTHS.length)]!
    at = bytes.writeUInt16BE(length, at)
    const end = at + length
    for (; at < end; at++) bytes[at] = draw(3) === 0 ? 0 : draw(256)
  }
  return at
}

type Damage = (bytes: Buffer, length: number, draw: (limit: number) => number) => number

/** What may happen to a frame; each returns the length it has then. */
const DAMAGES: readonly Damage[] = [
  (_bytes, length) => length,
  (_bytes, length, draw) => draw(length + 1),
  (_bytes, length, draw) => length + draw(20),
  (bytes, length, draw) => {
    for (let left = 1 + draw(5); left > 0; left--) bytes[draw(length)]! ^= 1 << draw(8)
    return length
  },
  (bytes, length, draw) => {
    bytes.writeUInt16BE(draw(0x10000), 2 * draw(length >> 1))
    return length
  },
  (bytes, _length, draw) => {
    const length = draw(FRAME_LENGTH_MAX)
    for (let at = 0; at < length; at++) bytes[at] = draw(256)
    return length
  },
]

/** Counts what is delivered and checks each piece. */
class Inspector implements TickSink {
  readonly tick = new Tick(SIDE_LEVELS)
  size = 0
  emitted = 0
  rejected = 0
  lastOffset = 0

  start(size: number): void {
    this.size = size
    this.emitted = this.rejected = this.lastOffset = 0
  }

  emit(): void {
    const { mode, present, values, buyLevels, sellLevels } = this.tick
    this.emitted += 1
    assert.ok(mode >= 1 && mode <= 3, `mode ${mode}`)
    assert.ok(buyLevels <= SIDE_LEVELS && sellLevels <= SIDE_LEVELS, 'more levels than five')
    assert.ok((present & 1) === 1, 'a tick without a last price')
    for (let position = 0; position < VALUE_COUNT; position++) {
      if ((present & (1 << position)) !== 0) assert.ok(Number.isFinite(values[position]!))
    }
  }

  reject(_reason: string, offset: number): void {
    this.rejected += 1
    assert.ok(offset >= this.lastOffset && offset <= this.size, `offset ${offset} of ${this.size}`)
    this.lastOffset = offset
  }

  finish(announced: number): void {
    const { size, emitted, rejected } = this
    // A packet takes at least ten bytes, a rejected one the two of its length; one reject may end the frame.
    const used = 2 + 10 * emitted + 2 * Math.max(0, rejected - 1)
    assert.ok(
      emitted + rejected === 0 || used <= size,
      `${emitted} + ${rejected} from ${size} bytes`,
    )
    assert.ok(emitted + rejected <= announced + 1, `${emitted} + ${rejected} of ${announced}`)
  }
}

test('no bytes make the decoder throw or deliver more than they hold', () => {
  const seed = Number(process.env.KITE_FUZZ_SEED ?? randomInt(2 ** 32))
  const draw = draws(seed)
  const bytes = Buffer.alloc(2 * FRAME_LENGTH_MAX)
  const inspector = new Inspector()
  const totals = { emitted: 0, rejected: 0 }
  const endsMs = performance.now() + MILLISECONDS_MAX
  for (let number = 1; number <= FRAMES_MAX && performance.now() < endsMs; number++) {
    const length = DAMAGES[draw(DAMAGES.length)]!(bytes, writeFrame(bytes, draw), draw)
    const frame = bytes.subarray(0, length)
    inspector.start(length)
    try {
      decodeKite(frame, inspector)
      inspector.finish(length < 2 ? 0 : frame.readUInt16BE(0))
    } catch (cause) {
      const shown = frame.toString('hex')
      throw new Error(`KITE_FUZZ_SEED=${seed}, frame ${number}: ${shown}`, { cause })
    }
    totals.emitted += inspector.emitted
    totals.rejected += inspector.rejected
  }
  assert.ok(totals.emitted > 1000 && totals.rejected > 1000, JSON.stringify(totals))
})
