// The instruments of a running engine, from the outside: REST, the command, and a list that changes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { runCommand } from '../cli/run.ts'
import { addKey, callAdmin, sharesOf, startPlant, until } from '../support/plant.ts'

const plant = await startPlant({ after }, { instruments: 2000 })
const [share] = sharesOf(plant, 1)

async function post(name: string, fields: object) {
  const { key } = await addKey(plant, `rest-${name}`, ['read'])
  const body = JSON.stringify({ apikey: key, ...fields })
  const reply = await fetch(`${plant.httpUrl}/api/v1/${name}`, { method: 'POST', body })
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
}

test('a key of scope read finds instruments over REST', async () => {
  const { status, body } = await post('symbol', { symbol: share!.symbol, exchange: 'NSE' })
  assert.equal(status, 200)
  assert.equal((body.data as { token: string }).token, String(share!.token))
  const found = await post('search', { query: share!.symbol })
  assert.equal((found.body.data as { symbol: string }[])[0]!.symbol, share!.symbol)
})

test('the list of all instruments has every one', async () => {
  const { key } = await addKey(plant, 'list', ['read'])
  const url = `${plant.httpUrl}/api/v1/instruments?apikey=${key}&format=csv`
  const lines = (await (await fetch(url)).text()).trim().split('\n')
  assert.equal(lines.length, 1 + plant.engine.feeds[0]!.tokens.rows)
})

test('the command asks a running engine, which syncs and goes on', async () => {
  const words = [`--data-dir=${plant.dataDir}`]
  const search = await runCommand(['symbols', 'search', share!.symbol, ...words])
  assert.equal(search.code, 0)
  assert.match(search.stdout, new RegExp(`^ +${share!.symbol} +NSE `, 'm'))
  const generation = async () => {
    const [first] = (await callAdmin(plant, 'GET', '/admin/symbols')) as unknown as {
      live: { generation: number }
    }[]
    return first!.live.generation
  }
  const before = await generation()
  const sync = await runCommand(['symbols', 'sync', '--force', '--broker=zerodha', ...words])
  assert.deepEqual([sync.code, sync.stderr], [0, ''])
  await until('the next generation', async () => (await generation()) === before + 1)
  const { status } = await post('expiry', {
    symbol: 'NIFTY',
    exchange: 'NFO',
    instrumenttype: 'options',
  })
  assert.equal(status, 200)
})
