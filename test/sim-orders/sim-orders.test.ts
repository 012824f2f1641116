// Orders through whole engines while the broker fails in every way that its simulator knows, and while engines and
// their threads are killed: the exchange's record and the journal agree. `npm run sim:orders` does it for longer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeTotals, simulateRuns } from './many-runs.ts'

const SEED = 20_261_001

test('in 100 runs with faults, 5 kills and 10 ended threads nothing is lost, doubled or left open', async () => {
  // Two at a time: most of a run is waiting.
  const lanes = await Promise.all([
    simulateRuns({ runs: 50, seed: SEED, kills: 3, terminates: 5 }),
    simulateRuns({ runs: 50, seed: SEED + 50, kills: 2, terminates: 5 }),
  ])
  assert.deepEqual(
    lanes.flatMap(({ failures }) => failures),
    [],
  )
  const sum = (of: 'runs' | 'kills' | 'terminates' | 'orders') =>
    lanes.reduce((total, lane) => total + lane[of], 0)
  const told = lanes.map(describeTotals).join('\n')
  assert.equal(sum('runs'), 100)
  assert.equal(sum('kills'), 5)
  // One that is just starting cannot be ended.
  assert.ok(sum('terminates') >= 5, told)
  assert.ok(sum('orders') >= 300, told)
  // Runs in which nothing had to be found out would say little.
  const found = lanes.map(({ entries }) => entries.get('place accepted by reconciled') ?? 0)
  assert.ok(
    found.every((count) => count >= 5),
    told,
  )
  assert.ok(
    lanes.every(({ faults }) => faults.size >= 10),
    told,
  )
})
