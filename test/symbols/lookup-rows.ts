// Synthetic instruments for look-ups, and the same in the shared blocks of a generation.
import type { InstrumentRow, InstrumentType } from '../../adapters/broker.ts'
import { formatSymbol } from '../../adapters/symbol.ts'
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import type { LookupBlocks } from '../../engine/symbols/lookup/shared-instruments.ts'
import { shareOf } from './row.ts'

export type NumberedRow = InstrumentRow & { readonly instrument: number }

/** A row with plausible columns where nothing is said. */
export function rowOf(given: Partial<InstrumentRow>, token = 1): InstrumentRow {
  const { exchange = 'NSE', symbol = 'SBIN' } = given
  return { ...shareOf(exchange, symbol, token), ...given }
}

/** A future, or with a strike an option, under the symbol of the common format. */
export function derivative(
  exchange: string,
  name: string,
  expiry: string,
  type: Exclude<InstrumentType, 'EQ' | 'INDEX'>,
  strike = 0,
): InstrumentRow {
  const parts =
    type === 'FUT' ? ({ type, name, expiry } as const) : ({ type, name, expiry, strike } as const)
  const symbol = formatSymbol(parts)
  return rowOf({
    exchange,
    symbol,
    name,
    brokerSymbol: `${symbol}-B`,
    expiry,
    strike: type === 'FUT' ? null : strike,
    lotSize: 75,
    instrumentType: type,
    freezeQuantity: 1800,
  })
}

/** Gives rows their numbers, and tokens of their own. */
export function numbered(rows: readonly InstrumentRow[]): NumberedRow[] {
  return rows.map((row, at) => ({
    ...row,
    token: row.token === 1 ? 5001 + at : row.token,
    instrument: at,
  }))
}

/** The blocks of a generation with these rows. */
export function blocksOf(rows: readonly NumberedRow[]): LookupBlocks {
  return { catalogue: buildCatalogue(rows), details: buildDetails(rows) }
}

/** An index, shares, futures and options of NIFTY, NIFTYNXT50 and others, in no order. */
export const FEW: readonly NumberedRow[] = numbered([
  rowOf({ exchange: 'NSE_INDEX', symbol: 'NIFTY', name: 'NIFTY 50', instrumentType: 'INDEX' }),
  rowOf({ exchange: 'BSE_INDEX', symbol: 'SENSEX', instrumentType: 'INDEX' }),
  rowOf({
    exchange: 'NSE',
    symbol: 'RELIANCE',
    name: 'Reliance Industries',
    token: 'NSE_EQ|INE002',
  }),
  rowOf({ exchange: 'BSE', symbol: 'RELIANCE', name: 'Reliance "Ind", Ltd', brokerSymbol: 'RELI' }),
  derivative('NFO', 'NIFTY', '2024-03-28', 'FUT'),
  derivative('NFO', 'NIFTY', '2024-04-25', 'FUT'),
  derivative('NFO', 'NIFTYNXT50', '2024-03-26', 'FUT'),
  derivative('NFO', 'NIFTYNXT50', '2024-03-26', 'CE', 60000),
  ...[23400, 23500, 23600, 23700].flatMap((strike) => [
    derivative('NFO', 'NIFTY', '2024-03-28', 'CE', strike),
    derivative('NFO', 'NIFTY', '2024-03-28', 'PE', strike),
  ]),
  derivative('NFO', 'NIFTY', '2024-03-28', 'CE', 23800),
  derivative('NFO', 'NIFTY', '2024-04-04', 'CE', 23500),
  derivative('NFO', 'BANKNIFTY', '2024-03-27', 'PE', 23500),
  derivative('CDS', 'USDINR', '2025-01-27', 'PE', 83.5),
  derivative('CDS', '726GS2032', '2024-04-25', 'PE', 97),
  derivative('MCX', 'GOLD', '2024-04-05', 'FUT'),
  derivative('MCX', 'GOLDM', '2024-04-05', 'FUT'),
  derivative('MCX', 'GOLD', '2024-03-26', 'CE', 65000),
])
