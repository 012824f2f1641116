// OpenAlgo's examples of calls that write, byte for byte where nothing is added. What is added is told here, and breaks
// no client.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kite, kiteError } from '../orders/gateway-bench.ts'
import {
  accepts,
  answers,
  bench,
  body,
  order,
  plant,
  position,
  positions,
  replies,
  SHARE,
  sent,
} from './contract-plant.ts'

describe('orders', () => {
  test('placeorder', async () => {
    answers({ '/orders/regular': accepts() })
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
    const none = await plant.ask('placeorder', { ...SHARE, action: 'BUY', quantity: 0 })
    assert.equal(none.status, 400)
    assert.equal(
      none.text.trimEnd(),
      '{"error_code":"INVALID_INPUT","message":"{\'quantity\': [\'Quantity must be a positive number.\']}",' +
        '"status":"error"}',
    )
  })

  test('placeorder with numbers as text, in small letters, and with what is left out', async () => {
    answers({ '/orders/regular': accepts() })
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
    answers({
      '/orders/regular': ({ form }) =>
        form!.tradingsymbol === 'INFY'
          ? kiteError(400, 'MarginException', 'Margin shortfall')
          : kite({ order_id: String(id++) }),
    })
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
    answers({
      '/orders/regular': ({ form }) =>
        form!.quantity === '50'
          ? kiteError(400, 'InputException', 'Price out of range')
          : kite({ order_id: String(id++) }),
    })
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
    answers({ '/260822000123456': () => kite({ order_id: '260822000123456' }) })
    const done = '{"orderid":"260822000123456","status":"success"}'
    const both = { disclosed_quantity: '0', trigger_price: '0' }
    assert.equal(await body('modifyorder', { ...whole, ...both }), done)
    assert.equal(await body('modifyorder', whole), done)
    assert.deepEqual(sent()[0], sent()[1])
    assert.equal(bench.requests[0]!.method, 'PUT')
  })

  test('cancelorder', async () => {
    answers({ '/260822000123456': () => kite({ order_id: '260822000123456' }) })
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
    answers({
      '/orders': () => kite(book),
      '/260822000123456': () => kite({ order_id: '260822000123456' }),
      '/8': () => kiteError(400, 'OrderException', 'Order is being processed'),
    })
    assert.equal(
      await body('cancelallorder'),
      '{"canceled_orders":["260822000123456"],' +
        '"failed":[{"error_code":"ORDER_ERROR","message":"Order is being processed","orderid":"8"}],' +
        '"failed_cancellations":["8"],"message":"Canceled 1 orders. Failed to cancel 1 orders.","status":"success"}',
    )
    answers({ ...replies, '/orders': () => kite([order({ status: 'OPEN' })]) })
    assert.equal(
      await body('cancelallorder'),
      '{"canceled_orders":["260822000123456"],"failed":[],"failed_cancellations":[],' +
        '"message":"Canceled 1 orders. Failed to cancel 0 orders.","status":"success"}',
    )
  })

  test('closeposition sends the other side of every position, and tells what it could not close', async () => {
    const future = { exchange: 'NFO', tradingsymbol: 'NIFTY28JUL26FUT-B', instrument_token: 1001 }
    answers({
      ...positions(
        position({ quantity: 10 }),
        position({ ...future, product: 'NRML', quantity: -75 }),
        position({ exchange: 'NSE', tradingsymbol: 'INFY', instrument_token: 408065, quantity: 0 }),
      ),
      '/orders/regular': accepts(),
    })
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
    answers({
      ...positions(position({ quantity: 10 })),
      '/orders/regular': accepts(),
    })
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
    answers({
      '/quote': () => kite({ 'NSE:RELIANCE': { last_price: 822.4 } }),
      '/gtt/triggers': () => kite({ trigger_id: 123456789 }),
      '/gtt/triggers/123456789': () => kite({ trigger_id: 123456789 }),
    })
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
    answers({ '/gtt/triggers': () => kite([trigger]) })
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
