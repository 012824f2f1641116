import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Command } from '../support/command.ts'
import { temporaryFolder, until } from '../support/plant.ts'

const FREE_PORTS = ['websocket', 'http', 'zeromq', 'zeromq-batch'].map((name) => `--${name}-port=0`)

async function startDemo(context: TestContext, ...words: string[]) {
  const folder = await temporaryFolder(context)
  const demo = Command.start(context, [
    'start',
    '--demo',
    `--data-dir=${folder}`,
    ...FREE_PORTS,
    ...words,
  ])
  await demo.waitFor('npx tickplant tail NSE:RELIANCE')
  return { demo, folder }
}

/** Processes whose parent is this one. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

test('the demo streams and trades, tail prints ticks of it, and Ctrl-C ends everything with 0', async (context) => {
  const { demo, folder } = await startDemo(context)
  const word = join(folder, 'demo', 'engine.json')
  assert.equal(statSync(word).mode & 0o777, 0o600)
  const [simulator] = childrenOf(demo.child.pid!)
  assert.ok(simulator)

  const tail = Command.start(context, ['tail', 'NSE:RELIANCE', '--json', `--data-dir=${folder}`])
  await tail.waitFor(/(.*\n){5}/)
  const ticks = tail.output
    .trim()
    .split('\n')
    .slice(0, 5)
    .map((line) => JSON.parse(line))
  for (const tick of ticks) {
    assert.equal(tick.symbol, 'RELIANCE')
    assert.equal(tick.exchange, 'NSE')
    assert.equal(tick.mode, 'quote')
    assert.ok(tick.ltp > 0)
  }
  assert.equal(await tail.kill('SIGINT'), 0)

  const words = ['order', 'place', 'NSE:RELIANCE', 'BUY', '1', '--yes', `--data-dir=${folder}`]
  const order = Command.start(context, words)
  assert.equal(await order.end(), 0, order.errors)

  await demo.waitFor(/[1-9][\d,]* ticks\/s {2}latency p50 \d+ µs/)
  assert.equal(await demo.kill('SIGINT'), 0)
  assert.equal(existsSync(word), false)
  await until('the simulator to end', () => !existsSync(`/proc/${simulator}`))
})

test('the simulator does not outlive a demo that is killed', async (context) => {
  const { demo } = await startDemo(context)
  const [simulator] = childrenOf(demo.child.pid!)
  await demo.kill('SIGKILL')
  await until('the simulator to end', () => !existsSync(`/proc/${simulator}`))
})

test('an engine with 200,000 instruments stays under 300 MB', async (context) => {
  const { demo, folder } = await startDemo(context, '--demo-instruments=200000')
  await demo.waitFor(/[1-9][\d,]* ticks\/s/)
  // An answer shows that the tables of the look-ups are there too.
  const words = ['symbols', 'search', 'NIFTY', `--data-dir=${folder}`]
  await until(
    'an answer',
    async () => {
      const search = Command.start(context, words)
      return (await search.end()) === 0 && search.output.includes('NIFTY')
    },
    90_000,
  )
  const megabytes = () => {
    const status = readFileSync(`/proc/${demo.child.pid}/status`, 'utf8')
    const kilobytes = (name: string) =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1])
    return (kilobytes('RssAnon') + kilobytes('RssShmem')) / 1024
  }
  // What building the tables has left behind goes with the next collections.
  await until('memory under 300 MB', () => megabytes() < 300, 90_000)
  context.diagnostic(`RssAnon + RssShmem: ${Math.round(megabytes())} MB`)
})
