// A session that is over, which only the looks for an order find out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, startPlant, until } from '../support/plant.ts'

test('a session that a look finds to be over is given up; the order is found after a sign-in', async (context) => {
  const plant = await startPlant(
    context,
    {},
    {
      'brokers.zerodha.static_ip_acknowledged': true,
      'orders.reconcile_spacing_ms': 10,
    },
  )
  const { simulator, engine } = plant
  const [keeper] = engine.keepers
  const { exchange, symbol } = sharesOf(plant, 1)[0]!
  // A feed that connects later would find out, too.
  await until('the feed to be connected', () => simulator.stats().sockets === 1)
  simulator.fault({ on: 'place', do: 'reset-after' })
  simulator.fault({ on: 'orderBook', do: 'expire' })
  // The feed would tell of the order.
  simulator.fault({ on: 'message', do: 'drop', times: null })
  const order = {
    exchange,
    symbol,
    action: 'BUY',
    product: 'MIS',
    pricetype: 'MARKET',
    quantity: 1,
  }
  const told = await engine.orders.gateway.place(order, { keyId: 'k1' })
  assert.ok('error' in told && told.error.code === 'UNKNOWN_OUTCOME', JSON.stringify(told))
  await until('the session to be given up', () => keeper!.current() === null)
  assert.equal(engine.orders.status().unknown, 1)
  const { restUrl, apiKey } = simulator
  const page = await fetch(`${restUrl}/connect/login?v=3&api_key=${apiKey}`, { redirect: 'manual' })
  const request_token = new URL(page.headers.get('location')!).searchParams.get('request_token')!
  await keeper!.useToken({ request_token, api_secret: simulator.apiSecret })
  await until('the order to be found', () => engine.orders.status().unknown === 0)
  assert.equal(engine.orders.status().reported, 0)
  assert.equal(simulator.record().orders.length, 1)
})
