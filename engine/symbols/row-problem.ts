// What every row must be, whatever its broker, to be kept in the store and in the shared blocks.
import type { InstrumentRow } from '../../adapters/broker.ts'
import { TYPES } from './details.ts'
import { epochDay } from './epoch-day.ts'
import { SEGMENT_MAX, TOKEN_TEXT_MAX } from './token-index.ts'

const EXCHANGE = /^[A-Z][A-Z0-9_]{1,15}$/
const SYMBOL = /^[\x20-\x7e]{1,100}$/
const TOKEN_TEXT = new RegExp(`^[\\x20-\\x7e]{1,${TOKEN_TEXT_MAX}}$`)
const UINT32_MAX = 0xffffffff
const TEXT_LENGTH_MAX = 1000

const isUint = (value: number, max: number) => Number.isInteger(value) && value >= 0 && value <= max
const isAmount = (value: number) => Number.isFinite(value) && value >= 0

/** Why a row cannot be stored (a constant text); null when it can. */
export function rowProblem(row: InstrumentRow): string | null {
  if (!EXCHANGE.test(row.exchange)) return 'exchange is not an upper-case code'
  if (!SYMBOL.test(row.symbol)) return 'symbol is not 1 to 100 ASCII characters'
  if (typeof row.token === 'string') {
    if (!TOKEN_TEXT.test(row.token)) return `token is not 1 to ${TOKEN_TEXT_MAX} ASCII characters`
  } else if (!isUint(row.token, UINT32_MAX)) {
    return 'token is not a whole number from 0 to 4294967295'
  }
  if (!isUint(row.segment, SEGMENT_MAX)) return 'segment is not a whole number from 0 to 65534'
  return detailProblem(row)
}

function detailProblem(row: InstrumentRow): string | null {
  if (!isAmount(row.lotSize)) return 'lot size is not a number from 0'
  if (!isAmount(row.tickSize)) return 'tick size is not a number from 0'
  if (row.strike !== null && !isAmount(row.strike)) return 'strike is not a number from 0'
  if (row.freezeQuantity !== null && !(isAmount(row.freezeQuantity) && row.freezeQuantity > 0)) {
    return 'freeze quantity is not a number above 0'
  }
  if (row.expiry !== null && Number.isNaN(epochDay(row.expiry))) {
    return 'expiry is not a date of the form YYYY-MM-DD from 1970 on'
  }
  if (!TYPES.includes(row.instrumentType)) return `type is not one of ${TYPES.join(', ')}`
  const texts = [row.name, row.brokerSymbol, row.brokerExchange, row.exchangeToken ?? '']
  if (texts.some((text) => text.length > TEXT_LENGTH_MAX)) {
    return `a name, symbol, exchange or token has more than ${TEXT_LENGTH_MAX} characters`
  }
  return null
}
