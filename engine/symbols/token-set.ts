// The tokens of a list under whatever they are unique in: what tells duplicates in a list of 200,000 rows.
import type { Token } from '../../adapters/broker.ts'
import { PairSet } from './pair-set.ts'

const UINT32 = /^(0|[1-9]\d{0,9})$/
const UINT32_MAX = 0xffffffff

/** A number and a text that spells it are one token here: the store's keys hold both as text. */
export class TokenSet {
  readonly #numbers = new PairSet()
  readonly #texts = new Set<string>()

  has(group: number, token: Token): boolean {
    const number = numberOf(token)
    return number === null ? this.#texts.has(`${group} ${token}`) : this.#numbers.has(group, number)
  }

  add(group: number, token: Token): void {
    const number = numberOf(token)
    if (number === null) this.#texts.add(`${group} ${token}`)
    else this.#numbers.add(group, number)
  }
}

const numberOf = (token: Token) => (typeof token === 'number' ? token : spelledUint32(token))

/** The uint32 that a text spells, in digits and without leading zeros, else null. */
export function spelledUint32(text: string): number | null {
  const number = UINT32.test(text) ? Number(text) : Number.POSITIVE_INFINITY
  return number <= UINT32_MAX ? number : null
}
