import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { adminRoutes } from '../../engine/api/admin.ts'
import { answererOf } from '../../engine/api/answerer.ts'
import { serveHttp } from '../../engine/api/http.ts'
import { KeyStore } from '../../engine/auth/keys.ts'
import { loadUWebSockets } from '../../engine/distribute/uws.ts'
import { freshFolder, runCommand } from './run.ts'

test('a key is added, listed and revoked in the file when no engine runs', async () => {
  const cwd = freshFolder()
  const added = await runCommand(['keys', 'add', 'desk', '--scope', 'trade', '--scope', 'read'], {
    cwd,
  })
  assert.equal(added.code, 0)
  assert.match(added.stdout, /^[0-9a-f]{64}\n$/)
  assert.match(added.stderr, /^Added key desk \(id [0-9a-f]{8}, read, trade\)/)
  const store = await KeyStore.load(join(cwd, 'data/keys.json'))
  assert.equal(store.verify(added.stdout.trim())?.name, 'desk')

  const listed = await runCommand(['keys', 'list', '--json'], { cwd })
  const [{ id, createdAtMs, ...record }] = JSON.parse(listed.stdout)
  assert.deepEqual(record, { name: 'desk', scopes: ['read', 'trade'] })
  assert.equal(typeof createdAtMs, 'number')
  const table = await runCommand(['keys', 'list'], { cwd })
  assert.match(
    table.stdout,
    new RegExp(`^ {2}ID +NAME +SCOPES +CREATED\n {2}${id} +desk +read trade +20`),
  )

  const revoked = await runCommand(['keys', 'revoke', id], { cwd })
  assert.deepEqual(revoked, { code: 0, stdout: '', stderr: `Revoked key desk (id ${id}).\n` })
  assert.equal((await runCommand(['keys', 'list', '--json'], { cwd })).stdout, '[]\n')
})

test('the data folder comes from the flag, before the environment, before the file', async () => {
  const cwd = freshFolder()
  const env = { TICKPLANT_DATA_DIR: 'from-env' }
  writeFileSync(join(cwd, 'tickplant.toml'), 'data_dir = "from-file"')
  await runCommand(['keys', 'add', 'a', '--data-dir', 'from-flag'], { cwd, env })
  await runCommand(['keys', 'add', 'b'], { cwd, env })
  await runCommand(['keys', 'add', 'c'], { cwd })
  for (const [folder, name] of [
    ['from-flag', 'a'],
    ['from-env', 'b'],
    ['from-file', 'c'],
  ] as const) {
    const store = await KeyStore.load(join(cwd, folder, 'keys.json'))
    assert.deepEqual(
      store.list().map((record) => record.name),
      [name],
    )
  }
})

test('a wish that is not allowed ends with 2, one that cannot be granted with 1', async () => {
  const cwd = freshFolder()
  const weak = await runCommand(['keys', 'add', 'weak', '--key', 'abcdefgh'], { cwd })
  assert.equal(weak.stdout, 'abcdefgh\n')
  assert.match(weak.stderr, /^Warning: the key has only 8 characters/m)
  const ends: [words: string[], code: number, sentence: RegExp][] = [
    [['add', 'x', '--key', 'short'], 2, /^tickplant: a key must be 8 to 256 printable/],
    [['add', 'x', '--scope', 'root'], 2, /^tickplant: the scopes of a key must be/],
    [['add', 'weak'], 1, /^tickplant: there is a key named weak already/],
    [['revoke', 'nobody'], 1, /^tickplant: there is no key with the id or name "nobody"/],
  ]
  for (const [words, code, sentence] of ends) {
    const ended = await runCommand(['keys', ...words], { cwd })
    assert.equal(ended.code, code)
    assert.match(ended.stderr, sentence)
    assert.equal(ended.stderr.trim().split('\n').length, 1)
  }
})

test('a damaged key file is told without a stack and left as it is', async () => {
  const cwd = freshFolder()
  const file = join(cwd, 'keys.json')
  writeFileSync(file, '{"keys": 3}')
  const { code, stderr } = await runCommand(['keys', 'add', 'x', '--data-dir', '.'], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /^tickplant: .*keys\.json is damaged and was left as it is.*\n$/)
  assert.equal(readFileSync(file, 'utf8'), '{"keys": 3}')
})

