// JSON written straight into bytes: numbers as JavaScript prints them, and constant texts eight bytes at a time.
//
// A text put together of parts costs more than the numbers in it, and a socket needs bytes in the end. Constant texts
// are kept as float64 words: one store moves eight characters, and no eight ASCII characters are a NaN, whose bits
// could change on the way.

const ZERO = 0x30
const MINUS = 0x2d
const POINT = 0x2e
const WORD_BYTES = 8
/** Most that a written text leaves behind its end, where the next one will be written. */
export const OVERRUN_BYTES = WORD_BYTES
/** Longest number: `-2.2250738585072014e-308`. */
export const NUMBER_BYTES_MAX = 24
// From 1e21 on JavaScript prints an exponent, and above 2^53 digits are no longer a matter of division.
const WHOLE_MAX = Number.MAX_SAFE_INTEGER
// A decimal of at most 15 digits is the shortest that reads back as its double, which is what JavaScript prints.
const SCALED_MAX = 1e15
const EIGHT_DIGITS = 100_000_000

/** Two digits for each number below 100. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, at) => {
  const number = at >> 1
  return ZERO + (at & 1 ? number % 10 : Math.floor(number / 10))
})

/** Constant ASCII texts, each known by its place in the list. */
export class Texts {
  /** First word of each text, and of the end. */
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly words: Float64Array

  /** Throws a RangeError for a text that is not ASCII. */
  constructor(texts: readonly string[]) {
    this.starts = new Int32Array(texts.length + 1)
    this.lengths = Int32Array.from(texts, (text) => text.length)
    const sizes = texts.map((text) => Math.ceil(text.length / WORD_BYTES))
    for (let i = 0; i < texts.length; i++) this.starts[i + 1] = this.starts[i]! + sizes[i]!
    this.words = new Float64Array(this.starts[texts.length]!)
    texts.forEach((text, i) => {
      if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError(`not ASCII: ${text}`)
      const bytes = new Uint8Array(sizes[i]! * WORD_BYTES)
      bytes.set(new TextEncoder().encode(text))
      const view = new DataView(bytes.buffer)
      for (let word = 0; word < sizes[i]!; word++) {
        this.words[this.starts[i]! + word] = view.getFloat64(word * WORD_BYTES)
      }
    })
  }

  /** Writes text `i` at `at` and returns its end; up to `OVERRUN_BYTES` behind it are overwritten. */
  write(i: number, view: DataView, at: number): number {
    const { words } = this
    const end = this.starts[i + 1]!
    let to = at
    for (let word = this.starts[i]!; word < end; word++, to += WORD_BYTES) {
      view.setFloat64(to, words[word]!)
    }
    return at + this.lengths[i]!
  }
}

/** Writes a number as `JSON.stringify` prints it and returns the end; `at` has `NUMBER_BYTES_MAX` bytes of room. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at] = MINUS
    return writePositive(bytes, at + 1, -value)
  }
  return writePositive(bytes, at, value)
}

function writePositive(bytes: Uint8Array, at: number, value: number): number {
  if (value <= WHOLE_MAX && Math.floor(value) === value) return writeWhole(bytes, at, value)
  const hundredths = Math.round(value * 100)
  if (hundredths < SCALED_MAX && hundredths / 100 === value) {
    const whole = Math.floor(hundredths / 100)
    return writeFraction(bytes, writeWhole(bytes, at, whole), hundredths - whole * 100)
  }
  const finest = Math.round(value * 10_000)
  if (finest < SCALED_MAX && finest / 10_000 === value) {
    const whole = Math.floor(finest / 10_000)
    const rest = finest - whole * 10_000
    const upper = Math.floor(rest / 100)
    const point = writeWhole(bytes, at, whole)
    bytes[point] = POINT
    bytes[point + 1] = PAIRS[upper * 2]!
    bytes[point + 2] = PAIRS[upper * 2 + 1]!
    // Two more digits are there, or hundredths would have done.
    return writeFraction(bytes, point + 2, rest - upper * 100, PAIRS[upper * 2 + 1]!)
  }
  return writeText(bytes, at, String(value))
}

/** Writes 1 to 99 hundredths behind a point, or behind `lead` in its place, without a last zero. */
function writeFraction(bytes: Uint8Array, at: number, hundredths: number, lead = POINT): number {
  bytes[at] = lead
  bytes[at + 1] = PAIRS[hundredths * 2]!
  const last = PAIRS[hundredths * 2 + 1]!
  if (last === ZERO) return at + 2
  bytes[at + 2] = last
  return at + 3
}

/** Writes a whole number from 0 to 2^53 - 1 and returns the end. */
export function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < EIGHT_DIGITS) return writeShort(bytes, at, value | 0)
  const upper = Math.floor(value / EIGHT_DIGITS)
  let rest = (value - upper * EIGHT_DIGITS) | 0
  const middle =
    upper < EIGHT_DIGITS ? writeShort(bytes, at, upper | 0) : writeWhole(bytes, at, upper)
  for (let to = middle + 6; to >= middle; to -= 2) {
    const next = (rest / 100) | 0
    const pair = (rest - next * 100) * 2
    bytes[to] = PAIRS[pair]!
    bytes[to + 1] = PAIRS[pair + 1]!
    rest = next
  }
  return middle + 8
}

/** Writes a whole number below 10^8. */
function writeShort(bytes: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value)
  let rest = value
  let to = end
  while (rest >= 100) {
    const next = (rest / 100) | 0
    const pair = (rest - next * 100) * 2
    to -= 2
    bytes[to] = PAIRS[pair]!
    bytes[to + 1] = PAIRS[pair + 1]!
    rest = next
  }
  if (rest >= 10) {
    bytes[to - 2] = PAIRS[rest * 2]!
    bytes[to - 1] = PAIRS[rest * 2 + 1]!
  } else bytes[to - 1] = ZERO + rest
  return end
}

function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4
  return value < 1_000_000 ? (value < 100_000 ? 5 : 6) : value < 10_000_000 ? 7 : 8
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + text.length
}
