import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { NorenBroker } from '../../sim/noren-brands.ts'
import { until } from './kite-reader.ts'
import { BROKERS, connect, hello, type NorenClient, open, startNoren } from './noren-reader.ts'

const RELIANCE = 'NSE|2885'
const NIFTY = 'NSE|26000'

const marks = (client: NorenClient) => client.ticks.map(({ t, e, tk }) => `${t} ${e}|${tk}`)

test('an acknowledged socket gets a full snapshot, then only what changed', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const client = await connect(noren)
    assert.deepEqual([...client.frames], [{ t: 'ak', s: 'OK' }])
    await client.subscribe('t', [RELIANCE, NIFTY])
    await client.subscribe('d', [RELIANCE])
    const [, share, index, book] = client.frames
    assert.equal(share!.ts, 'RELIANCE-EQ')
    assert.equal(index!.ts, broker === 'flattrade' ? 'Nifty 50' : 'NIFTY INDEX')
    for (const name of [
      'lp',
      'o',
      'h',
      'l',
      'c',
      'v',
      'ap',
      'ft',
      'bp1',
      'sq1',
      'ti',
      'pp',
      'ls',
    ]) {
      assert.match(share![name]!, /^-?\d+(\.\d+)?$/, name)
    }
    for (const name of ['bo1', 'bp2', 'ltt', 'ltq', 'tbq', 'uc'])
      assert.equal(share![name], undefined)
    for (const name of [
      'bp5',
      'bq5',
      'bo5',
      'sp5',
      'sq5',
      'so5',
      'tbq',
      'tsq',
      'uc',
      'lc',
      '52h',
    ]) {
      assert.match(book![name]!, /^\d+(\.\d\d)?$/, name)
    }
    assert.match(book!.ltt!, /^\d\d:\d\d:\d\d$/)
    assert.equal(share!.lp!.split('.')[1]!.length, 2)
    assert.ok(Object.values(book!).every((value) => typeof value === 'string'))
    assert.ok(!Object.keys(index!).some((name) => /^([bs][pqo]\d|v|ap|oi|uc|lc)$/.test(name)))

    assert.equal(noren.tickOnce([2885]), 2)
    await client.reach(6)
    const [touch, depth] = client.frames.slice(4)
    assert.deepEqual([touch!.t, depth!.t], ['tf', 'df'])
    assert.ok(touch!.v !== undefined && touch!.ts === undefined && touch!.c === undefined)
  }
})

/** The states merged from updates must be those that fresh snapshots tell. */
async function reconstructs(t: TestContext, broker: NorenBroker): Promise<void> {
  const noren = await startNoren(t, broker)
  const client = await connect(noren)
  const keys = noren.instruments.slice(0, 400).map(({ exchange, token }) => `${exchange}|${token}`)
  const cds = noren.instruments.find(({ exchange }) => exchange === 'CDS')!
  keys.push(`CDS|${cds.token}`)
  const touched = [...new Set(keys)]
  const deep = [...new Set([...touched.slice(200), `CDS|${cds.token}`])]
  await client.subscribe('t', touched.slice(0, 300))
  await client.subscribe('d', deep)
  noren.burst(8000)
  await until(() => client.frames.length >= noren.stats().framesSent, 'all frames')
  const before = new Map([...client.known].map(([key, fields]) => [key, { ...fields }]))
  assert.ok(client.zeros > 10, `${client.zeros} zeroed fields`)
  await client.subscribe('t', touched.slice(0, 300))
  await client.subscribe('d', deep)
  for (const [key, fields] of client.known) assert.deepEqual(before.get(key), fields, key)
  assert.match(client.known.get(`d CDS|${cds.token}`)!.lp!, /^\d+\.\d{4}$/)
}

test('snapshots and updates, with zeros guarded, rebuild the market', async (t) => {
  for (const broker of BROKERS) await reconstructs(t, broker)
})

test('an update has nothing that was told before, but for a rare zero', async (t) => {
  const noren = await startNoren(t, 'shoonya')
  const client = await connect(noren)
  await client.subscribe('d', [RELIANCE])
  noren.burst(1000)
  await client.reach(1002)
  let state: Record<string, string> = {}
  let zeros = 0
  for (const { t: type, ...fields } of client.frames.slice(1)) {
    for (const [name, value] of Object.entries(fields)) {
      if (name === 'e' || name === 'tk' || type === 'dk') continue
      if (Number(value) === 0 && 'ohlcap'.includes(name)) zeros += 1
      else assert.notEqual(value, state[name], name)
    }
    state = { ...state, ...fields }
  }
  assert.ok(zeros > 0 && zeros < 50, `${zeros}`)
})

