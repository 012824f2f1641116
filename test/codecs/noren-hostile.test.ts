// What NorenOMS frames may not do, whatever is in them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode, frame } from './noren-decode.ts'

const ltpOf = (value: unknown) => decode(frame({ lp: value })).ticks[0]!.ltp

test('a value that is no decimal is none', () => {
  const texts = ['', '-', 'abc', 'NaN', 'Infinity', '1e5', '0x10', ' 5', '5 ', '.5', '5.', '1.2.3']
  const values = [...texts, '--5', '٥', '9'.repeat(400), '9'.repeat(17), null, true, {}, [5]]
  for (const value of values) assert.equal(ltpOf(value), undefined, JSON.stringify(value))
  assert.equal(decode('{"t":"tf","e":"NSE","tk":"1","lp":1e999}').ticks[0]!.ltp, undefined)
  assert.equal(ltpOf('-2884.50'), -2884.5)
  assert.ok(Object.is(ltpOf('-0.00'), 0))
  assert.equal(decode(frame({ v: '-5' })).ticks[0]!.volume, undefined)
  assert.equal(decode(frame({ v: '4249172.00' })).ticks[0]!.volume, 4249172)
  for (const ft of ['0', '-1', '4294967296', 'x']) {
    assert.equal(decode(frame({ ft })).ticks[0]!.exchangeTime, undefined, ft)
  }
})

test('every decimal becomes the nearest double', () => {
  const decimal = fc
    .tuple(fc.boolean(), fc.nat({ max: 10 ** 9 }), fc.stringMatching(/^\d{0,12}$/))
    .map(([minus, whole, places]) => `${minus ? '-' : ''}${whole}${places && `.${places}`}`)
  const check = (text: string) => assert.equal(ltpOf(text), Number(text) + 0)
  fc.assert(fc.property(decimal, check), { numRuns: 3000, seed: 1 })
})

test('what is no object is refused', () => {
  for (const text of ['{"t":"t\nf"}', '{"t":"tf";"e":"NSE"}', '{"t":"tf","e":"\t"}']) {
    assert.deepEqual(decode(text).rejects, ['frame is not JSON'], text)
  }
  for (const text of ['', '{', '{"t":"tf",}', '{"t":"tf""e":"NSE"}', '{"t":"tf"}}', "{'t':1}"]) {
    assert.deepEqual(decode(text), { ticks: [], rejects: ['frame is not JSON'] }, text)
  }
  for (const text of ['null', '5', '"text"', '[]', '[{"t":"tf"}]', 'true']) {
    assert.deepEqual(decode(text), { ticks: [], rejects: ['frame is not a JSON object'] }, text)
  }
  assert.deepEqual(decode(Uint8Array.of(0xff, 0xfe)).rejects, ['frame is not JSON'])
})

test('a tick is refused whose exchange or token nobody can know', () => {
  const whole = 'token is not a whole number from 1 to 4294967295'
  const cases: [fields: object, reason: string][] = [
    [{ e: undefined }, 'frame has no exchange'],
    [{ e: 'NYSE' }, 'exchange of a frame is not known'],
    [{ e: 'nse' }, 'exchange of a frame is not known'],
    ...[undefined, '', '0', '-1', '1.5', '4294967296', 'x', '99999999999'].map(
      (tk): [object, string] => [{ tk }, whole],
    ),
  ]
  for (const [fields, reason] of cases) {
    assert.deepEqual(decode(frame(fields)), { ticks: [], rejects: [reason] })
  }
  assert.equal(decode(frame({ tk: '4294967295' })).ticks[0]!.token, '4294967295')
})

test('messages without a tick are neither ticks nor faults', () => {
  const others = ['{}', '{"t":"ak","s":"OK"}', '{"t":"hk"}', '{"t":5}', '{"t":"TF","e":"NSE"}']
  for (const text of others) assert.deepEqual(decode(text), { ticks: [], rejects: [] }, text)
})

test('of a key that occurs twice the last one counts', () => {
  const text = (fields: string) => `{"t":"tf","e":"NSE","tk":"1",${fields}}`
  assert.equal(decode(text('"lp":"5","lp":"6"')).ticks[0]!.ltp, 6)
  assert.equal(decode(text('"lp":"5","lp":"x"')).ticks[0]!.ltp, undefined)
  assert.equal(decode(text('"__proto__":"5","lp":"6"')).ticks[0]!.ltp, 6)
})

test('escapes are read, in keys and in values', () => {
  const address = '"t":"tf","e":"NSE","tk":"1"'
  for (const fields of [
    String.raw`${address},"lp":"\u0035"`,
    String.raw`${address},"l\u0070":"5"`,
    String.raw`${address},"ts":"\"lp\":\"9\"","lp":"5"`,
    String.raw`"t":"t\u0066","e":"N\u0053E","tk":"1","lp":"5"`,
  ]) {
    assert.equal(decode(`{${fields}}`).ticks[0]!.ltp, 5, fields)
  }
})

test('a key beyond ASCII is not taken for another one', () => {
  for (const key of ['l\u0270', 'l\u00f0p', '\u366c', 'lpx', 'l', '']) {
    assert.equal(decode(frame({ [key]: '5' })).ticks[0]!.ltp, undefined, key)
  }
})
