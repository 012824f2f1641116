import { type PackTarget, packTarget } from '../../codecs/msgpack.ts'
import type { Arena } from './router.ts'

/** Something with frames waiting for the end of the drain. */
export interface Waiting {
  flush(bytes: Uint8Array): void
}

/**
 * What one drain of the rings has produced and not yet sent: the encoded ticks, and who waits for them. Everything
 * is sent at the end of a drain, or earlier when the arena is full, so the bytes can be reused at once: the
 * WebSocket server copies what it is given.
 */
export class Outbox implements Arena {
  readonly target: PackTarget
  #end = 0
  #waiting: Waiting[] = []

  constructor(arenaBytes: number) {
    this.target = packTarget(arenaBytes)
  }

  reserve(bytes: number): number {
    if (this.#end + bytes > this.target.bytes.length) this.flush()
    return this.#end
  }

  commit(end: number): void {
    this.#end = end
  }

  /** Takes bytes that are encoded already; returns where they begin. */
  put(bytes: Uint8Array): number {
    const start = this.reserve(bytes.length)
    this.target.bytes.set(bytes, start)
    this.#end = start + bytes.length
    return start
  }

  /** Called by a receiver when its first frame of this drain is queued. */
  add(waiting: Waiting): void {
    this.#waiting.push(waiting)
  }

  flush(): void {
    const waiting = this.#waiting
    for (let i = 0; i < waiting.length; i++) waiting[i]!.flush(this.target.bytes)
    waiting.length = 0
    this.#end = 0
  }
}
