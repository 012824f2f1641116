import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineStatus } from '../../engine/observe/status.ts'
import {
  callAdmin,
  type Plant,
  type Scope,
  type Share,
  sharesOf,
  startPlant,
  until,
} from '../support/plant.ts'
import { CLOSE, RawClient } from '../support/raw-client.ts'
import { StreamClient } from '../support/stream-client.ts'

// About 250 kB of depth frames: what a client that reads takes at once.
const TICKS_PER_BURST = 200
const BURSTS_MAX = 500

/** Makes ticks until the engine has closed a slow client; `onBurst` waits until one burst has gone through. */
async function tickUntilClosed(plant: Plant, onBurst: () => Promise<void>): Promise<void> {
  for (let burst = 0; burst < BURSTS_MAX; burst++) {
    plant.simulator.burst(TICKS_PER_BURST)
    await onBurst()
    if (plant.engine.status().clients.closedSlow > 0) return
  }
  assert.fail('no slow client was closed')
}

/** A client that holds the depth of these shares and reads no more. */
async function openSlow(context: Scope, plant: Plant, shares: readonly Share[]) {
  const slow = await RawClient.connect(context, plant.engine.websocketPort)
  await slow.ask({ action: 'authenticate', api_key: plant.engine.localKey })
  const symbols = shares.map(({ symbol, exchange }) => ({ symbol, exchange }))
  await slow.ask({ action: 'subscribe', symbols, mode: 3 })
  slow.socket.pause()
  return slow
}

function assertNoHole(client: StreamClient, shares: readonly Share[]): void {
  for (const { symbol } of shares) {
    const seqs = client.dataOf(symbol).map(({ seq }) => Number(seq))
    assert.ok(seqs.length > 1)
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => seqs[0]! + at),
    )
  }
}

test('a client that stops reading is closed and counted; another one misses nothing', async (context) => {
  const plant = await startPlant(context, {}, { 'websocket.queue_bytes_max': 1024 * 1024 })
  const shares = sharesOf(plant, 20)
  const fast = await StreamClient.open(context, plant)
  await fast.stream(shares, 'Depth')
  const slow = await openSlow(context, plant, shares)
  const onBurst = () => fast.waitForTicks(fast.tickCount + TICKS_PER_BURST)
  await tickUntilClosed(plant, onBurst)
  plant.simulator.burst(TICKS_PER_BURST)
  await onBurst()
  assertNoHole(fast, shares)
  const { closedSlow, connected, list } = await callAdmin(plant, 'GET', '/admin/status').then(
    ({ clients }) => clients as EngineStatus['clients'],
  )
  assert.deepEqual([closedSlow, connected, list.length], [1, 1, 1])
  slow.socket.resume()
  await until('the end of the connection', () => slow.isClosed)
})

test('a slow client that reads on gets everything up to the closing frame, without a hole', async (context) => {
  // The ticks of one drain are many times what may wait.
  const plant = await startPlant(context, {}, { 'websocket.queue_bytes_max': 4096 })
  const shares = sharesOf(plant, 20)
  const slow = await openSlow(context, plant, shares)
  await until('all at the broker', () => plant.simulator.stats().subscribedPairs === shares.length)
  const [feed] = plant.engine.feeds
  await tickUntilClosed(plant, async () => {
    const { packetsSent } = plant.simulator.stats()
    await until('the ticks', () => feed!.counters().ticks >= packetsSent)
  })
  slow.socket.resume()
  const closing = await until('the closing frame', () =>
    slow.frames.find(({ opcode }) => opcode === CLOSE),
  )
  assert.equal(closing.payload.readUInt16BE(0), 1013)
  assert.equal(closing.payload.subarray(2).toString(), 'slow client: its buffer is full')
  const next = new Map<string, number>()
  for (const { payload } of slow.frames) {
    if (!payload.includes('"market_data"')) continue
    const { symbol, data } = JSON.parse(payload.toString())
    assert.equal(data.seq, next.get(symbol) ?? data.seq)
    next.set(symbol, data.seq + 1)
  }
  assert.equal(slow.frames.at(-1), closing)
  assert.equal(next.size, shares.length)
})
