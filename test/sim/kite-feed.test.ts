import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'
import { SIMULATORS } from '../../sim/registry.ts'
import type { SimulatorOptions } from '../../sim/simulator.ts'
import {
  connect,
  type FeedClient,
  type Packet,
  refusal,
  unitsPerRupee,
  until,
} from './kite-reader.ts'

const RELIANCE = 738561
const NIFTY = 256265

/** A simulator that ticks only when told, and closes with the test. */
async function start(
  t: TestContext,
  options: Partial<SimulatorOptions> = {},
): Promise<KiteSimulator> {
  const kite = await startKiteSimulator({
    seed: 11,
    ratePerSecond: 0,
    instruments: 500,
    today: '2026-08-18',
    ...options,
  })
  t.after(() => kite.close())
  return kite
}

const tokensOf = (kite: KiteSimulator, count: number) =>
  kite.instruments.slice(0, count).map(({ token }) => token)

const lengths = (packets: readonly Packet[]) => packets.map(({ token, length }) => [token, length])

test('a bad token is refused at the upgrade', async (t) => {
  const kite = await start(t)
  const { feedUrl, apiKey, accessToken } = kite
  for (const door of [
    { feedUrl, apiKey, accessToken: 'other' },
    { feedUrl, apiKey: 'other', accessToken },
  ]) {
    const { status, body } = await refusal(door)
    assert.equal(status, 403)
    assert.equal(body.error_type, 'TokenException')
  }
  const elsewhere = await refusal({ ...kite, feedUrl: `${feedUrl}/elsewhere` })
  assert.equal(elsewhere.status, 404)
})

test('a fourth connection is refused, and a place that is left is free again', async (t) => {
  const kite = await start(t)
  const clients = [await connect(kite), await connect(kite), await connect(kite)]
  assert.equal((await refusal(kite)).status, 429)
  clients[1]!.socket.close()
  await once(clients[1]!.socket, 'close')
  await until(() => kite.stats().sockets === 2, 'the place is free')
  await connect(kite)
  assert.equal(kite.stats().sockets, 3)
})

test('an expired session keeps its socket and opens no other', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  kite.expireSession()
  await client.subscribe([RELIANCE])
  assert.equal((await refusal(kite)).status, 403)
})

test('subscribing without a mode gives quotes, with a snapshot at once', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  client.say({ a: 'subscribe', v: [RELIANCE, NIFTY] })
  await client.packetsReach(2)
  assert.deepEqual(lengths(client.packets), [
    [RELIANCE, 44],
    [NIFTY, 28],
  ])
  kite.tickOnce()
  await client.packetsReach(4)
  assert.deepEqual(lengths(client.packets).slice(2).sort(), [
    [NIFTY, 28],
    [RELIANCE, 44],
  ])
})

test('each mode has its packet, for an index and for a share', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  await client.subscribe([RELIANCE, NIFTY])
  const bytes = { ltp: [8, 8], full: [184, 32], quote: [44, 28] }
  for (const [mode, expected] of Object.entries(bytes)) {
    const from = client.packets.length
    client.say({ a: 'mode', v: [mode, [RELIANCE, NIFTY]] })
    await client.packetsReach(from + 2)
    kite.tickOnce([NIFTY])
    kite.tickOnce([RELIANCE])
    await client.packetsReach(from + 4)
    assert.deepEqual(lengths(client.packets.slice(from)), [
      [RELIANCE, expected[0]],
      [NIFTY, expected[1]],
      [NIFTY, expected[1]],
      [RELIANCE, expected[0]],
    ])
  }
})

test('a snapshot is the state as it is, and every mode tells the same prices', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  await client.subscribe([RELIANCE], 'full')
  kite.tickOnce()
  await client.packetsReach(3)
  for (const mode of ['quote', 'ltp']) client.say({ a: 'mode', v: [mode, [RELIANCE]] })
  await client.packetsReach(5)
  const [full, quote, ltp] = client.packets.slice(2)
  assert.deepEqual(full!.bytes.subarray(0, 44), quote!.bytes)
  assert.deepEqual(full!.bytes.subarray(0, 8), ltp!.bytes)
  const nowSeconds = Date.now() / 1000
  for (const name of ['time', 'lastTradeTime']) {
    assert.ok(Math.abs(full!.values[name]! - nowSeconds) < 10, name)
  }
})

