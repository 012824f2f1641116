// Instruments in the form of the store, and a store that is full of them, without the sync that would bring them there.
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import {
  CATALOGUE_KEY,
  detailsKey,
  type Generation,
  putBlob,
  type Store,
  type StoredInstrument,
  type SymbolIndex,
  symtokenKey,
  toCells,
  tokensKey,
} from '../../engine/symbols/store.ts'
import { TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { listInstruments } from '../../sim/listing.ts'
import { LISTED_ON } from './samples.ts'

export const BROKER = 'zerodha'

/** The simulated list under names of its own: the common format does not matter to who only looks rows up. */
export function makeRows(count: number): StoredInstrument[] {
  const simulated = [...listInstruments(1, LISTED_ON, count)]
  return simulated.map((row, instrument) => {
    const isOption = row.instrumentType === 'CE' || row.instrumentType === 'PE'
    return {
      instrument,
      exchange: row.exchange,
      symbol: row.tradingsymbol,
      name: row.name,
      brokerSymbol: row.tradingsymbol,
      brokerExchange: row.exchange,
      token: row.token,
      segment: 0,
      exchangeToken: String(row.exchangeToken),
      expiry: row.expiry || null,
      strike: isOption ? row.strike : null,
      lotSize: Math.max(1, row.lotSize),
      instrumentType: row.instrumentType,
      tickSize: row.tickSize,
      freezeQuantity: null,
    }
  })
}

/** Writes the rows into an empty store as its first generation, in one transaction, and makes it live. */
export async function fillStore(
  store: Store,
  rows: readonly StoredInstrument[],
): Promise<SymbolIndex> {
  const live: Generation = {
    generation: 1,
    syncedAtMs: 0,
    rows: rows.length,
    exchanges: {},
    leftOut: 0,
    source: 'simulated',
    previous: null,
  }
  const builder = new TokenIndexBuilder()
  store.root.transactionSync(() => {
    for (const row of rows) {
      const { exchange, instrument, symbol, segment, token } = row
      builder.add(instrument, segment, token)
      store.numbers.putSync(`${exchange}:${symbol}`, instrument)
      store.symtoken.putSync(symtokenKey(BROKER, 1, exchange, token), toCells(row, instrument))
    }
  })
  const tokens = builder.build()
  const details = buildDetails(rows)
  const catalogue = buildCatalogue(rows)
  await putBlob(store, tokensKey(BROKER, 1), tokens)
  await putBlob(store, detailsKey(BROKER, 1), details)
  await putBlob(store, CATALOGUE_KEY, catalogue)
  await store.meta.put(`live:${BROKER}`, live)
  return { ...live, catalogue, tokens, details }
}
