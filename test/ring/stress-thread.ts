// One thread of the ring's stress test: the writer, or a reader that stalls or does not.
import { parentPort, workerData } from 'node:worker_threads'
import { Tick } from '../../codecs/tick.ts'
import { type FeedEvent, KIND_NONE, RingReader, RingWriter } from '../../engine/ring/ring.ts'
import { findTorn, LEVELS, scramble, writeRecord } from './record.ts'

/** Words of the shared control block. */
export const READY = 0
export const STARTED = 1
export const WRITTEN_ALL = 2
export const CONTROL_WORDS = 3

export interface StressThreadData {
  readonly role: 'writer' | 'reader'
  readonly ring: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly records: number
  /** Seed of the stalls, or 0 for a reader that never stalls. */
  readonly stallSeed: number
}

/** What a reader saw. `torn` names the first record that was accepted though it was not whole. */
export interface StressReport {
  readonly read: number
  readonly lost: number
  readonly laps: number
  readonly torn: string
}

const STALL_EVERY_RECORDS = 512
const STALL_SPINS_MAX = 20_000
const SLEEP_ONE_IN = 16

/** Keeps a reader from its ring: most often a few microseconds of work, sometimes a millisecond of sleep. */
function stall(control: Int32Array, random: number): void {
  if (random % SLEEP_ONE_IN === 0) {
    Atomics.wait(control, READY, Atomics.load(control, READY), 1)
    return
  }
  for (let spins = random % STALL_SPINS_MAX; spins > 0; spins--) Atomics.load(control, READY)
}

function write(ring: SharedArrayBuffer, records: number, control: Int32Array): void {
  const writer = new RingWriter(ring)
  const tick = new Tick(LEVELS)
  const event: FeedEvent = { code: 0, socket: 0, sinceMs: 0, untilMs: 0 }
  const first = writer.position
  for (let number = first; number < first + records; number++) {
    writeRecord(writer, tick, event, number)
  }
  Atomics.store(control, WRITTEN_ALL, 1)
}

function read(reader: RingReader, control: Int32Array, stallSeed: number): StressReport {
  const expectedTick = new Tick(LEVELS)
  const expectedEvent: FeedEvent = { code: 0, socket: 0, sinceMs: 0, untilMs: 0 }
  let count = 0
  let random = stallSeed
  for (;;) {
    const isLast = Atomics.load(control, WRITTEN_ALL) === 1
    const kind = reader.read()
    if (kind === KIND_NONE) {
      if (isLast) return { read: count, lost: reader.lost, laps: reader.laps, torn: '' }
      continue
    }
    count += 1
    const field = findTorn(reader, kind, expectedTick, expectedEvent)
    if (field !== '') {
      const torn = `${field} of record ${reader.position - 1}`
      return { read: count, lost: reader.lost, laps: reader.laps, torn }
    }
    if (stallSeed !== 0 && count % STALL_EVERY_RECORDS === 0) {
      random = scramble(random + 1)
      stall(control, random)
    }
  }
}

function run(data: StressThreadData): StressReport | null {
  const control = new Int32Array(data.control)
  // A reader sees what is written after it was made, so all are made before the first record.
  const reader = data.role === 'reader' ? new RingReader(data.ring) : null
  Atomics.add(control, READY, 1)
  parentPort!.postMessage('ready')
  Atomics.wait(control, STARTED, 0)
  if (reader !== null) return read(reader, control, data.stallSeed)
  write(data.ring, data.records, control)
  return null
}

parentPort?.postMessage(run(workerData as StressThreadData))
