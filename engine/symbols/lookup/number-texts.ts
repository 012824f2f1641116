// Numbers as text, kept as bytes: a list has few lot sizes, tick sizes, strikes and days, each in many rows.

/** More than the different numbers of rows that lie together, and so few that all stay in the processor's cache. */
const SLOTS = 1024
/** Bytes of a slot: the first tells the length of the text after it. */
const SLOT_BYTES = 16
const TEXT_BYTES_MAX = SLOT_BYTES - 1
/** Knuth's multiplicative hash. */
const KNUTH = 0x9e3779b1
const SHIFT = 32 - Math.log2(SLOTS)

function putText(to: Uint8Array, at: number, text: string): number {
  for (let next = 0; next < text.length; next++) to[at + next] = text.charCodeAt(next)
  return at + text.length
}

/** The texts of the numbers seen last; a number that shares its slot with another takes it over. */
export class NumberTexts {
  readonly #format: (value: number) => string
  readonly #values = new Float64Array(SLOTS).fill(Number.NaN)
  readonly #bytes = new Uint8Array(SLOTS * SLOT_BYTES)
  readonly #scratch = new Float64Array(1)
  readonly #words = new Int32Array(this.#scratch.buffer)

  /** `format` makes ASCII of a number. */
  constructor(format: (value: number) => string) {
    this.#format = format
  }

  /** Writes the text of a number from a place on and returns where it ended. */
  put(to: Uint8Array, at: number, value: number): number {
    this.#scratch[0] = value
    const hash = Math.imul(this.#words[0]! ^ Math.imul(this.#words[1]!, KNUTH), KNUTH)
    const slot = hash >>> SHIFT
    if (this.#values[slot] !== value) {
      const text = this.#format(value)
      if (text.length > TEXT_BYTES_MAX) return putText(to, at, text)
      this.#keep(slot, value, text)
    }
    const bytes = this.#bytes
    const start = slot * SLOT_BYTES + 1
    const length = bytes[start - 1]!
    for (let next = 0; next < length; next++) to[at + next] = bytes[start + next]!
    return at + length
  }

  #keep(slot: number, value: number, text: string): void {
    const start = slot * SLOT_BYTES + 1
    this.#bytes[start - 1] = text.length
    putText(this.#bytes, start, text)
    this.#values[slot] = value
  }
}
