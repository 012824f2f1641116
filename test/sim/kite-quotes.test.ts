import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { Desk, openDesk, RELIANCE_TOKEN, type Row } from './kite-desk.ts'
import { connect } from './kite-reader.ts'

/** A Tuesday, two hours after the session has opened. */
const NOW_MS = Date.parse('2026-08-18T11:15:30+05:30')
const start = (seed: number) =>
  startKiteSimulator({
    seed,
    ratePerSecond: 0,
    instruments: 3000,
    today: '2026-08-18',
    limits: false,
    clock: () => NOW_MS,
  })

let kite: KiteSimulator
let desk: Desk
before(async () => {
  kite = await start(11)
  desk = new Desk(kite)
})
after(() => kite.close())

test('a quote has what the feed sends, in rupees', async (t) => {
  const other = await openDesk(t, { clock: () => NOW_MS })
  const client = await connect(other.kite)
  await client.subscribe([RELIANCE_TOKEN], 'full')
  other.kite.tickOnce()
  await client.packetsReach(3)
  const { values, bids, asks } = client.packets.at(-1)!
  const quote = (await other.quote('NSE:RELIANCE')) as unknown as Row
  const rupees = (units: unknown) => (units as number) / 100
  const { depth, ...fields } = quote as { depth: { buy: Row[]; sell: Row[] } }
  assert.deepEqual(fields, {
    instrument_token: RELIANCE_TOKEN,
    timestamp: '2026-08-18 11:15:30',
    last_trade_time: '2026-08-18 11:15:30',
    last_price: rupees(values.last),
    last_quantity: values.lastQuantity,
    buy_quantity: values.totalBuy,
    sell_quantity: values.totalSell,
    volume: values.volume,
    average_price: rupees(values.average),
    oi: 0,
    oi_day_high: 0,
    oi_day_low: 0,
    net_change: Math.round(values.last! - values.close!) / 100,
    lower_circuit_limit: 1175.1,
    upper_circuit_limit: 1436.2,
    ohlc: {
      open: rupees(values.open),
      high: rupees(values.high),
      low: rupees(values.low),
      close: rupees(values.close),
    },
  })
  const side = (levels: typeof bids) =>
    levels.map(({ price, quantity, orders }) => ({ price: price / 100, quantity, orders }))
  assert.deepEqual(depth, { buy: side(bids), sell: side(asks) })
})

test('many instruments are asked for at once, and unknown ones are simply missing', async () => {
  const keys = ['NSE:RELIANCE', 'NSE:NIFTY 50', 'BSE:SENSEX', 'NSE:NOBODY', 'NSE:M&M', 'junk']
  const query = keys.map((key) => `i=${encodeURIComponent(key)}`).join('&')
  const quotes = (await desk.get(`/quote?${query}`)) as Record<string, Row>
  assert.deepEqual(Object.keys(quotes), ['NSE:RELIANCE', 'NSE:NIFTY 50', 'BSE:SENSEX', 'NSE:M&M'])
  assert.deepEqual(Object.keys(quotes['NSE:NIFTY 50']!), [
    'instrument_token',
    'timestamp',
    'last_price',
    'net_change',
    'ohlc',
  ])
  assert.deepEqual(await desk.get('/quote?i=NSE:NOBODY'), {})
})

test('shorter quotes have less, and limits of their own', async () => {
  const ohlc = (await desk.get('/quote/ohlc?i=NSE:RELIANCE')) as Record<string, Row>
  assert.deepEqual(Object.keys(ohlc['NSE:RELIANCE']!), ['instrument_token', 'last_price', 'ohlc'])
  const ltp = (await desk.get('/quote/ltp?i=NSE:RELIANCE')) as Record<string, Row>
  assert.deepEqual(Object.keys(ltp['NSE:RELIANCE']!), ['instrument_token', 'last_price'])
  const many = (count: number) => Array(count).fill('i=NSE:ITC').join('&')
  assert.equal((await desk.call('GET', `/quote?${many(500)}`)).status, 200)
  assert.equal((await desk.call('GET', `/quote?${many(501)}`)).errorType, 'InputException')
  assert.equal((await desk.call('GET', `/quote/ltp?${many(1000)}`)).status, 200)
  assert.equal((await desk.call('GET', `/quote/ltp?${many(1001)}`)).errorType, 'InputException')
  assert.equal((await desk.call('GET', '/quote')).errorType, 'InputException')
})

test('prices of currencies keep their four places', async () => {
  const { tradingsymbol } = desk.named('CDS', 'USDINR26')
  const { last_price } = await desk.quote(`CDS:${tradingsymbol}`)
  assert.ok(last_price > 80 && last_price < 100, String(last_price))
  assert.equal(Math.round(last_price * 10_000) % 25, 0)
})

type Candle = [string, number, number, number, number, number, number?]

