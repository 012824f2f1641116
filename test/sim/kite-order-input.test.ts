import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startKiteSimulator } from '../../sim/kite-server.ts'
import { Desk, type Fields, LIMIT_BUY } from './kite-desk.ts'

let desk: Desk
before(async () => {
  desk = new Desk(
    await startKiteSimulator({
      seed: 11,
      ratePerSecond: 0,
      instruments: 500,
      today: '2026-08-18',
      limits: false,
    }),
  )
})
after(() => desk.kite.close())

const BAD: readonly [what: string, fields: Fields, says: RegExp][] = [
  ['an unknown symbol', { tradingsymbol: 'RELIANCES' }, /does not exist/],
  ['a symbol of another exchange', { exchange: 'NFO', product: 'NRML' }, /does not exist/],
  ['an index', { tradingsymbol: 'NIFTY 50' }, /does not exist/],
  ['an unknown exchange', { exchange: 'NYSE' }, /`exchange`/],
  ['an unknown side', { transaction_type: 'HOLD' }, /`transaction_type`/],
  ['a side in small letters', { transaction_type: 'buy' }, /`transaction_type`/],
  ['an unknown price type', { order_type: 'STOP' }, /`order_type`/],
  ['an unknown product', { product: 'INTRADAY' }, /`product`/],
  ['a product of derivatives on shares', { product: 'NRML' }, /`product`/],
  ['an unknown validity', { validity: 'GTC' }, /`validity`/],
  ['a lifetime without minutes', { validity: 'TTL' }, /`validity_ttl`/],
  ['a lifetime of odd minutes', { validity: 'TTL', validity_ttl: 7 }, /`validity_ttl`/],
  ['no quantity', { quantity: 0 }, /`quantity`/],
  ['a negative quantity', { quantity: -5 }, /`quantity`/],
  ['a broken quantity', { quantity: 1.5 }, /`quantity`/],
  ['a quantity that is no number', { quantity: 'ten' }, /`quantity`/],
  ['a quantity beyond all', { quantity: 1e15 }, /`quantity`/],
  ['an empty quantity', { quantity: '' }, /`quantity`/],
  ['a limit of nothing', { price: 0 }, /`price`/],
  ['a negative price', { price: -1 }, /`price`/],
  ['an empty price', { price: '' }, /`price`/],
  ['a price that is no number', { price: 'NaN' }, /`price`/],
  ['a price off the grid', { price: 1200.03 }, /Tick size for this script is 0.05/],
  ['a stop without a trigger', { order_type: 'SL', price: 1400 }, /`trigger_price`/],
  [
    'a stop behind the market',
    { order_type: 'SL', price: 1201, trigger_price: 1200 },
    /above the last traded price/,
  ],
  [
    'a stop whose limit cannot be met',
    { order_type: 'SL', price: 1400, trigger_price: 1401 },
    /cannot be above the limit price/,
  ],
  [
    'a selling stop above the market',
    { order_type: 'SL', transaction_type: 'SELL', price: 1400, trigger_price: 1401 },
    /below the last traded price/,
  ],
  ['more disclosed than there is', { disclosed_quantity: 11 }, /`disclosed_quantity`/],
  ['too little disclosed', { quantity: 100, disclosed_quantity: 9 }, /`disclosed_quantity`/],
  ['protection beyond all', { market_protection: 101 }, /`market_protection`/],
  ['negative protection', { market_protection: -2 }, /`market_protection`/],
  ['a long tag', { tag: 'x'.repeat(21) }, /`tag`/],
  ['a tag with a blank', { tag: 'a b' }, /`tag`/],
  ['a slicing that is no truth', { autoslice: 'yes' }, /`autoslice`/],
]

for (const [what, fields, says] of BAD) {
  test(`${what} is refused, and is no order`, async () => {
    const before = desk.kite.record().orders.length
    const { status, errorType, message } = await desk.place({ tag: 'bad1', ...fields })
    assert.equal(status, 400)
    assert.equal(errorType, 'InputException')
    assert.match(message, says)
    const { orders, refused } = desk.kite.record()
    assert.equal(orders.length, before)
    assert.equal(refused.at(-1)!.message, message)
  })
}

