// Builds frames of the Kite ticker by offset, and collects what the decoder delivers.
import { decodeKite } from '../../codecs/kite.ts'
import type { Interpreted } from '../../codecs/layout.ts'
import { describeTick, Tick, type TickSink } from '../../codecs/tick.ts'

export const LTP_LENGTH = 8
export const INDEX_QUOTE_LENGTH = 28
export const INDEX_FULL_LENGTH = 32
export const QUOTE_LENGTH = 44
export const FULL_LENGTH = 184
export const KNOWN_LENGTHS = [
  LTP_LENGTH,
  INDEX_QUOTE_LENGTH,
  INDEX_FULL_LENGTH,
  QUOTE_LENGTH,
  FULL_LENGTH,
] as const

/** Where the book lies in a full packet: five bids, then five asks, of 12 bytes each. */
export const BOOK_AT = 64
export const LEVEL_LENGTH = 12
export const SIDE_LEVELS = 5

/** A token of the cash segment, whose prices are in hundredths. */
export const SHARE = 738561

/** A packet of zeros with these 32-bit words, negative or not, by offset. */
export function packet(
  length: number,
  token: number,
  words: Readonly<Record<number, number>> = {},
): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32BE(token, 0)
  for (const [offset, word] of Object.entries(words))
    bytes.writeUInt32BE(word >>> 0, Number(offset))
  return bytes
}

/** The words of one depth entry; `level` 0 to 4 are bids, 5 to 9 asks. */
export function levelWords(level: number, quantity: number, price: number, orders: number) {
  const at = BOOK_AT + level * LEVEL_LENGTH
  return { [at]: quantity, [at + 4]: price, [at + 8]: orders << 16 }
}

/** The frame of these packets; `announced` is the packet count in its head. */
export function frameOf(packets: readonly Uint8Array[], announced = packets.length): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(announced)
  const prefixed = packets.flatMap((bytes) => {
    const prefix = Buffer.alloc(2)
    prefix.writeUInt16BE(bytes.length)
    return [prefix, bytes]
  })
  return Buffer.concat([head, ...prefixed])
}

/** Everything the decoder delivers for a frame, in the shape of the layout's interpreter. */
export function decode(frame: Uint8Array, levelsMax = SIDE_LEVELS): Interpreted {
  const found: Interpreted = { ticks: [], rejects: [] }
  const tick = new Tick(levelsMax)
  // What a tick of an earlier frame may have left behind must never show.
  tick.values.fill(7777)
  tick.depth.fill(7777)
  tick.present = 0x1fffff
  tick.segment = 9
  const sink: TickSink = {
    tick,
    emit() {
      found.ticks.push(describeTick(tick))
    },
    reject(reason, offset) {
      found.rejects.push({ reason, offset })
    },
  }
  decodeKite(frame, sink)
  return found
}
