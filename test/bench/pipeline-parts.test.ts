// The parts of the pipeline bench by themselves: when frames are due, what a client notices, how figures are judged.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accountOf, readCollections } from '../../bench/pipeline/cases/heap.ts'
import { judgeFigure, judgeRatio, ratioOf } from '../../bench/pipeline/compare.ts'
import { histogram, packHistogram, record, unpackHistogram } from '../../bench/pipeline/latency.ts'
import { NumberTable } from '../../bench/pipeline/lookup.ts'
import type { RunResult } from '../../bench/pipeline/measure.ts'
import type { Plant } from '../../bench/pipeline/plant.ts'
import { readPins } from '../../bench/pipeline/processes.ts'
import { Schedule, steady } from '../../bench/pipeline/schedule.ts'
import { findSustained, type Reopened } from '../../bench/pipeline/sustained.ts'
import { Seqs, Tally } from '../../bench/pipeline/tally.ts'
import { JsonWalker, PackedWalker } from '../../bench/pipeline/walkers.ts'
import { MsgpackEncoder, packIdentity, packTarget, writeArrayHeader } from '../../codecs/msgpack.ts'
import { LTP, MODE_QUOTE, Tick, VOLUME } from '../../codecs/tick.ts'
import { createStages, StageCounts } from '../../engine/observe/stages.ts'

test('frames are due one period apart, and a segment begins where the one before ends', () => {
  const schedule = new Schedule(1000, [
    { frames: 3, periodUs: 10 },
    { frames: 2, periodUs: 100 },
  ])
  const due = [0, 1, 2, 3, 4].map((frame) => schedule.dueUs(frame))
  assert.deepEqual(due, [1000, 1010, 1020, 1030, 1130])
  assert.equal(schedule.dueUs(1), 1010, 'looking back')
  assert.deepEqual([schedule.frames, schedule.endUs], [5, 1230])
  assert.deepEqual(steady(10_000, 10, 2), [{ frames: 2000, periodUs: 1000 }])
})

const INSTRUMENTS = [
  { exchange: 'NSE', symbol: 'RELIANCE', token: 738561 },
  { exchange: 'CDS', symbol: 'USDINR27AUG26FUT', token: 282371 },
  { exchange: 'BCD', symbol: 'USDINR27AUG26FUT', token: 282374 },
]
const EPOCH = 1_787_000_000
const RECEIVED_US = 1_787_000_000_123_456

function quote(seq: number, volume: number): Tick {
  const tick = new Tick(0)
  tick.mode = MODE_QUOTE
  tick.present = (1 << LTP) | (1 << VOLUME)
  tick.values[LTP] = 100.5
  tick.values[VOLUME] = volume
  return Object.assign(tick, { seq, epoch: EPOCH, receiveTimeUs: RECEIVED_US })
}

/** A frame of ticks: pairs of the instrument's place and the seq; all of them are of one frame of the broker. */
function packedFrame(ticks: readonly (readonly [number, number])[], number: number): Buffer {
  const target = packTarget(4096)
  const encoder = new MsgpackEncoder()
  let end = writeArrayHeader(target.bytes, 0, ticks.length)
  for (const [place, seq] of ticks) {
    const { exchange, symbol, token } = INSTRUMENTS[place]!
    const identity = packIdentity({ broker: 'zerodha', exchange, symbol, token: String(token) })
    end = encoder.encode(quote(seq, number), MODE_QUOTE, false, identity, target, end)
  }
  return Buffer.from(target.bytes.subarray(0, end))
}

/** The same as OpenAlgo's text, one tick in each. */
function textFrame(place: number, seq: number, number: number): Buffer {
  const { exchange, symbol } = INSTRUMENTS[place]!
  const data = `"symbol":"${symbol}","exchange":"${exchange}","mode":2,"ltp":100.5,"volume":${number}`
  return Buffer.from(
    `{"type":"market_data","symbol":"${symbol}","exchange":"${exchange}","mode":2,"broker":"zerodha",` +
      `"data":{${data},"seq":${seq},"epoch":${EPOCH},"timestamp":1787000000123}}`,
  )
}

const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
const BASE = 5

