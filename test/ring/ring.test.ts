import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  describeTick,
  LEVEL_WORDS,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  Tick,
  VALUE_COUNT,
} from '../../codecs/tick.ts'
import {
  createRing,
  type FeedEvent,
  KIND_GAP,
  KIND_NONE,
  KIND_STATUS,
  KIND_TICK,
  RingReader,
  RingWriter,
} from '../../engine/ring/ring.ts'
import { findTorn, LEVELS, writeRecord } from './record.ts'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const number = fc.double({ noNaN: true })

/** A tick whose own book holds `levelsMax` levels a side and whose filled levels fit a ring of `ringLevels`. */
function arbitraryTick(levelsMax: number, ringLevels: number): fc.Arbitrary<Tick> {
  const depthWords = 2 * levelsMax * LEVEL_WORDS
  const levels = fc.nat(Math.min(levelsMax, ringLevels))
  return fc
    .record({
      mode: fc.constantFrom(MODE_LTP, MODE_QUOTE, MODE_DEPTH),
      present: fc.nat(2 ** VALUE_COUNT - 1),
      instrument: uint32,
      seq: uint32,
      epoch: uint32,
      receiveTimeUs: fc.nat(Number.MAX_SAFE_INTEGER),
      buyLevels: levels,
      sellLevels: levels,
      values: fc.array(number, { minLength: VALUE_COUNT, maxLength: VALUE_COUNT }),
      depth: fc.array(number, { minLength: depthWords, maxLength: depthWords }),
    })
    .map(({ values, depth, ...fields }) => {
      const tick = Object.assign(new Tick(levelsMax), fields)
      tick.values.set(values)
      tick.depth.set(depth)
      return tick
    })
}

/** What a ring carries of a tick: everything but the broker's own token and segment. */
function carried(tick: Tick) {
  const { token: _, ...described } = describeTick(tick)
  const { instrument, seq, epoch, receiveTimeUs, present, buyLevels, sellLevels } = tick
  return { described, instrument, seq, epoch, receiveTimeUs, present, buyLevels, sellLevels }
}

/** One ring with a writer that writes self-checking records, and what was last written. */
class Source {
  readonly memory: SharedArrayBuffer
  next: number
  #writer: RingWriter
  readonly #tick = new Tick(LEVELS)
  readonly #event: FeedEvent = { code: 0, socket: 0, sinceMs: 0, untilMs: 0 }

  constructor(slots: number, first = 0) {
    this.memory = createRing(slots, LEVELS, first)
    this.#writer = new RingWriter(this.memory)
    this.next = first
  }

