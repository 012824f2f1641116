import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { addKey, callAdmin, type Scope, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const BODY_BYTES_MAX = 256 * 1024
const plant = await startPlant({ after })
const { httpUrl } = plant
const { localKey, httpPort } = plant.engine
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const reader = await addKey(plant, 'reader', ['read', 'trade'])

interface Answer {
  readonly status: number
  readonly error: string | undefined
}

async function ask(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const reply = await fetch(httpUrl + path, { method, ...init })
  assert.equal(reply.headers.get('content-type'), 'application/json')
  const { error } = (await reply.json()) as { error?: string }
  return { status: reply.status, error }
}

test('health needs no key and tells whether the broker is connected', async (context) => {
  const backoff = { 'feed.backoff_ms_min': 60_000, 'feed.backoff_ms_max': 60_000 }
  const { simulator, ...lonely } = await startPlant(context, {}, backoff)
  const health = async () => (await fetch(`${lonely.httpUrl}/healthz`)).json()
  const { uptimeS, ...rest } = await until('a line', async () => {
    const found = (await health()) as { status: string; uptimeS: number }
    return found.status === 'ok' ? found : null
  })
  assert.ok(Number.isInteger(uptimeS) && uptimeS >= 0)
  const feed = { broker: 'zerodha', connected: true, sockets: ['live'] }
  assert.deepEqual(rest, { status: 'ok', feeds: [feed] })
  simulator.dropSockets()
  await until('its loss', async () => {
    const { status } = (await health()) as { status: string }
    return status === 'degraded'
  })
})

for (const [method, path] of [
  ['GET', '/admin/status'],
  ['GET', '/admin/keys'],
  ['POST', '/admin/keys'],
  ['DELETE', '/admin/keys/reader'],
] as const) {
  test(`${method} ${path} is for keys of scope admin only`, async () => {
    const none = 'send an API key of scope admin as `Authorization: Bearer KEY`'
    const body = method === 'POST' ? { body: '{}' } : {}
    const headers = [{}, { authorization: localKey }, { authorization: 'Bearer ' }]
    for (const given of headers) {
      assert.deepEqual(await ask(method, path, { ...body, headers: given }), {
        status: 401,
        error: none,
      })
    }
    assert.deepEqual(await ask(method, path, { ...body, headers: bearer('wrong') }), {
      status: 401,
      error: 'this API key is not known',
    })
    assert.deepEqual(await ask(method, path, { ...body, headers: bearer(reader.key) }), {
      status: 403,
      error: 'the API key reader has no scope admin',
    })
  })
}

test('what is not there is 404, and what cannot be done to a path is 405', async () => {
  for (const path of ['/', '/admin', '/admin/keys/', '/admin/keys/a/b', '/healthz/', '/Healthz']) {
    assert.deepEqual(await ask('GET', path), { status: 404, error: `there is nothing at ${path}` })
  }
  const long = `/${'x'.repeat(300)}`
  const { error } = await ask('GET', long)
  assert.equal(error, `there is nothing at ${long.slice(0, 200)}`)
  assert.deepEqual(await ask('POST', '/healthz'), { status: 405, error: '/healthz takes GET' })
  assert.deepEqual(await ask('PUT', '/admin/keys', { headers: bearer(localKey) }), {
    status: 405,
    error: '/admin/keys takes GET, POST',
  })
})

const post = (body: string) => ask('POST', '/admin/keys', { body, headers: bearer(localKey) })

test('a body that cannot be used is 400 and says why', async () => {
  assert.deepEqual(await post('{"name":'), { status: 400, error: 'the body is not JSON' })
  const bodies: readonly [body: string, names: RegExp][] = [
    ['', /object/],
    ['[]', /object/],
    ['{"name":"x"}', /scopes/],
    ['{"name":5,"scopes":["read"]}', /name/],
    ['{"name":"x","scopes":["read"],"extra":1}', /extra/],
    ['{"name":"x","scopes":["root"]}', /scopes of a key must be/],
    ['{"name":"a b","scopes":["read"]}', /name of a key must be/],
    ['{"name":"x","scopes":["read"],"key":"short"}', /a key must be 8 to 256/],
  ]
  for (const [body, names] of bodies) {
    const { status, error } = await post(body)
    assert.equal(status, 400, body)
    assert.match(error!, names)
  }
  assert.deepEqual(await ask('DELETE', '/admin/keys/%E0%A4', { headers: bearer(localKey) }), {
    status: 400,
    error: 'the path is not valid percent-encoding',
  })
})

test('a body that is too large is 413, and one of just the allowed size is read', async () => {
  const body = JSON.stringify({ name: 'x', scopes: [] })
  const filled = (bytes: number) => body + ' '.repeat(bytes - body.length)
  assert.equal((await post(filled(BODY_BYTES_MAX))).status, 400)
  assert.deepEqual(await post(filled(BODY_BYTES_MAX + 1)), {
    status: 413,
    error: `a body of at most ${BODY_BYTES_MAX} bytes is taken`,
  })
})

/** Notes failures that nobody has caught: outside of tests they end the engine. */
function uncaughtIn(context: Scope): unknown[] {
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', onRejection)
  context.after(() => process.off('unhandledRejection', onRejection))
  return rejections
}

test('a large body that nobody reads does no harm', async (context) => {
  const uncaught = uncaughtIn(context)
  const socket = connect(httpPort, '127.0.0.1')
  context.after(() => socket.destroy())
  let answers = ''
  socket.on('data', (bytes) => {
    answers += bytes
  })
  const answered = (count: number) => (answers.match(/HTTP\/1.1 \d+/g) ?? []).length === count
  const body = 'x'.repeat(BODY_BYTES_MAX + 1)
  for (const [at, path] of ['/nothing', '/admin/keys'].entries()) {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`
    socket.write(head + body)
    // Answered after the body was read to its end: what follows on the connection is taken for a call of its own.
    await until(`the answer of ${path}`, () => answered(at + 1))
  }
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('the last answer', () => answers.includes('uptimeS'))
  const statuses = answers.match(/HTTP\/1.1 \d+/g)
  assert.deepEqual(statuses, ['HTTP/1.1 404', 'HTTP/1.1 401', 'HTTP/1.1 200'])
  assert.deepEqual(uncaught, [])
})

test('a request that is broken off does no harm, before or after it was sent whole', async (context) => {
  const uncaught = uncaughtIn(context)
  const names = ['half', 'whole']
  for (const name of names) {
    const body = JSON.stringify({ name, scopes: ['read'] })
    const socket = connect(httpPort, '127.0.0.1')
    await once(socket, 'ready')
    socket.write(
      `POST /admin/keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${localKey}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${name === 'half' ? body.slice(0, 10) : body}`,
    )
    socket.destroy()
    await once(socket, 'close')
  }
  const listed = async () => JSON.stringify(await callAdmin(plant, 'GET', '/admin/keys'))
  await until('the key of the whole request', async () => (await listed()).includes('"whole"'))
  assert.ok(!(await listed()).includes('"half"'))
  assert.equal((await ask('GET', '/healthz')).status, 200)
  assert.deepEqual(uncaught, [])
})

test('a body in chunks is read as one', async () => {
  const headers = { ...bearer(localKey), 'transfer-encoding': 'chunked' }
  const call = request(`${httpUrl}/admin/keys`, { method: 'POST', headers })
  call.write('{"name":"chunked",')
  call.end('"scopes":["read"]}')
  const [reply] = await once(call, 'response')
  assert.equal(reply.statusCode, 200, await text(reply))
})

test('the status counts what flows and who is connected, and names no key', async (context) => {
  const shares = sharesOf(plant, 3)
  const client = await StreamClient.open(context, plant, { format: 'msgpack' })
  await client.stream(shares, 'Quote')
  const status = await callAdmin(plant, 'GET', '/admin/status')
  const { feeds, clients, latency } = status as unknown as ReturnType<typeof plant.engine.status>
  const [feed] = feeds
  assert.equal(feed!.instrumentsListed, 500)
  assert.equal(feed!.instrumentsWanted, 3)
  assert.equal(feed!.capacity, 9000)
  assert.equal(feed!.ticks, 3)
  assert.equal(feed!.deliveries, 3)
  assert.deepEqual(
    clients.list.map(({ key, format, instruments, itemsSent }) => ({
      key,
      format,
      instruments,
      itemsSent,
    })),
    [{ key: 'local', format: 'msgpack', instruments: 3, itemsSent: 3 }],
  )
  assert.equal(latency.count, 3)
  assert.ok(!JSON.stringify(status).includes(localKey))
})
