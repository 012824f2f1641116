// What was asked of a broker against what it answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/plant.ts'
import { gapNumber, startFakePlant, ticksOf, tickWith } from './fake-plant.ts'
import { PlainServer } from './fakes/plain-server.ts'

const [LOST_ONCE, NEVER, TOO_LITTLE] = [1, 2, 3].map((number) => {
  return { exchange: 'NSE', symbol: `SHARE${number}` }
}) as [Name, Name, Name]

interface Name {
  readonly exchange: string
  readonly symbol: string
}

// A broker has five seconds to answer, so the three cases wait together.
test('what a broker does not answer is asked three times, then counted', async (context) => {
  const server = await new PlainServer().listen(context)
  const { client, engine, logs } = await startFakePlant(context, server)
  const feed = engine.feeds[0]!
  server.losses.set('1|1', 1).set('1|2', 100).set('1|3', 100)
  await client.subscribe([LOST_ONCE, NEVER], 'Quote')
  await client.subscribe([TOO_LITTLE], 'Depth')
  await until('the first requests', () => server.asked.size === 3)
  // Ticks of a lower mode than the one asked for are no answer to it.
  server.say(JSON.stringify([[1, 3, 1, 50]]))
  await until('the tick of the lower mode', () => feed.counters().ticks === 1)

  await tickWith(client, LOST_ONCE, { mode: 'quote' })
  assert.deepEqual(server.asked.get('1|1'), [2, 2])
  assert.equal(feed.counters().unanswered, 0)

  await until('both to be given up', () => feed.counters().unanswered === 2, 20_000)
  assert.deepEqual(server.asked.get('1|1'), [2, 2], 'what was answered is not asked again')
  assert.deepEqual(server.asked.get('1|2'), [2, 2, 2])
  assert.deepEqual(server.asked.get('1|3'), [3, 3, 3])
  const told = await until('the log line', () => {
    const lines = logs.filter(({ reason }) => String(reason).includes('never answered'))
    return lines.length === 2 ? lines : null
  })
  const details = told.map(({ detail }) => Number(detail))
  assert.deepEqual(details.map((instrument) => feed.catalogue.symbolOf(instrument)).sort(), [
    'SHARE2',
    'SHARE3',
  ])

  // They stay wanted: a new socket is asked for them like for all others.
  server.losses.clear()
  server.dropSockets()
  await gapNumber(client, 1)
  await tickWith(client, NEVER, { mode: 'quote' })
  await tickWith(client, TOO_LITTLE, { mode: 'depth' })
  assert.equal(ticksOf(client, NEVER)[0]!.seq, 1)
})
