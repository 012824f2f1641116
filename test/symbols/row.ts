// A plain share at NSE, for tests that care for some of its columns only.
import type { InstrumentRow } from '../../adapters/broker.ts'

export const ROW: InstrumentRow = {
  exchange: 'NSE',
  symbol: 'INFY',
  name: 'INFOSYS',
  brokerSymbol: 'INFY-EQ',
  brokerExchange: 'NSE',
  token: 408065,
  segment: 0,
  exchangeToken: '1594',
  expiry: null,
  strike: null,
  lotSize: 1,
  instrumentType: 'EQ',
  tickSize: 0.05,
  freezeQuantity: null,
}
