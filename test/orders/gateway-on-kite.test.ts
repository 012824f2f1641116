// The gateway and Zerodha's table of orders against a Kite that was written from the documentation alone: what is asked
// is understood there, and what is there is understood here.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import type { HttpReply, HttpRequest, InstrumentRow } from '../../adapters/broker.ts'
import { PRICE_TYPES } from '../../adapters/orders.ts'
import { instruments } from '../../adapters/zerodha/instruments.ts'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { Bench, CALLER, HOSTS } from './gateway-bench.ts'

const kite = await startKiteSimulator({
  seed: 1,
  ratePerSecond: 0,
  instruments: 3000,
  limits: false,
})
after(() => kite.close())
const session = { apiKey: kite.apiKey, accessToken: kite.accessToken }

async function send({ method, url, headers, form, json }: HttpRequest): Promise<HttpReply> {
  const body = form ? new URLSearchParams(form) : json ? JSON.stringify(json) : null
  const type = json ? { 'content-type': 'application/json' } : {}
  const reply = await fetch(url.replace(HOSTS.rest, kite.restUrl), {
    method,
    headers: { ...headers, ...type },
    body,
  })
  const said = Object.fromEntries(reply.headers)
  return { status: reply.status, headers: said, body: await reply.text() }
}

async function listed(): Promise<InstrumentRow[]> {
  const [file] = instruments.files({ rest: HOSTS.rest, feed: '' }, session)
  const { body } = await send(file!.request)
  const layout = instruments.layouts[file!.layout]!
  const rows: Record<string, string>[] = parse(body, { columns: true })
  return rows
    .map((row) => layout.row(layout.columns.map((column) => row[column]!)))
    .filter((row): row is InstrumentRow => typeof row !== 'string')
}

const rows = await listed()
const find = (exchange: string, type: string) => {
  const found = rows.find((row) => row.exchange === exchange && row.instrumentType === type)
  assert.ok(found, `${exchange} ${type}`)
  return found
}
const SHARE = find('NSE', 'EQ')
const FUTURE = find('NFO', 'FUT')

/** A gateway on the simulated broker. */
function gatewayOn() {
  const bench = new Bench({ rows, orders: { quotas: [] }, broker: { algoId: 'a' } })
  bench.session = session
  bench.nowMs = Date.now()
  bench.respond = send
  return bench
}

async function ltpOf(bench: Bench, { exchange, symbol }: InstrumentRow): Promise<number> {
  const told = await bench.gateway.quote({ exchange, symbol })
  assert.ok('ok' in told, JSON.stringify(told))
  return told.ok.ltp
}

const toTick = (price: number, tick: number) => Number((Math.round(price / tick) * tick).toFixed(4))

/** An order that rests, at a price away from the last one. */
async function restingOrder(bench: Bench, row: InstrumentRow, product: string, action: string) {
  const ltp = await ltpOf(bench, row)
  const below = toTick(ltp * 0.99, row.tickSize)
  const above = toTick(ltp * 1.01, row.tickSize)
  const { exchange, symbol, lotSize: quantity } = row
  const isBuy = action === 'BUY'
  return {
    exchange,
    symbol,
    action,
    product,
    quantity,
    price: isBuy ? below : above,
    stop: isBuy ? { price: above, trigger_price: above } : { price: below, trigger_price: below },
  }
}

describe('each product, price type and action', () => {
  for (const [row, products] of [
    [SHARE, ['CNC', 'MIS']],
    [FUTURE, ['NRML', 'MIS']],
  ] as const) {
    for (const product of products) {
      for (const pricetype of PRICE_TYPES) {
        for (const action of ['BUY', 'SELL'] as const) {
          // Holdings of delivery shares cannot be sold by who has none.
          if (product === 'CNC' && action === 'SELL') continue
          test(`${row.exchange} ${product} ${pricetype} ${action} is taken and stands in the book`, async () => {
            const bench = gatewayOn()
            const { stop, ...order } = await restingOrder(bench, row, product, action)
            const isStop = pricetype === 'SL' || pricetype === 'SL-M'
            const told = await bench.place({ ...order, ...(isStop ? stop : {}), pricetype })
            assert.ok('ok' in told, JSON.stringify(told))
            const book = await bench.gateway.orderBook({})
            assert.ok('ok' in book, JSON.stringify(book))
            const found = book.ok.find(({ orderid }) => orderid === told.ok.orderid)
            assert.ok(found)
            assert.equal(found.tag, bench.tasks[0]!.intentId)
            const { symbol, product: held, pricetype: type, action: side, quantity, listed } = found
            assert.deepEqual(
              [symbol, held, type, side, quantity, listed],
              [row.symbol, product, pricetype, action, row.lotSize, true],
            )
            const state = { MARKET: 'complete', LIMIT: 'open', SL: 'trigger pending' } as const
            assert.equal(found.order_status, state[isStop ? 'SL' : (pricetype as 'LIMIT')])
          })
        }
      }
    }
  }
})

test('an order is changed, followed and cancelled; a second cancel is refused', async () => {
  const bench = gatewayOn()
  const { stop, ...order } = await restingOrder(bench, SHARE, 'MIS', 'BUY')
  const placed = await bench.place({ ...order, pricetype: 'LIMIT' })
  assert.ok('ok' in placed)
  const { orderid } = placed.ok
  const change = { ...order, orderid, pricetype: 'LIMIT', quantity: 3 }
  assert.deepEqual(await bench.gateway.modify(change, CALLER), placed)
  const state = await bench.gateway.orderStatus({ orderid })
  assert.ok('ok' in state && state.ok.quantity === 3)
  assert.deepEqual(await bench.gateway.cancel({ orderid }, CALLER), placed)
  const again = await bench.gateway.cancel({ orderid }, CALLER)
  assert.ok('error' in again)
  assert.equal(bench.searches.size, 0, JSON.stringify(again))
  const unknown = await bench.gateway.orderStatus({ orderid: '999' })
  assert.ok('error' in unknown && unknown.error.code === 'NOT_FOUND', JSON.stringify(unknown))
})

