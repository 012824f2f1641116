// Quotes and histories of instruments by their common names.
import type { Candle, QuoteRecord } from '../../adapters/orders.ts'
import { findInstrument } from './admission.ts'
import { depthRow, quoteRow } from './books.ts'
import type { Desk } from './desk.ts'
import { FieldReader, type Named } from './fields.ts'
import { type HistoryWish, historyChunks, readHistory } from './history.ts'
import {
  errorOf,
  type Failed,
  notQuoted,
  type PacedReads,
  refuseUnsupported,
} from './paced-reads.ts'
import type { GatewayAnswer } from './refusal.ts'

const SYMBOLS_MAX = 5000

export class Market {
  readonly #reads: PacedReads

  constructor(reads: PacedReads) {
    this.#reads = reads
  }

  /** The quote of one instrument. */
  async quote(input: unknown) {
    const read = await this.#oneQuote(input)
    return 'error' in read ? read : { ok: quoteRow(read.ok) }
  }

  /** The quote of one instrument with its book. */
  async depth(input: unknown) {
    const read = await this.#oneQuote(input)
    return 'error' in read ? read : { ok: depthRow(read.ok) }
  }

  /** Quotes of many, in their order; one that there is not is told in its place. */
  async quotes(input: unknown) {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const symbols = fields.value('symbols')
    if (!isList(symbols, SYMBOLS_MAX)) {
      fields.refuse('symbols', symbols, `a list of 1 to ${SYMBOLS_MAX} instruments`)
    }
    const named = isList(symbols, SYMBOLS_MAX) ? symbols.map((each, at) => nameIn(each, at)) : []
    const bad = named.find((each) => 'error' in each)
    const error = fields.error ?? errorOf(desk) ?? (bad as Failed | undefined)?.error ?? null
    if (error !== null) return { error }
    return this.#manyQuotes(desk as Desk, named as Named[])
  }

  /** Candles, oldest first, of as many calls as the broker's limit takes. */
  async history(input: unknown): Promise<GatewayAnswer<readonly Candle[]>> {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const wish = readHistory(fields)
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    return this.#candles(desk as Desk, wish)
  }

  /** The intervals of candles that the broker has. */
  intervals(input: unknown): GatewayAnswer<readonly string[]> {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const error = fields.error ?? errorOf(desk) ?? (desk as Desk).refuseReads()
    if (error !== null) return { error }
    const { history } = (desk as Desk).orders.reads
    if ('unsupported' in history) return { error: refuseUnsupported(desk as Desk, 'history')! }
    return { ok: Object.keys(history.intervals) }
  }

  async #oneQuote(input: unknown): Promise<GatewayAnswer<QuoteRecord>> {
    const fields = new FieldReader(input)
    const desk = this.#reads.desk(fields)
    const named = { exchange: fields.exchange(), symbol: fields.symbol() }
    const error = fields.error ?? errorOf(desk)
    if (error !== null) return { error }
    const { broker } = desk as Desk
    const found = findInstrument(broker.instruments(), named, broker.spec.exchanges)
    if ('error' in found) return found
    const read = await this.#reads.read(desk as Desk, 'quotes', [found.instrument])
    if ('error' in read) return read
    const [quote] = read.ok
    return quote ? { ok: quote } : { error: notQuoted(found.instrument) }
  }

  async #manyQuotes(desk: Desk, named: readonly Named[]) {
    const { broker, orders } = desk
    const found = named.map((each) =>
      findInstrument(broker.instruments(), each, broker.spec.exchanges),
    )
    const asked = found.flatMap((each) => ('error' in each ? [] : [each.instrument]))
    const [first] = found
    if (asked.length === 0 && first !== undefined && 'error' in first) return first
    const quotes: (QuoteRecord | null)[] = []
    const batch = orders.reads.quotes.instrumentsMax
    for (let at = 0; at < asked.length; at += batch) {
      const read = await this.#reads.read(desk, 'quotes', asked.slice(at, at + batch))
      if ('error' in read) return read
      quotes.push(...read.ok)
    }
    let next = 0
    const rows = found.map((each, at) => {
      const { exchange, symbol } = named[at]!
      if ('error' in each) {
        const { code, message } = each.error
        return { exchange, symbol, code, error: message }
      }
      const quote = quotes[next++]
      return quote
        ? { exchange, symbol, data: quoteRow(quote) }
        : { exchange, symbol, code: 'NOT_FOUND', error: notQuoted(each.instrument).message }
    })
    return { ok: rows }
  }

  async #candles(desk: Desk, wish: HistoryWish): Promise<GatewayAnswer<readonly Candle[]>> {
    const { broker, orders } = desk
    const { history } = orders.reads
    if ('unsupported' in history) return { error: refuseUnsupported(desk, 'history')! }
    const found = findInstrument(broker.instruments(), wish, broker.spec.exchanges)
    if ('error' in found) return found
    const chunks = historyChunks(wish, history.intervals)
    if ('error' in chunks) return chunks
    const candles: Candle[] = []
    for (const { from, to } of chunks) {
      const ask = { instrument: found.instrument, interval: wish.interval, from, to }
      const read = await this.#reads.read(desk, 'history', ask)
      if ('error' in read) return read
      for (const candle of read.ok) candles.push(candle)
    }
    return { ok: candles }
  }
}

function isList(value: unknown, max: number): value is unknown[] {
  return Array.isArray(value) && value.length > 0 && value.length <= max
}

function nameIn(value: unknown, at: number): Named | Failed {
  const fields = new FieldReader(value, `symbols[${at}].`)
  const named = { exchange: fields.exchange(), symbol: fields.symbol() }
  return fields.error === null ? named : { error: fields.error }
}
