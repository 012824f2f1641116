// Upstox's connection as what it is: a state machine without a socket. Market Data Feed V3.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FeedEffect, FeedSpec, HttpReply, Want } from '../../adapters/broker.ts'
import { NOTHING } from '../../adapters/broker.ts'
import upstox from '../../adapters/upstox/spec.ts'
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'
import { FRAMES } from '../codecs/upstox-oracle.ts'

const NOW_MS = 1_787_390_123_000
const HOSTS = { rest: 'https://rest.test', feed: 'wss://feed.test/path' }
const SESSION = { accessToken: 'a.b.c' }
const SHARE = 'NSE_EQ|INE002A01018'
const NIFTY = 'NSE_INDEX|Nifty 50'
const PLUS = upstox.plans!.plus!

const connect = (spec: FeedSpec = upstox.feed) => spec.connection(HOSTS, SESSION)
const want = (token: string, mode: Want['mode']): Want => {
  return { instrument: 1, segment: 0, token, mode }
}
const reply = (status: number, body: unknown): HttpReply => {
  return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) }
}

/** A sink that keeps what it is told. */
function recorder(levels = 5) {
  const ticks: DecodedTick[] = []
  const rejects: string[] = []
  const tick = new Tick(levels)
  const sink: TickSink = {
    tick,
    emit: () => ticks.push(describeTick(tick)),
    reject: (reason) => rejects.push(reason),
  }
  return { sink, ticks, rejects }
}

interface Request {
  guid: string
  method: string
  data: { mode?: string; instrumentKeys: string[] }
}

/** The requests that the effects send, which must be in binary frames; there must be nothing else among them. */
function requests(effects: readonly FeedEffect[]): Request[] {
  return effects.map((effect) => {
    assert.ok(effect.do === 'send' && effect.data instanceof Uint8Array)
    return JSON.parse(Buffer.from(effect.data).toString())
  })
}
const told = (effects: readonly FeedEffect[]) =>
  requests(effects).map(({ method, data }) => [method, data.mode, data.instrumentKeys])

test('it asks for a URL first, with the token in a header', () => {
  assert.deepEqual(connect().start(NOW_MS), [
    {
      do: 'request',
      id: 'authorize',
      request: {
        method: 'GET',
        url: 'https://rest.test/v3/feed/market-data-feed/authorize',
        headers: { Accept: 'application/json', Authorization: 'Bearer a.b.c' },
      },
    },
  ])
})

for (const name of ['authorized_redirect_uri', 'authorizedRedirectUri']) {
  test(`it opens the URL of the reply's ${name}, and nothing besides`, () => {
    const url = 'wss://other.test/feed?code=once&requestId=1'
    const body = { status: 'success', data: { [name]: url } }
    const { sink } = recorder()
    assert.deepEqual(connect().onReply('authorize', reply(200, body), NOW_MS, sink), [
      { do: 'connect', url },
    ])
  })
}

const INVALID_TOKEN = {
  status: 'error',
  errors: [
    {
      errorCode: 'UDAPI100050',
      message: 'Invalid token used to access API',
      propertyPath: null,
      invalidValue: null,
      error_code: 'UDAPI100050',
      property_path: null,
      invalid_value: null,
    },
  ],
}

test('401 means that the session is over, in the words of the broker', () => {
  const { sink } = recorder()
  assert.deepEqual(connect().onReply('authorize', reply(401, INVALID_TOKEN), NOW_MS, sink), [
    { do: 'refused', why: 'HTTP 401 Invalid token used to access API - UDAPI100050' },
  ])
})

test('any other reply without a URL is worth another try', () => {
  const replies: [HttpReply, string][] = [
    [reply(0, 'socket hang up'), 'HTTP 0 socket hang up'],
    [
      reply(429, { status: 'error', errors: [{ message: 'Too Many Requests' }] }),
      'HTTP 429 Too Many Requests',
    ],
    [reply(503, '<html>'), 'HTTP 503 <html>'],
    [reply(502, `x${'y'.repeat(9999)}`), `HTTP 502 x${'y'.repeat(199)}`],
    ...[
      { data: {} },
      { data: null },
      [],
      'text',
      { data: { authorized_redirect_uri: 'http://x' } },
    ].map(
      (body) =>
        [reply(200, body), 'the authorize call gave no WebSocket URL'] as [HttpReply, string],
    ),
  ]
  for (const [each, why] of replies) {
    const { sink } = recorder()
    assert.deepEqual(connect().onReply('authorize', each, NOW_MS, sink), [{ do: 'close', why }])
  }
})

