// Walks the stream's msgpack without making objects, so that a bench measures the engine and not its reader: of each
// map it keeps the token, the seq, when it was received, and how many ticks a gap has lost.

const FIXED_MAP = 0x80
const FIXED_MAP_END = 0x8f
const FIXED_TEXT = 0xa0
const FIXED_TEXT_END = 0xbf
const TEXT8 = 0xd9
const ARRAY16 = 0xdc
const MAP16 = 0xde
const FLOAT64 = 0xcb
const UINT8 = 0xcc
const UINT16 = 0xcd
const UINT32 = 0xce
// Bytes of a value by its type, the type's own included, where all of the type are equally long; 0 where not.
const LENGTHS = new Uint8Array(256)
LENGTHS.fill(1, 0, 0x80)
for (const [type, length] of [
  [0xc0, 1],
  [0xc2, 1],
  [0xc3, 1],
  [UINT8, 2],
  [UINT16, 3],
  [UINT32, 5],
  [FLOAT64, 9],
] as const) {
  LENGTHS[type] = length
}

// The first four letters of the keys that matter, and how long they are: no other key of the stream begins so.
const word = (text: string) => Buffer.from(text, 'latin1').readUInt32BE()
const TOKEN = word('toke')
const SEQ_VALUE = word(`seq${String.fromCharCode(UINT32)}`)
const LOST = word('lost')
const RECEIVE_TIME = word('rece')

export class PackedReader {
  /** The token of the last tick, a number as Kite's are; 0 after an event. */
  token = 0
  seq = 0
  /** Epoch microseconds at which the engine received the last tick. */
  receiveTimeUs = 0
  /** Ticks lost, as the last gap says; 0 after a tick. */
  lost = 0
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** Takes other bytes to walk, and returns how many items the array at their start holds. */
  open(bytes: Uint8Array): number {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return bytes[0] === ARRAY16 ? this.#view.getUint16(1) : 1
  }

  /** Reads the tick or event that begins at `start`, and returns where it ends. */
  read(start: number): number {
    const view = this.#view
    this.token = 0
    this.lost = 0
    let entries = view.getUint8(start) & 0x0f
    let at = start + 1
    if (view.getUint8(start) === MAP16) {
      entries = view.getUint16(start + 1)
      at = start + 3
    }
    for (; entries > 0; entries--) {
      const valueAt = at + 1 + (view.getUint8(at) - FIXED_TEXT)
      const first = view.getUint32(at + 1)
      if (first === TOKEN) this.token = this.#digits(valueAt)
      else if (first === SEQ_VALUE) this.seq = view.getUint32(valueAt + 1)
      else if (first === RECEIVE_TIME) this.receiveTimeUs = this.#number(valueAt)
      else if (first === LOST) this.lost = this.#number(valueAt)
      at = this.#skip(valueAt)
    }
    return at
  }

  /** A text of up to 31 digits. */
  #digits(at: number): number {
    const end = at + 1 + (this.#view.getUint8(at) & 0x1f)
    let value = 0
    for (let i = at + 1; i < end; i++) value = value * 10 + this.#view.getUint8(i) - 48
    return value
  }

  #number(at: number): number {
    const type = this.#view.getUint8(at)
    if (type === FLOAT64) return this.#view.getFloat64(at + 1)
    if (type === UINT32) return this.#view.getUint32(at + 1)
    if (type === UINT16) return this.#view.getUint16(at + 1)
    return type === UINT8 ? this.#view.getUint8(at + 1) : type
  }

  #skip(at: number): number {
    const type = this.#view.getUint8(at)
    const length = LENGTHS[type]!
    if (length > 0) return at + length
    if (type >= FIXED_TEXT && type <= FIXED_TEXT_END) return at + 1 + (type & 0x1f)
    if (type === TEXT8) return at + 2 + this.#view.getUint8(at + 1)
    if (type === ARRAY16) return this.#skipMany(at + 3, this.#view.getUint16(at + 1))
    if (type >= FIXED_MAP && type <= FIXED_MAP_END) {
      return this.#skipMany(at + 1, (type & 0x0f) * 2)
    }
    throw new Error(`msgpack type 0x${type.toString(16)} is not part of the stream`)
  }

  #skipMany(start: number, values: number): number {
    let at = start
    for (let i = 0; i < values; i++) at = this.#skip(at)
    return at
  }
}
