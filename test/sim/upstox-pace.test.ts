import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { SIMULATORS } from '../../sim/registry.ts'
import { startUpstoxSimulator, type UpstoxOptions } from '../../sim/upstox-server.ts'
import { until } from './kite-reader.ts'
import { connect, feedAddress, keysOf, startUpstox } from './upstox-reader.ts'

test('ticks come at the pace asked for, and not while paused', async (t) => {
  const ratePerSecond = 2000
  const upstox = await startUpstox(t, { ratePerSecond })
  const client = await connect(upstox)
  upstox.pauseTicks()
  await client.subscribe(keysOf(upstox, 100))
  assert.equal(upstox.stats().packetsSent, 100)
  const sinceMs = performance.now()
  upstox.resumeTicks()
  await until(() => upstox.stats().packetsSent >= 2100, '2,000 ticks')
  const tookMs = performance.now() - sinceMs
  // A round before the first one may have been waiting, hence the slack of a fifth of a second.
  assert.ok(tookMs > 800, `${tookMs} ms`)
  // A process that was late is behind until its next round.
  await until(() => {
    const { packetsSent, behind } = upstox.stats()
    const sinceResumedMs = performance.now() - sinceMs
    return packetsSent - 100 + behind > (ratePerSecond * (sinceResumedMs - 200)) / 1000
  }, 'the pace')
  upstox.pauseTicks()
  const paused = upstox.stats().packetsSent
  await client.feedsReach(paused)
  await client.subscribe(keysOf(upstox, 1), 'ltpc')
  assert.equal(upstox.stats().packetsSent, paused + 1)
  const ticked = Object.values(upstox.stats(true).packetsByToken!)
  assert.equal(
    ticked.reduce((sum, packets) => sum + packets, 0),
    paused + 1,
  )
  assert.ok(Math.max(...ticked) - Math.min(...ticked) <= 2, 'spread evenly')
})

test('the same seed gives the same market', async (t) => {
  const clock = () => 1_786_000_000_000
  const framesOf = async (seed: number) => {
    const upstox = await startUpstox(t, { seed, clock })
    const client = await connect(upstox)
    await client.subscribe(keysOf(upstox, 60), 'full')
    for (let tick = 0; tick < 20; tick++) upstox.tickOnce()
    upstox.burst(100)
    await client.feedsReach(60 * 21 + 100)
    return client.rawFrames.map((frame) => frame.toString('hex'))
  }
  const frames = await framesOf(11)
  assert.deepEqual(await framesOf(11), frames)
  assert.notDeepEqual(await framesOf(12), frames)
})

test('raw frames reach every socket as they are, and dropped sockets end without a word', async (t) => {
  const upstox = await startUpstox(t)
  upstox.muteHeartbeats(true)
  const socket = new WebSocket(await feedAddress(upstox))
  const frames: [Buffer, boolean][] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => frames.push([data, isBinary]))
  await once(socket, 'open')
  upstox.sendRaw(Uint8Array.of(0, 9, 1))
  upstox.sendRaw('{"status":')
  await until(() => frames.length === 2, 'both frames')
  assert.deepEqual(frames, [
    [Buffer.of(0, 9, 1), true],
    [Buffer.from('{"status":'), false],
  ])
  const closed = once(socket, 'close')
  upstox.dropSockets()
  const [code] = await closed
  assert.equal(code, 1006)
})

test('the registry starts the simulator of a broker', async (t) => {
  const { start: startByName } = await SIMULATORS.upstox!()
  const upstox = await startByName({ seed: 1, ratePerSecond: 0, instruments: 1 })
  t.after(() => upstox.close())
  assert.deepEqual(upstox.instruments, [
    { token: 'NSE_EQ|INE002A01018', exchange: 'NSE_EQ', tradingsymbol: 'RELIANCE' },
  ])
  assert.deepEqual(Object.keys(upstox.credentials), [
    'api_key',
    'api_secret',
    'redirect_uri',
    'access_token',
  ])
})

test('an impossible option is refused by name, and a taken port with its error', async (t) => {
  const upstox = await startUpstox(t)
  const options = { seed: 1, ratePerSecond: 0, instruments: 10 }
  const refused = (wrong: Partial<UpstoxOptions>) => startUpstoxSimulator({ ...options, ...wrong })
  await assert.rejects(refused({ seed: 0.5 }), /^RangeError: seed: /)
  await assert.rejects(refused({ ratePerSecond: -1 }), /^RangeError: ratePerSecond: /)
  await assert.rejects(refused({ instruments: 0 }), /^RangeError: instruments: /)
  await assert.rejects(refused({ instruments: 300_000 }), /^RangeError: instruments: /)
  await assert.rejects(refused({ redirectUri: 'desk' }), /^RangeError: redirectUri: /)
  await assert.rejects(refused({ today: 'x' }), /^RangeError: today: /)
  await assert.rejects(refused({ port: upstox.port }), { code: 'EADDRINUSE' })
})
