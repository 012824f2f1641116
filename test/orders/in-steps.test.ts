// An order's way over the core is cut into steps, between which ticks pass.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inSteps } from '../../engine/orders/in-steps.ts'
import type { Outcome, WriteTask } from '../../engine/orders/write.ts'

test('ticks pass before an order is handed over and when its outcome comes', async () => {
  const seen: string[] = []
  const outcome: Outcome = { outcome: 'accepted', id: '1' }
  const pool = {
    open: async () => [],
    write: async () => {
      seen.push('handed over')
      await Promise.resolve()
      seen.push('outcome')
      return outcome
    },
  }
  const orders = inSteps(pool, () => void seen.push('ticks'))
  assert.deepEqual(await orders.write({} as WriteTask), outcome)
  assert.deepEqual(seen, ['ticks', 'handed over', 'outcome', 'ticks'])
})
