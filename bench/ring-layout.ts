// Fixed slots or variable-length records? Measures both kinds of broadcast ring in one run, turn by turn, and what
// a MessagePort does instead. docs/adr/0002-ring.md draws the conclusion.
//
//   node dist/bench/ring-layout.js [--rounds 5]
//
// write        one thread writes                             ns per record
// write+read   one thread writes 64, then reads 64           ns per record
// two threads  one writes, paced by the other, which reads   million records per second
// lapped       one thread; the reader stalls while up to three times the slots are written, then reads all there
//              is: how often that was too late, how many records each time cost, and how many were still there
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE } from '../codecs/tick.ts'
import { ARMS, type ArmName, type Case, makeTick } from './ring-layout-arms.ts'
import {
  BATCH,
  CONTROL_BYTES,
  CURSOR,
  type Post,
  STARTED,
  type ThreadData,
} from './ring-layout-thread.ts'

const STALLS = 200
const MESSAGES = 100_000
const PAGE_BYTES = 4096
const ARM_NAMES: readonly ArmName[] = ['fixed', 'variable']

// As many slots of 200 levels as of 5 would take 323 MB.
const CASES: readonly Case[] = [
  { name: 'ltp', mode: MODE_LTP, levels: 5, slots: 32_768, records: 3_000_000 },
  { name: 'quote', mode: MODE_QUOTE, levels: 5, slots: 32_768, records: 2_000_000 },
  { name: 'depth 5', mode: MODE_DEPTH, levels: 5, slots: 32_768, records: 1_000_000 },
  { name: 'ltp', mode: MODE_LTP, levels: 200, slots: 4096, records: 1_000_000 },
  { name: 'depth 200', mode: MODE_DEPTH, levels: 200, slots: 4096, records: 50_000 },
]

interface Laps {
  readonly laps: number
  readonly lost: number
  /** Records that a lapped reader still found. */
  readonly kept: number
  readonly written: number
}

interface Measured {
  readonly write: number[]
  readonly writeRead: number[]
  readonly threads: number[]
  laps: Laps
}

function elapsedNs(work: () => void): number {
  const from = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - from)
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}

/** Memory whose pages the kernel has handed out, so that nobody waits for them while measured. */
function makeMemory(name: ArmName, of: Case): SharedArrayBuffer {
  const memory = ARMS[name].makeMemory(of)
  const bytes = new Uint8Array(memory)
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) bytes[at] = bytes[at]!
  return memory
}

/** Throws unless the ring gives back the tick that was written. */
function check(name: ArmName, of: Case): void {
  const memory = ARMS[name].makeMemory(of)
  const reader = ARMS[name].makeReader(memory, of.levels)
  const tick = makeTick(of)
  ARMS[name].makeWriter(memory).write(tick, 3)
  assert.equal(reader.read(Number.POSITIVE_INFINITY), 3)
  assert.deepEqual(reader.tick, tick)
}

/** ns per record of writing alone. */
function measureWrite(name: ArmName, of: Case): number {
  const writer = ARMS[name].makeWriter(makeMemory(name, of))
  const tick = makeTick(of)
  return elapsedNs(() => writer.write(tick, of.records)) / of.records
}

