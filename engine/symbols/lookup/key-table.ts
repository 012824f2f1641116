// Finds a position by a text key without holding the keys: four bytes a slot, the key read back from the row.
import { tableCapacity } from '../blob.ts'

/** FNV-1a over the key's UTF-16 units. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

export class KeyTable {
  readonly #slots: Uint32Array
  readonly #keyOf: (position: number) => string

  /** Of positions with the same key the first is found. */
  constructor(size: number, keyOf: (position: number) => string) {
    this.#slots = new Uint32Array(tableCapacity(size))
    this.#keyOf = keyOf
    const mask = this.#slots.length - 1
    for (let position = 0; position < size; position++) {
      let slot = hashOf(keyOf(position)) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = position + 1
    }
  }

  get byteLength(): number {
    return this.#slots.byteLength
  }

  /** The position of a key, or -1. */
  find(key: string): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(key) & mask
    for (;;) {
      const position = this.#slots[slot]! - 1
      if (position < 0) return -1
      if (this.#keyOf(position) === key) return position
      slot = (slot + 1) & mask
    }
  }
}
