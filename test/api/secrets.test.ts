import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  addKey,
  callAdmin,
  kiteFlags,
  type Plant,
  type Scope,
  sharesOf,
  startEngineWith,
  startPlant,
  until,
} from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const SECRETS = {
  apiKey: 'the-api-key-of-the-app',
  accessToken: 'the-access-token-of-the-day',
}

/** Bytes of every file in a folder and the folders in it, as text. */
async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ path, name }) => join(path, name))
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const)),
  )
}

test('the word for this machine is readable by its user only, and goes with the engine', async (context) => {
  const { dataDir, engine } = await startPlant(context)
  const file = join(dataDir, 'engine.json')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const word = JSON.parse(await readFile(file, 'utf8'))
  assert.equal(word.pid, process.pid)
  assert.equal(word.apiKey, engine.localKey)
  assert.deepEqual(word.websocket, { host: '127.0.0.1', port: engine.websocketPort })
  assert.deepEqual(word.http, { host: '127.0.0.1', port: engine.httpPort })
  await engine.stop()
  await assert.rejects(stat(file), { code: 'ENOENT' })
})

/** Whatever can go wrong with credentials, so that it may show in the log. */
async function provoke(context: Scope, plant: Plant, keys: string[]) {
  const client = await StreamClient.open(context, plant)
  await client.stream(sharesOf(plant, 3), 'Quote')
  client.send(`{"action":"authenticate","api_key":"${keys[0]}"`)
  await client.authenticate(keys[1]!)
  plant.simulator.sendRaw(JSON.stringify({ type: 'error', data: 'Token is invalid' }))
  plant.simulator.sendRaw(Buffer.from([0, 1, 0, 200, 1]))
  for (const method of ['GET', 'POST', 'DELETE']) {
    const headers = { authorization: `Bearer ${keys[2]}` }
    const body = method === 'GET' ? {} : { body: JSON.stringify({ key: keys[0] }) }
    await fetch(`${plant.httpUrl}/admin/keys`, { method, headers, ...body })
  }
  plant.simulator.dropSockets()
  await until('a line', () => plant.logs.some(({ msg }) => msg === 'feed lost'))
  plant.simulator.expireSession()
  plant.simulator.dropSockets()
  await until('the refusal', () => plant.engine.status().feeds[0]!.sockets[0] === 'refused')
}

test('no secret is in a log line or in a file of the engine', async (context) => {
  const plant = await startPlant(context, SECRETS)
  const { key } = await addKey(plant, 'desk', ['read'])
  const keys = ['mistyped-key-1', 'mistyped-key-2', key]
  await provoke(context, plant, keys)
  await callAdmin(plant, 'DELETE', '/admin/keys/desk')
  await plant.engine.stop()
  const lines = JSON.stringify(plant.logs)
  assert.ok(plant.logs.length > 10)
  const files = await filesOf(plant.dataDir)
  assert.ok([...files.values()].some((text) => text.includes('RELIANCE')))
  for (const secret of [...Object.values(SECRETS), plant.engine.localKey, ...keys]) {
    assert.ok(!lines.includes(secret), `a log line holds ${secret}`)
    for (const [name, text] of files) {
      assert.ok(!text.includes(secret), `${name} holds ${secret}`)
    }
  }
})

test('a start that fails tells no secret', async (context) => {
  const { simulator } = await startPlant(context, SECRETS)
  const hosts = { restUrl: simulator.restUrl, feedUrl: simulator.feedUrl }
  const credentials = { api_key: 'a-wrong-api-key', access_token: 'a-wrong-access-token' }
  const wrong = { ...hosts, credentials }
  const logs: Record<string, unknown>[] = []
  const failure = await startEngineWith(context, kiteFlags(wrong), logs).then(
    () => assert.fail('it started'),
    (error: Error) => error,
  )
  const told = `${failure.stack} ${JSON.stringify(logs)}`
  assert.ok(!told.includes('a-wrong-'), told)
})