test('an error of the system is told without a stack', async () => {
  const cwd = freshFolder()
  writeFileSync(join(cwd, 'data'), 'a file where the folder should be')
  const { code, stderr } = await runCommand(['keys', 'add', 'x'], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /^tickplant: ENOTDIR.*\n$/)
})

/** Leaves word of an engine in a data folder. */
function leaveWord(dataDir: string, pid: number, port: number): void {
  mkdirSync(dataDir, { recursive: true })
  const address = { host: '127.0.0.1', port }
  const word = { pid, startedAtMs: 1, websocket: address, http: address, apiKey: 'local-key' }
  writeFileSync(join(dataDir, 'engine.json'), JSON.stringify(word))
}

/** The engine's admin API over a store of its own, for the local key only; notes whose clients it would close. */
async function serveAdmin(context: TestContext) {
  const keys = await KeyStore.load(join(freshFolder(), 'keys.json'))
  const closed: string[] = []
  const routes = adminRoutes({
    keys,
    health: () => ({}),
    status: () => ({}),
    closeKey: (keyId) => closed.push(keyId),
  })
  const local = {
    id: 'local',
    name: 'local',
    sha256: '',
    scopes: ['admin' as const],
    createdAtMs: 0,
  }
  const verify = (key: string) => (key === 'local-key' ? local : keys.verify(key))
  const { port, close } = serveHttp(
    await loadUWebSockets(),
    { host: '127.0.0.1', port: 0 },
    answererOf(routes, verify),
  )
  context.after(close)
  return { keys, closed, port }
}

for (const folder of ['data', 'data/demo']) {
  test(`keys are changed through the engine that left word in ${folder}`, async (context) => {
    const cwd = freshFolder()
    const { keys, closed, port } = await serveAdmin(context)
    leaveWord(join(cwd, folder), process.pid, port)
    const added = await runCommand(['keys', 'add', 'desk@1', '--key', 'abcdefgh'], { cwd })
    assert.equal(added.code, 0, added.stderr)
    assert.equal(keys.verify(added.stdout.trim())?.name, 'desk@1')
    assert.match(added.stderr, /^Warning: /m)
    const listed = JSON.parse((await runCommand(['keys', 'list', '--json'], { cwd })).stdout)
    assert.deepEqual(Object.keys(listed[0]), ['id', 'name', 'scopes', 'createdAtMs'])
    const refused = await runCommand(['keys', 'add', 'desk@1'], { cwd })
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^tickplant: there is a key named desk@1 already/)
    assert.equal((await runCommand(['keys', 'add', 'x', '--key', 'short'], { cwd })).code, 2)
    const unknown = await runCommand(['keys', 'revoke', 'no/such?key'], { cwd })
    assert.match(unknown.stderr, /^tickplant: there is no key with the id or name "no\/such\?key"/)
    const revoked = await runCommand(['keys', 'revoke', 'desk@1'], { cwd })
    assert.equal(revoked.code, 0, revoked.stderr)
    assert.deepEqual(closed, [listed[0].id])
    assert.deepEqual(keys.list(), [])
    assert.throws(() => readFileSync(join(cwd, 'data/keys.json')), { code: 'ENOENT' })
  })
}

test('word of an engine that is gone is not believed', async () => {
  const cwd = freshFolder()
  const { pid } = spawnSync(process.execPath, ['--version'])
  leaveWord(join(cwd, 'data'), pid, 1)
  const { code } = await runCommand(['keys', 'add', 'desk'], { cwd })
  assert.equal(code, 0)
  assert.equal((await KeyStore.load(join(cwd, 'data/keys.json'))).list().length, 1)
})

test('an engine that lives but does not answer is exit code 3', async () => {
  const cwd = freshFolder()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  leaveWord(join(cwd, 'data'), process.pid, port)
  const { code, stderr } = await runCommand(['keys', 'list'], { cwd })
  assert.equal(code, 3)
  assert.match(
    stderr,
    /^tickplant: the engine of process \d+ does not answer \(GET .*connection refused\).*\n$/,
  )
})

test('damaged word of an engine is told', async () => {
  const cwd = freshFolder()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/engine.json'), '{"pid": ')
  const { code, stderr } = await runCommand(['keys', 'list'], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /^tickplant: .*engine\.json is damaged; .*\n$/)
})
