import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type KiteSimulator, startKiteSimulator } from '../../sim/kite-server.ts'

let kite: KiteSimulator
before(async () => {
  kite = await startKiteSimulator({
    seed: 2,
    ratePerSecond: 0,
    instruments: 20_000,
    today: '2026-08-18',
  })
})
after(() => kite.close())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function envelope(reply: Response) {
  const body = (await reply.json()) as Record<string, unknown>
  if (reply.ok) assert.equal(body.status, 'success')
  else {
    assert.deepEqual(Object.keys(body), ['status', 'message', 'error_type', 'data'])
    assert.equal(body.status, 'error')
    assert.equal(body.data, null)
  }
  return { status: reply.status, errorType: body.error_type, data: body.data }
}

const login = (query: string) =>
  fetch(`${kite.restUrl}/connect/login?${query}`, { redirect: 'manual' })

async function requestToken(): Promise<string> {
  const reply = await login(`v=3&api_key=${kite.apiKey}`)
  assert.equal(reply.status, 302)
  return new URL(reply.headers.get('location')!).searchParams.get('request_token')!
}

const trade = async (form: Record<string, string>) =>
  envelope(
    await fetch(`${kite.restUrl}/session/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    }),
  )

const rightForm = (token: string) => ({
  api_key: kite.apiKey,
  request_token: token,
  checksum: sha256(kite.apiKey + token + kite.apiSecret),
})

const authorized = (accessToken = kite.accessToken) => ({
  authorization: `token ${kite.apiKey}:${accessToken}`,
  'x-kite-version': '3',
})

test('the login page calls back with a request token', async () => {
  const reply = await login(`v=3&api_key=${kite.apiKey}&redirect_url=http://127.0.0.1:9/desk?a=b`)
  const back = new URL(reply.headers.get('location')!)
  assert.equal(back.origin + back.pathname, 'http://127.0.0.1:9/desk')
  assert.match(back.searchParams.get('request_token')!, /^\w{32}$/)
  assert.equal(back.searchParams.get('action'), 'login')
  assert.equal(back.searchParams.get('status'), 'success')
  assert.equal(back.searchParams.get('a'), 'b')
  assert.notEqual(await requestToken(), await requestToken())
})

test('the login page refuses an unknown app, another version and a broken address', async () => {
  for (const query of [
    'v=3&api_key=other',
    `api_key=${kite.apiKey}`,
    `v=3&api_key=${kite.apiKey}&redirect_url=x`,
  ]) {
    const { status, errorType } = await envelope(await login(query))
    assert.equal(status, 400)
    assert.equal(errorType, 'InputException')
  }
})