test('a login leaves no secret in a log line, a file or a reply', async (context) => {
  const apiSecret = 'the-api-secret-of-the-app'
  const flags = { 'brokers.zerodha.api_secret': apiSecret }
  const plant = await startPlant(context, { ...SECRETS, apiSecret }, flags)
  const { simulator, engine, httpUrl } = plant
  const replies: string[] = []
  const codes: string[] = []
  for (let login = 0; login < 2; login++) {
    const begun = await callAdmin(plant, 'POST', '/admin/login/zerodha')
    replies.push(JSON.stringify(begun))
    const page = `${simulator.restUrl}/connect/login?v=3&api_key=${SECRETS.apiKey}`
    const { headers } = await fetch(page, { redirect: 'manual' })
    const { search, searchParams } = new URL(headers.get('location')!)
    codes.push(searchParams.get('request_token')!)
    // The code is good once: the last login is refused by the broker.
    const query = login === 0 ? search : `?request_token=${codes[0]}`
    replies.push(await (await fetch(`${httpUrl}/zerodha/callback${query}`)).text())
  }
  assert.match(replies[1]!, /Signed in to Zerodha/)
  assert.match(replies[3]!, /sign-in was refused/)
  const body = {
    values: { request_token: 'mistyped-request-token', api_secret: 'mistyped-secret' },
  }
  const refused = await fetch(`${httpUrl}/admin/login/zerodha`, {
    method: 'POST',
    headers: { authorization: `Bearer ${engine.localKey}` },
    body: JSON.stringify(body),
  })
  assert.equal(refused.status, 409)
  replies.push(await refused.text(), JSON.stringify(engine.status()))
  replies.push(JSON.stringify(await callAdmin(plant, 'GET', '/admin/login/zerodha')))
  const { accessToken } = engine.keepers[0]!.current()!
  assert.notEqual(accessToken, SECRETS.accessToken)
  await engine.stop()
  const files = await filesOf(plant.dataDir)
  assert.ok([...files.keys()].some((name) => name.endsWith('/vault')))
  const secrets = [apiSecret, accessToken, ...codes, ...Object.values(body.values)]
  for (const secret of secrets) {
    assert.ok(!JSON.stringify(plant.logs).includes(secret), `a log line holds ${secret}`)
    for (const reply of replies) assert.ok(!reply.includes(secret), `${secret} in ${reply}`)
    for (const [name, text] of files) assert.ok(!text.includes(secret), `${name} holds ${secret}`)
  }
})

test('only a key of scope admin begins a login, and only for a broker that runs', async (context) => {
  const plant = await startPlant(context)
  const ask = async (method: string, broker: string, key: string, body?: string) => {
    const init = body === undefined ? {} : { body }
    const headers = { authorization: `Bearer ${key}` }
    const url = `${plant.httpUrl}/admin/login/${broker}`
    const reply = await fetch(url, { method, headers, ...init })
    return [reply.status, ((await reply.json()) as { error?: string }).error]
  }
  const { key } = await addKey(plant, 'desk', ['read', 'trade'])
  for (const method of ['GET', 'POST']) {
    assert.equal((await ask(method, 'zerodha', 'wrong'))[0], 401)
    assert.equal((await ask(method, 'zerodha', key))[0], 403)
    assert.deepEqual(await ask(method, 'upstox', plant.engine.localKey), [
      404,
      'broker upstox is not running; running: zerodha',
    ])
  }
  const shape = 'values must be texts of 1 to 4096 characters, by their names'
  for (const body of [
    '{"values":5}',
    '{"values":{"a":1}}',
    '{"x":1}',
    '[]',
    '{"values":{"a":""}}',
  ]) {
    assert.deepEqual(await ask('POST', 'zerodha', plant.engine.localKey, body), [400, shape])
  }
  const [status, error] = await ask(
    'POST',
    'zerodha',
    plant.engine.localKey,
    '{"values":{"pin":"1"}}',
  )
  assert.equal(status, 400)
  assert.match(String(error), /^zerodha has no credential pin; it has api_key, api_secret/)
  assert.equal(plant.engine.keepers[0]!.status().isInUse, true)
})
