// One broker's tokens in shared memory: (segment, token) → instrument number, and back.
//
//   head      8 words: magic, version, byte length, rows, bound, capacity, 0, 0
//   slots     2 × capacity words: token, instrument number + 1 (0: the slot is free)
//   tokens    bound words, by instrument number
//   segments  bound half-words, by instrument number; 0xffff: the broker does not have the instrument
//
// A slot holds only the token: the segment is compared in `segments`, which is small enough to stay in cache.
import {
  type BlobKind,
  checkLength,
  grown,
  HEAD_WORDS,
  makeBlob,
  OWN_WORDS,
  readHead,
  tableCapacity,
} from './blob.ts'

const KIND: BlobKind = { name: 'token index', magic: 0x58494b54, version: 1 }
const ABSENT = 0xffff
/** Highest segment that can be told from an absent instrument. */
export const SEGMENT_MAX = ABSENT - 1

const byteLengthOf = (bound: number, capacity: number) =>
  HEAD_WORDS * 4 + capacity * 8 + bound * 4 + Math.ceil(bound / 2) * 4

/** First slot of a key; the high bits of a product with an odd constant spread tokens that lie close together. */
function firstSlot(segment: number, token: number, shift: number): number {
  return (Math.imul(token, 0x9e3779b1) ^ Math.imul(segment, 0x85ebca6b)) >>> shift
}

/** Read-only view, one per thread, over one broker's token index. Throws on a corrupt block. */
export class TokenIndex {
  /** Instruments of this broker. */
  readonly rows: number
  /** Instrument numbers known to this index are below this. */
  readonly bound: number
  readonly #slots: Uint32Array
  readonly #tokens: Uint32Array
  readonly #segments: Uint16Array
  readonly #mask: number
  readonly #shift: number

  constructor(buffer: SharedArrayBuffer) {
    const head = readHead(KIND, buffer)
    this.rows = head[OWN_WORDS]!
    this.bound = head[OWN_WORDS + 1]!
    const capacity = head[OWN_WORDS + 2]!
    const isTable = capacity >= 4 && (capacity & (capacity - 1)) === 0 && this.rows * 2 <= capacity
    checkLength(KIND, buffer, isTable ? byteLengthOf(this.bound, capacity) : 0)
    this.#mask = capacity - 1
    this.#shift = 32 - Math.log2(capacity)
    this.#slots = new Uint32Array(buffer, HEAD_WORDS * 4, capacity * 2)
    this.#tokens = new Uint32Array(buffer, HEAD_WORDS * 4 + capacity * 8, this.bound)
    this.#segments = new Uint16Array(
      buffer,
      HEAD_WORDS * 4 + capacity * 8 + this.bound * 4,
      this.bound,
    )
  }

  /** Instrument number of a broker's token (uint32), or -1. `segment` is 0 where tokens are unique by themselves. */
  resolve(segment: number, token: number): number {
    let slot = firstSlot(segment, token, this.#shift)
    for (;;) {
      const instrument = this.#slots[slot * 2 + 1]! - 1
      if (instrument < 0) return -1
      if (this.#slots[slot * 2] === token && this.#segments[instrument] === segment)
        return instrument
      slot = (slot + 1) & this.#mask
    }
  }

  /** True when this broker has the instrument. */
  has(instrument: number): boolean {
    return instrument >= 0 && instrument < this.bound && this.#segments[instrument] !== ABSENT
  }

  /** The broker's token of an instrument, or -1. */
  tokenOf(instrument: number): number {
    return this.has(instrument) ? this.#tokens[instrument]! : -1
  }

  /** The broker's segment of an instrument, or -1. */
  segmentOf(instrument: number): number {
    return this.has(instrument) ? this.#segments[instrument]! : -1
  }
}

/** Collects a generation's tokens and builds its index. */
export class TokenIndexBuilder {
  rows = 0
  #bound = 0
  #tokens = new Uint32Array(1024)
  #segments = new Uint16Array(1024).fill(ABSENT)

  has(instrument: number): boolean {
    return instrument < this.#bound && this.#segments[instrument] !== ABSENT
  }

  /** Adds an instrument; neither it nor its (segment, token) may have been added before. */
  add(instrument: number, segment: number, token: number): void {
    if (instrument >= this.#tokens.length) {
      const filled = this.#segments.length
      this.#tokens = grown(this.#tokens, instrument + 1)
      this.#segments = grown(this.#segments, instrument + 1).fill(ABSENT, filled)
    }
    this.#tokens[instrument] = token
    this.#segments[instrument] = segment
    this.#bound = Math.max(this.#bound, instrument + 1)
    this.rows++
  }

  build(): SharedArrayBuffer {
    const capacity = tableCapacity(this.rows)
    const buffer = makeBlob(KIND, byteLengthOf(this.#bound, capacity))
    new Uint32Array(buffer, OWN_WORDS * 4).set([this.rows, this.#bound, capacity])
    const slots = new Uint32Array(buffer, HEAD_WORDS * 4, capacity * 2)
    const shift = 32 - Math.log2(capacity)
    for (let instrument = 0; instrument < this.#bound; instrument++) {
      const segment = this.#segments[instrument]!
      if (segment === ABSENT) continue
      const token = this.#tokens[instrument]!
      let slot = firstSlot(segment, token, shift)
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & (capacity - 1)
      slots[slot * 2] = token
      slots[slot * 2 + 1] = instrument + 1
    }
    const tokensAt = HEAD_WORDS * 4 + capacity * 8
    new Uint32Array(buffer, tokensAt).set(this.#tokens.subarray(0, this.#bound))
    new Uint16Array(buffer, tokensAt + this.#bound * 4).set(this.#segments.subarray(0, this.#bound))
    return buffer
  }
}
