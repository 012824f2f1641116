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
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE } from '../codecs/tick.ts'
import { median } from './median.ts'
import { ARMS, type ArmName, type Case, makeTick } from './ring-layout-arms.ts'
import { BATCH } from './ring-layout-thread.ts'
import {
  checkRing,
  elapsedNs,
  makeMemory,
  measureMessages,
  measureThreads,
} from './ring-threads.ts'

const STALLS = 200
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

async function measureCase(of: Case, rounds: number): Promise<Record<ArmName, Measured>> {
  const make = (): Measured => ({
    write: [],
    writeRead: [],
    threads: [],
    laps: { laps: 0, lost: 0, kept: 0, written: 0 },
  })
  const measured = { fixed: make(), variable: make() }
  for (const name of ARM_NAMES) checkRing(name, of)
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
