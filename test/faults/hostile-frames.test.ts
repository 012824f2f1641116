// A broker that sends what nobody can read.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { SeededRandom } from '../../sim/random.ts'
import { openClient, ticksOf } from '../feed/fake-plant.ts'
import { BROKER, type Share, sharesOf, startPlant, until } from '../support/plant.ts'

function randomBytes(random: SeededRandom, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256))
}

/** A whole frame of one LTP packet. */
function ltpFrame(token: number, paise: number): Buffer {
  const frame = Buffer.alloc(12)
  frame.writeUInt16BE(1, 0)
  frame.writeUInt16BE(8, 2)
  frame.writeUInt32BE(token, 4)
  frame.writeInt32BE(paise, 8)
  return frame
}

const random = new SeededRandom(7)
const HOSTILE: Readonly<Record<string, readonly (Uint8Array | string)[]>> = {
  'frames that are cut short': Array.from({ length: 1000 }, (_, at) =>
    ltpFrame(at, 1).subarray(0, 4 + (at % 8)),
  ),
  'random bytes': Array.from({ length: 1000 }, () => {
    // The first packet is longer than any frame here: never a heartbeat, never a whole packet.
    return Buffer.concat([Buffer.of(0, 9, 0xff, 0xff), randomBytes(random, 4 + random.below(300))])
  }),
  'counts of packets that are not there': Array.from({ length: 1000 }, () =>
    Uint8Array.of(0xff, 0xff, 0, 0, 0, 0, 0, 0),
  ),
  'text that is no JSON': Array.from({ length: 1000 }, (_, at) => `{"type": garbage ${at}`),
  'frames of 1 MiB': [
    Buffer.alloc(1 << 20, 0xff),
    Buffer.alloc(1 << 20, 'x').toString(),
    Buffer.concat([Buffer.of(0, 1), randomBytes(random, 1 << 20)]),
  ],
}

async function start(context: TestContext) {
  const plant = await startPlant(context, { seed: 1, ratePerSecond: 0, instruments: 500 })
  const [share] = sharesOf(plant, 1) as [Share]
  const client = await openClient(context, plant, BROKER)
  await client.stream([share], 'LTP')
  return { ...plant, client, share, feed: plant.engine.feeds[0]! }
}

describe('hostile frames', { concurrency: 2 }, () => {
  for (const [kind, frames] of Object.entries(HOSTILE)) {
    test(`${kind} are counted and sampled, and ticks go on`, async (context) => {
      const { simulator, client, share, feed, logs } = await start(context)
      const before = ticksOf(client, share).length
      for (const frame of frames) simulator.sendRaw(frame)
      simulator.tickOnce()
      await until('the tick behind them', () => ticksOf(client, share).length === before + 1)
      const { rejects, connects, disconnects, unknownTokens } = feed.counters()
      assert.ok(rejects >= frames.length, `${rejects} rejects`)
      assert.equal(unknownTokens, 0)
      assert.deepEqual([connects, disconnects, feed.workerRestarts], [1, 0, 0])

      const odd = await until('the log', () => {
        const lines = logs.filter(({ msg }) => msg === 'feed oddity')
        return lines.length > 0 ? lines : null
      })
      const reasons = new Set(odd.map(({ reason }) => reason))
      assert.ok(odd.length <= 3 * reasons.size, `${odd.length} lines for ${reasons.size} reasons`)
      assert.ok(odd.every(({ sample }) => (sample as string).length <= 128))
      assert.match(String(odd[0]!.sample), /^([0-9a-f]{2})+$/)
      assert.ok(!JSON.stringify(logs).includes(simulator.accessToken))
    })
  }

  test('a token that the index does not hold is counted, never taken for another instrument', async (context) => {
    const { simulator, client, share, feed, logs } = await start(context)
    const before = client.tickCount
    const stranger = 4_294_967_041
    for (let at = 0; at < 100; at++) simulator.sendRaw(ltpFrame(stranger, 100 + at))
    simulator.sendRaw(ltpFrame(share.token, 12_345))
    await until('the tick behind them', () => client.tickCount === before + 1)
    assert.equal(client.items.at(-1)!.ltp, 123.45)
    assert.equal(feed.counters().unknownTokens, 100)
    const odd = await until('the log', () => {
      const lines = logs.filter(({ msg }) => msg === 'feed oddity')
      return lines.length === 3 ? lines : null
    })
    assert.deepEqual(
      odd.map(({ detail }) => detail),
      Array(3).fill(String(stranger)),
    )
  })

  test('what the broker says to people is logged, but not a thousand times', async (context) => {
    const { simulator, client, share, logs } = await start(context)
    const before = ticksOf(client, share).length
    for (let at = 0; at < 1000; at++) {
      simulator.sendRaw(JSON.stringify({ type: 'error', data: `${'trouble '.repeat(100)}${at}` }))
    }
    simulator.sendRaw(JSON.stringify({ type: 'order', data: { status: 'COMPLETE' } }))
    simulator.tickOnce()
    await until('the tick behind them', () => ticksOf(client, share).length === before + 1)
    const said = await until('the log', () => {
      const lines = logs.filter(({ msg }) => msg === 'broker says')
      return lines.length === 20 ? lines : null
    })
    assert.match(String(said[0]!.notice), /^error: trouble/)
    assert.ok(said.every(({ notice }) => (notice as string).length <= 500))
    assert.ok(!JSON.stringify(logs).includes('COMPLETE'))
  })
})
