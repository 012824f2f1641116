// The instruments of a running engine, from the outside: REST, the command, and a list that changes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { runCommand } from '../cli/run.ts'
import { addKey, callAdmin, searchable, sharesOf, startPlant, until } from '../support/plant.ts'

const plant = await startPlant({ after }, { instruments: 2000 })
const [share] = sharesOf(plant, 1)
await searchable(plant)

const { key } = await addKey(plant, 'rest', ['read'])

async function post(name: string, fields: object) {
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

test('an option chain has the quotes of its options', async () => {
  const kind = { exchange: 'NFO', symbol: 'NIFTY', instrumenttype: 'options' }
  const [expiry] = (await post('expiry', kind)).body.data as string[]
  const { status, body } = await post('optionchain', {
    ...{ underlying: 'NIFTY', exchange: 'NSE_INDEX', expiry_date: expiry!.replaceAll('-', '') },
    strike_count: 1,
  })
  assert.equal(status, 200, JSON.stringify(body))
  assert.ok((body.underlying_prev_close as number) > 0)
  const legs = (body.chain as Record<'ce' | 'pe', Record<string, unknown>>[]).flatMap(
    ({ ce, pe }) => [ce, pe],
  )
  assert.equal(legs.length, 6)
  const symbols = legs.map(({ symbol }) => ({ symbol, exchange: 'NFO' }))
  const { results } = (await post('multiquotes', { symbols })).body
  for (const [at, { data }] of (results as { data: Record<string, number> }[]).entries()) {
    const { label, lotsize, tick_size, symbol, bid_qty, ask_qty, ...quote } = legs[at]!
    assert.deepEqual(quote, data)
    assert.ok(data.ltp! > 0 && (bid_qty as number) > 0 && (ask_qty as number) > 0)
  }
})
