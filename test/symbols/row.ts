// Plain shares, for tests that care for some of their columns only.
import type { InstrumentRow } from '../../adapters/broker.ts'

/** A share that a broker names by its symbol, with nothing special about it. */
export function shareOf(
  exchange: string,
  symbol: string,
  token: number,
  segment = 0,
): InstrumentRow {
  return {
    exchange,
    symbol,
    name: symbol,
    brokerSymbol: symbol,
    brokerExchange: exchange,
    token,
    segment,
    exchangeToken: null,
    expiry: null,
    strike: null,
    lotSize: 1,
    instrumentType: 'EQ',
    tickSize: 0.05,
    freezeQuantity: null,
  }
}

export const ROW: InstrumentRow = {
  ...shareOf('NSE', 'INFY', 408065),
  name: 'INFOSYS',
  brokerSymbol: 'INFY-EQ',
  exchangeToken: '1594',
}
