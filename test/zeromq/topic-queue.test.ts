import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../engine/distribute/outbox.ts'
import { Channel, type Frames } from '../../engine/distribute/zeromq/topic.ts'
import { TopicQueue, WAITING_MAX } from '../../engine/distribute/zeromq/topic-queue.ts'
import { until } from '../support/plant.ts'

const TOPICS = 100
const VALUE_BYTES = 8

interface Sent {
  readonly topic: string
  readonly payload: Buffer
  /** What the payload held when it was sent. */
  readonly value: number
}

/** A queue whose socket takes as long as it is told, with a topic of events and some of ticks. */
function build(sendUs: () => number) {
  const outbox = new Outbox(VALUE_BYTES * 1000)
  const sent: Sent[] = []
  const queue = new TopicQueue(true, outbox, ([topic, payload]: Frames) => {
    const endMs = performance.now() + sendUs() / 1000
    const bytes = payload as Buffer
    sent.push({ topic: topic.toString(), payload: bytes, value: bytes.readDoubleBE() })
    while (performance.now() < endMs);
  })
  const ticks = Array.from({ length: TOPICS }, (_, n) => new Channel(`NSE_S${n}_LTP`, queue, 'any'))
  const events = new Channel('STATUS/any', queue, null)
  const bytes = Buffer.alloc(VALUE_BYTES)
  const add = (channel: Channel, value: number) => {
    bytes.writeDoubleBE(value)
    const start = outbox.put(bytes)
    channel.queue(start, start + VALUE_BYTES)
  }
  return { outbox, queue, sent, ticks, events, add }
}

const valuesOf = (sent: readonly Sent[], channel: Channel) =>
  sent.filter(({ topic }) => topic === channel.text).map(({ value }) => value)

test('what a drain has produced is sent with it, in order', () => {
  const { outbox, queue, sent, ticks, add } = build(() => 0)
  for (let value = 0; value < 15; value++) add(ticks[value % 4]!, value)
  assert.equal(sent.length, 0)
  outbox.flush()
  assert.deepEqual(
    sent.map(({ value }) => value),
    Array.from({ length: 15 }, (_, value) => value),
  )
  assert.deepEqual([queue.waiting, queue.conflated, queue.sent], [0, 0, 15])
})

test('a burst waits for its turn, and nothing of it is lost', async () => {
  let sendUs = 200
  const { outbox, queue, sent, ticks, add } = build(() => sendUs)
  for (let value = 0; value < WAITING_MAX; value++) add(ticks[value % TOPICS]!, value)
  outbox.flush()
  assert.ok(queue.waiting > 0, 'a drain may not last as long as that')
  sendUs = 0
  await until('all', () => queue.waiting === 0)
  assert.equal(queue.conflated, 0)
  assert.deepEqual(
    sent.map(({ value }) => value),
    Array.from({ length: WAITING_MAX }, (_, value) => value),
  )
})

test('beyond what may wait, the newest value of a topic stands for the one that waits, and is counted', async () => {
  const surplus = 2_000
  let sendUs = 1000
  const { outbox, queue, sent, ticks, add } = build(() => sendUs)
  const [busy, ...others] = ticks as [Channel, ...Channel[]]
  for (let value = 0; value < WAITING_MAX + 100; value++) add(others[value % others.length]!, value)
  outbox.flush()
  assert.ok(queue.waiting >= WAITING_MAX)
  for (let value = 1; value <= surplus; value++) add(busy, value)
  add(others[0]!, 1_000_000)
  outbox.flush()
  sendUs = 0
  await until('all', () => queue.waiting === 0)
  assert.deepEqual(valuesOf(sent, busy), [surplus])
  assert.equal(valuesOf(sent, others[0]!).at(-1), 1_000_000)
  for (const topic of others) {
    const values = valuesOf(sent, topic)
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    )
  }
  assert.equal(queue.sent + queue.conflated, WAITING_MAX + 100 + surplus + 1)
  assert.ok(queue.conflated >= surplus - 1)
})

test('events are never replaced', async () => {
  let sendUs = 1000
  const { outbox, queue, sent, ticks, events, add } = build(() => sendUs)
  for (let value = 0; value < WAITING_MAX + 100; value++) add(ticks[value % TOPICS]!, value)
  outbox.flush()
  for (let value = 0; value < 50; value++) add(events, value)
  outbox.flush()
  sendUs = 0
  await until('all', () => queue.waiting === 0)
  assert.equal(valuesOf(sent, events).length, 50)
})

test('what was sent is never written again', async () => {
  const { outbox, queue, sent, ticks, add } = build(() => 5)
  for (let value = 0; value < 200_000; value++) {
    add(ticks[value % TOPICS]!, value)
    if (value % 3000 === 0) outbox.flush()
  }
  outbox.flush()
  await until('all', () => queue.waiting === 0, 30_000)
  assert.ok(sent.length > 10_000)
  assert.ok(sent.every(({ payload, value }) => payload.readDoubleBE() === value))
})

test('a queue that is closed sends nothing more', async () => {
  const { outbox, queue, sent, ticks, add } = build(() => 100)
  for (let value = 0; value < 1000; value++) add(ticks[value % TOPICS]!, value)
  outbox.flush()
  const before = sent.length
  assert.ok(before < 1000)
  queue.close()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([sent.length, queue.waiting], [before, 0])
})
