// Whether a list that could be read can be right. A broker that sends half a list, or one in which a column means
// something else than yesterday, sends rows that look good one by one.

/** An exchange may lose this share of its rows without a question. */
const LOST_SHARE_MAX = 0.5
/** So few lost rows say nothing: small exchanges lose most of theirs on an expiry day. */
const LOST_ROWS_MIN = 5
/** So many rows that repeat an earlier one, and this share of the list, say that it was put together wrongly. */
const REPEATED_SHARE_MAX = 0.05
const REPEATED_ROWS_MIN = 100

/** What is known of a list after its last row. */
export interface ListFacts {
  /** Rows taken, by exchange. */
  readonly exchanges: Readonly<Record<string, number>>
  /** Rows left out because an earlier one is for the same thing. */
  readonly repeated: number
  /** `EXCHANGE:SYMBOL` of the index rows taken. */
  readonly indices: ReadonlySet<string>
}

export interface Expected {
  /** Rows by exchange of the list that is live; empty before the first. */
  readonly exchanges: Readonly<Record<string, number>>
  /** Symbols that a list with rows of this exchange must have. */
  readonly indices: Readonly<Record<string, readonly string[]>>
  /** Whether an exchange without any row counts as lost; it does not in a list of some exchanges. */
  readonly isWhole: boolean
}

/**
 * Why a list must not become the live one, a sentence with the counts, or null when it may. What it is held against
 * are the rows that are live, exchange by exchange.
 */
export function refusalOf(list: ListFacts, expected: Expected): string | null {
  const rows = Object.values(list.exchanges).reduce((sum, each) => sum + each, 0)
  if (rows === 0) return 'no row could be taken'
  return lostRows(list, expected) ?? repeatedRows(list, rows) ?? missingIndex(list, expected)
}

function lostRows({ exchanges }: ListFacts, expected: Expected): string | null {
  for (const [exchange, before] of Object.entries(expected.exchanges)) {
    const rows = exchanges[exchange] ?? 0
    if (rows === 0 && !expected.isWhole) continue
    const lost = before - rows
    if (lost < LOST_ROWS_MIN || lost <= before * LOST_SHARE_MAX) continue
    return `${exchange} had ${before} rows and would have ${rows}`
  }
  return null
}

function repeatedRows({ repeated }: ListFacts, rows: number): string | null {
  const isMuch = repeated >= REPEATED_ROWS_MIN && repeated > (rows + repeated) * REPEATED_SHARE_MAX
  return isMuch ? `${repeated} of ${rows + repeated} rows repeat an earlier one` : null
}

function missingIndex({ exchanges, indices }: ListFacts, expected: Expected): string | null {
  for (const [exchange, symbols] of Object.entries(expected.indices)) {
    if ((exchanges[exchange] ?? 0) === 0) continue
    const missing = symbols.filter((symbol) => !indices.has(`${exchange}:${symbol}`))
    if (missing.length > 0) return `${exchange} has no row for ${missing.join(', ')}`
  }
  return null
}
