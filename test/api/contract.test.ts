// OpenAlgo's published examples, one per endpoint: what its clients send, and the bodies they know, byte for byte where
// nothing is added. What is added is told here, and nowhere breaks a client.
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { HttpReply, HttpRequest } from '../../adapters/broker.ts'
import { kite, kiteError, NOW_MS } from '../orders/gateway-bench.ts'
import { orderPlant } from './order-plant.ts'

const plant = orderPlant()
const { bench } = plant
const SHARE = { symbol: 'RELIANCE', exchange: 'NSE' }

/** Replies of the broker by the end of the path. */
let replies: Record<string, (request: HttpRequest) => HttpReply> = {}

beforeEach(() => {
  replies = {}
  bench.requests.length = 0
  bench.tasks.length = 0
  // Past the windows of the test before.
  bench.nowMs += 60_000
  bench.respond = (request) => {
    const path = new URL(request.url).pathname
    const found = Object.entries(replies).find(([end]) => path.endsWith(end))
    assert.ok(found, `the broker is not asked for ${request.method} ${request.url}`)
    return found[1](request)
  }
})

/** The kite's answer to every order: ids that count up. */
const accepts = (first = 260822000123456) => {
  let id = first
  return () => kite({ order_id: String(id++) })
}

const order = (more: object = {}) => ({
  order_id: '260822000123456',
  exchange: 'NSE',
  tradingsymbol: 'RELIANCE',
  instrument_token: 738561,
  status: 'COMPLETE',
  transaction_type: 'BUY',
  product: 'MIS',
  order_type: 'MARKET',
  validity: 'DAY',
  quantity: 10,
  filled_quantity: 10,
  average_price: 822.4,
  price: 0,
  order_timestamp: '2026-08-22 10:01:02',
  ...more,
})
const position = (more: object = {}) => ({
  ...order(),
  multiplier: 1,
  average_price: 822.4,
  last_price: 823.1,
  pnl: 7,
  ...more,
})
const positions = (...net: object[]) => ({
  '/portfolio/positions': () => kite({ net, day: [] }),
})
const body = async (name: string, fields: object = {}) => {
  const told = await plant.ask(name, fields)
  assert.equal(told.status, 200, told.text)
  return told.text.trimEnd()
}
const sent = () => bench.requests.map(({ form }) => form)

