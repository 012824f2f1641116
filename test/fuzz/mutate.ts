// Frames made from valid ones by seeded damage.
import { SeededRandom } from '../../sim/random.ts'

/** Frames do not grow beyond this, however often ranges are doubled. */
const FRAME_BYTES_MAX = 8192
const MUTATIONS_MAX = 6
const RANGE_BYTES_MAX = 64

const ascii = (text: string) => Buffer.from(text)

/** Edges of binary fields, and of what is between two commas of a JSON text. */
const INTERESTING: readonly Uint8Array[] = [
  ...[0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff].map((byte) => Uint8Array.of(byte)),
  ...['7fff', '8000', 'ffff', '0001', '7fffffff', '80000000', 'ffffffff', '00000001'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
  // Doubles that are no numbers, least byte first and last.
  ...['000000000000f07f', '000000000000f87f', '7ff0000000000000'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
  // Varints: the longest there is, and one that never ends.
  ...['ffffffffffffffffff01', 'ffffffffffffffffffffff'].map((hex) => Buffer.from(hex, 'hex')),
  ...['"', '\\', '{', '}', '[', ']', ',', ':', '-', '.', ' ', '|', '#', '@'].map(ascii),
  ...['null', 'true', '1e999', '-0', '""', '"NaN"', '"Infinity"', '"0x10"', '\\u0000'].map(ascii),
  ...['99999999999999999999', '0.000000000000000000001', '__proto__', 'é', '"e":', '{}'].map(ascii),
]

type Mutation = (frame: Uint8Array, random: SeededRandom, frames: readonly Uint8Array[]) => Buffer

/** A range of the frame, which may be empty. */
function rangeOf(frame: Uint8Array, random: SeededRandom): [from: number, to: number] {
  const from = random.below(frame.length + 1)
  const longest = Math.min(frame.length - from, RANGE_BYTES_MAX)
  return [from, from + random.below(longest + 1)]
}

const pick = <Item>(items: readonly Item[], random: SeededRandom) =>
  items[random.below(items.length)]!

function replaced(
  frame: Uint8Array,
  from: number,
  to: number,
  ...between: readonly Uint8Array[]
): Buffer {
  return Buffer.concat([frame.subarray(0, from), ...between, frame.subarray(to)])
}

/** What may happen to a frame. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBits(frame, random) {
    const bytes = Buffer.from(frame)
    if (bytes.length === 0) return bytes
    for (let left = 1 + random.below(4); left > 0; left--) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    }
    return bytes
  },

  replaceByte(frame, random) {
    const bytes = Buffer.from(frame)
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },

  overwriteWithInteresting(frame, random) {
    const bytes = Buffer.from(frame)
    const interesting = pick(INTERESTING, random).subarray(0, bytes.length)
    bytes.set(interesting, random.below(bytes.length - interesting.length + 1))
    return bytes
  },

  insertInteresting(frame, random) {
    const at = random.below(frame.length + 1)
    return replaced(frame, at, at, pick(INTERESTING, random))
  },

  insertBytes(frame, random) {
    const at = random.below(frame.length + 1)
    const bytes = Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256))
    return replaced(frame, at, at, bytes)
  },

  truncate: (frame, random) => Buffer.from(frame.subarray(0, random.below(frame.length + 1))),

  deleteRange(frame, random) {
    const [from, to] = rangeOf(frame, random)
    return replaced(frame, from, to)
  },

  duplicateRange(frame, random) {
    const [from, to] = rangeOf(frame, random)
    return replaced(frame, to, to, frame.subarray(from, to))
  },

  moveRange(frame, random) {
    const [from, to] = rangeOf(frame, random)
    const rest = replaced(frame, from, to)
    const at = random.below(rest.length + 1)
    return replaced(rest, at, at, frame.subarray(from, to))
  },

  splice(frame, random, frames) {
    const other = pick(frames, random)
    const head = frame.subarray(0, random.below(frame.length + 1))
    return Buffer.concat([head, other.subarray(random.below(other.length + 1))])
  },

  concatenate: (frame, random, frames) => Buffer.concat([frame, pick(frames, random)]),
}

const ALL = Object.values(MUTATIONS)

/** The frame of a seed: one of `frames` after one to six mutations; the same seed gives the same frame. */
export function mutatedFrame(frames: readonly Uint8Array[], seed: number): Uint8Array {
  const random = new SeededRandom(seed)
  let frame: Uint8Array = pick(frames, random)
  // One mutation is the most frequent, because most of its frames still hold ticks.
  for (let left = 1 + random.below(1 + random.below(MUTATIONS_MAX)); left > 0; left--) {
    frame = pick(ALL, random)(frame, random, frames).subarray(0, FRAME_BYTES_MAX)
  }
  return frame
}