/** ns per record of writing and reading in one thread. */
function measureWriteRead(name: ArmName, of: Case): number {
  const memory = makeMemory(name, of)
  const writer = ARMS[name].makeWriter(memory)
  const tick = makeTick(of)
  const reader = ARMS[name].makeReader(memory, of.levels)
  let read = 0
  const ns = elapsedNs(() => {
    for (let written = 0; written < of.records; written += BATCH) {
      writer.write(tick, BATCH)
      read += reader.read(BATCH)
    }
  })
  assert.ok(read >= of.records, `${name} ${of.name}: read ${read} of ${of.records}`)
  return ns / of.records
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
async function measureThreads(name: ArmName, of: Case): Promise<number> {
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
  return ((records - from) / ns) * 1000
}

/** Writes at most three times the slots while the reader stalls, again and again. The same stalls for both rings. */
function measureLaps(name: ArmName, of: Case): Laps {
  const memory = ARMS[name].makeMemory(of)
  const writer = ARMS[name].makeWriter(memory)
  const reader = ARMS[name].makeReader(memory, of.levels)
  const tick = makeTick(of)
  let written = 0
  let kept = 0
  for (let stall = 1; stall <= STALLS; stall++) {
    const count = Math.round((3 * of.slots * stall) / STALLS)
    writer.write(tick, count)
    written += count
    const lapsBefore = reader.laps
    const read = reader.read(Number.POSITIVE_INFINITY)
    if (reader.laps !== lapsBefore) kept += read
  }
  return { laps: reader.laps, lost: reader.lost, kept, written }
}

/** Thousand messages per second from a writing thread to this one. */
async function measureMessages(post: 'object' | 'bytes', of: Case): Promise<number> {
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

async function measureCase(of: Case, rounds: number): Promise<Record<ArmName, Measured>> {
  const make = (): Measured => ({
    write: [],
    writeRead: [],
    threads: [],
    laps: { laps: 0, lost: 0, kept: 0, written: 0 },
  })
  const measured = { fixed: make(), variable: make() }
  for (const name of ARM_NAMES) check(name, of)
  // One round more than counts, to warm up; who goes first changes every round.
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? ARM_NAMES : ARM_NAMES.toReversed()
    for (const name of order) measured[name].write[round] = measureWrite(name, of)
    for (const name of order) measured[name].writeRead[round] = measureWriteRead(name, of)
    for (const name of order) measured[name].threads[round] = await measureThreads(name, of)
  }
  for (const name of ARM_NAMES) {
    measured[name].laps = measureLaps(name, of)
    for (const list of [measured[name].write, measured[name].writeRead, measured[name].threads]) {
      list.shift()
    }
  }
  return measured
}

const HEADINGS = [
  ['tick', 10],
  ['levels', 7],
  ['ring', 9],
  ['MB', 6],
  ['B/record', 9],
  ['holds', 8],
  ['write ns', 9],
  ['write+read ns', 14],
  ['two threads M/s', 16],
  ['lapped', 11],
  ['lost a lap', 11],
  ['kept', 7],
  ['lost %', 7],
] as const

const say = (text: string) => process.stdout.write(`${text}\n`)

function sayRow(cells: readonly (string | number)[]): void {
  say(cells.map((cell, i) => String(cell).padStart(HEADINGS[i]![1])).join(''))
}

function sayArm(name: ArmName, of: Case, { write, writeRead, threads, laps }: Measured): void {
  const memory = ARMS[name].makeMemory(of)
  const { bytes, holds } = ARMS[name].measure(of, memory)
  sayRow([
    of.name,
    of.levels,
    name,
    (memory.byteLength / 1e6).toFixed(1),
    bytes,
    holds,
    median(write).toFixed(1),
    median(writeRead).toFixed(1),
    median(threads).toFixed(2),
    `${laps.laps}/${STALLS}`,
    laps.laps === 0 ? '-' : Math.round(laps.lost / laps.laps),
    laps.laps === 0 ? '-' : Math.round(laps.kept / laps.laps),
    ((laps.lost / laps.written) * 100).toFixed(1),
  ])
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
  const rounds = Number(values.rounds)
  const [cpu] = cpus()
  say(
    `bench/ring-layout: Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}`,
  )
  say(`median of ${rounds} rounds, the two rings by turns\n`)
  sayRow(HEADINGS.map(([heading]) => heading))
  for (const of of CASES) {
    const measured = await measureCase(of, rounds)
    for (const name of ARM_NAMES) sayArm(name, of, measured[name])
  }
  say('\nMessagePort, one message a tick')
  const quote = CASES[1]!
  const titles = { object: 'a plain quote object', bytes: 'an ArrayBuffer of a quote' } as const
  for (const post of ['object', 'bytes'] as const) {
    const perSecond: number[] = []
    for (let round = 0; round < rounds; round++) perSecond.push(await measureMessages(post, quote))
    say(`  ${titles[post]}: ${median(perSecond).toFixed(0)} thousand a second`)
  }
}

await main()
