import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { addKey, callAdmin, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const { localKey } = plant.engine
const [first, second, third, fourth] = sharesOf(plant, 4) as [Share, Share, Share, Share]

const SUCCESS = {
  type: 'auth',
  status: 'success',
  message: 'Authentication successful',
  broker: 'zerodha',
  user_id: 'local',
  supported_features: { ltp: true, quote: true, depth: true },
}
const failure = (message: string) => ({
  type: 'auth',
  status: 'error',
  code: 'AUTHENTICATION_ERROR',
  message,
})

for (const name of ['api_key', 'apikey', 'token']) {
  for (const action of ['authenticate', 'auth']) {
    test(`the action ${action} takes the key as ${name}`, async (context) => {
      const client = await StreamClient.connect(context, plant.websocketUrl)
      assert.deepEqual(await client.ask({ action, [name]: localKey }), SUCCESS)
      assert.equal((await client.ask({ action: 'get_broker_info' })).status, 'success')
    })
  }
}

test('a missing or unknown key is refused with type auth, and a good one is taken after it', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  for (const key of [undefined, null, '', 17, true, {}]) {
    const reply = await client.ask({ action: 'authenticate', api_key: key })
    assert.deepEqual(reply, failure('API key is required'))
  }
  for (const key of ['x', 'x'.repeat(500), localKey.slice(1), `${localKey}0`, 'ключ']) {
    const reply = await client.ask({ action: 'authenticate', api_key: key })
    assert.deepEqual(reply, failure('Invalid API key'))
  }
  assert.equal((await client.ask({ action: 'get_broker_info' })).code, 'NOT_AUTHENTICATED')
  assert.deepEqual(await client.authenticate(localKey), SUCCESS)
})

test('the reply names the user of the broker, where that is known', async (context) => {
  const named = await startPlant(context, {}, { 'brokers.zerodha.user_id': 'AB1234' })
  const client = await StreamClient.connect(context, named.websocketUrl)
  assert.equal((await client.authenticate(named.engine.localKey)).user_id, 'AB1234')
  assert.equal((await client.ask({ action: 'get_broker_info' })).user_id, 'AB1234')
})

test('a request_id comes back with success and with failure', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  assert.equal((await client.authenticate('wrong', { request_id: 'a' })).request_id, 'a')
  assert.equal((await client.authenticate(localKey, { request_id: 7 })).request_id, 7)
})

test('a key must have the scope read', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  const { key } = await addKey(plant, 'trader', ['trade'])
  assert.deepEqual(await client.authenticate(key), failure('This API key may not read market data'))
})

test('a revoked key is refused like an unknown one', async (context) => {
  const { key, id } = await addKey(plant, 'gone', ['read'])
  const client = await StreamClient.connect(context, plant.websocketUrl)
  assert.equal((await client.authenticate(key)).user_id, 'gone')
  await callAdmin(plant, 'DELETE', `/admin/keys/${id}`)
  const late = await StreamClient.connect(context, plant.websocketUrl)
  assert.deepEqual(await late.authenticate(key), failure('Invalid API key'))
})

test('a broker that does not run here is refused, and nobody is let in', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  assert.deepEqual(await client.authenticate(localKey, { broker: 'angel' }), {
    status: 'error',
    code: 'BROKER_ERROR',
    message: 'No broker configuration found for user',
  })
  assert.equal((await client.ask({ action: 'get_broker_info' })).code, 'NOT_AUTHENTICATED')
  assert.deepEqual(await client.authenticate(localKey, { broker: 'zerodha' }), SUCCESS)
})

test('requests that were sent without waiting for the authentication are served in order', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  client.send({ action: 'authenticate', api_key: localKey })
  client.send({ action: 'subscribe', symbols: [first], mode: 'ltp' })
  client.send({ action: 'subscribe', symbol: second.symbol, exchange: 'NSE', mode: 2, depth: 5 })
  client.send({ action: 'ping' })
  await until('ticks of both', () =>
    [first, second].every(({ symbol }) => client.dataOf(symbol).length > 0),
  )
  const replies = client.texts.filter(({ type }) => type !== 'market_data')
  assert.deepEqual(
    replies.map(({ type }) => type),
    ['auth', 'subscribe', 'subscribe', 'pong'],
  )
})

test('authenticating again with the same wishes keeps what is held', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.stream([third], 'Quote')
  assert.deepEqual(await client.authenticate(localKey), SUCCESS)
  assert.deepEqual(await client.authenticate('wrong'), failure('Invalid API key'))
  const before = client.tickCount
  plant.simulator.tickOnce([third.token])
  await client.waitForTicks(before + 1)
})

test('authenticating again for another format drops what is held', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.stream([fourth], 'Quote')
  assert.equal((await client.authenticate(localKey, { format: 'msgpack' })).format, 'msgpack')
  await until('unsubscription', () => plant.simulator.stats().subscribedPairs === 0)
  await client.stream([fourth], 'Quote')
  assert.equal(client.items.at(-1)?.symbol, fourth.symbol)
  assert.equal(client.ticks.length, 1)
})

test('a connection belongs to the key with which it authenticated last', async (context) => {
  const old = await addKey(plant, 'old', ['read'])
  const client = await StreamClient.connect(context, plant.websocketUrl)
  await client.authenticate(old.key)
  await client.authenticate(localKey)
  await callAdmin(plant, 'DELETE', `/admin/keys/${old.id}`)
  assert.equal((await client.ask({ action: 'get_broker_info' })).status, 'success')
})
