import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import type { Message } from '../support/stream-client.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

const SHARES = 100
const TICKS = 100_000
const BURST = 2_000

// What a quote packet of Kite says of a share, by word: prices in paise.
const PRICES = { ltp: 1, atp: 3, open: 7, high: 8, low: 9, close: 10 } as const
const COUNTS = { ltq: 2, volume: 4, totalBuyQty: 5, totalSellQty: 6 } as const
const QUOTE_BYTES = 44

/** A packet as a reader of the topic must see it, without what the engine adds. */
function expected(packet: Buffer): Message {
  const tick: Message = {}
  for (const [name, word] of Object.entries(PRICES)) tick[name] = packet.readInt32BE(word * 4) / 100
  for (const [name, word] of Object.entries(COUNTS)) tick[name] = packet.readUInt32BE(word * 4)
  return tick
}

test('a subscriber that reads late gets 100,000 ticks, each equal to what the broker sent', async (context) => {
  const packets = new Map<number, Buffer[]>()
  const plant = await startPlant(context, {
    onPacket(token, packet) {
      if (packet.length !== QUOTE_BYTES) return
      const sent = packets.get(token) ?? []
      packets.set(token, sent)
      sent.push(Buffer.from(packet))
    },
  })
  const shares = sharesOf(plant, SHARES)
  const topics = shares.map(({ symbol }) => `NSE_${symbol}_QUOTE`)
  const reader = TopicReader.ticks(context, plant, topics, { isPaused: true })
  const ticksTaken = () => plant.engine.status().feeds[0]!.ticks
  await until('the first ticks', () => ticksTaken() >= SHARES)

  let total = ticksTaken()
  while (total < TICKS) {
    total += plant.simulator.burst(BURST)
    // The queue holds more than one burst, but not all of them.
    await until('the burst to be sent', () => zeromqStatus(plant).sent >= total, 30_000)
  }
  assert.equal(zeromqStatus(plant).conflated, 0)
  assert.equal(plant.engine.status().feeds[0]!.ring.lost, 0)

  reader.read()
  await until(`${total} messages`, () => reader.messages.length >= total, 60_000)
  assert.equal(reader.messages.length, total)
  assert.ok(total >= TICKS)
  for (const { symbol, token } of shares) {
    const ticks = reader.of(`NSE_${symbol}_QUOTE`)
    const sent = packets.get(token)!
    assert.equal(ticks.length, sent.length)
    ticks.forEach((tick, at) => {
      const { broker, exchange, token: text, mode, seq, epoch, receiveTime, ...values } = tick
      assert.deepEqual(
        { broker, exchange, text, mode, seq },
        {
          broker: 'zerodha',
          exchange: 'NSE',
          text: String(token),
          mode: 'quote',
          seq: at + 1,
        },
      )
      assert.deepEqual(values, { symbol, ...expected(sent[at]!) })
    })
  }
})
