import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Scope, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { PING, PONG, RawClient, TEXT } from '../support/raw-client.ts'

// A client that looks at no more than the first frame of what one read gives, and has small buffers.
const HANDSHAKE_BYTES_MAX = 1023
const FRAME_BYTES_MAX = 16_000
const plant = await startPlant({ after })
const [share] = sharesOf(plant, 1) as [Share]

async function open(context: Scope): Promise<RawClient> {
  const client = await RawClient.connect(context, plant.engine.websocketPort)
  await client.ask({ action: 'authenticate', api_key: plant.engine.localKey })
  return client
}

test('handshake and replies are short and hold the words that text searches look for', async (context) => {
  const client = await RawClient.connect(context, plant.engine.websocketPort)
  assert.match(client.handshake, /^HTTP\/1\.1 101 Switching Protocols\r\n.*\r\n\r\n$/s)
  assert.match(client.handshake, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i)
  assert.ok(client.handshake.length <= HANDSHAKE_BYTES_MAX)
  const refused = await client.ask({ action: 'authenticate', api_key: 'wrong' })
  assert.doesNotMatch(refused, /success|authenticated/i)
  const taken = await client.ask({ action: 'authenticate', api_key: plant.engine.localKey })
  assert.match(taken, /"status":"success"/)
  assert.ok(taken.length <= HANDSHAKE_BYTES_MAX)
  const { symbol, exchange } = share
  const acknowledged = await client.ask({ action: 'subscribe', symbol, exchange, mode: 2 })
  assert.match(acknowledged, /^\{"type":"subscribe"/)
})

test('a masked ping is answered with its payload', async (context) => {
  const client = await open(context)
  client.send(PING, 'still there')
  const pong = await until('a pong', () => client.frames.find(({ opcode }) => opcode === PONG))
  assert.equal(pong.payload.toString(), 'still there')
})

test('ticks that come one by one are read one by one, each a whole frame of its own', async (context) => {
  const client = await open(context)
  const { symbol, exchange, token } = share
  await client.ask({ action: 'subscribe', symbol, exchange, mode: 3 })
  const ticks = () => client.frames.filter(({ payload }) => payload.includes('"market_data"'))
  await until('the first tick', () => ticks().length > 0)
  for (let count = ticks().length; count < 50; count++) {
    plant.simulator.tickOnce([token])
    await until('the next tick', () => ticks().length > count)
  }
  const reads = client.frames.map(({ read }) => read)
  assert.equal(new Set(reads).size, reads.length)
  for (const { isFinal, isMasked, opcode, lengthBytes, payload } of ticks()) {
    assert.deepEqual(
      { isFinal, isMasked, opcode },
      { isFinal: true, isMasked: false, opcode: TEXT },
    )
    assert.ok(lengthBytes <= 2)
    assert.ok(payload.length < FRAME_BYTES_MAX)
    assert.equal(JSON.parse(payload.toString()).symbol, symbol)
  }
})
