// What takes long on the core's thread is cut into steps, between which ticks pass.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { jsonReply } from '../../engine/api/reply.ts'
import { endpoint, routeOf } from '../../engine/api/rest.ts'
import { inSteps } from '../../engine/orders/in-steps.ts'
import type { Outcome, WriteTask } from '../../engine/orders/write.ts'

const record = { id: 'k', name: 'k', sha256: '', scopes: ['read' as const], createdAtMs: 0 }

test('ticks pass between the checks of a call and its answer, and not for one that is refused', () => {
  const seen: string[] = []
  const described = endpoint({
    ...{ name: 'work', method: 'POST', summary: 'Work', success: z.object({}) },
    request: z.strictObject({ apikey: z.string() }),
    check: () => {
      seen.push('checked')
      return null
    },
    answer: () => {
      seen.push('answered')
      return jsonReply(200, {})
    },
  })
  const letTicksPass = () => void seen.push('ticks')
  const route = routeOf(described, { verifyKey: () => record, letTicksPass })
  const call = { query: '', apiKey: '', address: '127.0.0.1' }
  route.answer({ ...call, body: '{"apikey":"k"}' })
  assert.deepEqual(seen.splice(0), ['checked', 'ticks', 'answered'])
  route.answer({ ...call, body: '{}' })
  assert.deepEqual(seen, [])
})

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
