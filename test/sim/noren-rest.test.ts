import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { NorenBroker } from '../../sim/noren-brands.ts'
import type { NorenSimulator } from '../../sim/noren-server.ts'
import { BROKERS, connect, originOf, startNoren } from './noren-reader.ts'

type Body = Record<string, string>

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const post = async (url: string, body: string, headers: Record<string, string> = {}) => {
  const reply = await fetch(url, { method: 'POST', body, headers })
  return { status: reply.status, body: (await reply.json()) as Body }
}

/** The call as the broker wants it: its session in a header, or beside the JSON. */
function call(
  noren: NorenSimulator,
  broker: NorenBroker,
  operation: string,
  fields: object,
  { token = noren.credentials.access_token!, body = '' } = {},
) {
  const chart = operation === 'TPSeries' || operation === 'EODChartData'
  const takesJKey = broker === 'flattrade' || (broker === 'shoonya' && chart)
  const envelope = body || `jData=${JSON.stringify(fields)}`
  return takesJKey
    ? post(`${noren.restUrl}/${operation}`, `${envelope}&jKey=${token}`)
    : post(`${noren.restUrl}/${operation}`, envelope, { authorization: `Bearer ${token}` })
}

const page = (noren: NorenSimulator, broker: NorenBroker, key: string, more = '') =>
  fetch(
    broker === 'flattrade'
      ? `${originOf(noren)}/?app_key=${key}${more}`
      : `${originOf(noren)}/OAuthlogin/authorize/oauth?client_id=${key}${more}`,
    { redirect: 'manual' },
  )

const keyOf = ({ credentials }: NorenSimulator) => (credentials.client_id ?? credentials.api_key)!
const secretOf = ({ credentials }: NorenSimulator) =>
  (credentials.secret ?? credentials.api_secret)!

async function codeOf(noren: NorenSimulator, broker: NorenBroker): Promise<string> {
  const reply = await page(noren, broker, keyOf(noren))
  assert.equal(reply.status, 302)
  const back = new URL(reply.headers.get('location')!)
  const client = broker === 'flattrade' ? noren.credentials.user_id : null
  assert.equal(back.searchParams.get('client'), client)
  return back.searchParams.get('code')!
}

async function exchange(noren: NorenSimulator, broker: NorenBroker, code: string, secret: string) {
  const key = keyOf(noren)
  if (broker !== 'flattrade') {
    const fields = { code, checksum: sha256(key + secret + code) }
    return post(`${noren.restUrl}/GenAcsTok`, `jData=${JSON.stringify(fields)}`)
  }
  const fields = { api_key: key, request_code: code, api_secret: sha256(key + code + secret) }
  return post(`${originOf(noren)}/trade/apitoken`, JSON.stringify(fields))
}

test('signing in: a code is traded once for a token that opens REST and the socket', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const code = await codeOf(noren, broker)
    const wrong = await exchange(noren, broker, code, 'guess')
    assert.equal(wrong.body.stat, 'Not_Ok')
    assert.ok(wrong.body.emsg)
    const right = await exchange(noren, broker, code, secretOf(noren))
    assert.equal(right.body.stat, 'Ok')
    const token = broker === 'flattrade' ? right.body.token! : right.body.access_token!
    assert.ok(token.length >= 32)
    const again = await exchange(noren, broker, code, secretOf(noren))
    assert.equal(again.body.stat, 'Not_Ok')
    assert.match(again.body.emsg!, /Invalid code/)
    const { user_id: uid } = noren.credentials
    const limits = await call(noren, broker, 'Limits', { uid, actid: uid }, { token })
    assert.equal(limits.body.stat, 'Ok')
    const credentials = { ...noren.credentials, access_token: token }
    assert.equal((await connect({ ...noren, credentials })).frames[0]!.s, 'OK')
  }
})

test('the checksums are those of the published recipe', async (t) => {
  // Synthetic examples of the brokers' documents; the code of the page is what differs from run to run.
  const shoonya = await startNoren(t, 'shoonya', { key: 'FA00001_U', secret: 'FAKESECRET0001' })
  const code = await codeOf(shoonya, 'shoonya')
  const swapped = sha256(`FA00001_U${code}FAKESECRET0001`)
  const body = `jData=${JSON.stringify({ code, checksum: swapped })}`
  assert.equal((await post(`${shoonya.restUrl}/GenAcsTok`, body)).body.stat, 'Not_Ok')
  const pi = await startNoren(t, 'flattrade')
  const piCode = await codeOf(pi, 'flattrade')
  const fields = {
    api_key: keyOf(pi),
    request_code: piCode,
    api_secret: sha256(keyOf(pi) + secretOf(pi) + piCode),
  }
  const refused = await post(`${originOf(pi)}/trade/apitoken`, JSON.stringify(fields))
  assert.deepEqual([refused.status, refused.body.stat], [400, 'Not_Ok'])
})

