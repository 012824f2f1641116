// The keys that one thread knows: digests, and whose they are.
import { hash, timingSafeEqual } from 'node:crypto'
import type { KeyRecord } from './keys.ts'

export const KEY_LENGTH_MAX = 256

interface Entry {
  readonly record: KeyRecord
  readonly digest: Buffer
}

export class KeyRing {
  /** Is told of the keys that are known from now on. */
  onChange: ((records: readonly KeyRecord[]) => void) | null = null
  #entries: readonly Entry[] = []

  constructor(records: readonly KeyRecord[] = []) {
    this.use(records)
  }

  /** Knows these keys from now on, and no others. */
  use(records: readonly KeyRecord[]): void {
    this.#entries = records.map((record) => ({ record, digest: Buffer.from(record.sha256, 'hex') }))
    this.onChange?.(records)
  }

  get records(): KeyRecord[] {
    return this.#entries.map(({ record }) => record)
  }

  /**
   * The record of a key, or null. Every key of the ring is compared in constant time, so that the time taken tells
   * neither whether one fits nor which.
   */
  verify(key: string): KeyRecord | null {
    if (key.length > KEY_LENGTH_MAX) return null
    const digest = digestOf(key)
    let found: KeyRecord | null = null
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry.record
    }
    return found
  }
}

/** The SHA-256 by which a key is known: it is kept nowhere itself. */
export function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}
