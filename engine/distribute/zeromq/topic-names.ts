// How streams are named on ZeroMQ (docs/zeromq.md): `EXCHANGE_SYMBOL_MODE` is the instrument at its preferred broker,
// `BROKER/EXCHANGE_SYMBOL_MODE` the same at one broker, `STATUS/BROKER` what happens to that broker's feed,
// `ORDERS/BROKER` what happens to the orders of the account there.
import { MODE_DEPTH, MODE_LTP, MODE_QUOTE, type Mode } from '../../../codecs/tick.ts'

export const BATCH_TOPIC = 'BATCH'
const STATUS = 'STATUS/'
const ORDERS = 'ORDERS/'
const MODE_WORDS = ['', 'LTP', 'QUOTE', 'DEPTH'] as const
const MODE_OF: Readonly<Record<string, Mode>> = {
  LTP: MODE_LTP,
  QUOTE: MODE_QUOTE,
  DEPTH: MODE_DEPTH,
}
const PRINTABLE = /^[\x20-\x7e]*$/

/** The topic of an instrument at its preferred broker. */
export function plainTopic(exchange: string, symbol: string, mode: Mode): string {
  return `${exchange}_${symbol}_${MODE_WORDS[mode]}`
}

/** The topic of an instrument at one broker, given its plain topic. */
export function brokerTopic(broker: string, plain: string): string {
  return `${broker}/${plain}`
}

/** The topic of what happens to a broker's feed. */
export function statusTopic(broker: string): string {
  return STATUS + broker
}

/** The topic of the orders of an account. */
export function ordersTopic(broker: string): string {
  return ORDERS + broker
}

/** What a topic of a tick says; `broker` is null in a plain one. */
export interface TopicName {
  readonly broker: string | null
  readonly mode: Mode
  /** What stands between them: exchange and symbol. */
  readonly instrument: string
}

/** Reads a full topic of a tick; null for everything else, which is then a prefix. */
export function readTopic(text: string): TopicName | null {
  const modeAt = text.lastIndexOf('_')
  const mode = MODE_OF[text.slice(modeAt + 1)]
  if (mode === undefined || modeAt < 0 || !Object.hasOwn(MODE_OF, text.slice(modeAt + 1)))
    return null
  const slashAt = text.indexOf('/')
  const broker = slashAt < 0 ? null : text.slice(0, slashAt)
  return { broker, mode, instrument: text.slice(slashAt + 1, modeAt) }
}

/**
 * The ways to part `NSE_INDEX_NIFTY` into exchange and symbol, the longest exchange code first: codes may contain `_`,
 * and so may symbols.
 */
export function* partings(
  instrument: string,
  exchanges: readonly string[],
): Generator<{ readonly exchange: string; readonly symbol: string }> {
  const fitting = exchanges.filter((exchange) => instrument.startsWith(`${exchange}_`))
  for (const exchange of fitting.sort((a, b) => b.length - a.length)) {
    yield { exchange, symbol: instrument.slice(exchange.length + 1) }
  }
}

/** Whether a subscribed text selects events of feeds and nothing else. */
export function isOfStatus(text: string): boolean {
  return text.startsWith(STATUS)
}

/** Whether a subscribed text selects orders and nothing else. */
export function isOfOrders(text: string): boolean {
  return text.startsWith(ORDERS)
}

/** Whether a topic is made of characters that names can have. */
export function isPrintable(text: string): boolean {
  return PRINTABLE.test(text)
}
