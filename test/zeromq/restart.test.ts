import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from '../support/command.ts'
import { startEngineOn, until } from '../support/plant.ts'
import { TopicReader } from '../support/topic-reader.ts'

interface SimulatorWord {
  port: number
  restUrl: string
  feedUrl: string
  credentials: Record<string, string>
}

test('a broker killed and started again: one gap event under its status, and ticks go on', async (context) => {
  const words = ['sim', '--broker=zerodha', '--rate=1000', '--instruments=500', '--json']
  const first = Command.start(context, words)
  await first.waitFor('\n')
  const simulator = JSON.parse(first.output) as SimulatorWord
  const plant = await startEngineOn(context, simulator)
  const topic = 'NSE_RELIANCE_QUOTE'
  const reader = TopicReader.ticks(context, plant, [topic, 'STATUS/zerodha'])
  const states = () => reader.of('STATUS/zerodha').map(({ status }) => status)
  await reader.waitFor(topic, 5)

  await first.kill('SIGKILL')
  await until('the loss to be told', () => states().includes('reconnecting'))
  const before = reader.of(topic).length
  const second = Command.start(context, [...words, `--port=${simulator.port}`])
  await second.waitFor('\n')
  await reader.waitFor(topic, before + 5, 30_000)

  const [gap, ...more] = reader.of('STATUS/zerodha').filter(({ type }) => type === 'gap')
  assert.deepEqual(more, [])
  assert.equal(gap!.reason, 'reconnected')
  assert.ok((gap!.until as number) > (gap!.since as number))
  const gapAt = reader.messages.findIndex(({ payload }) => payload.type === 'gap')
  const topicsAfter = reader.messages.slice(gapAt).map((message) => message.topic)
  assert.ok(
    topicsAfter.filter((each) => each === topic).length >= 5,
    'the gap comes before the new ticks',
  )
  const seqs = reader.live(topic).map(({ seq }) => seq as number)
  assert.deepEqual(
    seqs,
    seqs.map((_, at) => seqs[0]! + at),
  )
})
