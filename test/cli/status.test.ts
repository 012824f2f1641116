import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { addKey, type Plant, sharesOf, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'
import { freshFolder, runCommand } from './run.ts'

const statusOf = ({ dataDir }: Pick<Plant, 'dataDir'>, ...words: string[]) =>
  runCommand(['status', `--data-dir=${dataDir}`, ...words])

test('the status of a running engine is a page for people, and with --json all of it', async (context) => {
  const plant = await startPlant(context)
  const [share] = sharesOf(plant, 1)
  const { key } = await addKey(plant, 'desk', ['read'])
  const client = await StreamClient.connect(context, plant.websocketUrl)
  await client.authenticate(key)
  await client.stream([share!], 'Quote')
  await StreamClient.connect(context, plant.websocketUrl)
  await until('the second client', () => plant.engine.status().clients.connected === 2)

  const { code, stdout, stderr } = await statusOf(plant)
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    new RegExp(`^Engine of process ${process.pid}, up \\d+ s\nNothing lost\\.\n`),
  )
  assert.match(
    stdout,
    /^ {2}FEED +SOCKETS +LISTED +WANTED +TICKS +REJECTS +UNKNOWN +RING LAG +RING LOST$/m,
  )
  assert.match(stdout, /^ {2}zerodha +live +500 +1 of 9,000 +1 +0 +0 +0 +0$/m)
  assert.match(stdout, /^WebSocket: connected 2, items sent 1$/m)
  assert.match(stdout, /^ {2}\d+ +desk +json +1 +1$/m)
  assert.match(stdout, /^ {2}\d+ +not authenticated +json +0 +0$/m)
  const endpoints = plant.engine.zeromq!.ticks.join(' ')
  assert.ok(stdout.includes(`\n  ticks    ${endpoints} (msgpack)\n`), stdout)
  assert.match(stdout, /^ +topics 0, asking for 0 of 4,500 instruments; prefixes 0$/m)
  assert.match(stdout, /^Latency from socket to send: p50 [\d,]+ µs .* {2}\(1 ticks\)\n$/m)

  const told = JSON.parse((await statusOf(plant, '--json')).stdout)
  const status = plant.engine.status()
  assert.deepEqual(Object.keys(told), Object.keys(status))
  assert.deepEqual(Object.keys(told.feeds[0]), Object.keys(status.feeds[0]!))
  assert.deepEqual(told.clients, status.clients)
  assert.deepEqual(told.zeromq, status.zeromq)
})

test('what was lost or refused stands first, and nothing else with it', async (context) => {
  const plant = await startPlant(context)
  const client = await StreamClient.open(context, plant)
  await client.stream(sharesOf(plant, 1), 'Quote')
  plant.simulator.sendRaw(Buffer.from('00010003ffffff', 'hex'))
  await until('the reject', () => plant.engine.status().feeds[0]!.rejects === 1)
  plant.simulator.dropSockets()
  const { feeds } = plant.engine
  await until('the loss', () => plant.engine.status().feeds[0]!.disconnects === 1)
  await until('the line', () => feeds[0]!.counters().connects === 2 && feeds[0]!.isConnected)

  const { stdout } = await statusOf(plant)
  const [, title, ...lines] = stdout.split('\n')
  assert.equal(title, 'Lost or refused:')
  assert.deepEqual(lines.slice(0, 3), [
    '  zerodha  1  times that a socket to the broker was lost, and what it would have carried',
    '  zerodha  1  frames or packets that made no sense',
    '',
  ])
})

test('without an engine it ends with 3', async () => {
  const { code, stdout, stderr } = await runCommand(['status'])
  assert.equal(code, 3)
  assert.equal(stdout, '')
  assert.match(stderr, /^tickplant: no engine is running on this data folder; .*\n$/)
})

test('a status of another form is told, and printed as it is with --json', async (context) => {
  const server = createServer((_, reply) => reply.end('{"feeds":[],"more":1}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const dataDir = freshFolder()
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const word = { pid: process.pid, startedAtMs: 1, websocket: address, http: address, apiKey: 'x' }
  writeFileSync(join(dataDir, 'engine.json'), JSON.stringify(word))

  const { code, stderr } = await statusOf({ dataDir })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^tickplant: the engine tells its status in another form \(uptimeS: .*use --json\n$/,
  )
  const asTold = await statusOf({ dataDir }, '--json')
  assert.deepEqual(JSON.parse(asTold.stdout), { feeds: [], more: 1 })
})
