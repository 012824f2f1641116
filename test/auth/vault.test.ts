import assert from 'node:assert/strict'
import { chmod, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Sealed } from '../../engine/auth/session-safe.ts'
import { Vault, type VaultPlace } from '../../engine/auth/vault.ts'
import { temporaryFolder } from '../support/plant.ts'

const SECRET = 'the-access-token-of-the-day'
const OLD_KEY = 'a1'.repeat(32)
const NEW_KEY = 'B2'.repeat(32)

function sealedWith(token: string): Sealed {
  return {
    session: {
      known: { user_id: 'AB1234', access_token: token },
      expiresAtMs: 2e12,
      signedInAtMs: 1e12,
      configured: 'digest',
    },
    secrets: { api_secret: `secret of ${token}` },
  }
}

async function placeIn(context: TestContext, keyText: string | null = null): Promise<VaultPlace> {
  const folder = await temporaryFolder(context)
  return { file: join(folder, 'vault'), keyFile: join(folder, 'vault.key'), keyText }
}

const modeOf = async (file: string) => (await stat(file)).mode & 0o777
const failureOf = (place: VaultPlace) =>
  Vault.open(place).then(
    () => assert.fail('it opened'),
    (error: Error & { kind?: string }) => {
      assert.equal(error.name, 'VaultError', error.stack)
      assert.ok(!error.message.includes('\n'))
      return { kind: error.kind, message: error.message }
    },
  )

test('what is sealed comes back, out of files that only their owner may read', async (context) => {
  const place = await placeIn(context)
  const vault = await Vault.open(place)
  assert.deepEqual(await readdir(join(place.file, '..')), [], 'nothing is made before it is needed')
  assert.deepEqual(await vault.load('fake'), { session: null, secrets: {} })
  await vault.save('fake', sealedWith(SECRET))
  await vault.save('other', sealedWith('another-token'))
  for (const file of [place.file, place.keyFile]) assert.equal(await modeOf(file), 0o600)
  assert.match(await readFile(place.keyFile, 'utf8'), /^[0-9a-f]{64}\n$/)

  const again = await Vault.open(place)
  assert.deepEqual(await again.load('fake'), sealedWith(SECRET))
  assert.deepEqual(await again.load('other'), sealedWith('another-token'))
  const bytes = await readFile(place.file, 'latin1')
  for (const word of [SECRET, 'AB1234', 'access_token', 'fake']) assert.ok(!bytes.includes(word))
  assert.deepEqual((await readdir(join(place.file, '..'))).sort(), ['vault', 'vault.key'])
})

test('the same content is other bytes each time it is sealed', async (context) => {
  const place = await placeIn(context, OLD_KEY)
  const vault = await Vault.open(place)
  const seen = new Set<string>()
  for (let round = 0; round < 20; round++) {
    await vault.save('fake', sealedWith(SECRET))
    // The part after magic and key id.
    seen.add((await readFile(place.file)).subarray(16).toString('hex').slice(0, 24))
  }
  assert.equal(seen.size, 20)
  await assert.rejects(
    stat(place.keyFile),
    { code: 'ENOENT' },
    'the key of the environment is kept nowhere',
  )
})

test('a vault of which any byte was changed, added or taken away does not open', async (context) => {
  const place = await placeIn(context, OLD_KEY)
  await (await Vault.open(place)).save('fake', sealedWith(SECRET))
  const good = await readFile(place.file)
  const flip = fc.record({
    at: fc.nat(good.length - 1),
    by: fc.integer({ min: 1, max: 255 }),
  })
  const refuses = async (bytes: Uint8Array) => {
    await writeFile(place.file, bytes)
    const { kind } = await failureOf(place)
    assert.ok(kind === 'damaged' || kind === 'wrong-key', kind)
  }
  // Every byte once, then several at a time.
  for (let at = 0; at < good.length; at++) {
    const bytes = Buffer.from(good)
    bytes[at]! ^= 1 << (at % 8)
    await refuses(bytes)
  }
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 8 }), async (flips) => {
      const bytes = Buffer.from(good)
      for (const { at, by } of flips) bytes[at]! ^= by
      if (!bytes.equals(good)) await refuses(bytes)
    }),
    { numRuns: 100 },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1 }), async (to, more) => {
      await refuses(good.subarray(0, to))
      await refuses(Buffer.concat([good, more]))
    }),
    { numRuns: 50 },
  )
  await refuses(new Uint8Array(0))
  await writeFile(place.file, good)
  assert.deepEqual(await (await Vault.open(place)).load('fake'), sealedWith(SECRET))
})

