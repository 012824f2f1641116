import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import WebSocket from 'ws'
import { startPlant, until } from '../support/plant.ts'
import { RawClient } from '../support/raw-client.ts'
import { StreamClient } from '../support/stream-client.ts'

/** Long enough for a client that authenticates at once on a machine that stands still for a while. */
const GRACE_MS = 2000
const FRAME_BYTES_MAX = 2048
const CLIENTS_MAX = 4
const plant = await startPlant(
  { after },
  {},
  {
    'websocket.auth_grace_ms': GRACE_MS,
    'websocket.ping_interval_ms': 100,
    'websocket.frame_bytes_max': FRAME_BYTES_MAX,
    'websocket.clients_max': CLIENTS_MAX,
  },
)

/** What is waited for must come within some seconds. */
const soon = () => ({ signal: AbortSignal.timeout(30_000) })

for (const path of ['', '/ws', '/any/path?with=query']) {
  test(`a client may connect to the path ${path || '/'}`, async (context) => {
    const client = await StreamClient.connect(context, plant.websocketUrl + path)
    const reply = await client.authenticate(plant.engine.localKey)
    assert.equal(reply.status, 'success')
  })
}

test('of several subprotocols the first is chosen', async (context) => {
  const socket = new WebSocket(plant.websocketUrl, ['ticks', 'other'])
  context.after(() => socket.terminate())
  await once(socket, 'open', soon())
  assert.equal(socket.protocol, 'ticks')
})

test('compression that a client offers is declined, and the client works', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl, {
    perMessageDeflate: true,
  })
  assert.equal(client.socket.extensions, '')
  assert.equal((await client.ask({ action: 'ping' })).type, 'pong')
})

test('a protocol ping is answered with its payload', async (context) => {
  const client = await StreamClient.open(context, plant)
  const answered = once(client.socket, 'pong', soon())
  client.socket.ping('here?')
  const [payload] = await answered
  assert.equal(String(payload), 'here?')
})

test('clients are pinged, again and again', async (context) => {
  const client = await StreamClient.open(context, plant)
  await once(client.socket, 'ping', soon())
  await once(client.socket, 'ping', soon())
})

test('the request is read from action, or from type where action is empty', async (context) => {
  const client = await StreamClient.open(context, plant)
  const requests = [
    { action: 'ping' },
    { type: 'ping' },
    { action: '', type: 'ping' },
    { action: 'ping', type: 'get_broker_info' },
  ]
  for (const request of requests) assert.equal((await client.ask(request)).type, 'pong')
})

const ACTIONS_THAT_NEED_A_KEY = [
  'subscribe',
  'unsubscribe',
  'unsubscribe_all',
  'subscribe_orders',
  'unsubscribe_orders',
  'get_broker_info',
]
interface ErrorPart {
  readonly code: string
  readonly message: string
}
const notJson = { code: 'INVALID_JSON', message: 'Invalid JSON message' }
const notObject = { code: 'INVALID_JSON', message: 'A message must be a JSON object' }
const invalidAction = (name: string) => ({
  code: 'INVALID_ACTION',
  message: `Invalid action: ${name}`,
})
const needsKey = (action: string): [string, ErrorPart] => [
  JSON.stringify({ action }),
  { code: 'NOT_AUTHENTICATED', message: 'You must authenticate first' },
]

/** A ping of so many bytes. */
function pingOf(bytes: number): string {
  const bare = JSON.stringify({ action: 'ping', timestamp: '' })
  return JSON.stringify({ action: 'ping', timestamp: 'x'.repeat(bytes - bare.length) })
}

const BAD_FRAMES: readonly [frame: string | Buffer, error: ErrorPart][] = [
  ...ACTIONS_THAT_NEED_A_KEY.map(needsKey),
  ['pong', notJson],
  ['', notJson],
  ['{"action":"ping"', notJson],
  ['[{"action":"ping"}]', notObject],
  ['null', notObject],
  ['17', notObject],
  ['"ping"', notObject],
  ['{}', invalidAction('')],
  ['{"action":"Ping"}', invalidAction('Ping')],
  ['{"action":"constructor"}', invalidAction('constructor')],
  [`{"action":"${'x'.repeat(100)}"}`, invalidAction('x'.repeat(80))],
  [
    Buffer.from('{"action":"ping"}'),
    { code: 'INVALID_JSON', message: 'Binary frames are not accepted; send JSON as text' },
  ],
  [
    pingOf(FRAME_BYTES_MAX + 1),
    {
      code: 'INVALID_PARAMETERS',
      message: `A message of ${FRAME_BYTES_MAX + 1} bytes is too large; at most ${FRAME_BYTES_MAX} are allowed`,
    },
  ],
]

test('what cannot be served gets its error and leaves the connection usable', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  for (const [frame, error] of BAD_FRAMES) {
    const before = client.texts.length
    client.socket.send(frame)
    assert.deepEqual(await client.nextReply(before), { status: 'error', ...error })
    assert.equal((await client.ask({ action: 'ping' })).type, 'pong', String(frame))
  }
  assert.equal(client.closed, null)
})

test('a message of just the allowed size is taken', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  assert.equal((await client.ask(pingOf(FRAME_BYTES_MAX))).type, 'pong')
})

test('who has no valid key in time is closed with 4401, who has one stays', async (context) => {
  const silent = await StreamClient.connect(context, plant.websocketUrl)
  const wrong = await StreamClient.connect(context, plant.websocketUrl)
  const known = await StreamClient.open(context, plant)
  const { unauthenticated } = plant.engine.status().clients
  await wrong.authenticate('not a key')
  for (const client of [silent, wrong]) {
    await until('the closing', () => client.closed)
    assert.deepEqual(client.closed, { code: 4401, reason: 'auth timeout' })
  }
  assert.equal((await known.ask({ action: 'get_broker_info' })).status, 'success')
  assert.equal(plant.engine.status().clients.unauthenticated, unauthenticated + 2)
})

test('beyond clients_max an upgrade is refused with 503 until someone leaves', async (context) => {
  await until('room', () => plant.engine.status().clients.connected === 0)
  const clients: StreamClient[] = []
  while (clients.length < CLIENTS_MAX) clients.push(await StreamClient.open(context, plant))
  const refused = new WebSocket(plant.websocketUrl)
  refused.on('error', () => {})
  const [, response] = await once(refused, 'unexpected-response', soon())
  assert.equal(response.statusCode, 503)
  assert.equal(plant.engine.status().clients.refusedFull, 1)
  clients[0]!.socket.close()
  await until('room', () => plant.engine.status().clients.connected < CLIENTS_MAX)
  const next = await StreamClient.open(context, plant)
  assert.equal((await next.ask({ action: 'get_broker_info' })).status, 'success')
})

// uWebSockets.js gives a connection at least 8 seconds.
test('a client that does not answer pings is dropped, one that does stays', async (context) => {
  const dead = await RawClient.connect(context, plant.engine.websocketPort)
  const alive = await StreamClient.open(context, plant)
  await dead.ask({ action: 'authenticate', api_key: plant.engine.localKey })
  await until('the end of the dead connection', () => dead.isClosed, 40_000)
  assert.equal((await alive.ask({ action: 'get_broker_info' })).status, 'success')
})
