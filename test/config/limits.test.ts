// Limits of orders: the same keys for all brokers and again for each one, from every source.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedOf, limitsOf, NO_LIMITS } from '../../engine/orders/limits.ts'
import { load, messageOf } from './load-here.ts'

test('without any source nothing is limited, and a broker has no limits of its own', () => {
  const { config } = load({ toml: '[brokers.zerodha]' })
  assert.deepEqual(limitsOf(config.orders.limits), NO_LIMITS)
  assert.equal(config.brokers.zerodha?.limits, undefined)
  assert.deepEqual(limitsOf(config.brokers.zerodha?.limits), NO_LIMITS)
})

test('limits come from the file, the environment and flags, for all and for one', () => {
  const { config } = load({
    toml: `
      [orders.limits]
      quantity_max = 1000
      price_distance_percent_max = 2.5
      allowed = "NSE NFO:NIFTY28JUL26FUT"
      [brokers.zerodha]
      static_ip_acknowledged = true
      algo_id = "A-1"
      [brokers.zerodha.limits]
      value_max = 500000
      per_day_max = 10`,
    env: {
      TICKPLANT_ORDERS_LIMITS_PER_SECOND_MAX: '3',
      TICKPLANT_BROKERS_ZERODHA_LIMITS_PER_DAY_MAX: '20',
      TICKPLANT_BROKERS_ZERODHA_LIMITS_ALLOWED: 'MCX',
    },
    flags: { 'orders.limits.quantity_max': 7, 'brokers.zerodha.limits.quantity_max': '5' },
  })
  assert.deepEqual(limitsOf(config.orders.limits), {
    ...NO_LIMITS,
    quantityMax: 7,
    perSecondMax: 3,
    priceDistancePercentMax: 2.5,
    allowed: new Set(['NSE', 'NFO:NIFTY28JUL26FUT']),
  })
  const { limits, static_ip_acknowledged, algo_id, credentials } = config.brokers.zerodha!
  assert.deepEqual(limitsOf(limits), {
    ...NO_LIMITS,
    quantityMax: 5,
    valueMax: 500_000,
    perDayMax: 20,
    allowed: new Set(['MCX']),
  })
  assert.deepEqual([static_ip_acknowledged, algo_id, credentials], [true, 'A-1', {}])
  // What else the section holds is as it was.
  assert.equal(config.orders.hold_unknown, true)
})

test('a list of instruments is split at blanks and commas; an empty one allows all', () => {
  assert.deepEqual(
    allowedOf('NSE, NFO:M&M28JUL26FUT  MCX'),
    new Set(['NSE', 'NFO:M&M28JUL26FUT', 'MCX']),
  )
  assert.equal(allowedOf(''), null)
  assert.equal(allowedOf('  '), null)
})

test('mistakes are told with what is allowed', () => {
  const told = (toml: string) => messageOf({ toml })
  assert.match(
    told('[orders.limits]\nquantity_max = -1'),
    /^orders\.limits\.quantity_max is -1 in tickplant\.toml; it must be a whole number from 0 to/,
  )
  assert.match(
    told('[brokers.zerodha.limits]\nprice_distance_percent_max = 101'),
    /^brokers\.zerodha\.limits\.price_distance_percent_max is 101 in .* from 0 to 100/,
  )
  assert.match(
    told('[orders.limits]\nallowed = "nse"'),
    /must be exchange codes and EXCHANGE:SYMBOL/,
  )
  assert.match(
    told('[brokers.zerodha.limits]\nquantity = 5'),
    /^brokers\.zerodha\.limits\.quantity in .* is not a known key.*; allowed here: quantity_max, value_max/,
  )
  assert.match(told('[orders]\nlimits = 5'), /^orders\.limits in tickplant\.toml must be a table/)
  assert.match(
    told('[brokers.zerodha]\nlimits = 5'),
    /brokers\.zerodha\.limits in .* must be a table/,
  )
  assert.match(told('[brokers.zerodha.limit]\nquantity_max = 5'), /brokers\.zerodha\.limit/)
  const environment = { TICKPLANT_BROKERS_ZERODHA_LIMITS_QUANTITY: '5' }
  assert.match(messageOf({ env: environment }), /sets no known key \(did you mean/)
})
