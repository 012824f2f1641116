import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { curveKeyPair } from 'zeromq'
import { CurveStore } from '../../engine/auth/curve.ts'
import { freshFolder, runCommand } from './run.ts'

test('keys curve prints the public key of the server, the same each time', async () => {
  const cwd = freshFolder()
  const first = await runCommand(['keys', 'curve'], { cwd })
  const { publicKey } = JSON.parse(readFileSync(join(cwd, 'data/curve.key'), 'utf8'))
  assert.deepEqual(first, { code: 0, stdout: `${publicKey}\n`, stderr: '' })
  assert.deepEqual(await runCommand(['keys', 'curve', 'show'], { cwd }), first)
})

test('a client is added with a pair of its own, listed and revoked', async () => {
  const cwd = freshFolder()
  const added = await runCommand(['keys', 'curve', 'add', 'desk'], { cwd })
  assert.equal(added.code, 0)
  assert.equal(added.stderr, 'Added CURVE client desk; its secret key is told only once:\n')
  const keys = JSON.parse(added.stdout)
  assert.deepEqual(Object.keys(keys), ['serverPublicKey', 'publicKey', 'secretKey'])
  const server = await runCommand(['keys', 'curve'], { cwd })
  assert.equal(`${keys.serverPublicKey}\n`, server.stdout)
  for (const name of ['curve.key', 'curve-clients.json'])
    assert.ok(!readFileSync(join(cwd, 'data', name), 'utf8').includes(keys.secretKey))

  const listed = await runCommand(['keys', 'curve', 'list', '--json'], { cwd })
  const [{ createdAtMs, ...client }, ...others] = JSON.parse(listed.stdout)
  assert.deepEqual(client, { name: 'desk', publicKey: keys.publicKey })
  assert.equal(typeof createdAtMs, 'number')
  assert.deepEqual(others, [])
  const table = (await runCommand(['keys', 'curve', 'list'], { cwd })).stdout.split('\n')
  assert.match(table[0]!, /^ {2}NAME +PUBLIC KEY +CREATED$/)
  assert.ok(table[1]!.startsWith(`  desk  ${keys.publicKey}  20`), table[1])

  const revoked = await runCommand(['keys', 'curve', 'revoke', 'desk'], { cwd })
  assert.equal(revoked.code, 0)
  assert.equal(revoked.stdout, '')
  assert.match(revoked.stderr, /^Revoked CURVE client desk: it cannot connect again; .*\n$/)
  assert.equal((await runCommand(['keys', 'curve', 'list', '--json'], { cwd })).stdout, '[]\n')
})

test('a client that made its own pair gives the public key alone', async () => {
  const cwd = freshFolder()
  const { publicKey } = curveKeyPair()
  const words = ['keys', 'curve', 'add', 'desk', `--public-key=${publicKey}`, '--data-dir', 'here']
  const { code, stdout, stderr } = await runCommand(words, { cwd })
  assert.equal(code, 0, stderr)
  assert.equal(stderr, 'Added CURVE client desk:\n')
  const { serverPublicKey, ...rest } = JSON.parse(stdout)
  assert.deepEqual(rest, { publicKey })
  const store = CurveStore.load(join(cwd, 'here'))
  assert.equal(serverPublicKey, (await store.serverPair()).publicKey)
  assert.deepEqual(
    store.list().map((client) => client.publicKey),
    [publicKey],
  )
})

test('a wish that is not allowed ends with 2, one that cannot be granted with 1', async () => {
  const cwd = freshFolder()
  await CurveStore.load(join(cwd, 'data')).add({ name: 'desk' })
  const ends: [words: string[], code: number, sentence: RegExp][] = [
    [['add', '../x'], 2, /^tickplant: the name of a CURVE client must be 1 to 32 letters/],
    [['add', 'x', '--public-key', 'short'], 2, /^tickplant: the public key must be a CURVE/],
    [['add', 'desk'], 1, /^tickplant: there is a CURVE client named desk already/],
    [['revoke', 'nobody'], 1, /^tickplant: there is no CURVE client with the name .*"nobody"/],
  ]
  for (const [words, code, sentence] of ends) {
    const ended = await runCommand(['keys', 'curve', ...words], { cwd })
    assert.equal(ended.code, code)
    assert.equal(ended.stdout, '')
    assert.match(ended.stderr, sentence)
    assert.equal(ended.stderr.trim().split('\n').length, 1)
  }
})

test('files that cannot be trusted are told in a sentence, without what is in them', async () => {
  const cwd = freshFolder()
  const { secretKey } = await CurveStore.load(join(cwd, 'data')).serverPair()
  const file = join(cwd, 'data/curve.key')
  const endings: [spoil: () => void, sentence: RegExp][] = [
    [() => chmodSync(file, 0o644), /^tickplant: others may read or change .*curve\.key: .*\n$/],
    [
      () => writeFileSync(file, `{"publicKey": "x", "secretKey": "${secretKey}"`),
      /^tickplant: .*curve\.key is damaged, .*\n$/,
    ],
    [
      () => writeFileSync(join(cwd, 'data/curve-clients.json'), '{}'),
      /^tickplant: .*curve-clients\.json is damaged and was left as it is: .*\n$/,
    ],
  ]
  for (const [spoil, sentence] of endings) {
    spoil()
    const { code, stdout, stderr } = await runCommand(['keys', 'curve'], { cwd })
    chmodSync(file, 0o600)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, sentence)
    assert.ok(!stderr.includes(secretKey))
  }
})
