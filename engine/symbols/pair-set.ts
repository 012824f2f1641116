// A set of pairs of uint32, without an object per entry: what tells duplicates in a list of 200,000 rows.
const FIRST_CAPACITY = 1 << 12

export class PairSet {
  #size = 0
  #capacity = FIRST_CAPACITY
  /** 3 words per slot: used, first, second. */
  #slots = new Uint32Array(FIRST_CAPACITY * 3)

  has(first: number, second: number): boolean {
    return this.#slots[this.#slotOf(first, second)] !== 0
  }

  add(first: number, second: number): void {
    const slot = this.#slotOf(first, second)
    if (this.#slots[slot] !== 0) return
    this.#slots[slot] = 1
    this.#slots[slot + 1] = first
    this.#slots[slot + 2] = second
    this.#size++
    if (this.#size * 2 > this.#capacity) this.#grow()
  }

  /** Word at which the pair stands, or would stand. */
  #slotOf(first: number, second: number): number {
    const product = Math.imul(second, 0x9e3779b1) ^ Math.imul(first, 0x85ebca6b)
    let slot = (product ^ (product >>> 15)) & (this.#capacity - 1)
    for (;;) {
      const at = slot * 3
      if (this.#slots[at] === 0) return at
      if (this.#slots[at + 1] === first && this.#slots[at + 2] === second) return at
      slot = (slot + 1) & (this.#capacity - 1)
    }
  }

  #grow(): void {
    const old = this.#slots
    this.#capacity *= 2
    this.#slots = new Uint32Array(this.#capacity * 3)
    this.#size = 0
    for (let at = 0; at < old.length; at += 3) {
      if (old[at] !== 0) this.add(old[at + 1]!, old[at + 2]!)
    }
  }
}
