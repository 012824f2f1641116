// The one door that every broker's description passes, built in or from outside.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type BrokerSpec, defineBroker, isSupported, unsupported } from '../../adapters/broker.ts'
import { BROKERS, loadBroker } from '../../adapters/registry.ts'
import good from '../feed/fakes/plain.ts'
import { temporaryFolder } from '../support/plant.ts'

const GOOD_FILE = fileURLToPath(new URL('../feed/fakes/plain.js', import.meta.url))

/** The good description with one field changed; the path is dotted. */
function changed(path: string, value: unknown): BrokerSpec {
  const [section, field] = path.split('.') as [keyof BrokerSpec, string?]
  if (field === undefined) return { ...good, [section]: value }
  return { ...good, [section]: { ...(good[section] as object), [field]: value } }
}

const MISTAKES: readonly (readonly [path: string, value: unknown, rule: RegExp])[] = [
  ['id', 'Zerodha', /must match \^\[a-z\]/],
  ['id', 5, /must match/],
  ['name', '', /must not be empty/],
  ['hosts.rest', 'api.example.com', /must be an http or https URL/],
  ['hosts.feed', 'https://example.com', /must be a ws or wss URL/],
  ['exchanges', [], /must list at least one exchange/],
  ['signIn.credentials', undefined, /must be a list/],
  ['signIn.steps', {}, /must be a list/],
  ['instruments.files', undefined, /must be a function/],
  ['instruments.layouts', {}, /must describe at least one file/],
  ['instruments.publishedAt', '8:30', /must be a time of day/],
  ['feed.instrumentsPerSocket', 0, /must be a whole number > 0/],
  ['feed.socketsMax', 255, /must be a whole number from 1 to 254/],
  ['feed.socketsMax', 1.5, /must be a whole number from 1 to 254/],
  ['feed.depthLevels', -5, /must be a whole number > 0/],
  ['feed.silenceMsMax', '5000', /must be a whole number of ms > 0/],
  ['feed.connection', {}, /must be a function/],
  ['feed.decode', undefined, /must be a function/],
  ['orders', undefined, /must be a table or unsupported\('why'\)/],
]

for (const [path, value, rule] of MISTAKES) {
  test(`${path} of ${JSON.stringify(value)} is refused by its name`, () => {
    assert.throws(
      () => defineBroker(changed(path, value)),
      (error) => {
        assert.ok(error instanceof TypeError)
        assert.ok(error.message.includes(`: ${path} `), error.message)
        assert.match(error.message, rule)
        if (path !== 'id') assert.ok(error.message.startsWith('broker plain: '))
        return true
      },
    )
  })
}

test('a whole section that is missing is refused by its first field', () => {
  for (const section of ['hosts', 'signIn', 'instruments', 'feed'] as const) {
    const { [section]: _, ...rest } = good
    assert.throws(() => defineBroker(rest as BrokerSpec), new RegExp(`broker plain: ${section}\\.`))
  }
  for (const nothing of [undefined, null]) {
    assert.throws(() => defineBroker(nothing as never), /broker undefined: id must match/)
  }
})

test('a good description comes back as it is', () => {
  assert.equal(defineBroker(good), good)
})

test('an unsupported part carries its reason and is told from one that is there', () => {
  const missing = unsupported('the broker has no such call')
  assert.deepEqual(missing, { unsupported: 'the broker has no such call' })
  assert.equal(isSupported(missing), false)
  assert.equal(isSupported({ place() {} }), true)
})

test('every broker of the registry passes the door under its own id', async () => {
  const ids = Object.keys(BROKERS)
  assert.ok(ids.length > 0)
  for (const id of ids) {
    const spec = await loadBroker(id)
    assert.equal(spec.id, id)
    assert.equal(defineBroker(spec), spec)
  }
})

test('an id that nobody knows is refused with those that are known', async () => {
  const known = Object.keys(BROKERS).join(', ')
  await assert.rejects(loadBroker('nosuch'), { message: `unknown broker nosuch; known: ${known}` })
  // Not a property that every object has.
  await assert.rejects(loadBroker('constructor'), /unknown broker constructor/)
})

test('a broker from outside is loaded from its file', async () => {
  const spec = await loadBroker('plain', GOOD_FILE)
  assert.equal(spec.id, 'plain')
  assert.equal(typeof spec.feed.connection, 'function')
})

test('a file from outside passes the same door, and must describe the broker it stands for', async (context) => {
  const folder = await temporaryFolder(context)
  const write = async (name: string, text: string) => {
    const file = join(folder, name)
    await writeFile(file, text)
    return file
  }
  const bad = `import good from ${JSON.stringify(new URL('../feed/fakes/plain.js', import.meta.url).href)}
    export default { ...good, feed: { ...good.feed, silenceMsMax: 0 } }`
  await assert.rejects(
    loadBroker('plain', await write('bad.mjs', bad)),
    /broker plain: feed\.silenceMsMax must be a whole number of ms > 0/,
  )
  await assert.rejects(
    loadBroker('plain', await write('empty.mjs', 'export const spec = {}')),
    /broker undefined: id must match/,
  )
  await assert.rejects(
    loadBroker('another', GOOD_FILE),
    /broker another: .*plain\.js describes plain/,
  )
  await assert.rejects(loadBroker('plain', join(folder, 'absent.mjs')), /absent\.mjs/)
})
