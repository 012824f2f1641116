import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createLogger } from '../../engine/observe/log.ts'
import { LogSampler } from '../../engine/observe/log-sampler.ts'
import { redactUrl } from '../../engine/observe/redact.ts'

/** Runs `write` with a logger and returns the lines that it wrote, parsed. */
function linesOf(level: string, write: (logger: ReturnType<typeof createLogger>) => void) {
  const destination = new PassThrough()
  write(createLogger({ level, destination }))
  const text = String(destination.read() ?? '')
  const lines = text.split('\n').filter((line) => line !== '')
  return { text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a log line is one JSON object with level, time in ms and message', () => {
  const { lines } = linesOf('info', (logger) => {
    logger.info({ broker: 'zerodha', latencyMs: 3 }, 'signed in')
    logger.debug('not written')
  })
  assert.equal(lines.length, 1)
  const { time, ...line } = lines[0]!
  assert.deepEqual(line, { level: 'info', broker: 'zerodha', latencyMs: 3, msg: 'signed in' })
  assert.ok(Math.abs(Date.now() - Number(time)) < 60_000)
})

test('no secret comes into the log under its name, in a URL or in an error', () => {
  const secret = 's3cret'
  const error = new Error(`GET https://api.example/x?token=${secret}: failed`)
  const { text, lines } = linesOf('info', (logger) => {
    logger.info({ accessToken: secret, api_secret: secret, apiKey: secret })
    logger.info({ session: { accessToken: secret }, broker: { credentials: { any: secret } } })
    logger.info({ request: { headers: { authorization: secret }, form: { pin: secret } } })
    logger.info({ url: `wss://me:${secret}@feed.example/path?access_token=${secret}` })
    logger.error({ err: error }, 'failed')
  })
  assert.equal(lines.length, 5)
  assert.ok(!text.includes(secret), text)
  assert.equal(lines[3]!.url, 'wss://feed.example/path')
  assert.equal((lines[4]!.err as Error).message, 'GET https://api.example/x failed')
})

test('a URL is shown without user, query and fragment', () => {
  assert.equal(redactUrl('wss://ws.kite.trade/?api_key=a&access_token=b'), 'wss://ws.kite.trade/')
  assert.equal(redactUrl('https://a:b@host:8080/c#d'), 'https://host:8080/c')
  assert.equal(redactUrl('https://host/a@b'), 'https://host/a@b')
  assert.equal(redactUrl('https://a:p@ss@host/c'), 'https://host/c')
  assert.equal(redactUrl('no url?secret'), 'no url')
})

test('a sampler lets the first lines of a key and minute through and counts the others', () => {
  const sampler = new LogSampler(2)
  assert.equal(sampler.admit('a', 1000), 0)
  assert.equal(sampler.admit('a', 1001), 0)
  assert.equal(sampler.admit('a', 1002), null)
  assert.equal(sampler.admit('a', 60_999), null)
  assert.equal(sampler.admit('b', 60_999), 0)
  assert.equal(sampler.admit('a', 61_000), 2)
  assert.equal(sampler.admit('a', 61_001), 0)
  assert.equal(sampler.admit('a', 61_002), null)
})

test('a sampler holds a bounded number of keys', () => {
  const sampler = new LogSampler(1)
  const passed = Array.from({ length: 5000 }, (_, at) => sampler.admit(`key${at}`, 0))
  assert.equal(passed.filter((heldBack) => heldBack !== null).length, 1001)
})

test('what is thrown without being an error is logged all the same', () => {
  const { lines } = linesOf('info', (logger) => logger.error({ err: 'ws://a/?token=b' }, 'odd'))
  assert.deepEqual(lines[0]?.err, { message: 'ws://a/' })
})
