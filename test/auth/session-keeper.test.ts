import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/plant.ts'
import {
  ALONE,
  HOUR_MS,
  keep,
  MINUTE_MS,
  MORNING_MS,
  PAGED,
  REFRESHED,
  SignInServer,
} from './fake-broker.ts'

const SIX_MS = Date.parse('2026-08-04T06:00:00+05:30')
const GONE = { hosts: { rest: 'http://127.0.0.1:1', feed: 'ws://127.0.0.1:1' } }

test('a session is live until an hour before the broker ends it, then expiring, then expired', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock, told } = keep(server, PAGED, {
    credentials: { user_id: 'AB1234', access_token: 'mine' },
  })
  assert.equal(keeper.state, 'signed out')
  await keeper.start()
  assert.deepEqual(keeper.status(), {
    broker: 'fake',
    state: 'live',
    sinceMs: MORNING_MS,
    expiresAtMs: SIX_MS,
    expiresInS: 20.75 * 3600,
    userId: 'AB1234',
    isInUse: true,
    needsLogin: false,
    problem: null,
  })
  const cases = [
    [SIX_MS - HOUR_MS - 1, 'live', false, 3601],
    // A login would bring a session that ends at the same hour.
    [SIX_MS - HOUR_MS, 'expiring', false, 3600],
    [SIX_MS - 1, 'expiring', false, 1],
    [SIX_MS, 'expired', true, 0],
    [SIX_MS + HOUR_MS, 'expired', true, 0],
  ] as const
  for (const [ms, state, needsLogin, expiresInS] of cases) {
    clock.ms = ms
    keeper.look()
    const status = keeper.status()
    assert.deepEqual(
      [status.state, status.needsLogin, status.expiresInS],
      [state, needsLogin, expiresInS],
    )
  }
  // The hour is a hint: the broker has not refused it.
  assert.equal(keeper.current()?.accessToken, 'mine')
  assert.deepEqual([told, server.paths], [['mine'], []])
})

test('the states are passed in their order', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock } = keep(server, PAGED, { credentials: { user_id: 'AB1234', pin: '1' } })
  await keeper.start()
  const states = [keeper.state]
  server.answers.set('/token', () => {
    states.push(keeper.state)
    return { body: { access_token: 'of-the-day' } }
  })
  const session = await keeper.useToken({ code: 'the-code' })
  assert.equal(session.accessToken, 'of-the-day')
  assert.deepEqual(server.asked[0]?.known, { user_id: 'AB1234', pin: '1', code: 'the-code' })
  for (const ms of [0, SIX_MS - 1, SIX_MS]) {
    clock.ms = ms || clock.ms
    keeper.look()
    states.push(keeper.state)
  }
  assert.deepEqual(states, ['signed out', 'signing in', 'live', 'expiring', 'expired'])
})

test('a session that the broker refused is over at once, and the next login is live', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, told, logs } = keep(server, PAGED, {
    credentials: { user_id: 'AB1234', pin: '1', access_token: 'a-dead-token' },
  })
  await keeper.start()
  keeper.refused('HTTP 403 a-dead-token is over')
  assert.equal(keeper.current(), null)
  const { state, needsLogin, problem, isInUse, expiresInS } = keeper.status()
  assert.deepEqual([state, needsLogin, isInUse, expiresInS], ['expired', true, false, null])
  assert.equal(problem, 'the broker refused the session: HTTP 403 [redacted] is over')
  assert.ok(logs.some(({ msg }) => msg === 'sign in: run `tickplant login fake`'))
  await keeper.useToken({ code: 'the-code' })
  assert.deepEqual([keeper.state, keeper.status().problem], ['live', null])
  assert.deepEqual(told, ['a-dead-token', null, 'token-number-1'])
  assert.ok(!JSON.stringify(logs).includes('a-dead-token'))
})

test('a refusal of a session that is not in use any more changes nothing', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, told } = keep(server, PAGED, {
    credentials: { user_id: 'AB1234', access_token: 'first' },
  })
  await keeper.start()
  const first = keeper.current()!
  await keeper.useToken({ access_token: 'second' })
  keeper.refused('late', first)
  assert.equal(keeper.current()?.accessToken, 'second')
  keeper.refused('now', { accessToken: 'second' })
  keeper.refused('again')
  assert.deepEqual(told, ['first', 'second', null])
})

test('a login that fails leaves the session as it is', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, told } = keep(server, PAGED, {
    credentials: { user_id: 'AB1234', pin: 'the-pin', access_token: 'first' },
  })
  await keeper.start()
  server.answers.set('/token', () => ({ status: 400, body: { refused: 'bad the-code' } }))
  await assert.rejects(keeper.useToken({ code: 'the-code' }), {
    name: 'SignInError',
    message: 'fake: sign-in was refused: bad [redacted]',
  })
  server.answers.set('/token', () => ({ body: { access_token: 'x', user_id: 'CD5678' } }))
  await assert.rejects(keeper.useToken({ code: 'the-code' }), /is of CD5678, not of AB1234/)
  assert.deepEqual([keeper.state, told], ['live', ['first']])
})

test('without a page it signs in by itself: at the start, at the hour, and when it is refused', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock, told } = keep(server, ALONE)
  await keeper.start()
  // A session that began now would end at the same hour.
  clock.ms = SIX_MS - HOUR_MS / 2
  keeper.look()
  assert.deepEqual([keeper.state, keeper.status().needsLogin], ['expiring', false])
  clock.ms = SIX_MS
  keeper.look()
  await until('the next day', () => keeper.state === 'live')
  assert.equal(keeper.status().expiresAtMs, SIX_MS + 24 * HOUR_MS)
  clock.ms += HOUR_MS
  keeper.refused('ended by hand')
  await until('another one', () => keeper.state === 'live')
  assert.deepEqual(told, ['token-number-1', 'token-number-2', null, 'token-number-3'])
  assert.deepEqual(server.paths, ['/token', '/token', '/token'])
})