async function candles(interval: string, query: string, token = RELIANCE_TOKEN, from = desk) {
  const path = `/instruments/historical/${token}/${interval}?${query}`
  return ((await from.get(path)) as { candles: Candle[] }).candles
}

test('a day of minutes begins with its session and ends with it', async () => {
  const query = 'from=2026-08-13+09:15:00&to=2026-08-13+15:30:00'
  const day = await candles('minute', query)
  assert.equal(day.length, 375)
  assert.equal(day[0]![0], '2026-08-13T09:15:00+0530')
  assert.equal(day.at(-1)![0], '2026-08-13T15:29:00+0530')
  for (const [time, open, high, low, close, volume, ...rest] of day) {
    assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close), time)
    assert.ok(volume > 0 && rest.length === 0, time)
    assert.equal(Math.round(open * 100) % 5, 0)
  }
  for (let at = 1; at < day.length; at++) assert.equal(day[at]![1], day[at - 1]![4])
})

test('wider candles are made of the narrow ones', async () => {
  const query = 'from=2026-08-13+09:15:00&to=2026-08-13+15:30:00'
  const minutes = await candles('minute', query)
  const quarters = await candles('15minute', query)
  assert.equal(quarters.length, 25)
  const first = minutes.slice(0, 15)
  assert.deepEqual(quarters[0]!.slice(1), [
    first[0]![1],
    Math.max(...first.map(([, , high]) => high)),
    Math.min(...first.map(([, , , low]) => low)),
    first.at(-1)![4],
    first.reduce((sum, [, , , , , volume]) => sum + volume, 0),
  ])
  assert.equal((await candles('60minute', query)).length, 7)
})

test('days skip weekends, end at the close that the quote tells, and end with today', async () => {
  const days = await candles('day', 'from=2026-08-10&to=2026-08-30&oi=1')
  assert.deepEqual(
    days.map(([time]) => time),
    [10, 11, 12, 13, 14, 17, 18].map((day) => `2026-08-${day}T00:00:00+0530`),
  )
  const { ohlc } = await desk.quote('NSE:RELIANCE')
  assert.equal(days.at(-2)![4], ohlc.close)
  for (const day of days) assert.deepEqual(day.slice(6), [0])
  const today = await candles('minute', 'from=2026-08-18+00:00:00&to=2026-08-19+00:00:00')
  assert.equal(today.at(-1)![0], '2026-08-18T11:15:00+0530')
})

test('derivatives have open interest, and commodities trade into the night', async () => {
  const { token } = desk.named('MCX', 'CRUDEOIL26')
  const query = 'from=2026-08-13+09:00:00&to=2026-08-13+23:59:59&oi=1'
  const hours = await candles('60minute', query, token)
  assert.equal(hours[0]![0], '2026-08-13T09:00:00+0530')
  assert.equal(hours.at(-1)![0], '2026-08-13T23:00:00+0530')
  assert.ok(hours.every((candle) => candle[6]! > 0))
})

test('the same seed gives the same history, another seed another', async () => {
  const query = 'from=2026-08-13+09:15:00&to=2026-08-13+10:00:00'
  const first = await candles('minute', query)
  const [again, other] = [await start(11), await start(12)]
  try {
    assert.deepEqual(await candles('minute', query, RELIANCE_TOKEN, new Desk(again)), first)
    assert.notDeepEqual(await candles('minute', query, RELIANCE_TOKEN, new Desk(other)), first)
  } finally {
    await Promise.all([again.close(), other.close()])
  }
})

test('history that cannot be is refused', async () => {
  const path = `/instruments/historical/${RELIANCE_TOKEN}`
  const span = 'from=2026-08-13+09:15:00&to=2026-08-13+15:30:00'
  for (const [bad, says] of [
    [`/instruments/historical/7/minute?${span}`, /token/],
    [`${path}/2minute?${span}`, /interval/],
    [`${path}/minute?to=2026-08-13`, /from/],
    [`${path}/minute?from=2026-08-13`, /to/],
    [`${path}/minute?from=yesterday&to=2026-08-13`, /from/],
    [`${path}/minute?from=2026-02-30&to=2026-08-13`, /from/],
    [`${path}/minute?from=2026-08-13+25:00:00&to=2026-08-14`, /from/],
    [`${path}/minute?from=2026-08-14&to=2026-08-13`, /after/],
    [`${path}/minute?from=2026-06-01&to=2026-08-13`, /60 days/],
    [`${path}/day?from=2016-06-01&to=2026-08-13`, /2000 days/],
    [`${path}/day?${span}&oi=yes`, /oi/],
  ] as const) {
    const { status, errorType, message } = await desk.call('GET', bad)
    assert.deepEqual([status, errorType], [400, 'InputException'], bad)
    assert.match(message, says)
  }
})
