// The front thread in a running engine: it may end, and it learns what changes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { freePort } from '../support/free-port.ts'
import { addKey, callAdmin, type Plant, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const EXIT_CHILD = fileURLToPath(new URL('./exit-child.js', import.meta.url))
const HOUR_MS = 3_600_000

async function post({ httpUrl }: Pick<Plant, 'httpUrl'>, name: string, fields: object) {
  const body = JSON.stringify(fields)
  const reply = await fetch(`${httpUrl}/api/v1/${name}`, { method: 'POST', body })
  return { status: reply.status, body: await reply.json() }
}

/** An engine whose shares have each had one tick, which stays young; and how often its broker was asked for quotes. */
async function quotedPlant(context: TestContext, count: number) {
  // A listener on any port leaves it, for a minute, to no other.
  const flags = { 'rest.live_ms_max': HOUR_MS, 'http.port': await freePort() }
  const plant = await startPlant(context, {}, flags)
  const shares = sharesOf(plant, count)
  const client = await StreamClient.open(context, plant)
  await client.stream(shares, 'Depth')
  const quote = (symbol: string) =>
    post(plant, 'quotes', { apikey: plant.engine.localKey, exchange: 'NSE', symbol })
  const asked = () => plant.simulator.calls('quotes')
  return { plant, shares, client, quote, asked }
}

test('after the front thread ended a new one answers on the same port, and streams stay', async (context) => {
  const { plant, shares, client, quote, asked } = await quotedPlant(context, 1)
  const { engine, logs } = plant
  const { symbol } = shares[0]!
  assert.equal((await quote(symbol)).status, 200)
  // It fails at news that are none.
  engine.front.thread!.postMessage({ news: 'of nothing' })
  const isBack = () => quote(symbol).then(({ status }) => status === 200)
  await until('the new thread', () => isBack().catch(() => false))
  assert.equal(asked(), 0)
  assert.equal(engine.front.deaths, 1)
  assert.ok(logs.some(({ msg }) => msg === 'front thread ended'))
  // What the core answers is reached over the new line too.
  assert.equal((await post(plant, 'funds', { apikey: engine.localKey })).status, 200)
  assert.equal((await fetch(`${plant.httpUrl}/healthz`)).status, 200)
  assert.equal(client.closed, null)
})

test('a key is taken as soon as it was added, and refused as soon as it was revoked', async (context) => {
  const plant = await startPlant(context)
  const ask = async (apikey: string) => (await post(plant, 'funds', { apikey })).status
  for (let round = 0; round < 10; round++) {
    const { id, key } = await addKey(plant, `reader${round}`, ['read'])
    assert.equal(await ask(key), 200)
    await callAdmin(plant, 'DELETE', `/admin/keys/${id}`)
    assert.equal(await ask(key), 403)
  }
})

test('a share is answered from its last tick only while the index has it', async (context) => {
  const { plant, shares, quote, asked } = await quotedPlant(context, 2)
  const [gone, kept] = shares.map(({ symbol }) => symbol) as [string, string]
  const feed = plant.engine.feeds[0]!
  const before = feed.index
  const builder = new TokenIndexBuilder()
  for (let instrument = 0; instrument < feed.catalogue.size; instrument++) {
    if (feed.tokens.has(instrument) && feed.catalogue.symbolOf(instrument) !== gone)
      builder.add(instrument, feed.tokens.segmentOf(instrument), feed.tokens.tokenOf(instrument)!)
  }
  await feed.useIndex({ ...before, tokens: builder.build() })
  await quote(gone)
  assert.equal(asked(), 1)
  await quote(kept)
  assert.equal(asked(), 1)
  await feed.useIndex(before)
  await quote(gone)
  assert.equal(asked(), 1)
})

test('quotes are answered from ticks also when their table has become larger', async (context) => {
  const { quote, shares, asked, plant } = await quotedPlant(context, 1)
  const { lastValues, scratch } = plant.engine.feeds[0]!
  assert.ok(lastValues.load(plant.engine.feeds[0]!.find('NSE', shares[0]!.symbol), scratch))
  // Others than those that the broker lists, so that no tick of its own comes between.
  const first = plant.engine.feeds[0]!.catalogue.size
  for (let more = 0; more < 1024; more++) {
    scratch.instrument = first + more
    lastValues.store(scratch)
  }
  assert.equal((await quote(shares[0]!.symbol)).status, 200)
  assert.equal(asked(), 0)
})

test('a process that ends without stopping its engine ends with its own code', async () => {
  const child = spawn(process.execPath, [EXIT_CHILD], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [complaint, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.deepEqual({ code, signal }, { code: 3, signal: null }, complaint)
})
