import assert from 'node:assert/strict'
import { test } from 'node:test'
import { curveKeyPair, Subscriber } from 'zeromq'
import { CurveStore } from '../../engine/auth/curve.ts'
import { type Plant, type Scope, sharesOf, startPlant, until } from '../support/plant.ts'
import { zeromqStatus } from '../support/topic-reader.ts'

interface Keys {
  readonly publicKey: string
  readonly secretKey: string
}

/** Subscribes with these keys, or none, and counts what comes. */
function subscribe(
  context: Scope,
  endpoint: string,
  topic: string,
  serverKey: string | null,
  keys?: Keys,
) {
  const socket = new Subscriber({
    linger: 0,
    ...(serverKey === null || keys === undefined
      ? {}
      : {
          curveServerKey: serverKey,
          curvePublicKey: keys.publicKey,
          curveSecretKey: keys.secretKey,
        }),
  })
  context.after(() => socket.close())
  const received = { messages: 0 }
  socket.connect(endpoint)
  socket.subscribe(topic)
  void (async () => {
    for await (const _ of socket) received.messages += 1
  })()
  return received
}

async function addClient(plant: Pick<Plant, 'dataDir'>, name: string): Promise<Keys> {
  const { client, secretKey } = await CurveStore.load(plant.dataDir).add({ name })
  return { publicKey: client.publicKey, secretKey: secretKey! }
}

test('with CURVE only clients that were added get ticks, over TCP and IPC', async (context) => {
  const plant = await startPlant(context, {}, { 'zeromq.curve': true })
  const [share] = sharesOf(plant, 1)
  const topic = `NSE_${share!.symbol}_QUOTE`
  const { publicKey: serverKey } = await CurveStore.load(plant.dataDir).serverPair()
  const [tcp, ipc] = plant.engine.zeromq!.ticks as [string, string]
  const status = () => zeromqStatus(plant)

  const stranger = curveKeyPair()
  const strangers = [
    subscribe(context, tcp, topic, serverKey, stranger),
    subscribe(context, ipc, topic, serverKey, stranger),
  ]
  await until('the strangers to be refused', () => status().clientsRefused === 2)
  const plain = [subscribe(context, tcp, topic, null), subscribe(context, ipc, topic, null)]
  await until('the plain ones to fail', () => status().handshakeFailures >= 4)
  assert.equal(plant.engine.feeds[0]!.wantedCount, 0)

  // Added while the engine runs.
  const keys = await addClient(plant, 'strategy')
  const allowed = [
    subscribe(context, tcp, topic, serverKey, keys),
    subscribe(context, ipc, topic, serverKey, keys),
  ]
  await until('ticks', () => {
    plant.simulator.tickOnce([share!.token])
    return allowed.every(({ messages }) => messages > 2)
  })
  assert.deepEqual(
    [...strangers, ...plain].map(({ messages }) => messages),
    [0, 0, 0, 0],
  )
  const refusals = plant.logs.filter(({ msg }) => msg === 'zeromq: a client was refused')
  assert.equal(refusals.length, 1)
  assert.ok(!JSON.stringify(plant.logs).includes(keys.secretKey))
})

test('an address beyond this machine needs CURVE', async (context) => {
  const beyond = { 'zeromq.host': '0.0.0.0' }
  await assert.rejects(
    startPlant(context, {}, beyond),
    /^StartError: zeromq\.host is 0\.0\.0\.0, beyond this machine.*set zeromq\.curve to true/,
  )
  const plant = await startPlant(context, {}, { ...beyond, 'zeromq.curve': true })
  assert.match(plant.engine.zeromq!.ticks[0]!, /^tcp:\/\/0\.0\.0\.0:\d+$/)
})

test('a port that is taken is named with its key, and the engine does not start', async (context) => {
  const plant = await startPlant(context)
  const port = new URL(plant.engine.zeromq!.ticks[0]!).port
  for (const key of ['zeromq.port', 'zeromq.batch_port']) {
    await assert.rejects(
      startPlant(context, {}, { [key]: Number(port) }),
      new RegExp(`choose another ${key}`),
    )
  }
  await assert.rejects(
    startPlant(context, {}, { 'zeromq.host': 'no.such.host.invalid' }),
    /zeromq\.host is "no\.such\.host\.invalid", which is no address here/,
  )
})

test('without ZeroMQ the engine runs and says so', async (context) => {
  const plant = await startPlant(context, {}, { 'zeromq.enabled': false })
  assert.equal(plant.engine.zeromq, null)
  assert.equal(plant.engine.status().zeromq, null)
})