describe('orders', () => {
  test('placeorder', async () => {
    replies = { '/orders/regular': accepts() }
    const text = await body('placeorder', {
      ...SHARE,
      action: 'BUY',
      quantity: 10,
      pricetype: 'LIMIT',
      product: 'MIS',
      price: 2950,
      trigger_price: 0,
      disclosed_quantity: 0,
    })
    assert.equal(text, '{"orderid":"260822000123456","status":"success"}')
    const { form } = bench.requests[0]!
    assert.deepEqual(
      [form!.transaction_type, form!.quantity, form!.price, form!.order_type, form!.product],
      ['BUY', '10', '2950', 'LIMIT', 'MIS'],
    )
    assert.equal(bench.tasks[0]!.strategy, 'breakout')
  })

  test('placeorder with numbers as text, in small letters, and with what is left out', async () => {
    replies = { '/orders/regular': accepts() }
    const text = await body('placeorder', { ...SHARE, action: 'sell', quantity: '10' })
    assert.equal(text, '{"orderid":"260822000123456","status":"success"}')
    const { form } = bench.requests[0]!
    assert.deepEqual(
      [form!.transaction_type, form!.quantity, form!.order_type, form!.product],
      ['SELL', '10', 'MARKET', 'MIS'],
    )
  })

  test('basketorder: buys first, and what fails does not stop the others', async () => {
    let id = 260822000123457
    replies = {
      '/orders/regular': ({ form }) =>
        form!.tradingsymbol === 'INFY'
          ? kiteError(400, 'MarginException', 'Margin shortfall')
          : kite({ order_id: String(id++) }),
    }
    const item = { product: 'MIS', pricetype: 'MARKET', quantity: 10 }
    const text = await body('basketorder', {
      orders: [
        { ...item, symbol: 'INFY', exchange: 'NSE', action: 'SELL' },
        { ...item, ...SHARE, action: 'BUY' },
        { ...item, ...SHARE, action: 'BUY', quantity: 20 },
      ],
    })
    const good = (orderid: string) =>
      `{"exchange":"NSE","orderid":"${orderid}","product":"MIS","status":"success","symbol":"RELIANCE"}`
    assert.equal(
      text,
      `{"results":[${good('260822000123457')},${good('260822000123458')},` +
        '{"error_code":"INSUFFICIENT_MARGIN","message":"Margin shortfall","status":"error","symbol":"INFY"}],' +
        '"status":"success"}',
    )
    assert.deepEqual(
      sent().map((form) => [form!.transaction_type, form!.quantity]),
      [
        ['BUY', '10'],
        ['BUY', '20'],
        ['SELL', '10'],
      ],
    )
    assert.equal(await body('basketorder', { orders: [] }), '{"results":[],"status":"success"}')
  })

  test('splitorder', async () => {
    let id = 260822000123458
    replies = {
      '/orders/regular': ({ form }) =>
        form!.quantity === '50'
          ? kiteError(400, 'InputException', 'Price out of range')
          : kite({ order_id: String(id++) }),
    }
    const text = await body('splitorder', {
      ...SHARE,
      action: 'BUY',
      quantity: 250,
      splitsize: 100,
    })
    assert.equal(
      text,
      '{"results":[{"order_num":1,"orderid":"260822000123458","quantity":100,"status":"success"},' +
        '{"order_num":2,"orderid":"260822000123459","quantity":100,"status":"success"},' +
        '{"error_code":"INVALID_INPUT","message":"Price out of range","order_num":3,"quantity":50,"status":"error"}],' +
        '"split_size":100,"status":"success","total_quantity":250}',
    )
  })

  const whole = {
    ...SHARE,
    orderid: '260822000123456',
    action: 'BUY',
    product: 'MIS',
    pricetype: 'LIMIT',
    price: 2951,
    quantity: 10,
  }
  test('modifyorder, also as clients send it that leave out two fields', async () => {
    replies = { '/260822000123456': () => kite({ order_id: '260822000123456' }) }
    const done = '{"orderid":"260822000123456","status":"success"}'
    const both = { disclosed_quantity: '0', trigger_price: '0' }
    assert.equal(await body('modifyorder', { ...whole, ...both }), done)
    assert.equal(await body('modifyorder', whole), done)
    assert.deepEqual(sent()[0], sent()[1])
    assert.equal(bench.requests[0]!.method, 'PUT')
  })

  test('cancelorder', async () => {
    replies = { '/260822000123456': () => kite({ order_id: '260822000123456' }) }
    const text = await body('cancelorder', { orderid: '260822000123456' })
    assert.equal(text, '{"orderid":"260822000123456","status":"success"}')
    assert.equal(bench.requests[0]!.method, 'DELETE')
  })

  test('cancelallorder cancels what waits, and tells what it could not cancel', async () => {
    const book = [
      order({ status: 'OPEN' }),
      order({ order_id: '7' }),
      order({ order_id: '8', status: 'TRIGGER PENDING' }),
      order({ order_id: '9', status: 'REJECTED' }),
    ]
    replies = {
      '/orders': () => kite(book),
      '/260822000123456': () => kite({ order_id: '260822000123456' }),
      '/8': () => kiteError(400, 'OrderException', 'Order is being processed'),
    }
    assert.equal(
      await body('cancelallorder'),
      '{"canceled_orders":["260822000123456"],' +
        '"failed":[{"error_code":"ORDER_ERROR","message":"Order is being processed","orderid":"8"}],' +
        '"failed_cancellations":["8"],"message":"Canceled 1 orders. Failed to cancel 1 orders.","status":"success"}',
    )
    replies = { ...replies, '/orders': () => kite([order({ status: 'OPEN' })]) }
    assert.equal(
      await body('cancelallorder'),
      '{"canceled_orders":["260822000123456"],"failed":[],"failed_cancellations":[],' +
        '"message":"Canceled 1 orders. Failed to cancel 0 orders.","status":"success"}',
    )
  })

  test('closeposition sends the other side of every position, and tells what it could not close', async () => {
    const future = { exchange: 'NFO', tradingsymbol: 'NIFTY28JUL26FUT-B', instrument_token: 1001 }
    replies = {
      ...positions(
        position({ quantity: 10 }),
        position({ ...future, product: 'NRML', quantity: -75 }),
        position({ exchange: 'NSE', tradingsymbol: 'INFY', instrument_token: 408065, quantity: 0 }),
      ),
      '/orders/regular': accepts(),
    }
    const closed = '"message":"All Open Positions Squared Off","status":"success"}'
    assert.equal(await body('closeposition'), `{"failed":[],${closed}`)
    const forms = sent().filter((form) => form !== undefined)
    assert.deepEqual(
      forms.map(({ tradingsymbol, transaction_type, quantity, product, order_type }) => [
        ...[tradingsymbol, transaction_type, quantity, product, order_type],
      ]),
      [
        ['RELIANCE', 'SELL', '10', 'MIS', 'MARKET'],
        ['NIFTY28JUL26FUT-B', 'BUY', '75', 'NRML', 'MARKET'],
      ],
    )
    replies['/orders/regular'] = () => kiteError(400, 'OrderException', 'Blocked')
    const { status, body: told } = await plant.ask('closeposition')
    assert.equal(status, 200)
    assert.deepEqual(told.failed[0], {
      ...{ error_code: 'ORDER_ERROR', exchange: 'NSE', message: 'Blocked', product: 'MIS' },
      symbol: 'RELIANCE',
    })
    assert.equal(told.failed.length, 2)
    assert.equal(told.message, 'Not all Open Positions Squared Off: 2 failed')
  })

  test('placesmartorder', async () => {
    replies = { ...positions(position({ quantity: 10 })), '/orders/regular': accepts() }
    const smart = { ...SHARE, action: 'BUY', quantity: 0, product: 'MIS', pricetype: 'MARKET' }
    assert.equal(
      await body('placesmartorder', { ...smart, position_size: '25' }),
      '{"orderid":"260822000123456","status":"success"}',
    )
    assert.equal(
      await body('placesmartorder', { ...smart, position_size: 10 }),
      '{"message":"Positions Already Matched. No Action needed.","status":"success"}',
    )
    assert.deepEqual(
      bench.tasks.map(({ ask }) => (ask as { quantity: number }).quantity),
      [15],
    )
  })
})

