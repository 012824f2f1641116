import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from './kite-reader.ts'
import { connect, keysOf, type ReadFeed, type ReadFull, startUpstox } from './upstox-reader.ts'

const RELIANCE = 'NSE_EQ|INE002A01018'
const NIFTY = 'NSE_INDEX|Nifty 50'

test('the market info comes first and unasked, unless it is held back', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  await until(() => client.frames.length === 1, 'the market info')
  const [{ type, currentTs, marketInfo }] = client.frames as [(typeof client.frames)[0]]
  assert.equal(type, 'market_info')
  assert.ok(Math.abs(currentTs! - Date.now()) < 10_000)
  assert.equal(marketInfo!.segmentStatus.NSE_EQ, 'NORMAL_OPEN')
  upstox.muteHeartbeats(true)
  const quiet = await connect(upstox)
  await quiet.subscribe([RELIANCE])
  assert.equal(quiet.frames[0]!.type, undefined)
})

test('each mode has its message, as a snapshot and live', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  const [option] = upstox.instruments
    .filter(({ exchange, tradingsymbol }) => exchange === 'NSE_FO' && / CE /.test(tradingsymbol))
    .map(({ token }) => String(token))
  const keys = [RELIANCE, NIFTY, option!]
  const full = (levels: number) => (feed: ReadFeed) => {
    const { marketFF } = feed.fullFeed!
    assert.equal(marketFF!.marketLevel?.bidAskQuote.length ?? levels, levels)
  }
  const index = (feed: ReadFeed) => assert.ok(feed.fullFeed!.indexFF!.ltpc!.ltp! > 0)
  const price = (feed: ReadFeed) => assert.ok(feed.ltpc!.ltp! > 0)
  const first = (feed: ReadFeed) => assert.ok(feed.firstLevelWithGreeks!.firstDepth.bidP! > 0)
  const shapes = {
    ltpc: [undefined, price, price, price],
    full: ['full_d5', full(5), index, full(5)],
    option_greeks: ['option_greeks', first, index, first],
    full_d30: ['full_d30', full(30), index, full(30)],
  } as const
  for (const [mode, [requestMode, ...checks]] of Object.entries(shapes)) {
    const from = client.feeds.length
    client.ask('sub', keys, mode)
    await client.feedsReach(from + 3)
    upstox.tickOnce()
    await client.feedsReach(from + 6)
    client.feeds.slice(from).forEach((feed, at) => {
      assert.equal(feed.type, at < 3 ? undefined : 'live_feed')
      assert.equal(feed.requestMode, requestMode)
      checks[keys.indexOf(feed.key)]!(feed)
    })
  }
  const greeks = client.feeds.find(({ key, firstLevelWithGreeks }) => {
    return key === option && firstLevelWithGreeks !== undefined
  })!.firstLevelWithGreeks!
  assert.ok(greeks.optionGreeks!.delta! > 0 && greeks.optionGreeks!.delta! < 1)
  assert.ok(greeks.iv! > 0)
})

test('change_mode changes the mode of what is subscribed, and nothing else', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  await client.subscribe([RELIANCE], 'ltpc')
  client.ask('change_mode', [RELIANCE], 'full')
  await client.feedsReach(2)
  upstox.tickOnce()
  await client.feedsReach(3)
  assert.deepEqual(
    client.feeds.map(({ requestMode }) => requestMode),
    [undefined, 'full_d5', 'full_d5'],
  )
  client.ask('change_mode', [NIFTY], 'full')
  await client.textsReach(1)
  assert.equal(client.texts[0]!.error.code, 'not_subscribed')
  assert.equal(upstox.stats().subscribedPairs, 1)
})

/** Takes over the parts that a message has, and keeps the others. */
function merge(known: ReadFull, { fullFeed }: ReadFeed): ReadFull {
  return { ...known, ...(fullFeed!.marketFF ?? fullFeed!.indexFF) }
}

