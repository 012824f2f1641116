// The Protocol Buffers wire format ("Encoding" in the Protocol Buffers documentation), read in place. Readers take an
// offset and the end of the message, and return the offset behind what they read, or -1 where it is malformed: small
// integers only, so that nothing is allocated; doubles and 64-bit integers go straight into an array.

// Wire types that a tag may name in its low three bits, below the field's number; 3 and 4 are groups, which proto3
// does not have.
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const TWO_TO_32 = 4294967296
/** Bytes of a varint of 32 bits; the last has four bits to give. */
const UINT32_BYTES_MAX = 5
const UINT32_LAST_MAX = 0x0f
const VARINT_BYTES_MAX = 10

/** Why and where the last reader answered -1; `reason` is a constant text. */
export const fault = { reason: '', offset: 0 }

/** Where the value starts whose end `readLength` answered. */
export const body = { start: 0 }

/** Notes a fault and answers -1. */
export function refuse(reason: string, offset: number): -1 {
  fault.reason = reason
  fault.offset = offset
  return -1
}

// Frames are copied here to be read: that costs less than a view over each one's own buffer, and keeps none alive.
let opened = new Uint8Array(64 * 1024)
let view = new DataView(opened.buffer)

/**
 * Takes over a frame and answers the bytes to read it from, at the same offsets; good until the next frame. Behind its
 * end stand bytes of other frames, which no reader that is given that end reads.
 */
export function openFrame(frame: Uint8Array): Uint8Array {
  if (frame.length > opened.length) {
    opened = new Uint8Array(2 * frame.length)
    view = new DataView(opened.buffer)
  }
  opened.set(frame)
  return opened
}

/** Reads a double of the open frame. */
export function readDouble(at: number, end: number, into: Float64Array, index: number): number {
  if (end - at < 8) return refuse('double ends with its message', at)
  into[index] = view.getFloat64(at, true)
  return at + 8
}

/** Reads the length at `at`; answers where the value ends, and leaves in `body` where it starts. */
export function readLength(bytes: Uint8Array, at: number, end: number): number {
  let length = at < end ? bytes[at]! : 0x80
  let start = at + 1
  if (length >= 0x80) {
    length = readUint32(bytes, at, end)
    if (length < 0) return -1
    start = body.start
  }
  if (length > end - start) return refuse('field is longer than its message', at)
  body.start = start
  return start + length
}

/** Reads a varint of at most 32 bits; answers it, and leaves in `body` where it ends. */
function readUint32(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  for (let i = 0; i < UINT32_BYTES_MAX; i++) {
    if (at + i >= end) return refuse('varint ends with its message', at)
    const byte = bytes[at + i]!
    if (i === UINT32_BYTES_MAX - 1 && byte > UINT32_LAST_MAX) break
    value |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) {
      body.start = at + i + 1
      return value >>> 0
    }
  }
  return refuse('tag or length has more than 32 bits', at)
}

/** Reads a varint as a signed integer of 64 bits: the nearest double where it is past 2^53. */
export function readInt64(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Float64Array,
  index: number,
): number {
  let low = 0
  let byte = 0x80
  for (let shift = 0; byte >= 0x80 && shift < 28; shift += 7) {
    if (at >= end) return refuse('varint ends with its message', at)
    byte = bytes[at++]!
    low |= (byte & 0x7f) << shift
  }
  if (byte < 0x80) {
    into[index] = low
    return at
  }
  if (at >= end) return refuse('varint ends with its message', at)
  byte = bytes[at++]!
  low |= byte << 28
  let high = (byte & 0x7f) >> 4
  // The tenth byte has one bit to give; what stands above it falls away.
  for (let shift = 3; byte >= 0x80; shift += 7) {
    if (shift > 31) return refuse('varint has more than 10 bytes', at)
    if (at >= end) return refuse('varint ends with its message', at)
    byte = bytes[at++]!
    high |= (byte & 0x7f) << shift
  }
  into[index] = high * TWO_TO_32 + (low >>> 0)
  return at
}

/** Goes past a varint. */
function skipVarint(bytes: Uint8Array, at: number, end: number): number {
  const start = at
  while (at < end) {
    if (bytes[at++]! < 0x80) return at
    if (at - start === VARINT_BYTES_MAX) return refuse('varint has more than 10 bytes', start)
  }
  return refuse('varint ends with its message', start)
}

/**
 * Goes past a field that has no reader, tag and value. Refuses groups, field number 0, and a tag that is longer than it
 * must be: callers know fields by the one byte of their tags.
 */
export function skipField(bytes: Uint8Array, at: number, end: number): number {
  let tag = bytes[at]!
  let valueAt = at + 1
  if (tag >= 0x80) {
    tag = readUint32(bytes, at, end)
    if (tag < 0) return -1
    valueAt = body.start
    if (bytes[valueAt - 1] === 0) return refuse('tag is too long', at)
  }
  if (tag < 8) return refuse('field number is 0', at)
  switch (tag & 7) {
    case VARINT:
      return skipVarint(bytes, valueAt, end)
    case FIXED64:
      return end - valueAt < 8 ? refuse('fixed value ends with its message', at) : valueAt + 8
    case LENGTH_DELIMITED:
      return readLength(bytes, valueAt, end)
    case FIXED32:
      return end - valueAt < 4 ? refuse('fixed value ends with its message', at) : valueAt + 4
    default:
      return refuse('group or unknown wire type', at)
  }
}