test('triggers are placed, changed, listed and cancelled', async () => {
  const bench = gatewayOn()
  const { exchange, symbol, tickSize } = SHARE
  const ltp = await ltpOf(bench, SHARE)
  const at = (share: number) => toTick(ltp * share, tickSize)
  const gtt = {
    trigger_type: 'OCO',
    exchange,
    symbol,
    action: 'SELL',
    product: 'CNC',
    quantity: 1,
    triggerprice_sl: at(0.9),
    stoploss: at(0.89),
    triggerprice_tg: at(1.1),
    target: at(1.11),
  }
  const placed = await bench.gateway.placeGtt(gtt, CALLER)
  assert.ok('ok' in placed, JSON.stringify(placed))
  const trigger_id = placed.ok.orderid
  const changed = await bench.gateway.modifyGtt({ ...gtt, trigger_id, quantity: 2 }, CALLER)
  assert.deepEqual(changed, placed)
  const book = await bench.gateway.gttBook({})
  assert.ok('ok' in book)
  const found = book.ok.find((row) => row.trigger_id === trigger_id)
  assert.deepEqual(found?.trigger_prices, [at(0.9), at(1.1)])
  assert.deepEqual([found?.symbol, found?.status, found?.legs[0]?.quantity], [symbol, 'active', 2])
  assert.deepEqual(await bench.gateway.cancelGtt({ trigger_id }, CALLER), placed)
})

test('books, funds, margins, quotes and histories are understood', async () => {
  const bench = gatewayOn()
  const { gateway } = bench
  for (const call of ['tradeBook', 'positions', 'holdings'] as const) {
    const told = await gateway[call]({})
    assert.ok('ok' in told && told.ok.length > 0, `${call} ${JSON.stringify(told)}`)
    assert.ok(told.ok.every(({ listed }) => listed))
  }
  const funds = await gateway.funds({})
  assert.ok('ok' in funds && funds.ok.availablecash > 0)
  const { stop, ...share } = await restingOrder(bench, SHARE, 'MIS', 'BUY')
  const { stop: _, ...future } = await restingOrder(bench, FUTURE, 'NRML', 'BUY')
  const orders = [share, future].map((order) => ({ ...order, pricetype: 'LIMIT' }))
  for (const positions of [orders.slice(0, 1), orders]) {
    const margin = await gateway.margin({ positions })
    assert.ok('ok' in margin && margin.ok.total_margin_required > 0, JSON.stringify(margin))
  }
  const symbols = rows.slice(0, 1200).map(({ exchange, symbol }) => ({ exchange, symbol }))
  const quotes = await gateway.quotes({ symbols })
  assert.ok('ok' in quotes)
  assert.equal(quotes.ok.length, 1200)
  assert.ok(quotes.ok.every((row) => 'data' in row))
  const days = { start_date: '2026-01-01', end_date: '2026-03-31' }
  const named = { exchange: SHARE.exchange, symbol: SHARE.symbol }
  for (const interval of ['5m', 'D']) {
    const history = await gateway.history({ ...named, interval, ...days })
    assert.ok('ok' in history && history.ok.length > 30, JSON.stringify(history).slice(0, 300))
    const times = history.ok.map(({ time }) => time)
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
    )
  }
})

for (const [what, fault] of [
  ['a reset', { do: 'reset-after' }],
  ['an error page', { do: 'error-after', html: true }],
  ['garbage', { do: 'garbage' }],
  ['a body that ends early', { do: 'truncated' }],
  ['an empty body', { do: 'empty' }],
  ['a call that is throttled', { do: 'throttle' }],
  [
    'a time-out that comes as HTTP 400',
    { do: 'error-after', status: 400, errorType: 'OrderException', message: 'Request timed out.' },
  ],
] as const) {
  test(`${what} leaves an order unknown`, async () => {
    const bench = gatewayOn()
    const { stop, ...order } = await restingOrder(bench, SHARE, 'MIS', 'BUY')
    bench.respond = (request) => send(request).catch(() => ({ status: 0, headers: {}, body: '' }))
    kite.fault({ on: 'place', ...fault } as never)
    const told = await bench.place({ ...order, pricetype: 'LIMIT' })
    assert.ok('error' in told && told.error.code === 'UNKNOWN_OUTCOME', JSON.stringify(told))
    assert.equal(bench.searches.size, 1)
  })
}

test('what funds do not cover, and a session that has ended, are rejected by their codes', async () => {
  const bench = gatewayOn()
  const { stop, ...order } = await restingOrder(bench, SHARE, 'CNC', 'BUY')
  const poor = await bench.place({ ...order, pricetype: 'LIMIT', quantity: 500_000 })
  assert.ok('error' in poor && poor.error.code === 'INSUFFICIENT_FUNDS', JSON.stringify(poor))
  bench.session = { ...session, accessToken: 'dead' }
  const dead = await bench.place({ ...order, pricetype: 'LIMIT' })
  assert.ok('error' in dead && dead.error.code === 'INVALID_TOKEN', JSON.stringify(dead))
})
