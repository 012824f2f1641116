// Search by words. Every word must occur in one column of a row or be its strike; the best word decides the rank:
// 0 it is the symbol, 1 the symbol begins with it, 2 the symbol holds it, 3 another column does. Within a rank the
// order of positions is the order of answers, so each pass ends as soon as enough are found.
import { COLUMN_END, type Columns, exchangeIdOf, occurs, prefixStretches } from './columns.ts'
import type { GramIndex } from './grams.ts'

const NUMBER = /^\d+(\.\d+)?$/

/** The words of a query, upper case, each once. */
export function termsOf(query: string): string[] {
  return [...new Set(query.toUpperCase().split(/\s+/))].filter((term) => term !== '')
}

/** The strike that a word says, or NaN; nothing has a strike of 0. */
export function strikeOf(term: string): number {
  return (NUMBER.test(term) && Number(term)) || Number.NaN
}

interface Term {
  readonly bytes: Buffer
  readonly strike: number
  /** Blocks whose symbols may hold the word. */
  readonly inSymbol: Uint8Array
  /** Blocks with rows that the word may fit although their symbols do not hold it. */
  readonly inOther: Uint8Array
}

function makeTerm(term: string, grams: GramIndex): Term {
  const bytes = Buffer.from(term)
  const strike = strikeOf(term)
  const { inSymbol, inOther } = grams.find(bytes)
  // A symbol holds its strike in the shortest form, which is not always the form of the word.
  const shortest = Buffer.from(String(strike))
  if (Number.isNaN(strike) || bytes.equals(shortest)) return { bytes, strike, inSymbol, inOther }
  const inStrike = grams.find(shortest).inSymbol
  return { bytes, strike, inSymbol, inOther: inOther.map((mark, at) => mark | inStrike[at]!) }
}

class Search {
  readonly found: number[] = []
  readonly #columns: Columns
  readonly #text: Buffer
  readonly #grams: GramIndex
  readonly #terms: readonly Term[]
  /** Blocks that may hold all words, anywhere and outside of symbols. */
  readonly #anywhere: Uint8Array
  readonly #outside: Uint8Array
  /** -1: all exchanges. */
  readonly #exchangeId: number
  readonly #max: number
  readonly #seen = new Set<number>()

  constructor(
    columns: Columns,
    grams: GramIndex,
    terms: readonly string[],
    exchangeId: number,
    max: number,
  ) {
    const { text } = columns
    this.#columns = columns
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    this.#grams = grams
    this.#exchangeId = exchangeId
    this.#max = max
    this.#terms = terms.map((term) => makeTerm(term, grams))
    this.#anywhere = new Uint8Array(grams.blocks).fill(1)
    this.#outside = new Uint8Array(grams.blocks).fill(1)
    for (const { inSymbol, inOther } of this.#terms) {
      for (let block = 0; block < grams.blocks; block++) {
        this.#anywhere[block]! &= inSymbol[block]! | inOther[block]!
        this.#outside[block]! &= inOther[block]!
      }
    }
  }

  get isFull(): boolean {
    return this.found.length >= this.#max
  }

  /** Rank 0: symbols that are a word. */
  takeExact(): void {
    for (const { bytes } of this.#terms) {
      const { length } = bytes
      for (const { from, to } of prefixStretches(this.#columns, bytes, length, length)) {
        this.#take(from, to)
      }
    }
    this.found.sort((a, b) => a - b)
  }

  /** Rank 1. Prefixes of two words are apart or one holds the other, so taking them by position is enough. */
  takePrefixed(): void {
    const stretches = this.#terms.flatMap(({ bytes }) => [
      ...prefixStretches(this.#columns, bytes, bytes.length + 1),
    ])
    for (const { from, to } of stretches.sort((a, b) => a.from - b.from)) this.#take(from, to)
  }

  /** Rank 2. */
  takeHolding(): void {
    const { text, starts, symbolLengths } = this.#columns
    const isHeld = (position: number) => {
      const start = starts[position]!
      const end = start + symbolLengths[position]!
      return this.#terms.some(({ bytes }) => occurs(text, start, end, bytes))
    }
    for (let block = 0; block < this.#grams.blocks && !this.isFull; block++) {
      if (this.#anywhere[block] === 0) continue
      if (!this.#terms.some(({ inSymbol }) => inSymbol[block] === 1)) continue
      this.#takeBlock(block, isHeld)
    }
  }

  /** Rank 3: no symbol of these holds a word. */
  takeRest(): void {
    for (let block = 0; block < this.#grams.blocks && !this.isFull; block++) {
      if (this.#outside[block] === 1) this.#takeBlock(block)
    }
  }

  /** Looks at the rows of a block, after the library's own search has seen that it holds the words. */
  #takeBlock(block: number, isWanted?: (position: number) => boolean): void {
    const { size, starts } = this.#columns
    const from = block * this.#grams.blockRows
    const to = Math.min(from + this.#grams.blockRows, size)
    const text = this.#text.subarray(starts[from], starts[to])
    const holdsAll = this.#terms.every(({ bytes, strike }) => {
      return !Number.isNaN(strike) && this.#hasStrike(from, to, strike)
        ? true
        : text.includes(bytes)
    })
    if (holdsAll) this.#take(from, to, isWanted)
  }

  #hasStrike(from: number, to: number, strike: number): boolean {
    for (let position = from; position < to; position++) {
      if (this.#columns.strikes[position] === strike) return true
    }
    return false
  }

  #take(from: number, to: number, isWanted?: (position: number) => boolean): void {
    const { blockRows } = this.#grams
    for (let position = from; position < to && !this.isFull; position++) {
      const block = Math.floor(position / blockRows)
      if (this.#anywhere[block] === 0) {
        position = (block + 1) * blockRows - 1
        continue
      }
      if (this.#seen.has(position) || !this.#matches(position)) continue
      if (isWanted !== undefined && !isWanted(position)) continue
      this.#seen.add(position)
      this.found.push(position)
    }
  }

  #matches(position: number): boolean {
    const { text, starts, strikes, exchangeIds } = this.#columns
    if (this.#exchangeId >= 0 && exchangeIds[position] !== this.#exchangeId) return false
    const from = starts[position]!
    const to = starts[position + 1]!
    return this.#terms.every(({ bytes, strike }) => {
      return strikes[position] === strike || occurs(text, from, to, bytes)
    })
  }
}

/** The positions that a query finds, best first, at most `max`; `exchange` null asks all of them. */
export function search(
  columns: Columns,
  grams: GramIndex,
  query: string,
  exchange: string | null,
  max: number,
): number[] {
  const terms = termsOf(query)
  const exchangeId = exchange === null ? -1 : exchangeIdOf(columns, exchange)
  const isHopeless = terms.some((term) => term.includes(String.fromCharCode(COLUMN_END)))
  if (terms.length === 0 || isHopeless || (exchange !== null && exchangeId < 0)) return []
  const run = new Search(columns, grams, terms, exchangeId, max)
  run.takeExact()
  run.takePrefixed()
  run.takeHolding()
  run.takeRest()
  return run.found
}
