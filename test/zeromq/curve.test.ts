// Real sockets of libzmq on loopback. Who is kept out is known by the server's own word of the failed handshake, so
// that no time has to pass to see that nothing comes.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Context, curveKeyPair, Dealer, Subscriber, XPublisher } from 'zeromq'
import { CurveStore } from '../../engine/auth/curve.ts'
import { decodeZ85 } from '../../engine/auth/z85.ts'
import { curveServerOptions, startZap } from '../../engine/distribute/zeromq/zap.ts'
import { temporaryFolder, until } from '../support/plant.ts'

const WAIT_MS_MAX = 30_000
/** Clients that lose their connection come again at once; these wait, so that each attempt can be counted. */
const PATIENT = { linger: 0, receiveTimeout: WAIT_MS_MAX, reconnectInterval: 60_000 }
interface Keys {
  readonly publicKey: string
  readonly secretKey: string
}

/** Notes the failed handshakes of a socket until its observer is closed. */
async function noteFailures({ events }: XPublisher, failures: string[]): Promise<void> {
  try {
    for await (const event of events) {
      if (!event.type.startsWith('handshake:error') || !('error' in event)) continue
      const { error } = event
      failures.push(`${event.type} ${'status' in error ? error.status : error.code}`)
    }
  } catch (error) {
    if (!events.closed) throw error
  }
}

/** A publisher that is a CURVE server. */
async function bindPublisher(test: TestContext, context: Context, secretKey: string, ipc: string) {
  const timeouts = { receiveTimeout: WAIT_MS_MAX, linger: 0 }
  const socket = new XPublisher({ context, ...timeouts, ...curveServerOptions(secretKey) })
  const failures: string[] = []
  const watching = noteFailures(socket, failures)
  test.after(async () => {
    // The observer does not always hear that its socket closed, and would then keep the process alive.
    socket.events.close()
    socket.close()
    await watching
  })
  socket.verbosity = 'allSubs'
  await socket.bind('tcp://127.0.0.1:*')
  const endpoints = { tcp: socket.lastEndpoint!, ipc }
  await socket.bind(ipc)
  return { socket, endpoints, failures }
}

/** A publisher as the engine has it, whose clients are those of a store. */
async function startServer(test: TestContext) {
  const dataDir = await temporaryFolder(test)
  const store = CurveStore.load(dataDir)
  const { publicKey, secretKey } = await store.serverPair()
  const context = new Context()
  const refused: string[] = []
  const allows = (key: Uint8Array) => store.allows(key)
  const zap = await startZap(context, allows, (address, why) => refused.push(`${address}: ${why}`))
  test.after(() => zap.close())
  const ipc = `ipc://${join(dataDir, 'ticks.ipc')}`
  const bound = await bindPublisher(test, context, secretKey, ipc)
  return { dataDir, store, serverKey: publicKey, secretKey, refused, ...bound }
}

/** Keys of a client that the server lets in. */
async function addClient(store: CurveStore, name: string): Promise<Keys> {
  const { client, secretKey } = await store.add({ name })
  return { publicKey: client.publicKey, secretKey: secretKey! }
}

