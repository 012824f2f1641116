import assert from 'node:assert/strict'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { callHttp } from '../../engine/auth/http.ts'
import { endOf, runCommand, startCommand } from './run.ts'

const SIM = ['sim', '--broker', 'zerodha', '--instruments', '50', '--rate', '10']

/** The first line that a command prints, which says that it is ready. */
async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [line] = await once(createInterface(child.stdout), 'line')
  return String(line)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`sim serves the broker until ${signal}`, async () => {
    const child = startCommand([...SIM, '--json', '--exit-with-stdin'])
    const { port, restUrl, feedUrl, credentials } = JSON.parse(await firstLine(child))
    assert.equal(restUrl, `http://127.0.0.1:${port}`)
    assert.ok(feedUrl.startsWith(`ws://127.0.0.1:${port}`))
    assert.equal(typeof credentials.api_secret, 'string')
    const headers = {
      'X-Kite-Version': '3',
      authorization: `token ${credentials.api_key}:${credentials.access_token}`,
    }
    const reply = await callHttp({ method: 'GET', url: `${restUrl}/instruments`, headers })
    assert.equal(reply.status, 200)
    child.kill(signal)
    assert.deepEqual(await endOf(child), [0, null])
  })
}

test('sim ends when its stdin closes, if told to', async () => {
  const child = startCommand([...SIM, '--json', '--exit-with-stdin'])
  await firstLine(child)
  child.stdin.end()
  assert.deepEqual(await endOf(child), [0, null])
})

test('sim counts calls as its broker does, unless told to take any number', async () => {
  const statuses = async (...options: string[]) => {
    const child = startCommand([...SIM, '--json', '--exit-with-stdin', ...options])
    const { restUrl, credentials } = JSON.parse(await firstLine(child))
    const headers = {
      'X-Kite-Version': '3',
      authorization: `token ${credentials.api_key}:${credentials.access_token}`,
    }
    const url = `${restUrl}/quote/ltp?i=NSE:RELIANCE`
    const calls = Array.from({ length: 5 }, () => callHttp({ method: 'GET', url, headers }))
    const replies = await Promise.all(calls)
    child.stdin.end()
    await endOf(child)
    return replies.map(({ status }) => status)
  }
  assert.ok((await statuses()).includes(429))
  assert.deepEqual(await statuses('--no-limits'), [200, 200, 200, 200, 200])
})

test('sim tells a person the configuration that connects to it', async () => {
  const child = startCommand([...SIM, '--exit-with-stdin'])
  child.stdin.end()
  const [printed] = await Promise.all([text(child.stdout), endOf(child)])
  assert.match(printed, /^\[brokers\.zerodha\]\nrest = "http:.*"\nfeed = "ws:.*"\nlogin = "http:/m)
  assert.match(printed, /^access_token = ".+"$/m)
})

test('a port in use is one sentence and exit code 1', async (context) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { code, stderr } = await runCommand([...SIM, '--port', String(port)])
  assert.equal(code, 1)
  assert.equal(stderr, `tickplant: port ${port} is in use; choose another one with --port\n`)
})

test('more instruments than the simulator can list are refused by option', async () => {
  const { code, stderr } = await runCommand([
    'sim',
    '--broker',
    'zerodha',
    '--instruments',
    '9000000',
  ])
  assert.equal(code, 2)
  assert.match(stderr, /^tickplant: --instruments: 9000000 must be a whole number from 1 to \d+\n$/)
})