test('the sign-in page calls back where it is told to, and refuses an unknown app', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const more = '&redirect_url=http://127.0.0.1:9/desk?a=b'
    const back = new URL((await page(noren, broker, keyOf(noren), more)).headers.get('location')!)
    assert.equal(back.origin + back.pathname, 'http://127.0.0.1:9/desk')
    assert.equal((await page(noren, broker, 'other')).status, 400)
  }
})

test('a call with a dead session, in the wrong envelope, or as GET is refused', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const { user_id: uid, access_token: token } = noren.credentials
    const fields = { uid, actid: uid }
    const expired = { stat: 'Not_Ok', emsg: 'Session Expired : Invalid Session Key' }
    const refusals = [await call(noren, broker, 'Limits', fields, { token: 'other' })]
    const jData = `jData=${JSON.stringify(fields)}`
    refusals.push(
      broker === 'flattrade'
        ? await post(`${noren.restUrl}/Limits`, jData, { authorization: `Bearer ${token}` })
        : await post(`${noren.restUrl}/Limits`, `${jData}&jKey=${token}`),
    )
    assert.equal((await call(noren, broker, 'Limits', fields)).body.stat, 'Ok')
    noren.expireSession()
    refusals.push(await call(noren, broker, 'Limits', fields))
    for (const { status, body } of refusals) {
      const { request_time: time, ...rest } = body
      assert.deepEqual([status, rest], [200, expired])
      assert.match(time!, /^\d\d:\d\d:\d\d \d\d-\d\d-\d{4}$/)
    }
    assert.equal((await fetch(`${noren.restUrl}/Limits`)).status, 405)
    assert.equal((await fetch(`${noren.restUrl}/Nonsense`)).status, 404)
  }
})

test('charts want their session where the broker wants it', async (t) => {
  const noData = 'Error Occurred : 5 "no data"'
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const { user_id: uid } = noren.credentials
    const answer = await call(noren, broker, 'EODChartData', { uid, sym: 'NSE:Nifty 50' })
    assert.equal(answer.body.emsg, noData)
  }
})

test('an ampersand splits the body before the JSON is read, its escape does not', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const { user_id: uid } = noren.credentials
    const search = (stext: string) =>
      call(noren, broker, 'SearchScrip', {}, { body: `jData={"uid":"${uid}","stext":"${stext}"}` })
    const broken = await search('M&M')
    assert.equal(broken.body.emsg, 'Invalid Input : jData is not valid json object')
    assert.equal((await search('M%26M')).body.emsg, 'Error Occurred : 5 "no data"')
    const found = (await search('M\\u0026M')).body.values as unknown as Body[]
    assert.ok(found.some(({ tsym }) => tsym === 'M&M-EQ'))
    const missing = await call(noren, broker, 'Limits', {}, { body: '{"uid":"x"}' })
    assert.equal(missing.body.emsg, 'Invalid Input : jData is Missing')
  }
})

test('an empty book is an object, and a missing field is named', async (t) => {
  const noren = await startNoren(t, 'zebu')
  const { user_id: uid } = noren.credentials
  for (const operation of ['OrderBook', 'TradeBook', 'PositionBook']) {
    const { body } = await call(noren, 'zebu', operation, { uid, actid: uid })
    assert.deepEqual([body.stat, body.emsg], ['Not_Ok', 'Error Occurred : 5 "no data"'])
  }
  const holdings = await call(noren, 'zebu', 'Holdings', { uid, actid: uid })
  assert.equal(holdings.body.emsg, 'Invalid Input : Missing uid or actid or prd.')
})

test('a quote tells what the feed tells', async (t) => {
  for (const broker of BROKERS) {
    const noren = await startNoren(t, broker)
    const { user_id: uid } = noren.credentials
    const client = await connect(noren)
    const future = noren.instruments.find(({ exchange }) => exchange === 'NFO')!
    await client.subscribe('d', ['NSE|2885', 'NSE|26000', `NFO|${future.token}`])
    for (const { t: _, e, tk, ts, ...fields } of client.ticks) {
      const { body } = await call(noren, broker, 'GetQuotes', { uid, exch: e, token: tk })
      const { request_time: __, ...quote } = body
      assert.deepEqual(quote, { stat: 'Ok', exch: e, tsym: ts, token: tk, ...fields })
    }
    const unknown = await call(noren, broker, 'GetQuotes', { uid, exch: 'NSE', token: '99999999' })
    assert.equal(unknown.body.stat, 'Not_Ok')
  }
})
