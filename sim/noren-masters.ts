// The contract files of the Noren brokers: a zip with one text for each exchange, or Flattrade's eight CSV files.
import { createHash } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'
import type { NorenBroker } from './noren-brands.ts'
import type { NorenMarket, Scrip } from './noren-market.ts'

type Column = readonly [name: string, cell: (scrip: Scrip) => string | number]

export interface MasterFile {
  readonly path: string
  /** Name of the text inside the zip; a file without one is no zip. */
  readonly entry?: string
  readonly columns: readonly Column[]
  /** Comes after the header and after every row. */
  readonly lineEnd: string
  /** Rows of no instrument, which stand before the others. */
  readonly dummies: readonly string[]
  readonly exchange: string
  /** Of a scrip of that exchange. */
  holds(scrip: Scrip): boolean
}

const CHUNK_CHARACTERS = 1 << 16
const TRAILING_COMMA = ',\n'
const PLACEHOLDERS = 18

const strikeText = ({ optionType, strikeRupees }: Scrip, ofFuture: string) =>
  optionType === 'XX' ? ofFuture : strikeRupees.toFixed(2)

const EXCHANGE: Column = ['Exchange', ({ exchange }) => exchange]
const TOKEN: Column = ['Token', ({ token }) => token]
const LOT_SIZE: Column = ['LotSize', ({ lotSize }) => lotSize]
const SYMBOL: Column = ['Symbol', ({ symbol }) => symbol]
const TRADING_SYMBOL: Column = ['TradingSymbol', ({ tradingsymbol }) => tradingsymbol]
const INSTRUMENT: Column = ['Instrument', ({ instrumentName }) => instrumentName]
const EXPIRY: Column = ['Expiry', ({ expiry }) => expiry]
const OPTION_TYPE: Column = ['OptionType', ({ optionType }) => optionType]
const TICK_RUPEES: Column = ['TickSize', ({ tickRupees }) => tickRupees]
const TICK_PAISE: Column = ['TickSize', ({ tickRupees }) => Math.round(tickRupees * 100)]

/** The columns of a contract file: what only some exchanges have, and how a future's strike is written. */
function contractColumns(ofFuture: string, afterLot: readonly Column[] = []): readonly Column[] {
  const strike: Column = ['StrikePrice', (scrip) => strikeText(scrip, ofFuture)]
  return [
    ...[EXCHANGE, TOKEN, LOT_SIZE, ...afterLot, SYMBOL, TRADING_SYMBOL],
    ...[EXPIRY, INSTRUMENT, OPTION_TYPE, strike, TICK_RUPEES],
  ]
}

const CURRENCY: readonly Column[] = [
  ['Precision', ({ precision }) => precision],
  ['Multiplier', () => 1000],
]
const COMMODITY: readonly Column[] = [['GNGD', () => 1]]

/** Columns of a cash file. */
const cashColumns = (tick: Column): readonly Column[] => [
  ...[EXCHANGE, TOKEN, LOT_SIZE, SYMBOL, TRADING_SYMBOL, INSTRUMENT, tick],
]

const ZEBU_BFO: readonly Column[] = [
  ...[EXCHANGE, TOKEN, LOT_SIZE, SYMBOL, TRADING_SYMBOL, EXPIRY, INSTRUMENT],
  ['Strike', (scrip) => strikeText(scrip, '0')],
  TICK_RUPEES,
]

const currencyDummies = ['USDINR', 'EURINR', 'GBPINR'].map(
  (pair, place) => `CDS,${place + 1},1,4,1000,${pair},${pair},,UNDCUR,,0.00,0.0025`,
)
const contractPlaceholders = Array.from(
  { length: PLACEHOLDERS },
  (_, place) => `NFO,${place + 1},1,,,,FUTIDX,XX,0,0.05`,
)

function zipped(
  exchange: string,
  columns: readonly Column[],
  dummies: readonly string[] = [],
): MasterFile {
  return {
    path: `/${exchange}_symbols.txt.zip`,
    entry: `${exchange}_symbols.txt`,
    columns,
    lineEnd: TRAILING_COMMA,
    dummies,
    exchange,
    // Indices of BSE are on the feed of these brokers and in none of their files.
    holds: (scrip) => scrip.instrumentName !== 'UNDIND',
  }
}

const PI_COLUMNS: readonly Column[] = [
  EXCHANGE,
  TOKEN,
  ['Lotsize', ({ lotSize }) => lotSize],
  SYMBOL,
  ['Tradingsymbol', ({ tradingsymbol }) => tradingsymbol],
  INSTRUMENT,
  EXPIRY,
  ['Strike', ({ expiry, strikeRupees }) => (expiry === '' ? '' : strikeRupees)],
  ['Optiontype', ({ optionType }) => optionType],
]

function csv(name: string, exchange: string, of: 'all' | 'indices' | 'shares' = 'all'): MasterFile {
  const suffix = of === 'indices' ? 'IDX' : 'STK'
  return {
    path: `/scripmaster/${name}.csv`,
    columns: PI_COLUMNS,
    lineEnd: '\n',
    dummies: [],
    exchange,
    holds: (scrip) => of === 'all' || scrip.instrumentName.endsWith(suffix),
  }
}

