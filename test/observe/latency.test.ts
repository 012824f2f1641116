// Latency counts every tick, whether it came alone or in a frame with others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latency } from '../../engine/observe/latency.ts'

test('each tick is counted with the time of its own frame, and events are not', () => {
  const latency = new Latency()
  const times = Float64Array.from([100, 100, 100, 0, 0, 400, 100, 900, 900])
  latency.record(times, 8, 1000)
  const { count, p50Us, maxUs } = latency.interval()
  // Four ticks of about 900 us, one of 600 and one of 100; the ninth time lies behind the count.
  assert.equal(count, 6)
  assert.ok(Math.abs(p50Us - 900) < 10, `${p50Us}`)
  assert.ok(Math.abs(maxUs - 900) < 10, `${maxUs}`)
  latency.record(times, 2, 150)
  assert.equal(latency.interval().count, 2)
  assert.equal(latency.total().count, 8)
})
