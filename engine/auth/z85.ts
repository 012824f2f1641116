// Z85, the text form of binary keys (ZeroMQ RFC 32): four bytes, as one big-endian number, are five digits of base 85.

const DIGITS =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const BYTES = 4
const CHARACTERS = 5
const NUMBER_MAX = 0xffff_ffff

/** The Z85 text of bytes. Throws a RangeError unless their count is a multiple of 4. */
export function encodeZ85(bytes: Uint8Array): string {
  if (bytes.length % BYTES !== 0)
    throw new RangeError(`Z85 writes multiples of ${BYTES} bytes, not ${bytes.length}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += BYTES) text += digitsOf(view.getUint32(at))
  return text
}

function digitsOf(number: number): string {
  let digits = ''
  for (let rest = number; digits.length < CHARACTERS; rest = Math.floor(rest / DIGITS.length))
    digits = DIGITS[rest % DIGITS.length] + digits
  return digits
}

/** The bytes of a Z85 text, or null when it is none. */
export function decodeZ85(text: string): Uint8Array | null {
  if (text.length % CHARACTERS !== 0) return null
  const view = new DataView(new ArrayBuffer((text.length / CHARACTERS) * BYTES))
  for (let at = 0; at < text.length; at += CHARACTERS) {
    const number = numberOf(text.slice(at, at + CHARACTERS))
    if (number === null) return null
    view.setUint32((at / CHARACTERS) * BYTES, number)
  }
  return new Uint8Array(view.buffer)
}

function numberOf(digits: string): number | null {
  let number = 0
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit)
    if (value < 0) return null
    number = number * DIGITS.length + value
  }
  return number > NUMBER_MAX ? null : number
}
