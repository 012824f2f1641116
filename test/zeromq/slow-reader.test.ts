import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import { TopicReader, zeromqStatus } from '../support/topic-reader.ts'

const TICKS = 30_000
const BURST = 500
const QUEUE_MESSAGES_MAX = 100
// libzmq learns of what a reader took by half a queue at a time, so no more than the other half may be sent at once.
const PART = QUEUE_MESSAGES_MAX / 4

test('of two subscribers the slow one loses ticks, and the fast one has every seq', async (context) => {
  const plant = await startPlant(context, {}, { 'zeromq.queue_messages_max': QUEUE_MESSAGES_MAX })
  const [share] = sharesOf(plant, 1)
  const topic = `NSE_${share!.symbol}_QUOTE`
  const slow = TopicReader.ticks(context, plant, [topic], {
    isPaused: true,
    queueMessagesMax: QUEUE_MESSAGES_MAX,
  })
  const fast = TopicReader.ticks(context, plant, [topic])
  await fast.waitFor(topic, 1)
  await until('both', () => zeromqStatus(plant).peers === 2)

  for (let sent = 0; sent < TICKS; sent += BURST) {
    const before = fast.messages.length
    for (let part = 0; part < BURST; part += PART) {
      const count = plant.simulator.burst(PART)
      const reached = before + part + count
      await until('the fast reader', () => fast.messages.length >= reached)
    }
  }
  const seqs = fast.live(topic).map(({ seq }) => seq as number)
  assert.deepEqual(
    seqs,
    seqs.map((_, at) => at + 1),
  )
  slow.read()
  // What was dropped is gone, so that only ticks after it has made room can come.
  const newest = () => Number(slow.live(topic).at(-1)?.seq ?? 0)
  await until('the slow reader to see new ticks', async () => {
    const before = fast.messages.length
    const count = plant.simulator.burst(1)
    await until('the fast reader', () => fast.messages.length >= before + count)
    return newest() > TICKS
  })
  assert.ok(slow.messages.length < fast.messages.length, 'it lost some')
})
