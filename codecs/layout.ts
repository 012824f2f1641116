// Layout tables: a fixed binary format as data, and the slow interpreter that reads bytes by the table alone.
// The hand-written decoders are held to it by property tests, so a wrong offset cannot hide in either.
import type { DecodedTick, DepthLevel, Mode, ValueName } from './tick.ts'
import { MODE_NAMES } from './tick.ts'

/** `price` is divided by the divisor, `count` is taken as it is, `seconds` become epoch ms with 0 absent. */
export interface FieldLayout {
  readonly name: ValueName
  readonly at: number
  readonly type: 'int32' | 'uint32'
  readonly unit: 'price' | 'count' | 'seconds'
}

export interface DepthLayout {
  readonly buyAt: number
  readonly sellAt: number
  readonly levels: number
  /** Bytes from one level to the next, and where in a level its parts lie. */
  readonly stride: number
  readonly quantityAt: number
  readonly priceAt: number
  readonly ordersAt: number
}

export interface PacketLayout {
  readonly name: string
  readonly length: number
  readonly mode: Mode
  readonly fields: readonly FieldLayout[]
  readonly depth?: DepthLayout
}

/** A frame of length-prefixed big-endian packets whose kind is their length and whose first word is the token. */
export interface FrameLayout {
  readonly heartbeatLengthMax: number
  readonly divisorBySegment: Readonly<Record<number, number>>
  readonly divisor: number
  readonly packets: readonly PacketLayout[]
}

export interface Interpreted {
  readonly ticks: DecodedTick[]
  readonly rejects: { reason: string; offset: number }[]
}

/** Reads a frame by its layout table. Slow and plain on purpose: this is the oracle, not the decoder. */
export function interpretFrame(layout: FrameLayout, frame: Uint8Array): Interpreted {
  const found: Interpreted = { ticks: [], rejects: [] }
  if (frame.length <= layout.heartbeatLengthMax) return found
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const packets = view.getUint16(0)
  let at = 2
  for (let packet = 0; packet < packets; packet++) {
    if (at + 2 > frame.length) {
      found.rejects.push({ reason: 'frame ends before the length of a packet', offset: at })
      return found
    }
    const length = view.getUint16(at)
    at += 2
    if (at + length > frame.length) {
      found.rejects.push({ reason: 'packet is longer than its frame', offset: at })
      return found
    }
    const kind = layout.packets.find((candidate) => candidate.length === length)
    if (kind) found.ticks.push(interpretPacket(layout, kind, view, at))
    else found.rejects.push({ reason: 'unknown packet length', offset: at })
    at += length
  }
  if (at !== frame.length) found.rejects.push({ reason: 'bytes after the last packet', offset: at })
  return found
}

function interpretPacket(
  layout: FrameLayout,
  kind: PacketLayout,
  view: DataView,
  start: number,
): DecodedTick {
  const token = view.getUint32(start)
  const divisor = layout.divisorBySegment[token % 256] ?? layout.divisor
  const tick: DecodedTick = { token: String(token), mode: MODE_NAMES[kind.mode] }
  for (const field of kind.fields) {
    const at = start + field.at
    const raw = field.type === 'int32' ? view.getInt32(at) : view.getUint32(at)
    if (field.unit === 'price') tick[field.name] = raw / divisor
    else if (field.unit === 'count') tick[field.name] = raw
    else if (raw !== 0) tick[field.name] = raw * 1000
  }
  if (kind.depth) {
    const buy = interpretSide(kind.depth, view, start + kind.depth.buyAt, divisor)
    const sell = interpretSide(kind.depth, view, start + kind.depth.sellAt, divisor)
    tick.depth = { buy, sell }
    if (buy[0]?.quantity) Object.assign(tick, { bid: buy[0].price, bidQty: buy[0].quantity })
    if (sell[0]?.quantity) Object.assign(tick, { ask: sell[0].price, askQty: sell[0].quantity })
  } else if (tick.mode === 'depth') tick.depth = { buy: [], sell: [] }
  return tick
}

function interpretSide(
  depth: DepthLayout,
  view: DataView,
  start: number,
  divisor: number,
): DepthLevel[] {
  const levels = Array.from({ length: depth.levels }, (_, level) => {
    const at = start + level * depth.stride
    return {
      price: view.getInt32(at + depth.priceAt) / divisor,
      quantity: view.getUint32(at + depth.quantityAt),
      orders: view.getUint16(at + depth.ordersAt),
    }
  })
  while (levels.length > 0 && levels.at(-1)!.price === 0 && levels.at(-1)!.quantity === 0)
    levels.pop()
  return levels
}
