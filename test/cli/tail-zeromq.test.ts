import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { curveKeyPair } from 'zeromq'
import { Command } from '../support/command.ts'
import { startPlant, temporaryFolder, until } from '../support/plant.ts'
import { Publisher } from '../support/publisher.ts'

const TICK = { broker: 'zerodha', exchange: 'NSE', symbol: 'RELIANCE', mode: 'quote', ltp: 1305.7 }
const GAP = { type: 'gap', broker: 'zerodha', reason: 'lapped', lost: 3 }

function startTail(context: TestContext, { endpoint }: { endpoint: string }, ...words: string[]) {
  return Command.start(context, ['tail', '--zmq', endpoint, ...words])
}

/** The exit code of a command that must end by itself. */
async function endOf(command: Command): Promise<number | null> {
  await until('the end', () => command.child.exitCode !== null)
  // What it printed last may still have to be read.
  return command.end()
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('named instruments become full topics, ticks go to stdout and events to stderr', async (context) => {
  const publisher = await Publisher.bind(context)
  const tail = startTail(context, publisher, 'NSE:RELIANCE', 'NSE_INDEX:NIFTY', '--mode', 'depth')
  await until('subscriptions', () => publisher.topics.size === 3)
  const expected = ['NSE_INDEX_NIFTY_DEPTH', 'NSE_RELIANCE_DEPTH', 'STATUS/']
  assert.deepEqual([...publisher.topics].sort(), expected)

  await publisher.send('NSE_RELIANCE_DEPTH', { ...TICK, seq: 1 })
  await publisher.send('STATUS/zerodha', GAP)
  await publisher.send('NSE_RELIANCE_DEPTH', { ...TICK, seq: 2 })
  await tail.waitFor('"seq":2')
  assert.deepEqual(linesOf(tail.output), [
    { ...TICK, seq: 1 },
    { ...TICK, seq: 2 },
  ])
  await until('the event', () => tail.errors.endsWith('\n'))
  assert.deepEqual(linesOf(tail.errors), [GAP])
  assert.equal(await tail.kill('SIGINT'), 0)
})

test('without instruments all plain topics come, and events, and batches, in msgpack or JSON', async (context) => {
  const publisher = await Publisher.bind(context)
  const tail = startTail(context, publisher)
  await until('the subscription', () => publisher.topics.has(''))
  const { mode: _, ...openAlgo } = { ...TICK, mode: 2, seq: 1 }
  await publisher.send('NSE_RELIANCE_QUOTE', JSON.stringify(openAlgo))
  await publisher.send('zerodha/NSE_RELIANCE_QUOTE', { ...TICK, seq: 1 })
  await publisher.send('STATUS/zerodha', JSON.stringify(GAP))
  await publisher.send('BATCH', [{ ...TICK, seq: 2 }, GAP, { ...TICK, seq: 3 }])
  await tail.waitFor('"seq":3')
  assert.deepEqual(linesOf(tail.output), [openAlgo, { ...TICK, seq: 2 }, { ...TICK, seq: 3 }])
  await until('both events', () => tail.errors.split('\n').length > 2)
  assert.deepEqual(linesOf(tail.errors), [GAP, GAP])
  assert.equal(await tail.kill('SIGTERM'), 0)
})

test('a thousand instruments are all subscribed', async (context) => {
  const publisher = await Publisher.bind(context)
  const names = Array.from({ length: 1000 }, (_, at) => `NSE:SHARE${at}`)
  startTail(context, publisher, ...names)
  await until(`1001 topics (${publisher.topics.size} came)`, () => publisher.topics.size === 1001)
})

test('it says that nobody answers, takes up the stream when somebody does, and says when he goes', async (context) => {
  const endpoint = `ipc://${join(await temporaryFolder(context), 'ticks.ipc')}`
  const tail = startTail(context, { endpoint }, 'NSE:RELIANCE')
  const said = () => tail.errors.trim().split('\n')
  await until('the complaint', () => tail.errors.endsWith('\n'))
  assert.deepEqual(said(), [`tickplant: nobody answers at ${endpoint}; still trying`])

  const publisher = await Publisher.bind(context, endpoint)
  await until('subscriptions', () => publisher.topics.size === 2)
  await publisher.send('NSE_RELIANCE_QUOTE', TICK)
  await tail.waitFor('1305.7')
  publisher.close()
  await until('the loss', () => said().length >= 2)
  assert.equal(said()[1], `tickplant: the connection to ${endpoint} is lost; still trying`)
  await until('the complaint', () => said().length >= 3)
  assert.equal(said()[2], said()[0])
  assert.equal(await tail.kill('SIGINT'), 0)
})

test('a message that is no tick ends it with 1', async (context) => {
  const publisher = await Publisher.bind(context)
  const sentence = (topic: string) =>
    `tickplant: a message of ${publisher.endpoint} is no tick (topic "${topic}")\n`
  for (const [topic, payload] of [
    ['NUMBER', 5],
    ['LIST', [TICK, 'x']],
    ['TORN', '{"ltp":'],
  ] as const) {
    const tail = startTail(context, publisher)
    await until('the subscription', () => publisher.topics.has(''))
    await publisher.send(topic, payload)
    assert.equal(await endOf(tail), 1)
    assert.equal(tail.errors, sentence(topic))
    await until('its leaving', () => publisher.topics.size === 0)
  }
})

test('the keys of a file open a publisher with CURVE; without them it ends with 3', async (context) => {
  const [server, client] = [curveKeyPair(), curveKeyPair()]
  const curve = { curveServer: true, curveSecretKey: server.secretKey }
  const publisher = await Publisher.bind(context, undefined, curve)
  const file = join(await temporaryFolder(context), 'keys.json')
  writeFileSync(file, JSON.stringify({ serverPublicKey: server.publicKey, ...client }))
  const tail = startTail(context, publisher, '--curve', file)
  await until('the subscription', () => publisher.topics.has(''))
  await publisher.send('NSE_RELIANCE_QUOTE', TICK)
  await tail.waitFor('1305.7')

  const stranger = startTail(context, publisher)
  assert.equal(await endOf(stranger), 3)
  const why = 'only one of the two uses CURVE; see --curve'
  // On a slow machine it complains of the wait before it hears why.
  const [last, ...earlier] = stranger.errors.trimEnd().split('\n').reverse()
  assert.equal(last, `tickplant: ${publisher.endpoint} refuses the connection: ${why}`)
  assert.ok(
    earlier.every((line) => line.endsWith('still trying')),
    stranger.errors,
  )

  writeFileSync(file, JSON.stringify({ serverPublicKey: client.publicKey, ...client }))
  const confused = startTail(context, publisher, '--curve', file)
  await until('the complaint', () => confused.errors.includes('does not finish the handshake'))
})

test('a file of keys that is none is told without what it holds', async (context) => {
  const file = join(await temporaryFolder(context), 'keys.json')
  const { publicKey, secretKey } = curveKeyPair()
  const advice = 'make one with `tickplant keys curve add NAME`'
  const short = secretKey.slice(1)
  for (const [text, why] of [
    ['{', 'is no JSON'],
    [
      JSON.stringify({ serverPublicKey: publicKey, publicKey, secretKey: short }),
      'is no file of keys (secretKey: must be a key of 40 characters of Z85)',
    ],
    [
      JSON.stringify({ publicKey, secretKey }),
      'is no file of keys (serverPublicKey: Invalid input: expected string, received undefined)',
    ],
  ] as const) {
    writeFileSync(file, text)
    const tail = startTail(context, { endpoint: 'tcp://127.0.0.1:1' }, '--curve', file)
    assert.equal(await endOf(tail), 2)
    assert.equal(tail.errors, `tickplant: ${file} ${why}; ${advice}\n`)
  }
})

test('it makes an engine subscribe at the broker, over TCP and IPC, and tells of gaps', async (context) => {
  const plant = await startPlant(context, { ratePerSecond: 200 })
  for (const endpoint of plant.engine.zeromq!.ticks) {
    const tail = startTail(context, { endpoint }, 'NSE:RELIANCE', '--mode', 'ltp')
    await tail.waitFor(/(.*\n){3}/)
    const ticks = linesOf(tail.output)
    assert.deepEqual([...new Set(ticks.map(({ symbol }) => symbol))], ['RELIANCE'])
    assert.deepEqual([...new Set(ticks.map(({ mode }) => mode))], ['ltp'])
    const { feeds } = plant.engine.status()
    assert.equal(feeds[0]!.instrumentsWanted, 1)
    plant.simulator.dropSockets()
    await until('the gap', () => tail.errors.includes('"type":"gap"'))
    assert.equal(await tail.kill('SIGINT'), 0)
    await until('its leaving', () => plant.engine.status().feeds[0]!.instrumentsWanted === 0)
  }
})
