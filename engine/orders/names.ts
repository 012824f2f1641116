// A broker's records under the common names of their instruments, with quantities in units.
import type { BrokerInstrument } from '../../adapters/orders.ts'
import { lotsOf } from './admission.ts'
import type { Desk } from './desk.ts'
import type { Named } from './fields.ts'

export interface NamedRecord extends Named {
  /** Null where the broker does not list the instrument any more, or never did: the names are then the broker's. */
  readonly number: number | null
  /** Units in one of what the broker counts. */
  readonly lots: number
}

const UINT32 = /^\d{1,10}$/
const UINT32_MAX = 0xffffffff

/** What the token alone tells: most records, at the cost of a look into a table. */
function byToken(desk: Pick<Desk, 'broker'>, { token, brokerSymbol }: BrokerInstrument): number {
  if (token === null || !UINT32.test(token) || Number(token) > UINT32_MAX) return -1
  const { tokens, details } = desk.broker.instruments()
  const number = tokens.resolve(0, Number(token))
  // A token may have gone to another instrument since the record was made.
  if (number < 0 || !details.has(number)) return -1
  return details.brokerSymbolOf(number) === brokerSymbol ? number : -1
}

/** The common name of a record's instrument. */
export async function nameOf(
  desk: Pick<Desk, 'broker' | 'orders'>,
  record: BrokerInstrument,
): Promise<NamedRecord> {
  const { catalogue, details } = desk.broker.instruments()
  let number = byToken(desk, record)
  if (number < 0) {
    const named = await desk.broker.findName(record.brokerExchange, record.brokerSymbol)
    if (named !== null) number = catalogue.find(named.exchange, named.symbol)
  }
  if (number < 0 || !details.has(number)) {
    const { brokerExchange: exchange, brokerSymbol: symbol } = record
    return { exchange, symbol, number: null, lots: 1 }
  }
  const exchange = catalogue.exchangeOf(number)
  const lots = lotsOf(desk.orders, { exchange, lotSize: details.lotSizeOf(number) })
  return { exchange, symbol: catalogue.symbolOf(number), number, lots }
}
