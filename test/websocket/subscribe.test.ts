import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Share, sharesOf, startPlant, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const SYMBOLS_MAX = 5
const plant = await startPlant({ after }, {}, { 'websocket.symbols_per_client_max': SYMBOLS_MAX })
const shares = sharesOf(plant, 10)
const [first, second] = shares as [Share, Share]

const accepted = ({ symbol, exchange }: Share, mode = 'Quote', depth = 5) => ({
  symbol,
  exchange,
  status: 'success',
  mode,
  depth,
  broker: 'zerodha',
})
const refused = (symbol: string, exchange: string, message: string) => ({
  symbol,
  exchange,
  status: 'error',
  message,
  broker: 'zerodha',
})
const acknowledgement = (status: string, subscriptions: readonly object[]) => ({
  type: 'subscribe',
  status,
  subscriptions,
  message: 'Subscription processing complete',
  broker: 'zerodha',
})
const nameOf = ({ symbol, exchange }: Share) => ({ symbol, exchange })

test('the acknowledgement lists every symbol with mode label, depth and broker', async (context) => {
  const client = await StreamClient.open(context, plant)
  const symbols = [first, second].map(nameOf)
  const reply = await client.ask({ action: 'subscribe', symbols, mode: 3, request_id: 'r-17' })
  assert.deepEqual(reply, {
    ...acknowledgement('success', [accepted(first, 'Depth'), accepted(second, 'Depth')]),
    request_id: 'r-17',
  })
})

const FORMS: readonly [name: string, request: Message][] = [
  ['an array of symbols', { symbols: [nameOf(first)] }],
  ['an array of instruments', { instruments: [nameOf(first)] }],
  ['a single symbol', nameOf(first)],
  ['a single symbol beside an empty array', { symbols: [], ...nameOf(first) }],
]
for (const [name, request] of FORMS) {
  test(`a subscription may name ${name}, and is a quote unless it says more`, async (context) => {
    const client = await StreamClient.open(context, plant)
    const reply = await client.ask({ type: 'subscribe', ...request })
    assert.deepEqual(reply, acknowledgement('success', [accepted(first)]))
    await until('a tick', () => client.dataOf(first.symbol).at(-1)?.mode === 2)
  })
}

const MODES: readonly [modes: readonly unknown[], label: string, number: number][] = [
  [[1, 'LTP', 'ltp', ' Ltp '], 'LTP', 1],
  [[2, 'Quote', 'QUOTE', 'quote', null, undefined], 'Quote', 2],
  [[3, 'Depth', 'dePTH', 'depth\n'], 'Depth', 3],
]
for (const [modes, label, number] of MODES) {
  test(`the mode ${label} may be a number or a label of any case`, async (context) => {
    for (const mode of modes) {
      const client = await StreamClient.open(context, plant)
      const reply = await client.subscribe([first], mode)
      assert.deepEqual(reply, acknowledgement('success', [accepted(first, label)]))
      await until('a tick', () => client.dataOf(first.symbol).at(-1)?.mode === number)
    }
  })
}

const badNumber = (mode: number) =>
  `Invalid mode ${mode}; expected 1 (LTP), 2 (Quote), or 3 (Depth)`
const badText = (mode: string) =>
  `Invalid mode '${mode}'; expected 'LTP', 'Quote', or 'Depth' (case-insensitive)`
const badType = (type: string) => `Mode must be int or str, got ${type}`
const BAD_MODES: readonly [mode: unknown, message: string][] = [
  [0, badNumber(0)],
  [4, badNumber(4)],
  [-1, badNumber(-1)],
  [1.5, badType('float')],
  [true, badType('bool')],
  [false, badType('bool')],
  [[1], badType('object')],
  [{}, badType('object')],
  ['', badText('')],
  ['1', badText('1')],
  ['full', badText('full')],
  ['x'.repeat(50), badText('x'.repeat(40))],
]

test('a mode that is none is refused, and nothing is subscribed', async (context) => {
  const client = await StreamClient.open(context, plant)
  for (const [mode, message] of BAD_MODES) {
    const reply = await client.subscribe([first], mode)
    assert.deepEqual(reply, { status: 'error', code: 'INVALID_MODE', message })
  }
  const reply = await client.ask({ action: 'subscribe', ...nameOf(first), mode: 9, request_id: 1 })
  assert.deepEqual(reply, {
    status: 'error',
    code: 'INVALID_MODE',
    message: badNumber(9),
    request_id: 1,
  })
  const held = plant.engine.status().clients.list.at(-1)?.instruments
  assert.equal(held, 0)
})

test('a request without any symbol is refused', async (context) => {
  const client = await StreamClient.open(context, plant)
  const requests = [
    {},
    { symbols: [] },
    { symbols: 'RELIANCE' },
    { symbol: 'RELIANCE' },
    { exchange: 'NSE' },
    { symbol: 5, exchange: 'NSE' },
    { symbol: '', exchange: 'NSE' },
  ]
  for (const request of requests) {
    assert.deepEqual(await client.ask({ action: 'subscribe', ...request }), {
      status: 'error',
      code: 'INVALID_PARAMETERS',
      message: 'At least one symbol must be specified',
    })
  }
})

