// Every codec on thousands of damaged frames, and the harness itself on decoders that are wrong.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeFinding, holdToOracle } from './hold.ts'
import { MUTATIONS, mutatedFrame } from './mutate.ts'
import type { FuzzOutcome, FuzzTarget } from './target.ts'
import { TARGETS } from './targets.ts'

const COUNT = 20_000
const SEED = 20_260_901

for (const [codec, load] of Object.entries(TARGETS)) {
  test(`the ${codec} decoder says what its oracle says, whatever the bytes`, async () => {
    const { target } = await load()
    const { finding, frames, refused, ticked } = holdToOracle(target, { count: COUNT, seed: SEED })
    assert.ok(finding === null, finding === null ? '' : describeFinding(codec, finding))
    assert.equal(frames, COUNT + target.frames.length)
    // Frames that are all refused, or none, would say little.
    assert.ok(refused > COUNT / 50 && ticked > COUNT / 50, `${refused} refused, ${ticked} ticked`)
  })
}

const FRAMES = [Buffer.from([1, 2, 3, 4]), Buffer.from('{"ltp":"2987.45"}')]

/** One tick per frame, whose last price is the frame's first byte. */
function firstByte(frame: Uint8Array): FuzzOutcome {
  const ltp = frame[0]
  const isRefused = ltp === undefined
  return { ticks: isRefused ? [] : [{ token: '1', mode: 'ltp', ltp }], isRefused }
}

const right: FuzzTarget = { frames: FRAMES, decode: firstByte, expect: firstByte }

describe('the harness', () => {
  test('finds nothing where both say the same', () => {
    const { finding, frames, ticked, refused } = holdToOracle(right, { count: 500, seed: 1 })
    assert.equal(finding, null)
    assert.equal(frames, 502)
    assert.equal(ticked + refused, 502)
  })

  const WRONG: Readonly<Record<string, (frame: Uint8Array) => FuzzOutcome>> = {
    'decoder and oracle differ': (frame) =>
      frame.length === 3 ? { ticks: [], isRefused: true } : firstByte(frame),
    'the decoder throws': (frame) => {
      if (frame.length === 3) throw new RangeError('out of bounds')
      return firstByte(frame)
    },
    'a number of a tick is not finite': (frame) => {
      if (frame.length !== 3) return firstByte(frame)
      const depth = { buy: [], sell: [{ price: Number.NaN, quantity: 1, orders: 1 }] }
      return { ticks: [{ token: '1', mode: 'depth', ltp: frame[0]!, depth }], isRefused: false }
    },
    'the decoder writes into the frame': (frame) => {
      const outcome = firstByte(frame)
      if (frame.length === 3) frame[1]! ^= 1
      return outcome
    },
    'the frame takes over 100 ms': (frame) => {
      const endMs = performance.now() + 110
      while (frame.length === 3 && performance.now() < endMs);
      return firstByte(frame)
    },
  }

  for (const [what, decode] of Object.entries(WRONG)) {
    test(`sees that ${what}, and its seed makes the frame again`, () => {
      const target = { ...right, decode }
      const { finding } = holdToOracle(target, { count: 2000, seed: 1 })
      assert.equal(finding?.what, what)
      assert.equal(finding.frame.length, 3)
      const again = holdToOracle({ ...target }, { count: 1, seed: finding.seed! })
      assert.equal(again.finding?.what, what)
      const shown = describeFinding('x', again.finding)
      assert.ok(shown.includes(`--seed ${finding.seed} --count 1`), shown)
    })
  }

  test('sees that a valid frame is decoded wrongly', () => {
    const decode = () => ({ ticks: [], isRefused: true })
    const { finding, frames } = holdToOracle({ ...right, decode }, { count: 5, seed: 1 })
    assert.equal(frames, 1)
    assert.equal(finding?.seed, null)
    assert.deepEqual(finding.frame, FRAMES[0])
  })

  test('no mutation changes the frames that it starts from, and all of them make others', () => {
    const kept = FRAMES.map((frame) => Buffer.from(frame))
    const made = new Set(Array.from({ length: 2000 }, (_, seed) => hex(mutatedFrame(FRAMES, seed))))
    assert.deepEqual(FRAMES, kept)
    assert.ok(made.size > 1000, `${made.size} different frames`)
    assert.equal(hex(mutatedFrame(FRAMES, 7)), hex(mutatedFrame(FRAMES, 7)))
    assert.ok(Object.keys(MUTATIONS).length >= 10)
  })
})

const hex = (frame: Uint8Array) => Buffer.from(frame).toString('hex')
