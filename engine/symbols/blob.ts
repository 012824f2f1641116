// The head of a block of shared memory: says what the block is, so that a view is never made over another one.

/** Words (uint32) of the head; a block's own counts stand at `OWN_WORDS` and after. */
export const HEAD_WORDS = 8
export const OWN_WORDS = 3

const MAGIC = 0
const VERSION = 1
const BYTE_LENGTH = 2

export interface BlobKind {
  /** For errors, for example `token index`. */
  readonly name: string
  readonly magic: number
  readonly version: number
}

/** Allots a block and writes its head. `byteLength` includes the head. */
export function makeBlob(kind: BlobKind, byteLength: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(byteLength)
  const head = new Uint32Array(buffer, 0, HEAD_WORDS)
  head[MAGIC] = kind.magic
  head[VERSION] = kind.version
  head[BYTE_LENGTH] = byteLength
  return buffer
}

/** Checks that a block is of this kind and whole, and returns its head. Throws an error that says what is wrong. */
export function readHead(kind: BlobKind, buffer: SharedArrayBuffer): Uint32Array {
  const refuse = (why: string): never => {
    throw new Error(`${kind.name} is corrupt: ${why}; sync the instruments again`)
  }
  if (buffer.byteLength < HEAD_WORDS * 4) refuse(`${buffer.byteLength} bytes hold no head`)
  const head = new Uint32Array(buffer, 0, HEAD_WORDS)
  if (head[MAGIC] !== kind.magic) refuse('it does not begin as one')
  if (head[VERSION] !== kind.version) {
    refuse(`it has layout version ${head[VERSION]}, this program reads ${kind.version}`)
  }
  if (head[BYTE_LENGTH] !== buffer.byteLength) {
    refuse(`it says ${head[BYTE_LENGTH]} bytes and has ${buffer.byteLength}`)
  }
  return head
}

/** Checks that the counts in the head give the block's length. */
export function checkLength(kind: BlobKind, buffer: SharedArrayBuffer, byteLength: number): void {
  if (buffer.byteLength === byteLength) return
  throw new Error(
    `${kind.name} is corrupt: its counts need ${byteLength} bytes and it has ${buffer.byteLength}; ` +
      'sync the instruments again',
  )
}

/** The power of two that keeps an open-addressing table of `entries` at most half full. */
export function tableCapacity(entries: number): number {
  let capacity = 4
  while (capacity < entries * 2) capacity *= 2
  return capacity
}

/** A copy of `array` at least `length` long, or `array` itself where it is long enough. */
export function grown<
  Words extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array,
>(array: Words, length: number): Words {
  if (array.length >= length) return array
  const longer = new (array.constructor as new (size: number) => Words)(
    Math.max(length, array.length * 2),
  )
  longer.set(array)
  return longer
}
