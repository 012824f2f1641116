import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, type Packet, refusal, unitsPerRupee, until } from './kite-reader.ts'
import { startKite, tokensOf } from './start-kite.ts'

const RELIANCE = 738561
const NIFTY = 256265

const lengths = (packets: readonly Packet[]) => packets.map(({ token, length }) => [token, length])

test('a bad token is refused at the upgrade', async (t) => {
  const kite = await startKite(t)
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
  const kite = await startKite(t)
  const clients = [await connect(kite), await connect(kite), await connect(kite)]
  assert.equal((await refusal(kite)).status, 429)
  clients[1]!.socket.close()
  await once(clients[1]!.socket, 'close')
  await until(() => kite.stats().sockets === 2, 'the place is free')
  await connect(kite)
  assert.equal(kite.stats().sockets, 3)
})

test('an expired session keeps its socket and opens no other', async (t) => {
  const kite = await startKite(t)
  const client = await connect(kite)
  kite.expireSession()
  await client.subscribe([RELIANCE])
  assert.equal((await refusal(kite)).status, 403)
})

test('subscribing without a mode gives quotes, with a snapshot at once', async (t) => {
  const kite = await startKite(t)
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
  const kite = await startKite(t)
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
  const kite = await startKite(t)
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
  const kite = await startKite(t)
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
  const kite = await startKite(t)
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
  const kite = await startKite(t)
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
  const kite = await startKite(t, { instruments: 3200 })
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
  const kite = await startKite(t, { instruments: 2000 })
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
