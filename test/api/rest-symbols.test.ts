// OpenAlgo's symbol endpoints: the bodies that its clients know.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { until } from '../support/plant.ts'
import { ask, error, get, http, KEY, many, post, RIGHT, root } from './rest-plant.ts'
import { EXCHANGES, LENGTH } from './words.ts'

test('/symbol answers one row, compact and with sorted keys', async () => {
  const { status, text } = await post('symbol', RIGHT.symbol)
  assert.equal(status, 200)
  assert.equal(
    text,
    '{"data":{"brexchange":"NFO","brsymbol":"NIFTY28MAR24FUT-B","exchange":"NFO","expiry":"28-MAR-24",' +
      '"freeze_qty":1800,"id":4,"instrumenttype":"FUT","lotsize":75,"name":"NIFTY","strike":0,' +
      '"symbol":"NIFTY28MAR24FUT","tick_size":0.05,"token":"5005"},"status":"success"}\n',
  )
  assert.deepEqual(await ask('symbol', { ...RIGHT.symbol, exchange: 'NSE' }), {
    status: 404,
    body: error('Symbol NIFTY28MAR24FUT not found in exchange NSE', 'NOT_FOUND'),
  })
})

test('a byte order mark before the body is no fault', async () => {
  const plain = await post('symbol', RIGHT.symbol)
  assert.deepEqual(await post('symbol', `\ufeff${JSON.stringify(RIGHT.symbol)}`), plain)
})

test('/search answers ranked rows, or none with success', async () => {
  const { status, body } = await ask('search', RIGHT.search)
  assert.equal(status, 200)
  assert.deepEqual(
    [body.status, body.message, body.data.map(({ symbol }: { symbol: string }) => symbol)],
    ['success', 'Found 2 matching symbols', ['NIFTY04APR2423500CE', 'NIFTY28MAR2423500CE']],
  )
  const none = { data: [], message: 'No matching symbols found', status: 'success' }
  const nowhere = { apikey: KEY, query: 'NIFTY', exchange: 'BCD' }
  assert.deepEqual(await ask('search', nowhere), { status: 200, body: none })
  assert.deepEqual(await ask('search', { apikey: KEY, query: ' \t' }), {
    status: 400,
    body: error('Query parameter is required and cannot be empty'),
  })
  const all = await ask('search', { apikey: KEY, query: 'S', broker: 'many' })
  assert.equal(all.body.data.length, 500)
})

test('/expiry answers the dates from today on', async () => {
  assert.deepEqual(await ask('expiry', { ...RIGHT.expiry, symbol: ' nifty ' }), {
    status: 200,
    body: {
      data: ['28-MAR-24', '04-APR-24'],
      message: 'Found 2 expiry dates for NIFTY options in NFO',
      status: 'success',
    },
  })
  // Its only expiry was yesterday.
  assert.deepEqual(await ask('expiry', { ...RIGHT.expiry, symbol: 'NIFTYNXT50' }), {
    status: 200,
    body: {
      data: [],
      message: 'No expiry dates found for NIFTYNXT50 options in NFO',
      status: 'success',
    },
  })
  assert.deepEqual(await ask('expiry', { ...RIGHT.expiry, symbol: ' ' }), {
    status: 400,
    body: error('Symbol parameter is required and cannot be empty'),
  })
})

test('/instruments answers JSON and CSV, by query or header key', async () => {
  const reply = await get({ apikey: KEY, exchange: 'CDS', unknown: 'ignored' })
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'application/json')
  const { data, message, status } = (await reply.json()) as Record<string, unknown>
  assert.deepEqual([message, status], ['Found 2 instruments', 'success'])
  assert.deepEqual((data as { symbol: string }[])[0], {
    ...{
      brexchange: 'CDS',
      brsymbol: 'USDINR27JAN2583.5PE-B',
      exchange: 'CDS',
      expiry: '27-JAN-25',
    },
    ...{ freeze_qty: 1800, instrumenttype: 'PE', lotsize: 75, name: 'USDINR', strike: 83.5 },
    ...{ symbol: 'USDINR27JAN2583.5PE', tick_size: 0.05, token: '5020' },
  })
  const csv = await get({ format: 'CSV', exchange: 'BSE' }, { 'x-api-key': KEY })
  assert.equal(csv.headers.get('content-type'), 'text/csv')
  assert.equal(csv.headers.get('content-disposition'), 'attachment; filename=instruments_BSE.csv')
  assert.equal(
    await csv.text(),
    'symbol,brsymbol,name,exchange,brexchange,token,expiry,strike,lotsize,instrumenttype,tick_size,freeze_qty\r\n' +
      'RELIANCE,RELI,"Reliance ""Ind"", Ltd",BSE,BSE,5004,,0,1,EQ,0.05,1\r\n',
  )
  const none = { data: [], message: 'No instruments found', status: 'success' }
  assert.deepEqual(await (await get({ apikey: KEY, exchange: 'NCO' })).json(), none)
  const all = (await (await get({ apikey: KEY, broker: 'many' })).json()) as { data: unknown[] }
  assert.equal(all.data.length, many.length)
})

