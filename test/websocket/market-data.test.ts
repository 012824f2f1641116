import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { namesOf, type Scope, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const FRAME_BYTES_MAX = 16_000
const packets = new Map<number, Buffer[]>()
const plant = await startPlant(
  { after },
  {
    onPacket(token, packet) {
      packets.set(token, [...(packets.get(token) ?? []), Buffer.from(packet)])
    },
  },
)
const shares = sharesOf(plant, 8)

const LTP_KEYS = ['ltp', 'ltt', 'last_trade_quantity', 'close', 'change', 'change_percent']
const QUOTE_KEYS = [
  ...LTP_KEYS,
  'last_quantity',
  'open',
  'high',
  'low',
  'volume',
  'average_price',
  'avg_trade_price',
  'total_buy_quantity',
  'total_sell_quantity',
]
const DEPTH_KEYS = [
  ...QUOTE_KEYS,
  'oi',
  'bid_price',
  'ask_price',
  'bid_size',
  'ask_size',
  'exchange_timestamp',
  'depth_level',
  'depth',
]
const COMMON_KEYS = ['symbol', 'exchange', 'mode', 'seq', 'epoch', 'timestamp']

function assertKeys(data: Message, keys: readonly string[]): void {
  assert.deepEqual(Object.keys(data).sort(), [...COMMON_KEYS, ...keys].sort())
}

/** The words of the last packet that the broker sent of a share, big-endian, after the token. */
function lastPacket({ token }: Share): number[] {
  const packet = packets.get(token)!.at(-1)!
  return Array.from({ length: packet.length / 4 - 1 }, (_, word) =>
    packet.readInt32BE(4 + 4 * word),
  )
}

/** Opens one client per mode on a share, all fed by depth ticks, and lets one more tick flow to them. */
async function threeModes(context: Scope, share: Share) {
  const clients: StreamClient[] = []
  for (const mode of [3, 2, 1]) {
    const client = await StreamClient.open(context, plant)
    await client.subscribe([share], mode)
    await client.waitForTicks(1)
    clients.push(client)
  }
  const counts = clients.map(({ tickCount }) => tickCount)
  plant.simulator.tickOnce([share.token])
  await Promise.all(clients.map((client, at) => client.waitForTicks(counts[at]! + 1)))
  return clients.map((client) => client.ticks.at(-1)!) as [Message, Message, Message]
}

test('the frame around the data names symbol, exchange, mode of the client and broker', async (context) => {
  const share = shares[0]!
  for (const mode of [1, 2, 3]) {
    const client = await StreamClient.open(context, plant)
    await client.subscribe([share], mode)
    await client.waitForTicks(1)
    const { data, ...outer } = client.ticks.at(-1)!
    const identity = { symbol: share.symbol, exchange: 'NSE', mode }
    assert.deepEqual(outer, { type: 'market_data', ...identity, broker: 'zerodha' })
    const { symbol, exchange, mode: inner } = data as Message
    assert.deepEqual({ symbol, exchange, mode: inner }, identity)
  }
})

test('one depth tick reaches every mode as what that mode shows', async (context) => {
  const share = shares[1]!
  const frames = await threeModes(context, share)
  const [depth, quote, ltp] = frames.map(({ data }) => data as Message) as [
    Message,
    Message,
    Message,
  ]
  assertKeys(depth, DEPTH_KEYS)
  assertKeys(
    quote,
    DEPTH_KEYS.filter((key) => !key.startsWith('depth')),
  )
  assertKeys(ltp, LTP_KEYS)
  for (const lower of [quote, ltp]) {
    const { mode, ...same } = lower
    for (const [key, value] of Object.entries(same)) assert.deepEqual(value, depth[key], key)
  }
})

test('a quote tick shows what the broker sent, under all names that clients read', async (context) => {
  const share = shares[2]!
  const client = await StreamClient.open(context, plant)
  await client.stream([share], 'Quote')
  plant.simulator.tickOnce([share.token])
  await client.waitForTicks(2)
  const [data] = client.dataOf(share.symbol).slice(-1) as [Message]
  const [last, quantity, average, volume, buy, sell, open, high, low, close] = lastPacket(share)
  const change = (last! - close!) / 100
  assert.deepEqual(data, {
    symbol: share.symbol,
    exchange: 'NSE',
    mode: 2,
    ltp: last! / 100,
    last_trade_quantity: quantity,
    last_quantity: quantity,
    open: open! / 100,
    high: high! / 100,
    low: low! / 100,
    close: close! / 100,
    volume: volume! >>> 0,
    average_price: average! / 100,
    avg_trade_price: average! / 100,
    total_buy_quantity: buy,
    total_sell_quantity: sell,
    change,
    change_percent: Math.round((change / (close! / 100)) * 1e4) / 100,
    seq: data.seq,
    epoch: plant.engine.status().feeds[0]!.epoch,
    timestamp: data.timestamp,
  })
})

test('times, volumes and sizes print as integers, in every frame', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.stream(shares, 'Depth')
  for (let round = 0; round < 20; round++) plant.simulator.tickOnce()
  await client.waitForTicks(21 * shares.length)
  const names = 'timestamp|ltt|exchange_timestamp|volume|quantity|orders|oi|seq|epoch'
  const integers = new RegExp(`"(${names}|[a-z_]+_quantity|[a-z]+_size)":(?!-?\\d+[,}])`)
  const decimals =
    /"(ltp|price|open|high|low|close|[a-z_]*price|change|change_percent)":(?!-?\d+(\.\d+)?[,}])/
  for (const text of client.rawTexts.filter((text) => text.includes('"market_data"'))) {
    assert.doesNotMatch(text, integers)
    assert.doesNotMatch(text, decimals)
    assert.doesNotMatch(text, /\s|null|NaN|e[+-]\d/)
    assert.ok(Buffer.byteLength(text) < FRAME_BYTES_MAX)
  }
})

