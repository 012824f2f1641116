// The connections to a broker: kept warm, bounded, and used once per call.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BrokerClient, type ClientOptions } from '../../engine/orders/broker-client.ts'
import { Call } from '../../engine/orders/call.ts'
import { temporaryFolder, until } from '../support/plant.ts'
import { keepLogs, placeAsk, plansFor, startOrders, taskOf } from './paper-desk.ts'
import { PaperServer } from './paper-server.ts'

const LIMITS = { timeoutMs: 30_000, replyBytesMax: 1000 }

async function start(context: TestContext, changes: Partial<ClientOptions> = {}) {
  const server = await new PaperServer().listen(context)
  const problems: (string | null)[] = []
  const client = new BrokerClient({
    root: server.url,
    localAddress: '',
    probeIntervalMs: 60_000,
    warmConnections: 1,
    onProbe: (problem) => problems.push(problem),
    ...changes,
  })
  context.after(() => client.close())
  const get = () => client.send({ method: 'GET', url: `${server.url}/funds` }, LIMITS)
  const post = () =>
    client.send({ method: 'POST', url: `${server.url}/orders`, json: placeAsk('i1') }, LIMITS)
  return { server, client, problems, get, post }
}

test('an idle connection is probed, and the next call goes over it', async (context) => {
  const { server, client, get } = await start(context, { probeIntervalMs: 50 })
  client.keepWarm(true)
  await until('four probes', () => server.requests.length >= 4)
  const ports = new Set(server.requests.map(({ remotePort }) => remotePort))
  assert.equal(ports.size, 1)
  // A call that meets a probe on its way takes another connection.
  await until('a call over the connection that was probed', async () => {
    assert.equal((await get()).is, 'reply')
    return ports.has(server.calls.at(-1)!.remotePort)
  })
  await until('a probe after the call', () => server.requests.at(-1)!.method === 'HEAD')
  client.keepWarm(false)
  const { length } = server.requests
  await get()
  assert.ok(server.requests.length <= length + 2)
})

test('as many connections are kept warm as are asked for', async (context) => {
  const { server, client } = await start(context, { probeIntervalMs: 50, warmConnections: 3 })
  client.keepWarm(true)
  await until('nine probes', () => server.requests.length >= 9)
  assert.equal(new Set(server.requests.map(({ remotePort }) => remotePort)).size, 3)
})

test('calls keep a connection as warm as probes do', async (context) => {
  const { server, client, get } = await start(context, { probeIntervalMs: 100 })
  client.keepWarm(true)
  await until('the first probe', () => server.requests.length >= 1)
  const endMs = performance.now() + 300
  while (performance.now() < endMs) await get()
  await until('a probe when the calls have ended', () => server.requests.at(-1)!.method === 'HEAD')
  // A machine that stands still for a while makes them idle, too.
  for (const [at, { method, atMs }] of server.requests.entries()) {
    if (method === 'HEAD' && at > 0) assert.ok(atMs - server.requests[at - 1]!.atMs > 98)
  }
  assert.ok(server.calls.length > 3)
})

test('the idle orders thread probes a broker that is signed in', async (context) => {
  const server = await new PaperServer().listen(context)
  const { log } = keepLogs()
  const { orders: plan } = plansFor(server, await temporaryFolder(context))
  const orders = await startOrders(context, { ...plan, probeIntervalMs: 50 }, log)
  await until('three probes', () => server.requests.length >= 3)
  assert.equal(new Set(server.requests.map(({ remotePort }) => remotePort)).size, 1)
  assert.equal((await orders.write(taskOf('i1'))).outcome, 'accepted')
  await orders.threads[0]!.terminate()
  const { length } = server.requests
  await until('probes of the next thread', () => server.requests.length >= length + 2)
})

test('a broker that cannot be reached is told once, and once that it can again', async (context) => {
  const { client, problems, server } = await start(context, { probeIntervalMs: 20 })
  server.isDown = true
  client.keepWarm(true)
  await until('some probes to fail', () => server.requests.length >= 3)
  assert.equal(problems.length, 1)
  assert.match(problems[0]!, /connection (reset|closed)/)
  server.isDown = false
  await until('the good word', () => problems.length === 2)
  assert.equal(problems[1], null)
})

test('calls come from the configured address', async (context) => {
  const { server, get } = await start(context, { localAddress: '127.0.0.9' })
  await get()
  assert.equal(server.calls[0]!.remoteAddress, '127.0.0.9')
})

test('an address that this machine does not have sends nothing', async (context) => {
  const { server, post } = await start(context, { localAddress: '192.0.2.1' })
  assert.equal((await post()).is, 'unsent')
  assert.deepEqual(server.requests, [])
})

test('a redirect is a reply like any other', async (context) => {
  const { server, post } = await start(context)
  server.faults.push('redirect after')
  const sent = await post()
  assert.equal(sent.is === 'reply' && sent.reply.status, 307)
  assert.equal(server.calls.length, 1)
})

test('a connection that the server closed while it idled does not fail the next call', async (context) => {
  const { server, get } = await start(context)
  await get()
  server.dropConnections()
  await until('the client to hear of it', () => server.connections === 0)
  assert.equal((await get()).is, 'reply')
})

test('a call that found no free connection in time is not sent later', async (context) => {
  const { server, client, post } = await start(context)
  let release = () => {}
  server.hold = new Promise((resolve) => {
    release = resolve
  })
  // As many as there are connections.
  const held = Array.from({ length: 64 }, () => post())
  await until('all connections to be taken', () => server.calls.length === 64)
  const call = { method: 'POST', url: `${server.url}/orders`, json: placeAsk('late') } as const
  const late = await client.send(call, { ...LIMITS, timeoutMs: 50 })
  assert.equal(late.is, 'unsent')
  release()
  await Promise.all(held)
  await client.send({ ...call, json: placeAsk('next') }, LIMITS)
  assert.deepEqual(server.tags.slice(64), ['next'])
})

test('a second start of the same request is refused, before a byte of it is written', () => {
  const settled: string[] = []
  const call = new Call(LIMITS, ({ is }) => settled.push(is))
  const aborts: string[] = []
  const controller = (name: string) =>
    ({ abort: () => aborts.push(name) }) as unknown as Parameters<Call['onRequestStart']>[0]
  call.onRequestStart(controller('first'))
  assert.deepEqual(aborts, [])
  call.onRequestStart(controller('second'))
  assert.deepEqual(aborts, ['second'])
  call.onResponseError(null, new Error('aborted'))
  assert.deepEqual(settled, ['lost'])
})
