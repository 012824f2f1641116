// A broker that repeats the credentials in whatever it says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretHider } from '../../engine/feed/secrets.ts'
import { ACCESS_TOKEN, startFakePlant } from '../feed/fake-plant.ts'
import { PlainServer } from '../feed/fakes/plain-server.ts'
import { until } from '../support/plant.ts'

test('no log line holds what a broker repeats of the credentials', async (context) => {
  const server = await new PlainServer().listen(context)
  const { engine, logs } = await startFakePlant(context, server)
  const feed = engine.feeds[0]!
  await until('the feed to be live', () => feed.isConnected)
  const linesWith = (text: string) => logs.filter((line) => JSON.stringify(line).includes(text))

  server.order({ do: 'effects', effects: [{ do: 'notice', text: `hello ${ACCESS_TOKEN}` }] })
  await until('the notice', () => linesWith('hello [redacted]').length === 1)

  // Near the beginning of the sample, and across its end.
  for (const gap of [1, 55]) server.say(`${'-'.repeat(gap)}${ACCESS_TOKEN} is not JSON`)
  server.say(Buffer.from(`binary ${ACCESS_TOKEN}`))
  await until('the samples', () => linesWith('feed oddity').length === 3)
  const samples = linesWith('feed oddity').map(({ sample }) => String(sample))
  assert.ok(
    samples.every(
      (sample) => !sample.includes(Buffer.from(ACCESS_TOKEN.slice(0, 8)).toString('hex')),
    ),
  )
  assert.ok(Buffer.from(samples[0]!, 'hex').toString().startsWith('-[redacted] is not JSON'))

  server.answer = { status: 500, body: { token: ACCESS_TOKEN } }
  const call = { method: 'GET', url: `${server.restUrl}/call?token=${ACCESS_TOKEN}` } as const
  server.order({ do: 'effects', effects: [{ do: 'request', id: 'throw', request: call }] })
  await until('the failure on a reply', () => linesWith('cannot read').length === 1)
  await until('the next connection', () => feed.counters().connects === 2 && feed.isConnected)
  server.order({ do: 'effects', effects: [{ do: 'request', id: 'reject', request: call }] })
  const reply = await until('the reject of a reply', () => linesWith('nobody can use')[0])
  assert.equal(reply.sample, '', 'a reply is never sampled')

  const encoded = encodeURIComponent(ACCESS_TOKEN)
  server.refusal = { status: 401, body: { error: `${ACCESS_TOKEN} or ${encoded} is over` } }
  server.dropSockets()
  await until('the refusal', () => linesWith('sign in again').length === 1)
  const text = JSON.stringify(logs)
  assert.ok(linesWith('[redacted] or [redacted] is over').length >= 1)
  assert.ok(!text.includes(ACCESS_TOKEN))
  assert.ok(!text.includes(encoded))
})

test('all of a session is secret but what the broker calls open, and the longest secret goes first', () => {
  const fields = [
    { name: 'user_id', secret: false, needed: 'never', help: '' },
    { name: 'access_token', secret: true, needed: 'never', help: '' },
  ] as const
  const session = {
    userId: 'AB1234',
    accessToken: 'abcd',
    feedToken: 'abcdef',
    pin: '12',
  }
  const hide = secretHider(fields, session)
  assert.equal(hide('AB1234 abcdef abcd 12'), 'AB1234 [redacted] [redacted] 12')
})
