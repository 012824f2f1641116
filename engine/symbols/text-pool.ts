// Texts one after another, each known by where it stands.
import { grown } from './blob.ts'

/** Texts that are kept to be found again; beyond them, equal texts stand twice. */
const SHARED_MAX = 50_000

/** A text's length (2 bytes, little-endian), then its bytes (UTF-8), of which there are at most 65535. */
export class TextPool {
  #bytes = new Uint8Array(64 * 1024)
  #length = 0
  readonly #encoder = new TextEncoder()
  readonly #shared = new Map<string, number>()

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Adds a text and returns where it stands. */
  add(text: string): number {
    const at = this.#length
    // UTF-8 takes at most 3 bytes for what is one character of a JavaScript string.
    this.#bytes = grown(this.#bytes, at + 2 + text.length * 3)
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(at + 2))
    this.#bytes[at] = written & 0xff
    this.#bytes[at + 1] = written >> 8
    this.#length = at + 2 + written
    return at
  }

  /** The same for a text that many rows have. */
  addShared(text: string): number {
    const known = this.#shared.get(text)
    if (known !== undefined) return known
    const at = this.add(text)
    if (this.#shared.size < SHARED_MAX) this.#shared.set(text, at)
    return at
  }
}
