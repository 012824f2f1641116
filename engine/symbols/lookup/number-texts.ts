// Numbers as text, kept as bytes: a list has few lot sizes, tick sizes, strikes and days, each in many rows.

/** A power of two, far above the number of different strikes of most lists. */
const SLOTS = 4096
/** No number takes more than 25 characters; the first byte of a slot tells how many. */
const SLOT_BYTES = 32
const KNUTH = 0x9e3779b1
const SHIFT = 32 - Math.log2(SLOTS)

/** One text each for the numbers seen last; a number that shares its slot with another takes it over. */
export class NumberTexts {
  readonly #format: (value: number) => string
  readonly #values = new Float64Array(SLOTS).fill(Number.NaN)
  readonly #bytes = new Uint8Array(SLOTS * SLOT_BYTES)
  readonly #scratch = new Float64Array(1)
  readonly #words = new Int32Array(this.#scratch.buffer)

  /** `format` makes ASCII texts of at most 31 characters. */
  constructor(format: (value: number) => string) {
    this.#format = format
  }

  /** Writes the text of a number from `at` on and returns where it ends. */
  put(to: Uint8Array, at: number, value: number): number {
    this.#scratch[0] = value
    // Whole numbers differ in the upper word only, and decimals in both.
    const hash = Math.imul(this.#words[0]! ^ Math.imul(this.#words[1]!, KNUTH), KNUTH)
    const slot = hash >>> SHIFT
    if (this.#values[slot] !== value) this.#fill(slot, value)
    const bytes = this.#bytes
    const start = slot * SLOT_BYTES + 1
    const length = bytes[start - 1]!
    for (let byte = 0; byte < length; byte++) to[at + byte] = bytes[start + byte]!
    return at + length
  }

  #fill(slot: number, value: number): void {
    const text = this.#format(value)
    const start = slot * SLOT_BYTES + 1
    for (let at = 0; at < text.length; at++) this.#bytes[start + at] = text.charCodeAt(at)
    this.#bytes[start - 1] = text.length
    this.#values[slot] = value
  }
}
