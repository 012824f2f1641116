// Long answers cross from thread to core in pieces: taking one in holds the core loop, by about 0.8 µs per order.
export const PIECE_LENGTH = 500

/** A whole answer, or the first piece of one and the number under which its rest is to be had. */
export type Piece =
  | { readonly whole: unknown }
  | { readonly part: readonly unknown[]; readonly number: number | null }

/** Cuts answers, and keeps what has not been fetched. */
export class PieceBox {
  readonly #kept = new Map<number, readonly unknown[]>()
  #lastNumber = 0

  put(answer: unknown): Piece {
    if (!Array.isArray(answer) || answer.length <= PIECE_LENGTH) return { whole: answer }
    this.#lastNumber += 1
    return this.#cut(answer, this.#lastNumber)
  }

  /** The next piece. Throws where there is none. */
  next(number: number): Piece {
    const rest = this.#kept.get(number)
    if (rest === undefined) throw new Error('there is no such answer')
    return this.#cut(rest, number)
  }

  #cut(items: readonly unknown[], number: number): Piece {
    const rest = items.slice(PIECE_LENGTH)
    if (rest.length === 0) this.#kept.delete(number)
    else this.#kept.set(number, rest)
    return { part: items.slice(0, PIECE_LENGTH), number: rest.length === 0 ? null : number }
  }
}

/** Puts an answer together again. */
export async function gather(
  first: Piece,
  next: (number: number) => Promise<Piece>,
): Promise<unknown> {
  if ('whole' in first) return first.whole
  const all = [...first.part]
  for (let { number } = first; number !== null; ) {
    const piece = await next(number)
    if ('whole' in piece) return piece.whole
    for (const item of piece.part) all.push(item)
    number = piece.number
  }
  return all
}
