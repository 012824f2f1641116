import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { UpstoxSimulator } from '../../sim/upstox-server.ts'
import { bearer, connect, feedAddress, refusal, startUpstox } from './upstox-reader.ts'

const TOKEN_PATH = '/v2/login/authorization/token'
const FILE_PATH = '/market-quote/instruments/exchange/complete.json.gz'

/** The status and the code of an answer that must be the error envelope. */
async function failureOf(reply: Response): Promise<[status: number, code: string]> {
  const body = (await reply.json()) as { status: string; errors: Record<string, unknown>[] }
  assert.deepEqual(Object.keys(body), ['status', 'errors'])
  assert.equal(body.status, 'error')
  const [error] = body.errors
  assert.deepEqual(Object.keys(error!), [
    'errorCode',
    'message',
    'propertyPath',
    'invalidValue',
    'error_code',
    'property_path',
    'invalid_value',
  ])
  assert.equal(error!.errorCode, error!.error_code)
  return [reply.status, error!.errorCode as string]
}

const dialog = (upstox: UpstoxSimulator, query: Record<string, string>) =>
  fetch(`${upstox.restUrl}/v2/login/authorization/dialog?${new URLSearchParams(query)}`, {
    redirect: 'manual',
  })

const rightQuery = ({ apiKey, redirectUri }: UpstoxSimulator) => ({
  response_type: 'code',
  client_id: apiKey,
  redirect_uri: redirectUri,
  state: 'a b&c',
})

async function code(upstox: UpstoxSimulator): Promise<string> {
  const reply = await dialog(upstox, rightQuery(upstox))
  assert.equal(reply.status, 302)
  return new URL(reply.headers.get('location')!).searchParams.get('code')!
}

const rightForm = async (upstox: UpstoxSimulator): Promise<Record<string, string>> => ({
  code: await code(upstox),
  client_id: upstox.apiKey,
  client_secret: upstox.apiSecret,
  redirect_uri: upstox.redirectUri,
  grant_type: 'authorization_code',
})

const trade = (upstox: UpstoxSimulator, form: Record<string, string>) =>
  fetch(upstox.restUrl + TOKEN_PATH, { method: 'POST', body: new URLSearchParams(form) })

const authorize = (upstox: UpstoxSimulator, headers: Record<string, string>) =>
  fetch(`${upstox.restUrl}/v3/feed/market-data-feed/authorize`, { headers })

test('the sign-in page calls back with a code and the state', async (t) => {
  const upstox = await startUpstox(t, { redirectUri: 'http://127.0.0.1:9/desk?a=b' })
  const reply = await dialog(upstox, rightQuery(upstox))
  const back = new URL(reply.headers.get('location')!)
  assert.equal(back.origin + back.pathname, 'http://127.0.0.1:9/desk')
  assert.equal(back.searchParams.get('a'), 'b')
  assert.equal(back.searchParams.get('state'), 'a b&c')
  assert.notEqual(back.searchParams.get('code'), await code(upstox))
})

test('the sign-in page refuses what is not the registered app', async (t) => {
  const upstox = await startUpstox(t)
  const right = rightQuery(upstox)
  for (const wrong of [{ client_id: 'other' }, { redirect_uri: 'http://elsewhere/' }]) {
    const reply = await dialog(upstox, { ...right, ...wrong })
    assert.deepEqual(await failureOf(reply), [401, 'UDAPI100068'])
  }
  const reply = await dialog(upstox, { ...right, response_type: 'token' })
  assert.deepEqual(await failureOf(reply), [400, 'UDAPI100036'])
})

test('a code is traded for a token, told without an envelope, that opens the feed', async (t) => {
  const upstox = await startUpstox(t)
  const reply = await trade(upstox, await rightForm(upstox))
  assert.equal(reply.status, 200)
  const session = (await reply.json()) as Record<string, string & string[]>
  assert.equal(session.data, undefined)
  assert.equal(session.user_id, 'SIM001')
  assert.ok(session.exchanges!.includes('NSE') && session.products!.includes('D'))
  assert.equal((await authorize(upstox, bearer(upstox, session.access_token))).status, 200)
})

test('each of the five fields is verified, and any attempt uses up the code', async (t) => {
  const upstox = await startUpstox(t)
  const wrongs = {
    code: [401, 'UDAPI100057'],
    client_id: [401, 'UDAPI100068'],
    client_secret: [401, 'UDAPI100069'],
    redirect_uri: [401, 'UDAPI100068'],
    grant_type: [400, 'UDAPI100036'],
  } as const
  for (const [field, expected] of Object.entries(wrongs)) {
    const form = await rightForm(upstox)
    assert.deepEqual(await failureOf(await trade(upstox, { ...form, [field]: 'x' })), expected)
    const { [field]: _, ...without } = await rightForm(upstox)
    assert.deepEqual(await failureOf(await trade(upstox, without)), expected)
    if (field === 'code') continue
    assert.deepEqual(await failureOf(await trade(upstox, form)), [401, 'UDAPI100057'])
  }
  const form = await rightForm(upstox)
  assert.equal((await trade(upstox, form)).status, 200)
  assert.deepEqual(await failureOf(await trade(upstox, form)), [401, 'UDAPI100057'])
  const huge = await trade(upstox, { ...form, code: 'y'.repeat(100_000) })
  assert.deepEqual(await failureOf(huge), [413, 'UDAPI100036'])
})

