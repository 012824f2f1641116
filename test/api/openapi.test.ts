// The document and the page that describe the endpoints: made from the schemas that check requests, and true to
// answers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ERROR_CODES } from '../../adapters/orders.ts'
import { packageRoot } from '../../config/root.ts'
import { describeApi } from '../../engine/api/openapi.ts'
import { symbolEndpoints } from '../../engine/api/symbols.ts'
import { tradingEndpoints } from '../../engine/api/trading.ts'
import { CASES } from './order-cases.ts'
import { KEY, orderPlant } from './order-plant.ts'

const plant = orderPlant()
// biome-ignore lint/suspicious/noExplicitAny: the document is looked into at many depths.
const document = (await (await fetch(`${plant.root}/openapi.json`)).json()) as any

test('every field that a request may have is described, and those that it must have are marked', () => {
  for (const [name, { right, wrong }] of Object.entries(CASES)) {
    const { requestBody, responses } = document.paths[`/api/v1/${name}`].post
    const schema = requestBody.content['application/json'].schema
    const fields = Object.keys(schema.properties)
    const known = Object.entries(wrong).filter(([, [first]]) => first?.[1] !== 'Unknown field.')
    for (const [field, wrongs] of known) {
      assert.ok(fields.includes(field), `${name} ${field}`)
      const isNeeded = wrongs.some(([value]) => value === undefined)
      assert.equal(schema.required.includes(field), isNeeded, `${name} ${field}`)
    }
    for (const field of ['apikey', ...Object.keys(right)]) assert.ok(fields.includes(field))
    const isStrict = !/^(place|modify)gtt/.test(name)
    assert.equal(schema.additionalProperties, isStrict ? false : undefined, name)
    for (const status of [200, 400, 403, 429, 500]) assert.ok(status in responses, name)
  }
})

test('an answer has the fields that its schema has, in the same order', async () => {
  for (const name of ['analyzer', 'intervals', 'ping']) {
    const { body } = await plant.post(name, { apikey: KEY })
    const { schema } =
      document.paths[`/api/v1/${name}`].post.responses[200].content['application/json']
    assert.deepEqual(Object.keys(body), Object.keys(schema.properties))
    assert.deepEqual(Object.keys(body.data), Object.keys(schema.properties.data.properties))
  }
})

test('errors are described with all codes', () => {
  const { schema } =
    document.paths['/api/v1/placeorder'].post.responses[400].content['application/json']
  assert.deepEqual(schema.properties.error_code.enum, ERROR_CODES)
})

test('the page shows every endpoint, runs nothing and fetches nothing', async () => {
  const reply = await fetch(`${plant.root}/docs`)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.match(reply.headers.get('content-security-policy')!, /default-src 'none'/)
  const page = await reply.text()
  for (const path of Object.keys(document.paths)) assert.ok(page.includes(`id="${path}"`), path)
  assert.doesNotMatch(page, /<script|src=|https?:\/\/|undefined|\[object/)
})

test('the collection of calls has every endpoint, with fields that it takes', () => {
  const text = readFileSync(join(packageRoot, 'docs/tickplant.http'), 'utf8')
  const unasked = null as never
  const endpoints = [
    ...tradingEndpoints(plant.context),
    ...symbolEndpoints({ lookup: unasked, brokers: [], nowMs: () => 0, market: unasked }),
  ]
  const calls = text.split(/^### /m).slice(1)
  const unseen = new Set(Object.keys(describeApi(endpoints, '').paths))
  for (const call of calls) {
    const [, method, path] = /^(GET|POST) \{\{host\}\}([^\s?]+)/m.exec(call) ?? []
    const described = endpoints.find(({ name }) => path === `/api/v1/${name}`)
    unseen.delete(path!)
    if (described === undefined || method === 'GET') continue
    const body = JSON.parse(/^\{[\s\S]*\}$/m.exec(call)![0])
    assert.ok(described.request.safeParse(body).success, path)
  }
  assert.deepEqual([...unseen], [])
})
