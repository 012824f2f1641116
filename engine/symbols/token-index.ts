// One broker's tokens in shared memory: (segment, token) → instrument number, and back.
//
//   head        8 words: magic, version, byte length, rows, bound, capacity, text capacity, text bytes
//   slots       2 × capacity words: token, instrument number + 1 (0: the slot is free)
//   text slots  2 × text capacity words: hash, instrument number + 1 (0: the slot is free)
//   tokens      bound words, by instrument number: the token, or where in the text it stands
//   segments    bound half-words, by instrument number, filled up to whole words; 0xffff: the broker does not have
//               the instrument
//   text        per token of text: its length (1 byte) and its bytes; the first byte of the text means nothing
//   is text     bound bits, by instrument number, in words; only where there are tokens of text
//
// Numbers and texts have tables of their own: what a text needs does not slow down a number. A slot of a number
// holds only the token: the segment is compared in `segments`, which is small enough to stay in cache.
import type { Token } from '../../adapters/broker.ts'
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

const KIND: BlobKind = { name: 'token index', magic: 0x58494b54, version: 2 }
const ABSENT = 0xffff
/** Highest segment that can be told from an absent instrument. */
export const SEGMENT_MAX = ABSENT - 1
/** Longest token of text, bytes. */
export const TOKEN_TEXT_MAX = 100

interface Counts {
  readonly rows: number
  readonly bound: number
  readonly capacity: number
  readonly textCapacity: number
  readonly textBytes: number
}

/** Byte offsets of the parts of a block with these counts. */
function layout({ bound, capacity, textCapacity, textBytes }: Counts) {
  const slots = HEAD_WORDS * 4
  const textSlots = slots + capacity * 8
  const tokens = textSlots + textCapacity * 8
  const segments = tokens + bound * 4
  const text = segments + Math.ceil(bound / 2) * 4
  const isText = text + Math.ceil(textBytes / 4) * 4
  const end = isText + (textCapacity === 0 ? 0 : Math.ceil(bound / 32) * 4)
  return { slots, textSlots, tokens, segments, text, isText, end }
}

const isTableSize = (capacity: number) => capacity >= 4 && (capacity & (capacity - 1)) === 0

/** First slot of a key; the high bits of a product with an odd constant spread tokens that lie close together. */
function firstSlot(segment: number, token: number, shift: number): number {
  return (Math.imul(token, 0x9e3779b1) ^ Math.imul(segment, 0x85ebca6b)) >>> shift
}

/**
 * FNV-1a over the segment and the token's bytes. One text has a hash of its own in each segment, because every step can
 * be undone: who finds hash and text the same need not compare segments.
 */