test('a request token is traded for a session that opens the instruments', async () => {
  const { status, data } = await trade(rightForm(await requestToken()))
  assert.equal(status, 200)
  const session = data as Record<string, string & string[]>
  assert.match(session.access_token!, /^\w{32}$/)
  assert.ok(session.public_token && session.user_id)
  assert.equal(session.refresh_token, '')
  assert.match(session.login_time!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  assert.ok(session.exchanges!.includes('NFO') && session.products!.includes('MIS'))
  const list = await fetch(`${kite.restUrl}/instruments/CDS`, {
    headers: authorized(session.access_token),
  })
  assert.equal(list.status, 200)
  await list.body!.cancel()
})

test('a simulator started again honours the sessions of the one before', async () => {
  const { data } = await trade(rightForm(await requestToken()))
  const { access_token } = data as { access_token: string }
  const again = await startKiteSimulator({ seed: 2, ratePerSecond: 0, instruments: 10 })
  try {
    const list = await fetch(`${again.restUrl}/instruments`, { headers: authorized(access_token) })
    assert.equal(list.status, 200)
    await list.body!.cancel()
    const forged = `${access_token.slice(0, -1)}${access_token.endsWith('0') ? '1' : '0'}`
    const refused = await fetch(`${again.restUrl}/instruments`, { headers: authorized(forged) })
    assert.equal(refused.status, 403)
  } finally {
    await again.close()
  }
})

test('a wrong checksum is refused, and the request token is not used up by it', async () => {
  const token = await requestToken()
  const wrong = { ...rightForm(token), checksum: sha256(`${kite.apiKey}${token}guess`) }
  assert.deepEqual(await trade(wrong), { status: 403, errorType: 'TokenException', data: null })
  assert.equal((await trade(rightForm(token))).status, 200)
})

test('a request token works once', async () => {
  const form = rightForm(await requestToken())
  assert.equal((await trade(form)).status, 200)
  assert.deepEqual(await trade(form), { status: 403, errorType: 'TokenException', data: null })
})

test('a request token that was never given out, or a missing field, is refused', async () => {
  assert.equal((await trade(rightForm('invented'))).errorType, 'TokenException')
  const { checksum: _, ...incomplete } = rightForm(await requestToken())
  assert.deepEqual(await trade(incomplete), {
    status: 400,
    errorType: 'InputException',
    data: null,
  })
  assert.equal((await trade({ ...rightForm('x'), api_key: 'y'.repeat(100_000) })).status, 413)
})

test('logging out ends the session', async () => {
  const { data } = await trade(rightForm(await requestToken()))
  const accessToken = (data as { access_token: string }).access_token
  const out = `${kite.restUrl}/session/token?api_key=${kite.apiKey}&access_token=${accessToken}`
  assert.deepEqual(await envelope(await fetch(out, { method: 'DELETE' })), {
    status: 200,
    errorType: undefined,
    data: true,
  })
  const list = await fetch(`${kite.restUrl}/instruments`, { headers: authorized(accessToken) })
  assert.equal((await envelope(list)).errorType, 'TokenException')
  assert.equal((await fetch(out, { method: 'DELETE' })).status, 403)
})

test('the instruments need the session and the version', async () => {
  const attempts: Record<string, string>[] = [
    {},
    authorized('other'),
    { authorization: authorized().authorization },
    { ...authorized(), authorization: `Bearer ${kite.apiKey}:${kite.accessToken}` },
  ]
  for (const headers of attempts) {
    const { status, errorType } = await envelope(
      await fetch(`${kite.restUrl}/instruments`, { headers }),
    )
    assert.equal(status, 403)
    assert.equal(errorType, 'TokenException')
  }
})

test('the list has a header, the known row and one row for each instrument', async () => {
  const reply = await fetch(`${kite.restUrl}/instruments`, { headers: authorized() })
  assert.equal(reply.headers.get('content-type'), 'text/csv')
  const lines = (await reply.text()).split('\n')
  assert.equal(lines.pop(), '')
  assert.equal(
    lines[0],
    'instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,' +
      'tick_size,lot_size,instrument_type,segment,exchange',
  )
  assert.equal(lines[1], '738561,2885,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.05,1,EQ,NSE,NSE')
  assert.ok(lines.includes('256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE'))
  assert.ok(
    lines.some((line) =>
      /^\d+,\d+,NIFTY26AUGFUT,NIFTY,0,2026-08-25,0,0.05,65,FUT,NFO-FUT,NFO$/.test(line),
    ),
  )
  assert.ok(
    lines.some((line) =>
      /^\d+,\d+,USDINR26AUG87\.25CE,USDINR,0,2026-08-27,87\.25,0\.0025,1,CE,CDS-OPT,CDS$/.test(
        line,
      ),
    ),
  )
  assert.equal(lines.length - 1, 20_000)
  const tokens = lines.slice(1).map((line) => line.slice(0, line.indexOf(',')))
  assert.equal(new Set(tokens).size, 20_000)
  for (const line of lines) {
    // Twelve cells, quoted only where there is a comma.
    const cells = line.match(/("[^"]*"|[^,"]*)(,|$)/g)!.slice(0, 12)
    assert.equal(cells.join(''), line)
    assert.equal(cells.length, 12)
    for (const cell of cells)
      assert.equal(cell.startsWith('"'), cell.slice(1, -2).includes(','), line)
  }
  assert.ok(
    lines.some((line) => line.includes(', SONS & CO"')),
    'some name has a comma',
  )
})

/** The body as it goes over the wire. */
function rawList(headers: Record<string, string>): Promise<{ encoding: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(`${kite.restUrl}/instruments`, { headers }, async (response) => {
      const pieces: Buffer[] = []
      for await (const piece of response) pieces.push(piece)
      const encoding = response.headers['content-encoding'] ?? 'none'
      resolve({ encoding, body: Buffer.concat(pieces) })
    }).on('error', reject)
  })
}

test('the list is zipped for those who accept it, and only for them', async () => {
  const plain = await rawList(authorized())
  assert.equal(plain.encoding, 'none')
  const zipped = await rawList({ ...authorized(), 'accept-encoding': 'deflate, gzip;q=0.8' })
  assert.equal(zipped.encoding, 'gzip')
  assert.ok(zipped.body.length < plain.body.length / 3)
  assert.ok(gunzipSync(zipped.body).equals(plain.body))
  const declined = await rawList({ ...authorized(), 'accept-encoding': 'gzip;q=0, identity' })
  assert.equal(declined.encoding, 'none')
})

test('one exchange gives its rows only, indices included', async () => {
  const reply = await fetch(`${kite.restUrl}/instruments/BSE`, { headers: authorized() })
  const rows = (await reply.text()).trim().split('\n').slice(1)
  assert.ok(rows.length > 20)
  for (const row of rows) assert.ok(row.endsWith(',BSE'), row)
  assert.ok(rows.some((row) => row.includes(',SENSEX,') && row.endsWith(',INDICES,BSE')))
  const unknown = await fetch(`${kite.restUrl}/instruments/LSE`, { headers: authorized() })
  assert.equal((await envelope(unknown)).errorType, 'InputException')
})

test('anything else is not found', async () => {
  for (const [method, path] of [
    ['PATCH', '/orders'],
    ['POST', '/instruments'],
    ['GET', '/instruments/NSE/more'],
    ['GET', '//'],
  ]) {
    const reply = await fetch(kite.restUrl + path!, { method: method! })
    assert.deepEqual(await envelope(reply), {
      status: 404,
      errorType: 'GeneralException',
      data: null,
    })
  }
})
