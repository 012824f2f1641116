import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readLine, readTyped } from '../../cli/login/typed.ts'

const PAGED = { names: ['api_key', 'code', 'access_token'], yields: 'code', bringsState: true }
const ALONE = { names: ['user_id', 'pin'], yields: null, bringsState: false }

test('a line is a credential by its name, an address that holds the code, or the code', () => {
  const cases: [line: string, values: object][] = [
    ['api_key = a=b c ', { api_key: 'a=b c' }],
    ['access_token=x', { access_token: 'x' }],
    ['a1b2=', { code: 'a1b2=' }],
    ['unknown=x', { code: 'unknown=x' }],
    ['https://example.com/back?x=1&code=a%2Fb', { code: 'a/b' }],
    ['HTTP://localhost/?code=c', { code: 'c' }],
    ['', {}],
    ['  # a comment', {}],
  ]
  for (const [line, values] of cases) assert.deepEqual(readLine(line, PAGED, null), values, line)
  assert.deepEqual(readLine('pin=1', ALONE, null), { pin: '1' })
})

test('what cannot be used is refused without being repeated', () => {
  const cases = [
    [() => readLine('s3cret', ALONE, null), /is not NAME=VALUE with one of the names user_id, pin/],
    [() => readLine('https://example.com/?token=s3cret', PAGED, null), /the address has no code/],
    [() => readLine('https://s3cret:x:y/?code=1', PAGED, null), /the address has no code/],
  ] as const
  for (const [run, message] of cases) {
    assert.throws(run, (error: Error & { exitCode?: number }) => {
      assert.match(error.message, message)
      assert.equal(error.exitCode, 2)
      assert.ok(!error.message.includes('s3cret'))
      return true
    })
  }
})

test('the state of an address must be that of this login, where both have one', () => {
  const address = (state: string) => `https://example.com/?code=c${state}`
  assert.throws(
    () => readLine(address('&state=theirs'), PAGED, 'mine'),
    /belongs to another sign-in/,
  )
  assert.deepEqual(readLine(address('&state=mine'), PAGED, 'mine'), { code: 'c' })
  assert.deepEqual(readLine(address(''), PAGED, 'mine'), { code: 'c' })
  assert.deepEqual(readLine(address('&state=theirs'), PAGED, null), { code: 'c' })
  const other = { ...PAGED, bringsState: false }
  assert.deepEqual(readLine(address('&state=theirs'), other, 'mine'), { code: 'c' })
})

test('reading ends with the code or a token, else with the input', async () => {
  const read = (text: string) => readTyped(Readable.from([text]), PAGED, null)
  assert.deepEqual(await read('api_key=k\ncode=c\napi_key=late\n'), { api_key: 'k', code: 'c' })
  assert.deepEqual(await read('access_token=t\nrest'), { access_token: 't' })
  assert.deepEqual(await read('api_key=k'), { api_key: 'k' })
  assert.deepEqual(await read(''), {})
})
