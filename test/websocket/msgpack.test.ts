import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Share, sharesOf, startPlant } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const shares = sharesOf(plant, 30)
const packed = { format: 'msgpack' }

const IDENTITY = ['broker', 'exchange', 'symbol', 'token', 'mode', 'seq', 'epoch', 'receiveTime']
const LTP_NAMES = ['ltp', 'ltq', 'ltt', 'close', 'exchangeTime']
const QUOTE_NAMES = ['atp', 'volume', 'totalBuyQty', 'totalSellQty', 'open', 'high', 'low']
const DEPTH_NAMES = ['oi', 'oiHigh', 'oiLow', 'bid', 'ask', 'bidQty', 'askQty', 'depth']

/** Names of a tick in JSON frames, and in msgpack. */
const SAME_VALUES: Readonly<Record<string, string>> = {
  symbol: 'symbol',
  exchange: 'exchange',
  seq: 'seq',
  epoch: 'epoch',
  ltp: 'ltp',
  ltt: 'ltt',
  last_trade_quantity: 'ltq',
  close: 'close',
  open: 'open',
  high: 'high',
  low: 'low',
  volume: 'volume',
  average_price: 'atp',
  total_buy_quantity: 'totalBuyQty',
  total_sell_quantity: 'totalSellQty',
  oi: 'oi',
  bid_price: 'bid',
  ask_price: 'ask',
  bid_size: 'bidQty',
  ask_size: 'askQty',
  exchange_timestamp: 'exchangeTime',
  depth: 'depth',
}

test('the reply to the authentication is JSON and names the format', async (context) => {
  for (const format of ['msgpack', 'json']) {
    const client = await StreamClient.connect(context, plant.websocketUrl)
    const reply = await client.authenticate(plant.engine.localKey, { format, events: true })
    assert.deepEqual([reply.status, reply.format, reply.events], ['success', format, true])
  }
})

test('an unknown format is refused, and nobody is let in', async (context) => {
  const client = await StreamClient.connect(context, plant.websocketUrl)
  const shown = {
    protobuf: 'protobuf',
    5: '5',
    true: 'true',
    [`${'x'.repeat(50)}`]: 'x'.repeat(40),
  }
  const formats: unknown[] = ['protobuf', 5, true, 'x'.repeat(50)]
  for (const format of formats) {
    assert.deepEqual(await client.authenticate(plant.engine.localKey, { format }), {
      status: 'error',
      code: 'INVALID_PARAMETERS',
      message: `Invalid format '${shown[String(format)]}'; expected 'json' or 'msgpack'`,
    })
  }
  assert.equal((await client.ask({ action: 'get_broker_info' })).code, 'NOT_AUTHENTICATED')
})

test('ticks are maps under the public names, in arrays in binary frames', async (context) => {
  const share = shares[0]!
  const clients: StreamClient[] = []
  for (const mode of ['Depth', 'Quote', 'LTP']) {
    const client = await StreamClient.open(context, plant, packed)
    await client.subscribe([share], mode)
    await client.waitForTicks(1)
    clients.push(client)
  }
  const counts = clients.map(({ tickCount }) => tickCount)
  plant.simulator.tickOnce([share.token])
  await Promise.all(clients.map((client, at) => client.waitForTicks(counts[at]! + 1)))
  const [depth, quote, ltp] = clients.map(({ items }) => items.at(-1)!) as [
    Message,
    Message,
    Message,
  ]
  const quoteNames = [...IDENTITY, ...LTP_NAMES, ...QUOTE_NAMES, ...DEPTH_NAMES.slice(0, -1)]
  assert.deepEqual(Object.keys(depth).sort(), [...quoteNames, 'depth'].sort())
  assert.deepEqual(Object.keys(quote).sort(), quoteNames.sort())
  assert.deepEqual(Object.keys(ltp).sort(), [...IDENTITY, ...LTP_NAMES].sort())
  assert.deepEqual([depth.mode, quote.mode, ltp.mode], ['depth', 'quote', 'ltp'])
  const { symbol, exchange } = share
  const identity = { broker: 'zerodha', exchange, symbol, token: String(share.token) }
  for (const [name, value] of Object.entries(identity)) assert.equal(ltp[name], value)
  assert.ok(Number.isInteger(ltp.receiveTime) && Number(ltp.receiveTime) > 1.6e15)
  for (const client of clients) assert.deepEqual(client.ticks, [])
})

test('numbers are plain numbers, never BigInt', async (context) => {
  const client = await StreamClient.open(context, plant, packed)
  await client.stream(shares, 'Depth')
  const texts = new Set(['broker', 'exchange', 'symbol', 'token', 'mode'])
  for (const { depth, ...values } of client.items) {
    for (const [name, value] of Object.entries(values)) {
      assert.equal(typeof value, texts.has(name) ? 'string' : 'number', name)
    }
    const { buy, sell } = depth as Record<'buy' | 'sell', Message[]>
    for (const level of [...buy, ...sell]) {
      assert.deepEqual(Object.keys(level), ['price', 'quantity', 'orders'])
      for (const value of Object.values(level)) assert.equal(typeof value, 'number')
    }
  }
})

test('an index in depth has empty sides', async (context) => {
  const client = await StreamClient.open(context, plant, packed)
  await client.stream([{ exchange: 'NSE_INDEX', symbol: 'BANKNIFTY' }], 'Depth')
  const { mode, depth } = client.items.at(-1)!
  assert.deepEqual([mode, depth], ['depth', { buy: [], sell: [] }])
})

/** The ticks of a symbol by seq. */
function bySeq(ticks: readonly Message[], { symbol }: Share): Map<unknown, Message> {
  return new Map(ticks.filter((tick) => tick.symbol === symbol).map((tick) => [tick.seq, tick]))
}

for (const mode of ['LTP', 'Quote', 'Depth'] as const) {
  test(`a ${mode} client gets the same ticks in both formats`, async (context) => {
    const json = await StreamClient.open(context, plant)
    await json.stream(shares, mode)
    const binary = await StreamClient.open(context, plant, packed)
    await binary.subscribe(shares, mode)
    await binary.waitForTicks(shares.length)
    const counts = [json.tickCount, binary.tickCount] as const
    plant.simulator.burst(6000)
    await Promise.all([json.waitForTicks(counts[0] + 6000), binary.waitForTicks(counts[1] + 6000)])
    for (const share of shares) {
      const texts = bySeq(json.dataOf(share.symbol), share)
      const items = bySeq(binary.items, share)
      assert.ok(items.size > 200)
      for (const [seq, item] of items) {
        const data = texts.get(seq)!
        for (const [name, value] of Object.entries(data)) {
          const twin = SAME_VALUES[name]
          if (twin !== undefined) assert.deepEqual(item[twin], value, name)
        }
        assert.equal(data.timestamp, Math.floor(Number(item.receiveTime) / 1000))
      }
    }
    assert.ok(Math.max(...binary.itemCounts) > 1, 'ticks under load share frames')
    assert.equal(
      binary.itemCounts.reduce((sum, count) => sum + count, 0),
      binary.items.length,
    )
  })
}
