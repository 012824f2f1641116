import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { freshFolder, startCommand } from '../cli/run.ts'
import { freePort } from '../support/free-port.ts'
import { startEngineOn, startPlant, until } from '../support/plant.ts'
import { StreamClient } from '../support/stream-client.ts'

const EXIT_MS_MAX = 60_000

for (const name of ['websocket', 'http'] as const) {
  test(`a ${name} port in use is one sentence, and nothing is left running`, async (context) => {
    const { simulator, engine } = await startPlant(context)
    const port = name === 'http' ? engine.httpPort : engine.websocketPort
    await until('the line of the first engine', () => simulator.stats().sockets === 1)
    const other = name === 'http' ? { 'websocket.port': await freePort() } : {}
    await assert.rejects(startEngineOn(context, simulator, { ...other, [`${name}.port`]: port }), {
      name: 'StartError',
      message:
        `${name}: cannot listen on 127.0.0.1:${port}; ` +
        "another program uses the port, or the address is not this machine's",
    })
    assert.equal(simulator.stats().sockets, 1)
    const started = await startEngineOn(context, simulator, other)
    assert.equal((await fetch(`${started.httpUrl}/healthz`)).status, 200)
    await until('its line', () => simulator.stats().sockets === 2)
  })
}

test('stopping tells clients with 1001 and leaves nothing open', async (context) => {
  const { simulator, engine, websocketUrl, httpUrl, dataDir } = await startPlant(context)
  await until('a line', () => simulator.stats().sockets === 1)
  const known = await StreamClient.open(context, { engine, websocketUrl })
  const unknown = await StreamClient.connect(context, websocketUrl)
  await engine.stop()
  for (const client of [known, unknown]) {
    await until('the closing', () => client.closed)
    assert.deepEqual(client.closed, { code: 1001, reason: 'the engine stops' })
  }
  await assert.rejects(fetch(`${httpUrl}/healthz`), { name: 'TypeError' })
  await assert.rejects(StreamClient.connect(context, websocketUrl), { code: 'ECONNREFUSED' })
  await until('the end of the line', () => simulator.stats().sockets === 0)
  await assert.rejects(stat(join(dataDir, 'engine.json')), { code: 'ENOENT' })
  await engine.stop()
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`tickplant start ends with exit code 0 on ${signal}, with clients and ticks`, async (context) => {
    const { simulator } = await startPlant(context, { ratePerSecond: 500 })
    const cwd = freshFolder()
    const child = startCommand(['start', '--websocket-port', '0', '--http-port', '0'], {
      cwd,
      env: {
        TICKPLANT_ZEROMQ_PORT: '0',
        TICKPLANT_ZEROMQ_BATCH_PORT: '0',
        TICKPLANT_BROKERS_ZERODHA_REST: simulator.restUrl,
        TICKPLANT_BROKERS_ZERODHA_FEED: simulator.feedUrl,
        TICKPLANT_BROKERS_ZERODHA_API_KEY: simulator.apiKey,
        TICKPLANT_BROKERS_ZERODHA_ACCESS_TOKEN: simulator.accessToken,
      },
    })
    context.after(() => child.kill('SIGKILL'))
    const ended = once(child, 'close')
    const printed = text(child.stdout)
    child.stderr.resume()
    const file = join(cwd, 'data/engine.json')
    const word = await until('its word', async () => {
      const found = await readFile(file, 'utf8').catch(() => '')
      return found.endsWith('}\n') && JSON.parse(found)
    })
    const url = `ws://127.0.0.1:${word.websocket.port}`
    const client = await StreamClient.connect(context, url)
    await client.authenticate(word.apiKey)
    await client.stream([{ exchange: 'NSE', symbol: 'RELIANCE' }], 'Depth')
    child.kill(signal)
    const cutOff = setTimeout(() => child.kill('SIGKILL'), EXIT_MS_MAX)
    assert.deepEqual(await ended, [0, null])
    clearTimeout(cutOff)
    await until('the closing', () => client.closed)
    assert.equal(client.closed?.code, 1001)
    assert.match(await printed, /^Listening: WebSocket ws:.*Stopped\.\n$/s)
    await assert.rejects(stat(file), { code: 'ENOENT' })
  })
}
