// A broker of a running engine as the gateway sees it: its live prices, its names, its instruments of the day.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import zerodha from '../../adapters/zerodha/spec.ts'
import { createLogger } from '../../engine/observe/log.ts'
import { NO_LIMITS } from '../../engine/orders/limits.ts'
import { orderBrokerOf } from '../../engine/orders/order-broker.ts'
import { buildCatalogue } from '../../engine/symbols/catalogue.ts'
import { buildDetails } from '../../engine/symbols/details.ts'
import { Lookup } from '../../engine/symbols/lookup/lookup.ts'
import { TokenIndexBuilder } from '../../engine/symbols/token-index.ts'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { ROWS } from './gateway-bench.ts'

function blocksOf(rows: typeof ROWS) {
  const tokens = new TokenIndexBuilder()
  rows.forEach(({ segment, token }, instrument) => {
    tokens.add(instrument, segment, token)
  })
  const numbered = rows.map((row, instrument) => ({ ...row, instrument }))
  return {
    catalogue: buildCatalogue(rows),
    tokens: tokens.build(),
    details: buildDetails(numbered),
  }
}

const ROUTER = { router: { lastPrice: () => null } as never }
const CONFIG = { enabled: true, credentials: {} }

test('names are found by the query thread; what it does not know, or no thread, is none', async (context) => {
  const lookup = new Lookup(createLogger({ level: 'silent' }))
  context.after(() => lookup.close())
  const blocks = blocksOf(ROWS)
  const parts = { spec: zerodha, config: CONFIG, feed: ROUTER, lookup, blocks, session: () => null }
  const broker = orderBrokerOf(parts)
  assert.equal(await broker.findName('NFO', 'NIFTY28JUL26FUT-B'), null)
  await lookup.useIndex('zerodha', blocks)
  const name = { exchange: 'NFO', symbol: 'NIFTY28JUL26FUT' }
  assert.deepEqual(await broker.findName('NFO', 'NIFTY28JUL26FUT-B'), name)
  assert.equal(await broker.findName('NFO', 'NOPE'), null)
  await lookup.close()
  assert.equal(await broker.findName('NFO', 'NIFTY28JUL26FUT-B'), null)
})

test('a new generation is taken over whole', () => {
  const lookup = { ask: async () => null as never }
  const blocks = blocksOf(ROWS.slice(0, 2))
  const broker = orderBrokerOf({
    spec: zerodha,
    config: { ...CONFIG, static_ip_acknowledged: true, algo_id: 'A', limits: { value_max: 5 } },
    feed: ROUTER,
    lookup,
    blocks,
    session: () => null,
  })
  assert.deepEqual(broker.limits, { ...NO_LIMITS, valueMax: 5 })
  assert.deepEqual([broker.staticIpAcknowledged, broker.algoId], [true, 'A'])
  assert.equal(broker.instruments().catalogue.find('NFO', 'NIFTY28JUL26FUT'), -1)
  broker.useIndex(blocksOf(ROWS))
  const { catalogue, details, tokens } = broker.instruments()
  const number = catalogue.find('NFO', 'NIFTY28JUL26FUT')
  assert.equal(details.lotSizeOf(number), 75)
  assert.equal(tokens.tokenTextOf(number), '1001')
})

test('the last price is that of the last tick that anybody wanted, with the time it came', async (context) => {
  const plant = await startPlant(context)
  const [share, other] = sharesOf(plant, 2)
  const { router } = plant.engine.feeds[0]!
  const find = (symbol: string) => plant.engine.feeds[0]!.find('NSE', symbol)
  const number = find(share!.symbol)
  assert.equal(router.lastPrice(number), null)
  const client = await StreamClient.open(context, plant)
  const before = Date.now()
  // The broker answers a subscription with a tick.
  await client.subscribe([{ exchange: 'NSE', symbol: share!.symbol }], 1)
  const last = await until('a tick', () => router.lastPrice(number))
  const { price, receivedAtMs } = last
  assert.ok(price > 0)
  assert.ok(receivedAtMs >= before - 2 && receivedAtMs <= Date.now() + 2, String(receivedAtMs))
  assert.equal(router.lastPrice(find(other!.symbol)), null)
})
