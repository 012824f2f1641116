// OpenAlgo's examples of calls that read, byte for byte where nothing is added. What is added is told here, and breaks
// no client.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kite } from '../orders/gateway-bench.ts'
import {
  answers,
  bench,
  body,
  order,
  plant,
  position,
  positions,
  replies,
  SHARE,
} from './contract-plant.ts'

describe('what was ordered, and what is held', () => {
  const told =
    '{"action":"BUY","average_price":822.4,"exchange":"NSE","filled_quantity":"10","order_status":"complete",' +
    '"orderid":"260822000123456","price":0,"pricetype":"MARKET","product":"MIS","quantity":"10",' +
    '"status_message":"","symbol":"RELIANCE","timestamp":"2026-08-22 10:01:02","trigger_price":0}'

  test('orderstatus', async () => {
    answers({ '/orders/260822000123456': () => kite([order()]) })
    const text = await body('orderstatus', { orderid: '260822000123456' })
    assert.equal(text, `{"data":${told},"source":"broker","status":"success"}`)
    answers({ '/orders/5': () => kite([]) })
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
    answers({
      '/orders': () => kite(Object.keys(all).map((status) => order({ status }))),
    })
    const { data } = JSON.parse(await body('orderbook'))
    assert.deepEqual(
      data.orders.map(({ order_status }: { order_status: string }) => order_status),
      Object.values(all),
    )
  })

  test('openposition', async () => {
    answers(positions(position({ quantity: -10 })))
    const asked = { ...SHARE, product: 'MIS' }
    assert.equal(await body('openposition', asked), '{"quantity":"-10","status":"success"}')
    const none = { ...asked, product: 'CNC', exchange: 'anything' }
    assert.equal(await body('openposition', none), '{"quantity":"0","status":"success"}')
  })

  test('funds', async () => {
    answers({
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
    })
    assert.equal(
      await body('funds'),
      '{"data":{"availablecash":"184523.38","collateral":"0.00","m2mrealized":"120.00",' +
        '"m2munrealized":"-45.50","utiliseddebits":"15476.50"},"status":"success"}',
    )
  })

  test('orderbook', async () => {
    answers({ '/orders': () => kite([order()]) })
    assert.equal(
      await body('orderbook'),
      `{"data":{"orders":[${told}],"statistics":{"total_buy_orders":1,"total_completed_orders":1,` +
        '"total_open_orders":0,"total_rejected_orders":0,"total_sell_orders":0}},"source":"broker",' +
        '"status":"success"}',
    )
  })

  test('tradebook', async () => {
    const trade = { trade_id: '77', fill_timestamp: '10:01:02', average_price: 822.4 }
    answers({ '/trades': () => kite([order(trade)]) })
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
    Object.assign(
      replies,
      positions(
        position(),
        position({
          ...currency,
          quantity: 0,
          average_price: 83.2425,
          last_price: 83.25,
          pnl: -0.001,
        }),
      ),
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
    answers({
      '/portfolio/holdings': () => kite([position({ ...share, product: 'CNC' })]),
    })
    assert.equal(
      await body('holdings'),
      '{"data":{"holdings":[{"average_price":3600,"exchange":"NSE","ltp":3662,"pnl":310,"pnlpercent":1.72,' +
        '"product":"CNC","quantity":5,"symbol":"RELIANCE"}],"statistics":{"totalholdingvalue":18310,' +
        '"totalinvvalue":18000,"totalpnlpercentage":1.72,"totalprofitandloss":310}},"status":"success"}',
    )
  })

  test('margin takes numbers as text', async () => {
    answers({
      '/margins/orders': () => kite([{ total: 112340.5, span: 90210, exposure: 22130.5 }]),
    })
    const asked = { ...SHARE, action: 'BUY', product: 'MIS', pricetype: 'LIMIT' }
    assert.equal(
      await body('margin', { positions: [{ ...asked, quantity: '10', price: '2950.5' }] }),
      '{"data":{"exposure_margin":22130.5,"margin_benefit":0,"span_margin":90210,' +
        '"total_margin_required":112340.5},"status":"success"}',
    )
    const number = await plant.ask('margin', { positions: [{ ...asked, quantity: 10 }] })
    assert.equal(number.status, 400)
    const message = "{'positions': {0: {'quantity': ['Not a valid string.']}}}"
    assert.equal(number.body.message, message)
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
    answers({ '/quote': () => kite({ 'NSE:RELIANCE': quote }) })
    assert.equal(await body('quotes', SHARE), `{"data":${data},"status":"success"}`)
    const none = await plant.ask('quotes', { ...SHARE, symbol: 'NOPE' })
    assert.deepEqual([none.status, none.body.error_code], [400, 'NOT_FOUND'])
  })

  test('multiquotes', async () => {
    answers({ '/quote': () => kite({ 'NSE:RELIANCE': quote }) })
    const nope = { symbol: 'NOPE', exchange: 'NSE' }
    const told = (symbol: string, exchange = 'NSE') =>
      `{"error":"Symbol not found","exchange":"${exchange}","symbol":"${symbol}"}`
    const known = `{"data":${data},"exchange":"NSE","symbol":"RELIANCE"}`
    // Also what cannot be a symbol, or is of an exchange that the broker has not, is told in its place.
    const odd = [nope, { ...nope, symbol: '' }, SHARE, { symbol: 'BTCUSD', exchange: 'CRYPTO' }]
    assert.equal(
      await body('multiquotes', { symbols: [SHARE, ...odd] }),
      `{"results":[${known},${told('NOPE')},${told('')},${known},${told('BTCUSD', 'CRYPTO')}],"status":"success"}`,
    )
    for (const invalid of [nope, { ...nope, symbol: '' }]) {
      const none = await plant.ask('multiquotes', { symbols: [invalid] })
      assert.equal(none.status, 400)
      assert.deepEqual(none.body.invalid_symbols, [{ ...invalid, message: 'Symbol not found' }])
    }
  })

  test('depth', async () => {
    answers({ '/quote': () => kite({ 'NSE:RELIANCE': quote }) })
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
    answers({ '/5minute': () => kite({ candles: [candle] }) })
    const text =
      '{"close":820.9,"high":821.2,"low":819.5,"oi":0,"open":820,"timestamp":1787283900,"volume":152300}'
    assert.equal(
      await body('history', { ...wish, interval: '5m' }),
      `{"data":[${text}],"status":"success"}`,
    )
    bench.nowMs += 2000
    answers({ '/minute': () => kite({ candles: Array(1000).fill(candle) }) })
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
