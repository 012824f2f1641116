// Two brokers that list the same instruments: the first delivers, and while it fails the second does in its place.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startEngineWith, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'
import { TopicReader } from '../support/topic-reader.ts'
import { ACCESS_TOKEN, ticksOf } from './fake-plant.ts'
import { SEGMENTS } from './fakes/describe-fake.ts'
import { PlainServer } from './fakes/plain-server.ts'
import { tokenOf } from './fakes/text-keys.ts'
import { TextKeysServer } from './fakes/text-keys-server.ts'

const NSE = { exchange: 'NSE', symbol: 'SHARE1' }
const DEPUTY_KEY = tokenOf('NSE', 1)
const FLAGS = {
  'feed.hand_over_ms': '50',
  'feed.give_back_ms': '50',
  'feed.backoff_ms_min': '1',
  'feed.backoff_ms_max': '20',
}

async function start(context: TestContext) {
  const home = await new PlainServer().listen(context)
  const deputy = await new TextKeysServer().listen(context)
  const plant = await startEngineWith(context, {
    ...home.flags(ACCESS_TOKEN),
    ...deputy.flags(ACCESS_TOKEN),
    ...FLAGS,
  })
  const open = (options: Message) =>
    StreamClient.open(context, plant, { format: 'msgpack', events: true, ...options })
  const tickHome = (ltp: number) => home.tick(SEGMENTS.NSE, 1, ltp)
  const tickDeputy = (ltp: number) => deputy.tick([DEPUTY_KEY, ltp * 100])
  const fail = () => {
    home.refusal = { status: 503, body: 'down' }
    for (const socket of home.sockets) socket.terminate()
  }
  const repair = () => {
    home.refusal = null
  }
  return { home, deputy, plant, open, tickHome, tickDeputy, fail, repair }
}

/** Has a broker tick until the client has seen it: a slow machine hands over and gives back by itself at first. */
async function seen(
  client: StreamClient,
  tick: (ltp: number) => void,
  values: Message & { ltp: number },
) {
  return until(`a tick with ${JSON.stringify(values)}`, () => {
    const found = ticksOf(client, NSE).find(
      ({ ltp, broker }) => ltp === values.ltp && broker === values.broker,
    )
    if (found === undefined) tick(values.ltp)
    return found
  })
}

const statuses = ({ items }: StreamClient, status: string) =>
  items.filter((item) => item.type === 'feed_status' && item.status === status)

test('the next broker takes over from a feed that fails, and gives back when it is well', async (context) => {
  const { deputy, open, tickHome, tickDeputy, fail, repair, plant } = await start(context)
  const client = await open({})
  await client.subscribe([NSE], 'LTP')
  const { seq } = await seen(client, tickHome, { ltp: 5, broker: 'plain' })
  await until('nothing to be asked of the other', () => deputy.subscribed.size === 0)
  client.items.length = 0

  fail()
  const handed = await until('the hand-over', () => statuses(client, 'handed_over').at(-1))
  const { since, ...told } = handed
  assert.ok((since as number) > 0)
  assert.deepEqual(told, {
    type: 'feed_status',
    broker: 'plain',
    status: 'handed_over',
    from: 'plain',
    to: 'text_keys',
    instruments: 1,
  })
  await seen(client, tickDeputy, { ltp: 6, broker: 'text_keys' })
  const handedOver = () => plant.engine.status().feeds.map((feed) => feed.handedOver)
  assert.deepEqual(handedOver(), [1, 0])

  repair()
  await until('the giving back', () => statuses(client, 'taken_back')[0])
  assert.deepEqual(handedOver(), [0, 0])
  await until('the deputy to be let go', () => deputy.subscribed.size === 0)
  const again = await seen(client, tickHome, { ltp: 7, broker: 'plain' })
  assert.ok((again.seq as number) > (seq as number), 'seq counts by broker')
  await client.unsubscribe([NSE], 'LTP')
})

test('who asked for one broker stays with it', async (context) => {
  const { deputy, open, tickHome, tickDeputy, fail } = await start(context)
  const [first, second, any] = await Promise.all([
    open({ broker: 'plain' }),
    open({ broker: 'text_keys' }),
    open({}),
  ])
  for (const client of [first, second, any]) await client.subscribe([NSE], 'LTP')
  for (const client of [first, any]) await seen(client, tickHome, { ltp: 5, broker: 'plain' })
  fail()
  await until('the hand-over', () => statuses(any, 'handed_over').at(-1))
  for (const client of [second, any]) {
    await seen(client, tickDeputy, { ltp: 6, broker: 'text_keys' })
  }
  const brokersOf = ({ items }: StreamClient) => [
    ...new Set(items.filter(({ type }) => type === undefined).map(({ broker }) => broker)),
  ]
  assert.deepEqual([first, second].map(brokersOf), [['plain'], ['text_keys']])
  // The others hold it on.
  await any.unsubscribe([NSE], 'LTP')
  assert.ok(deputy.subscribed.has(DEPUTY_KEY))
})

test('a subscription that comes during the failure goes to the next broker, and home afterwards', async (context) => {
  const { deputy, open, tickHome, tickDeputy, fail, repair, plant } = await start(context)
  const early = await open({})
  await early.subscribe([{ exchange: 'NSE', symbol: 'SHARE2' }], 'LTP')
  // A slow machine hands over and gives back by itself at first, and the deputy must be there.
  await until('both feeds to deliver', () => {
    const { feeds } = plant.engine.status()
    return feeds.every(({ connected, handedOver }) => connected && handedOver === 0)
  })
  early.items.length = 0
  fail()
  await until('the hand-over', () => statuses(early, 'handed_over')[0])
  const late = await open({})
  const reply = await late.subscribe([NSE], 'LTP')
  assert.equal((reply.subscriptions as Message[])[0]!.broker, 'text_keys')
  await until('the key', () => deputy.subscribed.has(DEPUTY_KEY))
  await seen(late, tickDeputy, { ltp: 6, broker: 'text_keys' })
  repair()
  await until('the giving back', () => statuses(late, 'taken_back')[0])
  await seen(late, tickHome, { ltp: 7, broker: 'plain' })
  await late.unsubscribe([NSE], 'LTP')
  await early.unsubscribe([{ exchange: 'NSE', symbol: 'SHARE2' }], 'LTP')
  await until('nothing to be wanted', () =>
    plant.engine.feeds.every((feed) => feed.wantedCount === 0),
  )
})

test('a topic without a broker goes along, one with a broker does not', async (context) => {
  const { open, plant, tickHome, tickDeputy, fail, repair } = await start(context)
  const client = await open({})
  const reader = TopicReader.ticks(context, plant, ['NSE_SHARE1_LTP', 'plain/', 'NSE_SHARE1_L'])
  const come = (tick: (ltp: number) => void, ltp: number, broker: string) =>
    until(`the price ${ltp} of ${broker}`, () => {
      tick(ltp)
      return reader.messages.some(
        ({ topic, payload }) =>
          topic === 'NSE_SHARE1_LTP' && payload.ltp === ltp && payload.broker === broker,
      )
    })
  await come(tickHome, 5, 'plain')
  fail()
  await until('the hand-over', () => statuses(client, 'handed_over').at(-1))
  await come(tickDeputy, 6, 'text_keys')
  repair()
  await until('the giving back', () => statuses(client, 'taken_back')[0])
  await come(tickHome, 7, 'plain')
  assert.ok(!reader.messages.some(({ topic }) => topic === 'text_keys/NSE_SHARE1_LTP'))
})
