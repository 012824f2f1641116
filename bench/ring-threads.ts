// Two threads: one writes at the pace of the other, which reads. By a ring, and by messages.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ARMS, type ArmName, type Case, makeTick } from './ring-layout-arms.ts'
import {
  BATCH,
  CONTROL_BYTES,
  CURSOR,
  type Post,
  STARTED,
  type ThreadData,
} from './ring-layout-thread.ts'

const MESSAGES = 100_000
const PAGE_BYTES = 4096

/** How long some work takes. */
export function elapsedNs(work: () => void): number {
  const from = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - from)
}

/** Memory whose pages the kernel has handed out, so that nobody waits for them while measured. */
export function makeMemory(name: ArmName, of: Case): SharedArrayBuffer {
  const memory = ARMS[name].makeMemory(of)
  const bytes = new Uint8Array(memory)
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) bytes[at] = bytes[at]!
  return memory
}

/** Throws unless the ring gives back the tick that was written. */
export function checkRing(name: ArmName, of: Case): void {
  const memory = ARMS[name].makeMemory(of)
  const reader = ARMS[name].makeReader(memory, of.levels)
  const tick = makeTick(of)
  ARMS[name].makeWriter(memory).write(tick, 3)
  assert.equal(reader.read(Number.POSITIVE_INFINITY), 3)
  assert.deepEqual(reader.tick, tick)
}

/** Starts a writing thread that is ready and waits for `begin`. */
async function startThread(post: Post, of: Case, memory: SharedArrayBuffer, records: number) {
  const control = new SharedArrayBuffer(CONTROL_BYTES)
  const words = new Int32Array(control)
  const worker = new Worker(new URL('./ring-layout-thread.js', import.meta.url), {
    workerData: { post, of, memory, control, records } satisfies ThreadData,
  })
  const ended = once(worker, 'exit')
  await once(worker, 'message')
  const begin = () => {
    Atomics.store(words, STARTED, 1)
    Atomics.notify(words, STARTED)
  }
  return { worker, words, begin, ended }
}

/** Million records per second from a writing thread to this one, none lost. */
export async function measureThreads(name: ArmName, of: Case): Promise<number> {
  const memory = makeMemory(name, of)
  const reader = ARMS[name].makeReader(memory, of.levels)
  const records = Math.ceil(of.records / BATCH) * BATCH
  const { words, begin, ended } = await startThread(name, of, memory, records)
  begin()
  // The first half brings both threads' compilers up to speed.
  let read = 0
  const readUpTo = (end: number) => {
    while (read < end) {
      read += reader.read(BATCH)
      Atomics.store(words, CURSOR, read)
    }
  }
  const half = records / 2
  readUpTo(half)
  const from = read
  const ns = elapsedNs(() => readUpTo(records))
  await ended
  assert.equal(reader.lost, 0, `${name} ${of.name}`)
  assert.equal(reader.tick.seq, records, `${name} ${of.name}`)
  return ((records - from) / ns) * 1000
}

/** Thousand messages per second from a writing thread to this one. */
export async function measureMessages(post: 'object' | 'bytes', of: Case): Promise<number> {
  const records = Math.ceil(MESSAGES / BATCH) * BATCH
  const { worker, words, begin, ended } = await startThread(
    post,
    of,
    new SharedArrayBuffer(8),
    records,
  )
  const half = records / 2
  let received = 0
  let from = 0n
  const done = new Promise<bigint>((resolve) => {
    worker.on('message', () => {
      received += 1
      if (received % BATCH === 0) Atomics.store(words, CURSOR, received)
      if (received === half) from = process.hrtime.bigint()
      if (received === records) resolve(process.hrtime.bigint())
    })
  })
  begin()
  const ns = Number((await done) - from)
  await ended
  return (half / ns) * 1_000_000
}
