// The sign-ins of the brokers on NorenOMS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrokerSpec, Credentials, HttpReply } from '../../adapters/broker.ts'
import flattrade from '../../adapters/flattrade/spec.ts'
import shoonya from '../../adapters/shoonya/spec.ts'
import zebu from '../../adapters/zebu/spec.ts'

const SHOONYA = {
  user_id: 'FA00001',
  client_id: 'FA00001_U',
  secret: 'FAKESECRET0001',
  code: 'FAKECODE0001',
}
const ZEBU = {
  user_id: 'Z00001',
  client_id: 'Z00001_U',
  secret: 'FAKESECRET0002',
  code: 'FAKECODE0002',
}
const FLATTRADE = {
  user_id: 'FT000001',
  api_key: 'fakeapikey0004',
  api_secret: 'FAKESECRET0004',
  code: 'FAKECODE0004',
}

const requestOf = (spec: BrokerSpec, known: Credentials, hosts = spec.hosts) =>
  spec.signIn.steps[0]!.request(hosts, known, 0)

const read = (spec: BrokerSpec, body: unknown, known: Credentials = {}, status = 200) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reply: HttpReply = { status, headers: {}, body: text }
  return spec.signIn.steps[0]!.read(reply, known, 0)
}

const pageOf = ({ signIn, hosts }: BrokerSpec, known: Credentials, login?: string) =>
  signIn.page!.url(login === undefined ? hosts : { ...hosts, login }, known)

const exchange = (code: string, checksum: string) =>
  `jData={"code":"${code}","checksum":"${checksum}"}`

test('the code is exchanged under the hash of client id, secret and code', () => {
  assert.deepEqual(requestOf(shoonya, SHOONYA), {
    method: 'POST',
    url: 'https://api.shoonya.com/NorenWClientAPI/GenAcsTok',
    text: exchange(
      'FAKECODE0001',
      'ff098d947e94df48d0cd0da8ef148b05f15babad04d48f5efdb6a82d83aa4463',
    ),
  })
  assert.deepEqual(requestOf(zebu, ZEBU), {
    method: 'POST',
    url: 'https://go.mynt.in/NorenWClientAPI/GenAcsTok',
    text: exchange(
      'FAKECODE0002',
      'fa0d899d48d2d397b7c748cee9003ce5ba50fd6886a4cb09d0e8c23fe9d87406',
    ),
  })
})

test("Flattrade's hash has the code in the middle and goes as the secret", () => {
  assert.deepEqual(requestOf(flattrade, FLATTRADE), {
    method: 'POST',
    url: 'https://authapi.flattrade.in/trade/apitoken',
    json: {
      api_key: 'fakeapikey0004',
      request_code: 'FAKECODE0004',
      api_secret: 'e6afd1eba713239ce40e7419319a298fd398e867b99a3b09af32667aaed601ce',
    },
  })
  const hosts = { ...flattrade.hosts, rest: 'http://127.0.0.1:9/PiConnectAPI' }
  const { url } = requestOf(flattrade, FLATTRADE, hosts)
  assert.equal(url, 'http://127.0.0.1:9/trade/apitoken')
})

test('a code whose letters JSON must escape stays inside the JSON', () => {
  const { text } = requestOf(shoonya, { ...SHOONYA, code: 'a"b\\c' })
  assert.equal(JSON.parse(text!.slice('jData='.length)).code, 'a"b\\c')
})

test('the page leads back with a code, and its root can be configured', () => {
  assert.equal(
    pageOf(shoonya, SHOONYA),
    'https://api.shoonya.com/OAuthlogin/authorize/oauth?client_id=FA00001_U',
  )
  assert.equal(
    pageOf(zebu, ZEBU, 'http://127.0.0.1:9'),
    'http://127.0.0.1:9/OAuthlogin/authorize/oauth?client_id=Z00001_U',
  )
  assert.equal(pageOf(flattrade, FLATTRADE), 'https://auth.flattrade.in/?app_key=fakeapikey0004')
  assert.equal(
    pageOf(flattrade, FLATTRADE, 'http://127.0.0.1:9'),
    'http://127.0.0.1:9/?app_key=fakeapikey0004',
  )
  const { login: _, ...hosts } = shoonya.hosts
  const url = shoonya.signIn.page!.url({ ...hosts, rest: 'http://127.0.0.1:9/x' }, SHOONYA)
  assert.equal(url, 'http://127.0.0.1:9/OAuthlogin/authorize/oauth?client_id=FA00001_U')
  for (const { signIn } of [shoonya, zebu, flattrade]) assert.equal(signIn.page!.yields, 'code')
})

test('the token is read under any of its names', () => {
  for (const name of ['access_token', 'accesstoken', 'token', 'susertoken']) {
    assert.deepEqual(read(shoonya, { stat: 'Ok', [name]: 'FAKETOKEN' }), {
      values: { access_token: 'FAKETOKEN' },
    })
  }
  const reply = { token: 'FAKETOKEN', client: 'FT000001', stat: 'Ok', emsg: '' }
  assert.deepEqual(read(flattrade, reply, FLATTRADE), { values: { access_token: 'FAKETOKEN' } })
})

test("a refusal is told in the broker's words", () => {
  const reply = { stat: 'Not_Ok', emsg: 'Invalid Input : Invalid code' }
  for (const spec of [shoonya, zebu, flattrade]) {
    assert.deepEqual(read(spec, reply, {}, 400), {
      refused: 'HTTP 400 Invalid Input : Invalid code',
    })
    assert.deepEqual(read(spec, '<html>'), {
      refused: 'HTTP 200 with a body that is not a JSON object',
    })
    assert.deepEqual(read(spec, 'null'), {
      refused: 'HTTP 200 with a body that is not a JSON object',
    })
    assert.deepEqual(read(spec, {}), { refused: 'HTTP 200 without a reason' })
    assert.deepEqual(read(spec, { stat: 'Ok' }), { refused: 'HTTP 200 Ok without a token' })
    assert.deepEqual(read(spec, { stat: 'Ok', token: 5 }), {
      refused: 'HTTP 200 Ok without a token',
    })
  }
})

test("another person's token is refused at Flattrade", () => {
  const reply = { token: 'FAKETOKEN', client: 'FT999999', stat: 'Ok' }
  assert.deepEqual(read(flattrade, reply, FLATTRADE), {
    refused: 'the token is for FT999999, not for FT000001',
  })
  assert.ok('values' in read(flattrade, { ...reply, client: 'ft000001' }, FLATTRADE))
  assert.ok('values' in read(flattrade, { ...reply, client: undefined }, FLATTRADE))
})

test('a ready token needs the user id beside it and nothing else; secrets are marked', () => {
  for (const { signIn } of [shoonya, zebu, flattrade]) {
    const needed = (when: string) =>
      signIn.credentials.filter(({ needed }) => needed === when).map(({ name }) => name)
    assert.deepEqual(needed('always'), ['user_id'])
    assert.deepEqual(needed('never'), ['access_token'])
    const secrets = signIn.credentials.filter(({ secret }) => secret).map(({ name }) => name)
    assert.deepEqual(secrets.slice(1), ['code', 'access_token'])
    assert.match(secrets[0]!, /secret$/)
  }
})
