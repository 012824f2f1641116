// A tick as msgpack: one map under the public names, readable by any msgpack library.
//
// Nothing is serialised key by key. For each (mode, set of values present) a template holds the finished bytes with
// gaps for the numbers; encoding is one copy of the instrument's prepared identity, one copy of the template, and
// a store per number. Prices and times are float64, counts uint32; a tick with a count beyond uint32 takes the wide
// template, whose counts are float64 too. No 64-bit integers: readers would make BigInt of them.
import {
  ASK_QTY,
  BID_QTY,
  LEVEL_WORDS,
  LTP_VALUE_COUNT,
  LTQ,
  MODE_DEPTH,
  MODE_LTP,
  MODE_NAMES,
  type Mode,
  OI,
  OI_HIGH,
  OI_LOW,
  type Tick,
  TOTAL_BUY_QTY,
  TOTAL_SELL_QTY,
  VALUE_COUNT,
  VALUE_NAMES,
  VOLUME,
} from './tick.ts'

const MAP16 = 0xde
const ARRAY16 = 0xdc
const FIXMAP = 0x80
const FIXSTR = 0xa0
const STR8 = 0xd9
const UINT32 = 0xce
const FLOAT64 = 0xcb
const TRUE = 0xc3
const UINT32_MAX = 0xffffffff

const COUNTS = [LTQ, VOLUME, TOTAL_BUY_QTY, TOTAL_SELL_QTY, OI, OI_HIGH, OI_LOW, BID_QTY, ASK_QTY]
const COUNT_BITS = COUNTS.reduce((bits, position) => bits | (1 << position), 0)
const LTP_MODE_BITS = (1 << LTP_VALUE_COUNT) - 1

/** Bytes of the header that `writeArrayHeader` writes before the ticks and events of one frame. */
export const ARRAY_HEADER_BYTES = 3

/** Where encoded ticks go: bytes and a view over the same buffer. */
export interface PackTarget {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** Makes a target of `size` bytes. */
export function packTarget(size: number): PackTarget {
  const bytes = new Uint8Array(size)
  return { bytes, view: new DataView(bytes.buffer) }
}

/** What a tick says of its instrument, the same in every tick. */
export interface TickIdentity {
  readonly broker: string
  readonly exchange: string
  readonly symbol: string
  readonly token: string
}

class Bytes {
  readonly list: number[] = []

  text(text: string): this {
    const encoded = new TextEncoder().encode(text)
    if (encoded.length > 255) throw new RangeError(`text of ${encoded.length} bytes in a tick`)
    if (encoded.length < 32) this.list.push(FIXSTR | encoded.length)
    else this.list.push(STR8, encoded.length)
    this.list.push(...encoded)
    return this
  }