function begun(): { tally: Tally; seqs: Seqs } {
  const tally = new Tally()
  const segments = [{ frames: 10, periodUs: 1000 }]
  tally.begin({ base: BASE, startUs: 1_000_000, segments, packets: 2 })
  return { tally, seqs: new Seqs(INSTRUMENTS.length, tally) }
}

describe('a client', () => {
  test('counts ticks, and latency from the time at which their frame was due', () => {
    const { tally, seqs } = begun()
    const walker = new PackedWalker(INSTRUMENTS, tally)
    for (const [frame, arrivedUs] of [
      [0, 1_000_040],
      [3, 1_003_200],
    ] as const) {
      const bytes = packedFrame(
        [0, 1, 2].map((place) => [place, frame + 1] as const),
        BASE + frame,
      )
      tally.arrive(arrivedUs)
      if (frame === 3)
        for (const place of [0, 1, 2]) for (const seq of [2, 3]) seqs.check(place, seq)
      walker.walk(bytes, viewOf(bytes), 0, bytes.length, seqs)
      tally.flush()
    }
    assert.deepEqual([tally.ticks, tally.lost, tally.wrong], [6, 0, 0])
    assert.equal(tally.lateUs.totalCount, 6)
    assert.deepEqual([tally.lateUs.minNonZeroValue, tally.lateUs.maxValue], [40, 200])
  })

  test('sees a missing seq, one that comes twice, and bytes that end too early, in msgpack', () => {
    const { tally, seqs } = begun()
    const walker = new PackedWalker(INSTRUMENTS, tally)
    const walk = (bytes: Buffer, end = bytes.length) =>
      walker.walk(bytes, viewOf(bytes), 0, end, seqs)
    walk(
      packedFrame(
        [
          [0, 1],
          [1, 1],
          [0, 2],
        ],
        BASE,
      ),
    )
    walk(packedFrame([[0, 5]], BASE + 1))
    assert.deepEqual([tally.lost, tally.wrong], [2, 0])
    walk(packedFrame([[0, 5]], BASE + 2))
    assert.deepEqual([tally.lost, tally.wrong], [2, 1])
    const cut = packedFrame([[0, 6]], BASE + 3)
    walk(cut, cut.length - 4)
    assert.equal(tally.wrong, 2)
  })

  test('sees a missing seq in JSON, and keeps instruments of one name apart by exchange', () => {
    const { tally, seqs } = begun()
    const walker = new JsonWalker(INSTRUMENTS, tally)
    const walk = (bytes: Buffer) => walker.walk(bytes, viewOf(bytes), 0, bytes.length, seqs)
    walk(textFrame(1, 1, BASE))
    walk(textFrame(2, 7, BASE))
    walk(textFrame(1, 2, BASE + 1))
    assert.deepEqual([tally.ticks, tally.lost, tally.wrong], [3, 0, 0])
    walk(textFrame(2, 9, BASE + 1))
    assert.deepEqual([tally.ticks, tally.lost, tally.wrong], [4, 1, 0])
  })

  test('takes one tick in 64 apart, and finds what its bytes say wrongly', () => {
    const { tally, seqs } = begun()
    const walker = new PackedWalker(INSTRUMENTS, tally)
    for (let seq = 1; seq <= 64; seq++) {
      const bytes = packedFrame([[0, seq]], BASE)
      const price = bytes.indexOf('ltp') + 'ltp'.length + 1
      if (seq === 64) bytes.writeDoubleBE(-1, price)
      walker.walk(bytes, viewOf(bytes), 0, bytes.length, seqs)
    }
    assert.deepEqual([tally.ticks, tally.wrong], [64, 1])
  })
})

