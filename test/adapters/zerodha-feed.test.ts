// Zerodha's connection as what it is: a state machine without a socket. Kite Connect v3, "WebSocket streaming".
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FeedConnection, FeedEffect, HttpReply, Want } from '../../adapters/broker.ts'
import { NOTHING } from '../../adapters/broker.ts'
import zerodha from '../../adapters/zerodha/spec.ts'
import { type DecodedTick, describeTick, Tick, type TickSink } from '../../codecs/tick.ts'
import { packageRoot } from '../../config/root.ts'

const NOW_MS = 1_787_390_123_000
const HOSTS = { rest: 'https://rest.test', feed: 'wss://feed.test/path' }
// Characters that a URL must escape.
const SESSION = { apiKey: 'key&1', accessToken: 'to ken=/+2' }

const connect = (): FeedConnection => zerodha.feed.connection(HOSTS, SESSION)

const want = (token: number, mode: Want['mode']): Want => {
  return { instrument: token + 1_000_000, segment: 0, token, mode }
}

/** What the effects send, parsed; there must be nothing else among them. */
function sent(effects: readonly FeedEffect[]): { a: string; v: unknown }[] {
  return effects.map((effect) => {
    assert.equal(effect.do, 'send')
    return JSON.parse((effect as { data: string }).data)
  })
}

/** A sink that keeps what it is told. */
function recorder() {
  const ticks: DecodedTick[] = []
  const rejects: string[] = []
  const tick = new Tick(5)
  const sink: TickSink = {
    tick,
    emit: () => ticks.push(describeTick(tick)),
    reject: (reason) => rejects.push(reason),
  }
  return { sink, ticks, rejects }
}

const reply = (status: number, body = ''): HttpReply => ({ status, headers: {}, body })

test('it connects at once, with both halves of the session in the URL and the version in a header', () => {
  const [effect, ...others] = connect().start(NOW_MS)
  assert.deepEqual(others, [])
  assert.ok(effect?.do === 'connect')
  const url = new URL(effect.url)
  assert.equal(url.origin + url.pathname, HOSTS.feed)
  assert.equal(url.searchParams.get('api_key'), SESSION.apiKey)
  assert.equal(url.searchParams.get('access_token'), SESSION.accessToken)
  assert.equal([...url.searchParams].length, 2)
  assert.deepEqual(effect.headers, { 'X-Kite-Version': '3' })
})

test('subscriptions are taken as soon as the socket is open', () => {
  assert.deepEqual(connect().onOpen(NOW_MS), [{ do: 'live' }])
})

test('an instrument is subscribed first and then given its mode', () => {
  const messages = sent(connect().want([want(11, 1), want(22, 2), want(33, 3)], NOW_MS))
  assert.deepEqual(messages, [
    { a: 'subscribe', v: [11, 22, 33] },
    { a: 'mode', v: ['ltp', [11]] },
    { a: 'mode', v: ['quote', [22]] },
    { a: 'mode', v: ['full', [33]] },
  ])
})

test('no message names more than 200 instruments, and each is named once', () => {
  const tokens = Array.from({ length: 450 }, (_, at) => at + 1)
  const connection = connect()
  for (const [step, actions] of [
    [3, ['subscribe', 'subscribe', 'subscribe', 'mode', 'mode', 'mode']],
    [0, ['unsubscribe', 'unsubscribe', 'unsubscribe']],
  ] as const) {
    const messages = sent(
      connection.want(
        tokens.map((token) => want(token, step)),
        NOW_MS,
      ),
    )
    assert.deepEqual(
      messages.map(({ a }) => a),
      actions,
    )
    for (const action of new Set(actions)) {
      const lists = messages
        .filter(({ a }) => a === action)
        .map(({ v }) => (action === 'mode' ? (v as [string, number[]])[1] : (v as number[])))
      assert.deepEqual(
        lists.map(({ length }) => length),
        [200, 200, 50],
      )
      assert.deepEqual(lists.flat(), tokens)
    }
  }
})

test('a change of mode sends the mode alone', () => {
  const connection = connect()
  connection.want([want(11, 1), want(22, 3)], NOW_MS)
  assert.deepEqual(sent(connection.want([want(11, 3), want(22, 1)], NOW_MS)), [
    { a: 'mode', v: ['ltp', [22]] },
    { a: 'mode', v: ['full', [11]] },
  ])
})

