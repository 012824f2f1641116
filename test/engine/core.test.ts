// What the core does when no tick waits, seen by the doorbell's word that says that it sleeps.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Core, type WaitStrategy } from '../../engine/core.ts'
import { Outbox } from '../../engine/distribute/outbox.ts'
import type { Feed } from '../../engine/feed/feed.ts'
import { Latency } from '../../engine/observe/latency.ts'
import { createDoorbell } from '../../engine/ring/doorbell.ts'
import { KIND_NONE, KIND_TICK } from '../../engine/ring/ring.ts'
import { until } from '../support/plant.ts'

const silent = { onGap() {}, onStatus() {}, onLapped() {} }

/** Milliseconds until a core without ticks sleeps, or null where it does not within `msMax`. */
async function msToSleep(wait: WaitStrategy, msMax: number): Promise<number | null> {
  const doorbell = createDoorbell()
  const parked = new Int32Array(doorbell, 0, 1)
  const limits = { drain_us_max: 1000, drain_records_max: 16, wait }
  const core = new Core(doorbell, [], new Outbox(4096), new Latency(), silent, limits)
  core.start()
  try {
    const from = performance.now()
    for (;;) {
      await turn()
      const ms = performance.now() - from
      if (parked[0] === 1) return ms
      if (ms > msMax) return null
    }
  } finally {
    core.stop()
  }
}

test('a core that parks or adapts sleeps when there is nothing, and one that spins never does', async () => {
  assert.notEqual(await msToSleep('park', 1000), null)
  assert.notEqual(await msToSleep('adaptive', 1000), null)
  assert.equal(await msToSleep('spin', 20), null)
})

/** A core that sleeps, on a ring in which so many ticks wait as the test says; nobody rings. */
async function sleepingCore(context: TestContext) {
  const doorbell = createDoorbell()
  const parked = new Int32Array(doorbell, 0, 1)
  const ticks = { waiting: 0, taken: 0 }
  const reader = {
    lost: 0,
    tick: { receiveTimeUs: 0 },
    get hasNext() {
      return ticks.waiting > 0
    },
    read: () => (ticks.waiting > 0 ? ticks.waiting-- && KIND_TICK : KIND_NONE),
  }
  const router = { deliver: () => (ticks.taken += 1) }
  const feeds = [{ reader, router }] as unknown as Feed[]
  const limits = { drain_us_max: 1000, drain_records_max: 16, wait: 'park' } as const
  const core = new Core(doorbell, feeds, new Outbox(4096), new Latency(), silent, limits)
  core.start()
  context.after(() => core.stop())
  await until('the core to sleep', () => parked[0] === 1)
  return { core, ticks }
}

test('a tick whose writer died before it rang is taken all the same', async (context) => {
  const { ticks } = await sleepingCore(context)
  ticks.waiting = 1
  await until('the tick to be taken', () => ticks.taken === 1)
})

test('a core that was stopped lets no tick pass', async (context) => {
  const { core, ticks } = await sleepingCore(context)
  core.stop()
  ticks.waiting = 1
  core.letTicksPass()
  assert.equal(ticks.taken, 0)
})
