// The kill switch over HTTP and from the command line: who may trade may set it, only an admin clears it.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from '../cli/run.ts'
import { addKey, startPlant } from '../support/plant.ts'

const plant = await startPlant({ after })
const url = `${plant.httpUrl}/admin/kill`
const trader = await addKey(plant, 'trader', ['trade'])
const reader = await addKey(plant, 'reader', ['read'])
const admin = plant.engine.localKey

async function ask(method: string, key: string, body?: string) {
  const headers = key === '' ? {} : { authorization: `Bearer ${key}` }
  const reply = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  const { atMs, ...told } = (await reply.json()) as Record<string, unknown>
  return { status: reply.status, told }
}

const CLEAR = { status: 200, told: { isSet: false, by: null, why: null } }

test('a trade key sets it and sees it, and only an admin clears it', async () => {
  assert.deepEqual(await ask('GET', trader.key), CLEAR)
  const set = { status: 200, told: { isSet: true, by: 'trader', why: 'runaway' } }
  assert.deepEqual(await ask('POST', trader.key, '{"why":"runaway"}'), set)
  assert.deepEqual(await ask('GET', admin), set)
  const refused = { status: 403, told: { error: 'the API key trader has no scope admin' } }
  assert.deepEqual(await ask('DELETE', trader.key), refused)
  assert.deepEqual(await ask('GET', trader.key), set)
  assert.deepEqual(await ask('DELETE', admin), CLEAR)
  const [line] = plant.logs.filter(({ msg }) => String(msg).startsWith('kill switch set'))
  assert.deepEqual([line?.level, line?.by, line?.why], ['error', 'trader', 'runaway'])
  assert.ok(plant.logs.some(({ msg, by }) => msg === 'kill switch cleared' && by === 'local'))
})

test('keys that may not trade cannot touch it', async () => {
  for (const method of ['GET', 'POST', 'DELETE']) {
    const scope = method === 'DELETE' ? 'admin' : 'trade or admin'
    const error = `the API key reader has no scope ${scope}`
    assert.deepEqual(await ask(method, reader.key), { status: 403, told: { error } })
    const none = `send an API key of scope ${scope} as \`Authorization: Bearer KEY\``
    assert.deepEqual(await ask(method, ''), { status: 401, told: { error: none } })
  }
  assert.deepEqual(await ask('GET', admin), CLEAR)
})

test('it is set without a body too, and whatever else the body asks for', async () => {
  assert.equal((await ask('POST', trader.key)).status, 200)
  await ask('DELETE', admin)
  for (const [status, body] of [
    [400, '{"reason":5}'],
    [400, 'why=runaway'],
    [400, '{"why":"run'],
    [413, `{"why":"${'x'.repeat(300_000)}"}`],
  ] as const) {
    assert.equal((await ask('POST', trader.key, body)).status, status)
    assert.equal((await ask('GET', trader.key)).told.isSet, true, body.slice(0, 20))
    await ask('DELETE', admin)
  }
})

test('a body that is no JSON sets nothing for those who may not', async () => {
  assert.equal((await ask('POST', reader.key, 'why=runaway')).status, 403)
  assert.deepEqual(await ask('GET', admin), CLEAR)
})

const run = (...words: string[]) => runCommand(['kill', ...words, '--data-dir', plant.dataDir])

test('the command sets, tells and clears it through the engine', async () => {
  const set = await run('--why', 'lunch')
  assert.equal(set.code, 0, set.stderr)
  assert.match(
    set.stdout,
    /^The kill switch is set, by local at 20.*Z \(lunch\): no new orders and no/,
  )
  assert.equal((await ask('GET', admin)).told.isSet, true)
  const told = await run('--status', '--json')
  assert.equal(JSON.parse(told.stdout).why, 'lunch')
  const cleared = await run('--clear')
  assert.equal(cleared.stdout, 'The kill switch is clear: orders are taken.\n')
  assert.deepEqual(await ask('GET', admin), CLEAR)
})

test('a file made by hand shows everywhere', async () => {
  await writeFile(join(plant.dataDir, 'kill'), '')
  assert.equal((await ask('GET', admin)).told.isSet, true)
  assert.match((await run('--status')).stdout, /^The kill switch is set, by hand: no new orders/)
  await run('--clear')
  assert.deepEqual(await ask('GET', admin), CLEAR)
})