for (const mode of ['full', 'full_d30']) {
  test(`the snapshot and what changes rebuild the market in mode ${mode}`, async (t) => {
    let nowMs = 1_786_000_000_000
    const upstox = await startUpstox(t, { clock: () => nowMs, instruments: 100 })
    const client = await connect(upstox)
    const keys = keysOf(upstox, 40)
    await client.subscribe(keys, mode)
    const ticks = 60
    for (let tick = 0; tick < ticks; tick++) {
      nowMs += 1000
      assert.equal(upstox.tickOnce(), 40)
    }
    await client.feedsReach(40 * (ticks + 1))
    const known = new Map<string, ReadFull>()
    for (const feed of client.feeds) known.set(feed.key, merge(known.get(feed.key) ?? {}, feed))
    await client.subscribe(keys, mode)
    for (const { key, fullFeed } of client.feeds.slice(-40)) {
      const whole = fullFeed!.marketFF ?? fullFeed!.indexFF!
      const { marketOHLC: bars, ...rest } = known.get(key)!
      const { marketOHLC: barsNow, ...restNow } = whole
      assert.deepEqual(rest, restNow, key)
      // A bar of the minute ends with the time alone.
      assert.deepEqual(bars!.ohlc[0], barsNow!.ohlc[0], key)
    }
    const live = client.feeds.slice(40, -40).flatMap(({ fullFeed }) => fullFeed!.marketFF ?? [])
    const share = (lacks: (feed: ReadFull) => boolean) => live.filter(lacks).length / live.length
    const depthOnly = share(({ ltpc, atp }) => ltpc === undefined && atp === undefined)
    const noPrice = share(({ ltpc, atp }) => ltpc === undefined && atp !== undefined)
    const noDepth = share(({ marketLevel }) => marketLevel === undefined)
    for (const part of [depthOnly, noPrice, noDepth])
      assert.ok(part > 0.04 && part < 0.1, `${part}`)
  })
}

test('who missed a tick of another socket is told everything', async (t) => {
  const upstox = await startUpstox(t)
  const [one, other] = [await connect(upstox), await connect(upstox)]
  await one.subscribe([RELIANCE])
  await other.subscribe([RELIANCE])
  for (let tick = 0; tick < 50; tick++) upstox.tickOnce()
  await one.feedsReach(51)
  await other.feedsReach(51)
  // The sockets take turns, so that each has missed the tick before its own, but for the very first.
  for (const { fullFeed } of [...one.feeds.slice(2), ...other.feeds]) {
    const { ltpc, marketLevel, atp } = fullFeed!.marketFF!
    assert.ok(ltpc !== undefined && marketLevel !== undefined && atp !== undefined)
  }
})

test('thirty levels go on below the five, step by step', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  await client.subscribe([RELIANCE], 'full_d30')
  await client.subscribe([RELIANCE], 'full')
  const [deep, five] = client.feeds.map((feed) => {
    return feed.fullFeed!.marketFF!.marketLevel!.bidAskQuote
  })
  assert.deepEqual(deep!.slice(0, 5), five)
  for (let level = 1; level < 30; level++) {
    const [above, below] = [deep![level - 1]!, deep![level]!]
    assert.ok(below.bidP! < above.bidP! && below.askP! > above.askP!)
    assert.ok(below.bidQ! > 0 && below.askQ! > 0)
    assert.equal(Math.round(below.bidP! * 100) % 5, 0)
    if (level > 5) assert.equal(Math.round((above.bidP! - below.bidP!) * 100), 5)
  }
})

test('a request in a text frame is ignored, and one in bytes is heard', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  const request = { guid: 'x', method: 'sub', data: { mode: 'full', instrumentKeys: [RELIANCE] } }
  client.socket.send(JSON.stringify(request))
  client.socket.send('{"guid":')
  await client.subscribe([NIFTY])
  assert.equal(upstox.stats().subscribedPairs, 1)
  assert.equal(client.texts.length, 0)
})

