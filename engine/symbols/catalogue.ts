// All instruments of all brokers in shared memory: number → exchange and symbol, and back.
//
//   head             8 words: magic, version, byte length, size, capacity, exchanges, text bytes, 0
//   slots            2 × capacity words: hash, instrument number + 1 (0: the slot is free)
//   starts           size + 1 words: where in the text each symbol begins; the last: where the text ends
//   exchange starts  exchanges + 1 words: the same for the exchange codes
//   exchange ids     size bytes, filled up to whole words; 255: the number has no instrument
//   text             ASCII: the exchange codes, then the symbols in the order of their numbers
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

const KIND: BlobKind = { name: 'instrument catalogue', magic: 0x4c544143, version: 1 }
/** Exchange id of a number without an instrument. */
const NONE = 255

interface Counts {
  readonly size: number
  readonly capacity: number
  readonly exchanges: number
  readonly textBytes: number
}

/** Byte offsets of the parts of a block with these counts. */
function layout({ size, capacity, exchanges, textBytes }: Counts) {
  const slots = HEAD_WORDS * 4
  const starts = slots + capacity * 8
  const exchangeStarts = starts + (size + 1) * 4
  const exchangeIds = exchangeStarts + (exchanges + 1) * 4
  const text = exchangeIds + Math.ceil(size / 4) * 4
  return { slots, starts, exchangeStarts, exchangeIds, text, end: text + textBytes }
}

/**
 * FNV-1a over the exchange id and the symbol's characters, all of which are ASCII. One symbol has a hash of its own at
 * each exchange, because every step can be undone: who finds hash and symbol the same need not compare exchanges.
 */
function hashOf(exchangeId: number, symbol: string): number {
  let hash = Math.imul(0x811c9dc5 ^ exchangeId, 0x01000193)
  for (let at = 0; at < symbol.length; at++) {
    hash = Math.imul(hash ^ symbol.charCodeAt(at), 0x01000193)
  }
  return (hash ^ (hash >>> 15)) >>> 0
}

/** Read-only view, one per thread, over the catalogue. Throws on a corrupt block. */
export class Catalogue {
  /** Instrument numbers are below this. */
  readonly size: number
  /** The block itself, for other threads. */
  readonly buffer: SharedArrayBuffer
  readonly #exchanges: readonly string[]
  readonly #exchangeIdOf: ReadonlyMap<string, number>
  readonly #slots: Uint32Array
  readonly #starts: Uint32Array
  readonly #exchangeIds: Uint8Array
  readonly #text: Buffer
  readonly #mask: number

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    const head = readHead(KIND, buffer)
    const size = head[OWN_WORDS]!
    const capacity = head[OWN_WORDS + 1]!
    const exchanges = head[OWN_WORDS + 2]!
    const textBytes = head[OWN_WORDS + 3]!
    const at = layout({ size, capacity, exchanges, textBytes })
    const isTable = capacity >= 4 && (capacity & (capacity - 1)) === 0 && size * 2 <= capacity
    checkLength(KIND, buffer, isTable ? at.end : 0)
    this.size = size
    this.#mask = capacity - 1
    this.#slots = new Uint32Array(buffer, at.slots, capacity * 2)
    this.#starts = new Uint32Array(buffer, at.starts, size + 1)
    this.#exchangeIds = new Uint8Array(buffer, at.exchangeIds, size)
    this.#text = Buffer.from(buffer, at.text, textBytes)
    const exchangeStarts = new Uint32Array(buffer, at.exchangeStarts, exchanges + 1)
    this.#exchanges = Array.from({ length: exchanges }, (_, id) =>
      this.#text.toString('latin1', exchangeStarts[id], exchangeStarts[id + 1]),
    )
    this.#exchangeIdOf = new Map(this.#exchanges.map((exchange, id) => [exchange, id]))
  }

  /** The symbols' bytes, where in them each begins and the last ends, and their exchanges' places in `exchanges`. */
  get columns(): { text: Buffer; starts: Uint32Array; exchangeIds: Uint8Array } {
    return { text: this.#text, starts: this.#starts, exchangeIds: this.#exchangeIds }
  }

  /** Codes of all exchanges, in no order. */
  get exchanges(): readonly string[] {
    return this.#exchanges
  }

  /** Instrument number of a symbol at an exchange, or -1. */
  find(exchange: string, symbol: string): number {
    const exchangeId = this.#exchangeIdOf.get(exchange)
    if (exchangeId === undefined) return -1
    const hash = hashOf(exchangeId, symbol)
    let slot = hash & this.#mask
    for (;;) {
      const number = this.#slots[slot * 2 + 1]! - 1
      if (number < 0) return -1
      if (this.#slots[slot * 2] === hash && this.#is(number, symbol)) return number
      slot = (slot + 1) & this.#mask
    }
  }

  /** Exchange code of an instrument. Throws a RangeError for a number that was never given out. */
  exchangeOf(instrument: number): string {
    return this.#exchanges[this.#exchangeIdFor(instrument)]!
  }

  /** Symbol of an instrument. Throws a RangeError for a number that was never given out. */
  symbolOf(instrument: number): string {
    this.#exchangeIdFor(instrument)
    return this.#text.toString('latin1', this.#starts[instrument], this.#starts[instrument + 1])
  }

  #is(number: number, symbol: string): boolean {
    const text = this.#text
    const start = this.#starts[number]!
    if (this.#starts[number + 1]! - start !== symbol.length) return false
    for (let at = 0; at < symbol.length; at++) {
      if (text[start + at] !== symbol.charCodeAt(at)) return false
    }
    return true
  }

  #exchangeIdFor(instrument: number): number {
    const exchangeId = this.#exchangeIds[instrument]
    if (exchangeId !== undefined && exchangeId !== NONE) return exchangeId
    throw new RangeError(`instrument ${instrument} is not in the catalogue of ${this.size}`)
  }
}