test('every price lies on the tick of the scrip, and the book is a book', async (t) => {
  const noren = await startNoren(t, 'zebu')
  const client = await connect(noren)
  const keys = noren.instruments.map(({ exchange, token }) => `${exchange}|${token}`)
  await client.subscribe('d', keys)
  assert.equal(noren.tickOnce(), keys.length)
  await client.reach(1 + 2 * keys.length)
  for (const [key, fields] of client.known) {
    const grid = Math.round(Number(fields.ti) * 10_000)
    for (const [name, value] of Object.entries(fields)) {
      if (!/^(lp|[ohlc]|[bs]p\d)$/.test(name) || !('tbq' in fields)) continue
      assert.equal(Math.round(Number(value) * 10_000) % grid, 0, `${key} ${name} ${value}`)
    }
    if (!('tbq' in fields)) continue
    assert.ok(Number(fields.bp1) < Number(fields.sp1))
    assert.ok(Number(fields.lp) <= Number(fields.uc) && Number(fields.lp) >= Number(fields.lc))
  }
})

test('before the acknowledgement nothing is answered', async (t) => {
  const noren = await startNoren(t, 'flattrade')
  const client = await open(noren.feedUrl)
  for (const message of [
    { t: 't', k: RELIANCE },
    { t: 'h' },
    { t: 'o' },
    { t: 'c', susertoken: 'x' },
  ]) {
    client.say(message)
  }
  client.say('{"t":')
  client.say('null')
  client.say(hello(noren))
  await client.reach(1)
  assert.deepEqual(client.frames, [{ t: 'ak', s: 'OK' }])
  assert.equal(noren.stats().subscribedPairs, 0)
})

test('a refused token leaves the socket open and mute', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const [refused, stranger, witness] = [
      await open(noren.feedUrl),
      await open(noren.feedUrl),
      await connect(noren),
    ]
    refused.say(hello(noren, 'other'))
    stranger.say({ ...hello(noren), uid: 'OTHER' })
    await refused.reach(1)
    await stranger.reach(1)
    const refusal = [{ t: 'ak', s: 'NOT_OK', emsg: 'Session Expired' }]
    assert.deepEqual(stranger.frames, refusal)
    refused.say(hello(noren))
    refused.say({ t: 't', k: RELIANCE })
    refused.say({ t: 'h' })
    const pong = once(refused.socket, 'pong')
    refused.socket.ping()
    await pong
    await witness.subscribe('t', [RELIANCE])
    noren.tickOnce()
    assert.deepEqual(refused.frames, refusal)
    assert.equal(refused.socket.readyState, WebSocket.OPEN)
    assert.equal(noren.stats().subscribedPairs, 1)
  }
})

test('what is not subscribed any more, and what does not exist, never comes', async (t) => {
  const noren = await startNoren(t, 'shoonya')
  const client = await connect(noren)
  client.say({ t: 't', k: `NSE|99999999#ABC|1#NSE|#nonsense#${RELIANCE}#BSE|2885` })
  await client.reach(2)
  assert.deepEqual(marks(client), [`tk ${RELIANCE}`])
  await client.subscribe('d', [RELIANCE, NIFTY])
  client.say({ t: 'u', k: RELIANCE })
  await client.reach(5)
  assert.deepEqual(client.frames.at(-1), { t: 'uk', k: RELIANCE })
  assert.equal(noren.tickOnce(), 2)
  await client.reach(7)
  assert.deepEqual(marks(client).slice(3).sort(), [`df ${NIFTY}`, `df ${RELIANCE}`])
  client.say({ t: 'ud', k: `${RELIANCE}#${RELIANCE}` })
  await client.reach(8)
  assert.equal(client.frames.at(-1)!.t, 'udk')
  assert.equal(noren.tickOnce(), 1)
  assert.equal(noren.stats().subscribedPairs, 1)
})

test('each broker acknowledges what it is known to acknowledge', async (t) => {
  const expected: Record<NorenBroker, string[]> = {
    shoonya: ['ak', 'ok', 'uok', 'tk', 'uk'],
    flattrade: ['ak', 'hk', 'uok', 'tk'],
    zebu: ['ak', 'tk'],
  }
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const client = await connect(noren)
    const uid = noren.credentials.user_id
    for (const message of [{ t: 'h' }, { t: 'o', actid: uid }, { t: 'uo' }]) client.say(message)
    for (const each of ['t', 'u']) client.say({ t: each, k: NIFTY })
    const pong = once(client.socket, 'pong')
    client.socket.ping()
    await pong
    assert.deepEqual(
      client.frames.map((frame) => frame.t),
      expected[broker],
    )
  }
})

test('a muted broker does not acknowledge heartbeats', async (t) => {
  const noren = await startNoren(t, 'flattrade')
  const client = await connect(noren)
  noren.muteHeartbeats(true)
  client.say({ t: 'h' })
  await client.subscribe('t', [NIFTY])
  noren.muteHeartbeats(false)
  client.say({ t: 'h' })
  await client.reach(3)
  assert.deepEqual(
    client.frames.map((frame) => frame.t),
    ['ak', 'tk', 'hk'],
  )
})

test('an expired session keeps its socket and opens no other', async (t) => {
  const noren = await startNoren(t, 'zebu')
  const client = await connect(noren)
  noren.expireSession()
  await client.subscribe('t', [RELIANCE])
  const late = await connect(noren)
  assert.equal(late.frames[0]!.s, 'NOT_OK')
})