test('a request that cannot be carried out is answered with its guid and changes nothing', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  const guid = client.ask('sub', [RELIANCE, 'NSE_EQ|INE000X01010'], 'full')
  await client.textsReach(1)
  assert.deepEqual(client.texts[0], {
    guid,
    method: 'sub',
    status: 'failed',
    error: { code: 'invalid_instrument', message: 'Invalid instrument key' },
  })
  client.ask('shout', [RELIANCE], 'full')
  client.ask('sub', [RELIANCE], 'deep')
  client.ask('sub', [RELIANCE], 'toString')
  client.ask('sub', [RELIANCE])
  const wrong = ['{"guid":', 'null', '7', '{"method":"sub"}', '{"guid":"a","method":"sub"}']
  const keys = { mode: 'full', instrumentKeys: [7] }
  wrong.push(JSON.stringify({ guid: 'b', method: 'sub', data: keys }))
  for (const text of wrong) client.socket.send(Buffer.from(text))
  await client.textsReach(5 + wrong.length)
  for (const text of client.texts) assert.equal(text.status, 'failed')
  assert.deepEqual(
    client.texts.slice(1).map(({ error }) => error.code),
    ['method', 'mode', 'mode', 'mode', ...wrong.map(() => 'request')].map((it) => `invalid_${it}`),
  )
  assert.equal(upstox.stats().subscribedPairs, 0)
  await client.subscribe([RELIANCE])
})

test('unsubscribing ends the ticks of those keys, whatever their mode', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  const keys = keysOf(upstox, 20)
  await client.subscribe(keys.slice(0, 10))
  await client.subscribe(keys.slice(10), 'ltpc')
  client.ask('unsub', [keys[3]!, keys[17]!, keys[17]!, 'NSE_EQ|never'])
  await until(() => upstox.stats().subscribedPairs === 18, '18 pairs')
  assert.equal(upstox.tickOnce(), 18)
  await client.feedsReach(38)
  const ticked = client.feeds.slice(20).map(({ key }) => key)
  const left = keys.filter((_, index) => index !== 3 && index !== 17)
  assert.deepEqual(ticked.sort(), left.sort())
  assert.equal(client.texts.length, 0)
})

test('a connection takes so many keys of a mode alone, and fewer beside others', async (t) => {
  const upstox = await startUpstox(t, { instruments: 6000 })
  const client = await connect(upstox)
  const all = keysOf(upstox, 6000)
  let texts = 0
  const pairsAfter = async (from: number, to: number, mode: string) => {
    const [before, feeds] = [client.texts.length, client.feeds.length]
    client.ask('sub', all.slice(from, to), mode)
    await until(
      () => client.texts.length > before || client.feeds.length === feeds + to - from,
      'an answer',
    )
    if (client.texts.length > texts) {
      texts += 1
      assert.equal(client.texts.at(-1)!.error.code, 'limit_exceeded')
      return 'refused'
    }
    return upstox.stats().subscribedPairs
  }
  const limits = { ltpc: 5000, full: 2000, option_greeks: 3000, full_d30: 50 }
  for (const [mode, limit] of Object.entries(limits)) {
    assert.equal(await pairsAfter(0, limit, mode), limit)
    assert.equal(await pairsAfter(limit, limit + 1, mode), 'refused')
    assert.equal(upstox.stats().subscribedPairs, limit)
    client.ask('unsub', all)
    await until(() => upstox.stats().subscribedPairs === 0, 'no pairs')
  }
  assert.equal(await pairsAfter(0, 1500, 'full'), 1500)
  assert.equal(await pairsAfter(1500, 3500, 'ltpc'), 3500)
  assert.equal(await pairsAfter(3500, 3501, 'ltpc'), 'refused')
  assert.equal(await pairsAfter(3500, 3501, 'full'), 'refused')
  assert.equal(await pairsAfter(3500, 3501, 'option_greeks'), 3501)
})

test('keys share frames, up to fifty, each once', async (t) => {
  const upstox = await startUpstox(t)
  const client = await connect(upstox)
  await client.subscribe(keysOf(upstox, 120), 'full')
  const sizes = () => client.frames.map(({ feeds }) => Object.keys(feeds ?? {}).length)
  assert.deepEqual(sizes().slice(-3), [50, 50, 20])
  assert.equal(upstox.burst(130), 130)
  await client.feedsReach(250)
  assert.deepEqual(sizes().slice(-3), [50, 50, 30])
  client.ask('unsub', keysOf(upstox, 118))
  await until(() => upstox.stats().subscribedPairs === 2, 'two pairs')
  upstox.burst(5)
  await client.feedsReach(255)
  assert.deepEqual(sizes().slice(-3), [2, 2, 1])
})