describe('orders that wait for a price', () => {
  const oco = {
    ...{ trigger_type: 'oco', ...SHARE, action: 'SELL', product: 'CNC', quantity: '10' },
    ...{ pricetype: 'LIMIT', price: 0, triggerprice_sl: 790, stoploss: 788 },
    ...{ triggerprice_tg: 860, target: 861 },
  }
  test('placegttorder, modifygttorder, cancelgttorder; what is not known is not looked at', async () => {
    replies = {
      '/quote': () => kite({ 'NSE:RELIANCE': { last_price: 822.4 } }),
      '/gtt/triggers': () => kite({ trigger_id: 123456789 }),
      '/gtt/triggers/123456789': () => kite({ trigger_id: 123456789 }),
    }
    const done = '{"status":"success","trigger_id":"123456789"}'
    const more = { expires_at: null, last_price: 1, junk: 'x' }
    assert.equal(await body('placegttorder', { ...oco, ...more }), done)
    const condition = JSON.parse(bench.requests[1]!.form!.condition!)
    assert.deepEqual(condition.trigger_values, [790, 860])
    bench.nowMs += 2000
    const single = { ...oco, trigger_type: 'SINGLE', price: '788', stoploss: '', target: '' }
    assert.equal(await body('placegttorder', { ...single, triggerprice_tg: '' }), done)
    bench.nowMs += 2000
    assert.equal(await body('modifygttorder', { ...oco, trigger_id: '123456789', junk: 1 }), done)
    assert.equal(await body('cancelgttorder', { trigger_id: '123456789' }), done)
  })

  test('gttorderbook', async () => {
    const leg = { transaction_type: 'SELL', product: 'CNC', order_type: 'LIMIT', quantity: 10 }
    const trigger = {
      id: 123456789,
      type: 'two-leg',
      status: 'active',
      created_at: '2026-08-22 10:01:02',
      updated_at: '2026-08-22 10:01:02',
      expires_at: '2027-08-22 00:00:00',
      condition: {
        ...{ exchange: 'NSE', tradingsymbol: 'RELIANCE', instrument_token: 738561 },
        ...{ trigger_values: [790, 860], last_price: 822.4 },
      },
      orders: [
        { ...leg, price: 788 },
        { ...leg, price: 861 },
      ],
    }
    replies = { '/gtt/triggers': () => kite([trigger]) }
    const legText = (price: number) =>
      `{"action":"SELL","price":${price},"pricetype":"LIMIT","product":"CNC","quantity":10}`
    assert.equal(
      await body('gttorderbook'),
      '{"data":[{"created_at":"2026-08-22 10:01:02","exchange":"NSE","expires_at":"2027-08-22 00:00:00",' +
        `"last_price":822.4,"legs":[${legText(788)},${legText(861)}],"status":"active","symbol":"RELIANCE",` +
        '"trigger_id":"123456789","trigger_prices":[790,860],"trigger_type":"two-leg",' +
        '"updated_at":"2026-08-22 10:01:02"}],"status":"success"}',
    )
  })
})

