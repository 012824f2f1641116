// What of a session outlives the process, and what the configuration has to say about it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/plant.ts'
import { HOUR_MS, keep, MemorySafe, PAGED, SignInServer } from './fake-broker.ts'

const SIX_MS = Date.parse('2026-08-04T06:00:00+05:30')

test('a restart takes up the sealed session while it lives and the configuration is the same', async (t) => {
  const server = await new SignInServer().listen(t)
  const safe = new MemorySafe()
  const credentials = { user_id: 'AB1234', pin: 'the-pin', code: 'the-code' }
  const first = keep(server, PAGED, { safe, credentials })
  await first.keeper.start()
  assert.deepEqual(server.paths, ['/token'])

  const second = keep(server, PAGED, { safe, credentials })
  second.clock.ms += HOUR_MS
  await second.keeper.start()
  assert.deepEqual([server.paths, second.told], [['/token'], ['token-number-1']])
  assert.equal(second.keeper.status().expiresAtMs, SIX_MS)

  const other = keep(server, PAGED, { safe, credentials: { ...credentials, code: 'new-code' } })
  await other.keeper.start()
  assert.deepEqual([server.paths.length, other.told], [2, ['token-number-2']])

  // Past its hour: the code is used up, so nothing is called.
  const late = keep(server, PAGED, { safe, credentials: { ...credentials, code: 'new-code' } })
  late.clock.ms = SIX_MS
  await late.keeper.start()
  assert.deepEqual([late.keeper.state, late.keeper.status().needsLogin], ['expired', true])
  assert.deepEqual([server.paths.length, late.told], [2, []])

  const refused = keep(server, PAGED, { safe, credentials })
  await refused.keeper.useToken({ code: 'third' })
  refused.keeper.refused('ended by hand')
  await until('the seal', () => safe.sealed.get('fake')?.session?.known === null)
  const after = keep(server, PAGED, { safe, credentials })
  await after.keeper.start()
  assert.deepEqual([after.keeper.state, server.paths.length], ['expired', 3])
})

test('what a login brings beside its token is there for the next sign-in, and sealed', async (t) => {
  const server = await new SignInServer().listen(t)
  const safe = new MemorySafe()
  const credentials = { user_id: 'AB1234' }
  const first = keep(server, PAGED, { safe, credentials })
  await first.keeper.start()
  assert.match(first.keeper.status().problem ?? '', /^brokers\.fake\.pin is missing/)
  await first.keeper.useToken({ pin: 'a-pin', code: 'the-code' })
  assert.deepEqual(safe.sealed.get('fake')?.secrets, { pin: 'a-pin' })
  const second = keep(server, PAGED, { safe, credentials })
  await second.keeper.start()
  assert.deepEqual(second.keeper.loginCredentials(), { user_id: 'AB1234', pin: 'a-pin' })
  assert.equal(second.keeper.state, 'live')
})

test('a configured access token is not sealed, and a later login wins over it until it changes', async (t) => {
  const server = await new SignInServer().listen(t)
  const safe = new MemorySafe()
  const credentials = { user_id: 'AB1234', access_token: 'configured' }
  const { keeper } = keep(server, PAGED, { safe, credentials })
  await keeper.start()
  keeper.refused('over')
  assert.equal(safe.sealed.size, 0)
  await keeper.useToken({ access_token: 'brought' })
  const again = keep(server, PAGED, { safe, credentials })
  await again.keeper.start()
  assert.deepEqual(again.told, ['brought'])
  const changed = keep(server, PAGED, {
    safe,
    credentials: { ...credentials, access_token: 'newer' },
  })
  await changed.keeper.start()
  assert.deepEqual(changed.told, ['newer'])
})

test('a mistake of the configuration is thrown, because no login would mend it', async (t) => {
  const server = await new SignInServer().listen(t)
  const { keeper } = keep(server, PAGED, { credentials: { pin: '1' } })
  await assert.rejects(keeper.start(), /^SignInError: brokers\.fake\.user_id is missing/)
})
