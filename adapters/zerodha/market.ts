// Quotes, history and margins. Kite Connect v3, "Market quotes and instruments", "Historical candle data", "Margin
// calculation".
import type {
  BookLevel,
  Candle,
  HistoryAsk,
  Margin,
  MarginAsk,
  OrderInstrument,
  OrdersSpec,
  QuoteRecord,
  Read,
} from '../orders.ts'
import {
  type Fields,
  fieldsOf,
  headersOf,
  listOf,
  numberOf,
  numberOr0,
  readData,
  rowsOf,
  textOf,
} from './envelope.ts'

type Quotes = OrdersSpec['reads']['quotes']
type History = Extract<OrdersSpec['reads']['history'], { intervals: unknown }>

/** What Kite calls an instrument in a quote; the broker's own exchange stands also for indices. */
const quoteKey = ({ brokerExchange, brokerSymbol }: OrderInstrument) =>
  `${brokerExchange}:${brokerSymbol}`

function levelsOf(value: unknown, name: string): BookLevel[] {
  const levels = rowsOf(value, name, (fields, at) => ({
    price: numberOf(fields.price, `${at}.price`),
    quantity: numberOf(fields.quantity, `${at}.quantity`),
    orders: numberOr0(fields.orders, `${at}.orders`),
  }))
  // Kite fills a side up with empty levels.
  return levels.filter(({ price, quantity }) => price !== 0 || quantity !== 0)
}

function quoteRecord(value: unknown, name: string): QuoteRecord {
  const fields = fieldsOf(value, name)
  const ohlc = fieldsOf(fields.ohlc ?? {}, `${name}.ohlc`)
  // An index has no depth.
  const depth = fieldsOf(fields.depth ?? {}, `${name}.depth`)
  const number = (of: Fields, key: string) => numberOr0(of[key], `${name}.${key}`)
  return {
    ltp: numberOf(fields.last_price, `${name}.last_price`),
    ltq: number(fields, 'last_quantity'),
    open: number(ohlc, 'open'),
    high: number(ohlc, 'high'),
    low: number(ohlc, 'low'),
    previousClose: number(ohlc, 'close'),
    volume: number(fields, 'volume'),
    oi: number(fields, 'oi'),
    totalBuyQuantity: number(fields, 'buy_quantity'),
    totalSellQuantity: number(fields, 'sell_quantity'),
    bids: levelsOf(depth.buy ?? null, `${name}.depth.buy`),
    asks: levelsOf(depth.sell ?? null, `${name}.depth.sell`),
  }
}

export const quotes: Quotes = {
  instrumentsMax: 500,
  request(hosts, session, instruments) {
    const query = instruments.map((each) => `i=${encodeURIComponent(quoteKey(each))}`).join('&')
    return { method: 'GET', url: `${hosts.rest}/quote?${query}`, headers: headersOf(session) }
  },
  read: (reply, instruments) =>
    readData(reply, (data) => {
      // Success without data: none of them is known.
      const byKey = fieldsOf(data ?? {}, 'data')
      return instruments.map((each) => {
        const key = quoteKey(each)
        return Object.hasOwn(byKey, key) ? quoteRecord(byKey[key], `data[${key}]`) : null
      })
    }),
}

/** Kite's word for each interval, and the days of one call, which it allows for all of them. */
const INTERVALS: Readonly<Record<string, { readonly word: string; readonly daysMax: number }>> = {
  '1m': { word: 'minute', daysMax: 60 },
  '3m': { word: '3minute', daysMax: 60 },
  '5m': { word: '5minute', daysMax: 60 },
  '10m': { word: '10minute', daysMax: 60 },
  '15m': { word: '15minute', daysMax: 60 },
  '30m': { word: '30minute', daysMax: 60 },
  '1h': { word: '60minute', daysMax: 60 },
  D: { word: 'day', daysMax: 2000 },
}
const DAY = 'D'
/** `2025-06-17T09:15:00+0530`. */
const CANDLE_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})([+-]\d{2}):?(\d{2})$/

function candleOf(value: unknown, name: string, interval: string): Candle {
  const [time, open, high, low, close, volume, oi] = listOf(value, name)
  const match = CANDLE_TIME.exec(textOf(time, `${name}[0]`))
  const [, date, clock, hours, minutes] = match ?? []
  const iso = interval === DAY ? `${date}T00:00:00Z` : `${date}T${clock}${hours}:${minutes}`
  return {
    time: numberOf(Date.parse(iso) / 1000, `${name}[0]`),
    open: numberOf(open, `${name}[1]`),
    high: numberOf(high, `${name}[2]`),
    low: numberOf(low, `${name}[3]`),
    close: numberOf(close, `${name}[4]`),
    volume: numberOr0(volume, `${name}[5]`),
    oi: numberOr0(oi, `${name}[6]`),
  }
}

export const history: History = {
  intervals: INTERVALS,
  request(hosts, session, { instrument, interval, from, to }: HistoryAsk) {
    const query = new URLSearchParams({
      from: `${from} 00:00:00`,
      to: `${to} 23:59:59`,
      oi: '1',
      continuous: '0',
    })
    const place = `${encodeURIComponent(instrument.token)}/${INTERVALS[interval]!.word}`
    return {
      method: 'GET',
      url: `${hosts.rest}/instruments/historical/${place}?${query}`,
      headers: headersOf(session),
    }
  },
  read: (reply, { interval }) =>
    readData(reply, (data) => {
      const candles = listOf(fieldsOf(data, 'data').candles, 'data.candles')
      return candles.map((candle, at) => candleOf(candle, `data.candles[${at}]`, interval))
    }),
}

function marginOrder(order: MarginAsk['orders'][number]) {
  const { instrument, action, product, priceType, quantity, price, triggerPrice } = order
  return {
    exchange: instrument.brokerExchange,
    tradingsymbol: instrument.brokerSymbol,
    transaction_type: action,
    variety: 'regular',
    product,
    order_type: priceType,
    quantity,
    price,
    trigger_price: triggerPrice,
  }
}

function marginOf(value: unknown, name: string): Margin {
  const { total, span, exposure } = fieldsOf(value, name)
  return {
    total: numberOf(total, `${name}.total`),
    span: numberOr0(span, `${name}.span`),
    exposure: numberOr0(exposure, `${name}.exposure`),
  }
}

/** One order costs what it costs; several are netted with each other and with what is held. */
export const margin: Read<MarginAsk, Margin> = {
  request: (hosts, session, { orders }) => ({
    method: 'POST',
    url:
      orders.length === 1
        ? `${hosts.rest}/margins/orders`
        : `${hosts.rest}/margins/basket?consider_positions=true`,
    headers: headersOf(session),
    json: orders.map(marginOrder),
  }),
  read: (reply, { orders }) =>
    readData(reply, (data) => {
      // `initial` is netted only in part.
      return orders.length === 1
        ? marginOf(listOf(data, 'data')[0], 'data[0]')
        : marginOf(fieldsOf(data, 'data').final, 'data.final')
    }),
}
