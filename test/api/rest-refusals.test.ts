// What the symbol endpoints refuse, field by field, in the words that OpenAlgo's clients know.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, error, post, RIGHT, root, TRADE_KEY } from './rest-plant.ts'
import { DERIVATIVES, EXCHANGES, HUGE, LENGTH, MISSING, NO_TEXT, NULL, TOO_LONG } from './words.ts'

const RANGE = 'Must be greater than or equal to 1 and less than or equal to 100.'

/** A value and what is said of it. */
type Wrong = readonly [value: unknown, message: string]

/** What is wrong with a value of a field, by endpoint and field. */
const WRONG: Readonly<Record<string, Readonly<Record<string, readonly Wrong[]>>>> = {
  symbol: {
    apikey: [
      [undefined, MISSING],
      [null, NULL],
      [5, NO_TEXT],
      ['', LENGTH],
      [HUGE, LENGTH],
    ],
    symbol: [
      [undefined, MISSING],
      [null, NULL],
      [123, NO_TEXT],
      [[], NO_TEXT],
      [HUGE, TOO_LONG],
    ],
    exchange: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      ['nse', EXCHANGES],
      [HUGE, EXCHANGES],
    ],
    broker: [[1, NO_TEXT]],
    other: [
      [1, 'Unknown field.'],
      [null, 'Unknown field.'],
    ],
  },
  search: {
    apikey: [
      [undefined, MISSING],
      [null, NULL],
      [{}, NO_TEXT],
      ['', LENGTH],
      [HUGE, LENGTH],
    ],
    query: [
      [undefined, MISSING],
      [null, NULL],
      [24000, NO_TEXT],
      [HUGE, TOO_LONG],
    ],
    exchange: [
      [null, NULL],
      [1, NO_TEXT],
      ['', EXCHANGES],
      [HUGE, EXCHANGES],
    ],
    other: [['x', 'Unknown field.']],
  },
  expiry: {
    apikey: [
      [undefined, MISSING],
      [null, NULL],
      [true, NO_TEXT],
      ['', LENGTH],
      [HUGE, LENGTH],
    ],
    symbol: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      [HUGE, TOO_LONG],
    ],
    exchange: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      ['NSE', DERIVATIVES],
    ],
    instrumenttype: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      ['FUT', 'Must be one of: futures, options.'],
    ],
    other: [['x', 'Unknown field.']],
  },
  optionchain: {
    apikey: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      ['', LENGTH],
      [HUGE, LENGTH],
    ],
    underlying: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      [HUGE, TOO_LONG],
    ],
    exchange: [
      [undefined, MISSING],
      [null, NULL],
      [1, NO_TEXT],
      ['XX', EXCHANGES],
    ],
    expiry_date: [
      [null, NULL],
      [281124, NO_TEXT],
      [HUGE, TOO_LONG],
    ],
    strike_count: [
      ...['x', 1.5, '1.5', true, HUGE].map((value): Wrong => [value, 'Not a valid integer.']),
      ...[0, 101, '0', 1e15].map((value): Wrong => [value, RANGE]),
    ],
    price: [
      ['x', 'Not a valid number.'],
      [0, 'Must be greater than 0.'],
      [-1, 'Must be greater than 0.'],
    ],
    with_quotes: [
      ['maybe', 'Not a valid boolean.'],
      [null, NULL],
    ],
    with_greeks: [[1, 'Not a valid boolean.']],
    interest_rate: [
      [-1, 'Must be greater than or equal to 0 and less than or equal to 100.'],
      ['x', 'Not a valid number.'],
    ],
    other: [['x', 'Unknown field.']],
  },
}

for (const [name, fields] of Object.entries(WRONG)) {
  const right = RIGHT[name as keyof typeof RIGHT]
  for (const [field, cases] of Object.entries(fields)) {
    test(`/${name} says what is wrong with ${field}`, async () => {
      for (const [value, message] of cases) {
        const messages = { [field]: [message] }
        const wanted =
          name === 'optionchain'
            ? {
                error_code: 'INVALID_INPUT',
                errors: messages,
                message: 'Validation error',
                status: 'error',
              }
            : error(messages)
        const answer = await ask(name, { ...right, [field]: value })
        assert.deepEqual(answer, { status: 400, body: wanted }, String(value).slice(0, 40))
      }
    })
  }

  test(`/${name} refuses keys, bodies and methods that are not right`, async () => {
    const invalid = {
      status: 403,
      body: error('Invalid openalgo apikey', 'INSUFFICIENT_PERMISSION'),
    }
    assert.deepEqual(await ask(name, { ...right, apikey: 'unknown' }), invalid)
    assert.equal((await ask(name, { ...right, apikey: TRADE_KEY })).status, 403)
    const unread = 'An unexpected error occurred: the body is not JSON'
    for (const body of ['', '{', 'apikey=x']) {
      assert.deepEqual(await ask(name, body), { status: 500, body: error(unread) })
    }
    for (const body of [[], 'text', 5, null]) {
      const { status, body: answer } = await ask(name, JSON.stringify(body))
      assert.equal(status, 400)
      const messages = { _schema: ['Invalid input type.'] }
      assert.deepEqual(answer.errors ?? answer.message, messages)
    }
    const tooLarge = await ask(name, `"${'x'.repeat(270_000)}"`)
    assert.deepEqual(tooLarge, { status: 413, body: error('The body is too large') })
    const got = await fetch(`${root}/${name}`)
    assert.equal(got.status, 405)
    assert.deepEqual(await got.json(), error(`/api/v1/${name} takes POST`))
    const both = await ask(name, { b: 1, a: 2 })
    const messages = both.body.errors ?? both.body.message
    assert.equal(both.status, 400)
    assert.deepEqual([messages.a, messages.apikey], [['Unknown field.'], [MISSING]])
    assert.deepEqual(Object.keys(messages), Object.keys(messages).sort())
  })

  test(`/${name} may end with a slash and may name a broker`, async () => {
    const plain = await post(name, right)
    assert.equal(plain.status, 200)
    const withoutTime = (text: string) => text.replace(/"server_ts":\d+/, '')
    const slashed = await post(`${name}/`, { ...right, broker: 'one' })
    assert.equal(withoutTime(slashed.text), withoutTime(plain.text))
    const unknown = await ask(name, { ...right, broker: 'none' })
    const wanted = error('broker must be one of: one, many, unsynced')
    assert.deepEqual(unknown, { status: 400, body: wanted })
    const none = 'there are no instruments of unsynced yet; sync them first'
    const unsynced = error(none, 'UNKNOWN_ERROR')
    assert.deepEqual(await ask(name, { ...right, broker: 'unsynced' }), {
      status: 503,
      body: unsynced,
    })
  })
}
