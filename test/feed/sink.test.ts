import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FeedSink } from '../../engine/feed/sink.ts'
import { FEED_COUNTERS } from '../../engine/feed/state.ts'
import { createDoorbell, Doorbell } from '../../engine/ring/doorbell.ts'
import { createRing, KIND_TICK, RingReader } from '../../engine/ring/ring.ts'
import { TokenIndexBuilder } from '../../engine/symbols/token-index.ts'

const TOKENS = 20
const FRAMES = 3

function makeSink() {
  const tokens = new TokenIndexBuilder()
  for (let token = 0; token < TOKENS; token++) tokens.add(token, 0, token)
  const memory = {
    ring: createRing(1024, 5),
    doorbell: createDoorbell(),
    seqs: new SharedArrayBuffer(TOKENS * 4),
    counters: new SharedArrayBuffer(FEED_COUNTERS.length * 8),
    tokens: tokens.build(),
    epoch: 1,
    stages: null,
  }
  const onOddity = (reason: string) => assert.fail(reason)
  const sink = new FeedSink(memory, 5, TOKENS, onOddity)
  const reader = new RingReader(memory.ring)
  const state = () => Buffer.from(memory.doorbell).toString('hex')
  return { sink, reader, doorbell: new Doorbell(memory.doorbell), state }
}

/** What one read of a socket brings: frames of a tick for each token. */
function takeFrames(sink: FeedSink): void {
  for (let frame = 0; frame < FRAMES; frame++) {
    sink.beginFrame(new Uint8Array(1))
    for (let token = 0; token < TOKENS; token++) {
      sink.tick.token = token
      sink.emit()
    }
  }
}

test('a sleeping core is woken once for all ticks of a read, when it is worked off, and finds them all', async () => {
  const { sink, reader, doorbell, state } = makeSink()
  for (let read = 0; read < 2; read++) {
    const woken: number[] = []
    const isParked = doorbell.park(
      () => reader.hasNext,
      () => {
        let ticks = 0
        while (reader.read() === KIND_TICK) ticks += 1
        woken.push(ticks)
      },
    )
    assert.equal(isParked, true)
    const parked = state()
    takeFrames(sink)
    assert.equal(state(), parked, 'it was woken within the read')
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    assert.deepEqual(woken, [FRAMES * TOKENS])
  }
})
