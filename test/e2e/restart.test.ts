import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from '../support/command.ts'
import { startEngineOn, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' }

interface SimulatorWord {
  port: number
  restUrl: string
  feedUrl: string
  credentials: Record<string, string>
}

const seqsOf = (ticks: readonly Message[]) =>
  ticks.map((tick) => ((tick.data as Message | undefined) ?? tick).seq as number)

/** Seqs between the first and the last both saw; a snapshot repeats one. */
function common(a: readonly number[], b: readonly number[]): [number[], number[]] {
  const from = Math.max(a[0]!, b[0]!)
  const to = Math.min(a.at(-1)!, b.at(-1)!)
  const within = (seqs: readonly number[]) => [...new Set(seqs)].filter((s) => s >= from && s <= to)
  return [within(a), within(b)]
}

test('a broker killed and started again on its port: both clients go on, with one gap each', async (context) => {
  const words = ['sim', '--broker=zerodha', '--rate=1000', '--instruments=500', '--json']
  const first = Command.start(context, words)
  await first.waitFor('\n')
  const simulator = JSON.parse(first.output) as SimulatorWord
  const { engine, websocketUrl } = await startEngineOn(context, simulator)

  const json = await StreamClient.connect(context, websocketUrl)
  const packed = await StreamClient.connect(context, websocketUrl)
  await json.authenticate(engine.localKey, { events: true })
  await packed.authenticate(engine.localKey, { events: true, format: 'msgpack' })
  for (const client of [json, packed]) await client.subscribe([RELIANCE], 'LTP')
  const packedTicks = () => packed.items.filter(({ type }) => type === undefined)
  const isFlowing = (than: number) => () => json.ticks.length > than && packedTicks().length > than
  await until('ticks at both', isFlowing(5))

  await first.kill('SIGKILL')
  const seqBefore = seqsOf(json.ticks).at(-1)!
  const countBefore = Math.max(json.ticks.length, packedTicks().length)
  await until('the loss to be told', () =>
    json.texts.some(({ type, status }) => type === 'feed_status' && status === 'reconnecting'),
  )
  const second = Command.start(context, [...words, `--port=${simulator.port}`])
  await second.waitFor('\n')
  await until('ticks at both again', isFlowing(countBefore + 5), 30_000)

  const gaps = [json.texts, packed.items].map((all) => all.filter(({ type }) => type === 'gap'))
  for (const [gap, ...more] of gaps) {
    assert.deepEqual(more, [])
    assert.equal(gap!.broker, 'zerodha')
    assert.equal(gap!.reason, 'reconnected')
    assert.ok((gap!.until as number) > (gap!.since as number))
  }
  assert.ok(seqsOf(json.ticks).at(-1)! > seqBefore, 'seq goes on')
  const [a, b] = common(seqsOf(json.ticks), seqsOf(packedTicks()))
  assert.deepEqual(a, b)
  assert.deepEqual(
    a,
    a.map((_, i) => a[0]! + i),
    'no hole and no repetition',
  )
})
