// Records that check themselves: every word of record `number` follows from `number`, so that a mix of two records
// is recognised whatever it is mixed from.
import {
  LEVEL_WORDS,
  MODE_DEPTH,
  MODE_LTP,
  MODE_QUOTE,
  type Tick,
  VALUE_COUNT,
} from '../../codecs/tick.ts'
import {
  type FeedEvent,
  KIND_GAP,
  KIND_STATUS,
  KIND_TICK,
  type RingReader,
  type RingWriter,
} from '../../engine/ring/ring.ts'

/** Levels a side of the rings that these records are written to. */
export const LEVELS = 5

// More words than any record has, so that no two records share a number.
const WORDS_MAX = 128
const EVENT_EVERY = 37
const VALUE_MASKS = { [MODE_LTP]: 0x1f, [MODE_QUOTE]: 0x1ffff, [MODE_DEPTH]: 0x1fffff }
const MODES = [MODE_LTP, MODE_QUOTE, MODE_DEPTH] as const

/** Spreads a record number over 32 bits (the finaliser of MurmurHash3). */
export function scramble(number: number): number {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function kindOf(number: number): number {
  if (number % EVENT_EVERY !== 0) return KIND_TICK
  return number % (2 * EVENT_EVERY) === 0 ? KIND_GAP : KIND_STATUS
}

function word(number: number, position: number): number {
  return number * WORDS_MAX + position
}

function fillTick(tick: Tick, number: number): void {
  const bits = scramble(number)
  const mode = MODES[bits % 3]!
  tick.mode = mode
  tick.present = (bits >>> 4) & VALUE_MASKS[mode]
  tick.instrument = bits
  tick.seq = number >>> 0
  tick.epoch = ~bits >>> 0
  tick.receiveTimeUs = word(number, WORDS_MAX - 1)
  tick.buyLevels = mode === MODE_DEPTH ? bits % (LEVELS + 1) : 0
  tick.sellLevels = mode === MODE_DEPTH ? (bits >>> 3) % (LEVELS + 1) : 0
  for (let i = 0; i < VALUE_COUNT; i++) tick.values[i] = word(number, i)
  for (let i = 0; i < tick.depth.length; i++) tick.depth[i] = -word(number, i)
}

function fillEvent(event: FeedEvent, number: number): void {
  event.code = scramble(number) | 0
  event.socket = ~event.code
  event.sinceMs = word(number, 0)
  event.untilMs = word(number, 1)
}

/** Writes record `number`, which must be the ring's next. `tick` and `event` are overwritten. */
export function writeRecord(
  writer: RingWriter,
  tick: Tick,
  event: FeedEvent,
  number: number,
): void {
  const kind = kindOf(number)
  if (kind === KIND_TICK) {
    fillTick(tick, number)
    writer.writeTick(tick)
    return
  }
  fillEvent(event, number)
  writer.writeEvent(kind === KIND_GAP ? KIND_GAP : KIND_STATUS, event)
}

/** The name of the first field in which what `reader` just read differs from its record, or '' when it is whole. */
export function findTorn(
  reader: RingReader,
  kind: number,
  expectedTick: Tick,
  expectedEvent: FeedEvent,
): string {
  const number = reader.position - 1
  if (kind !== kindOf(number)) return 'kind'
  if (kind !== KIND_TICK) {
    fillEvent(expectedEvent, number)
    return differingEventField(reader.event, expectedEvent)
  }
  fillTick(expectedTick, number)
  return differingTickField(reader.tick, expectedTick)
}

function differingEventField(actual: FeedEvent, expected: FeedEvent): string {
  if (actual.code !== expected.code) return 'code'
  if (actual.socket !== expected.socket) return 'socket'
  if (actual.sinceMs !== expected.sinceMs) return 'sinceMs'
  return actual.untilMs === expected.untilMs ? '' : 'untilMs'
}

function differingTickField(actual: Tick, expected: Tick): string {
  if (actual.mode !== expected.mode) return 'mode'
  if (actual.present !== expected.present) return 'present'
  if (actual.instrument !== expected.instrument) return 'instrument'
  if (actual.seq !== expected.seq) return 'seq'
  if (actual.epoch !== expected.epoch) return 'epoch'
  if (actual.receiveTimeUs !== expected.receiveTimeUs) return 'receiveTimeUs'
  if (actual.buyLevels !== expected.buyLevels) return 'buyLevels'
  if (actual.sellLevels !== expected.sellLevels) return 'sellLevels'
  for (let i = 0; i < VALUE_COUNT; i++) {
    const isPresent = (expected.present & (1 << i)) !== 0
    if (isPresent && actual.values[i] !== expected.values[i]) return `values[${i}]`
  }
  const sellFrom = LEVELS * LEVEL_WORDS
  for (let i = 0; i < expected.buyLevels * LEVEL_WORDS; i++) {
    if (actual.depth[i] !== expected.depth[i]) return `buy depth word ${i}`
  }
  for (let i = 0; i < expected.sellLevels * LEVEL_WORDS; i++) {
    if (actual.depth[sellFrom + i] !== expected.depth[sellFrom + i]) return `sell depth word ${i}`
  }
  return ''
}
