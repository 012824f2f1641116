/** A span is its start, its end, and the number of items in it. */
export const SPAN_WORDS = 3

/** Encoded items that wait in the outbox's arena, in their order; neighbours are joined up to a size. */
export class Spans {
  readonly words: number[] = []
  items = 0
  readonly #bytesMax: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Takes one item, which lies from `start` to `end`. */
  add(start: number, end: number): void {
    const { words } = this
    this.items += 1
    const last = words.length - SPAN_WORDS
    if (last >= 0 && words[last + 1] === start && end - words[last]! <= this.#bytesMax) {
      words[last + 1] = end
      words[last + 2]! += 1
    } else words.push(start, end, 1)
  }

  clear(): void {
    this.words.length = 0
    this.items = 0
  }
}
