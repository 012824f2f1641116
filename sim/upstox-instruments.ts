// The instruments as one JSON array, row by row. Upstox instruments JSON, `complete.json.gz`.
import { FUTURE, INDEX, type Instrument } from './instruments.ts'
import {
  indexName,
  seriesOf,
  type UpstoxCatalogue,
  type UpstoxInstrument,
  upstoxSymbol,
} from './upstox-catalogue.ts'

const CHUNK_CHARACTERS = 1 << 16
const DAY_MS = 86_400_000
const IST_OFFSET_MS = 19_800_000
const PAISE_PER_RUPEE = 100
/** The exchanges' token of NIFTY 50; the other indices of NSE follow it here by their own. */
const NIFTY_TOKEN = 26_000
const NIFTY_LISTED_TOKEN = 1001
const FREEZE_LOTS = 24
const SHARE_FREEZE_QUANTITY = 100_000
/** Series in which BSE lists shares. */
const BSE_GROUPS = ['A', 'B', 'X', 'T']
/** The month of a monthly contract in the symbols of the listing. */
const MONTHLY = /^\d\d[A-Z]{3}/

/** Index by the root of its derivatives: segment, and the key's name. */
const INDEX_OF_ROOT: Readonly<Record<string, string>> = {
  NIFTY: 'NSE_INDEX|Nifty 50',
  BANKNIFTY: 'NSE_INDEX|Nifty Bank',
  FINNIFTY: 'NSE_INDEX|Nifty Fin Service',
  MIDCPNIFTY: 'NSE_INDEX|Nifty Mid Select',
  NIFTYNXT50: 'NSE_INDEX|Nifty Next 50',
  SENSEX: 'BSE_INDEX|SENSEX',
  BANKEX: 'BSE_INDEX|BANKEX',
  SENSEX50: 'BSE_INDEX|SNSX50',
}
const UNDERLYING_TYPES: Readonly<Record<string, string>> = {
  NCD_FO: 'CUR',
  BCD_FO: 'CUR',
  MCX_FO: 'COM',
  NSE_COM: 'COM',
}

/** A number that the file writes with a decimal point, `5.0`. */
class Decimal {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}
type Cell = string | number | boolean | Decimal | undefined

const cellText = (cell: Exclude<Cell, undefined>) => {
  if (!(cell instanceof Decimal)) return JSON.stringify(cell)
  return Number.isInteger(cell.value) ? `${cell.value}.0` : String(cell.value)
}

function objectText(cells: Readonly<Record<string, Cell>>): string {
  let text = ''
  for (const [name, cell] of Object.entries(cells)) {
    if (cell !== undefined) text += `${text === '' ? '' : ','}"${name}":${cellText(cell)}`
  }
  return `{${text}}`
}

/** 23:59:59 in India on the day of expiry, epoch ms. */
const expiryMs = (date: string) => Date.parse(`${date}T00:00:00Z`) + DAY_MS - 1000 - IST_OFFSET_MS

const paise = (rupees: number) =>
  new Decimal(Math.round(rupees * PAISE_PER_RUPEE * 10_000) / 10_000)

function indexCells({ key, segment, exchange, row }: UpstoxInstrument, symbol: string) {
  const token =
    segment === 'NSE_INDEX'
      ? NIFTY_TOKEN - NIFTY_LISTED_TOKEN + row.exchangeToken
      : row.exchangeToken
  return {
    segment,
    name: indexName(row),
    exchange,
    instrument_type: 'INDEX',
    instrument_key: key,
    exchange_token: String(token),
    trading_symbol: symbol,
  }
}

function shareCells({ key, segment, exchange, row }: UpstoxInstrument, symbol: string) {
  const { series } = seriesOf(row.tradingsymbol)
  const group = BSE_GROUPS[row.exchangeToken % BSE_GROUPS.length]
  return {
    segment,
    name: row.name,
    exchange,
    isin: key.slice(key.indexOf('|') + 1),
    instrument_type: segment === 'BSE_EQ' ? group : series,
    instrument_key: key,
    lot_size: row.lotSize,
    freeze_quantity: new Decimal(SHARE_FREEZE_QUANTITY),
    exchange_token: String(row.exchangeToken),
    tick_size: paise(row.tickSize),
    trading_symbol: symbol,
    short_name: symbol,
    qty_multiplier: new Decimal(1),
    mtf_enabled: series === 'EQ',
    security_type: 'NORMAL',
  }
}

function derivativeCells(
  catalogue: UpstoxCatalogue,
  { key, segment, exchange, row }: UpstoxInstrument,
  symbol: string,
  isOption: boolean,
) {
  const { type, underlyingKey } = underlyingOf(catalogue, segment, exchange, row)
  return {
    weekly: !MONTHLY.test(row.tradingsymbol.slice(row.name.length)),
    segment,
    name: row.name,
    exchange,
    expiry: expiryMs(row.expiry),
    instrument_type: row.instrumentType,
    asset_symbol: row.name,
    underlying_symbol: row.name,
    instrument_key: key,
    lot_size: row.lotSize,
    freeze_quantity: new Decimal(row.lotSize * FREEZE_LOTS),
    exchange_token: String(row.exchangeToken),
    minimum_lot: row.lotSize,
    underlying_key: underlyingKey,
    tick_size: paise(row.tickSize),
    asset_type: type,
    underlying_type: type,
    trading_symbol: symbol,
    strike_price: isOption ? new Decimal(row.strike) : undefined,
    qty_multiplier: new Decimal(1),
  }
}

/** Currencies and commodities have no underlying in the list. */
function underlyingOf(
  catalogue: UpstoxCatalogue,
  segment: string,
  exchange: string,
  row: Instrument,
) {
  const type = UNDERLYING_TYPES[segment]
  if (type !== undefined) return { type, underlyingKey: undefined }
  const index = INDEX_OF_ROOT[row.name]
  if (index !== undefined) return { type: 'INDEX', underlyingKey: index }
  return { type: 'EQUITY', underlyingKey: `${exchange}_EQ|${catalogue.isin(row.name)}` }
}

/** The row of the instrument at a place of the table, as the file writes it. */
function rowText(catalogue: UpstoxCatalogue, place: number): string {
  const { table } = catalogue
  const instrument = catalogue.at(place)
  const symbol = upstoxSymbol(table, place, instrument.row)
  const kind = table.kind(place)
  if (kind === INDEX) return objectText(indexCells(instrument, symbol))
  if (kind < FUTURE) return objectText(shareCells(instrument, symbol))
  return objectText(derivativeCells(catalogue, instrument, symbol, kind > FUTURE))
}

/** The whole list in chunks of about 64 KiB. */
export function* jsonChunks(catalogue: UpstoxCatalogue): Generator<string> {
  let chunk = '['
  let separator = ''
  for (const place of catalogue.listed) {
    chunk += separator + rowText(catalogue, place)
    separator = ','
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  yield `${chunk}]`
}
