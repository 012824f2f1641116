// The instruments of one broker as look-ups see them.
import type { InstrumentRow } from '../../../adapters/broker.ts'
import type { RowWriter } from './row-writer.ts'

/** A row without what only feeds and orders need; the expiry as whole days since 1970. */
export interface ListedInstrument
  extends Pick<
    InstrumentRow,
    | 'exchange'
    | 'symbol'
    | 'name'
    | 'brokerSymbol'
    | 'brokerExchange'
    | 'strike'
    | 'lotSize'
    | 'instrumentType'
    | 'tickSize'
    | 'freezeQuantity'
  > {
  readonly instrument: number
  /** As text, whatever the broker's kind of token is. */
  readonly token: string
  readonly expiryDay: number | null
}

/** Where the rows of one generation come from. */
export interface Instruments {
  /** The numbers of all instruments, in the order in which a dump lists them. */
  numbers(): Iterable<number>
  /** The first of these numbers from `from` on, at an exchange or with null at any; -1 where there is none. */
  next(from: number, exchange: string | null): number
  /** Writes rows as bytes; one for all, because it is at work only while somebody calls it. */
  readonly writer: RowWriter
  /** The row of one of these numbers, made anew by each call. */
  row(instrument: number): ListedInstrument
}
