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