test('a session that is refused as soon as it is there is followed by the next one ever later', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock } = keep(server, ALONE, { retryMsMin: 1000 })
  await keeper.start()
  const at: number[] = []
  for (let second = 0; second < 130; second++) {
    const before = server.asked.length
    if (keeper.current() !== null) keeper.refused('no feed for this account')
    else keeper.look()
    await new Promise((resolve) => setImmediate(resolve))
    if (keeper.state === 'signing in') {
      await until('the sign-in', () => keeper.state === 'live')
      at.push(second)
    } else assert.equal(server.asked.length, before)
    clock.ms += 1000
  }
  assert.deepEqual(at, [0, 1, 3, 7, 15, 31, 63, 127])
})

test('credentials that are refused are not tried again until somebody signs in', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock } = keep(server, ALONE)
  server.answers.set('/token', () => ({ status: 403, body: { refused: 'account locked' } }))
  await keeper.start()
  const { state, needsLogin, problem } = keeper.status()
  assert.deepEqual([state, needsLogin], ['signed out', true])
  assert.equal(problem, 'fake: sign-in was refused: account locked')
  for (let minute = 0; minute < 100; minute++) {
    clock.ms += MINUTE_MS
    keeper.look()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(server.asked.length, 1)
  server.answers.clear()
  await keeper.useToken({ pin: 'another-pin' })
  clock.ms = SIX_MS
  keeper.look()
  await until('the next day', () => keeper.state === 'live')
  assert.equal(server.asked.at(-1)?.known.pin, 'the-pin-1234', 'the configuration wins')
})

test('a broker that does not answer is tried again', async (t) => {
  const { keeper, clock } = keep(GONE, ALONE)
  await keeper.start()
  const { state, needsLogin, problem } = keeper.status()
  assert.deepEqual([state, needsLogin], ['signed out', false])
  assert.match(problem ?? '', /sign-in got no reply: .*connection refused/)
  const server = await new SignInServer().listen(t)
  const again = keep(server, ALONE)
  server.answers.set('/token', () => ({ status: 503, body: { refused: 'maintenance' } }))
  await again.keeper.start()
  server.answers.clear()
  clock.ms += MINUTE_MS
  again.keeper.look()
  await until('a session', () => again.keeper.state === 'live')
})

test('a token that can be refreshed is refreshed before it ends', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock, told } = keep(server, REFRESHED, { expiringMs: 10 * MINUTE_MS })
  const answer = () => ({
    body: {
      access_token: `token-number-${server.issued}`,
      refresh_token: `refresh-number-${server.issued}`,
      expiresAtMs: clock.ms + HOUR_MS,
    },
  })
  for (const path of ['/token', '/refresh']) server.answers.set(path, answer)
  await keeper.start()
  for (let round = 2; round < 6; round++) {
    clock.ms += 50 * MINUTE_MS - 1
    keeper.look()
    assert.equal(keeper.state, 'live')
    clock.ms += 1
    keeper.look()
    await until('the refresh', () => told.length === round)
    assert.equal(keeper.state, 'live')
    assert.equal(server.asked.at(-1)?.known.refresh_token, `refresh-number-${round - 1}`)
  }
  assert.deepEqual(server.paths, ['/token', ...Array<string>(4).fill('/refresh')])
  assert.ok(!told.includes(null), 'nothing had to stop')
})

test('a refresh that fails is followed by a sign-in, one that brings no longer life by nothing', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, clock, told } = keep(server, REFRESHED, { expiringMs: 10 * MINUTE_MS })
  const endsMs = clock.ms + HOUR_MS
  const body = { access_token: 'same', refresh_token: 'again', expiresAtMs: endsMs }
  server.answers.set('/token', () => ({ body }))
  server.answers.set('/refresh', () => ({ body: { ...body, access_token: 'other' } }))
  await keeper.start()
  for (let minute = 50; minute < 60; minute++) {
    clock.ms = endsMs - HOUR_MS + minute * MINUTE_MS
    keeper.look()
    if (minute === 50) await until('the refresh', () => told.length === 2)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(server.paths, ['/token', '/refresh'])
  server.answers.set('/refresh', () => ({ status: 401, body: { refused: 'used' } }))
  server.answers.delete('/token')
  clock.ms = endsMs
  keeper.look()
  await until('the refusal', () => server.paths.length === 3 && keeper.status().problem !== null)
  assert.equal(keeper.state, 'expired')
  clock.ms += MINUTE_MS
  keeper.look()
  await until('the sign-in', () => keeper.state === 'live')
  assert.deepEqual(server.paths, ['/token', '/refresh', '/refresh', '/token'])
})

test('one listener that throws does not keep the session from the others', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper, told, logs } = keep(server, ALONE)
  keeper.onChange(() => {
    throw new Error('no')
  })
  const rest: unknown[] = []
  const stop = keeper.onChange((session) => rest.push(session))
  await keeper.start()
  assert.deepEqual([told.length, rest.length], [1, 1])
  assert.ok(logs.some(({ msg }) => msg === 'a session was not taken over'))
  stop()
  keeper.refused('over')
  assert.deepEqual([told.length, rest.length], [2, 1])
})
