// Writes protobuf by hand, field by field. Proto3: a scalar that is absent or 0 is left out.

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIRST_CAPACITY = 1 << 16
/** More than any one field or message outside `text` adds at once. */
const SLACK_BYTES = 16

/** A buffer that is filled field by field and used again for the next frame. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #at = 0

  clear(): void {
    this.#at = 0
  }

  /** A copy of what was written: a socket may hold it for as long as its client is slow. */
  copy(): Buffer {
    const frame = Buffer.allocUnsafeSlow(this.#at)
    this.#bytes.copy(frame, 0, 0, this.#at)
    return frame
  }

  double(field: number, value: number | undefined): void {
    if (value === undefined || Object.is(value, 0)) return
    this.#tag(field, FIXED64)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  /** An int64, enum or bool; a negative one takes ten bytes. Whole numbers that a double holds. */
  varint(field: number, value: number | boolean | undefined): void {
    const number = Number(value ?? 0)
    if (number === 0) return
    this.#tag(field, VARINT)
    if (number < 0) this.#negative(number)
    else this.#number(number)
  }

  /** The value of a map's entry, which is written even where it is 0. */
  entryValue(field: number, value: number): void {
    this.#tag(field, VARINT)
    this.#number(value)
  }

  text(field: number, value: string | undefined): void {
    if (value === undefined || value === '') return
    const length = Buffer.byteLength(value)
    this.#room(length)
    this.#tag(field, LENGTH_DELIMITED)
    this.#number(length)
    this.#at += this.#bytes.write(value, this.#at, 'utf8')
  }

  /** Opens a message; `close` wants what this returns. Nothing between them is an empty message. */
  open(field: number): number {
    this.#tag(field, LENGTH_DELIMITED)
    this.#at += 1
    return this.#at
  }

  /** Puts the length before a message; one byte is kept for it, and longer ones move the message up. */
  close(start: number): void {
    const length = this.#at - start
    if (length < 0x80) {
      this.#bytes[start - 1] = length
      return
    }
    this.#room(0)
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3
    this.#bytes.copyWithin(start + more, start, this.#at)
    const end = this.#at + more
    this.#at = start - 1
    this.#number(length)
    this.#at = end
  }

  #tag(field: number, wireType: number): void {
    this.#room(0)
    this.#number(field * 8 + wireType)
  }

  #number(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = rest
  }

  /** Two's complement of 64 bits: the bits of `-value - 1`, inverted. */
  #negative(value: number): void {
    let rest = -value - 1
    for (let byte = 0; byte < 9; byte++) {
      this.#bytes[this.#at++] = 0xff - (rest % 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at++] = 1
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes + SLACK_BYTES
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(2 * needed)
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
