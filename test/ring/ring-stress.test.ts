// Goal: no interleaving of one writer and two readers lets a torn record through or miscounts a lost one.
// Method: the writer thread runs at full speed over rings so small that laps never stop, one reader keeps up as well
// as it can and the other stalls at random; every word of every record read is checked against its number, and
// what a reader read and what it says it lost must add up to what was written.
//
//   RING_STRESS_RECORDS=10000000 node --test dist/test/ring/ring-stress.test.js     the long run (default 3,000,000)
//   RING_STRESS_SEED=7                                                             other stalls
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createRing } from '../../engine/ring/ring.ts'
import { LEVELS } from './record.ts'
import {
  CONTROL_WORDS,
  STARTED,
  type StressReport,
  type StressThreadData,
} from './stress-thread.ts'

const RECORDS = Number(process.env.RING_STRESS_RECORDS ?? 3_000_000)
const SEED = Number(process.env.RING_STRESS_SEED ?? 20260915)
const MS_MAX = 300_000

async function stress(slots: number, first: number, signal: AbortSignal) {
  const shared = {
    ring: createRing(slots, LEVELS, first),
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    records: RECORDS,
  }
  const start = (role: StressThreadData['role'], stallSeed: number) =>
    new Worker(new URL('./stress-thread.js', import.meta.url), {
      workerData: { ...shared, role, stallSeed } satisfies StressThreadData,
    })
  const threads = [start('reader', 0), start('reader', SEED), start('writer', 0)]
  const messages = () => Promise.all(threads.map((thread) => once(thread, 'message', { signal })))
  try {
    await messages()
    const reports = messages()
    const control = new Int32Array(shared.control)
    Atomics.store(control, STARTED, 1)
    Atomics.notify(control, STARTED)
    const [steady, stalling] = await reports
    return { steady: steady![0] as StressReport, stalling: stalling![0] as StressReport }
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}

for (const slots of [256, 4096]) {
  test(`readers of ${slots} slots lose records only with a count`, {
    timeout: MS_MAX,
  }, async (t) => {
    // The 32 bits of a record number that the threads compare turn over on the way.
    const first = 2 ** 32 - RECORDS / 2
    const startedMs = performance.now()
    const reports = await stress(slots, first, t.signal)
    const seconds = (performance.now() - startedMs) / 1000
    t.diagnostic(`${RECORDS} records in ${seconds.toFixed(2)} s: ${JSON.stringify(reports)}`)
    for (const [name, { read, lost, laps, torn }] of Object.entries(reports)) {
      assert.equal(torn, '', `the ${name} reader took a torn record (seed ${SEED})`)
      assert.equal(read + lost, RECORDS, `the ${name} reader miscounted (seed ${SEED})`)
      assert.ok(laps > 0, `the ${name} reader was never lapped, so that nothing was tested`)
    }
  })
}
