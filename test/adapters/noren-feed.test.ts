// The connection of the brokers on NorenOMS as what it is: a state machine without a socket.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Want } from '../../adapters/broker.ts'
import { NOTHING } from '../../adapters/broker.ts'
import flattrade from '../../adapters/flattrade/spec.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import zebu from '../../adapters/zebu/spec.ts'
import {
  LIVE_MS,
  live,
  NFO,
  NOW_MS,
  OK,
  open,
  recorder,
  SESSION,
  sent,
  settle,
  text,
  ticksOf,
  wakeOf,
  want,
  wantNow,
} from './noren-connection.ts'

describe('the session', () => {
  test('it connects to the configured feed at once', () => {
    for (const spec of [shoonya, flattrade, zebu]) {
      const hosts = { ...spec.hosts, feed: 'ws://127.0.0.1:9/path/' }
      assert.deepEqual(spec.feed.connection(hosts, SESSION).start(NOW_MS), [
        { do: 'connect', url: 'ws://127.0.0.1:9/path/' },
      ])
    }
  })

  test('the first message names the user twice and the token, and waits 15 s for its answer', () => {
    for (const spec of [shoonya, flattrade, zebu]) {
      const [send, wake, ...others] = spec.feed.connection(spec.hosts, SESSION).onOpen(NOW_MS)
      assert.ok(send?.do === 'send')
      assert.equal(
        send.data,
        '{"t":"a","uid":"FA00001","actid":"FA00001","source":"API","accesstoken":"FAKE\\"TOKEN"}',
      )
      assert.deepEqual(wake, { do: 'wakeAt', atMs: NOW_MS + 15_000 })
      assert.deepEqual(others, [])
    }
  })

  for (const ack of [OK, '{"t":"ak","s":"Ok"}', '{"t":"ck","s":"ok"}', ' {"t":"ak","s":"OK"}']) {
    test(`it is live after ${ack}, and says so last`, () => {
      const { sink, ticks, rejects } = recorder()
      assert.deepEqual(open().onFrame(ack, LIVE_MS, sink), [
        { do: 'wakeAt', atMs: LIVE_MS + 30_000 },
        { do: 'live' },
      ])
      assert.deepEqual([ticks, rejects], [[], []])
    })
  }

  test('bytes of an acknowledgement are as good as text', () => {
    const effects = open().onFrame(Buffer.from(OK), LIVE_MS, recorder().sink)
    assert.deepEqual(effects.at(-1), { do: 'live' })
  })

  test("any other acknowledgement is a refusal, told in the broker's words", () => {
    const refusals: [frame: object, why: string][] = [
      [{ t: 'ak', s: 'NOT_OK', emsg: 'Session Expired' }, 'NOT_OK: Session Expired'],
      [{ t: 'ak', s: 'Not_Ok' }, 'Not_Ok'],
      [{ t: 'ak' }, 'without a reason'],
      [{ t: 'ak', s: { ok: 'OK' } }, 'without a reason'],
    ]
    for (const [frame, why] of refusals) {
      const refused = [{ do: 'refused', why }]
      assert.deepEqual(open().onFrame(JSON.stringify(frame), LIVE_MS, recorder().sink), refused)
      // A session may also die while it is live.
      assert.deepEqual(live().onFrame(JSON.stringify(frame), LIVE_MS, recorder().sink), refused)
    }
    const long = JSON.stringify({ t: 'ak', s: 'x'.repeat(10_000) })
    const [effect] = open().onFrame(long, LIVE_MS, recorder().sink)
    assert.ok(effect?.do === 'refused' && effect.why.length < 250)
  })

  test('a second acknowledgement asks for nothing', () => {
    assert.equal(live().onFrame(OK, LIVE_MS + 1, recorder().sink), NOTHING)
  })

  test('a session that is not acknowledged in time is given up', () => {
    const connection = open()
    assert.deepEqual(connection.onTimer(NOW_MS + 14_999), [{ do: 'wakeAt', atMs: NOW_MS + 15_000 }])
    assert.deepEqual(connection.onTimer(NOW_MS + 15_000), [
      { do: 'close', why: 'the session was not acknowledged within 15 s' },
    ])
  })

  test('a heartbeat goes out every 30 s, with a ping whose pong shows that the line is alive', () => {
    const connection = live()
    const due = LIVE_MS + 30_000
    assert.deepEqual(connection.onTimer(due - 1), [{ do: 'wakeAt', atMs: due }])
    assert.deepEqual(connection.onTimer(due), [
      { do: 'send', data: '{"t":"h"}' },
      { do: 'ping' },
      { do: 'wakeAt', atMs: due + 30_000 },
    ])
    assert.equal(sent(connection.onTimer(due + 30_000)).length, 1)
  })

  test('an upgrade that is refused with 401 or 403 means that the session is over', () => {
    const upgrade = (status: number, body = '') =>
      open().onUpgradeRefused({ status, headers: {}, body })
    assert.deepEqual(upgrade(401, 'no'), [{ do: 'refused', why: 'HTTP 401 no' }])
    assert.deepEqual(upgrade(403), [{ do: 'refused', why: 'HTTP 403' }])
    assert.deepEqual(upgrade(502), [{ do: 'close', why: 'HTTP 502' }])
  })

  test('an error is told to people, and ends the session where it says so', () => {
    const error = (emsg: unknown) =>
      live().onFrame(JSON.stringify({ t: 'x', emsg }), LIVE_MS, recorder().sink)
    assert.deepEqual(error('Too many scrips'), [{ do: 'notice', text: 'Too many scrips' }])
    const over = 'Session Expired : Invalid Session Key'
    assert.deepEqual(error(over), [{ do: 'refused', why: over }])
    assert.equal(error(5), NOTHING)
  })

  test('orders, alerts and other answers ask for nothing; what is no message is rejected', () => {
    const { sink, ticks, rejects } = recorder()
    for (const t of ['ok', 'uok', 'om', 'hk', 'uk', 'udk', 'am', 'rm', 'ms', 'pm', 'lf']) {
      assert.equal(live().onFrame(JSON.stringify({ t }), LIVE_MS, sink), NOTHING)
    }
    assert.deepEqual([ticks, rejects], [[], []])
    for (const frame of ['{"t":', 'null', '[]']) live().onFrame(frame, LIVE_MS, sink)
    assert.deepEqual(rejects, [
      'frame is not JSON',
      'frame is not a JSON object',
      'frame is not a JSON object',
    ])
  })
})

