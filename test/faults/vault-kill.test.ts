import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Vault } from '../../engine/auth/vault.ts'
import { SeededRandom } from '../../sim/random.ts'
import { temporaryFolder } from '../support/plant.ts'

const ROTATOR = fileURLToPath(new URL('../auth/vault-rotator.js', import.meta.url))
const KILLS = 25

test('kill -9 at any moment of a rotation leaves a vault that opens, with all that was sealed', async (context) => {
  const folder = await temporaryFolder(context)
  const place = { file: join(folder, 'vault'), keyFile: join(folder, 'vault.key'), keyText: null }
  const vault = await Vault.open(place)
  const session = { known: { access_token: 'x' }, expiresAtMs: 1, signedInAtMs: 1, configured: '' }
  await vault.save('fake', { session, secrets: { pin: 'of before' } })
  const random = new SeededRandom(7)
  const keys = new Set<string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [ROTATOR, place.file, place.keyFile])
    let errors = ''
    child.stderr.on('data', (part: Buffer) => {
      errors += part.toString()
    })
    const ended = once(child, 'close')
    await Promise.race([once(child.stdout, 'data'), ended])
    // Some microseconds into one of the rotations that follow.
    const endMs = performance.now() + random.below(3000) / 1000
    while (performance.now() < endMs) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGKILL')
    await ended
    assert.equal(errors, '')
    const again = await Vault.open(place)
    const sealed = await again.load('fake')
    assert.deepEqual(sealed.session, session)
    assert.equal(sealed.secrets.pin, 'of before')
    keys.add((await again.status()).keyId!)
    await again.save('fake', sealed)
    const left = (await readdir(folder)).filter((name) => !name.endsWith('.tmp')).sort()
    assert.deepEqual(left, ['vault', 'vault.key'])
  }
  assert.ok(keys.size > KILLS / 2, `${keys.size} keys`)
})