test('an instrument that leaves is unsubscribed, before others come', () => {
  const connection = connect()
  connection.want([want(11, 1)], NOW_MS)
  assert.deepEqual(sent(connection.want([want(22, 2), want(11, 0)], NOW_MS)), [
    { a: 'unsubscribe', v: [11] },
    { a: 'subscribe', v: [22] },
    { a: 'mode', v: ['quote', [22]] },
  ])
  // It is forgotten: leaving again says nothing, coming again subscribes.
  assert.deepEqual(connection.want([want(11, 0)], NOW_MS), [])
  assert.deepEqual(sent(connection.want([want(11, 1)], NOW_MS)), [
    { a: 'subscribe', v: [11] },
    { a: 'mode', v: ['ltp', [11]] },
  ])
})

test('an instrument that was not answered is subscribed anew', () => {
  const connection = connect()
  const first = sent(connection.want([want(11, 2)], NOW_MS))
  assert.deepEqual(sent(connection.want([want(11, 2)], NOW_MS + 5000)), first)
})

test('a recorded frame becomes the tick that it holds', () => {
  const folder = join(packageRoot, 'adapters/zerodha/fixtures')
  const frame = readFileSync(join(folder, 'fullMode.bin'))
  const expected = JSON.parse(readFileSync(join(folder, 'fullMode.json'), 'utf8'))
  const { sink, ticks, rejects } = recorder()
  assert.equal(connect().onFrame(frame, NOW_MS, sink), NOTHING)
  assert.deepEqual(ticks, [expected].flat())
  assert.deepEqual(rejects, [])
})

test('what the broker says to people becomes a notice', () => {
  const { sink, ticks, rejects } = recorder()
  for (const type of ['error', 'message']) {
    const frame = JSON.stringify({ type, data: 'Subscription limit reached' })
    assert.deepEqual(connect().onFrame(frame, NOW_MS, sink), [
      { do: 'notice', text: `${type}: Subscription limit reached` },
    ])
  }
  assert.deepEqual([ticks, rejects], [[], []])
})

test('texts of unknown types ask for nothing', () => {
  const { sink, ticks, rejects } = recorder()
  const frames = [{ type: 'other' }, {}, null, 5, 'text', []]
  for (const frame of frames) {
    assert.equal(connect().onFrame(JSON.stringify(frame), NOW_MS, sink), NOTHING)
  }
  assert.deepEqual([ticks, rejects], [[], []])
})

test('text that is no JSON and bytes that are no frame are rejected', () => {
  const { sink, ticks, rejects } = recorder()
  assert.equal(connect().onFrame('{"type":', NOW_MS, sink), NOTHING)
  assert.equal(connect().onFrame(Uint8Array.of(0, 1, 0, 8, 0), NOW_MS, sink), NOTHING)
  assert.deepEqual(ticks, [])
  assert.deepEqual(rejects, ['text frame is not JSON', 'packet is longer than its frame'])
})

test('a heartbeat of one byte is neither a tick nor a fault', () => {
  const { sink, ticks, rejects } = recorder()
  assert.equal(connect().onFrame(Uint8Array.of(0), NOW_MS, sink), NOTHING)
  assert.deepEqual([ticks, rejects], [[], []])
})

for (const status of [401, 403]) {
  test(`an upgrade that is refused with ${status} means that the session is over`, () => {
    assert.deepEqual(connect().onUpgradeRefused(reply(status, 'token expired')), [
      { do: 'refused', why: `HTTP ${status} token expired` },
    ])
  })
}

for (const status of [400, 429, 500, 502, 503]) {
  test(`an upgrade that is refused with ${status} is worth another try`, () => {
    assert.deepEqual(connect().onUpgradeRefused(reply(status)), [
      { do: 'close', why: `HTTP ${status}` },
    ])
  })
}

test('of a long refusal only the beginning is told', () => {
  const [effect] = connect().onUpgradeRefused(reply(502, 'x'.repeat(10_000)))
  assert.ok(effect?.do === 'close' && effect.why.length < 250)
})

test('two connections know nothing of each other', () => {
  const [one, other] = [connect(), connect()]
  one.want([want(11, 3)], NOW_MS)
  assert.deepEqual(other.want([want(11, 0)], NOW_MS), [])
  assert.deepEqual(sent(other.want([want(11, 1)], NOW_MS)), [
    { a: 'subscribe', v: [11] },
    { a: 'mode', v: ['ltp', [11]] },
  ])
  // What the other one did leaves the first one's mode as it was.
  assert.deepEqual(sent(one.want([want(11, 2)], NOW_MS)), [{ a: 'mode', v: ['quote', [11]] }])
})
