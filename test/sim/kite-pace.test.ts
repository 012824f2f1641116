// What the simulator does over time, to readers that are slow, and at the hand of tests.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { KiteOptions } from '../../sim/kite-server.ts'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { SIMULATORS } from '../../sim/registry.ts'
import { connect, type FeedClient, until } from './kite-reader.ts'
import { startKite, tokensOf } from './start-kite.ts'

const RELIANCE = 738561
const NIFTY = 256265

/** All packets of a run, in order, as the capture hook saw them. */
async function capture(t: TestContext, seed: number): Promise<string[]> {
  const seen: string[] = []
  const kite = await startKite(t, {
    seed,
    onPacket: (token, packet) => seen.push(`${token} ${Buffer.from(packet).toString('hex')}`),
  })
  const client = await connect(kite)
  await client.subscribe(
    [RELIANCE, NIFTY, ...tokensOf(kite, 100)].filter(
      (token, place, all) => all.indexOf(token) === place,
    ),
  )
  assert.equal(kite.burst(2500), 2500)
  await client.packetsReach(2600)
  const got = client.packets.map(({ token, bytes }) => `${token} ${bytes.toString('hex')}`)
  assert.deepEqual(got, seen)
  return seen
}

test('one seed gives the same packets in the same order, another gives others', async (t) => {
  const first = await capture(t, 21)
  assert.deepEqual(await capture(t, 21), first)
  assert.notDeepEqual(await capture(t, 22), first)
})

test('a round visits every pair once, in an order of its own', async (t) => {
  const kite = await startKite(t)
  const client = await connect(kite)
  const tokens = tokensOf(kite, 200)
  await client.subscribe(tokens)
  kite.burst(400)
  await client.packetsReach(600)
  const order = client.packets.slice(200).map(({ token }) => token)
  assert.notDeepEqual(order.slice(0, 200), tokens)
  assert.deepEqual(order.slice(0, 200).sort(), tokens.sort())
  assert.deepEqual(
    order.slice(200),
    client.packets.slice(200, 400).map(({ token }) => token),
  )
})

test('paced ticks keep the rate, reach every pair, and are counted by token', async (t) => {
  const kite = await startKite(t, { ratePerSecond: 8000, instruments: 300 })
  const clients = [await connect(kite), await connect(kite)]
  const startedMs = performance.now()
  await clients[0]!.subscribe(tokensOf(kite, 300), 'full')
  await clients[1]!.subscribe(tokensOf(kite, 100))
  await until(() => kite.stats().packetsSent >= 5000, '5000 packets')
  kite.pauseTicks()
  const { packetsSent, framesSent, skipped } = kite.stats()
  const seconds = (performance.now() - startedMs) / 1000
  assert.ok(packetsSent - 700 <= 8000 * (seconds + 0.1), `${packetsSent} in ${seconds} s`)
  assert.equal(skipped, 0)
  const received = () => clients.reduce((sum, { packets }) => sum + packets.length, 0)
  await until(() => received() === packetsSent, 'all packets')
  assert.equal(framesSent, clients[0]!.frames.length + clients[1]!.frames.length)

  const byToken: Record<string, number> = {}
  for (const { token } of clients.flatMap(({ packets }) => packets)) {
    byToken[token] = (byToken[token] ?? 0) + 1
  }
  const reply = await fetch(`${kite.restUrl}/sim/stats?tokens=1`)
  const stats = (await reply.json()) as Record<string, number>
  assert.deepEqual(stats.packetsByToken, byToken)
  assert.equal(stats.packetsSent, packetsSent)
  assert.equal(stats.sockets, 2)
  assert.equal(stats.subscribedPairs, 400)
  assert.ok(clients.every(({ frames }) => frames.some((frame) => frame.readUInt16BE(0) > 1)))

  const perToken = clients[0]!.packets.slice(600).reduce((counts, { token }) => {
    return counts.set(token, (counts.get(token) ?? 0) + 1)
  }, new Map<number, number>())
  assert.equal(perToken.size, 300)
  assert.ok(Math.max(...perToken.values()) - Math.min(...perToken.values()) <= 2)

  kite.resumeTicks()
  await until(() => kite.stats().packetsSent > packetsSent, 'ticks go on')
})

test('the rate of the last second is told', async (t) => {
  const kite = await startKite(t, { ratePerSecond: 2000 })
  const client = await connect(kite)
  await client.subscribe(tokensOf(kite, 50))
  await until(() => kite.stats().packetsPerSecond > 1000, 'a measured rate')
  assert.ok(kite.stats().packetsPerSecond <= 2300)
})

test('a silent socket gets a heartbeat each second, a busy or a muted one none', async (t) => {
  const [quiet, busy, muted] = [
    await startKite(t),
    await startKite(t, { ratePerSecond: 50 }),
    await startKite(t),
  ]
  muted.muteHeartbeats(true)
  const startedMs = performance.now()
  const clients = [await connect(quiet), await connect(busy), await connect(muted)] as const
  await clients[1].subscribe([RELIANCE])
  const before = clients[1].heartbeats
  await until(() => clients[0].heartbeats >= 2, 'two heartbeats')
  const elapsedMs = performance.now() - startedMs
  assert.ok(elapsedMs > 1800 && elapsedMs < 10_000, `${elapsedMs} ms`)
  assert.equal(clients[1].heartbeats, before)
  assert.equal(clients[2].heartbeats, 0)
  muted.muteHeartbeats(false)
  await until(() => clients[2].heartbeats >= 1, 'a heartbeat after the silence')
})

