import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { loadConfig } from '../../config/load.ts'
import type { Flags } from '../../config/sources.ts'
import { prepareBrokers, storeFolderOf } from '../../engine/prepare.ts'
import { readFetched, writeFetched } from '../../engine/symbols/list-record.ts'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { kiteFlags, temporaryFolder } from '../support/plant.ts'
import { viewsOf, withStore } from '../symbols/store-folder.ts'

const LOG = pino({ level: 'silent' })
const SECOND = fileURLToPath(new URL('../symbols/second-broker.js', import.meta.url))

/** A simulated Kite, and what an engine on it and on a second broker's file is configured with. */
async function twoBrokers(t: TestContext, secondList: string) {
  const simulator = await startKiteSimulator({ seed: 1, ratePerSecond: 0, instruments: 500 })
  t.after(() => simulator.close())
  const dataDir = await temporaryFolder(t)
  const file = join(dataDir, 'second.csv')
  writeFileSync(file, secondList)
  const flags: Flags = {
    data_dir: dataDir,
    ...kiteFlags(simulator),
    'brokers.second.adapter': SECOND,
    'brokers.second.master_file': file,
    'brokers.second.access_token': 'none',
  }
  const loaded = loadConfig({ brokerIds: ['zerodha'], env: {}, cwd: dataDir, flags })
  return { loaded, simulator, storeFolder: storeFolderOf(dataDir) }
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, at) => `${at},1,NSE,OWN${at}`).join('\n')

test('brokers are prepared side by side, and the catalogue knows the instruments of both', async (t) => {
  const { loaded } = await twoBrokers(t, `token,segment,exchange,symbol\n${rowsOf(3000)}\n`)
  const { brokers, catalogue } = await prepareBrokers(loaded, LOG)
  assert.deepEqual(
    brokers.map(({ spec }) => spec.id),
    ['zerodha', 'second'],
  )
  const views = brokers.map(({ tokens }) => viewsOf({ catalogue, tokens }))
  assert.equal(views[0]!.catalogue.size, 3500)
  assert.deepEqual([views[0]!.tokens.rows, views[1]!.tokens.rows], [500, 3000])
  assert.equal(views[1]!.catalogue.symbolOf(views[1]!.tokens.resolve(1, 2999)), 'OWN2999')
  const reliance = views[0]!.catalogue.find('NSE', 'RELIANCE')
  assert.ok(views[0]!.tokens.has(reliance) && !views[1]!.tokens.has(reliance))
})

test('a broker whose list is refused is left out as long as another one starts', async (t) => {
  const { loaded } = await twoBrokers(t, '<html>')
  const { brokers } = await prepareBrokers(loaded, LOG)
  assert.deepEqual(
    brokers.map(({ spec }) => spec.id),
    ['zerodha'],
  )
})

test('a list of the last publication is used without a download, an older one is not', async (t) => {
  const { loaded, simulator, storeFolder } = await twoBrokers(t, '<html>')
  await prepareBrokers(loaded, LOG)
  await simulator.close()
  // Nothing answers any more.
  const { brokers } = await prepareBrokers(loaded, LOG)
  assert.equal(
    viewsOf({ ...brokers[0]!, catalogue: (await prepareBrokers(loaded, LOG)).catalogue }).tokens
      .rows,
    500,
  )
  const failures = () =>
    withStore(storeFolder, (store) => store.meta.get('failure:zerodha') !== undefined)
  assert.equal(await failures(), false)
  await withStore(storeFolder, async (store) => {
    const fetched = readFetched(store, 'zerodha')!
    await writeFetched(store, 'zerodha', {
      ...fetched,
      checkedAtMs: fetched.checkedAtMs - 86_400_000,
    })
  })
  // The download is tried, and what was there before is used when it fails.
  assert.equal((await prepareBrokers(loaded, LOG)).brokers.length, 1)
  assert.equal(await failures(), true)
})