/**
 * Builds the catalogue from all instruments in the order of their numbers, null standing for a number without an
 * instrument. Symbols must be ASCII.
 */
export function buildCatalogue(
  instruments: Iterable<{ readonly exchange: string; readonly symbol: string } | null>,
): SharedArrayBuffer {
  const exchangeIdOf = new Map<string, number>()
  const idOf = (exchange: string): number => {
    const known = exchangeIdOf.get(exchange)
    if (known !== undefined) return known
    if (exchangeIdOf.size === NONE) throw new Error(`more than ${NONE} exchanges`)
    exchangeIdOf.set(exchange, exchangeIdOf.size)
    return exchangeIdOf.size - 1
  }
  let size = 0
  let symbolBytes = 0
  let ends = new Uint32Array(1024)
  let exchangeIds = new Uint8Array(1024)
  let hashes = new Uint32Array(1024)
  let symbols = Buffer.alloc(16 * 1024)
  for (const instrument of instruments) {
    ends = grown(ends, size + 1)
    exchangeIds = grown(exchangeIds, size + 1)
    hashes = grown(hashes, size + 1)
    exchangeIds[size] = NONE
    if (instrument !== null) {
      const { exchange, symbol } = instrument
      if (symbols.length < symbolBytes + symbol.length) {
        symbols = Buffer.concat([symbols], symbols.length * 2 + symbol.length)
      }
      symbolBytes += symbols.write(symbol, symbolBytes, 'latin1')
      exchangeIds[size] = idOf(exchange)
      hashes[size] = hashOf(exchangeIds[size]!, symbol)
    }
    ends[size++] = symbolBytes
  }
  const exchanges = [...exchangeIdOf.keys()]
  const counts: Counts = {
    size,
    capacity: tableCapacity(size),
    exchanges: exchanges.length,
    textBytes: exchanges.join('').length + symbolBytes,
  }
  return fill(counts, exchanges, { ends, exchangeIds, hashes, symbols })
}

interface Parts {
  readonly ends: Uint32Array
  readonly exchangeIds: Uint8Array
  readonly hashes: Uint32Array
  readonly symbols: Buffer
}

function fill(counts: Counts, exchanges: readonly string[], parts: Parts): SharedArrayBuffer {
  const { size, capacity, textBytes } = counts
  const at = layout(counts)
  const buffer = makeBlob(KIND, at.end)
  const head = new Uint32Array(buffer, OWN_WORDS * 4, 4)
  head.set([size, capacity, exchanges.length, textBytes])
  const slots = new Uint32Array(buffer, at.slots, capacity * 2)
  for (let number = 0; number < size; number++) {
    if (parts.exchangeIds[number] === NONE) continue
    let slot = parts.hashes[number]! & (capacity - 1)
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & (capacity - 1)
    slots[slot * 2] = parts.hashes[number]!
    slots[slot * 2 + 1] = number + 1
  }
  const text = Buffer.from(buffer, at.text, textBytes)
  const exchangeStarts = new Uint32Array(buffer, at.exchangeStarts, exchanges.length + 1)
  let end = 0
  exchanges.forEach((exchange, id) => {
    end += text.write(exchange, end, 'latin1')
    exchangeStarts[id + 1] = end
  })
  text.set(parts.symbols.subarray(0, textBytes - end), end)
  const starts = new Uint32Array(buffer, at.starts, size + 1)
  starts[0] = end
  for (let number = 0; number < size; number++) starts[number + 1] = end + parts.ends[number]!
  new Uint8Array(buffer, at.exchangeIds, size).set(parts.exchangeIds.subarray(0, size))
  return buffer
}