  write(records: number): void {
    for (let i = 0; i < records; i++) {
      writeRecord(this.#writer, this.#tick, this.#event, this.next)
      this.next += 1
    }
  }

  replaceWriter(): void {
    this.#writer = new RingWriter(this.memory)
    assert.equal(this.#writer.position, this.next)
  }
}

/** Reads one record and checks each of its words against its number. Returns false when there was none. */
function readWhole(reader: RingReader): boolean {
  const kind = reader.read()
  if (kind === KIND_NONE) return false
  const expectedEvent: FeedEvent = { code: 0, socket: 0, sinceMs: 0, untilMs: 0 }
  assert.equal(findTorn(reader, kind, new Tick(LEVELS), expectedEvent), '')
  return true
}

function readAll(reader: RingReader): number {
  let count = 0
  while (readWhole(reader)) count += 1
  return count
}

test('what is written is what is read, for every mode, presence and number of levels', () => {
  const levels = fc.constantFrom(0, 1, 5, 20, 200)
  const sizes = fc.record({ ringLevels: levels, tickLevels: levels })
  fc.assert(
    fc.property(
      sizes.chain(({ ringLevels, tickLevels }) =>
        fc.tuple(
          fc.constant(ringLevels),
          fc.array(arbitraryTick(tickLevels, ringLevels), { minLength: 1, maxLength: 6 }),
        ),
      ),
      ([ringLevels, ticks]) => {
        const memory = createRing(8, ringLevels)
        const reader = new RingReader(memory)
        const writer = new RingWriter(memory)
        for (const tick of ticks) writer.writeTick(tick)
        for (const tick of ticks) {
          assert.equal(reader.read(), KIND_TICK)
          assert.deepEqual(carried(reader.tick), carried(tick))
        }
        assert.equal(reader.read(), KIND_NONE)
      },
    ),
    { numRuns: 300 },
  )
})

test('gaps and statuses come among the ticks, with what they say', () => {
  const fields = { code: int32, socket: int32, sinceMs: number, untilMs: number }
  const event = fc.record(fields, { noNullPrototype: true })
  const kinds = fc.constantFrom(KIND_GAP, KIND_STATUS)
  fc.assert(
    fc.property(arbitraryTick(5, 5), fc.array(fc.tuple(kinds, event)), (tick, events) => {
      const memory = createRing(2, 5)
      const reader = new RingReader(memory)
      const writer = new RingWriter(memory)
      for (const [kind, written] of events) {
        writer.writeTick(tick)
        writer.writeEvent(kind, written)
        assert.equal(reader.read(), KIND_TICK)
        assert.deepEqual(carried(reader.tick), carried(tick))
        assert.equal(reader.read(), kind)
        assert.deepEqual(reader.event, written)
      }
    }),
  )
})

test('a ring has a power of two slots', () => {
  for (const slots of [2, 4, 1024]) assert.equal(new RingReader(createRing(slots, 5)).slots, slots)
  const wrong = [0, 1, 3, 6, 1000, -4, 2.5, 2 ** 31, 2 ** 32, 2 ** 32 + 2, Number.NaN, Infinity]
  for (const slots of wrong) {
    const expected = { name: 'RangeError', message: new RegExp(`power of two.*not ${slots}$`) }
    assert.throws(() => createRing(slots, 5), expected)
  }
})

test('a tick deeper than its ring is refused and leaves the ring as it was', () => {
  const memory = createRing(4, 5)
  const reader = new RingReader(memory)
  const writer = new RingWriter(memory)
  const tick = new Tick(20)
  for (const [buyLevels, sellLevels] of [
    [6, 0],
    [0, 6],
  ]) {
    Object.assign(tick, { mode: MODE_DEPTH, buyLevels, sellLevels })
    const expected = { name: 'RangeError', message: 'tick has 6 depth levels, its ring holds 5' }
    assert.throws(() => writer.writeTick(tick), expected)
  }
  assert.equal(reader.hasNext, false)
  assert.equal(writer.position, 0)
})

test('a reader starts at the latest record and sees what is written from then on', () => {
  const source = new Source(8)
  source.write(5)
  const reader = new RingReader(source.memory)
  assert.deepEqual([reader.position, reader.hasNext, reader.behind], [5, false, 0])
  assert.equal(reader.read(), KIND_NONE)
  source.write(2)
  assert.deepEqual([reader.hasNext, reader.behind], [true, 2])
  assert.equal(readAll(reader), 2)
  assert.deepEqual([reader.position, reader.lost, reader.laps], [7, 0, 0])
})

test('a reader a whole ring behind loses nothing; one record more and it rejoins half a ring behind', () => {
  const source = new Source(8)
  const reader = new RingReader(source.memory)
  source.write(8)
  assert.equal(readAll(reader), 8)
  assert.deepEqual([reader.lost, reader.laps], [0, 0])
  source.write(9)
  assert.equal(reader.behind, 9)
  assert.equal(readAll(reader), 4)
  assert.deepEqual([reader.lost, reader.laps], [5, 1])
  source.write(1000)
  assert.equal(readAll(reader), 4)
  assert.deepEqual([reader.lost, reader.laps, reader.position], [5 + 996, 2, 1017])
})

interface Model {
  readonly reader: RingReader
  next: number
  lost: number
  laps: number
}

/** Reads at most `records` records and holds the reader to the rule of the ring. */
function readAgainst(model: Model, written: number, records: number): void {
  const { reader } = model
  for (let i = 0; i < records && model.next < written; i++) {
    if (written - model.next > reader.slots) {
      model.lost += written - reader.slots / 2 - model.next
      model.laps += 1
      model.next = written - reader.slots / 2
    }
    assert.ok(readWhole(reader))
    model.next += 1
    const { position, lost, laps } = reader
    assert.deepEqual(
      { position, lost, laps },
      { position: model.next, lost: model.lost, laps: model.laps },
    )
  }
  assert.equal(reader.behind, written - model.next)
  assert.equal(reader.hasNext, written > model.next)
}

test('readers are independent and lose exactly what the rule says, over any record number and writer', () => {
  const step = fc.oneof(
    fc.record({ write: fc.integer({ min: 1, max: 70 }) }),
    fc.record({ reader: fc.nat(9), records: fc.integer({ min: 1, max: 40 }) }),
    fc.constant({ join: true }),
    fc.constant({ replaceWriter: true }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(2, 4, 16, 32),
      fc.constantFrom(0, 2 ** 31 - 50, 2 ** 32 - 50, 2 ** 45 + 2 ** 31 - 50),
      fc.array(step, { maxLength: 60 }),
      (slots, first, steps) => {
        const source = new Source(slots, first)
        const join = (): Model => {
          const reader = new RingReader(source.memory)
          return { reader, next: source.next, lost: 0, laps: 0 }
        }
        const models = [join()]
        for (const action of steps) {
          if ('write' in action) source.write(action.write)
          else if ('join' in action) models.push(join())
          else if ('replaceWriter' in action) source.replaceWriter()
          else readAgainst(models[action.reader % models.length]!, source.next, action.records)
        }
        for (const model of models) readAgainst(model, source.next, Number.POSITIVE_INFINITY)
      },
    ),
    { numRuns: 500 },
  )
})

test('a reader that slept through more records than 32 bits count knows how many', () => {
  for (const slept of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 32 + 3]) {
    const early = new Source(4, 1000)
    const reader = new RingReader(early.memory)
    // The same ring as it looks after that many records.
    const late = new Source(4, 1000 + slept - 4)
    late.write(4)
    new Uint8Array(early.memory).set(new Uint8Array(late.memory))
    assert.equal(reader.behind, slept)
    assert.equal(readAll(reader), 2, `${slept} records`)
    assert.deepEqual([reader.lost, reader.laps], [slept - 2, 1])
  }
})

test('a record that broke off half way is never seen, and the next writer takes its number', () => {
  const source = new Source(4)
  const reader = new RingReader(source.memory)
  source.write(4)
  const broken = Object.defineProperty(new Tick(LEVELS), 'values', {
    get: () => assert.fail('the thread ended here'),
  })
  assert.throws(() => new RingWriter(source.memory).writeTick(broken), /ended here/)
  // It was being written over the oldest record, which is therefore gone.
  assert.equal(readAll(reader), 2)
  assert.deepEqual([reader.lost, reader.laps], [2, 1])
  source.replaceWriter()
  source.write(1)
  assert.equal(readAll(reader), 1)
  assert.deepEqual([reader.lost, reader.position], [2, 5])
})

test('a reader that joins in the middle of a write starts at the record being written', (t) => {
  const source = new Source(4)
  source.write(6)
  const store = Atomics.store
  const joined: RingReader[] = []
  t.mock.method(Atomics, 'store', (words: Int32Array, at: number, value: number) => {
    const reader = new RingReader(source.memory)
    assert.equal(reader.position, 6)
    assert.equal(reader.read(), KIND_NONE)
    joined.push(reader)
    return store(words, at, value)
  })
  source.write(1)
  t.mock.restoreAll()
  assert.ok(joined.length >= 2)
  for (const reader of joined) assert.equal(readAll(reader), 1)
})