test('a vault that is damaged is left as it is', async (context) => {
  const place = await placeIn(context, OLD_KEY)
  const vault = await Vault.open(place)
  await vault.save('fake', sealedWith(SECRET))
  const bad = await readFile(place.file)
  bad[40]! ^= 1
  await writeFile(place.file, bad)
  for (const use of [() => vault.save('fake', sealedWith('x')), () => vault.rotate(NEW_KEY)]) {
    await assert.rejects(use, { name: 'VaultError', kind: 'damaged' })
  }
  assert.deepEqual(await readFile(place.file), bad)
})

test('another key is refused with a sentence that says what to do and tells no key', async (context) => {
  const place = await placeIn(context)
  await (await Vault.open(place)).save('fake', sealedWith(SECRET))
  const right = (await readFile(place.keyFile, 'utf8')).trim()
  await writeFile(place.keyFile, OLD_KEY)
  const wrong = await failureOf(place)
  assert.equal(wrong.kind, 'wrong-key')
  assert.match(
    wrong.message,
    /was sealed with another key \(id [0-9a-f]{16}\) than that of .*vault\.key \(id [0-9a-f]{16}\): /,
  )
  assert.match(wrong.message, /: give the right one, or delete the vault and sign in again$/)
  assert.ok(!wrong.message.includes(OLD_KEY) && !wrong.message.includes(right))
  const given = await failureOf({ ...place, keyText: NEW_KEY })
  assert.match(given.message, /than that of TICKPLANT_VAULT_KEY of the environment/)
  assert.ok(!given.message.includes(NEW_KEY))
  // The right one in the environment wins over the wrong one in the file.
  await Vault.open({ ...place, keyText: right.toUpperCase() })

  await rm(place.keyFile)
  const missing = await failureOf(place)
  assert.equal(missing.kind, 'key')
  assert.match(missing.message, /restore .*vault\.key or set TICKPLANT_VAULT_KEY, or delete/)
  await assert.rejects(stat(place.keyFile), { code: 'ENOENT' }, 'no new key hides the loss')
})

test('a key that is none is refused', async (context) => {
  for (const text of ['', 'password', 'f'.repeat(63), 'g'.repeat(64), `${OLD_KEY}00`]) {
    const { kind, message } = await failureOf(await placeIn(context, text))
    assert.equal(kind, 'key')
    assert.match(message, /^TICKPLANT_VAULT_KEY of the environment must hold a key of 64 hex/)
    if (text !== '') assert.ok(!message.includes(text))
  }
  const place = await placeIn(context)
  await writeFile(place.keyFile, 'secret-text', { mode: 0o600 })
  const { message } = await failureOf(place)
  assert.ok(message.startsWith(`${place.keyFile} must hold`) && !message.includes('secret-text'))
})

test('a vault or a key that others may read is refused', async (context) => {
  const place = await placeIn(context)
  await (await Vault.open(place)).save('fake', sealedWith(SECRET))
  for (const file of [place.file, place.keyFile]) {
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      await chmod(file, mode)
      assert.deepEqual(await failureOf(place), {
        kind: 'mode',
        message: `others may read or change ${file}: run chmod 600 on it`,
      })
    }
    await chmod(file, 0o600)
  }
  await Vault.open(place)
})

