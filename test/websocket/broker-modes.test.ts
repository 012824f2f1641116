import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flags } from '../../config/sources.ts'
import {
  type Plant,
  type Scope,
  type Share,
  sharesOf,
  startPlant,
  until,
} from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

/** Bytes of a share's packet, by the mode in which the broker sends it. */
const LTP_BYTES = 8
const QUOTE_BYTES = 44
const DEPTH_BYTES = 184

interface WatchedPlant {
  readonly plant: Plant
  readonly share: Share
  /** Waits until the broker sends the share in packets of this length. */
  sends(bytes: number): Promise<void>
  /** Waits until the broker is asked for so many instruments. */
  asked(instruments: number): Promise<void>
}

async function startWatched(context: Scope, flags: Flags = {}): Promise<WatchedPlant> {
  let lastBytes = 0
  const onPacket = (_token: number, packet: Uint8Array) => {
    lastBytes = packet.length
  }
  const plant = await startPlant(context, { onPacket }, flags)
  const [share] = sharesOf(plant, 1) as [Share]
  return {
    plant,
    share,
    sends: (bytes) =>
      until(`packets of ${bytes} bytes`, () => lastBytes === bytes) as Promise<never>,
    asked: (instruments) =>
      until(`${instruments} instruments`, () => {
        return plant.simulator.stats().subscribedPairs === instruments
      }) as Promise<never>,
  }
}

test('the broker is asked for the highest mode that anyone holds, and not for more', async (context) => {
  const { plant, share, sends, asked } = await startWatched(context)
  const ltp = await StreamClient.open(context, plant)
  const quote = await StreamClient.open(context, plant, { format: 'msgpack' })
  const depth = await StreamClient.open(context, plant)
  const alsoDepth = await StreamClient.open(context, plant)

  await ltp.subscribe([share], 'LTP')
  await sends(LTP_BYTES)
  await quote.subscribe([share], 'Quote')
  await sends(QUOTE_BYTES)
  await depth.subscribe([share], 'Depth')
  await alsoDepth.subscribe([share], 'Depth')
  await sends(DEPTH_BYTES)
  await asked(1)

  await depth.unsubscribe([share])
  plant.simulator.tickOnce()
  await sends(DEPTH_BYTES)
  // A client that is cut off counts like one that leaves.
  alsoDepth.socket.terminate()
  await sends(QUOTE_BYTES)
  await quote.ask({ action: 'unsubscribe_all' })
  await sends(LTP_BYTES)
  ltp.socket.close()
  await asked(0)
})

test('what one client holds in several modes goes step by step', async (context) => {
  const { plant, share, sends, asked } = await startWatched(context)
  const client = await StreamClient.open(context, plant)
  await client.subscribe([share], 'Depth')
  await client.subscribe([share], 'LTP')
  await sends(DEPTH_BYTES)
  await client.unsubscribe([share], 'Depth')
  await sends(LTP_BYTES)
  await client.unsubscribe([share], 'LTP')
  await asked(0)
})

test('a lower mode that joins does not change what the broker sends', async (context) => {
  const { plant, share, sends } = await startWatched(context)
  const depth = await StreamClient.open(context, plant)
  await depth.stream([share], 'Depth')
  const ltp = await StreamClient.open(context, plant)
  await ltp.subscribe([share], 'LTP')
  await ltp.unsubscribe([share])
  plant.simulator.tickOnce()
  await depth.waitForTicks(2)
  await sends(DEPTH_BYTES)
  assert.deepEqual(
    depth.dataOf(share.symbol).map(({ depth }) => depth !== undefined),
    [true, true],
  )
})

test('after a lost line the broker is asked again for what is held now', async (context) => {
  const backoff = { 'feed.backoff_ms_min': 500, 'feed.backoff_ms_max': 500 }
  const { plant, share, sends, asked } = await startWatched(context, backoff)
  const others = sharesOf(plant, 20).slice(1)
  const client = await StreamClient.open(context, plant)
  await client.stream([share, ...others], 'Depth')
  plant.simulator.dropSockets()
  await until('the loss', () => plant.simulator.stats().sockets === 0)
  await client.unsubscribe([...others, share])
  await client.subscribe([share], 'Quote')
  await asked(1)
  await sends(QUOTE_BYTES)
})
