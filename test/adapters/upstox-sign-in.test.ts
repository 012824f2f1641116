// Upstox's sign-in: the page, the one call, and what it may answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpReply } from '../../adapters/broker.ts'
import upstox from '../../adapters/upstox/spec.ts'

const HOSTS = { rest: 'https://rest.test', feed: 'wss://feed.test' }
const KNOWN = {
  api_key: 'key&1',
  api_secret: 's+1',
  redirect_uri: 'https://app.test/back?x=1',
  code: 'Ab 1',
}
const [step, ...others] = upstox.signIn.steps
const reply = (status: number, body: unknown): HttpReply => {
  return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) }
}
const read = (status: number, body: unknown) => step!.read(reply(status, body), KNOWN, 0)

test('the page is told key and redirect URL, and yields the code', () => {
  const { page } = upstox.signIn
  const url = new URL(page!.url(HOSTS, KNOWN))
  assert.equal(url.origin + url.pathname, 'https://rest.test/v2/login/authorization/dialog')
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    response_type: 'code',
    client_id: KNOWN.api_key,
    redirect_uri: KNOWN.redirect_uri,
  })
  assert.equal(page!.yields, 'code')
  assert.match(
    page!.url({ ...HOSTS, login: 'https://login.test' }, KNOWN),
    /^https:\/\/login\.test\//,
  )
})

test('the code buys a token, in one call with a form', () => {
  assert.deepEqual(others, [])
  assert.deepEqual(step!.request(HOSTS, KNOWN, 0), {
    method: 'POST',
    url: 'https://rest.test/v2/login/authorization/token',
    headers: { Accept: 'application/json' },
    form: {
      code: 'Ab 1',
      client_id: 'key&1',
      client_secret: 's+1',
      redirect_uri: 'https://app.test/back?x=1',
      grant_type: 'authorization_code',
    },
  })
})

test('the token stands at the top of the reply', () => {
  const body = { access_token: 'a.b.c', user_id: 'AB1234', exchanges: ['NSE'], is_active: true }
  assert.deepEqual(read(200, body), { values: { access_token: 'a.b.c', user_id: 'AB1234' } })
  assert.deepEqual(read(200, { access_token: 'a' }), { values: { access_token: 'a' } })
})

test('a refusal is told in the words of the broker', () => {
  const refusals: [number, unknown, string][] = [
    [
      401,
      {
        status: 'error',
        errors: [{ errorCode: 'UDAPI100057', message: 'Invalid Auth code', propertyPath: null }],
      },
      'HTTP 401 Invalid Auth code - UDAPI100057',
    ],
    [200, { status: 'error', errors: [{ message: 'No', error_code: 'U1' }] }, 'HTTP 200 No - U1'],
    [400, { status: 'error', errors: [] }, 'HTTP 400'],
    [400, { errors: [null] }, 'HTTP 400'],
    [502, '<html>Bad Gateway', 'HTTP 502 <html>Bad Gateway'],
    [200, '<html>', 'HTTP 200 without an access_token'],
    [200, { access_token: '' }, 'HTTP 200 without an access_token'],
    [200, { access_token: 5 }, 'HTTP 200 without an access_token'],
    [200, [], 'HTTP 200 without an access_token'],
  ]
  for (const [status, body, refused] of refusals) assert.deepEqual(read(status, body), { refused })
})

test('only the key, the redirect URL and the client id may be printed', () => {
  const open = upstox.signIn.credentials.filter(({ secret }) => !secret).map(({ name }) => name)
  assert.deepEqual(open, ['api_key', 'redirect_uri', 'user_id'])
})