test('a URL that is refused is worth another one, whatever the status', () => {
  for (const status of [401, 403, 500]) {
    assert.deepEqual(connect().onUpgradeRefused(reply(status, '')), [
      { do: 'close', why: `HTTP ${status}` },
    ])
  }
})

test('subscriptions are taken at once, and pings go out every ten seconds', () => {
  const connection = connect()
  assert.deepEqual(connection.onOpen(NOW_MS), [
    { do: 'live' },
    { do: 'wakeAt', atMs: NOW_MS + 10_000 },
  ])
  assert.deepEqual(connection.onTimer(NOW_MS + 10_000), [
    { do: 'ping' },
    { do: 'wakeAt', atMs: NOW_MS + 20_000 },
  ])
  assert.ok(upstox.feed.silenceMsMax >= 20_000)
})

test('instruments are subscribed by mode, in binary frames of JSON', () => {
  const effects = connect().want([want('C', 3), want(SHARE, 1), want('B', 2)], NOW_MS)
  assert.deepEqual(told(effects), [
    ['sub', 'ltpc', [SHARE]],
    ['sub', 'full', ['B', 'C']],
  ])
  const guids = requests(effects).map(({ guid }) => guid)
  assert.equal(new Set(guids).size, guids.length)
  assert.ok(guids.every((guid) => typeof guid === 'string' && guid !== ''))
})

test('a new mode is asked for by subscribing in it, and the same mode anew', () => {
  const connection = connect()
  connection.want([want('A', 1), want('B', 3)], NOW_MS)
  assert.deepEqual(told(connection.want([want('A', 3), want('B', 1)], NOW_MS)), [
    ['sub', 'ltpc', ['B']],
    ['sub', 'full', ['A']],
  ])
  assert.deepEqual(told(connection.want([want('A', 3)], NOW_MS)), [['sub', 'full', ['A']]])
})

test('what leaves goes first, without a mode, and only if it was there', () => {
  const connection = connect()
  connection.want([want('A', 1), want('B', 2)], NOW_MS)
  assert.deepEqual(told(connection.want([want('C', 2), want('A', 0), want('X', 0)], NOW_MS)), [
    ['unsub', undefined, ['A']],
    ['sub', 'full', ['C']],
  ])
  assert.deepEqual(connection.want([want('A', 0)], NOW_MS), [])
})

test('no message names more than 500 instruments, and each is named once', () => {
  const connection = connect()
  const keys = Array.from({ length: 1100 }, (_, i) => `NSE_FO|${i}`)
  const guids = new Set<string>()
  for (const mode of [2, 0] as const) {
    const sent = requests(
      connection.want(
        keys.map((key) => want(key, mode)),
        NOW_MS,
      ),
    )
    assert.deepEqual(
      sent.map(({ data }) => data.instrumentKeys.length),
      [500, 500, 100],
    )
    assert.deepEqual(
      sent.flatMap(({ data }) => data.instrumentKeys),
      keys,
    )
    for (const { guid } of sent) guids.add(guid)
  }
  assert.equal(guids.size, 6)
})

test('keys are sent letter by letter', () => {
  const odd = 'NSE_INDEX|Nifty "50" \\ &'
  assert.deepEqual(told(connect().want([want(odd, 1)], NOW_MS)), [['sub', 'ltpc', [odd]]])
})