test('a code and an address of the feed last for a short time only', async (t) => {
  let nowMs = 1_750_133_099_123
  const upstox = await startUpstox(t, { clock: () => nowMs })
  const [early, late] = [await rightForm(upstox), await rightForm(upstox)]
  nowMs += 100_000
  assert.equal((await trade(upstox, early)).status, 200)
  nowMs += 20_000
  assert.deepEqual(await failureOf(await trade(upstox, late)), [401, 'UDAPI100057'])
  const addresses = [await feedAddress(upstox), await feedAddress(upstox)]
  nowMs += 59_000
  await connect(upstox, addresses[0])
  nowMs += 1000
  assert.equal(await refusal(addresses[1]!), 403)
})

test('a simulator started again honours the sessions of the one before', async (t) => {
  const first = await startUpstox(t)
  const reply = await trade(first, await rightForm(first))
  const { access_token } = (await reply.json()) as { access_token: string }
  const again = await startUpstox(t)
  assert.equal((await authorize(again, bearer(again, access_token))).status, 200)
  const forged = `${access_token.slice(0, -1)}${access_token.endsWith('0') ? '1' : '0'}`
  assert.equal((await authorize(again, bearer(again, forged))).status, 401)
})

test('a call needs a living session', async (t) => {
  const upstox = await startUpstox(t)
  const { accessToken } = upstox
  const attempts: Record<string, string>[] = [
    {},
    bearer(upstox, 'other'),
    { authorization: accessToken },
    { authorization: `token ${accessToken}` },
  ]
  for (const headers of attempts) {
    const reply = await authorize(upstox, headers)
    assert.deepEqual(await failureOf(reply), [401, 'UDAPI100050'])
  }
  upstox.expireSession()
  const reply = await authorize(upstox, bearer(upstox))
  assert.deepEqual(await failureOf(reply), [401, 'UDAPI100050'])
  const fresh = await trade(upstox, await rightForm(upstox))
  const { access_token } = (await fresh.json()) as { access_token: string }
  assert.equal((await authorize(upstox, bearer(upstox, access_token))).status, 200)
})

test('logging out ends the session', async (t) => {
  const upstox = await startUpstox(t)
  const logOut = () =>
    fetch(`${upstox.restUrl}/v2/logout`, { method: 'DELETE', headers: bearer(upstox) })
  assert.deepEqual(await (await logOut()).json(), { status: 'success', data: true })
  assert.deepEqual(await failureOf(await logOut()), [401, 'UDAPI100050'])
})

type Row = Record<string, string & number>

async function rowsOf(upstox: UpstoxSimulator): Promise<{ rows: Row[]; text: string }> {
  const reply = await fetch(upstox.restUrl + FILE_PATH)
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-encoding'), null)
  const text = gunzipSync(Buffer.from(await reply.arrayBuffer())).toString()
  return { rows: JSON.parse(text), text }
}

/** Luhn's sum over an ISIN with its letters as two digits each; 0 for a right one. */
function isinRemainder(isin: string): number {
  const digits = [...isin].map((character) => Number.parseInt(character, 36)).join('')
  let sum = 0
  ;[...digits].reverse().forEach((digit, place) => {
    const weighted = Number(digit) * (1 + (place % 2))
    sum += Math.floor(weighted / 10) + (weighted % 10)
  })
  return sum % 10
}

