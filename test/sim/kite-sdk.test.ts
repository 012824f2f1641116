// Kite's own client library at the simulated Kite: it reads what it gets without a complaint.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KiteConnect } from 'kiteconnect'
import { RELIANCE, RELIANCE_TOKEN } from './kite-desk.ts'
import { startKite } from './start-kite.ts'

test("Kite's own library trades, and reads every book", async (t) => {
  const kite = await startKite(t, { limits: false })
  const client = new KiteConnect({ api_key: kite.apiKey, root: kite.restUrl } as never)
  client.setAccessToken(kite.accessToken)
  const order = {
    ...RELIANCE,
    transaction_type: 'BUY',
    order_type: 'LIMIT',
    product: 'MIS',
    quantity: 10,
    validity: 'DAY',
    tag: 'sdk',
  } as const
  const { order_id: id } = await client.placeOrder('regular', { ...order, price: 1200 } as never)
  await client.modifyOrder('regular', id, { price: 1201 } as never)
  const history = await client.getOrderHistory(id)
  assert.equal(history.at(-1)!.price, 1201)
  await client.cancelOrder('regular', id)
  const market = { ...order, order_type: 'MARKET', market_protection: -1 }
  const bought = await client.placeOrder('regular', market as never)
  const book = await client.getOrders()
  assert.deepEqual(
    book.map(({ status, tag }) => [status, tag]),
    [
      ['CANCELLED', 'sdk'],
      ['COMPLETE', 'sdk'],
    ],
  )
  assert.ok(book[0]!.order_timestamp)
  assert.equal((await client.getOrderTrades(bought.order_id))[0]!.quantity, 10)
  assert.equal((await client.getTrades()).length, 1)
  assert.equal((await client.getPositions()).net[0]!.quantity, 10)
  assert.equal((await client.getHoldings())[0]!.tradingsymbol, 'RELIANCE')
  assert.ok((await client.getMargins()).equity!.net < 10_000_000)
  const quote = await client.getQuote(['NSE:RELIANCE', 'NSE:NIFTY 50'])
  assert.equal(quote['NSE:RELIANCE']!.depth.buy.length, 5)
  assert.ok(quote['NSE:NIFTY 50']!.last_price)
  const days = await client.getHistoricalData(
    RELIANCE_TOKEN as never,
    'day',
    '2026-08-10',
    '2026-08-14',
  )
  assert.equal(days.length, 5)
  const { exchange, tradingsymbol } = RELIANCE
  const gtt = {
    trigger_type: 'single',
    exchange,
    tradingsymbol,
    trigger_values: [1250],
    last_price: 1305,
    orders: [
      { transaction_type: 'SELL', quantity: 1, product: 'CNC', order_type: 'LIMIT', price: 1249 },
    ],
  }
  const placed = (await client.placeGTT(gtt as never)) as { trigger_id: number }
  await client.modifyGTT(String(placed.trigger_id), gtt as never)
  assert.equal((await client.getGTTs())[0]!.status, 'active')
  await client.deleteGTT(String(placed.trigger_id))
  const asks = [{ ...order, variety: 'regular', price: 1300, trigger_price: 0 }]
  assert.equal((await client.orderMargins(asks as never))[0]!.total, 2600)
  const refused = client.placeOrder('regular', { ...order, price: 1200.01 } as never)
  await assert.rejects(refused, { error_type: 'InputException' })
})
