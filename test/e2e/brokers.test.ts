// The demo with every broker at once, as a person starts it, and one of them killed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Command } from '../support/command.ts'
import { temporaryFolder, until } from '../support/plant.ts'
import { type Message, StreamClient } from '../support/stream-client.ts'

const BROKERS = ['zerodha', 'shoonya', 'flattrade', 'zebu', 'upstox']
const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' }
const FREE_PORTS = ['websocket', 'http', 'zeromq', 'zeromq-batch'].map((name) => `--${name}-port=0`)

/** Processes whose parent is this one, with their command lines. */
function childrenOf(pid: number): { pid: number; words: string[] }[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text
    .split(' ')
    .filter(Boolean)
    .map((each) => ({
      pid: Number(each),
      words: readFileSync(`/proc/${each}/cmdline`, 'utf8').split('\0'),
    }))
}

const ticksFrom = ({ items }: StreamClient, broker: string) =>
  items.filter((item: Message) => item.type === undefined && item.broker === broker)

test('five brokers stream at once, and a client sees the next take over from one that is killed', async (context) => {
  const folder = await temporaryFolder(context)
  const demo = Command.start(context, [
    'start',
    '--demo',
    `--brokers=${BROKERS.join(',')}`,
    '--demo-instruments=500',
    '--demo-rate=1000',
    '--feed-hand-over-ms=200',
    // On a slow machine feeds are handed over while they start, and would be left out for long.
    '--feed-give-back-ms=200',
    `--data-dir=${folder}`,
    ...FREE_PORTS,
  ])
  await demo.waitFor('npx tickplant tail NSE:RELIANCE', 90_000)
  assert.deepEqual(demo.errors, '')
  const word = JSON.parse(readFileSync(join(folder, 'demo', 'engine.json'), 'utf8'))
  const plant = {
    websocketUrl: `ws://127.0.0.1:${word.websocket.port}`,
    engine: { localKey: word.apiKey },
  } as unknown as Parameters<typeof StreamClient.open>[1]

  for (const broker of BROKERS) {
    const client = await StreamClient.open(context, plant, { format: 'msgpack', broker })
    const reply = await client.subscribe([RELIANCE], 'DEPTH')
    assert.equal(reply.status, 'success', broker)
    const tick = await until(`depth of ${broker}`, () =>
      ticksFrom(client, broker).find(({ mode }) => mode === 'depth'),
    )
    assert.ok((tick.ltp as number) > 0)
    assert.ok((tick.depth as { buy: unknown[] }).buy.length > 0)
  }

  await until('all feeds to be well', async () => {
    const health = await fetch(`http://127.0.0.1:${word.http.port}/healthz`)
    const { feeds } = (await health.json()) as { feeds: { sockets: string[] }[] }
    return feeds.every(({ sockets }) => sockets.every((state) => /live|idle/.test(state)))
  })
  const any = await StreamClient.open(context, plant, { format: 'msgpack', events: true })
  await any.subscribe([RELIANCE], 'LTP')
  await until('ticks of the preferred broker', () => ticksFrom(any, 'zerodha').length > 3)
  assert.equal(ticksFrom(any, 'shoonya').length, 0)
  const preferred = childrenOf(demo.child.pid!).find(({ words }) =>
    words.includes('--broker=zerodha'),
  )
  process.kill(preferred!.pid, 'SIGKILL')
  const event = await until('the hand-over', () =>
    any.items.find(({ status }) => status === 'handed_over'),
  )
  assert.deepEqual([event.broker, event.to], ['zerodha', 'shoonya'])
  await until('ticks of the next broker', () => ticksFrom(any, 'shoonya').length > 3)
  assert.equal(await demo.kill('SIGINT'), 0)
})
