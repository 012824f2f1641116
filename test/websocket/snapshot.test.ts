import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { namesOf, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const shares = sharesOf(plant, 12)

/** One more tick of a share that a client holds in one mode. */
async function tick(client: StreamClient, { token }: Share): Promise<void> {
  const before = client.tickCount
  plant.simulator.tickOnce([token])
  await client.waitForTicks(before + 1)
}

test('a late client gets the last value after the acknowledgement, marked as a snapshot', async (context) => {
  const share = shares[0]!
  const early = await StreamClient.open(context, plant)
  await early.stream([share], 'Depth')
  await tick(early, share)
  const late = await StreamClient.open(context, plant)
  await late.subscribe([share], 'Depth')
  await late.waitForTicks(1)
  const [acknowledged, frame] = late.texts.slice(1) as [Message, Message]
  assert.equal(acknowledged.type, 'subscribe')
  const { snapshot, ...last } = frame.data as Message
  assert.equal(snapshot, true)
  assert.deepEqual(last, early.dataOf(share.symbol).at(-1))
  assert.deepEqual({ ...frame, data: {} }, { ...early.ticks.at(-1)!, data: {} })
})

test('a late msgpack client gets it too', async (context) => {
  const share = shares[1]!
  const early = await StreamClient.open(context, plant, { format: 'msgpack' })
  await early.stream([share], 'Quote')
  const late = await StreamClient.open(context, plant, { format: 'msgpack' })
  await late.subscribe([share], 'Quote')
  await late.waitForTicks(1)
  const { snapshot, ...last } = late.items[0]!
  assert.equal(snapshot, true)
  assert.deepEqual(last, early.items.at(-1))
})

test('ticks that come from the broker are not marked', async (context) => {
  const share = shares[2]!
  const client = await StreamClient.open(context, plant)
  await client.stream([share], 'LTP')
  await tick(client, share)
  for (const data of client.dataOf(share.symbol)) assert.ok(!('snapshot' in data))
})

test('a last value of a higher mode is shown as the mode that was asked for', async (context) => {
  const share = shares[3]!
  const early = await StreamClient.open(context, plant)
  await early.stream([share], 'Depth')
  const late = await StreamClient.open(context, plant)
  await late.subscribe([share], 'LTP')
  await late.waitForTicks(1)
  assert.equal(late.ticks[0]!.mode, 1)
  const data = late.ticks[0]!.data as Message
  assert.ok(data.snapshot === true && 'ltp' in data && !('volume' in data || 'depth' in data))
})

test('a last value of a lower mode is not sent: the broker is asked for the higher one', async (context) => {
  const share = shares[4]!
  const early = await StreamClient.open(context, plant)
  await early.stream([share], 'LTP')
  const late = await StreamClient.open(context, plant)
  await late.subscribe([share], 'Depth')
  await late.waitForTicks(1)
  const data = late.dataOf(share.symbol)[0]!
  assert.ok(!('snapshot' in data))
  assert.equal((data.depth as { buy: unknown[] }).buy.length, 5)
})

test('a client that takes a second mode gets the last value in that mode', async (context) => {
  const share = shares[5]!
  const client = await StreamClient.open(context, plant)
  await client.stream([share], 'Depth')
  await client.subscribe([share], 'LTP')
  await client.waitForTicks(2)
  const [live, snapshot] = client.ticks as [Message, Message]
  assert.deepEqual([live.mode, snapshot.mode], [3, 1])
  assert.equal((snapshot.data as Message).snapshot, true)
})

test('the last value is forgotten when nobody holds the instrument any more', async (context) => {
  const [share, guard] = [shares[6]!, shares[7]!]
  const first = await StreamClient.open(context, plant)
  await first.stream([share, guard], 'Quote')
  await first.unsubscribe([share])
  const second = await StreamClient.open(context, plant)
  await second.stream([share], 'Quote')
  await second.subscribe([guard], 'Quote')
  await until('the guard', () => second.dataOf(guard.symbol).length > 0)
  assert.equal(second.dataOf(guard.symbol)[0]!.snapshot, true)
  assert.deepEqual(
    second.dataOf(share.symbol).map(({ snapshot }) => snapshot),
    [undefined],
  )
})

test('snapshot and ticks join without a hole and without a repetition', async (context) => {
  const busy = await startPlant(context, { ratePerSecond: 20_000 })
  // So many that ticks flow while the request is still being served.
  const held = namesOf(busy, 500)
  const early = await StreamClient.open(context, busy, { format: 'msgpack' })
  await early.stream(held, 'Quote')
  // The first ticks may all be of some instruments, while the others are still being subscribed.
  await until('a tick of each', () => {
    const ticked = new Set(early.items.map(({ exchange, symbol }) => `${exchange}:${symbol}`))
    return ticked.size === held.length
  })
  let snapshots = 0
  for (let round = 0; round < 5; round++) {
    const late = await StreamClient.open(context, busy, { format: 'msgpack' })
    await late.subscribe(held, 'Quote')
    await late.waitForTicks(held.length * 4)
    late.socket.terminate()
    const last = new Map<unknown, number>()
    for (const { exchange, symbol, seq, snapshot } of late.items) {
      const name = `${exchange}:${symbol}`
      const before = last.get(name)
      if (before !== undefined) assert.deepEqual([seq, snapshot], [before + 1, undefined])
      last.set(name, Number(seq))
      if (snapshot) snapshots += 1
    }
    assert.equal(last.size, held.length)
  }
  assert.ok(snapshots > 0)
})
