// The line between the front thread and the core, both ends in this thread.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Desk, type DeskParts } from '../../engine/front/desk.ts'
import { CoreLine } from '../../engine/front/line.ts'
import type { Asked, FrontAnswer } from '../../engine/front/words.ts'
import type { OrderGateway } from '../../engine/orders/gateway.ts'
import { LookupError } from '../../engine/symbols/lookup/lookup-error.ts'

const never = () => Promise.reject(new Error('not asked here'))

/** Both ends; what they tell each other is copied, as it is between threads. */
function lineTo(parts: Partial<Omit<DeskParts, 'gateway'>> & { gateway?: object }) {
  const told: FrontAnswer[] = []
  const asked: Asked[] = []
  const desk = new Desk(
    {
      lookup: { ask: never, dump: never as never },
      answer: never,
      letTicksPass() {},
      ...parts,
      gateway: (parts.gateway ?? {}) as OrderGateway,
    },
    (answer, moved = []) => {
      told.push(structuredClone(answer, { transfer: [...moved] }))
      line.take(told.at(-1)!)
    },
  )
  const line = new CoreLine({
    postMessage(question: Asked) {
      asked.push(structuredClone(question))
      void desk.take(asked.at(-1)!)
    },
  })
  return { line, desk, told, asked }
}

test('a call of the gateway comes to the core with all that was given, and its answer back', async () => {
  const seen: unknown[] = []
  const place = async (...given: unknown[]) => {
    seen.push(given)
    return { ok: { broker: 'zerodha', orderid: '42' } }
  }
  const { line } = lineTo({ gateway: { place, ready: () => ({ ok: 'zerodha' }) } })
  const gateway = line.gateway()
  const sent = await gateway.place({ symbol: 'X', price: undefined }, { keyId: 'k' }, { wish: 1 })
  assert.deepEqual(sent, { ok: { broker: 'zerodha', orderid: '42' } })
  assert.deepEqual(seen, [[{ symbol: 'X', price: undefined }, { keyId: 'k' }, { wish: 1 }]])
  // Calls that answer at once do so through the line too.
  assert.deepEqual(await gateway.ready({}), { ok: 'zerodha' })
})

test('a call that is none of the list is refused, whatever the gateway has', async () => {
  const { desk, told } = lineTo({ gateway: { settled: () => 'settled' } })
  const question = { of: 'gateway', name: 'settled', with: [] }
  await desk.take({ id: 1, question } as unknown as Asked)
  assert.deepEqual(told, [{ id: 1, failed: { message: 'the gateway has no call settled' } }])
})

test('a failure of the core is one of the caller, and a look-up keeps its kind', async () => {
  const { line } = lineTo({
    gateway: { funds: () => Promise.reject(new Error('a fault')) },
    lookup: {
      ask: () => Promise.reject(new LookupError('busy', 'too much waits')),
      dump: never as never,
    },
  })
  await assert.rejects(async () => line.gateway().funds({}), /a fault/)
  const asked = line.lookups().ask('zerodha', 'symbol', { exchange: 'NSE', symbol: 'X' })
  await assert.rejects(asked, (error: LookupError) => {
    assert.ok(error instanceof LookupError)
    assert.deepEqual([error.kind, error.message], ['busy', 'too much waits'])
    return true
  })
})

test('a long list comes in parts between which others have their turn, and is whole at the end', async () => {
  const rows = Array.from({ length: 1001 }, (_, at) => ({ orderid: String(at) }))
  const { line, told } = lineTo({
    gateway: { orderBook: async () => ({ ok: rows, source: 'broker' }) },
  })
  let turns = 0
  const isDone = { yes: false }
  const counting = (async () => {
    for (; !isDone.yes; turns++) await nextTurn()
  })()
  const answer = await line.gateway().orderBook({})
  isDone.yes = true
  await counting
  assert.deepEqual(answer, { ok: rows, source: 'broker' })
  assert.equal(told.length, 7)
  assert.ok(told.every((each) => !('rows' in each) || each.rows.length <= 200))
  assert.ok(turns >= 5, `${turns} turns`)
})

test('ticks pass before a question is looked at and before its answer is told', async () => {
  const seen: string[] = []
  const { line } = lineTo({
    letTicksPass: () => void seen.push('ticks'),
    gateway: {
      async funds() {
        seen.push('asked')
        return { ok: {} }
      },
    },
  })
  await line.gateway().funds({})
  assert.deepEqual(seen, ['ticks', 'asked', 'ticks'])
})

test('a body in memory that others take is copied before it is told', async () => {
  const memory = new Uint8Array(new SharedArrayBuffer(16)).fill(7)
  const { line } = lineTo({
    lookup: { ask: async () => ({ json: memory.subarray(0, 4) }) as never, dump: never as never },
  })
  const answer = await line.lookups().ask('zerodha', 'search', { query: 'X', exchange: null })
  memory.fill(9)
  assert.deepEqual([...answer.json], [7, 7, 7, 7])
})

/** Endless pieces, of which is known whether they were ended. */
function endlessDump() {
  const state = { isEnded: false, made: 0 }
  async function* pieces() {
    try {
      for (;;) yield new Uint8Array([++state.made])
    } finally {
      state.isEnded = true
    }
  }
  return { state, pieces }
}

test('pieces of a dump are made when they are asked for, and the dump ends with its reader', async () => {
  const { state, pieces } = endlessDump()
  const { line } = lineTo({ lookup: { ask: never, dump: pieces } })
  const dump = line.lookups().dump('zerodha', null, 'csv')
  assert.deepEqual([...(await dump.next()).value!], [1])
  assert.deepEqual([...(await dump.next()).value!], [2])
  assert.equal(state.made, 2)
  await dump.return(undefined)
  assert.equal(state.isEnded, true)
})

test('a thread that is gone takes its dumps with it', async () => {
  const { state, pieces } = endlessDump()
  const { line, desk } = lineTo({ lookup: { ask: never, dump: pieces } })
  await line.lookups().dump('zerodha', null, 'csv').next()
  desk.close()
  await nextTurn()
  assert.equal(state.isEnded, true)
})

test('more questions than may wait are refused with 503', async () => {
  const { line } = lineTo({ gateway: { funds: () => new Promise(() => {}) } })
  const gateway = line.gateway()
  for (let asked = 0; asked < 10_000; asked++) void gateway.funds({})
  await assert.rejects(async () => gateway.funds({}), /10000 calls wait already/)
})

test('a dump is closed also while no more questions may wait', async () => {
  const { state, pieces } = endlessDump()
  const { line } = lineTo({
    gateway: { funds: () => new Promise(() => {}) },
    lookup: { ask: never, dump: pieces },
  })
  const dump = line.lookups().dump('zerodha', null, 'csv')
  await dump.next()
  const gateway = line.gateway()
  for (let asked = 0; asked < 10_000; asked++) void gateway.funds({})
  await dump.return(undefined)
  assert.equal(state.isEnded, true)
})
