// A broker that the engine no longer has, of whose orders the journal still holds one that is open.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { nowMs } from '../../engine/clock.ts'
import { openJournal } from '../../engine/orders/journal.ts'
import { temporaryFolder, until } from '../support/plant.ts'
import { entriesOf, taskOf } from './paper-desk.ts'
import { place, startTradingPlant } from './trading-plant.ts'

test('an order left open at a broker that is not there any more stays open, and the others trade', async (context) => {
  const dataDir = await temporaryFolder(context)
  const folder = join(dataDir, 'orders')
  const onSyncFailure = () => {}
  const { journal } = openJournal({ folder, policy: 'none', nowMs, onSyncFailure })
  await journal.intent(taskOf('i1', { broker: 'gone' }))
  await journal.close()
  const plant = await startTradingPlant(context, {}, { data_dir: dataDir })
  await until('word of the order', () =>
    plant.logs.some(({ broker, msg }) => broker === 'gone' && /wait for a book/.test(String(msg))),
  )
  await place(plant)
  assert.equal(plant.engine.orders.status().unknown, 1)
  assert.equal(entriesOf(folder)[0]!.settledBy, null)
})
