// Ticks by the names of their values, and what a client reads of their OpenAlgo frames.
import assert from 'node:assert/strict'
import { packTarget } from '../../codecs/msgpack.ts'
import { encodeOpenAlgo, openAlgoBytesMax, openAlgoHead } from '../../codecs/openalgo.ts'
import { type Mode, Tick, VALUE_NAMES, type ValueName } from '../../codecs/tick.ts'

export type Named = Partial<Record<ValueName, number>>
export type Level = readonly [price: number, quantity: number, orders: number]

export interface Book {
  readonly buy: readonly Level[]
  readonly sell: readonly Level[]
}

const NO_BOOK: Book = { buy: [], sell: [] }
const STAMPS = { seq: 41, epoch: 7, receiveTimeUs: 1787390123456_789 }

/** A tick with these values and this book, and something else in every place that is absent. */
export function tickOf(mode: Mode, named: Named, book = NO_BOOK, levelsMax = 5): Tick {
  const tick = Object.assign(new Tick(levelsMax), STAMPS, { mode })
  tick.values.fill(7777)
  tick.depth.fill(7777)
  for (const [name, value] of Object.entries(named)) {
    const position = VALUE_NAMES.indexOf(name as ValueName)
    tick.values[position] = value
    tick.present |= 1 << position
  }
  tick.depth.set(book.buy.flat(), 0)
  tick.depth.set(book.sell.flat(), 3 * levelsMax)
  tick.buyLevels = book.buy.length
  tick.sellLevels = book.sell.length
  return tick
}

/** A frame as text. It must end within the room that it asks for, and leave the bytes before it alone. */
export function encodedText(tick: Tick, mode: Mode, head: Uint8Array, isSnapshot: boolean): string {
  const start = 3
  const room = openAlgoBytesMax(head.length, tick.levelsMax)
  const target = packTarget(start + room)
  target.bytes.fill(0xff)
  const end = encodeOpenAlgo(tick, mode, head, isSnapshot, target, start)
  assert.ok(end <= start + room)
  assert.deepEqual(target.bytes.subarray(0, start), new Uint8Array(start).fill(0xff))
  return new TextDecoder('utf-8', { fatal: true }).decode(target.bytes.subarray(start, end))
}

/** The frame of a tick of one share, for a client in this mode. */
export function frameText(tick: Tick, mode: Mode): string {
  return encodedText(tick, mode, openAlgoHead('zerodha', 'NSE', 'RELIANCE', mode), false)
}

/** What stands in the frame's `data`. */
export function frameData(tick: Tick, mode: Mode): Record<string, unknown> {
  return JSON.parse(frameText(tick, mode)).data
}
