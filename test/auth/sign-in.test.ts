import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { Hosts } from '../../adapters/broker.ts'
import { signIn as zerodha } from '../../adapters/zerodha/sign-in.ts'
import { callHttp } from '../../engine/auth/http.ts'
import { SignInError, signIn } from '../../engine/auth/sign-in.ts'

const API_SECRET = 'sssh-the-secret'
const REQUEST_TOKEN = 'rt-0123456789'
const CREDENTIALS = { api_key: 'kitekey', api_secret: API_SECRET, request_token: REQUEST_TOKEN }
const broker = { id: 'zerodha', signIn: zerodha }

/** Starts a server that ends with the test, and returns its address as a broker's hosts. */
async function serve(context: TestContext, listener: RequestListener): Promise<Hosts> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const rest = `http://127.0.0.1:${port}`
  return { rest, feed: 'ws://127.0.0.1:1', login: 'https://login.example' }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** The sign-in call of Kite Connect v3 as its documentation tells it; it knows one app and one request token. */
async function kiteSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await text(request))
  const expected = createHash('sha256').update(`kitekey${REQUEST_TOKEN}${API_SECRET}`).digest('hex')
  const isCall =
    request.method === 'POST' &&
    request.url === '/session/token' &&
    request.headers['x-kite-version'] === '3' &&
    request.headers['content-type'] === 'application/x-www-form-urlencoded'
  if (!isCall) return answer(response, 404, { status: 'error', message: 'no such call' })
  if (form.get('api_key') !== 'kitekey' || form.get('checksum') !== expected) {
    const message = `Invalid \`checksum\`\nfor ${form.get('request_token')}.`
    return answer(response, 403, {
      status: 'error',
      message,
      data: null,
      error_type: 'TokenException',
    })
  }
  answer(response, 200, {
    status: 'success',
    data: { user_id: 'AB1234', access_token: 'at-9876', refresh_token: '', exchanges: ['NSE'] },
  })
}

