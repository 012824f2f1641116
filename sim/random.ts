// A small seeded generator: a Weyl sequence whose states are scrambled. The two halves are apart, so that
// thousands of streams can keep their states in one typed array.

const INCREMENT = 0x6d2b79f5

/** The state that follows `state`; any 32-bit whole number will do as the first. */
export function nextState(state: number): number {
  return (state + INCREMENT) | 0
}

/** The draw that belongs to a state: a uint32, evenly spread. */
export function scramble(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}

/** One stream of draws; the same seed gives the same draws. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A uint32. */
  next(): number {
    this.#state = nextState(this.#state)
    return scramble(this.#state)
  }

  /** A whole number from 0 up to, and without, `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit)
  }
}
