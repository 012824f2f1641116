/** Fewest insertions, deletions and replacements of letters that turn one word into the other. */
function distance(from: string, to: string): number {
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(last[column]! + 1, current[column - 1]! + 1, replaced))
    }
    last = current
  }
  return last[to.length]!
}

const WORD_LENGTH_MAX = 100

/** The candidate that a mistyped word most likely meant, or undefined when none is near. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined
  let found: string | undefined
  let fewest = Math.max(2, Math.ceil(word.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    // A short candidate is not near when all of it would have to change.
    if (edits >= fewest || edits >= candidate.length) continue
    found = candidate
    fewest = edits
  }
  return found
}