  /** A number to be filled in later; returns where its first byte lies. */
  gap(type: typeof UINT32 | typeof FLOAT64): number {
    this.list.push(type)
    const at = this.list.length
    for (let i = type === UINT32 ? 4 : 8; i > 0; i--) this.list.push(0)
    return at
  }
}

const IDENTITY_KEYS = ['broker', 'exchange', 'symbol', 'token'] as const

/** The prepared bytes of an instrument's identity, made once per instrument. */
export function packIdentity(identity: TickIdentity): Uint8Array {
  const bytes = new Bytes()
  for (const key of IDENTITY_KEYS) bytes.text(key).text(identity[key])
  return Uint8Array.from(bytes.list)
}

interface Template {
  /** Everything between the identity and the depth levels. */
  readonly bytes: Uint8Array
  readonly entries: number
  readonly seqAt: number
  readonly epochAt: number
  readonly receiveTimeAt: number
  /** Value positions and where each goes, pairwise; the same list for prices and counts apart. */
  readonly floats: Int32Array
  readonly counts: Int32Array
  readonly isWide: boolean
  /** The bytes end with the depth map opened, and the levels follow. */
  readonly isDepth: boolean
}

const LEVEL_KEYS = ['price', 'quantity', 'orders'] as const

function buildTemplate(
  mode: Mode,
  present: number,
  isSnapshot: boolean,
  isWide: boolean,
): Template {
  const bytes = new Bytes()
  const countType = isWide ? FLOAT64 : UINT32
  bytes.text('mode').text(MODE_NAMES[mode])
  const seqAt = bytes.text('seq').gap(UINT32)
  const epochAt = bytes.text('epoch').gap(UINT32)
  const floats: number[] = []
  const counts: number[] = []
  let entries = IDENTITY_KEYS.length + 3
  for (let position = 0; position < VALUE_COUNT; position++) {
    const bit = 1 << position
    if ((present & bit) === 0) continue
    const isCount = (COUNT_BITS & bit) !== 0
    const at = bytes.text(VALUE_NAMES[position]!).gap(isCount ? countType : FLOAT64)
    const list = isCount ? counts : floats
    list.push(position, at)
    entries += 1
  }
  const receiveTimeAt = bytes.text('receiveTime').gap(FLOAT64)
  entries += 1
  if (isSnapshot) {
    bytes.text('snapshot').list.push(TRUE)
    entries += 1
  }
  if (mode === MODE_DEPTH) {
    bytes.text('depth').list.push(FIXMAP | 2)
    entries += 1
  }
  return {
    bytes: Uint8Array.from(bytes.list),
    entries,
    seqAt,
    epochAt,
    receiveTimeAt,
    floats: Int32Array.from(floats),
    counts: Int32Array.from(counts),
    isWide,
    isDepth: mode === MODE_DEPTH,
  }
}

const SIDES = {
  buy: Uint8Array.from(new Bytes().text('buy').list),
  sell: Uint8Array.from(new Bytes().text('sell').list),
}

function buildLevel(countType: typeof UINT32 | typeof FLOAT64) {
  const bytes = new Bytes()
  bytes.list.push(FIXMAP | LEVEL_KEYS.length)
  const priceAt = bytes.text('price').gap(FLOAT64)
  const quantityAt = bytes.text('quantity').gap(countType)
  const ordersAt = bytes.text('orders').gap(countType)
  return { bytes: Uint8Array.from(bytes.list), priceAt, quantityAt, ordersAt }
}

const NARROW_LEVEL = buildLevel(UINT32)
const WIDE_LEVEL = buildLevel(FLOAT64)

// Bytes of the longest body without levels: every value present, all counts wide.
const BODY_BYTES_MAX =
  3 +
  buildTemplate(MODE_DEPTH, (1 << VALUE_COUNT) - 1, true, true).bytes.length +
  SIDES.buy.length +
  SIDES.sell.length +
  2 * ARRAY_HEADER_BYTES

/** Room that one tick can need: identity, body, and a book of `levels` a side. */
export function tickBytesMax(identityBytes: number, levels: number): number {
  return identityBytes + BODY_BYTES_MAX + 2 * levels * WIDE_LEVEL.bytes.length
}

/** Writes the header of an array of up to 65,535 items at `at` and returns the end. */
export function writeArrayHeader(bytes: Uint8Array, at: number, items: number): number {
  bytes[at] = ARRAY16
  bytes[at + 1] = items >>> 8
  bytes[at + 2] = items & 0xff
  return at + ARRAY_HEADER_BYTES
}

/** Encodes ticks; keeps the templates it has made. One per thread is enough. */
export class MsgpackEncoder {
  // Presence takes 21 bits, then 2 of mode, snapshot, wide: 25 bits, a small integer as a key.
  readonly #templates = new Map<number, Template>()

