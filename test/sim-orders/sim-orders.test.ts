// A short series of `npm run sim:orders`: faults, kills and ended threads, and an account that balances.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordedOrder } from '../../sim/kite-record.ts'
import { disagreements, type Written } from './account.ts'
import { play } from './play.ts'

const RUNS = 100
const KILLS = 5
const TERMINATES = 10

test('over faults, kills and ended threads the journal and the exchange agree', async (context) => {
  const totals = await play({ runs: RUNS, seed: 11, kills: KILLS, terminates: TERMINATES })
  context.diagnostic(JSON.stringify(totals))
  assert.equal(totals.runs, RUNS)
  assert.equal(totals.kills, KILLS)
  assert.equal(totals.terminates, TERMINATES)
  assert.equal(totals.unknown, 0)
  assert.ok(totals.faults > RUNS / 2, 'so few faults prove little')
})

const order = (tag: string, orderId: string, status = 'OPEN') =>
  ({ tag, orderId, status }) as unknown as RecordedOrder
const place = (outcome: Written['outcome'], isReported = false) =>
  ({ task: { name: 'place' }, outcome, isReported }) as unknown as Written
const accepted = (id: string) => ({ outcome: 'accepted', id }) as const
const unknown = { outcome: 'unknown', why: '' } as const
const rejected = { outcome: 'rejected', refusal: { code: 'ORDER_ERROR', message: '' } } as const

test('the account sees a double order, a lost one, a stranger, and what was told wrongly', () => {
  const says = (entries: Record<string, Written>, orders: RecordedOrder[]) =>
    disagreements(new Map(Object.entries(entries)), orders).join('; ')
  assert.equal(says({ a: place(accepted('1')) }, [order('a', '1')]), '')
  assert.match(says({ a: place(accepted('1')) }, [order('a', '1'), order('a', '2')]), /twice/)
  assert.match(says({ a: place(accepted('1')) }, []), /not at the exchange/)
  assert.match(says({ a: place(accepted('2')) }, [order('a', '1')]), /accepted as 2 and is 1/)
  assert.match(says({}, [order('b', '1')]), /not in the journal/)
  assert.match(
    says({ a: place(rejected) }, [order('a', '1')]),
    /OPEN at the exchange, and rejected/,
  )
  assert.equal(says({ a: place(rejected) }, [order('a', '1', 'REJECTED')]), '')
  assert.match(says({ a: place(unknown, true) }, [order('a', '1')]), /and unknown in the journal/)
  assert.equal(says({ a: place(unknown, true) }, []), '')
  assert.match(says({ a: place(unknown) }, []), /not settled/)
  assert.match(says({ a: place(null) }, []), /no outcome/)
})