test('a rotation leaves the content, a new key and nothing of the old one', async (context) => {
  const place = await placeIn(context)
  const vault = await Vault.open(place)
  await assert.rejects(vault.rotate(null), {
    kind: 'missing',
    message: /the first login makes it$/,
  })
  await vault.save('fake', sealedWith(SECRET))
  // An engine that has the vault open goes on with it.
  const engine = await Vault.open(place)
  const [oldVault, oldKey] = [await readFile(place.file), await readFile(place.keyFile, 'utf8')]
  const { from, to } = await vault.rotate(null)
  assert.notEqual(from, to)
  assert.equal((await vault.status()).keyId, to)
  assert.notEqual(await readFile(place.keyFile, 'utf8'), oldKey)
  assert.equal(await modeOf(place.keyFile), 0o600)
  assert.deepEqual(await engine.load('fake'), sealedWith(SECRET))
  await engine.save('other', sealedWith('more'))
  assert.deepEqual(await (await Vault.open(place)).load('other'), sealedWith('more'))
  assert.deepEqual((await readdir(join(place.file, '..'))).sort(), ['vault', 'vault.key'])
  assert.equal((await failureOf({ ...place, keyText: oldKey })).kind, 'wrong-key')
  // Not even the old vault opens with the new key.
  await writeFile(place.file, oldVault)
  assert.equal((await failureOf(place)).kind, 'wrong-key')
})

test('a key of the environment is rotated to the one that is given', async (context) => {
  const place = await placeIn(context, OLD_KEY)
  const vault = await Vault.open(place)
  await vault.save('fake', sealedWith(SECRET))
  await assert.rejects(vault.rotate(null), { kind: 'key', message: /give the new one/ })
  await assert.rejects(vault.rotate('short'), { kind: 'key', message: /^the new key must hold/ })
  await vault.rotate(`${NEW_KEY}\n`)
  assert.equal((await failureOf(place)).kind, 'wrong-key')
  const next = await Vault.open({ ...place, keyText: NEW_KEY })
  assert.deepEqual(await next.load('fake'), sealedWith(SECRET))
  await assert.rejects((await Vault.open(await placeIn(context))).rotate(NEW_KEY), { kind: 'key' })
})

test('a rotation that broke off before the vault was sealed anew did not happen', async (context) => {
  const place = await placeIn(context)
  const vault = await Vault.open(place)
  await vault.save('fake', sealedWith(SECRET))
  await writeFile(`${place.keyFile}.next`, NEW_KEY, { mode: 0o600 })
  assert.deepEqual(await vault.load('fake'), sealedWith(SECRET))
  await assert.rejects(stat(`${place.keyFile}.next`), { code: 'ENOENT' })
})

test('a rotation that broke off after that is finished by whoever comes next', async (context) => {
  const place = await placeIn(context)
  const vault = await Vault.open(place)
  await vault.save('fake', sealedWith(SECRET))
  const oldKey = await readFile(place.keyFile)
  await vault.rotate(null)
  await rename(place.keyFile, `${place.keyFile}.next`)
  await writeFile(place.keyFile, oldKey, { mode: 0o600 })
  assert.deepEqual(await (await Vault.open(place)).load('fake'), sealedWith(SECRET))
  await assert.rejects(stat(`${place.keyFile}.next`), { code: 'ENOENT' })
  assert.deepEqual(await vault.load('fake'), sealedWith(SECRET))
})

test('nothing is lost when several write at the same time', async (context) => {
  const place = await placeIn(context)
  const vaults = await Promise.all(Array.from({ length: 4 }, () => Vault.open(place)))
  const ids = Array.from({ length: 12 }, (_, at) => `broker${at}`)
  await Promise.all(ids.map((id, at) => vaults[at % 4]!.save(id, sealedWith(id))))
  for (const id of ids) assert.deepEqual(await vaults[0]!.load(id), sealedWith(id))
})

test('the status tells what is sealed, and none of it', async (context) => {
  const place = await placeIn(context)
  const vault = await Vault.open(place)
  assert.deepEqual(await vault.status(), {
    file: place.file,
    keyPlace: place.keyFile,
    keyId: null,
    brokers: [],
  })
  await vault.save('fake', sealedWith(SECRET))
  const over = sealedWith('over')
  await vault.save('other', { ...over, session: { ...over.session!, known: null } })
  const status = await vault.status()
  assert.match(status.keyId!, /^[0-9a-f]{16}$/)
  assert.deepEqual(status.brokers, [
    { broker: 'fake', signedInAtMs: 1e12, expiresAtMs: 2e12, credentials: ['api_secret'] },
    { broker: 'other', signedInAtMs: null, expiresAtMs: null, credentials: ['api_secret'] },
  ])
  assert.ok(!JSON.stringify(status).includes('token'))
})
