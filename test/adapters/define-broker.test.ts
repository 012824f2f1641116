// The one door that every broker's description passes, built in or from outside.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type BrokerSpec, isSupported, unsupported } from '../../adapters/broker.ts'
import { defineBroker } from '../../adapters/define-broker.ts'
import type { OrdersSpec } from '../../adapters/orders.ts'
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

const orders = (await loadBroker('zerodha')).orders as OrdersSpec
const [quota] = orders.quotas

/** The good description with a table of orders in which one value, at a dotted path, is another. */
function withOrders(path: string, value: unknown): BrokerSpec {
  const change = (holder: object, [first, ...rest]: readonly string[]): object => {
    const inside = (holder as Record<string, object>)[first!]
    const changed = rest.length === 0 ? value : change(inside ?? {}, rest)
    if (Array.isArray(holder)) return holder.with(Number(first), changed)
    return { ...holder, [first!]: changed }
  }
  return { ...good, exchanges: orders.exchanges, orders: change(orders, path.split('.')) as never }
}

const ORDER_MISTAKES: readonly (readonly [path: string, value: unknown, message: RegExp])[] = [
  ['products', [], /orders\.products must list some of: CNC, NRML, MIS/],
  ['products', ['MTF'], /orders\.products must list/],
  ['priceTypes', ['LIMIT', 'BRACKET'], /orders\.priceTypes must list/],
  ['validities', undefined, /orders\.validities must list/],
  ['exchanges', ['NSE', 'NYSE'], /orders\.exchanges must list some of: NSE, BSE/],
  ['narrower', { NYSE: {} }, /orders\.narrower\.NYSE must be one of orders\.exchanges/],
  ['narrower.NSE.products', ['MTF'], /orders\.narrower\.NSE\.products must list/],
  ['narrower.MCX.validities', [], /orders\.narrower\.MCX\.validities must list/],
  ['countsLots', ['X'], /orders\.countsLots must list/],
  ['rules', undefined, /orders\.rules\.ordersPerSecondMax must be a whole number > 0/],
  ['rules.ordersPerSecondMax', 0, /ordersPerSecondMax must be a whole number > 0/],
  ['rules.modificationsMax', 1.5, /modificationsMax must be a whole number > 0/],
  ['rules.tagLengthMax', 19, /tagLengthMax must be a whole number from 20/],
  ['rules.needsStaticIp', 'yes', /needsStaticIp must be true or false/],
  ['rules.needsMarketProtection', undefined, /needsMarketProtection must be true or false/],
  ['rules.takesAlgoId', 1, /takesAlgoId must be true or false/],
  ['quotas', {}, /orders\.quotas must be a list/],
  ['quotas.0', null, /orders\.quotas\[0\]\.calls must list/],
  ['quotas.0', { ...quota, calls: ['buy'] }, /quotas\[0\]\.calls must list/],
  ['quotas.0', { ...quota, max: 0 }, /quotas\[0\]\.max must be a whole number > 0/],
  ['quotas.0', { ...quota, windowMs: 86_400_001 }, /windowMs must be a whole number of ms/],
  ['quotas.0', { ...quota, window: 'sliding' }, /window must be calendar or rolling/],
  ['quotas.0', { ...quota, reservedForCancels: quota!.max }, /reservedForCancels must be a whole/],
  ['postback', undefined, /postback\.read must be a function or be unsupported\('why'\)/],
  ['postback.needs', '', /orders\.postback\.needs must name a credential/],
  ['writes.place', unsupported('no'), /orders\.writes\.place\.request must be a function$/],
  ['writes.modify.read', 5, /orders\.writes\.modify\.read must be a function/],
  ['writes.placeGtt', {}, /placeGtt\.request must be a function or be unsupported\('why'\)/],
  ['reads.positions', undefined, /orders\.reads\.positions\.request must be a function/],
  ['reads.margin', unsupported(''), /orders\.reads\.margin\.request must be a function/],
  ['reads.quotes.instrumentsMax', 0, /quotes\.instrumentsMax must be a whole number > 0/],
  ['reads.history.intervals', {}, /history\.intervals must list at least one interval/],
  ['reads.history.intervals', { D: {} }, /intervals\.D\.daysMax must be a whole number > 0/],
]

for (const [path, value, message] of ORDER_MISTAKES) {
  test(`orders.${path} of ${JSON.stringify(value)} is refused by its name`, () => {
    assert.throws(() => defineBroker(withOrders(path, value)), { name: 'TypeError', message })
  })
}

test('a table of orders may leave out what the broker has not', () => {
  for (const path of [
    'postback',
    'writes.placeGtt',
    'reads.history',
    'reads.margin',
    'reads.orderStatus',
  ]) {
    const spec = withOrders(path, unsupported('the broker has no such call'))
    assert.equal(defineBroker(spec), spec)
  }
  for (const path of ['narrower', 'countsLots']) {
    const spec = withOrders(path, undefined)
    assert.equal(defineBroker(spec), spec)
  }
})

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
