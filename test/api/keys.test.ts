import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { addKey, callAdmin, searchable, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { CASES } from './order-cases.ts'

const plant = await startPlant({ after })

async function refused(method: string, path: string, body?: object) {
  const reply = await fetch(plant.httpUrl + path, {
    method,
    headers: { authorization: `Bearer ${plant.engine.localKey}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: reply.status, ...((await reply.json()) as { error?: string }) }
}

test('a key is added, listed and revoked; it is told once and not kept', async () => {
  const wish = { name: 'desk@1', scopes: ['read', 'admin'] }
  const added = await callAdmin(plant, 'POST', '/admin/keys', wish)
  const { key, ...record } = added
  assert.match(String(key), /^[0-9a-f]{64}$/)
  assert.deepEqual(Object.keys(record), ['id', 'name', 'scopes', 'createdAtMs'])
  assert.deepEqual({ name: record.name, scopes: record.scopes }, wish)
  assert.deepEqual(await callAdmin(plant, 'GET', '/admin/keys'), [record])
  const kept = await readFile(join(plant.dataDir, 'keys.json'), 'utf8')
  assert.ok(kept.includes('desk@1') && !kept.includes(String(key)))
  const path = `/admin/keys/${encodeURIComponent('desk@1')}`
  assert.deepEqual(await callAdmin(plant, 'DELETE', path), record)
  assert.deepEqual(await callAdmin(plant, 'GET', '/admin/keys'), [])
})

test('a weak key of the users choice is taken with a warning', async () => {
  const wish = { name: 'weak', scopes: ['read'], key: 'abcdefgh' }
  const { key, warning } = await callAdmin(plant, 'POST', '/admin/keys', wish)
  assert.equal(key, 'abcdefgh')
  assert.match(String(warning), /only 8 characters/)
})

test('a name or key in use is 409, and a key that is not there is 404', async () => {
  await addKey(plant, 'twin', ['read'])
  const name = await refused('POST', '/admin/keys', { name: 'twin', scopes: ['read'] })
  assert.deepEqual(name, {
    status: 409,
    error: 'there is a key named twin already; revoke it or choose another name',
  })
  const given = { name: 'one', scopes: ['read'], key: 'the same key' }
  assert.equal((await refused('POST', '/admin/keys', given)).status, 400)
  const same = { ...given, key: 'the-same-key' }
  await callAdmin(plant, 'POST', '/admin/keys', same)
  const twin = await refused('POST', '/admin/keys', { ...same, name: 'two' })
  assert.deepEqual(twin, {
    status: 409,
    error: 'this key is in use already, as one; choose another key',
  })
  assert.deepEqual(await refused('DELETE', '/admin/keys/nobody'), {
    status: 404,
    error: 'there is no key with the id or name "nobody"',
  })
})

test('an admin key of ones own administers until it is revoked', async () => {
  const { key, id } = await addKey(plant, 'chief', ['admin'])
  const headers = { authorization: `Bearer ${key}` }
  const list = () => fetch(`${plant.httpUrl}/admin/keys`, { headers })
  assert.equal((await list()).status, 200)
  await callAdmin(plant, 'DELETE', `/admin/keys/${id}`)
  assert.equal((await list()).status, 401)
})

/** Requests of the symbol endpoints that are right. */
const QUESTIONS: Readonly<Record<string, object>> = {
  symbol: { symbol: 'NIFTY', exchange: 'NSE_INDEX' },
  search: { query: 'NIFTY' },
  expiry: { symbol: 'NIFTY', exchange: 'NFO', instrumenttype: 'options' },
  optionchain: { underlying: 'NIFTY', exchange: 'NSE_INDEX', expiry_date: '28MAR24' },
}

test('a revoked key is refused at every endpoint of the API', async () => {
  const { key, id } = await addKey(plant, 'desk@2', ['read', 'trade'])
  const root = `${plant.httpUrl}/api/v1`
  const ask = async (name: string, fields: object) => {
    const body = JSON.stringify({ ...fields, apikey: key })
    const reply = await fetch(`${root}/${name}`, { method: 'POST', body })
    return { status: reply.status, body: await reply.json() }
  }
  const list = () =>
    fetch(`${root}/instruments?exchange=BSE_INDEX`, { headers: { 'x-api-key': key } })
  assert.equal((await ask('analyzer', {})).status, 200)
  await searchable(plant)
  const open = await list()
  assert.deepEqual(
    [open.status, ((await open.json()) as { status: string }).status],
    [200, 'success'],
  )
  await callAdmin(plant, 'DELETE', `/admin/keys/${id}`)
  const refusal = {
    error_code: 'INSUFFICIENT_PERMISSION',
    message: 'Invalid openalgo apikey',
    status: 'error',
  }
  const { paths } = (await (await fetch(`${root}/openapi.json`)).json()) as { paths: object }
  const names = Object.keys(paths).map((path) => path.replace('/api/v1/', ''))
  assert.ok(names.length > 30)
  for (const name of names.filter((name) => name !== 'instruments')) {
    const fields = QUESTIONS[name] ?? CASES[name]!.right
    assert.deepEqual(await ask(name, fields), { status: 403, body: refusal }, name)
  }
  const listed = await list()
  assert.deepEqual([listed.status, await listed.json()], [403, refusal])
})

test('revoking a key closes its connections at once, and no others', async (context) => {
  const [share, other] = sharesOf(plant, 2)
  const revoked = await addKey(plant, 'revoked', ['read'])
  const kept = await addKey(plant, 'kept', ['read'])
  const clients: StreamClient[] = []
  for (const { key } of [revoked, revoked, kept]) {
    const client = await StreamClient.connect(context, plant.websocketUrl)
    await client.authenticate(key)
    await client.subscribe([share!], 'Quote')
    await client.waitForTicks(1)
    clients.push(client)
  }
  const [first, second, third] = clients as [StreamClient, StreamClient, StreamClient]
  await first.stream([other!], 'Quote')
  await callAdmin(plant, 'DELETE', `/admin/keys/${revoked.id}`)
  for (const client of [first, second]) {
    await until('the closing', () => client.closed)
    assert.deepEqual(client.closed, { code: 4401, reason: 'API key revoked' })
  }
  const before = third.tickCount
  plant.simulator.tickOnce([share!.token])
  await third.waitForTicks(before + 1)
  // What only the revoked key held is given back to the broker.
  await until('unsubscription', () => plant.simulator.stats().subscribedPairs === 1)
})
