// The kill switch from the command line where no engine runs, or one that does not answer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/plant.ts'
import { runCommand } from './run.ts'

test('without an engine the file is changed, for the engine that comes', async (context) => {
  const folder = await temporaryFolder(context)
  const run = (...words: string[]) => runCommand(['kill', ...words, '--data-dir', folder])
  assert.equal((await run('--status')).stdout, 'The kill switch is clear: orders are taken.\n')
  const { code, stdout } = await run()
  assert.equal(code, 0)
  assert.match(stdout, /^The kill switch is set, by command line at 20/)
  assert.deepEqual(await readdir(folder), ['kill'])
  assert.match((await run('--status')).stdout, /is set, by command line/)
  assert.equal((await run('--clear')).stdout, 'The kill switch is clear: orders are taken.\n')
  assert.deepEqual(await readdir(folder), [])
})

test('an engine that does not answer is stopped by the file', async (context) => {
  const folder = await temporaryFolder(context)
  const address = { host: '127.0.0.1', port: 1 }
  // Of this process, which runs, at a port where nobody listens.
  const word = { pid: process.pid, startedAtMs: 1, websocket: address, http: address, apiKey: 'k' }
  await writeFile(join(folder, 'engine.json'), JSON.stringify(word))
  const { code } = await runCommand(['kill', '--data-dir', folder])
  assert.equal(code, 0)
  assert.ok((await readdir(folder)).includes('kill'))
})

test('an engine that blocks orders though its file could not be written is told as set', async (context) => {
  const folder = await temporaryFolder(context)
  const status = { isSet: true, by: null, atMs: null, why: null }
  const server = createServer((_, reply) => reply.end(JSON.stringify(status)))
  context.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const word = { pid: process.pid, startedAtMs: 1, websocket: address, http: address, apiKey: 'k' }
  await writeFile(join(folder, 'engine.json'), JSON.stringify(word))
  const { stdout } = await runCommand(['kill', '--status', '--data-dir', folder])
  assert.match(stdout, /^The kill switch is set, by hand/)
})

test('what does not go together is bad usage', async () => {
  const { code, stderr } = await runCommand(['kill', '--clear', '--status'])
  assert.equal(code, 2)
  assert.match(stderr, /--clear and --status do not go together/)
})
