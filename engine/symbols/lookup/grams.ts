// Which blocks of rows may hold a term: for each run of one to four bytes the blocks that it occurs in, apart for
// symbols and for the other columns. Neighbours in the order of answers look alike, so a block of them costs little
// more than a row, and what the blocks promise too much is found out by reading them.
import { COLUMN_END, type Columns } from './columns.ts'

const BLOCK_ROWS_MIN = 32
const BLOCKS_MAX = 0x10000
// Six bits tell apart what symbols are written with; other bytes share slots with them.
const BITS = 6
const BYTE_MASK = 2 ** BITS - 1
const PAIR_MASK = 2 ** (BITS * 2) - 1
const TRIPLE_MASK = 2 ** (BITS * 3) - 1
const GRAM_BYTES_MAX = 4
// Runs of four are too many for slots of their own: they share 2 ** 18 by a hash (Knuth's multiplicative one).
const QUAD_SHIFT = 32 - BITS * 3
const KNUTH = 0x9e3779b1

const PAIRS_FROM = 2 ** BITS
const TRIPLES_FROM = PAIRS_FROM + 2 ** (BITS * 2)
const QUADS_FROM = TRIPLES_FROM + 2 ** (BITS * 3)
const SLOTS = QUADS_FROM + 2 ** (BITS * 3)

/** The slot of the last `length` bytes of a run, of which `gram` holds six bits each. */
function slotOf(gram: number, length: number): number {
  if (length === 1) return gram & BYTE_MASK
  if (length === 2) return PAIRS_FROM + (gram & PAIR_MASK)
  if (length === 3) return TRIPLES_FROM + (gram & TRIPLE_MASK)
  return QUADS_FROM + (Math.imul(gram, KNUTH) >>> QUAD_SHIFT)
}

/** Calls `see` with the slots of the text's runs of `lengthMin` to four bytes, columns apart. */
function eachSlot(
  text: Uint8Array,
  from: number,
  to: number,
  lengthMin: number,
  see: (slot: number) => void,
): void {
  let run = 0
  let gram = 0
  for (let at = from; at < to; at++) {
    const byte = text[at]!
    run = byte === COLUMN_END ? 0 : run + 1
    gram = ((gram & TRIPLE_MASK) << BITS) | (byte & BYTE_MASK)
    const lengthMax = Math.min(run, GRAM_BYTES_MAX)
    for (let length = lengthMin; length <= lengthMax; length++) see(slotOf(gram, length))
  }
}

/** The slots of a term's longest runs: those of four bytes, or of fewer where it is shorter. */
function slotsOf(term: Uint8Array): number[] {
  const slots = new Set<number>()
  const length = Math.min(term.length, GRAM_BYTES_MAX)
  eachSlot(term, 0, term.length, length, (slot) => slots.add(slot))
  return [...slots]
}

/** Slot → blocks, for one group of columns. */
class Postings {
  readonly #starts: Uint32Array
  readonly #blocks: Uint16Array

  /** `visit` calls back with every slot of every block, block by block. */
  constructor(visit: (see: (slot: number, block: number) => void) => void) {
    const lastBlocks = new Int32Array(SLOTS).fill(-1)
    const ends = new Uint32Array(SLOTS + 1)
    visit((slot, block) => {
      if (lastBlocks[slot] === block) return
      lastBlocks[slot] = block
      ends[slot + 1]!++
    })
    for (let slot = 0; slot < SLOTS; slot++) ends[slot + 1]! += ends[slot]!
    this.#starts = Uint32Array.from(ends)
    this.#blocks = new Uint16Array(ends[SLOTS]!)
    lastBlocks.fill(-1)
    visit((slot, block) => {
      if (lastBlocks[slot] === block) return
      lastBlocks[slot] = block
      this.#blocks[ends[slot]!++] = block
    })
  }

  get byteLength(): number {
    return this.#starts.byteLength + this.#blocks.byteLength
  }

  /** Sets to 1 the blocks that hold all slots; `counts` is all 0 and is left so. */
  mark(slots: readonly number[], counts: Uint16Array, marks: Uint8Array): void {
    for (const slot of slots) {
      const end = this.#starts[slot + 1]!
      for (let at = this.#starts[slot]!; at < end; at++) counts[this.#blocks[at]!]!++
    }
    for (let block = 0; block < counts.length; block++) {
      if (counts[block] === slots.length) marks[block] = 1
      counts[block] = 0
    }
  }
}

/** Blocks that may hold a term, 1 or 0 by block. */
export interface TermBlocks {
  readonly inSymbol: Uint8Array
  readonly inOther: Uint8Array
}

export class GramIndex {
  /** Rows of a block, a power of two. */
  readonly blockRows: number
  readonly blocks: number
  readonly #symbols: Postings
  readonly #others: Postings
  readonly #counts: Uint16Array

  constructor(columns: Columns) {
    const { size, text, starts, symbolLengths } = columns
    let blockRows = BLOCK_ROWS_MIN
    while (size > blockRows * BLOCKS_MAX) blockRows *= 2
    this.blockRows = blockRows
    this.blocks = Math.ceil(size / blockRows)
    this.#counts = new Uint16Array(this.blocks)
    this.#symbols = new Postings((see) => {
      for (let row = 0; row < size; row++) {
        const block = Math.floor(row / blockRows)
        const start = starts[row]!
        eachSlot(text, start, start + symbolLengths[row]!, 1, (slot) => see(slot, block))
      }
    })
    this.#others = new Postings((see) => {
      for (let row = 0; row < size; row++) {
        const block = Math.floor(row / blockRows)
        const after = starts[row]! + symbolLengths[row]!
        eachSlot(text, after, starts[row + 1]!, 1, (slot) => see(slot, block))
      }
    })
  }

  get byteLength(): number {
    return this.#symbols.byteLength + this.#others.byteLength + this.#counts.byteLength
  }

  /** The blocks whose symbols, and whose other columns, may hold a term. */
  find(term: Uint8Array): TermBlocks {
    const slots = slotsOf(term)
    const inSymbol = new Uint8Array(this.blocks)
    const inOther = new Uint8Array(this.blocks)
    this.#symbols.mark(slots, this.#counts, inSymbol)
    this.#others.mark(slots, this.#counts, inOther)
    return { inSymbol, inOther }
  }
}