test('/instruments refuses what is not right, CSV as plain text', async () => {
  const answer = async (query: Record<string, string>) => {
    const reply = await get(query)
    return [reply.status, reply.headers.get('content-type'), await reply.text()]
  }
  const json = (status: number, message: unknown, code?: string) => [
    ...[status, 'application/json', `${JSON.stringify(error(message, code))}\n`],
  ]
  const forbidden = 'INSUFFICIENT_PERMISSION'
  assert.deepEqual(await answer({}), json(401, 'API key is required', forbidden))
  assert.deepEqual(await answer({ apikey: 'x' }), json(403, 'Invalid openalgo apikey', forbidden))
  assert.deepEqual(await answer({ apikey: '' }), json(400, { apikey: [LENGTH] }))
  assert.deepEqual(
    await answer({ apikey: KEY, exchange: 'X' }),
    json(400, { exchange: [EXCHANGES] }),
  )
  const format = { format: ['Must be one of: json, csv.'] }
  assert.deepEqual(await answer({ apikey: KEY, format: 'xml' }), json(400, format))
  assert.deepEqual(await answer({ apikey: KEY, exchange: 'X', format: 'csv' }), [
    ...[400, 'text/plain', JSON.stringify({ exchange: [EXCHANGES] })],
  ])
  const huge = await answer({ apikey: KEY, exchange: 'X'.repeat(2000) })
  assert.deepEqual(huge, json(400, { exchange: [EXCHANGES] }))
  assert.equal((await answer({ apikey: KEY, broker: 'unsynced' }))[0], 503)
})

test('a client that does not read holds up nobody, and its dump ends with it', async () => {
  const stalled = Array.from({ length: 4 }, () => connect(http.port, '127.0.0.1'))
  const query = new URLSearchParams({ apikey: KEY, broker: 'many' })
  for (const socket of stalled) {
    socket.write(`GET /api/v1/instruments?${query} HTTP/1.1\r\nHost: x\r\n\r\n`)
    // It takes in the first bytes, and no more than its own buffer holds.
    await once(socket, 'readable')
  }
  const statusOf = async () => (await get({ apikey: KEY, exchange: 'CDS' })).status
  // Between two questions each dump may go on by a piece: were any to go on, it would be done by then.
  for (let asked = 0; asked < 500; asked++) {
    assert.equal((await ask('symbol', RIGHT.symbol)).status, 200)
  }
  assert.equal(await statusOf(), 503)
  for (const socket of stalled) socket.destroy()
  await until('room', async () => (await statusOf()) === 200)
})

test('the OpenAPI document describes every endpoint from its schema', async () => {
  const reply = await fetch(`${root}/openapi.json`)
  assert.equal(reply.status, 200)
  // biome-ignore lint/suspicious/noExplicitAny: the document is looked into at many depths.
  const document = (await reply.json()) as any
  assert.equal(document.openapi, '3.1.0')
  assert.equal(document.info.version, '1.2.3')
  const names = [...Object.keys(RIGHT), 'instruments'].map((name) => `/api/v1/${name}`)
  assert.deepEqual(Object.keys(document.paths).sort(), names.sort())
  for (const [name, right] of Object.entries(RIGHT)) {
    const { requestBody, responses } = document.paths[`/api/v1/${name}`].post
    const { properties, required, additionalProperties } =
      requestBody.content['application/json'].schema
    for (const field of Object.keys(right)) assert.ok(field in properties, `${name} ${field}`)
    assert.ok(required.includes('apikey') && !required.includes('broker'))
    assert.equal(additionalProperties, false)
    const answered = (await ask(name, right)).body
    const success = responses['200'].content['application/json'].schema
    assert.deepEqual(Object.keys(success.properties), Object.keys(answered))
    assert.ok('400' in responses && '403' in responses)
  }
  const { parameters } = document.paths['/api/v1/instruments'].get
  assert.deepEqual(
    parameters.map(({ name, required }: { name: string; required: boolean }) => [name, required]),
    [
      ['apikey', true],
      ['exchange', false],
      ['format', false],
      ['broker', false],
    ],
  )
})

test('what is not there is told in the same form', async () => {
  const reply = await fetch(`${root}/nothing`)
  assert.equal(reply.status, 404)
  assert.deepEqual(await reply.json(), error('there is nothing at /api/v1/nothing', 'NOT_FOUND'))
})
