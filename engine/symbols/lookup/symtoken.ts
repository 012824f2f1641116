// Instruments as OpenAlgo's API shows them: rows of its symtoken table, and whole lists of them as text.
import { listedDate } from './expiry-text.ts'
import type { Instruments, ListedInstrument } from './instruments.ts'

/** Where a broker publishes no freeze quantity, OpenAlgo's API says 1. */
const FREEZE_UNKNOWN = 1

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

export type DumpFormat = 'json' | 'csv'

const CSV_COLUMNS = [
  ...['symbol', 'brsymbol', 'name', 'exchange', 'brexchange', 'token', 'expiry', 'strike'],
  ...['lotsize', 'instrumenttype', 'tick_size', 'freeze_qty'],
] as readonly (keyof Symtoken)[]
/** Small, so that neither the core nor the query thread is held for long by one. */
const PIECE_CHARACTERS = 16 * 1024

function csvCell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const csvLine = (row: Symtoken) => `${CSV_COLUMNS.map((name) => csvCell(row[name])).join(',')}\r\n`

interface Format {
  readonly begin: string
  row(row: Symtoken, isFirst: boolean): string
  end(rows: number): string
}

const FORMATS: Readonly<Record<DumpFormat, Format>> = {
  csv: { begin: `${CSV_COLUMNS.join(',')}\r\n`, row: csvLine, end: () => '' },
  json: {
    begin: '{"data":[',
    row: (row, isFirst) => (isFirst ? '' : ',') + JSON.stringify(row),
    end(rows) {
      const message = rows === 0 ? 'No instruments found' : `Found ${rows} instruments`
      return `],"message":"${message}","status":"success"}\n`
    },
  },
}

/** The instruments of an exchange, or with null all of them, as text in pieces of about 16 KiB. */
export function* dump(
  instruments: Instruments,
  exchange: string | null,
  format: DumpFormat,
): Generator<string> {
  const { begin, row: rowText, end } = FORMATS[format]
  let rows = 0
  let piece = begin
  for (const number of instruments.numbers()) {
    const row = instruments.row(number)
    if (exchange !== null && row.exchange !== exchange) continue
    piece += rowText(symtokenOf(row), rows === 0)
    rows++
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield piece + end(rows)
}
