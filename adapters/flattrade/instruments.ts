// Flattrade's lists: eight CSV files for anyone, none of which says its exchange or the tick.
import type { InstrumentLayout, InstrumentSource } from '../broker.ts'
import { instrumentRow, type Listed } from '../families/noren/instruments.ts'
import { besideRest } from './hosts.ts'

/** The layout of each file, which is named for its exchange. */
const FILES = {
  NSE_Equity: 'NSE',
  Nfo_Equity_Derivatives: 'NFO',
  Nfo_Index_Derivatives: 'NFO',
  Currency_Derivatives: 'CDS',
  Commodity: 'MCX',
  BSE_Equity: 'BSE',
  Bfo_Index_Derivatives: 'BFO',
  Bfo_Equity_Derivatives: 'BFO',
} as const

// The tick is not published: what holds for most instruments stands in, which is wrong for cheap shares (0.01) and
// for many commodities (1.00). An order must take the tick that a quote of the broker names.
const TICK_SIZE = 0.05
const CDS_TICK_SIZE = 0.0025

const CASH_COLUMNS = ['Token', 'Lotsize', 'Symbol', 'Tradingsymbol', 'Instrument'] as const
const DERIVATIVE_COLUMNS = [...CASH_COLUMNS, 'Expiry', 'Strike', 'Optiontype'] as const
type Cells = readonly [
  token: string,
  lotSize: string,
  name: string,
  brokerSymbol: string,
  instrument: string,
  expiry?: string,
  strike?: string,
  optionType?: string,
]

function listedOf(exchange: string, cells: readonly string[]): Listed {
  const [token, lotSize, name, brokerSymbol, instrument, expiry, strike, optionType] =
    cells as Cells
  const tickSize = exchange === 'CDS' ? CDS_TICK_SIZE : TICK_SIZE
  const listed = { exchange, token, lotSize, name, brokerSymbol, instrument, tickSize }
  if (expiry === undefined || strike === undefined || optionType === undefined) return listed
  return { ...listed, expiry, strike, optionType }
}

function layout(exchange: string, columns: readonly string[]): InstrumentLayout {
  return { format: 'csv', columns, row: (cells) => instrumentRow(listedOf(exchange, cells)) }
}

export const instruments: InstrumentSource = {
  layouts: {
    NSE: layout('NSE', CASH_COLUMNS),
    BSE: layout('BSE', CASH_COLUMNS),
    NFO: layout('NFO', DERIVATIVE_COLUMNS),
    // Other than its siblings' lists, this one names the underlying itself.
    BFO: layout('BFO', DERIVATIVE_COLUMNS),
    CDS: layout('CDS', DERIVATIVE_COLUMNS),
    MCX: layout('MCX', DERIVATIVE_COLUMNS),
  },

  // No hour is published; the lists of a day are there before its markets open.
  publishedAt: '08:30',

  arePublic: true,
  files(hosts) {
    const root = besideRest(hosts, 'https://flattrade.s3.ap-south-1.amazonaws.com')
    return Object.entries(FILES).map(([file, layout]) => ({
      layout,
      request: { method: 'GET', url: `${root}/scripmaster/${file}.csv` },
    }))
  },
}