test('subscribing again keeps the mode and sends nothing', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  await client.subscribe([RELIANCE], 'full')
  client.say({ a: 'subscribe', v: [RELIANCE] })
  client.say({ a: 'mode', v: ['full', [RELIANCE]] })
  client.say('done')
  await client.textsReach(1)
  kite.tickOnce()
  await client.packetsReach(3)
  assert.deepEqual(
    client.packets.map(({ length }) => length),
    [44, 184, 184],
  )
})

test('unsubscribing ends the ticks of that instrument only', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  const tokens = tokensOf(kite, 20)
  await client.subscribe(tokens)
  client.say({ a: 'unsubscribe', v: [tokens[3], tokens[7], tokens[7]] })
  await until(() => kite.stats().subscribedPairs === 18, '18 pairs')
  assert.equal(kite.tickOnce(), 18)
  await client.packetsReach(38)
  const ticked = client.packets.slice(20).map(({ token }) => token)
  const left = tokens.filter((_, index) => index !== 3 && index !== 7)
  assert.deepEqual(ticked.sort(), left.sort())
})

test('what cannot be understood is answered in words, and the socket lives', async (t) => {
  const kite = await start(t)
  const client = await connect(kite)
  const wrong: unknown[] = [
    { a: 'subscribe', v: [RELIANCE, 1, 2, 3, 4, 5, 6] },
    { a: 'mode', v: ['quote', [NIFTY]] },
    { a: 'mode', v: ['deep', [RELIANCE]] },
    { a: 'mode', v: ['toString', [RELIANCE]] },
    { a: 'mode', v: 'full' },
    { a: 'subscribe', v: 'RELIANCE' },
    { a: 'subscribe', v: [-1] },
    { a: 'shout', v: [] },
    null,
    7,
  ]
  for (const message of wrong) client.say(message)
  client.socket.send('{"a":')
  client.socket.send(Buffer.from('{"a":"subscribe","v":[256265]}'))
  await client.textsReach(wrong.length + 2)
  for (const text of client.texts) {
    assert.deepEqual(Object.keys(text), ['type', 'data'])
    assert.equal(text.type, 'error')
  }
  const said = client.texts.map(({ data }) => data)
  assert.equal(said[0], 'Invalid instrument token: 1, 2, 3, 4, 5 and 1 more')
  assert.equal(said[1], `Instrument token not subscribed: ${NIFTY}`)
  assert.match(said[2]!, /^Invalid mode/)
  assert.match(said[3]!, /^Invalid mode/)
  assert.equal(kite.stats().subscribedPairs, 1)
  await client.subscribe([NIFTY])
})

test('a socket carries 3,000 instruments; the rest is refused in words', async (t) => {
  const kite = await start(t, { instruments: 3200 })
  const client = await connect(kite)
  client.say({ a: 'subscribe', v: tokensOf(kite, 3200) })
  await client.packetsReach(3000)
  await client.textsReach(1)
  assert.match(client.texts[0]!.data, /limit.* and 195 more$/)
  assert.equal(kite.stats().subscribedPairs, 3000)
  for (const frame of client.frames) assert.ok(frame.length <= 65_536)
  client.say({ a: 'unsubscribe', v: tokensOf(kite, 1) })
  client.say({ a: 'subscribe', v: [kite.instruments[3199]!.token] })
  await client.packetsReach(3001)
  assert.equal(client.texts.length, 1)
})