describe('what was ordered, and what is held', () => {
  const told =
    '{"action":"BUY","average_price":822.4,"exchange":"NSE","filled_quantity":"10","order_status":"complete",' +
    '"orderid":"260822000123456","price":0,"pricetype":"MARKET","product":"MIS","quantity":"10",' +
    '"status_message":"","symbol":"RELIANCE","timestamp":"2026-08-22 10:01:02","trigger_price":0}'

  test('orderstatus', async () => {
    replies = { '/orders/260822000123456': () => kite([order()]) }
    const text = await body('orderstatus', { orderid: '260822000123456' })
    assert.equal(text, `{"data":${told},"status":"success"}`)
    replies = { '/orders/5': () => kite([]) }
    const none = await plant.ask('orderstatus', { orderid: '5' })
    assert.equal(none.status, 404)
    assert.deepEqual(none.body, {
      ...{ broker: 'zerodha', error_code: 'NOT_FOUND' },
      ...{ message: 'Order 5 not found', status: 'error' },
    })
  })

  test('every state of an order has its word', async () => {
    const words = { OPEN: 'open', COMPLETE: 'complete', REJECTED: 'rejected' }
    const all = { ...words, CANCELLED: 'cancelled', 'TRIGGER PENDING': 'trigger pending' }
    replies = { '/orders': () => kite(Object.keys(all).map((status) => order({ status }))) }
    const { data } = JSON.parse(await body('orderbook'))
    assert.deepEqual(
      data.orders.map(({ order_status }: { order_status: string }) => order_status),
      Object.values(all),
    )
  })

  test('openposition', async () => {
    replies = positions(position({ quantity: -10 }))
    const asked = { ...SHARE, product: 'MIS' }
    assert.equal(await body('openposition', asked), '{"quantity":"-10","status":"success"}')
    const none = { ...asked, product: 'CNC', exchange: 'anything' }
    assert.equal(await body('openposition', none), '{"quantity":"0","status":"success"}')
  })

  test('funds', async () => {
    replies = {
      ...positions(
        position({ quantity: 0, buy_value: 100, sell_value: 220 }),
        position({ quantity: 10, average_price: 827.65, last_price: 823.1 }),
      ),
      '/user/margins': () =>
        kite({
          equity: {
            net: 169046.88,
            available: { collateral: 0 },
            utilised: { debits: 15476.5 },
          },
        }),
    }
    assert.equal(
      await body('funds'),
      '{"data":{"availablecash":"184523.38","collateral":"0.00","m2mrealized":"120.00",' +
        '"m2munrealized":"-45.50","utiliseddebits":"15476.50"},"status":"success"}',
    )
  })

  test('orderbook', async () => {
    replies = { '/orders': () => kite([order()]) }
    assert.equal(
      await body('orderbook'),
      `{"data":{"orders":[${told}],"statistics":{"total_buy_orders":1,"total_completed_orders":1,` +
        '"total_open_orders":0,"total_rejected_orders":0,"total_sell_orders":0}},"status":"success"}',
    )
  })

  test('tradebook', async () => {
    const trade = { trade_id: '77', fill_timestamp: '10:01:02', average_price: 822.4 }
    replies = { '/trades': () => kite([order(trade)]) }
    assert.equal(
      await body('tradebook'),
      '{"data":[{"action":"BUY","average_price":822.4,"exchange":"NSE","orderid":"260822000123456",' +
        '"product":"MIS","quantity":10,"symbol":"RELIANCE","timestamp":"10:01:02","trade_value":8224,' +
        '"tradeid":"77"}],"status":"success"}',
    )
  })

  test('positionbook: numbers are text, currencies have all their decimals, closed positions stay', async () => {
    const currency = {
      exchange: 'CDS',
      tradingsymbol: 'USDINR28JUL26FUT-B',
      instrument_token: 1005,
    }
    replies = positions(
      position(),
      position({
        ...currency,
        quantity: 0,
        average_price: 83.2425,
        last_price: 83.25,
        pnl: -0.001,
      }),
    )
    assert.equal(
      await body('positionbook'),
      '{"data":[{"average_price":"822.40","exchange":"NSE","ltp":"823.10","pnl":"7.00","product":"MIS",' +
        '"quantity":"10","symbol":"RELIANCE"},{"average_price":"83.2425","exchange":"CDS","ltp":"83.2500",' +
        '"pnl":"0.00","product":"MIS","quantity":"0","symbol":"USDINR28JUL26FUT"}],"status":"success"}',
    )
  })

  test('holdings', async () => {
    const share = { average_price: 3600, last_price: 3662, pnl: 310, quantity: 5, t1_quantity: 0 }
    replies = { '/portfolio/holdings': () => kite([position({ ...share, product: 'CNC' })]) }
    assert.equal(
      await body('holdings'),
      '{"data":{"holdings":[{"average_price":3600,"exchange":"NSE","ltp":3662,"pnl":310,"pnlpercent":1.72,' +
        '"product":"CNC","quantity":5,"symbol":"RELIANCE"}],"statistics":{"totalholdingvalue":18310,' +
        '"totalinvvalue":18000,"totalpnlpercentage":1.72,"totalprofitandloss":310}},"status":"success"}',
    )
  })

  test('margin takes numbers as text', async () => {
    replies = {
      '/margins/orders': () => kite([{ total: 112340.5, span: 90210, exposure: 22130.5 }]),
    }
    const asked = { ...SHARE, action: 'BUY', product: 'MIS', pricetype: 'LIMIT' }
    assert.equal(
      await body('margin', { positions: [{ ...asked, quantity: '10', price: '2950.5' }] }),
      '{"data":{"exposure_margin":22130.5,"margin_benefit":0,"span_margin":90210,' +
        '"total_margin_required":112340.5},"status":"success"}',
    )
    const number = await plant.ask('margin', { positions: [{ ...asked, quantity: 10 }] })
    assert.equal(number.status, 400)
    assert.deepEqual(number.body.message, {
      positions: { 0: { quantity: ['Not a valid string.'] } },
    })
  })
})