describe('figures', () => {
  test('a ratio is the median of the rounds, to the mean of the equal arms; their distance is the spread', () => {
    const ratio = ratioOf([
      { subject: 120, equals: [100, 100] },
      { subject: 300, equals: [100, 140] },
      { subject: 130, equals: [100, 104] },
    ])
    assert.equal(ratio.median.toFixed(4), (130 / 102).toFixed(4))
    assert.equal(ratio.spread.toFixed(4), '0.0400')
    const judged = (target: number) => judgeRatio('p50', ratio, 'at most', target).isMet
    assert.deepEqual([judged(1.3), judged(1.24), judged(1.2)], [true, true, false])
    const least = (target: number) => judgeRatio('rate', ratio, 'at least', target).isMet
    assert.deepEqual([least(1.3), least(1.4)], [true, false])
    assert.equal(judgeRatio('p50', ratio).isMet, null)
  })

  test('other figures are allowed no spread', () => {
    assert.equal(judgeFigure('rate', 999_999, 'ticks/s', 'at least', 1_000_000).isMet, false)
    assert.equal(judgeFigure('CPU', 2, 'µs', 'at most', 2).isMet, true)
  })

  test('a histogram survives being kept as text', () => {
    const of = histogram()
    record(of, 120.4, 3)
    record(of, 1e12)
    const again = unpackHistogram(packHistogram(of))
    assert.deepEqual([again.totalCount, again.getValueAtPercentile(50)], [4, 120])
  })

  test('what the collector prints becomes an account of each heap', () => {
    const lines = [
      '[7:0x1f00]      186 ms: Mark-Compact 19.6 (30.3) -> 13.0 (32.8) MB, 2.91 / 0.12 ms  (+ 1.0 ms in 18 steps)',
      '[7:0x1f00]      200 ms: Scavenge 20.0 (30.3) -> 14.0 (32.8) MB, 0.51 / 0.00 ms  task;',
      '[7:0x2e00]      210 ms: Scavenge 5.0 (6.0) -> 4.0 (6.0) MB, 0.1 / 0.00 ms  task;',
      '[7:0x1f00]      300 ms: Mark-Compact (reduce) 21.0 (30.3) -> 13.5 (32.8) MB, 2.91 / 0.12 ms',
    ]
    const all = readCollections(lines.join('\n'))
    assert.deepEqual(accountOf(all.filter(({ isolate }) => isolate === '0x1f00')), {
      collections: 3,
      full: 2,
      allocatedMb: 14,
      firstMb: 13,
      lastMb: 13.5,
    })
    assert.equal(accountOf(all.filter(({ isolate }) => isolate === '0x2e00')).firstMb, null)
  })

  test('the rate that is sustained lies just below the least that is not', async () => {
    const tried: number[] = []
    const run = async (_plant: Plant, rate: number): Promise<Partial<RunResult>> => {
      tried.push(rate)
      const received = rate <= 70_000 ? 10 : 9
      const none = { lost: 0, wrong: 0, lapped: 0, closedSlow: 0, lagUs: 0 }
      const latency = { count: 10, p50: 1, p90: 1, p99: 1, p999: 1, max: 1 }
      return { arm: 'x', ticksPerSecond: rate, expected: 10, received, latency, ...none }
    }
    for (const from of [20_000, 500_000]) {
      const wish = { packets: 50, from, seconds: 1, narrowings: 6, to: 1_000_000 }
      const arm = { run } as unknown as Reopened
      const found = await findSustained({} as Plant, arm, wish)
      assert.ok(found.ticksPerSecond > 68_000 && found.ticksPerSecond <= 70_000, String(from))
    }
  })
})

test('a number table finds what is in it, and nothing else', () => {
  const keys = Array.from({ length: 500 }, (_, i) => (i * 2_654_435_761) >>> 0)
  const table = new NumberTable(keys)
  assert.deepEqual(
    keys.map((key) => table.find(key)),
    keys.map((_, place) => place),
  )
  assert.equal(table.find(12_345), -1)
})

test('pins are read by part, with + between cores', () => {
  assert.deepEqual(readPins('engine=0+1,client=1'), { engine: '0,1', client: '1' })
  assert.deepEqual(readPins(''), {})
  assert.throws(() => readPins('engine'), /PART=CORES/)
})

test('stage counts keep µs within two percent and begin anew when they are taken', () => {
  const counts = new StageCounts(createStages())
  const values = [0, 1, 127, 128, 1000, 65_000, 9e6]
  for (const us of values) counts.count(1, us)
  const taken = counts.take()['in ring']!
  assert.equal(taken.length, values.length)
  taken.forEach(([us, count], at) => {
    assert.equal(count, 1)
    assert.ok(Math.abs(us - values[at]!) <= values[at]! * 0.02, `${values[at]} became ${us}`)
  })
  assert.deepEqual(counts.take()['in ring'], [])
})
