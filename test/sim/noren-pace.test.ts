// What a simulated Noren broker does over time, to readers that are slow, and at the hand of tests.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { SIMULATORS } from '../../sim/registry.ts'
import { until } from './kite-reader.ts'
import { BROKERS, connect, startNoren } from './noren-reader.ts'

const RELIANCE = 'NSE|2885'
const NIFTY = 'NSE|26000'

test('drops and raw frames are at the hand of tests, and a wrong path is refused', async (t) => {
  const noren = await startNoren(t, 'shoonya')
  const socket = new WebSocket(noren.feedUrl)
  const got: [string, boolean][] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => got.push([String(data), isBinary]))
  await once(socket, 'open')
  noren.sendRaw('{"t":')
  noren.sendRaw(Uint8Array.of(1))
  await until(() => got.length === 2, 'both frames')
  assert.deepEqual(got, [
    ['{"t":', false],
    ['\u0001', true],
  ])
  const closed = once(socket, 'close')
  noren.dropSockets()
  assert.equal((await closed)[0], 1006)
  await (await connect(noren)).subscribe('t', [RELIANCE])
  const elsewhere = new WebSocket(`${noren.feedUrl}elsewhere`)
  const [, response] = await once(elsewhere, 'unexpected-response')
  assert.equal(response.statusCode, 404)
  response.resume()
})

test('paced ticks keep the rate, count both channels, and are told by token', async (t) => {
  const noren = await startNoren(t, 'shoonya', { ratePerSecond: 4000 })
  const client = await connect(noren)
  noren.pauseTicks()
  const keys = noren.instruments.slice(0, 100).map(({ exchange, token }) => `${exchange}|${token}`)
  await client.subscribe('t', keys)
  await client.subscribe('d', keys.slice(0, 50))
  noren.resumeTicks()
  const startedMs = performance.now()
  await until(() => noren.stats().packetsSent >= 3150, '3000 ticks')
  noren.pauseTicks()
  const seconds = (performance.now() - startedMs) / 1000
  const { packetsSent, framesSent, subscribedPairs } = noren.stats()
  assert.ok(packetsSent - 150 <= 4000 * (seconds + 0.15), `${packetsSent} in ${seconds} s`)
  await client.reach(framesSent)
  assert.equal(client.ticks.length, packetsSent)
  assert.equal(framesSent, packetsSent + 1)
  assert.equal(subscribedPairs, 100)
  const byToken: Record<string, number> = {}
  for (const { e, tk } of client.ticks) byToken[`${e}|${tk}`] = (byToken[`${e}|${tk}`] ?? 0) + 1
  const reply = await fetch(`${new URL(noren.restUrl).origin}/sim/stats?tokens=1`)
  assert.deepEqual(((await reply.json()) as Record<string, unknown>).packetsByToken, byToken)
})

test('ticks that are due are sent, no more and no fewer, also in two channels', async (t) => {
  const noren = await startNoren(t, 'zebu')
  const client = await connect(noren)
  await client.subscribe('t', [RELIANCE])
  await client.subscribe('d', [RELIANCE])
  let sent = 0
  for (let due = 1; due <= 101; due++) {
    sent += noren.burst(1)
    assert.ok(sent === due || sent === due + 1, `${sent} of ${due}`)
  }
})

test('a client that stops reading costs no memory, and what it misses is counted', async (t) => {
  const noren = await startNoren(t, 'shoonya')
  const client = await connect(noren)
  const keys = noren.instruments.slice(0, 300).map(({ exchange, token }) => `${exchange}|${token}`)
  await client.subscribe('d', keys)
  client.socket.pause()
  for (let bursts = 0; bursts < 100 && noren.stats().skipped === 0; bursts++) noren.burst(2000)
  const { packetsSent, skipped } = noren.stats()
  assert.ok(skipped > 0)
  noren.burst(1000)
  assert.equal(noren.stats().packetsSent, packetsSent)
  assert.equal(noren.stats().skipped, skipped + 1000)
  client.socket.resume()
  await until(() => client.ticks.length === packetsSent, 'what was sent arrives')
  assert.ok(noren.burst(10) > 0)
})

test('one seed gives the same market, another one another', async (t) => {
  const run = async (seed: number) => {
    const noren = await startNoren(t, 'flattrade', { seed, clock: () => 1_787_000_000_000 })
    const client = await connect(noren)
    await client.subscribe('t', [RELIANCE, NIFTY])
    await client.subscribe('d', [RELIANCE])
    noren.burst(500)
    await client.reach(noren.stats().framesSent)
    return client.frames
  }
  const first = await run(5)
  assert.deepEqual(await run(5), first)
  assert.notDeepEqual(await run(6), first)
})

test('the registry starts all three, and an impossible option is refused by name', async (t) => {
  for (const broker of BROKERS) {
    const { start } = await SIMULATORS[broker]!()
    const noren = await start({ seed: 1, ratePerSecond: 0, instruments: 20 })
    t.after(() => noren.close())
    const options = { seed: 1, ratePerSecond: 0, instruments: 20 }
    await assert.rejects(start({ ...options, seed: 0.5 }), /^RangeError: seed: /)
    await assert.rejects(start({ ...options, ratePerSecond: -1 }), /^RangeError: ratePerSecond: /)
    for (const instruments of [0, 1.5, 300_001]) {
      await assert.rejects(start({ ...options, instruments }), /^RangeError: instruments: /)
    }
    await assert.rejects(start({ ...options, port: noren.port }), { code: 'EADDRINUSE' })
  }
})