test('a book has its levels best first, each with price, quantity and orders', async (context) => {
  const [frame] = await threeModes(context, shares[3]!)
  const { depth, depth_level, bid_price, ask_price, bid_size, ask_size } = frame.data as Message
  const { buy, sell } = depth as Record<'buy' | 'sell', Record<string, number>[]>
  assert.equal(depth_level, 5)
  const prices = (side: Record<string, number>[]) => side.map(({ price }) => price!)
  assert.deepEqual(
    [...prices(buy)].sort((a, b) => b - a),
    prices(buy),
  )
  assert.deepEqual(
    [...prices(sell)].sort((a, b) => a - b),
    prices(sell),
  )
  for (const level of [...buy, ...sell]) {
    assert.deepEqual(Object.keys(level), ['price', 'quantity', 'orders'])
  }
  assert.deepEqual([buy.length, sell.length], [5, 5])
  assert.deepEqual([bid_price, bid_size], [buy[0]!.price, buy[0]!.quantity])
  assert.deepEqual([ask_price, ask_size], [sell[0]!.price, sell[0]!.quantity])
})

test('the depth of an index is a depth frame with empty sides', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.stream([{ exchange: 'NSE_INDEX', symbol: 'NIFTY' }], 'Depth')
  const frame = client.ticks.at(-1)!
  assert.equal(frame.mode, 3)
  const { depth, ltp } = frame.data as Message
  assert.deepEqual(depth, { buy: [], sell: [] })
  assert.ok(Number(ltp) > 0)
})

test('a client that holds several modes gets one frame of a tick for each of them', async (context) => {
  const share = shares[4]!
  const client = await StreamClient.open(context, plant)
  await client.stream([share], 'LTP')
  await client.subscribe([share], 'Quote')
  await until('a quote', () => client.ticks.some(({ mode }) => mode === 2))
  const before = client.tickCount
  plant.simulator.tickOnce([share.token])
  await client.waitForTicks(before + 2)
  const [ltp, quote] = client.ticks.slice(before) as [Message, Message]
  assert.deepEqual([ltp.mode, quote.mode], [1, 2])
  assert.equal((ltp.data as Message).seq, (quote.data as Message).seq)
})

test('names of every spelling come back as they were asked for', async (context) => {
  const names = namesOf(plant, 500)
  const client = await StreamClient.open(context, plant)
  await client.stream(names, 'Quote')
  const asked = names.map(({ exchange, symbol }) => `${exchange}:${symbol}`)
  assert.ok(asked.some((name) => /[&-]/.test(name)))
  assert.ok(
    asked.some((name) => /FUT$/.test(name)) && asked.some((name) => /\.\d+[CP]E$/.test(name)),
  )
  const outer = client.ticks.map(({ exchange, symbol }) => `${exchange}:${symbol}`)
  const inner = client.ticks.map(({ data }) => data as Message)
  assert.deepEqual([...outer].sort(), [...asked].sort())
  assert.deepEqual(
    inner.map(({ exchange, symbol }) => `${exchange}:${symbol}`),
    outer,
  )
})

test('every tick comes, in order, with seq counting by one and one epoch', async (context) => {
  const client = await StreamClient.open(context, plant)
  const watched = shares.slice(5)
  await client.stream(watched, 'LTP')
  const before = client.tickCount
  plant.simulator.burst(3000)
  await client.waitForTicks(before + 3000)
  for (const { symbol } of watched) {
    const ticks = client.dataOf(symbol)
    ticks.forEach(({ seq, epoch, timestamp }, at) => {
      assert.equal(seq, Number(ticks[0]!.seq) + at)
      assert.equal(epoch, ticks[0]!.epoch)
      assert.ok(Number(timestamp) >= Number(ticks[Math.max(0, at - 1)]!.timestamp))
    })
  }
})