describe('market data from the broker', () => {
  const quote = {
    last_price: 823.1,
    last_quantity: 12,
    volume: 5423310,
    oi: 0,
    buy_quantity: 412300,
    sell_quantity: 398700,
    ohlc: { open: 820, high: 826.5, low: 817.1, close: 819.4 },
    depth: {
      buy: [{ price: 823.05, quantity: 65, orders: 2 }],
      sell: [{ price: 823.15, quantity: 130, orders: 3 }],
    },
  }
  const data =
    '{"ask":823.15,"bid":823.05,"high":826.5,"low":817.1,"ltp":823.1,"oi":0,"open":820,' +
    '"prev_close":819.4,"volume":5423310}'

  test('quotes', async () => {
    replies = { '/quote': () => kite({ 'NSE:RELIANCE': quote }) }
    assert.equal(await body('quotes', SHARE), `{"data":${data},"status":"success"}`)
    const none = await plant.ask('quotes', { ...SHARE, symbol: 'NOPE' })
    assert.deepEqual([none.status, none.body.error_code], [400, 'NOT_FOUND'])
  })

  test('multiquotes', async () => {
    replies = { '/quote': () => kite({ 'NSE:RELIANCE': quote }) }
    const nope = { symbol: 'NOPE', exchange: 'NSE' }
    const { results } = JSON.parse(await body('multiquotes', { symbols: [SHARE, nope] }))
    const [{ data: first }, { error }] = results
    assert.equal(JSON.stringify(first), data)
    assert.equal(error, 'Symbol not found')
    const none = await plant.ask('multiquotes', { symbols: [nope] })
    assert.equal(none.status, 400)
    assert.deepEqual(none.body.invalid_symbols, [{ ...nope, message: 'Symbol not found' }])
  })

  test('depth', async () => {
    replies = { '/quote': () => kite({ 'NSE:RELIANCE': quote }) }
    assert.equal(
      await body('depth', SHARE),
      '{"data":{"asks":[{"price":823.15,"quantity":130}],"bids":[{"price":823.05,"quantity":65}],' +
        '"high":826.5,"low":817.1,"ltp":823.1,"ltq":12,"oi":0,"open":820,"prev_close":819.4,' +
        '"totalbuyqty":412300,"totalsellqty":398700,"volume":5423310},"status":"success"}',
    )
  })

  const wish = { ...SHARE, start_date: '2026-06-01', end_date: '2026-06-30' }
  test('history, long ones in pieces', async () => {
    const candle = ['2026-08-21T09:15:00+0530', 820, 821.2, 819.5, 820.9, 152300, 0]
    replies = { '/5minute': () => kite({ candles: [candle] }) }
    const text =
      '{"close":820.9,"high":821.2,"low":819.5,"oi":0,"open":820,"timestamp":1787283900,"volume":152300}'
    assert.equal(
      await body('history', { ...wish, interval: '5m' }),
      `{"data":[${text}],"status":"success"}`,
    )
    bench.nowMs += 2000
    replies = { '/minute': () => kite({ candles: Array(1000).fill(candle) }) }
    assert.equal(
      await body('history', { ...wish, interval: '1m', source: 'api' }),
      `{"data":[${Array(1000).fill(text).join(',')}],"status":"success"}`,
    )
    const unknown = await plant.ask('history', { ...wish, interval: '7m' })
    assert.equal(unknown.status, 400)
    assert.match(unknown.body.message, /one of 1m, 3m, 5m/)
    const stored = await plant.ask('history', { ...wish, interval: '5m', source: 'db' })
    assert.deepEqual([stored.status, stored.body.error_code], [501, 'UNSUPPORTED'])
  })

  test('intervals, ping and the analyzer', async () => {
    assert.equal(
      await body('intervals'),
      '{"data":{"days":["D"],"hours":["1h"],"minutes":["1m","3m","5m","10m","15m","30m"],"months":[],' +
        '"seconds":[],"weeks":[]},"status":"success"}',
    )
    assert.equal(
      await body('ping'),
      '{"data":{"broker":"zerodha","message":"pong"},"status":"success"}',
    )
    assert.equal(
      await body('analyzer'),
      '{"data":{"analyze_mode":false,"mode":"live","total_logs":0},"status":"success"}',
    )
    const stays =
      '{"data":{"analyze_mode":false,"message":"Analyzer mode switched to live","mode":"live","total_logs":0},' +
      '"status":"success"}'
    for (const mode of [false, 'false', 0])
      assert.equal(await body('analyzer/toggle', { mode }), stays)
    const rehearsal = await plant.ask('analyzer/toggle', { mode: true })
    assert.deepEqual([rehearsal.status, rehearsal.body.error_code], [501, 'UNSUPPORTED'])
    assert.match(rehearsal.body.message, /every order goes to the broker/)
  })
})

test('the clock of these tests is one day in India', () => {
  assert.ok(bench.nowMs - NOW_MS < 6 * 3_600_000)
})
