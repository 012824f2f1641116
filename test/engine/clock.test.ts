import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { createClock, nowMs, nowUs } from '../../engine/clock.ts'
import { ANSWERED, ASKED } from './clock-thread.ts'

const ORIGIN_MS = 1_789_000_000_000.25
const MS_MAX = 30_000

/** A machine whose two clocks are moved by hand; `wallStepMs` is how far its wall clock was adjusted. */
class Machine {
  elapsedMs = 0
  wallStepMs = 0
  readonly now = createClock(
    () => this.elapsedMs,
    () => Math.floor(this.wallMs),
    ORIGIN_MS,
  )

  get wallMs(): number {
    return ORIGIN_MS + this.wallStepMs + this.elapsedMs
  }

  /** Lets `ms` pass while the clock is read every `stepMs`. Returns what it said, µs. */
  pass(ms: number, stepMs: number): number[] {
    const said: number[] = []
    for (const endMs = this.elapsedMs + ms; this.elapsedMs < endMs; ) {
      this.elapsedMs += Math.min(stepMs, endMs - this.elapsedMs)
      said.push(this.now())
    }
    return said
  }

  assertOnWall(): void {
    const offMs = this.now() / 1000 - this.wallMs
    assert.ok(Math.abs(offMs) <= 1, `the clock is ${offMs} ms off the wall clock`)
  }
}

test('a steady wall clock never moves the time, to the microsecond', () => {
  const machine = new Machine()
  for (let i = 0; i < 5000; i++) {
    machine.elapsedMs += 3.0625
    assert.equal(machine.now(), Math.floor(machine.wallMs * 1000))
  }
})

test('a wall clock that jumps forward is followed within a second', () => {
  for (const jumpMs of [1.5, 40, 3_600_000]) {
    const machine = new Machine()
    machine.pass(10_000, 7)
    machine.wallStepMs += jumpMs
    machine.pass(1007, 7)
    machine.assertOnWall()
  }
})

test('a wall clock that steps back makes time stand still until it is caught up', () => {
  const machine = new Machine()
  const [before] = machine.pass(10_000, 10_000)
  machine.wallStepMs -= 5000
  // It is noticed within a second; the time reached by then is what the wall clock has to catch up.
  const noticed = machine.pass(1000, 10).at(-1)!
  assert.ok(noticed <= before! + 1_000_000)
  for (const us of machine.pass(4900, 10)) assert.equal(us, noticed)
  machine.pass(1000, 10)
  machine.assertOnWall()
  assert.ok(machine.now() > noticed)
})

test('a clock that started on a wrong origin finds the wall clock at once', () => {
  for (const wrongByMs of [-90_000, 90_000]) {
    let elapsedMs = 500.125
    const wallMs = () => Math.floor(ORIGIN_MS + elapsedMs)
    const now = createClock(() => elapsedMs, wallMs, ORIGIN_MS + wrongByMs)
    assert.ok(Math.abs(now() / 1000 - wallMs()) <= 1)
    elapsedMs += 1
    assert.ok(Math.abs(now() / 1000 - wallMs()) <= 1)
  }
})

test('the clock never steps back, however the wall clock is moved', () => {
  const move = fc.record({
    passMs: fc.double({ min: 0, max: 3000, noNaN: true }),
    stepMs: fc.oneof(fc.constant(0), fc.double({ min: -5000, max: 5000, noNaN: true })),
  })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 50 }), (moves) => {
      const machine = new Machine()
      let last = machine.now()
      for (const { passMs, stepMs } of moves) {
        machine.elapsedMs += passMs
        machine.wallStepMs += stepMs
        const us = machine.now()
        assert.ok(us >= last, `${us} after ${last}`)
        last = us
      }
    }),
  )
})

test('a thread that is held up between its two readings does not move the time', () => {
  let elapsedMs = 0
  let heldUpMs = 0
  const now = createClock(
    () => elapsedMs,
    () => {
      const wall = Math.floor(ORIGIN_MS + elapsedMs + heldUpMs / 2)
      elapsedMs += heldUpMs
      return wall
    },
    ORIGIN_MS,
  )
  now()
  elapsedMs = 2000
  heldUpMs = 80
  now()
  heldUpMs = 0
  elapsedMs = 4000
  assert.equal(now(), Math.floor((ORIGIN_MS + 4000) * 1000))
})

test('milliseconds and microseconds are of one clock', () => {
  const wallBeforeMs = Date.now()
  const beforeUs = nowUs()
  const ms = nowMs()
  const afterUs = nowUs()
  const wallAfterMs = Date.now()
  assert.ok(Math.floor(beforeUs / 1000) <= ms && ms <= Math.floor(afterUs / 1000))
  assert.ok(ms > wallBeforeMs - 50 && ms < wallAfterMs + 50)
})

test('two threads agree on the time', { timeout: MS_MAX }, async (t) => {
  // Far less than the resolution of the wall clock, more than what the origin itself is off by.
  const AGREE_US = 200
  for (let i = 0; i < 5; i++) {
    const shared = new SharedArrayBuffer(16)
    const words = new Int32Array(shared)
    const thread = new Worker(new URL('./clock-thread.js', import.meta.url), { workerData: shared })
    t.after(() => thread.terminate())
    await once(thread, 'message')
    const beforeUs = nowUs()
    Atomics.store(words, ASKED, 1)
    Atomics.notify(words, ASKED)
    Atomics.wait(words, ANSWERED, 0, MS_MAX)
    const afterUs = nowUs()
    const theirsUs = new Float64Array(shared)[1]!
    assert.ok(theirsUs >= beforeUs - AGREE_US, `the thread is ${beforeUs - theirsUs} µs behind`)
    assert.ok(theirsUs <= afterUs + AGREE_US, `the thread is ${theirsUs - afterUs} µs ahead`)
  }
})
