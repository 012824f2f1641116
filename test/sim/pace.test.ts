import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deal, Pace } from '../../sim/pace.ts'

test('the pace gives the rate, whatever the steps', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 0, max: 250_000 }),
      (stepsMs, rate) => {
        const pace = new Pace(rate, 100)
        const given = stepsMs.reduce((sum, stepMs) => sum + pace.due(stepMs), 0)
        const due = (stepsMs.reduce((sum, stepMs) => sum + stepMs, 0) * rate) / 1000
        assert.ok(Math.abs(given + pace.behind - due) <= 1 + 1e-6, `${given} of ${due}`)
        assert.ok(pace.behind <= stepsMs.length)
      },
    ),
  )
})

test('a long pause is not made up for, and is counted', () => {
  const pace = new Pace(1000, 100)
  assert.equal(pace.due(5000), 100)
  assert.equal(pace.behind, 4900)
  assert.equal(pace.due(10), 10)
})

test('dealing gives out the exact count, by weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3000), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(500), { maxLength: 20 }),
      (weights, counts) => {
        const shares = weights.map((weight) => ({ weight, credit: 0, dealt: 0 }))
        const totals = weights.map(() => 0)
        const whole = weights.reduce((sum, weight) => sum + weight, 0)
        let given = 0
        for (const count of counts) {
          deal(count, shares)
          shares.forEach(({ dealt }, place) => {
            totals[place]! += dealt
          })
          given += count
        }
        totals.forEach((total, place) => {
          const exact = whole === 0 ? 0 : (given * weights[place]!) / whole
          assert.ok(Math.abs(total - exact) <= weights.length, `${total} for ${exact}`)
        })
        if (whole > 0)
          assert.equal(
            totals.reduce((sum, total) => sum + total, 0),
            given,
          )
      },
    ),
  )
})
