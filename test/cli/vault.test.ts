import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freshFolder, runCommand } from './run.ts'

const USER = { TICKPLANT_BROKERS_SHOONYA_USER_ID: 'FA00001' }
const [KEY, OTHER] = ['0f'.repeat(32), 'e0'.repeat(32)]
const TOKEN = 'a-token-of-the-desk'

/** A folder in which somebody signed in. */
async function signedIn(env: Readonly<Record<string, string>> = USER): Promise<string> {
  const cwd = freshFolder()
  const input = `access_token=${TOKEN}`
  const { code, stderr } = await runCommand(['login', 'shoonya', '--stdin'], { cwd, env, input })
  assert.equal(code, 0, stderr)
  return cwd
}

test('vault status tells what is sealed and where the key is, before and after the first login', async () => {
  const empty = await runCommand(['vault', 'status'])
  assert.deepEqual([empty.code, empty.stderr], [0, ''])
  assert.match(empty.stdout, /\(made at the first login\)\n\nNothing is sealed\.\n$/)
  const cwd = await signedIn()
  const { code, stdout } = await runCommand(['vault', 'status'], { cwd })
  assert.equal(code, 0)
  assert.match(
    stdout,
    /^ {2}vault +\S+\/data\/vault\n {2}key +\S+\/vault\.key \(id [0-9a-f]{16}\)$/m,
  )
  assert.match(stdout, /^ {2}shoonya +ends about \d{4}-\d\d-\d\d 03:00 IST +none$/m)
  assert.ok(!stdout.includes(TOKEN))
})

test('vault rotate makes another key, with which everything opens', async () => {
  const cwd = await signedIn()
  const before = readFileSync(join(cwd, 'data/vault.key'), 'utf8')
  const { code, stdout, stderr } = await runCommand(['vault', 'rotate'], { cwd })
  assert.deepEqual([code, stderr], [0, ''])
  const [, to, from] =
    /^The vault is sealed with key (\w{16}) now, no longer with (\w{16})\.\n$/.exec(stdout) ?? []
  assert.ok(to !== undefined && to !== from)
  assert.notEqual(readFileSync(join(cwd, 'data/vault.key'), 'utf8'), before)
  const status = JSON.parse((await runCommand(['vault', 'status', '--json'], { cwd })).stdout)
  assert.equal(status.keyId, to)
  assert.equal(status.brokers[0].broker, 'shoonya')
})

test('a key of the environment is kept nowhere, and rotated to the one on standard input', async () => {
  const env = { ...USER, TICKPLANT_VAULT_KEY: KEY }
  const cwd = await signedIn(env)
  assert.throws(() => readFileSync(join(cwd, 'data/vault.key')), { code: 'ENOENT' })
  const nothing = await runCommand(['vault', 'rotate'], { cwd, env })
  assert.deepEqual([nothing.code, nothing.stdout], [1, ''])
  assert.match(nothing.stderr, /^tickplant: the new key must hold a key of 64 hex[^\n]*\n$/)
  const done = await runCommand(['vault', 'rotate'], { cwd, env, input: OTHER })
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /\nPut the new key into TICKPLANT_VAULT_KEY\.\n$/)
  assert.equal((await runCommand(['vault', 'status'], { cwd, env })).code, 1)
  // A file .env is as good as the environment.
  writeFileSync(join(cwd, '.env'), `TICKPLANT_VAULT_KEY=${OTHER}\n`)
  const status = await runCommand(['vault', 'status'], { cwd })
  assert.match(status.stdout, /TICKPLANT_VAULT_KEY of the environment \(id \w{16}\)/)
})

test('a wrong key, and a key that others may read, end every command and the start', async () => {
  const cwd = await signedIn()
  const wrong = { ...USER, TICKPLANT_VAULT_KEY: KEY }
  const input = 'access_token=x'
  for (const words of [['start'], ['login', 'shoonya', '--stdin'], ['vault', 'status']]) {
    const { code, stdout, stderr } = await runCommand(words, { cwd, env: wrong, input })
    assert.deepEqual([code, stdout], [1, ''], words.join(' '))
    assert.match(stderr, /^tickplant: \S+ was sealed with another key [^\n]*sign in again\n$/)
    assert.ok(!stderr.includes(KEY))
  }
  chmodSync(join(cwd, 'data/vault.key'), 0o644)
  for (const words of [['start'], ['vault', 'rotate']]) {
    const { code, stderr } = await runCommand(words, { cwd, env: USER })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^tickplant: others may read or change \S+vault\.key: run chmod 600 on it\n$/,
    )
  }
})

test('the key file can lie elsewhere', async () => {
  const elsewhere = join(freshFolder(), 'keys', 'tickplant.key')
  const env = { ...USER, TICKPLANT_VAULT_KEY_FILE: elsewhere }
  const cwd = await signedIn(env)
  assert.match(readFileSync(elsewhere, 'utf8'), /^[0-9a-f]{64}\n$/)
  assert.equal((await runCommand(['vault', 'status'], { cwd })).code, 1)
  const { code } = await runCommand(['vault', 'status', `--vault-key-file=${elsewhere}`], { cwd })
  assert.equal(code, 0)
})

test('misuse of vault is told', async () => {
  const cases: [string[], RegExp][] = [
    [['vault'], /the action is missing; it must be one of: status, rotate/],
    [['vault', 'open'], /the action is "open"; it must be one of/],
    [['vault', 'rotate', '--json'], /--json does not go with this action/],
    [['vault', 'rotate', 'now'], /unexpected argument "now"/],
  ]
  for (const [words, stderr] of cases) {
    const ended = await runCommand(words)
    assert.deepEqual([ended.code, ended.stdout], [2, ''])
    assert.match(ended.stderr, stderr)
  }
  const none = await runCommand(['vault', 'rotate'])
  assert.deepEqual([none.code, /no vault at .* yet/.test(none.stderr)], [1, true])
})
