import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { curveKeyPair } from 'zeromq'
import { CurveStore } from '../../engine/auth/curve.ts'
import { KeyError } from '../../engine/auth/keys.ts'
import { decodeZ85 } from '../../engine/auth/z85.ts'

const folder = mkdtempSync(join(tmpdir(), 'tickplant-curve-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
/** A data folder that does not exist yet. */
function freshDataDir(): string {
  count += 1
  return join(folder, String(count))
}

function bytesOf(key: string): Uint8Array {
  return decodeZ85(key)!
}

test('the key pair of the server is made once, for all stores that ask at the same time', async () => {
  const dataDir = freshDataDir()
  const stores = Array.from({ length: 4 }, () => CurveStore.load(dataDir))
  const pairs = await Promise.all(stores.map((store) => store.serverPair()))
  for (const pair of pairs) assert.deepEqual(pair, pairs[0])
  assert.equal(bytesOf(pairs[0]!.publicKey).length, 32)
  assert.equal(bytesOf(pairs[0]!.secretKey).length, 32)
  assert.deepEqual(await CurveStore.load(dataDir).serverPair(), pairs[0])
  assert.deepEqual(readdirSync(dataDir), ['curve.key'])
})

test('only their owner may read the files, and no secret of a client is in them', async () => {
  const dataDir = freshDataDir()
  const { secretKey } = await CurveStore.load(dataDir).add({ name: 'desk' })
  const files = ['curve-clients.json', 'curve.key']
  assert.deepEqual(readdirSync(dataDir).sort(), files)
  assert.equal(statSync(dataDir).mode & 0o777, 0o700)
  for (const file of files) {
    assert.equal(statSync(join(dataDir, file)).mode & 0o777, 0o600)
    assert.ok(!readFileSync(join(dataDir, file), 'utf8').includes(secretKey!))
  }
})

test('a key pair that others may read or change is refused', async () => {
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    const dataDir = freshDataDir()
    const store = CurveStore.load(dataDir)
    const { secretKey } = await store.serverPair()
    const file = join(dataDir, 'curve.key')
    chmodSync(file, mode)
    await assert.rejects(store.serverPair(), (error: unknown) => {
      assert.ok(error instanceof KeyError)
      assert.equal(error.kind, 'corrupt')
      assert.ok(error.message.startsWith(`others may read or change ${file}: run chmod 600`))
      assert.ok(!error.message.includes(secretKey))
      return true
    })
    chmodSync(file, 0o600)
    assert.equal((await store.serverPair()).secretKey, secretKey)
  }
})

test('a key pair that is damaged, or of two pairs, is refused and left as it is', async () => {
  const [one, other] = [curveKeyPair(), curveKeyPair()]
  const damages = [
    '',
    'null',
    JSON.stringify(one).slice(0, -1),
    JSON.stringify({ publicKey: one.publicKey }),
    JSON.stringify({ publicKey: one.publicKey, secretKey: other.secretKey }),
    JSON.stringify({ ...one, secretKey: one.secretKey.slice(5) }),
    JSON.stringify({ ...one, secretKey: `${one.secretKey.slice(1)}~` }),
  ]
  for (const damage of damages) {
    const dataDir = freshDataDir()
    const store = CurveStore.load(dataDir)
    await store.serverPair()
    const file = join(dataDir, 'curve.key')
    writeFileSync(file, damage)
    for (const use of [() => store.serverPair(), () => store.add({ name: 'desk' })]) {
      await assert.rejects(use(), (error: unknown) => {
        assert.ok(error instanceof KeyError)
        assert.equal(error.kind, 'corrupt')
        assert.ok(error.message.startsWith(`${file} is damaged`))
        for (const { secretKey } of [one, other]) assert.ok(!error.message.includes(secretKey))
        return true
      })
    }
    assert.equal(readFileSync(file, 'utf8'), damage)
  }
})

test('a pair of another maker is taken', async () => {
  const dataDir = freshDataDir()
  const store = CurveStore.load(dataDir)
  await store.serverPair()
  // From documentation: the test key pair of the server in the manual page zmq_curve(7).
  const pair = {
    publicKey: 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7',
    secretKey: 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6',
  }
  writeFileSync(join(dataDir, 'curve.key'), JSON.stringify(pair))
  assert.deepEqual(await store.serverPair(), pair)
})

test('a client is allowed once it is added, by every store of the folder, until it is revoked', async () => {
  const dataDir = freshDataDir()
  const [mine, theirs] = [CurveStore.load(dataDir), CurveStore.load(dataDir)]
  const own = curveKeyPair()
  assert.equal(theirs.allows(bytesOf(own.publicKey)), false)
  const given = await mine.add({ name: 'given', publicKey: own.publicKey })
  assert.deepEqual(Object.keys(given), ['client'])
  assert.ok(Math.abs(Date.now() - given.client.createdAtMs) < 60_000)
  assert.equal(theirs.allows(bytesOf(own.publicKey)), true)

  const { client: made, secretKey } = await theirs.add({ name: 'made' })
  assert.equal(bytesOf(secretKey!).length, 32)
  assert.equal(mine.allows(bytesOf(made.publicKey)), true)
  assert.equal(mine.allows(bytesOf(secretKey!)), false)
  assert.equal(mine.allows(bytesOf(made.publicKey).subarray(0, 31)), false)
  assert.deepEqual(mine.list(), [given.client, made])

  assert.deepEqual(await mine.revoke('given'), given.client)
  assert.equal(theirs.allows(bytesOf(own.publicKey)), false)
  assert.deepEqual(await theirs.revoke(made.publicKey), made)
  assert.equal(mine.allows(bytesOf(made.publicKey)), false)
  await assert.rejects(mine.revoke('given'), { kind: 'not-found', message: /"given"/ })
  rmSync(join(dataDir, 'curve-clients.json'))
  assert.deepEqual(mine.list(), [])
})

test('a wish that cannot be granted is refused with the reason and changes nothing', async () => {
  const dataDir = freshDataDir()
  const store = CurveStore.load(dataDir)
  const { publicKey } = (await store.add({ name: 'desk' })).client
  const server = await store.serverPair()
  const file = join(dataDir, 'curve-clients.json')
  const before = readFileSync(file, 'utf8')
  const refused: [Parameters<CurveStore['add']>[0], string, RegExp][] = [
    [{ name: 'desk' }, 'duplicate', /named desk already/],
    [{ name: 'twin', publicKey }, 'duplicate', /in use already, as desk/],
    [{ name: '' }, 'invalid', /1 to 32 letters/],
    [{ name: '../x' }, 'invalid', /1 to 32 letters/],
    [{ name: 'x'.repeat(33) }, 'invalid', /1 to 32 letters/],
    [{ name: 'x', publicKey: '' }, 'invalid', /40 characters/],
    [{ name: 'x', publicKey: publicKey.slice(5) }, 'invalid', /40 characters/],
    [{ name: 'x', publicKey: `${publicKey.slice(1)}~` }, 'invalid', /40 characters/],
    [{ name: 'x', publicKey: '0'.repeat(40) }, 'invalid', /CURVE public key/],
    [{ name: 'x', publicKey: server.publicKey }, 'invalid', /that of the server/],
  ]
  for (const [wish, kind, message] of refused) {
    await assert.rejects(store.add(wish), { name: 'KeyError', kind, message })
  }
  assert.equal(readFileSync(file, 'utf8'), before)
})

test('there is room for 128 clients', async () => {
  const dataDir = freshDataDir()
  const store = CurveStore.load(dataDir)
  await store.serverPair()
  const clients = Array.from({ length: 127 }, (_, at) => {
    return { name: `client${at}`, publicKey: curveKeyPair().publicKey, createdAtMs: at }
  })
  writeFileSync(join(dataDir, 'curve-clients.json'), JSON.stringify({ clients }))
  const { client: last } = await store.add({ name: 'last' })
  await assert.rejects(store.add({ name: 'more' }), {
    kind: 'invalid',
    message: /128 CURVE clients/,
  })
  for (const { publicKey } of [...clients, last])
    assert.equal(store.allows(bytesOf(publicKey)), true)
})

test('while the list of clients is damaged nobody is allowed, and it is told and left as it is', async () => {
  const record = { name: 'x', publicKey: curveKeyPair().publicKey, createdAtMs: 1 }
  const damages = [
    '',
    '{"clients": [',
    '[]',
    JSON.stringify({ clients: [{ ...record, publicKey: 'short' }] }),
    JSON.stringify({ clients: [{ ...record, name: '-x' }] }),
  ]
  for (const damage of damages) {
    const dataDir = freshDataDir()
    const store = CurveStore.load(dataDir)
    const { client } = await store.add({ name: 'desk' })
    const file = join(dataDir, 'curve-clients.json')
    const whole = readFileSync(file)
    writeFileSync(file, damage)
    const isCorrupt = (error: unknown) => {
      assert.ok(error instanceof KeyError)
      assert.equal(error.kind, 'corrupt')
      assert.ok(error.message.startsWith(`${file} is damaged and was left as it is`))
      return true
    }
    assert.throws(() => CurveStore.load(dataDir), isCorrupt)
    assert.throws(() => store.allows(bytesOf(client.publicKey)), isCorrupt)
    assert.throws(() => store.allows(bytesOf(client.publicKey)), isCorrupt)
    await assert.rejects(store.add({ name: 'other' }), isCorrupt)
    await assert.rejects(store.revoke('desk'), isCorrupt)
    assert.equal(readFileSync(file, 'utf8'), damage)
    writeFileSync(file, whole)
    assert.equal(store.allows(bytesOf(client.publicKey)), true)
  }
})

test('clients added at the same time are all kept, and all revoked at the same time are gone', async () => {
  const dataDir = freshDataDir()
  const stores = [CurveStore.load(dataDir), CurveStore.load(dataDir)]
  const names = Array.from({ length: 12 }, (_, at) => `client${at}`)
  await Promise.all(names.map((name, at) => stores[at % 2]!.add({ name })))
  const kept = CurveStore.load(dataDir).list()
  assert.deepEqual(kept.map(({ name }) => name).sort(), names.sort())
  await Promise.all(names.map((name, at) => stores[at % 2]!.revoke(name)))
  assert.deepEqual(CurveStore.load(dataDir).list(), [])
})