test('every packet is on the tick grid of the list, with the divisor of its segment', async (t) => {
  const kite = await start(t, { instruments: 2000 })
  const client = await connect(kite)
  const rows = new Map(kite.instruments.map((row) => [row.token, row]))
  await client.subscribe([...rows.keys()], 'full')
  for (let tick = 0; tick < 5; tick++) kite.tickOnce()
  await client.packetsReach(2 * 2000 + 5 * 2000)
  for (const { token, length, values, bids, asks } of client.packets.slice(2000)) {
    const { tickSize, segment } = rows.get(token)!
    assert.equal(length, segment === 'INDICES' ? 32 : 184)
    assert.ok(values.low! <= values.last! && values.last! <= values.high!)
    if (segment === 'INDICES') {
      assert.equal(values.change, values.last! - values.close!)
      continue
    }
    const grid = Math.round(tickSize * unitsPerRupee(token))
    const prices = [values.last!, values.open!, values.high!, values.low!, values.close!]
    for (const { price } of [...bids, ...asks]) prices.push(price)
    for (const price of prices) assert.equal(price % grid, 0, `${token}: ${price} in ${grid}`)
    assert.ok(values.totalBuy! >= bids.reduce((sum, { quantity }) => sum + quantity, 0))
    assert.ok(bids[0]!.price < asks[0]!.price)
  }
})

/** All packets of a run, in order, as the capture hook saw them. */
async function capture(t: TestContext, seed: number): Promise<string[]> {
  const seen: string[] = []
  const kite = await start(t, {
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
  const kite = await start(t)
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
  const kite = await start(t, { ratePerSecond: 8000, instruments: 300 })
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
  const kite = await start(t, { ratePerSecond: 2000 })
  const client = await connect(kite)
  await client.subscribe(tokensOf(kite, 50))
  await until(() => kite.stats().packetsPerSecond > 1000, 'a measured rate')
  assert.ok(kite.stats().packetsPerSecond <= 2300)
})

test('a silent socket gets a heartbeat each second, a busy or a muted one none', async (t) => {
  const [quiet, busy, muted] = [
    await start(t),
    await start(t, { ratePerSecond: 50 }),
    await start(t),
  ]
  muted.muteHeartbeats(true)
  const clients = [await connect(quiet), await connect(busy), await connect(muted)] as const
  await clients[1].subscribe([RELIANCE])
  const startedMs = performance.now()
  await until(() => clients[0].heartbeats === 2, 'two heartbeats')
  const elapsedMs = performance.now() - startedMs
  assert.ok(elapsedMs > 1800 && elapsedMs < 3500, `${elapsedMs} ms`)
  assert.equal(clients[1].heartbeats, 0)
  assert.equal(clients[2].heartbeats, 0)
  muted.muteHeartbeats(false)
  await until(() => clients[2].heartbeats === 1, 'a heartbeat after the silence')
})

/** Bursts until the client's socket takes no more. */
function burstUntilSkipped(kite: KiteSimulator): void {
  for (let bursts = 0; bursts < 400 && kite.stats().skipped === 0; bursts++) kite.burst(1000)
}

test('a client that stops reading costs no memory, and what it misses is counted', async (t) => {
  const kite = await start(t)
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
  const kite = await start(t)
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
  const kite = await start(t)
  const client = await connect(kite)
  client.socket.pause()
  const wrong = `"${'x'.repeat(100)}"`
  const closed = once(client.socket, 'close')
  const asking = setInterval(() => {
    for (let message = 0; message < 5000; message++) client.socket.send(wrong)
  }, 1)
  await until(() => kite.stats().sockets === 0, 'the socket is gone').finally(() =>
    clearInterval(asking),
  )
  client.socket.resume()
  await closed
})

test('hostile frames, drops and captures are at the hand of tests', async (t) => {
  const kite = await start(t)
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
  const client = await connect(kite)
  await client.subscribe([RELIANCE])
  assert.equal(kite.stats().packetsSent, 1)
})

test('an impossible option is refused by name, and a taken port with its error', async (t) => {
  const kite = await start(t)
  const options = { seed: 1, ratePerSecond: 0, instruments: 10 }
  const refused = (wrong: Partial<SimulatorOptions>) => startKiteSimulator({ ...options, ...wrong })
  await assert.rejects(refused({ seed: 0.5 }), /^RangeError: seed: /)
  await assert.rejects(refused({ ratePerSecond: -1 }), /^RangeError: ratePerSecond: /)
  await assert.rejects(refused({ instruments: 0 }), /^RangeError: instruments: /)
  await assert.rejects(refused({ port: kite.port }), { code: 'EADDRINUSE' })
})
