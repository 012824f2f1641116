// The pipeline bench end to end, with few ticks: the real engine, floors and peers, each a process of its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isWhole, runSteady } from '../../bench/pipeline/measure.ts'
import { Plant } from '../../bench/pipeline/plant.ts'

const RATE = 5000
const SECONDS = 0.2
const TICKS = RATE * SECONDS

describe('the pipeline bench', () => {
  let plant: Plant
  before(async () => {
    plant = await Plant.start()
  })
  after(() => plant.close())

  test('the generator sends what it says, when it is due, and a client on it receives all of it', async () => {
    const arm = await plant.directArm('direct', 'raw')
    const result = await runSteady(plant, arm, RATE, 10, SECONDS)
    assert.ok(isWhole(result), JSON.stringify(result))
    assert.equal(result.expected, TICKS)
    assert.equal(result.lateness.count, TICKS / 10)
    // It is never early, and what it says of itself is in what its receiver sees.
    assert.ok(result.latency.p50 >= result.lateness.p50)
    assert.ok(result.latency.max < 1e6)
  })

  test('all ticks come through floors and peers', async () => {
    const arms = [
      await plant.directArm('direct ws', 'raw-ws'),
      await plant.tcpArm('raw TCP'),
      await plant.relayArm('bare relay', 2),
      await plant.usualArm('the usual way'),
    ]
    for (const arm of arms) {
      const result = await runSteady(plant, arm, RATE, 10, SECONDS)
      assert.ok(isWhole(result), `${arm.name}: ${JSON.stringify(result)}`)
      assert.equal(result.expected, TICKS * arm.receivers)
    }
  })

  test('all ticks come through the engine by every output, and the engine knows where their time went', async () => {
    const engine = await plant.startEngine({ TICKPLANT_ENGINE_STAGES: 'true' })
    const kinds = ['msgpack', 'json', 'zmq-topics', 'zmq-batches'] as const
    for (const kind of kinds) {
      const arm = await plant.engineArm(kind, engine, kind)
      const result = await runSteady(plant, arm, RATE, 10, SECONDS)
      assert.ok(isWhole(result), `${kind}: ${JSON.stringify(result)}`)
      assert.ok(result.usage.cpuMs > 0 && result.usage.wakeUps > 0 && result.usage.rssMb > 0)
      const [socket, ...later] = result.stages!
      assert.deepEqual(
        later.map(({ name }) => name),
        ['decoded', 'in ring', 'out of ring', 'handed to socket'].map((name) => `socket → ${name}`),
      )
      // A busy machine counts the last ticks of the output before only now.
      for (const { name, latency } of later) assert.ok(latency.count >= TICKS, `${kind}: ${name}`)
      // No stage is before the one before it, up to what the buckets round away.
      const middles = later.map(({ latency }) => latency.p50)
      assert.ok(
        middles.every((us, at) => at === 0 || us >= middles[at - 1]! * 0.98),
        `${middles}`,
      )
      if (kind !== 'msgpack') continue
      // One tick in 64 was decoded; it was at the engine's socket after it was due and before the client had it.
      assert.ok(socket!.latency.count >= Math.floor(TICKS / 64))
      assert.ok(socket!.latency.p50 <= result.latency.p50)
    }
  })
})
