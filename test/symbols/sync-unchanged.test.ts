import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readFetched } from '../../engine/symbols/list-record.ts'
import { loadIndex, tokensKey } from '../../engine/symbols/store.ts'
import { type SyncProgress, type SyncRequest, syncInstruments } from '../../engine/symbols/sync.ts'
import { EVERY_KIND, kiteCsv, optionRows } from './kite-rows.ts'
import { syncKite, temporaryFolder, withStore } from './store-folder.ts'

const EVERY_ROW = EVERY_KIND.map(([row]) => row)

/** A server of files with their validators, as many web servers are; counts what it answers. */
async function fileServer(t: TestContext) {
  const files = new Map<string, { body: string; headers: Record<string, string> }>()
  const statuses: number[] = []
  const failures: number[] = []
  const answer = (request: IncomingMessage, reply: ServerResponse) => {
    const { body, headers } = files.get(new URL(request.url!, 'http://x').pathname)!
    const failure = failures.shift()
    const { 'if-none-match': tag, 'if-modified-since': since } = request.headers
    const isSame =
      (tag !== undefined && tag === headers.ETag) ||
      (since !== undefined && since === headers['Last-Modified'])
    const status = failure ?? (isSame ? 304 : 200)
    statuses.push(status)
    reply.writeHead(status, headers).end(status === 200 ? body : undefined)
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const requestsOf = (...paths: string[]) =>
    paths.map((path) => ({ method: 'GET' as const, url: `${root}${path}?key=secret` }))
  return { root, files, statuses, failures, requestsOf }
}

const syncFrom = (
  folder: string,
  requests: ReturnType<Awaited<ReturnType<typeof fileServer>>['requestsOf']>,
  more: Partial<SyncRequest> = {},
) => {
  const downloads = requests.map((request) => ({ layout: 'all', request }))
  return syncInstruments({ storeFolder: folder, broker: 'zerodha', source: { downloads }, ...more })
}

const VALIDATORS: Record<string, string>[] = [
  { ETag: '"v1"' },
  { 'Last-Modified': 'Tue, 04 Aug 2026 03:00:00 GMT' },
]

test('a list that the server says has not changed stays, and is known to be the newest', async (t) => {
  for (const headers of VALIDATORS) {
    const folder = temporaryFolder(t)
    const { files, statuses, requestsOf } = await fileServer(t)
    files.set('/list', { body: kiteCsv(EVERY_ROW), headers })
    const first = await syncFrom(folder, requestsOf('/list'))
    assert.deepEqual([first.outcome, first.generation], ['synced', 1])
    const checkedAtMs = () =>
      withStore(folder, (store) => readFetched(store, 'zerodha')!.checkedAtMs)
    const before = await checkedAtMs()
    const second = await syncFrom(folder, requestsOf('/list'))
    assert.deepEqual([second.outcome, second.generation, second.rows], ['unchanged', 1, first.rows])
    assert.equal(second.syncedAtMs, first.syncedAtMs)
    assert.ok((await checkedAtMs()) > before)
    assert.ok(Buffer.from(new Uint8Array(second.tokens)).equals(new Uint8Array(first.tokens)))
    files.set('/list', {
      body: kiteCsv([...EVERY_ROW, ...optionRows(1)]),
      headers: { ETag: '"v2"' },
    })
    const third = await syncFrom(folder, requestsOf('/list'))
    assert.deepEqual([third.outcome, third.generation], ['synced', 2])
    assert.deepEqual(statuses, [200, 304, 200])
  }
})

test('a list is downloaded whole when the live one is not the one that the server knows', async (t) => {
  const folder = temporaryFolder(t)
  const { files, statuses, requestsOf } = await fileServer(t)
  files.set('/list', { body: kiteCsv(EVERY_ROW), headers: VALIDATORS[0]! })
  files.set('/other', { body: kiteCsv(EVERY_ROW), headers: VALIDATORS[0]! })
  const requests = requestsOf('/list')
  await syncFrom(folder, requests)
  // From another place.
  await syncFrom(folder, requestsOf('/other'))
  await syncFrom(folder, requests)
  // A file came between.
  await syncKite(folder, kiteCsv(EVERY_ROW))
  await syncFrom(folder, requests)
  // Asked for.
  await syncFrom(folder, requests, { force: true })
  // The stored index is damaged.
  await withStore(folder, async (store) => {
    await store.blobs.remove(tokensKey('zerodha', loadIndex(store, 'zerodha')!.generation))
  })
  const { outcome } = await syncFrom(folder, requests)
  assert.equal(outcome, 'synced')
  assert.deepEqual(new Set(statuses), new Set([200]))
  assert.equal(statuses.length, 6)
})

test('of several files those that did not change are downloaded too when another one did', async (t) => {
  const folder = temporaryFolder(t)
  const { files, statuses, requestsOf } = await fileServer(t)
  files.set('/a', { body: kiteCsv(EVERY_ROW), headers: { ETag: '"a1"' } })
  files.set('/b', { body: kiteCsv(optionRows(10)), headers: { ETag: '"b1"' } })
  const requests = requestsOf('/a', '/b')
  await syncFrom(folder, requests)
  assert.equal((await syncFrom(folder, requests)).outcome, 'unchanged')
  files.set('/b', { body: kiteCsv(optionRows(11)), headers: { ETag: '"b2"' } })
  const { outcome, rows } = await syncFrom(folder, requests)
  assert.deepEqual([outcome, rows], ['synced', EVERY_ROW.length + 11])
  assert.deepEqual(statuses, [200, 200, 304, 304, 304, 200, 200])
})

test('a failure that may pass is tried again, with its reason told, and any other is not', async (t) => {
  const folder = temporaryFolder(t)
  const { files, statuses, failures, requestsOf, root } = await fileServer(t)
  files.set('/list', { body: kiteCsv(EVERY_ROW), headers: {} })
  const told: SyncProgress[] = []
  const more = {
    backoffMsMin: 1,
    backoffMsMax: 2,
    onProgress: (progress: SyncProgress) => told.push(progress),
  }
  failures.push(503, 429)
  assert.equal((await syncFrom(folder, requestsOf('/list'), more)).outcome, 'synced')
  assert.deepEqual(statuses.splice(0), [503, 429, 200])
  const retries = told.filter((each) => each.phase === 'retrying')
  assert.deepEqual(
    retries.map(({ reason }) => reason.replace(root, 'BROKER')),
    [503, 429].map((status) => `BROKER/list: the broker answered ${status}: `),
  )
  failures.push(500, 500, 500)
  await assert.rejects(syncFrom(folder, requestsOf('/list'), more), /the broker answered 500/)
  assert.deepEqual(statuses.splice(0), [500, 500, 500])
  failures.push(403)
  await assert.rejects(syncFrom(folder, requestsOf('/list'), more), /the broker answered 403/)
  assert.deepEqual(statuses.splice(0), [403])
})

test('progress tells the bytes of the download and the rows that are written', async (t) => {
  const folder = temporaryFolder(t)
  const { files, requestsOf } = await fileServer(t)
  const body = kiteCsv(optionRows(20_000))
  files.set('/list', { body, headers: { 'Content-Length': String(body.length) } })
  const told: SyncProgress[] = []
  await syncFrom(folder, requestsOf('/list'), { onProgress: (progress) => told.push(progress) })
  const first = told[0]!
  assert.ok(first.phase === 'downloading' && first.bytes > 0 && first.bytes <= body.length)
  assert.equal(first.bytesTotal, body.length)
  assert.ok(told.some((each) => each.phase === 'waiting'))
  const writing = told.filter((each) => each.phase === 'writing')
  assert.ok(writing.some(({ rows }) => rows > 0 && rows <= 20_000))
})
