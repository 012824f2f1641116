import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { instruments } from '../../adapters/zerodha/instruments.ts'
import { type SyncRequest, syncInstruments } from '../../engine/symbols/sync.ts'
import { EVERY_KIND, kiteCsv, optionRows } from './kite-rows.ts'
import { assertFirstIsLive, syncKite, temporaryFolder } from './store-folder.ts'

const ROWS = [...EVERY_KIND.map(([row]) => row), ...optionRows(40)]
const GOOD = kiteCsv(ROWS)

/** Serves with `listener` at every path and keeps the requests. */
async function serve(t: TestContext, listener: RequestListener) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, reply) => {
    requests.push(request)
    listener(request, reply)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { requests, rest: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('a list is downloaded with the headers of the session, packed or not', async (t) => {
  const packed = gzipSync(kiteCsv(ROWS))
  const served: [headers: Record<string, string>, body: Buffer][] = [
    [{ 'Content-Type': 'text/csv', 'Content-Encoding': 'gzip' }, packed],
    [{ 'Content-Type': 'application/gzip' }, packed],
    [{ 'Content-Type': 'text/csv' }, Buffer.from(kiteCsv(ROWS))],
  ]
  const folder = temporaryFolder(t)
  for (const [headers, body] of served) {
    const { rest, requests } = await serve(t, (_, reply) => reply.writeHead(200, headers).end(body))
    const session = { apiKey: 'key', accessToken: 'secret' }
    const synced = await syncInstruments({
      storeFolder: folder,
      broker: 'zerodha',
      source: { downloads: instruments.files({ rest, feed: '' }, session) },
    })
    assert.equal(synced.rows, ROWS.length)
    assert.equal(synced.source, `${rest}/instruments`)
    assert.equal(requests.length, 1)
    const { authorization, 'x-kite-version': version } = requests[0]!.headers
    assert.deepEqual([authorization, version], ['token key:secret', '3'])
  }
  assert.equal(existsSync(join(folder, 'download-zerodha')), false)
})

test('several files make one list', async (t) => {
  const folder = temporaryFolder(t)
  const first = await serve(t, (_, reply) => reply.end(kiteCsv(ROWS.slice(0, 5))))
  const second = await serve(t, (_, reply) => reply.end(kiteCsv(ROWS.slice(5))))
  const session = { apiKey: '', accessToken: '' }
  const downloads = [first, second].flatMap(({ rest }) =>
    instruments.files({ rest, feed: '' }, session),
  )
  const source = { downloads }
  const synced = await syncInstruments({ storeFolder: folder, broker: 'zerodha', source })
  assert.equal(synced.rows, ROWS.length)
})

/** Serves with `listener`, and answers what a sync from there rejects with. */
async function refusalOf(
  t: TestContext,
  folder: string,
  listener: RequestListener,
  more: Partial<SyncRequest> = {},
): Promise<string> {
  const { rest } = await serve(t, listener)
  const session = { apiKey: 'key', accessToken: 'not-for-logs' }
  const downloads = instruments.files({ rest, feed: '' }, session).map(({ layout, request }) => ({
    layout,
    request: { ...request, url: `${request.url}?api_key=not-for-logs` },
  }))
  const source = { downloads }
  const sync = syncInstruments({ storeFolder: folder, broker: 'zerodha', source, ...more })
  const error = await sync.then(
    () => assert.fail('the sync was not refused'),
    (error: Error) => error,
  )
  assert.ok(!error.message.includes('not-for-logs'), error.message)
  await assertFirstIsLive(folder, ROWS.length)
  return error.message.replace(rest, 'BROKER')
}

test('a download that fails is told in the words of the broker, and the list before it stays', async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const expired = JSON.stringify({
    status: 'error',
    message: 'Incorrect `api_key` or `access_token`.',
    error_type: 'TokenException',
  })
  const packed = { 'Content-Encoding': 'gzip' }
  const failures: [listener: RequestListener, message: RegExp][] = [
    [
      (_, reply) => reply.writeHead(403, { 'Content-Type': 'application/json' }).end(expired),
      /^instruments of zerodha not synced: BROKER\/instruments: the broker answered 403: Incorrect `api_key`/,
    ],
    [
      (_, reply) => reply.writeHead(403, packed).end(gzipSync(expired)),
      /the broker answered 403: Incorrect `api_key`/,
    ],
    [(_, reply) => reply.writeHead(502).end('Bad\nGateway'), /answered 502: Bad Gateway$/],
    [(_, reply) => reply.writeHead(302, { Location: '/x' }).end(), /the broker answered 302/],
    [(_, reply) => reply.writeHead(200).end(), /BROKER\/instruments: it is empty$/],
    [
      (_, reply) => reply.writeHead(200, { 'Content-Encoding': 'br' }).end('x'),
      /content-encoding br; only gzip was asked for/,
    ],
    [
      (_, reply) => reply.writeHead(200, packed).end(gzipSync(GOOD).subarray(0, 500)),
      /the packed data ends too early/,
    ],
    [
      (_, reply) => {
        reply.writeHead(200, { 'Content-Length': '100000' }).write(GOOD)
        setImmediate(() => reply.destroy())
      },
      /connection closed before the file was complete/,
    ],
  ]
  for (const [listener, message] of failures) {
    assert.match(await refusalOf(t, folder, listener), message)
  }
})

test('a server that keeps silent or sends without end is given up', {
  timeout: 75_000,
}, async (t) => {
  const folder = temporaryFolder(t)
  await syncKite(folder, GOOD)
  const silent: RequestListener = () => {}
  const stuck: RequestListener = (_, reply) => reply.writeHead(200).write(GOOD)
  const endless: RequestListener = (_, reply) => {
    const more = () => {
      while (reply.write(GOOD));
    }
    reply.on('drain', more).on('error', () => {})
    more()
  }
  const limits = { silenceMsMax: 300, bytesMax: 1024 * 1024 }
  assert.match(await refusalOf(t, folder, silent, limits), /no answer in time/)
  assert.match(await refusalOf(t, folder, stuck, limits), /the server stopped sending/)
  assert.match(await refusalOf(t, folder, endless, limits), /it has more than 1048576 bytes/)
})
