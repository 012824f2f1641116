import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { KeyError, KeyStore } from '../../engine/auth/keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'tickplant-keys-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
/** A place for a key file, in a data folder that does not exist yet. */
function freshFile(): string {
  count += 1
  return join(folder, String(count), 'keys.json')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

test('a key that was added is verified by another store of the same file', async () => {
  const file = freshFile()
  const { record, key, warning } = await (await KeyStore.load(file)).add({
    name: 'desk',
    scopes: ['trade', 'read', 'trade'],
  })
  assert.match(key, /^[0-9a-f]{64}$/)
  assert.deepEqual(record.scopes, ['read', 'trade'])
  assert.equal(warning, undefined)
  assert.ok(Math.abs(Date.now() - record.createdAtMs) < 60_000)
  const other = await KeyStore.load(file)
  assert.deepEqual(other.verify(key), record)
  assert.equal(other.verify(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`), null)
  assert.equal(other.verify(''), null)
  assert.equal(other.verify(key + '0'.repeat(300)), null)
  assert.deepEqual(other.list(), [record])
})

test('the file holds no key, only its SHA-256, and only its owner may read it', async () => {
  const file = freshFile()
  const { record, key } = await (await KeyStore.load(file)).add({ name: 'desk', scopes: ['read'] })
  const text = readFileSync(file, 'utf8')
  assert.ok(!text.includes(key))
  assert.equal(record.sha256, sha256(key))
  assert.ok(text.includes(sha256(key)))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(join(file, '..')), ['keys.json'])
})

test('every one of many keys is found, and the first and last as well as those between', async () => {
  const store = await KeyStore.load(freshFile())
  const added = []
  for (let at = 0; at < 5; at++) added.push(await store.add({ name: `key${at}`, scopes: ['read'] }))
  for (const { key, record } of added) assert.equal(store.verify(key)?.name, record.name)
})

test('a revoked key is no longer verified, by name and by id', async () => {
  const store = await KeyStore.load(freshFile())
  const first = await store.add({ name: 'first', scopes: ['read'] })
  const second = await store.add({ name: 'second', scopes: ['admin'] })
  assert.deepEqual(await store.revoke('first'), first.record)
  assert.equal(store.verify(first.key), null)
  assert.ok(store.verify(second.key))
  await store.revoke(second.record.id)
  assert.equal(store.verify(second.key), null)
  await assert.rejects(store.revoke('first'), { kind: 'not-found', message: /"first"/ })
})

test('a key of the user is taken, with a warning when it is short', async () => {
  const store = await KeyStore.load(freshFile())
  const short = await store.add({ name: 'short', scopes: ['read'], key: 'a'.repeat(31) })
  assert.match(short.warning ?? '', /31 characters/)
  const long = await store.add({ name: 'long', scopes: ['read'], key: 'b'.repeat(32) })
  assert.equal(long.warning, undefined)
  assert.equal(store.verify('a'.repeat(31))?.name, 'short')
})

test('a wish that cannot be granted is refused with the reason and changes nothing', async () => {
  const file = freshFile()
  const store = await KeyStore.load(file)
  const { record } = await store.add({ name: 'desk', scopes: ['read'], key: 'correct-horse' })
  const before = readFileSync(file, 'utf8')
  const refused: [Parameters<KeyStore['add']>[0], string, RegExp][] = [
    [{ name: 'desk', scopes: ['read'] }, 'duplicate', /named desk already/],
    [{ name: record.id, scopes: ['read'] }, 'duplicate', /already/],
    [
      { name: 'twin', scopes: ['read'], key: 'correct-horse' },
      'duplicate',
      /in use already, as desk/,
    ],
    [{ name: '', scopes: ['read'] }, 'invalid', /1 to 64 letters/],
    [{ name: '../x', scopes: ['read'] }, 'invalid', /1 to 64 letters/],
    [{ name: 'x', scopes: [] }, 'invalid', /read, trade, admin/],
    [{ name: 'x', scopes: ['read', 'root'] }, 'invalid', /read, trade, admin/],
    [{ name: 'x', scopes: ['read'], key: '1234567' }, 'invalid', /8 to 256/],
    [{ name: 'x', scopes: ['read'], key: 'has a space' }, 'invalid', /8 to 256/],
    [{ name: 'x', scopes: ['read'], key: 'k'.repeat(257) }, 'invalid', /8 to 256/],
  ]
  for (const [wish, kind, message] of refused) {
    await assert.rejects(store.add(wish), (error: unknown) => {
      assert.ok(error instanceof KeyError)
      assert.equal(error.kind, kind)
      assert.match(error.message, message)
      if (wish.key !== undefined) assert.ok(!error.message.includes(wish.key))
      return true
    })
  }
  assert.equal(readFileSync(file, 'utf8'), before)
})

test('a damaged file is told and left as it is', async () => {
  const record = {
    id: '0'.repeat(8),
    name: 'x',
    sha256: 'f'.repeat(64),
    scopes: ['read'],
    createdAtMs: 1,
  }
  const damages = [
    '',
    '{"keys": [',
    '[]',
    'null',
    JSON.stringify({ keys: [{ ...record, sha256: 'short' }] }),
    JSON.stringify({ keys: [{ ...record, scopes: ['root'] }] }),
  ]
  for (const damage of damages) {
    const file = freshFile()
    const store = await KeyStore.load(file)
    const { key } = await store.add({ name: 'desk', scopes: ['read'] })
    writeFileSync(file, damage)
    const isCorrupt = (error: unknown) => {
      assert.ok(error instanceof KeyError)
      assert.equal(error.kind, 'corrupt')
      assert.ok(error.message.startsWith(`${file} is damaged`))
      return true
    }
    await assert.rejects(KeyStore.load(file), isCorrupt)
    await assert.rejects(store.add({ name: 'other', scopes: ['read'] }), isCorrupt)
    await assert.rejects(store.reload(), isCorrupt)
    assert.equal(readFileSync(file, 'utf8'), damage)
    assert.ok(store.verify(key), 'a store keeps the keys it knows')
  }
})

test('a store takes over what another one wrote when it reloads', async () => {
  const file = freshFile()
  const mine = await KeyStore.load(file)
  assert.equal(await mine.reload(), false)
  const { key, record } = await (await KeyStore.load(file)).add({
    name: 'theirs',
    scopes: ['read'],
  })
  assert.equal(mine.verify(key), null)
  assert.equal(await mine.reload(), true)
  assert.deepEqual(mine.verify(key), record)
  assert.equal(await mine.reload(), false)
  rmSync(file)
  assert.equal(await mine.reload(), true)
  assert.equal(mine.verify(key), null)
})

test('keys added at the same time in one process are all kept', async () => {
  const file = freshFile()
  const stores = await Promise.all([KeyStore.load(file), KeyStore.load(file)])
  const names = Array.from({ length: 12 }, (_, at) => `key${at}`)
  await Promise.all(names.map((name, at) => stores[at % 2]!.add({ name, scopes: ['read'] })))
  const kept = (await KeyStore.load(file)).list().map(({ name }) => name)
  assert.deepEqual(kept.sort(), names.sort())
})

test('keys added at the same time by several processes are all kept', async () => {
  const file = freshFile()
  const program = fileURLToPath(new URL('./add-keys.js', import.meta.url))
  const children = ['a', 'b', 'c'].map((prefix) => fork(program, [file, prefix, '8']))
  const exits = children.map((child) => once(child, 'exit'))
  await Promise.all(children.map((child) => once(child, 'message')))
  for (const child of children) child.send('go')
  assert.deepEqual(await Promise.all(exits), Array(3).fill([0, null]))
  assert.equal((await KeyStore.load(file)).list().length, 24)
})
