// What a feed checks before it goes on with another index, and tells when it has.
import type { Logger } from '../observe/log.ts'
import { Catalogue } from '../symbols/catalogue.ts'
import { TokenIndex } from '../symbols/token-index.ts'

/** The shared blocks that a feed needs of a broker's index. */
export interface FeedIndex {
  readonly catalogue: SharedArrayBuffer
  readonly tokens: SharedArrayBuffer
}

/** What a swap meant for the instruments that are wanted, by their numbers. */
export interface IndexChange {
  /** Instruments of the broker. */
  readonly rows: number
  /** Have another token, by which they were subscribed anew. */
  readonly moved: readonly number[]
  /** Are no longer listed: their subscribers stay, without ticks. */
  readonly vanished: readonly number[]
  /** Are listed again, after they had vanished. */
  readonly returned: readonly number[]
}

const SYMBOLS_SHOWN = 20

/** Makes the views of an index that is to follow the one in use. Throws an error that says why it cannot. */
export function openIndex(
  { catalogue, tokens }: FeedIndex,
  inUse: Catalogue,
  instrumentsMax: number,
): { catalogue: Catalogue; tokens: TokenIndex } {
  const next = { catalogue: new Catalogue(catalogue), tokens: new TokenIndex(tokens) }
  const { size } = next.catalogue
  if (size > instrumentsMax) {
    throw new RangeError(
      `engine.instruments_max is ${instrumentsMax}, but the store holds ${size} instruments; raise it and start again`,
    )
  }
  if (size < inUse.size) {
    throw new RangeError(
      `the catalogue of ${size} instruments is older than the one of ${inUse.size} in use`,
    )
  }
  if (next.tokens.bound > size) {
    throw new RangeError(
      `the index knows ${next.tokens.bound} instruments, its catalogue only ${size}; sync again`,
    )
  }
  return next
}

/** Logs a swap, and by name the first instruments that are wanted and no longer listed. */
export function logChange(log: Logger, catalogue: Catalogue, change: IndexChange): void {
  const { rows, moved, vanished, returned } = change
  const counts = { moved: moved.length, vanished: vanished.length, returned: returned.length }
  log.info({ rows, ...counts }, 'instruments swapped')
  if (vanished.length === 0) return
  const symbols = vanished
    .slice(0, SYMBOLS_SHOWN)
    .map((instrument) => `${catalogue.exchangeOf(instrument)}:${catalogue.symbolOf(instrument)}`)
  log.warn(
    { instruments: vanished.length, symbols },
    'the broker no longer lists these: their subscribers stay, without ticks',
  )
}