export const MASTER_FILES: Readonly<Record<NorenBroker, readonly MasterFile[]>> = {
  shoonya: [
    zipped('NSE', cashColumns(TICK_PAISE)),
    zipped('BSE', cashColumns(TICK_PAISE)),
    zipped('NFO', contractColumns('-0.01'), contractPlaceholders),
    zipped('CDS', contractColumns('-0.01', CURRENCY), currencyDummies),
    zipped('MCX', contractColumns('-0.01', COMMODITY)),
    zipped('BFO', contractColumns('0')),
  ],
  flattrade: [
    csv('NSE_Equity', 'NSE'),
    csv('Nfo_Equity_Derivatives', 'NFO', 'shares'),
    csv('Nfo_Index_Derivatives', 'NFO', 'indices'),
    csv('Currency_Derivatives', 'CDS'),
    csv('Commodity', 'MCX'),
    csv('BSE_Equity', 'BSE'),
    csv('Bfo_Index_Derivatives', 'BFO', 'indices'),
    csv('Bfo_Equity_Derivatives', 'BFO', 'shares'),
  ],
  zebu: [
    zipped('NSE', cashColumns(TICK_RUPEES)),
    zipped('BSE', cashColumns(TICK_RUPEES)),
    zipped('NFO', contractColumns('')),
    zipped('CDS', contractColumns('', CURRENCY), currencyDummies),
    zipped('MCX', contractColumns('', COMMODITY)),
    zipped('BFO', ZEBU_BFO),
  ],
}

/** The file of a scrip at a broker, or undefined where it is in none. */
export function fileOf(broker: NorenBroker, scrip: Scrip): string | undefined {
  const files = MASTER_FILES[broker].filter(({ exchange }) => exchange === scrip.exchange)
  return files.find((file) => file.holds(scrip))?.path
}

/** The text of a file in chunks of about 64 KiB. */
export function* masterChunks(file: MasterFile, market: NorenMarket): Generator<string> {
  const { columns, lineEnd } = file
  let chunk = columns.map(([name]) => name).join(',') + lineEnd
  for (const dummy of file.dummies) chunk += dummy + lineEnd
  for (const scrip of market.scrips(file.exchange)) {
    if (!file.holds(scrip)) continue
    chunk += columns.map(([, cell]) => cell(scrip)).join(',') + lineEnd
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** Marks a file's contents: the same market, broker and day give the same text. */
export function masterTag(
  file: MasterFile,
  market: NorenMarket,
  seed: number,
  day: string,
): string {
  const facts = `${market.brand.broker} ${file.path} ${seed} ${day} ${market.indexes.length}`
  return `"${createHash('sha256').update(facts).digest('hex').slice(0, 32)}"`
}

const LOCAL_SIGNATURE = 0x04034b50
const CENTRAL_SIGNATURE = 0x02014b50
const END_SIGNATURE = 0x06054b50
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22
const ZIP_VERSION = 20
const DEFLATED = 8
/** 1980-01-01, the first day that a zip can tell. */
const ZIP_DATE = 0x21

/** A zip (PKWARE APPNOTE 4.3) of one deflated text, which is made chunk by chunk. */
export async function zipOf(entry: string, chunks: Iterable<string>): Promise<Buffer> {
  const deflate = createDeflateRaw({ level: 1 })
  const pieces: Buffer[] = []
  deflate.on('data', (piece: Buffer) => pieces.push(piece))
  const done = finished(deflate)
  let checksum = 0
  let bytes = 0
  for (const text of chunks) {
    const chunk = Buffer.from(text)
    checksum = crc32(chunk, checksum)
    bytes += chunk.length
    await new Promise((resolve) => deflate.write(chunk, resolve))
  }
  deflate.end()
  await done
  const packed = Buffer.concat(pieces)
  const name = Buffer.from(entry)
  // The fields that the local and the central header share, in their order.
  const facts = Buffer.alloc(26)
  facts.writeUInt16LE(ZIP_VERSION, 0)
  facts.writeUInt16LE(DEFLATED, 4)
  facts.writeUInt16LE(ZIP_DATE, 8)
  facts.writeUInt32LE(checksum, 10)
  facts.writeUInt32LE(packed.length, 14)
  facts.writeUInt32LE(bytes, 18)
  facts.writeUInt16LE(name.length, 22)
  const local = Buffer.alloc(LOCAL_BYTES)
  local.writeUInt32LE(LOCAL_SIGNATURE, 0)
  facts.copy(local, 4)
  const central = Buffer.alloc(CENTRAL_BYTES)
  central.writeUInt32LE(CENTRAL_SIGNATURE, 0)
  central.writeUInt16LE(ZIP_VERSION, 4)
  facts.copy(central, 6)
  const end = Buffer.alloc(END_BYTES)
  end.writeUInt32LE(END_SIGNATURE, 0)
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(CENTRAL_BYTES + name.length, 12)
  end.writeUInt32LE(LOCAL_BYTES + name.length + packed.length, 16)
  return Buffer.concat([local, name, packed, central, name, end])
}
