// The table of last ticks, written in one thread and read in others.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { LTP, Tick } from '../../codecs/tick.ts'
import { LastValues, LastValuesReader } from '../../engine/distribute/last-values.ts'

const LEVELS = 5
const INSTRUMENTS = 4096
const WRITES = 400_000

/** A tick whose every word tells which one it is. */
function fill(tick: Tick, instrument: number, seq: number): Tick {
  tick.instrument = instrument
  tick.mode = 3
  tick.seq = seq
  tick.present = (1 << tick.values.length) - 1
  tick.values.fill(seq * 1000 + instrument)
  tick.buyLevels = LEVELS
  tick.sellLevels = LEVELS
  tick.depth.fill(seq * 1000 + instrument)
  tick.receiveTimeUs = seq
  return tick
}

const pairOf = (table: LastValues) => new LastValuesReader(table.memory, new Tick(LEVELS))

test('a reader in another thread sees whole ticks only, each of its own instrument, and none twice back', async () => {
  const table = new LastValues(INSTRUMENTS, new Tick(LEVELS))
  const tick = new Tick(LEVELS)
  const few = 8
  const stop = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('./last-values-thread.js', import.meta.url), {
    workerData: { memory: table.memory, levels: LEVELS, instruments: few, stop },
  })
  await once(worker, 'message')
  for (let seq = 1; seq <= WRITES; seq++) {
    const instrument = seq % few
    // Rows change hands while they are read.
    if (seq % 5 === 0) table.forget((instrument + 3) % few)
    table.store(fill(tick, instrument, seq))
  }
  Atomics.store(new Int32Array(stop), 0, 1)
  const [found] = await once(worker, 'message')
  const { reads, torn, foreign, back } = found
  assert.deepEqual({ torn, foreign, back }, { torn: 0, foreign: 0, back: 0 })
  assert.ok(reads > 1000, `${reads} reads`)
})

test('an instrument that is forgotten, or was never there, has no last tick', () => {
  const table = new LastValues(INSTRUMENTS, new Tick(LEVELS))
  const reader = pairOf(table)
  const tick = new Tick(LEVELS)
  assert.equal(reader.load(7, tick), false)
  table.store(fill(new Tick(LEVELS), 7, 1))
  assert.equal(reader.load(7, tick), true)
  assert.equal(tick.values[LTP], 1007)
  table.forget(7)
  assert.equal(reader.load(7, tick), false)
  // Its row belongs to the next one now.
  table.store(fill(new Tick(LEVELS), 9, 2))
  assert.equal(reader.load(7, tick), false)
  assert.equal(reader.load(9, tick) && tick.instrument, 9)
})

test('rows that move are told of, and the old ones answer nothing any more', () => {
  const table = new LastValues(INSTRUMENTS, new Tick(LEVELS))
  let current = pairOf(table)
  const old = current
  let moves = 0
  table.onMoved = (memory) => {
    moves += 1
    current = new LastValuesReader(memory, new Tick(LEVELS))
  }
  const tick = new Tick(LEVELS)
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
    table.store(fill(tick, instrument, instrument + 1))
  }
  assert.equal(moves, 2)
  const seen = new Tick(LEVELS)
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
    assert.equal(current.load(instrument, seen), true)
    assert.equal(seen.values[LTP], (instrument + 1) * 1000 + instrument)
    assert.equal(seen.depth[0], seen.values[LTP])
    assert.equal(old.load(instrument, seen), false)
  }
})
