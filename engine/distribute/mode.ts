import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type Mode } from '../../codecs/tick.ts'

/** OpenAlgo's labels, as its acknowledgements print them. */
export const MODE_LABELS = ['', 'LTP', 'Quote', 'Depth'] as const

const BY_LABEL: Readonly<Record<string, Mode>> = {
  ltp: MODE_LTP,
  quote: MODE_QUOTE,
  depth: MODE_DEPTH,
}

/** Reads a mode as OpenAlgo's clients write it, 1 to 3 or a label of any case, or says what is wrong with it. */
export function readMode(value: unknown): { mode: Mode } | { error: string } {
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value === MODE_LTP || value === MODE_QUOTE || value === MODE_DEPTH) return { mode: value }
    return { error: `Invalid mode ${value}; expected 1 (LTP), 2 (Quote), or 3 (Depth)` }
  }
  if (typeof value === 'string') {
    const mode = BY_LABEL[value.trim().toLowerCase()]
    if (mode !== undefined) return { mode }
    const shown = value.slice(0, 40)
    return {
      error: `Invalid mode '${shown}'; expected 'LTP', 'Quote', or 'Depth' (case-insensitive)`,
    }
  }
  const type =
    typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float' : typeof value
  return { error: `Mode must be int or str, got ${type}` }
}
