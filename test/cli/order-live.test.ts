// The commands against a running engine and the simulated Kite: the way from the command line to the exchange and back.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  currentTable,
  eventsOf,
  restingOrder,
  startTradingPlant,
  toldStates,
} from '../orders/trading-plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { runCommand } from './run.ts'

const plant = await startTradingPlant({ after })
const run = (...words: string[]) => runCommand([...words, '--data-dir', plant.dataDir])

test('an order is placed, followed, changed and cancelled, and clients hear of it', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.ask({ action: 'subscribe_orders' })
  await currentTable(plant)
  const { exchange, symbol, price } = await restingOrder(plant)
  const name = `${exchange}:${symbol}`
  const words = ['order', 'place', name, 'BUY', '10', '--price', String(price), '--yes', '--json']
  const placed = await run(...words)
  assert.equal(placed.code, 0, placed.stderr)
  const { orderid } = JSON.parse(placed.stdout)
  assert.deepEqual(await toldStates(client, orderid, 1), ['open 0'])
  const changed = await run('order', 'modify', orderid, '--quantity', '12', '--yes')
  assert.equal(changed.code, 0, changed.stderr)
  const state = JSON.parse((await run('order', 'status', orderid, '--json')).stdout)
  assert.deepEqual([Number(state.data.quantity), state.source], [12, 'live'])
  const cancelled = await run('order', 'cancel', orderid)
  assert.equal(cancelled.code, 0, cancelled.stderr)
  assert.deepEqual(await toldStates(client, orderid, 2), ['open 0', 'cancelled 0'])
  const orders = await run('orders')
  assert.match(orders.stdout, new RegExp(`${orderid} .* cancelled`))
  assert.equal(eventsOf(client).length, 2)
})

test('a change of the price leaves what is disclosed as it was', async () => {
  const { exchange, symbol, price } = await restingOrder(plant)
  const words = [`${exchange}:${symbol}`, 'BUY', '20', '--price', String(price), '--disclosed', '5']
  const placed = await run('order', 'place', ...words, '--yes', '--json')
  const { orderid } = JSON.parse(placed.stdout)
  const changed = await run('order', 'modify', orderid, '--price', String(price - 1), '--yes')
  assert.equal(changed.code, 0, changed.stderr)
  const { data } = JSON.parse((await run('order', 'status', orderid, '--json')).stdout)
  assert.deepEqual([data.price, data.disclosed_quantity], [price - 1, 5])
})

test('books, funds and histories are understood', async () => {
  for (const command of ['positions', 'holdings', 'funds']) {
    const { code, stderr } = await run(command)
    assert.deepEqual([code, stderr], [0, ''], command)
  }
  const { exchange, symbol } = plant.share
  const days = ['--from', '2026-08-03', '--to', '2026-08-07']
  const { code, stdout, stderr } = await run('history', `${exchange}:${symbol}`, ...days)
  assert.deepEqual([code, stderr], [0, ''])
  const rows = stdout.trimEnd().split('\n')
  assert.equal(rows[0], 'time,timestamp,open,high,low,close,volume,oi')
  assert.match(rows[1]!, /^2026-08-0\d,\d{10},/)
})

test('what the broker refuses is told with its code, and a wrong symbol as usage', async () => {
  const { exchange, symbol } = plant.share
  const words = [`${exchange}:${symbol}`, 'BUY', '500000', '--product', 'CNC', '--yes']
  const poor = await run('order', 'place', ...words)
  assert.equal(poor.code, 1)
  assert.match(poor.stderr, /\(INSUFFICIENT_FUNDS\)/)
  const unknown = await run('order', 'place', 'NSE:NOSUCHTHING', 'BUY', '1', '--yes')
  assert.match(unknown.stderr, /NOSUCHTHING/)
  assert.notEqual(unknown.code, 0)
})
