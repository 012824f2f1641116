// Kite's instrument list as CSV. Kite Connect v3, `GET /instruments`.
import type { Instrument } from './instruments.ts'

const HEADER =
  'instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,' +
  'instrument_type,segment,exchange\n'
const CHUNK_CHARACTERS = 1 << 16

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

function line(row: Instrument): string {
  return (
    `${row.token},${row.exchangeToken},${quoted(row.tradingsymbol)},${quoted(row.name)},0,${row.expiry},` +
    `${row.strike},${row.tickSize},${row.lotSize},${row.instrumentType},${row.segment},${row.exchange}\n`
  )
}

/** The list in chunks of about 64 KiB: all of it, or the rows of one exchange. */
export function* csvChunks(rows: Iterable<Instrument>, exchange?: string): Generator<string> {
  let chunk = HEADER
  for (const row of rows) {
    if (exchange !== undefined && row.exchange !== exchange) continue
    chunk += line(row)
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}