/** Runs a sign-in that must fail, and checks that its message holds no secret. */
async function failureOf(hosts: Hosts, credentials: Record<string, string>, timeoutMs?: number) {
  const options = timeoutMs === undefined ? {} : { timeoutMs }
  const error = await signIn(broker, hosts, credentials, options).then(
    () => assert.fail('signed in'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof SignInError, String(error))
  for (const secret of [API_SECRET, REQUEST_TOKEN])
    assert.ok(!error.message.includes(secret), error.message)
  return error
}

test('a request token and the checksum over it yield a session', async (context) => {
  const hosts = await serve(context, kiteSession)
  const { session } = await signIn(broker, hosts, CREDENTIALS)
  assert.deepEqual(session, {
    apiKey: 'kitekey',
    apiSecret: API_SECRET,
    requestToken: REQUEST_TOKEN,
    accessToken: 'at-9876',
    userId: 'AB1234',
  })
})

test('a configured access token is taken without any call', async (context) => {
  let calls = 0
  const hosts = await serve(context, (_, response) => {
    calls += 1
    answer(response, 500, {})
  })
  const given = { api_key: 'kitekey', access_token: 'mine', user_id: 'AB1234' }
  const { session } = await signIn(broker, hosts, given)
  assert.deepEqual(session, { apiKey: 'kitekey', accessToken: 'mine', userId: 'AB1234' })
  assert.equal(calls, 0)
})

test('a wrong secret is refused in the words of the broker, in one line and without the token', async (context) => {
  const hosts = await serve(context, kiteSession)
  const error = await failureOf(hosts, { ...CREDENTIALS, api_secret: 'another-secret' })
  assert.equal(error.kind, 'refused')
  assert.equal(
    error.message,
    'zerodha: sign-in was refused: HTTP 403 Invalid `checksum` for [redacted]. - TokenException',
  )
})

test('a missing credential is named, with what to do', async () => {
  const hosts = {
    rest: 'http://127.0.0.1:1',
    feed: 'ws://127.0.0.1:1',
    login: 'https://login.example',
  }
  const { api_key, api_secret, request_token } = CREDENTIALS
  const withoutKey = await failureOf(hosts, { api_secret, access_token: 'mine' })
  assert.equal(withoutKey.kind, 'missing-credential')
  assert.match(withoutKey.message, /^brokers\.zerodha\.api_key is missing: set it to the API key/)
  const withoutSecret = await failureOf(hosts, { api_key, request_token })
  assert.match(withoutSecret.message, /^brokers\.zerodha\.api_secret is missing/)
  const withoutToken = await failureOf(hosts, { api_key: 'kite&key', api_secret })
  assert.match(
    withoutToken.message,
    new RegExp(
      '^brokers\\.zerodha\\.request_token is missing: run `tickplant login zerodha`, or sign in at ' +
        'https://login\\.example/connect/login\\?v=3&api_key=kite%26key and set it to',
    ),
  )
})

const REPLIES: [what: string, status: number, body: unknown, kind: string, message: RegExp][] = [
  [
    'a gateway that answers HTML',
    502,
    '<html>Bad gateway</html>',
    'network',
    /not available: HTTP 502 with a body that is not JSON/,
  ],
  [
    'a limit on the rate',
    429,
    { status: 'error', message: 'Too many requests' },
    'network',
    /HTTP 429 Too many requests/,
  ],
  [
    'success without a token',
    200,
    { status: 'success', data: {} },
    'refused',
    /without data\.access_token/,
  ],
  [
    'success without data',
    200,
    { status: 'success', data: null },
    'refused',
    /without data\.access_token/,
  ],
  ['a reply that is null', 200, 'null', 'refused', /not JSON/],
  ['an error without words', 400, { status: 'error' }, 'refused', /HTTP 400 without a reason/],
  ['a redirect', 302, '', 'refused', /HTTP 302/],
  ['a reply over 1 MiB', 200, `"${'x'.repeat(1 << 20)}"`, 'network', /larger than 1048576 bytes/],
]

for (const [what, status, body, kind, message] of REPLIES) {
  test(`the sign-in ends with a reason at ${what}`, async (context) => {
    const hosts = await serve(context, (_, response) => answer(response, status, body))
    const error = await failureOf(hosts, CREDENTIALS)
    assert.equal(error.kind, kind)
    assert.match(error.message, message)
  })
}

test('a broker that does not answer in time is a network failure', async (context) => {
  const hosts = await serve(context, (_, response) => {
    response.writeHead(200).write('{')
  })
  const startMs = performance.now()
  const error = await failureOf(hosts, CREDENTIALS, 100)
  assert.ok(performance.now() - startMs < 4000)
  assert.equal(error.kind, 'network')
  assert.match(error.message, /no complete reply within 100 ms/)
})

test('a broker that cannot be reached is a network failure that names the address', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  const error = await failureOf(
    { rest: `http://127.0.0.1:${port}`, feed: 'ws://127.0.0.1:1' },
    CREDENTIALS,
  )
  assert.equal(error.kind, 'network')
  assert.ok(
    error.message.includes(`POST http://127.0.0.1:${port}/session/token: connection refused`),
  )
})

test('a call sends a JSON body, gives back the reply, and hides its secrets when it fails', async (context) => {
  const hosts = await serve(context, async (request, response) => {
    const { method, url, headers } = request
    response.writeHead(418, { 'x-twice': ['a', 'b'] })
    response.end(
      JSON.stringify({ method, url, type: headers['content-type'], body: await text(request) }),
    )
  })
  const reply = await callHttp({ method: 'PUT', url: `${hosts.rest}/x?a=1`, json: { b: 2 } })
  assert.equal(reply.status, 418)
  assert.equal(reply.headers['x-twice'], 'a,b')
  assert.deepEqual(JSON.parse(reply.body), {
    method: 'PUT',
    url: '/x?a=1',
    type: 'application/json',
    body: '{"b":2}',
  })
  const failing = callHttp({
    method: 'GET',
    url: 'http://user:s3cret@127.0.0.1:1/path?token=s3cret',
  })
  await assert.rejects(failing, {
    name: 'HttpError',
    message: 'GET http://127.0.0.1:1/path: connection refused',
  })
})