describe('subscriptions', () => {
  test('the first two modes share one message, a book has its own', () => {
    const wants = [want(11630, 1), want(26000, 2), want(54957, 3, NFO)]
    assert.deepEqual(wantNow(live(), wants), [
      { t: 't', k: 'NSE|11630#NSE|26000' },
      { t: 'd', k: 'NFO|54957' },
    ])
  })

  test('a message names at most 100 scrips, and there are 100 ms between two', () => {
    const connection = live()
    const wants = Array.from({ length: 250 }, (_, at) => want(at + 1, 2))
    const messages = settle(connection, connection.want(wants, LIVE_MS), LIVE_MS)
    assert.deepEqual(
      messages.map(({ atMs, k }) => [atMs - LIVE_MS, k!.split('#').length]),
      [
        [0, 100],
        [100, 100],
        [200, 50],
      ],
    )
    const named = messages.flatMap(({ k }) => k!.split('#'))
    assert.deepEqual(
      named,
      wants.map(({ token }) => `NSE|${token}`),
    )
    // What follows soon after waits its turn as well.
    const later = settle(connection, connection.want([want(900, 2)], LIVE_MS + 210), LIVE_MS + 210)
    assert.deepEqual(later, [{ atMs: LIVE_MS + 300, t: 't', k: 'NSE|900' }])
  })

  test('waiting messages do not hold up the heartbeat, nor does it hold up them', () => {
    const connection = live()
    const wants = Array.from({ length: 300 }, (_, at) => want(at + 1, 2))
    const dueMs = LIVE_MS + 30_000
    assert.equal(wakeOf(connection.want(wants, dueMs - 50)), dueMs)
    assert.deepEqual(sent(connection.onTimer(dueMs)), [{ t: 'h' }])
    const effects = connection.onTimer(dueMs + 50)
    assert.deepEqual(
      sent(effects).map(({ t }) => t),
      ['t'],
    )
    assert.equal(wakeOf(effects), dueMs + 150)
  })

  test('a change between touchline and book subscribes the new one before it drops the old one', () => {
    const connection = live()
    wantNow(connection, [want(1, 2), want(2, 3)])
    assert.deepEqual(wantNow(connection, [want(1, 3), want(2, 1)], LIVE_MS + 1000), [
      { t: 't', k: 'NSE|2' },
      { t: 'd', k: 'NSE|1' },
      { t: 'u', k: 'NSE|1' },
      { t: 'ud', k: 'NSE|2' },
    ])
  })

  test('a scrip that leaves is dropped, before others come; it is forgotten then', () => {
    const connection = live()
    wantNow(connection, [want(1, 1), want(2, 3)])
    assert.deepEqual(wantNow(connection, [want(3, 2), want(1, 0), want(2, 0)], LIVE_MS + 1000), [
      { t: 'u', k: 'NSE|1' },
      { t: 'ud', k: 'NSE|2' },
      { t: 't', k: 'NSE|3' },
    ])
    assert.deepEqual(wantNow(connection, [want(1, 0)], LIVE_MS + 2000), [])
    assert.deepEqual(wantNow(connection, [want(1, 1)], LIVE_MS + 3000), [{ t: 't', k: 'NSE|1' }])
  })

  test('the same mode again asks anew, more asks too, less does not', () => {
    const connection = live()
    const steps = [1, 1, 2, 2, 1, 3, 3] as const
    const messages = steps.map((mode, at) =>
      wantNow(connection, [want(1, mode)], LIVE_MS + at * 1000).map(({ t }) => t),
    )
    assert.deepEqual(messages, [['t'], ['t'], ['t'], ['t'], [], ['d', 'u'], ['d']])
  })

  test('what the family cannot name is not asked for', () => {
    const wants: Want[] = [
      { ...want(1, 2), token: 'NSE|1' },
      { ...want(1, 2), segment: 0 },
      { ...want(1, 2), segment: 99 },
      { ...want(1, 0), segment: 99 },
    ]
    assert.deepEqual(wantNow(live(), wants), [])
  })

  test('two connections know nothing of each other', () => {
    const [one, other] = [live(), live()]
    wantNow(one, [want(11630, 2)])
    assert.deepEqual(wantNow(other, [want(11630, 0)]), [])
    assert.deepEqual(ticksOf(other, text('tk', { lp: '5' })), [])
    assert.equal(ticksOf(one, text('tk', { lp: '5' })).length, 1)
  })
})