for (const name of [
  'exchange',
  'tradingsymbol',
  'transaction_type',
  'order_type',
  'quantity',
  'product',
  'price',
]) {
  test(`an order without ${name} is refused`, async () => {
    const { [name]: _, ...fields } = LIMIT_BUY
    const { status, errorType, message } = await desk.call('POST', '/orders/regular', fields)
    assert.equal(status, 400)
    assert.equal(errorType, 'InputException')
    assert.match(message, new RegExp(`\`${name}\``))
  })
}

test('fields that may be left out, or mean nothing, are taken', async () => {
  const { tag: _tag, validity: _validity, trigger_price: _trigger, ...few } = LIMIT_BUY
  const { status } = await desk.call('POST', '/orders/regular', few)
  assert.equal(status, 200)
  assert.equal((await desk.place({ tag: '' })).status, 200)
  assert.equal((await desk.place({ market_protection: 0 })).status, 200)
  assert.equal((await desk.place({ quantity: 100, disclosed_quantity: 10 })).status, 200)
})

test('a lot is not divided', async () => {
  const { tradingsymbol, lotSize } = desk.named('NFO', 'BANKNIFTY26AUGFUT')
  const future = { exchange: 'NFO', tradingsymbol, product: 'NRML', price: 56_000 }
  const half = await desk.place({ ...future, quantity: lotSize + 1 })
  assert.match(half.message, new RegExp(`multiple of lot size ${lotSize}`))
  assert.equal((await desk.place({ ...future, quantity: lotSize })).status, 200)
  assert.equal((await desk.place({ ...future, product: 'CNC' })).errorType, 'InputException')
})

test('currencies keep to their quarter of a paisa', async () => {
  const { tradingsymbol } = desk.named('CDS', 'USDINR26')
  const future = { exchange: 'CDS', tradingsymbol, product: 'NRML', quantity: 1 }
  const { message } = await desk.place({ ...future, price: 87.501 })
  assert.match(message, /Tick size for this script is 0.0025/)
  assert.equal((await desk.place({ ...future, price: 87.5025 })).status, 200)
})

test('a body that is too large is refused, and the next call is served', async () => {
  const { status } = await desk.place({ tag: 'x'.repeat(70_000) })
  assert.equal(status, 413)
  assert.equal((await desk.place({})).status, 200)
})

test('no call on the account is served without a session', async () => {
  const calls: [string, string][] = [
    ['POST', '/orders/regular'],
    ['PUT', '/orders/regular/1'],
    ['DELETE', '/orders/regular/1'],
    ['GET', '/orders'],
    ['GET', '/orders/1'],
    ['GET', '/orders/1/trades'],
    ['GET', '/trades'],
    ['GET', '/portfolio/positions'],
    ['PUT', '/portfolio/positions'],
    ['GET', '/portfolio/holdings'],
    ['GET', '/user/margins'],
    ['GET', '/user/profile'],
    ['POST', '/margins/orders'],
    ['POST', '/margins/basket'],
    ['GET', '/quote?i=NSE:RELIANCE'],
    ['GET', '/quote/ohlc?i=NSE:RELIANCE'],
    ['GET', '/quote/ltp?i=NSE:RELIANCE'],
    ['GET', '/instruments/historical/738561/day'],
    ['GET', '/gtt/triggers'],
    ['POST', '/gtt/triggers'],
    ['GET', '/gtt/triggers/1'],
    ['PUT', '/gtt/triggers/1'],
    ['DELETE', '/gtt/triggers/1'],
  ]
  for (const [method, path] of calls) {
    const headers = { 'x-kite-version': '3', authorization: `token ${desk.kite.apiKey}:wrong` }
    const reply = await fetch(desk.kite.restUrl + path, { method, headers })
    const body = (await reply.json()) as { error_type: string }
    assert.deepEqual([reply.status, body.error_type], [403, 'TokenException'], `${method} ${path}`)
  }
})