/** Bursts until the client's socket takes no more. */
function burstUntilSkipped(kite: KiteSimulator): void {
  for (let bursts = 0; bursts < 400 && kite.stats().skipped === 0; bursts++) kite.burst(1000)
}

test('a client that stops reading costs no memory, and what it misses is counted', async (t) => {
  const kite = await startKite(t)
  const [slow, other] = [await connect(kite), await connect(kite)]
  await slow.subscribe(tokensOf(kite, 300), 'full')
  slow.socket.pause()
  burstUntilSkipped(kite)
  const { packetsSent, skipped } = kite.stats()
  assert.ok(skipped > 0)
  for (let bursts = 0; bursts < 20; bursts++) kite.burst(1000)
  await until(() => kite.stats().skipped >= skipped, 'counted')
  assert.equal(kite.stats().packetsSent, packetsSent)
  assert.equal(kite.stats().skipped, skipped + 20_000)

  await other.subscribe([RELIANCE])
  kite.tickOnce([RELIANCE])
  await other.packetsReach(2)

  slow.socket.resume()
  await until(() => slow.packets.length >= packetsSent, 'what was sent arrives')
  const before = slow.packets.length
  kite.burst(100)
  await until(() => slow.packets.length > before, 'ticks flow again')
})

test('the market of skipped packets stands still', async (t) => {
  const kite = await startKite(t)
  const client = await connect(kite)
  await client.subscribe([RELIANCE], 'full')
  client.socket.pause()
  for (let bursts = 0; bursts < 400 && kite.stats().skipped < 5000; bursts++) kite.burst(1000)
  client.socket.resume()
  await until(() => client.packets.length === kite.stats().packetsSent, 'all arrives')
  kite.tickOnce()
  await until(() => client.packets.length === kite.stats().packetsSent, 'one more')
  const [before, last] = client.packets.slice(-2)
  assert.equal(last!.values.volume! - before!.values.volume!, last!.values.lastQuantity)
})

test('a client that asks and never reads is ended', async (t) => {
  const kite = await startKite(t)
  const client = await connect(kite)
  client.socket.pause()
  const wrong = `"${'x'.repeat(100)}"`
  const closed = once(client.socket, 'close')
  const asking = setInterval(() => {
    // What is not taken in yet would only keep this process from answering.
    if (client.socket.bufferedAmount > 1_000_000) return
    for (let message = 0; message < 5000; message++) client.socket.send(wrong)
  }, 1)
  // Hundreds of thousands of answers have to pile up.
  const isGone = until(() => kite.stats().sockets === 0, 'the socket is gone', 120_000)
  await isGone.finally(() => clearInterval(asking))
  client.socket.resume()
  await closed
})

test('hostile frames, drops and captures are at the hand of tests', async (t) => {
  const kite = await startKite(t)
  const socket = new WebSocket(
    `${kite.feedUrl}/?api_key=${kite.apiKey}&access_token=${kite.accessToken}`,
  )
  const frames: [Buffer, boolean][] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => frames.push([data, isBinary]))
  await once(socket, 'open')
  kite.sendRaw(Uint8Array.of(0, 9, 1))
  kite.sendRaw('{"type":')
  await until(() => frames.length === 2, 'both frames')
  assert.deepEqual(frames, [
    [Buffer.of(0, 9, 1), true],
    [Buffer.from('{"type":'), false],
  ])
  const closed = once(socket, 'close')
  kite.dropSockets()
  const [code] = await closed
  assert.equal(code, 1006)
  const again: FeedClient = await connect(kite)
  await again.subscribe([RELIANCE])
})

test('the registry starts the simulator of a broker', async (t) => {
  const { start: startByName } = await SIMULATORS.zerodha!()
  const kite = await startByName({ seed: 1, ratePerSecond: 0, instruments: 1 })
  t.after(() => kite.close())
  const { api_key: apiKey, access_token: accessToken } = kite.credentials
  const client = await connect({
    feedUrl: kite.feedUrl,
    apiKey: apiKey!,
    accessToken: accessToken!,
  })
  await client.subscribe([RELIANCE])
  assert.equal(kite.stats().packetsSent, 1)
})

test('an impossible option is refused by name, and a taken port with its error', async (t) => {
  const kite = await startKite(t)
  const options = { seed: 1, ratePerSecond: 0, instruments: 10 }
  const refused = (wrong: Partial<KiteOptions>) => startKiteSimulator({ ...options, ...wrong })
  await assert.rejects(refused({ seed: 0.5 }), /^RangeError: seed: /)
  await assert.rejects(refused({ ratePerSecond: -1 }), /^RangeError: ratePerSecond: /)
  await assert.rejects(refused({ instruments: 0 }), /^RangeError: instruments: /)
  await assert.rejects(refused({ port: kite.port }), { code: 'EADDRINUSE' })
})
