/** The subscribed texts that are not full topics: each selects the topics that begin with it. */
export class Prefixes {
  readonly #max: number
  readonly #texts = new Set<string>()
  /** How many there are of each length: only these need to be tried. */
  readonly #lengths = new Map<number, number>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#texts.size
  }

  /** All of them, as they are now. */
  texts(): string[] {
    return [...this.#texts]
  }

  hasRoomFor(text: string): boolean {
    return this.#texts.size < this.#max || this.#texts.has(text)
  }

  /** False where it was there already, or there is no room. */
  add(text: string): boolean {
    if (this.#texts.has(text) || !this.hasRoomFor(text)) return false
    this.#texts.add(text)
    this.#lengths.set(text.length, (this.#lengths.get(text.length) ?? 0) + 1)
    return true
  }

  /** False where it was not there. */
  remove(text: string): boolean {
    if (!this.#texts.delete(text)) return false
    const count = this.#lengths.get(text.length)! - 1
    if (count === 0) this.#lengths.delete(text.length)
    else this.#lengths.set(text.length, count)
    return true
  }

  /** Whether one of them selects this topic. Topics of one broker are selected only by a prefix that has the slash. */
  select(topic: string): boolean {
    if (this.#texts.size === 0) return false
    const lengthMin = topic.indexOf('/') + 1
    for (const length of this.#lengths.keys()) {
      if (length < lengthMin || length > topic.length) continue
      if (this.#texts.has(topic.slice(0, length))) return true
    }
    return false
  }
}