test('with Plus the first fifty books of a socket have thirty levels', () => {
  const connection = connect(PLUS)
  const keys = Array.from({ length: 60 }, (_, i) => `K${i}`)
  const deep = (effects: readonly FeedEffect[]) =>
    told(effects).flatMap(([method, mode, list]) =>
      method === 'sub' ? [[mode, list!.length]] : [],
    )
  assert.deepEqual(
    deep(
      connection.want(
        keys.map((key) => want(key, 3)),
        NOW_MS,
      ),
    ),
    [
      ['full', 10],
      ['full_d30', 50],
    ],
  )
  // Asked anew, each keeps what it has.
  assert.deepEqual(told(connection.want([want('K3', 3), want('K55', 3)], NOW_MS)), [
    ['sub', 'full', ['K55']],
    ['sub', 'full_d30', ['K3']],
  ])
  // What leaves, and what wants less, makes room, wherever it stands.
  const moved = connection.want(
    [want('N1', 3), want('N2', 3), want('N3', 3), want('K1', 2), want('K2', 0)],
    NOW_MS,
  )
  assert.deepEqual(told(moved), [
    ['unsub', undefined, ['K2']],
    ['sub', 'full', ['K1', 'N3']],
    ['sub', 'full_d30', ['N1', 'N2']],
  ])
  assert.deepEqual([PLUS.depthLevels, PLUS.socketsMax, upstox.feed.depthLevels], [30, 5, 5])
})

test('ticks come for what is wanted, in the wanted mode, with what was told before', () => {
  const connection = connect()
  const { sink, ticks, rejects } = recorder()
  for (const frame of FRAMES) assert.equal(connection.onFrame(frame, NOW_MS, sink), NOTHING)
  assert.deepEqual(ticks, [])
  connection.want([want(SHARE, 3), want(NIFTY, 2)], NOW_MS)
  for (const frame of [FRAMES[2]!, FRAMES[5]!, FRAMES[3]!]) connection.onFrame(frame, NOW_MS, sink)
  assert.deepEqual(
    ticks.map(({ token, mode, ltp, bidQty }) => [token, mode, ltp, bidQty]),
    [
      [SHARE, 'depth', 2987.45, 120],
      [SHARE, 'depth', 2987.45, 121],
      [NIFTY, 'quote', 24105.25, undefined],
    ],
  )
  connection.want([want(SHARE, 0)], NOW_MS)
  connection.onFrame(FRAMES[2]!, NOW_MS, sink)
  assert.equal(ticks.length, 3)
  assert.deepEqual(rejects, [])
})

test('a subscription that failed becomes a notice', () => {
  const { sink, rejects } = recorder()
  const say = (frame: string) => connect().onFrame(frame, NOW_MS, sink)
  const error = { code: 'invalid_instrument', message: 'Invalid instrument key' }
  const failed = JSON.stringify({ guid: 'x', method: 'sub', status: 'failed', error })
  assert.deepEqual(say(failed), [
    { do: 'notice', text: 'sub failed: Invalid instrument key - invalid_instrument' },
  ])
  assert.deepEqual(say('{"status":"failed","error":null}'), [
    { do: 'notice', text: 'request failed: without a reason' },
  ])
  assert.deepEqual(say('{"status":"failed","method":"sub","error":"no"}'), [
    { do: 'notice', text: 'sub failed: no' },
  ])
  assert.equal(say('{"status":"success"}'), NOTHING)
  assert.deepEqual(rejects, [])
})

test('text that is no object and bytes that are no message are rejected', () => {
  const { sink, ticks, rejects } = recorder()
  const bytes = Uint8Array.of(0x12, 0x05, 0)
  for (const frame of ['{"a":', '5', '[]', bytes]) {
    assert.equal(connect().onFrame(frame, NOW_MS, sink), NOTHING)
  }
  const text = 'text frame is not a JSON object'
  assert.deepEqual(rejects, [text, text, text, 'field is longer than its message'])
  assert.deepEqual(ticks, [])
})

test('a frame by itself tells its ticks, and a text none', () => {
  const { sink, ticks, rejects } = recorder()
  upstox.feed.decode(FRAMES[1]!, sink)
  upstox.feed.decode('{"status":"failed"}', sink)
  assert.deepEqual(
    ticks.map(({ token, mode }) => [token, mode]),
    [
      [SHARE, 'ltp'],
      [NIFTY, 'ltp'],
    ],
  )
  assert.deepEqual(rejects, [])
})

test('two connections know nothing of each other', () => {
  const [one, other] = [connect(), connect()]
  const { sink, ticks } = recorder()
  one.want([want(SHARE, 3)], NOW_MS)
  one.onFrame(FRAMES[2]!, NOW_MS, sink)
  other.want([want(SHARE, 3)], NOW_MS)
  other.onFrame(FRAMES[5]!, NOW_MS, sink)
  assert.deepEqual(
    ticks.map(({ ltp }) => ltp),
    [2987.45, undefined],
  )
})
