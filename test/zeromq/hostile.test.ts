import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XSubscriber } from 'zeromq'
import { type Plant, type Scope, sharesOf, startPlant, until } from '../support/plant.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

const FLOOD = 100_000
const PREFIXES_MAX = 1_000
const PLANT_FLAGS = { 'zeromq.prefixes_max': PREFIXES_MAX }
const SUBSCRIBE = '\x01'
const UNSUBSCRIBE = '\x00'

/** A peer that writes subscriptions by hand, as many and such as a Subscriber would not. */
function connectRaw(context: Scope, { engine }: Plant): XSubscriber {
  const socket = new XSubscriber({ sendHighWaterMark: 0, linger: 0 })
  context.after(() => socket.close())
  socket.connect(engine.zeromq!.ticks[0]!)
  return socket
}

/** A reader that must notice nothing of what others do: it gets every tick of its topic. */
async function bystander(context: Scope, plant: Plant) {
  const [share] = sharesOf(plant, 1)
  const topic = `NSE_${share!.symbol}_QUOTE`
  const reader = TopicReader.ticks(context, plant, [topic])
  await reader.waitFor(topic, 1)
  return async () => {
    const before = reader.live(topic).length
    plant.simulator.tickOnce([share!.token])
    await reader.waitFor(topic, before + 1)
    const seqs = reader.live(topic).map(({ seq }) => seq as number)
    assert.deepEqual(
      seqs,
      seqs.map((_, at) => at + 1),
    )
  }
}

const warnings = (plant: Plant, about: RegExp) =>
  plant.logs.filter(({ level, msg }) => level === 'warn' && about.test(String(msg)))

test('topics of unknown instruments get nothing, are counted, and logged once', async (context) => {
  const plant = await startPlant(context, {}, PLANT_FLAGS)
  const checkBystander = await bystander(context, plant)
  const topics = ['NSE_NOSUCHTHING_LTP', 'NOSUCHPLACE_RELIANCE_LTP', 'nobody/NSE_RELIANCE_LTP']
  const reader = TopicReader.ticks(context, plant, [
    ...topics,
    'NSE_RELIANCE_ltp',
    'NSE__LTP',
    '_LTP',
  ])
  // The last two and those with a mode in capitals have the form of a full topic.
  await until('the unknown topics', () => zeromqStatus(plant).unknownTopics === 5)
  await until('the prefixes', () => zeromqStatus(plant).prefixes === 6)
  await checkBystander()
  assert.equal(reader.messages.length, 0)
  assert.equal(plant.engine.feeds[0]!.wantedCount, 1)
  const [warning, ...more] = warnings(plant, /names no instrument/)
  assert.deepEqual(more, [])
  assert.equal(warning!.topic, topics[0])
})

test('topics of bytes that no name has are not kept, and a shouted one is shown cut', async (context) => {
  const plant = await startPlant(context, {}, PLANT_FLAGS)
  const checkBystander = await bystander(context, plant)
  const peer = connectRaw(context, plant)
  await peer.send(`${SUBSCRIBE}\u0007${'x'.repeat(150)}`)
  await peer.send('neither one nor the other')
  await until('the malformed topic', () => zeromqStatus(plant).malformedTopics === 1)
  assert.equal(zeromqStatus(plant).prefixes, 0)
  await checkBystander()
  const [warning] = warnings(plant, /characters that no name has/)
  assert.equal(String(warning!.topic).length, 80)
})

test('100,000 topics from one peer are bounded, counted and logged once; nobody else notices', async (context) => {
  const plant = await startPlant(context, {}, PLANT_FLAGS)
  const checkBystander = await bystander(context, plant)
  const peer = connectRaw(context, plant)
  for (let i = 0; i < FLOOD; i++) await peer.send(`${SUBSCRIBE}junk ${i} of a peer that never ends`)
  const refused = () => zeromqStatus(plant).prefixesRefused
  await until('the flood to begin', () => refused() > 0)
  await checkBystander()
  await until('the flood to end', () => refused() === FLOOD - PREFIXES_MAX, 60_000)
  assert.equal(zeromqStatus(plant).prefixes, PREFIXES_MAX)
  assert.equal(warnings(plant, /too many prefixes/).length, 1)
  // A full topic needs no place among the prefixes.
  const [, share] = sharesOf(plant, 2)
  const reader = TopicReader.ticks(context, plant, [`NSE_${share!.symbol}_LTP`])
  await reader.waitFor(`NSE_${share!.symbol}_LTP`, 1)
  await checkBystander()
  peer.close()
  await until('the prefixes to go', () => zeromqStatus(plant).prefixes === 0, 30_000)
  await checkBystander()
})

test('a peer with a topic of a megabyte is cut off', async (context) => {
  const plant = await startPlant(context, {}, PLANT_FLAGS)
  const checkBystander = await bystander(context, plant)
  const peers = zeromqStatus(plant).peers
  const peer = connectRaw(context, plant)
  await peer.send(`${SUBSCRIBE}NSE_`)
  await until('the peer', () => zeromqStatus(plant).prefixes === 1)
  await peer.send(SUBSCRIBE + 'x'.repeat(1024 * 1024))
  await until('its end', () => zeromqStatus(plant).disconnected > 0)
  peer.close()
  await until('its leaving', () => zeromqStatus(plant).peers === peers)
  assert.equal(zeromqStatus(plant).malformedTopics, 0)
  await checkBystander()
})

test('a peer that leaves what it never had, or comes twice, takes nothing from others', async (context) => {
  const plant = await startPlant(context, {}, PLANT_FLAGS)
  const checkBystander = await bystander(context, plant)
  const [held, own] = sharesOf(plant, 2)
  const peer = connectRaw(context, plant)
  await peer.send(`${UNSUBSCRIBE}NSE_${held!.symbol}_QUOTE`)
  for (let times = 0; times < 3; times++) await peer.send(`${SUBSCRIBE}NSE_${own!.symbol}_LTP`)
  await until('its own topic', () => plant.engine.feeds[0]!.wantedCount === 2)
  await checkBystander()
  peer.close()
  await until('its own topic to go', () => plant.engine.feeds[0]!.wantedCount === 1)
  await checkBystander()
})
