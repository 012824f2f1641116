// Instruments as OpenAlgo's API shows them: rows of its symtoken table. `row-writer.ts` makes the same rows as bytes.
import { listedDate } from './expiry-text.ts'
import type { ListedInstrument } from './instruments.ts'

/** Where a broker publishes no freeze quantity, OpenAlgo's API says 1. */
export const FREEZE_UNKNOWN = 1

/** A row of an instrument list. Expiry is `DD-MMM-YY` or empty, strike 0 where there is none. Keys by alphabet. */
export function symtokenOf(row: ListedInstrument) {
  return {
    brexchange: row.brokerExchange,
    brsymbol: row.brokerSymbol,
    exchange: row.exchange,
    expiry: row.expiryDay === null ? '' : listedDate(row.expiryDay),
    freeze_qty: row.freezeQuantity ?? FREEZE_UNKNOWN,
    instrumenttype: row.instrumentType,
    lotsize: row.lotSize,
    name: row.name,
    strike: row.strike ?? 0,
    symbol: row.symbol,
    tick_size: row.tickSize,
    token: row.token,
  }
}

export type Symtoken = ReturnType<typeof symtokenOf>
/** With the instrument's number as its id. */
export type SymtokenWithId = Symtoken & { readonly id: number }

/** A row of an answer. Keys by alphabet. */
export function symtokenWithId(row: ListedInstrument): SymtokenWithId {
  const { brexchange, brsymbol, exchange, expiry, freeze_qty, ...rest } = symtokenOf(row)
  return { brexchange, brsymbol, exchange, expiry, freeze_qty, id: row.instrument, ...rest }
}
