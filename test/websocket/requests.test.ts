import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })

test('ping needs no key, tells the time, and returns what it was given', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  const beforeMs = Date.now()
  const { server_timestamp, ...plain } = await client.ask({ action: 'ping' })
  assert.deepEqual(plain, { type: 'pong', status: 'success' })
  assert.ok(Number.isInteger(server_timestamp))
  // The engine's clock and this one may differ by a step of the wall clock.
  assert.ok(Math.abs(Number(server_timestamp) - beforeMs) < 5000)
  const asked = { action: 'ping', timestamp: 5, _pingId: 'a1', request_id: 0 }
  const { server_timestamp: _, ...full } = await client.ask(asked)
  assert.deepEqual(full, {
    type: 'pong',
    status: 'success',
    client_timestamp: 5,
    _pingId: 'a1',
    request_id: 0,
  })
})

test('the brokers of this build are listed without a key', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  assert.deepEqual(await client.ask({ action: 'get_supported_brokers', request_id: 'b' }), {
    type: 'supported_brokers',
    status: 'success',
    brokers: ['flattrade', 'shoonya', 'upstox', 'zebu', 'zerodha'],
    count: 5,
    request_id: 'b',
  })
})

test('the state of the broker line is told as it is', async (context) => {
  const backoff = { 'feed.backoff_ms_min': 60_000, 'feed.backoff_ms_max': 60_000 }
  const { simulator, ...lonely } = await startPlant(context, {}, backoff)
  const client = await StreamClient.open(context, lonely)
  const ask = () => client.ask({ action: 'get_broker_info', request_id: 1 })
  await until('a line', async () => (await ask()).adapter_status === 'connected')
  simulator.dropSockets()
  await until('its loss', async () => (await ask()).adapter_status === 'disconnected')
  assert.deepEqual(await ask(), {
    type: 'broker_info',
    status: 'success',
    broker: 'zerodha',
    adapter_status: 'disconnected',
    user_id: 'local',
    request_id: 1,
  })
})
