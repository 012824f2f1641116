import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SignIn } from '../../adapters/broker.ts'
import { callbackPage } from '../../engine/auth/callback-page.ts'
import { LOGIN_MS_MAX, LoginDesk } from '../../engine/auth/login-desk.ts'
import { ALONE, keep, PAGED, SignInServer } from './fake-broker.ts'

/** A sign-in over a page that brings a state back. */
const STATED: SignIn = {
  ...PAGED,
  page: {
    url: (hosts, known, state) => `${hosts.rest}/page?user=${known.user_id}&state=${state}`,
    yields: 'code',
    bringsState: true,
  },
}

async function startDesk(context: TestContext, signIn: SignIn) {
  const server = await new SignInServer().listen(context)
  const credentials = { user_id: 'AB1234', pin: 'the-pin-1234' }
  const kept = keep(server, signIn, { credentials })
  const desk = new LoginDesk({
    broker: { id: 'fake', name: 'Fake <Broker>', signIn },
    hosts: server.hosts,
    keeper: kept.keeper,
    nowMs: () => kept.clock.ms,
  })
  return { server, desk, ...kept }
}

const stateOf = (url: string | null) => new URL(url!).searchParams.get('state')!

test('a login begins with the page, and ends with what it led back with', async (context) => {
  const { server, desk, keeper } = await startDesk(context, STATED)
  assert.deepEqual(desk.status(), { state: 'none', message: 'no sign-in is under way' })
  const url = await desk.begin({})
  assert.match(url!, /\/page\?user=AB1234&state=[\w-]{32}$/)
  assert.equal(desk.status().state, 'waiting')
  const result = await desk.callback(`code=the-code-1&state=${stateOf(url)}`)
  assert.deepEqual(result, {
    status: 200,
    title: 'Signed in',
    text: 'Signed in to Fake <Broker> as AB1234. You can close this page.',
  })
  assert.deepEqual(desk.status(), {
    state: 'done',
    message: 'Signed in to Fake <Broker> as AB1234',
  })
  assert.equal(server.asked[0]?.known.code, 'the-code-1')
  assert.equal(keeper.state, 'live')
  assert.equal((await desk.callback(`code=the-code-1&state=${stateOf(url)}`)).status, 409)
})

test('every login has a state of its own, and no other one is taken', async (context) => {
  const { server, desk } = await startDesk(context, STATED)
  const first = stateOf(await desk.begin({}))
  const second = stateOf(await desk.begin({}))
  assert.notEqual(first, second)
  for (const state of ['', first, `${second}x`, second.slice(1), second.toLowerCase()]) {
    if (state === second) continue
    const { status, text } = await desk.callback(`?code=stolen&state=${state}`)
    assert.equal(status, 400)
    assert.match(text, /belongs to another sign-in/)
  }
  assert.equal((await desk.callback('?code=stolen')).status, 400)
  assert.deepEqual(server.asked, [])
  assert.equal((await desk.callback(`?code=mine&state=${second}`)).status, 200)
})

test('a page that brings no usable code costs nothing but the way', async (context) => {
  const { server, desk } = await startDesk(context, PAGED)
  await desk.begin({})
  const queries = ['', 'code=', 'error=denied', `code=${'x'.repeat(4097)}`, 'code=%00%0a', 'code=%']
  for (const query of queries.slice(0, 5)) {
    const { status, text } = await desk.callback(query)
    assert.deepEqual([status, text.includes('without code')], [400, true], query)
  }
  assert.deepEqual([server.asked.length, desk.status().state], [0, 'waiting'])
})

test('a login that nobody ends is given up', async (context) => {
  const { desk, clock } = await startDesk(context, PAGED)
  await desk.begin({})
  clock.ms += LOGIN_MS_MAX - 1
  assert.equal(desk.status().state, 'waiting')
  clock.ms += 1
  assert.equal((await desk.callback('code=late')).status, 409)
  assert.deepEqual(desk.status(), {
    state: 'failed',
    message: 'nobody signed in on the page in time',
  })
})

test('a refusal is shown without the code, and nothing of it is HTML', async (context) => {
  const { server, desk, logs } = await startDesk(context, PAGED)
  server.answers.set('/token', () => ({
    status: 403,
    body: { refused: `<script>alert("the-code-2")</script> the-pin-1234 & more` },
  }))
  await desk.begin({})
  const result = await desk.callback('code=the-code-2')
  assert.equal(result.status, 400)
  assert.equal(desk.status().state, 'failed')
  const { body, headers, type } = callbackPage(result)
  const page = String(body)
  assert.ok(
    page.includes(
      '&lt;script&gt;alert(&quot;[redacted]&quot;)&lt;/script&gt; [redacted] &amp; more',
    ),
  )
  assert.ok(!/<(script|img|link|iframe)/.test(page))
  assert.match(type, /^text\/html/)
  assert.equal(headers?.['cache-control'], 'no-store')
  assert.equal(headers?.['referrer-policy'], 'no-referrer')
  assert.match(headers?.['content-security-policy'] ?? '', /^default-src 'none'/)
  for (const secret of ['the-code-2', 'the-pin-1234']) {
    assert.ok(!JSON.stringify([logs, desk.status(), page]).includes(secret))
  }
  server.answers.set('/token', () => ({ status: 502, body: { refused: 'gateway' } }))
  await desk.begin({})
  assert.equal((await desk.callback('code=the-code-3')).status, 503)
})

test('what came by hand before goes with the code, and is kept', async (context) => {
  const { server, desk, keeper } = await startDesk(context, {
    ...PAGED,
    credentials: [
      ...PAGED.credentials,
      { name: 'totp_key', secret: true, needed: 'to-sign-in', help: 'the key of your TOTP' },
    ],
  })
  await assert.rejects(desk.begin({}), { kind: 'missing-credential', missing: 'totp_key' })
  await desk.begin({ totp_key: 'of-totp' })
  assert.equal((await desk.callback('code=the-code-4')).status, 200)
  assert.equal(server.asked[0]?.known.totp_key, 'of-totp')
  assert.equal(keeper.loginCredentials().totp_key, 'of-totp')
  await desk.begin({})
})

test('a name that the broker has not is refused', async (context) => {
  const { desk } = await startDesk(context, PAGED)
  await assert.rejects(desk.begin({ pim: 'a-secret' }), {
    message: 'fake has no credential pim; it has user_id, pin, access_token, code',
  })
})

test('where there is no page, or the code or a token is given, it signs in at once', async (context) => {
  const alone = await startDesk(context, ALONE)
  assert.equal(await alone.desk.begin({}), null)
  assert.deepEqual([alone.desk.status().state, alone.keeper.state], ['done', 'live'])
  assert.equal((await alone.desk.callback('code=x')).status, 409)
  const paged = await startDesk(context, PAGED)
  for (const values of [{ code: 'the-code-5' }, { access_token: 'mine' }]) {
    assert.equal(await paged.desk.begin(values), null)
  }
  assert.deepEqual(paged.told, ['token-number-1', 'mine'])
  paged.server.answers.set('/token', () => ({ status: 403, body: { refused: 'no' } }))
  await assert.rejects(paged.desk.begin({ code: 'x' }), { kind: 'refused' })
  assert.equal(paged.desk.status().state, 'failed')
})
