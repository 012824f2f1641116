import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const LOAD = fileURLToPath(new URL('../../bench/load.js', import.meta.url))

test('under load, every tick that the broker sent is received or counted as lost by each client', async (context) => {
  const words = ['--rate=20000', '--seconds=3', '--clients=msgpack,json:50', '--mode=depth']
  const load = spawn(process.execPath, [LOAD, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  load.stdout.on('data', (part: Buffer) => {
    output += part.toString()
  })
  const [exitCode] = await once(load, 'close')
  context.diagnostic(output)
  assert.equal(exitCode, 0, output)
})