/** What makes a socket a CURVE client. */
function clientOptions(serverKey: string, { publicKey, secretKey }: Keys) {
  return { curveServerKey: serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
}

/** A subscriber of all topics. */
function subscribe(test: TestContext, endpoint: string, curve: object): Subscriber {
  const socket = new Subscriber({ ...PATIENT, ...curve })
  test.after(() => socket.close())
  socket.connect(endpoint)
  socket.subscribe('')
  return socket
}

type Server = Awaited<ReturnType<typeof startServer>>

/** Publishes once the server has heard of a subscription, and waits for the subscriber to have the message. */
async function publishTo({ socket }: Server, subscriber: Subscriber, text: string): Promise<void> {
  // A subscriber that nobody reads does not tell its topics again when it comes again.
  const received = subscriber.receive()
  assert.deepEqual(await socket.receive(), [Buffer.of(1)])
  await socket.send(['TOPIC', text])
  assert.deepEqual((await received).map(String), ['TOPIC', text])
}

const STRANGERS: Readonly<
  Record<string, { options(serverKey: string, allowed: Keys): object; failure: RegExp }>
> = {
  'with a key that nobody added': {
    options: (serverKey) => clientOptions(serverKey, curveKeyPair()),
    failure: /^handshake:error:auth 400$/,
  },
  'without CURVE': {
    options: () => ({}),
    // Either side may be the first to see it.
    failure: /^handshake:error:(protocol ERR_ZMTP_MECHANISM_MISMATCH|other EPIPE)$/,
  },
  'with the key of another server': {
    options: (_serverKey, allowed) => clientOptions(curveKeyPair().publicKey, allowed),
    failure: /^handshake:error:protocol ERR_ZMTP_CRYPTOGRAPHIC$/,
  },
}

for (const transport of ['tcp', 'ipc'] as const) {
  for (const [who, { options, failure }] of Object.entries(STRANGERS)) {
    test(`over ${transport} a client ${who} receives nothing while an allowed one does`, async (context) => {
      const server = await startServer(context)
      const { store, serverKey, failures } = server
      const endpoint = server.endpoints[transport]
      const keys = await addClient(store, 'desk')
      const stranger = subscribe(context, endpoint, options(serverKey, keys))
      const received = stranger.receive().then(String, () => 'nothing')
      await until('the handshake fails', () => failures.length)
      assert.match(failures.join(), failure)

      const allowed = subscribe(context, endpoint, clientOptions(serverKey, keys))
      await publishTo(server, allowed, 'secret')
      stranger.close()
      assert.equal(await received, 'nothing')
    })
  }
}

test('a refusal is told with the address and the reason, and with no key', async (context) => {
  const { store, serverKey, secretKey, endpoints, refused, failures } = await startServer(context)
  const stranger = curveKeyPair()
  subscribe(context, endpoints.tcp, clientOptions(serverKey, stranger))
  await until('the handshake fails', () => failures.length)
  assert.deepEqual(refused, ['127.0.0.1: public key is not allowed'])
  const allowed = await addClient(store, 'desk')
  for (const key of [secretKey, ...Object.values(stranger), ...Object.values(allowed)])
    assert.ok(!refused.join().includes(key))
})

test('a client that another process adds is let in while the server runs', async (context) => {
  const server = await startServer(context)
  const { dataDir, serverKey, endpoints, failures } = server
  const keys = curveKeyPair()
  subscribe(context, endpoints.tcp, clientOptions(serverKey, keys))
  await until('the handshake fails', () => failures.length)

  await CurveStore.load(dataDir).add({ name: 'late', publicKey: keys.publicKey })
  const late = subscribe(context, endpoints.tcp, clientOptions(serverKey, keys))
  await publishTo(server, late, 'welcome')
  assert.equal(failures.length, 1)
})

test('a revoked client is refused when it connects anew; its live connection goes on', async (context) => {
  const server = await startServer(context)
  const { dataDir, store, serverKey, endpoints, failures } = server
  const keys = await addClient(store, 'desk')
  const live = subscribe(context, endpoints.tcp, clientOptions(serverKey, keys))
  await publishTo(server, live, 'before')
  await CurveStore.load(dataDir).revoke('desk')

  subscribe(context, endpoints.tcp, clientOptions(serverKey, keys))
  await until('the handshake fails', () => failures.length)
  assert.deepEqual(failures, ['handshake:error:auth 400'])
  await server.socket.send(['TOPIC', 'after'])
  assert.deepEqual((await live.receive()).map(String), ['TOPIC', 'after'])
})

test('while the list of clients is damaged nobody new gets in, until it is repaired', async (context) => {
  const server = await startServer(context)
  const { dataDir, store, serverKey, endpoints, failures, refused } = server
  const keys = await addClient(store, 'desk')
  const file = join(dataDir, 'curve-clients.json')
  const whole = readFileSync(file)
  writeFileSync(file, '{"clients": [')
  const waiting = { handshakeInterval: 250, reconnectInterval: 10 }
  const client = subscribe(context, endpoints.tcp, {
    ...clientOptions(serverKey, keys),
    ...waiting,
  })
  await until('it has come again', () => refused.length >= 2)
  assert.ok(failures.includes('handshake:error:auth 300'), failures.join())
  assert.match(refused[0]!, /^127\.0\.0\.1: .*curve-clients\.json is damaged/)
  writeFileSync(file, whole)
  await publishTo(server, client, 'welcome')
})

test('without a handler nobody gets in', async (context) => {
  const ipc = `ipc://${join(await temporaryFolder(context), 'ticks.ipc')}`
  const { publicKey, secretKey } = curveKeyPair()
  const bound = await bindPublisher(context, new Context(), secretKey, ipc)
  subscribe(context, bound.endpoints.tcp, clientOptions(publicKey, curveKeyPair()))
  await until('the handshake fails', () => bound.failures.length)
  assert.match(bound.failures[0]!, /^handshake:error:other /)
})

/** Asks a handler that knows one key, as libzmq would. */
async function startAsking(test: TestContext, publicKey: Uint8Array) {
  const context = new Context()
  const refused: string[] = []
  const zap = await startZap(
    context,
    (key) => Buffer.compare(key, publicKey) === 0,
    (address, why) => refused.push(`${address}: ${why}`),
  )
  const dealer = new Dealer({ context, linger: 0, receiveTimeout: WAIT_MS_MAX })
  dealer.connect('inproc://zeromq.zap.01')
  test.after(() => {
    dealer.close()
    zap.close()
  })
  const ask = async (frames: readonly (string | Uint8Array)[]) => {
    await dealer.send(['', ...(frames as string[])])
    return (await dealer.receive()).map(String)
  }
  return { ask, refused }
}

test('the handler answers what is not a request for an allowed key, and goes on', async (context) => {
  const key = decodeZ85(curveKeyPair().publicKey)!
  const { ask, refused } = await startAsking(context, key)
  const asked = ['1.0', 'id 7', 'tickplant', '10.0.0.1', '']
  const cases: [frames: (string | Uint8Array)[], status: string, why: string][] = [
    [['1.0'], '500', ': malformed request'],
    [asked, '500', '10.0.0.1: malformed request'],
    [[...asked, 'CURVE'], '400', '10.0.0.1: credentials are not one public key of 32 bytes'],
    [[...asked, 'CURVE', ''], '400', '10.0.0.1: credentials are not one public key of 32 bytes'],
    [
      [...asked, 'CURVE', key, key],
      '400',
      '10.0.0.1: credentials are not one public key of 32 bytes',
    ],
    [
      [...asked, 'CURVE', key.subarray(1)],
      '400',
      '10.0.0.1: credentials are not one public key of 32 bytes',
    ],
    [[...asked, 'CURVE', new Uint8Array(32)], '400', '10.0.0.1: public key is not allowed'],
    [[...asked, 'NULL'], '400', '10.0.0.1: mechanism is not CURVE'],
    [[...asked, 'PLAIN', 'user', 'word'], '400', '10.0.0.1: mechanism is not CURVE'],
    [['2.0', ...asked.slice(1), 'CURVE', key], '400', '10.0.0.1: version is not 1.0'],
  ]
  for (const [frames, status, why] of cases) {
    const id = String(frames[1] ?? '')
    assert.deepEqual(await ask(frames), ['', '1.0', id, status, '', '', ''])
    assert.equal(refused.pop(), why)
  }
  assert.deepEqual(await ask([...asked, 'CURVE', key]), ['', '1.0', 'id 7', '200', '', '', ''])
  assert.deepEqual(refused, [])
})