const DEPTHS: readonly [request: Message, depth: number][] = [
  [{}, 5],
  [{ depth: 3 }, 3],
  [{ depth_level: 2 }, 2],
  [{ depth: 4, depth_level: 1 }, 4],
  [{ depth: 20 }, 5],
  [{ depth: 0 }, 5],
  [{ depth: '20' }, 5],
]
test('the depth is what was asked for, up to what the broker gives', async (context) => {
  const client = await StreamClient.open(context, plant)
  for (const [request, depth] of DEPTHS) {
    const reply = await client.ask({
      action: 'subscribe',
      ...nameOf(first),
      mode: 'Depth',
      ...request,
    })
    assert.deepEqual(
      reply.subscriptions,
      [accepted(first, 'Depth', depth)],
      JSON.stringify(request),
    )
  }
})

test('symbols that the broker does not list fail one by one', async (context) => {
  const client = await StreamClient.open(context, plant)
  const symbols = [
    { symbol: 'NOPE', exchange: 'NSE' },
    { symbol: first.symbol, exchange: 'MARS' },
    { symbol: first.symbol.toLowerCase(), exchange: 'NSE' },
    { symbol: 'x'.repeat(100), exchange: 'y'.repeat(100) },
  ]
  const failures = [
    refused('NOPE', 'NSE', 'Symbol NOPE not found for exchange NSE'),
    refused(first.symbol, 'MARS', `Symbol ${first.symbol} not found for exchange MARS`),
    refused(
      first.symbol.toLowerCase(),
      'NSE',
      `Symbol ${first.symbol.toLowerCase()} not found for exchange NSE`,
    ),
    refused(
      'x'.repeat(100),
      'y'.repeat(100),
      `Symbol ${'x'.repeat(80)} not found for exchange ${'y'.repeat(20)}`,
    ),
  ]
  assert.deepEqual(await client.subscribe(symbols, 2), acknowledgement('partial', failures))
  assert.deepEqual(
    await client.subscribe([...symbols, second], 2),
    acknowledgement('partial', [...failures, accepted(second)]),
  )
})

test('items without symbol or exchange are left out silently', async (context) => {
  const client = await StreamClient.open(context, plant)
  const nothing = [null, 5, 'RELIANCE', {}, [], { symbol: 'RELIANCE' }, { exchange: 'NSE' }]
  const typed = { symbol: 5, exchange: 'NSE' }
  const symbols = [...nothing, nameOf(first), typed]
  assert.deepEqual(
    await client.ask({ action: 'subscribe', symbols }),
    acknowledgement('success', [accepted(first)]),
  )
  assert.deepEqual(
    await client.ask({ action: 'subscribe', symbols: nothing.slice(0, 5) }),
    acknowledgement('success', []),
  )
})

test('the mode of an item goes before the mode of the request', async (context) => {
  const client = await StreamClient.open(context, plant)
  const symbols = [
    { ...nameOf(first), mode: 'ltp' },
    { ...nameOf(second), mode: 'nonsense' },
  ]
  const reply = await client.ask({ action: 'subscribe', symbols, mode: 3 })
  const subscriptions = [accepted(first, 'LTP'), accepted(second, 'Depth')]
  assert.deepEqual(reply, acknowledgement('success', subscriptions))
})

test('a request_id of any kind comes back, except null', async (context) => {
  const client = await StreamClient.open(context, plant)
  for (const id of [0, '', false, 'r', 1.5, [1, { a: 2 }], { deep: { id: null } }]) {
    const request = { action: 'subscribe', ...nameOf(first), request_id: id }
    assert.deepEqual((await client.ask(request)).request_id, id)
  }
  const reply = await client.ask({ action: 'subscribe', ...nameOf(first), request_id: null })
  assert.ok(!('request_id' in reply))
})

test('subscribing again to what is held is success, and each tick still comes once', async (context) => {
  const client = await StreamClient.open(context, plant)
  await client.stream([first], 'Quote')
  const reply = await client.subscribe([first, first], 'Quote')
  assert.deepEqual(reply, acknowledgement('success', [accepted(first), accepted(first)]))
  plant.simulator.tickOnce([first.token])
  const live = () => client.dataOf(first.symbol).filter(({ snapshot }) => snapshot === undefined)
  await until('the tick', () => live().length > 1)
  const [before, after] = live().map(({ seq }) => Number(seq)) as [number, number]
  assert.equal(after, before + 1)
  assert.equal(live().length, 2)
})

test('more symbols than one client may hold are refused, in one request or one by one', async (context) => {
  const client = await StreamClient.open(context, plant)
  assert.deepEqual(await client.subscribe(shares.slice(0, SYMBOLS_MAX + 1), 2), {
    status: 'error',
    code: 'INVALID_PARAMETERS',
    message: `${SYMBOLS_MAX + 1} symbols in one request; at most ${SYMBOLS_MAX} are allowed`,
  })
  await client.subscribe(shares.slice(0, SYMBOLS_MAX - 1), 2)
  const [held, last, tooMany] = shares.slice(SYMBOLS_MAX - 2) as [Share, Share, Share]
  const full = `This client holds ${SYMBOLS_MAX} symbols, which is the most allowed`
  assert.deepEqual(
    await client.subscribe([held, last, tooMany], 2),
    acknowledgement('partial', [
      accepted(held),
      accepted(last),
      refused(tooMany.symbol, 'NSE', full),
    ]),
  )
  const reply = await client.subscribe([held], 'Depth')
  assert.deepEqual(reply, acknowledgement('success', [accepted(held, 'Depth')]))
  await client.unsubscribe([last])
  assert.equal((await client.subscribe([tooMany], 2)).status, 'success')
})
