// The suite itself: its numbers, and that it is run for every broker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BrokerSpec, unsupported } from '../../adapters/broker.ts'
import { BROKERS } from '../../adapters/registry.ts'
import { SIMULATORS } from '../../sim/registry.ts'
import { reasonToSkip } from './card.ts'
import { CARDS as CONNECTION } from './connection.ts'
import { CARDS as FAULTS } from './faults.ts'
import { CARDS as FEED } from './feed.ts'
import { CARDS as INSTRUMENTS } from './instruments.ts'
import { CARDS as LIMITS } from './limits.ts'
import { CARDS as ORDERS } from './orders.ts'
import { CARDS as SECRETS } from './secrets.ts'
import { CARDS as SESSIONS } from './sessions.ts'

const ALL = [
  ...INSTRUMENTS,
  ...FEED,
  ...FAULTS,
  ...CONNECTION,
  ...LIMITS,
  ...ORDERS,
  ...SECRETS,
  ...SESSIONS,
]

test('every broker has a simulator to be held against', () => {
  const simulated = Object.keys(SIMULATORS)
  assert.deepEqual(
    Object.keys(BROKERS).filter((id) => !simulated.includes(id)),
    [],
  )
})

test('every card has a number of its own, and says what it proves', () => {
  assert.equal(new Set(ALL.map(({ id }) => id)).size, ALL.length)
  for (const { id, title, proves } of ALL) {
    assert.match(id, /^[AFILOS]-\d\d$/)
    assert.ok(title.length > 10 && proves.length > 10, id)
  }
})

test('a card is skipped only where the broker says why it lacks the part', () => {
  const spec = { orders: unsupported('the broker takes no orders') } as unknown as BrokerSpec
  const needs = ({ orders }: BrokerSpec) => orders
  assert.equal(reasonToSkip({ needs }, spec), 'the broker takes no orders')
  assert.equal(reasonToSkip({ needs }, { ...spec, orders: {} } as BrokerSpec), false)
  assert.equal(reasonToSkip({}, spec), false)
})
