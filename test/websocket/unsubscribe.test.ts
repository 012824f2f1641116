import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Scope, type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const plant = await startPlant({ after })
const shares = sharesOf(plant, 3)
const [share, other, guard] = shares as [Share, Share, Share]

const left = ({ symbol, exchange }: { symbol: string; exchange: string }) => ({
  symbol,
  exchange,
  status: 'success',
  broker: 'zerodha',
})
const reply = (status: string, successful: readonly object[], failed: readonly object[] = []) => ({
  type: 'unsubscribe',
  status,
  message: 'Unsubscription processing complete',
  successful,
  failed,
  broker: 'zerodha',
})
const nameOf = ({ symbol, exchange }: Share) => ({ symbol, exchange })

/** A client that holds `share` in all three modes, and `guard` as a quote. */
async function holdAll(context: Scope): Promise<StreamClient> {
  const client = await StreamClient.open(context, plant)
  for (const mode of [1, 2, 3]) await client.subscribe([share], mode)
  await client.stream([guard], 'Quote')
  await until('a depth tick', () => modesOf(client).includes(3))
  // Its first tick must not be taken for one that is to come.
  await until('a tick of the guard', () => client.dataOf(guard.symbol).length > 0)
  return client
}

function modesOf(client: StreamClient): unknown[] {
  return client.dataOf(share.symbol).map(({ mode }) => mode)
}

/** The modes in which one tick of `share` reaches the client: the last, as a change of mode may bring one too. */
async function modesHeld(client: StreamClient): Promise<unknown[]> {
  const { length } = modesOf(client)
  const guards = client.dataOf(guard.symbol).length
  plant.simulator.tickOnce([share.token])
  plant.simulator.tickOnce([guard.token])
  // Ticks keep their order, so nothing of the first is still to come when the second is there.
  await until('the guard', () => client.dataOf(guard.symbol).length > guards)
  const came = client.dataOf(share.symbol).slice(length)
  return came.filter(({ seq }) => seq === came.at(-1)!.seq).map(({ mode }) => mode)
}

const REQUESTS: readonly [name: string, request: Message, stillHeld: readonly number[]][] = [
  ['the mode of the item', { symbols: [{ ...nameOf(share), mode: 1 }] }, [2, 3]],
  ['a label', { symbols: [{ ...nameOf(share), mode: 'depth' }] }, [1, 2]],
  ['the item before the request', { symbols: [{ ...nameOf(share), mode: 1 }], mode: 2 }, [2, 3]],
  ['the mode of the request', { symbols: [nameOf(share)], mode: 3 }, [1, 2]],
  ['the mode of the single form', { ...nameOf(share), mode: 2 }, [1, 3]],
  ['no mode, which is all that are held', { symbols: [nameOf(share)] }, []],
  ['no mode in the single form', nameOf(share), []],
  ['no mode under the name instruments', { instruments: [nameOf(share)] }, []],
]
for (const [name, request, stillHeld] of REQUESTS) {
  test(`unsubscribing goes by ${name}`, async (context) => {
    const client = await holdAll(context)
    const answer = await client.ask({ action: 'unsubscribe', ...request, request_id: 0 })
    assert.deepEqual(answer, { ...reply('success', [left(share)]), request_id: 0 })
    assert.deepEqual(await modesHeld(client), stillHeld)
  })
}

for (const key of ['action', 'type']) {
  test(`${key} unsubscribe_all leaves everything, and nothing is success too`, async (context) => {
    const client = await holdAll(context)
    const answer = await client.ask({ [key]: 'unsubscribe_all' })
    assert.deepEqual(answer, reply('success', [left(share), left(guard)]))
    assert.deepEqual(await client.ask({ [key]: 'unsubscribe_all' }), reply('success', []))
    await until('unsubscription', () => plant.simulator.stats().subscribedPairs === 0)
  })
}

test('what was not held, or is not known, is success', async (context) => {
  const client = await holdAll(context)
  const symbols = [other, { symbol: 'NOPE', exchange: 'MARS' }]
  assert.deepEqual(await client.unsubscribe(symbols), reply('success', symbols.map(left)))
  assert.deepEqual(await client.unsubscribe(symbols, 3), reply('success', symbols.map(left)))
  assert.deepEqual(await modesHeld(client), [1, 2, 3])
})

test('items with a bad mode fail: the status is partial, or error where all do', async (context) => {
  const client = await holdAll(context)
  const bad = { ...nameOf(share), mode: 7 }
  const failed = {
    ...left(share),
    status: 'error',
    message: 'Invalid mode 7; expected 1 (LTP), 2 (Quote), or 3 (Depth)',
  }
  const all = await client.ask({ action: 'unsubscribe', symbols: [bad, bad] })
  assert.deepEqual(all, reply('error', [], [failed, failed]))
  const one = await client.ask({ action: 'unsubscribe', symbols: [bad, nameOf(other)] })
  assert.deepEqual(one, reply('partial', [left(other)], [failed]))
  assert.deepEqual(await modesHeld(client), [1, 2, 3])
})

test('a bad mode of the single form is refused as a whole', async (context) => {
  const client = await holdAll(context)
  const answer = await client.ask({ action: 'unsubscribe', ...nameOf(share), mode: true })
  assert.deepEqual(answer, {
    status: 'error',
    code: 'INVALID_MODE',
    message: 'Mode must be int or str, got bool',
  })
  assert.deepEqual(await modesHeld(client), [1, 2, 3])
})

test('a request that names nothing is refused', async (context) => {
  const client = await StreamClient.open(context, plant)
  for (const request of [{}, { symbols: [] }, { symbol: 'RELIANCE' }, { mode: 1 }]) {
    assert.deepEqual(await client.ask({ action: 'unsubscribe', ...request }), {
      status: 'error',
      code: 'INVALID_PARAMETERS',
      message: 'Either symbols or unsubscribe_all is required',
    })
  }
})

test('one client that leaves does not end what another holds', async (context) => {
  const staying = await holdAll(context)
  const leaving = await StreamClient.open(context, plant)
  await leaving.subscribe([share], 3)
  await leaving.unsubscribe([share])
  assert.deepEqual(await modesHeld(staying), [1, 2, 3])
})
