const SLAB_BYTES = 1024 * 1024
// A larger piece would leave too much of a slab unused behind it.
const PIECE_BYTES_MAX = SLAB_BYTES / 8

/**
 * Memory that is written once: zeromq.js keeps a reference to what it sends until the last subscriber's connection
 * has taken it, so no byte may be used a second time. Pieces are cut from slabs, because an allocation for each tick
 * costs more than the tick; the collector frees a slab with its last piece.
 */
export class Slab {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #end = 0

  /** A piece of fresh memory, to be filled at once. */
  take(size: number): Buffer {
    if (size > PIECE_BYTES_MAX) return Buffer.allocUnsafeSlow(size)
    if (this.#end + size > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#end = 0
    }
    const start = this.#end
    this.#end = start + size
    return this.#slab.subarray(start, this.#end)
  }

  /** A copy of the bytes from `start` to `end`. */
  copy(bytes: Uint8Array, start: number, end: number): Buffer {
    const piece = this.take(end - start)
    piece.set(bytes.subarray(start, end))
    return piece
  }
}