test('the instrument file agrees with the instruments, and has the rows of every segment', async (t) => {
  const upstox = await startUpstox(t, { instruments: 20_000 })
  const { rows, text } = await rowsOf(upstox)
  assert.equal(rows.length, 20_000)
  assert.deepEqual(
    rows.map(({ instrument_key, segment, trading_symbol }) => {
      return { token: instrument_key, exchange: segment, tradingsymbol: trading_symbol }
    }),
    upstox.instruments,
  )
  assert.equal(new Set(rows.map(({ instrument_key }) => instrument_key)).size, 20_000)
  assert.ok(
    text.startsWith(
      '[{"segment":"NSE_EQ","name":"RELIANCE INDUSTRIES","exchange":"NSE","isin":"INE002A01018",' +
        '"instrument_type":"EQ","instrument_key":"NSE_EQ|INE002A01018","lot_size":1,' +
        '"freeze_quantity":100000.0,"exchange_token":"2885","tick_size":5.0,"trading_symbol":"RELIANCE",',
    ),
  )
  const find = (symbol: string, segment: string) =>
    rows.find((row) => row.trading_symbol === symbol && row.segment === segment)!
  assert.equal(find('RELIANCE', 'BSE_EQ').instrument_key, 'BSE_EQ|INE002A01018')
  const nifty = find('NIFTY 50', 'NSE_INDEX')
  assert.equal(nifty.instrument_key, 'NSE_INDEX|Nifty 50')
  assert.equal(nifty.exchange_token, '26000')
  assert.equal(find('NIFTY BANK', 'NSE_INDEX').instrument_key, 'NSE_INDEX|Nifty Bank')
  assert.equal(find('SENSEX', 'BSE_INDEX').instrument_key, 'BSE_INDEX|SENSEX')
  assert.equal(find('^HSI', 'GLOBAL_INDEX').instrument_key, 'GLOBAL_INDEX|^HSI')
  const future = find('NIFTY FUT 25 AUG 26', 'NSE_FO')
  assert.equal(future.expiry, Date.parse('2026-08-25T23:59:59+05:30'))
  assert.equal(future.underlying_key, 'NSE_INDEX|Nifty 50')
  assert.equal(future.strike_price, undefined)
  assert.equal(future.weekly, false)
  assert.equal(future.instrument_key, `NSE_FO|${future.exchange_token}`)
  const option = find('NIFTY 24200 CE 25 AUG 26', 'NSE_FO')
  assert.deepEqual(
    [option.strike_price, option.instrument_type, option.lot_size, option.tick_size],
    [24200, 'CE', 65, 5],
  )
  assert.equal(find('USDINR 87.25 CE 27 AUG 26', 'NCD_FO').tick_size, 0.25)
  assert.equal(find('NIFTY 24200 PE 01 SEP 26', 'NSE_FO').weekly, true)
  assert.equal(find('RELIANCE FUT 25 AUG 26', 'NSE_FO').underlying_key, 'NSE_EQ|INE002A01018')
  assert.equal(find('CRUDEOIL FUT 19 AUG 26', 'MCX_FO').underlying_type, 'COM')
  assert.deepEqual(
    new Set(rows.map(({ segment }) => segment)),
    new Set(
      'NSE_EQ BSE_EQ NSE_FO BSE_FO NCD_FO BCD_FO MCX_FO NSE_COM NSE_INDEX BSE_INDEX GLOBAL_INDEX'.split(
        ' ',
      ),
    ),
  )
})

test('ISINs are well-formed, one per company, and the seed decides', async (t) => {
  const upstox = await startUpstox(t, { instruments: 20_000 })
  const { rows } = await rowsOf(upstox)
  const shares = rows.filter(({ segment }) => /_EQ$/.test(segment!))
  const byTicker = new Map<string, string>()
  for (const { isin, trading_symbol } of shares) {
    assert.match(isin!, /^INE\d{3}[A-Z]0101\d$/)
    assert.equal(isinRemainder(isin!), 0, isin)
    assert.equal(byTicker.get(trading_symbol!) ?? isin, isin)
    byTicker.set(trading_symbol!, isin!)
  }
  assert.equal(new Set(byTicker.values()).size, byTicker.size)
  assert.ok(byTicker.size > 1000)
  const same = await startUpstox(t, { instruments: 20_000 })
  assert.deepEqual(same.instruments, upstox.instruments)
  const other = await startUpstox(t, { instruments: 20_000, seed: 12 })
  assert.notDeepEqual(other.instruments, upstox.instruments)
  assert.equal(other.instruments[0]!.token, 'NSE_EQ|INE002A01018')
})

test('who has the file already is told so, until it is another one', async (t) => {
  const upstox = await startUpstox(t)
  const url = upstox.restUrl + FILE_PATH
  const first = await fetch(url)
  const etag = first.headers.get('etag')!
  await first.body!.cancel()
  for (const known of [etag, `"other", W/${etag}`, '*']) {
    const reply = await fetch(url, { headers: { 'if-none-match': known } })
    assert.equal(reply.status, 304)
    assert.equal(reply.headers.get('etag'), etag)
  }
  const tomorrow = await startUpstox(t, { today: '2026-08-19' })
  const headers = { 'if-none-match': etag }
  const reply = await fetch(tomorrow.restUrl + FILE_PATH, { headers })
  assert.equal(reply.status, 200)
  assert.notEqual(reply.headers.get('etag'), etag)
  await reply.body!.cancel()
})

test('anything else is not found', async (t) => {
  const upstox = await startUpstox(t)
  for (const [method, path] of [
    ['GET', '/v2/feed/portfolio-stream-feed/authorize?update_types=order'],
    ['POST', '/v2/order/place'],
    ['GET', TOKEN_PATH],
    ['GET', '//'],
  ]) {
    const reply = await fetch(upstox.restUrl + path!, { method: method!, headers: bearer(upstox) })
    assert.deepEqual(await failureOf(reply), [404, 'UDAPI10000'])
  }
})