  /**
   * Writes `tick` as a reader in `mode` sees it (an LTP reader gets the LTP values of a depth tick) and returns the
   * end. The target must have `tickBytesMax` bytes of room.
   */
  encode(
    tick: Tick,
    mode: Mode,
    isSnapshot: boolean,
    identity: Uint8Array,
    target: PackTarget,
    at: number,
  ): number {
    const end = this.#encode(
      this.#template(tick, mode, isSnapshot, false),
      tick,
      identity,
      target,
      at,
    )
    if (end >= 0) return end
    return this.#encode(this.#template(tick, mode, isSnapshot, true), tick, identity, target, at)
  }

  #template(tick: Tick, mode: Mode, isSnapshot: boolean, isWide: boolean): Template {
    const present = mode === MODE_LTP ? tick.present & LTP_MODE_BITS : tick.present
    const key =
      present |
      (mode << VALUE_COUNT) |
      (isSnapshot ? 1 << (VALUE_COUNT + 2) : 0) |
      (isWide ? 1 << (VALUE_COUNT + 3) : 0)
    let template = this.#templates.get(key)
    if (template === undefined) {
      template = buildTemplate(mode, present, isSnapshot, isWide)
      this.#templates.set(key, template)
    }
    return template
  }

  /** Returns the end, or -1 when a count does not fit the template. */
  #encode(
    template: Template,
    tick: Tick,
    identity: Uint8Array,
    target: PackTarget,
    start: number,
  ): number {
    const { bytes, view } = target
    const values = tick.values
    bytes[start] = MAP16
    bytes[start + 1] = 0
    bytes[start + 2] = template.entries
    bytes.set(identity, start + 3)
    const at = start + 3 + identity.length
    bytes.set(template.bytes, at)
    view.setUint32(at + template.seqAt, tick.seq)
    view.setUint32(at + template.epochAt, tick.epoch)
    view.setFloat64(at + template.receiveTimeAt, tick.receiveTimeUs)
    const { floats, counts, isWide } = template
    for (let i = 0; i < floats.length; i += 2) {
      view.setFloat64(at + floats[i + 1]!, values[floats[i]!]!)
    }
    for (let i = 0; i < counts.length; i += 2) {
      const count = values[counts[i]!]!
      if (isWide) view.setFloat64(at + counts[i + 1]!, count)
      else if (isUint32(count)) view.setUint32(at + counts[i + 1]!, count)
      else return -1
    }
    const end = at + template.bytes.length
    return template.isDepth ? writeDepth(tick, isWide, target, end) : end
  }
}

function isUint32(count: number): boolean {
  return count >= 0 && count <= UINT32_MAX && Math.floor(count) === count
}

function writeDepth(tick: Tick, isWide: boolean, target: PackTarget, start: number): number {
  const middle = writeSide(tick, SIDES.buy, 0, tick.buyLevels, isWide, target, start)
  if (middle < 0) return -1
  const sellFrom = tick.levelsMax * LEVEL_WORDS
  return writeSide(tick, SIDES.sell, sellFrom, tick.sellLevels, isWide, target, middle)
}

function writeSide(
  tick: Tick,
  key: Uint8Array,
  firstWord: number,
  levels: number,
  isWide: boolean,
  target: PackTarget,
  start: number,
): number {
  const { bytes, view } = target
  const level = isWide ? WIDE_LEVEL : NARROW_LEVEL
  const depth = tick.depth
  bytes.set(key, start)
  let at = writeArrayHeader(bytes, start + key.length, levels)
  for (let i = 0, word = firstWord; i < levels; i++, word += LEVEL_WORDS) {
    const quantity = depth[word + 1]!
    const orders = depth[word + 2]!
    bytes.set(level.bytes, at)
    view.setFloat64(at + level.priceAt, depth[word]!)
    if (isWide) {
      view.setFloat64(at + level.quantityAt, quantity)
      view.setFloat64(at + level.ordersAt, orders)
    } else if (isUint32(quantity) && isUint32(orders)) {
      view.setUint32(at + level.quantityAt, quantity)
      view.setUint32(at + level.ordersAt, orders)
    } else return -1
    at += level.bytes.length
  }
  return at
}