function hashOf(segment: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(0x811c9dc5 ^ segment, 0x01000193)
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
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
  readonly #textSlots: Uint32Array
  readonly #textMask: number
  readonly #text: Buffer
  readonly #isText: Uint32Array

  constructor(buffer: SharedArrayBuffer) {
    const head = readHead(KIND, buffer)
    const counts: Counts = {
      rows: head[OWN_WORDS]!,
      bound: head[OWN_WORDS + 1]!,
      capacity: head[OWN_WORDS + 2]!,
      textCapacity: head[OWN_WORDS + 3]!,
      textBytes: head[OWN_WORDS + 4]!,
    }
    const { rows, bound, capacity, textCapacity, textBytes } = counts
    const areTables = isTableSize(capacity) && (textCapacity === 0 || isTableSize(textCapacity))
    const at = layout(counts)
    const hasRoom = rows * 2 <= capacity + textCapacity
    checkLength(KIND, buffer, areTables && hasRoom ? at.end : 0)
    this.rows = rows
    this.bound = bound
    this.#mask = capacity - 1
    this.#shift = 32 - Math.log2(capacity)
    this.#slots = new Uint32Array(buffer, at.slots, capacity * 2)
    this.#textMask = textCapacity - 1
    this.#textSlots = new Uint32Array(buffer, at.textSlots, textCapacity * 2)
    this.#tokens = new Uint32Array(buffer, at.tokens, bound)
    this.#segments = new Uint16Array(buffer, at.segments, bound)
    this.#text = Buffer.from(buffer, at.text, textBytes)
    this.#isText = new Uint32Array(buffer, at.isText, (at.end - at.isText) / 4)
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

  /** Instrument number of a broker's token of text, which are bytes `start` to `end` as they came, or -1. */
  findBytes(segment: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#textMask < 0) return -1
    const hash = hashOf(segment, bytes, start, end)
    let slot = hash & this.#textMask
    for (;;) {
      const instrument = this.#textSlots[slot * 2 + 1]! - 1
      if (instrument < 0) return -1
      if (this.#textSlots[slot * 2] === hash && this.#isToken(instrument, bytes, start, end)) {
        return instrument
      }
      slot = (slot + 1) & this.#textMask
    }
  }

  /** True when this broker has the instrument. */
  has(instrument: number): boolean {
    return instrument >= 0 && instrument < this.bound && this.#segments[instrument] !== ABSENT
  }

  /** The broker's token of an instrument as its list gave it, or null where the broker does not have it. */
  tokenOf(instrument: number): Token | null {
    if (!this.has(instrument)) return null
    const token = this.#tokens[instrument]!
    if (!this.#hasText(instrument)) return token
    return this.#text.toString('latin1', token + 1, token + 1 + this.#text[token]!)
  }

  /** The broker's token of an instrument as text, '' where the broker does not have it. */
  tokenTextOf(instrument: number): string {
    return String(this.tokenOf(instrument) ?? '')
  }

  /** The broker's segment of an instrument, or -1. */
  segmentOf(instrument: number): number {
    return this.has(instrument) ? this.#segments[instrument]! : -1
  }

  /** True when both indices have the instrument, under one segment and token. */
  agreesWith(other: TokenIndex, instrument: number): boolean {
    if (!this.has(instrument) || this.segmentOf(instrument) !== other.segmentOf(instrument)) {
      return false
    }
    const isText = this.#hasText(instrument)
    if (isText !== other.#hasText(instrument)) return false
    const token = this.#tokens[instrument]!
    if (!isText) return token === other.#tokens[instrument]
    return other.#isToken(instrument, this.#text, token + 1, token + 1 + this.#text[token]!)
  }

  #hasText(instrument: number): boolean {
    return ((this.#isText[instrument >>> 5] ?? 0) & (1 << (instrument & 31))) !== 0
  }

  #isToken(instrument: number, bytes: Uint8Array, start: number, end: number): boolean {
    const text = this.#text
    let at = this.#tokens[instrument]!
    if (text[at] !== end - start) return false
    for (let from = start; from < end; from++) {
      if (text[++at] !== bytes[from]) return false
    }
    return true
  }
}

/** Collects a generation's tokens and builds its index. */
export class TokenIndexBuilder {
  #numberRows = 0
  #textRows = 0
  #bound = 0
  /** 0 where no text stands, so the first byte is left free. */
  #textBytes = 1
  #text = new Uint8Array(1024)
  #tokens = new Uint32Array(1024)
  #textStarts = new Uint32Array(0)
  #segments = new Uint16Array(1024).fill(ABSENT)

  get rows(): number {
    return this.#numberRows + this.#textRows
  }

  has(instrument: number): boolean {
    return instrument < this.#bound && this.#segments[instrument] !== ABSENT
  }

  /**
   * Adds an instrument; neither it nor its (segment, token) may have been added before. A token of text is 1 to 100
   * characters of ASCII.
   */
  add(instrument: number, segment: number, token: Token): void {
    if (instrument >= this.#tokens.length) {
      const filled = this.#segments.length
      this.#tokens = grown(this.#tokens, instrument + 1)
      this.#segments = grown(this.#segments, instrument + 1).fill(ABSENT, filled)
    }
    this.#segments[instrument] = segment
    this.#bound = Math.max(this.#bound, instrument + 1)
    if (typeof token === 'number') {
      this.#tokens[instrument] = token
      this.#numberRows++
    } else {
      this.#addText(instrument, token)
      this.#textRows++
    }
  }

  #addText(instrument: number, token: string): void {
    if (token.length === 0 || token.length > TOKEN_TEXT_MAX) {
      throw new RangeError(
        `token ${JSON.stringify(token)} is not 1 to ${TOKEN_TEXT_MAX} characters`,
      )
    }
    this.#text = grown(this.#text, this.#textBytes + 1 + token.length)
    this.#textStarts = grown(this.#textStarts, instrument + 1)
    this.#textStarts[instrument] = this.#textBytes
    this.#text[this.#textBytes++] = token.length
    for (let at = 0; at < token.length; at++) {
      this.#text[this.#textBytes++] = token.charCodeAt(at)
    }
  }

  build(): SharedArrayBuffer {
    const counts: Counts = {
      rows: this.rows,
      bound: this.#bound,
      capacity: tableCapacity(this.#numberRows),
      textCapacity: this.#textRows === 0 ? 0 : tableCapacity(this.#textRows),
      textBytes: this.#textRows === 0 ? 0 : this.#textBytes,
    }
    const { rows, bound, capacity, textCapacity, textBytes } = counts
    const at = layout(counts)
    const buffer = makeBlob(KIND, at.end)
    const head = new Uint32Array(buffer, OWN_WORDS * 4, 5)
    head.set([rows, bound, capacity, textCapacity, textBytes])
    const tokens = new Uint32Array(buffer, at.tokens, bound)
    tokens.set(this.#tokens.subarray(0, bound))
    new Uint16Array(buffer, at.segments, bound).set(this.#segments.subarray(0, bound))
    new Uint8Array(buffer, at.text, textBytes).set(this.#text.subarray(0, textBytes))
    const isText = new Uint32Array(buffer, at.isText, (at.end - at.isText) / 4)
    const slots = new Uint32Array(buffer, at.slots, capacity * 2)
    const textSlots = new Uint32Array(buffer, at.textSlots, textCapacity * 2)
    const shift = 32 - Math.log2(capacity)
    for (let instrument = 0; instrument < bound; instrument++) {
      const segment = this.#segments[instrument]!
      if (segment === ABSENT) continue
      const textAt = this.#textStarts[instrument] ?? 0
      if (textAt === 0) {
        const token = tokens[instrument]!
        put(slots, firstSlot(segment, token, shift), token, instrument)
      } else {
        const start = textAt + 1
        const hash = hashOf(segment, this.#text, start, start + this.#text[textAt]!)
        put(textSlots, hash & (textCapacity - 1), hash, instrument)
        tokens[instrument] = textAt
        isText[instrument >>> 5]! |= 1 << (instrument & 31)
      }
    }
    return buffer
  }
}

/** Puts an entry into the first free slot from `slot` on. */
function put(slots: Uint32Array, slot: number, key: number, instrument: number): void {
  const mask = slots.length / 2 - 1
  let at = slot
  while (slots[at * 2 + 1] !== 0) at = (at + 1) & mask
  slots[at * 2] = key
  slots[at * 2 + 1] = instrument + 1
}
