// The examples as a user runs them: as processes, on an engine and on a publisher that leaves ticks out.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { packageRoot } from '../../config/root.ts'
import { sharesOf, startPlant, until } from '../support/plant.ts'
import { Publisher } from '../support/publisher.ts'

/** The first Python that can read the stream. */
function python(): string {
  const found = ['python3', '/usr/bin/python3'].find(
    (command) => spawnSync(command, ['-c', 'import zmq, msgpack']).status === 0,
  )
  if (found !== undefined) return found
  throw new Error(
    'install python3-zmq and python3-msgpack (apt-get install python3-zmq python3-msgpack)',
  )
}

const EXAMPLES = [
  { file: 'subscribe.py', interpreter: python },
  { file: 'subscribe.mjs', interpreter: () => process.execPath },
]

/** Starts an example; it is killed with the test. Returns the lines that it has printed so far. */
function run(
  context: TestContext,
  { file, interpreter }: (typeof EXAMPLES)[number],
  words: readonly string[],
): () => string[] {
  const child: ChildProcess = spawn(interpreter(), [join(packageRoot, 'examples', file), ...words])
  context.after(() => child.kill('SIGKILL'))
  let output = ''
  let errors = ''
  child.stdout!.on('data', (part: Buffer) => {
    output += part.toString()
  })
  child.stderr!.on('data', (part: Buffer) => {
    errors += part.toString()
  })
  return () => {
    assert.equal(child.exitCode, null, errors)
    return output.split('\n').slice(0, -1)
  }
}

for (const example of EXAMPLES) {
  describe(example.file, () => {
    test('prints ticks of an engine', async (context) => {
      const plant = await startPlant(context, { ratePerSecond: 200 })
      const names = sharesOf(plant, 2).map(({ exchange, symbol }) => `${exchange}_${symbol}`)
      const topics = names.map((name) => `${name}_LTP`)
      const lines = run(context, example, [plant.engine.zeromq!.ticks[0]!, ...topics])
      await until('ticks', () =>
        topics.every((topic) => lines().some((line) => line.startsWith(topic))),
      )
      for (const line of lines()) assert.match(line, /^NSE_\S+_LTP \d+(\.\d+)? seq \d+$/)
    })

    test('says how many ticks are missing, shows events, and takes a new epoch as a beginning', async (context) => {
      const publisher = await Publisher.bind(context)
      const lines = run(context, example, [publisher.endpoint])
      const topic = 'NSE_RELIANCE_QUOTE'
      await until('the subscription', () => publisher.topics.has(topic))
      const tick = { broker: 'zerodha', ltp: 1305.5 }
      const seqs = [
        [7, 7],
        [7, 8],
        [7, 11],
        [7, 11],
        [8, 20],
        [8, 21],
      ]
      for (const [epoch, seq] of seqs) await publisher.send(topic, { ...tick, epoch, seq })
      await publisher.send(topic, { type: 'gap', lost: 4 })
      await until('all lines', () => lines().length === seqs.length + 2)
      assert.match(lines().pop()!, /gap/)
      assert.deepEqual(lines().slice(0, -1), [
        `${topic} 1305.5 seq 7`,
        `${topic} 1305.5 seq 8`,
        `2 ticks of ${topic} are missing`,
        `${topic} 1305.5 seq 11`,
        `${topic} 1305.5 seq 11`,
        `${topic} 1305.5 seq 20`,
        `${topic} 1305.5 seq 21`,
      ])
    })
  })
}
