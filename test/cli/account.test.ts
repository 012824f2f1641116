// The account from the command line: tables for people, JSON and CSV for programs.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeEngine, refused, success } from './fake-engine.ts'
import { runCommand } from './run.ts'

const run = (engine: FakeEngine, ...words: string[]) =>
  runCommand([...words, '--data-dir', engine.dataDir])
const cells = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))

const ORDERS = [
  {
    ...{ action: 'BUY', symbol: 'SBIN', exchange: 'NSE', orderid: '260822000123456' },
    ...{ product: 'MIS', quantity: 10, price: 0.0, pricetype: 'MARKET', order_status: 'complete' },
    ...{ trigger_price: 0.0, timestamp: '22-Aug-2026 10:01:02' },
  },
  {
    ...{ action: 'SELL', symbol: 'INFY', exchange: 'NSE', orderid: '260822000123457' },
    ...{ product: 'CNC', quantity: '5', price: 1510.5, pricetype: 'LIMIT' },
    ...{ order_status: 'rejected', trigger_price: 0, timestamp: '22-Aug-2026 10:02:03' },
    ...{ filled_quantity: '0', average_price: 0, status_message: 'Not enough holdings' },
  },
]
const STATISTICS = {
  ...{ total_buy_orders: 1, total_sell_orders: 1, total_completed_orders: 1 },
  ...{ total_open_orders: 0, total_rejected_orders: 1 },
}
const POSITIONS = [
  {
    ...{ symbol: 'SBIN', exchange: 'NSE', product: 'MIS', quantity: '-10' },
    ...{ average_price: '822.40', ltp: '823.10', pnl: '-7.00' },
  },
  {
    ...{ symbol: 'USDINR29SEP26FUT', exchange: 'CDS', product: 'NRML', quantity: 2 },
    ...{ average_price: 87.1225, ltp: 87.13, pnl: 1234567.5 },
  },
]
const HOLDINGS = {
  holdings: [
    {
      ...{ symbol: 'TCS', exchange: 'NSE', product: 'CNC', quantity: 5 },
      ...{ pnl: 310.0, pnlpercent: 1.7, average_price: 3600, ltp: 3662 },
    },
  ],
  statistics: {
    ...{ totalholdingvalue: 18310.0, totalinvvalue: 18000.0 },
    ...{ totalprofitandloss: 310.0, totalpnlpercentage: 1.72 },
  },
}
const FUNDS = {
  ...{ availablecash: '184523.50', collateral: '0.00', m2mrealized: '120.00' },
  ...{ m2munrealized: '-45.50', utiliseddebits: '15476.50' },
}

const BOOKS: readonly (readonly [command: string, path: string, data: unknown, rows: unknown])[] = [
  [
    'orders',
    'orderbook',
    { orders: ORDERS, statistics: STATISTICS },
    [
      [
        ...['TIME', 'ORDER', 'INSTRUMENT', 'SIDE', 'QUANTITY', 'FILLED', 'TYPE', 'PRICE'],
        ...['TRIGGER', 'PRODUCT', 'STATUS', 'AVERAGE', 'WHY'],
      ],
      [
        ...['22-Aug-2026 10:01:02', '260822000123456', 'NSE:SBIN', 'BUY', '10'],
        ...['MARKET', '-', '-', 'MIS', 'complete'],
      ],
      [
        ...['22-Aug-2026 10:02:03', '260822000123457', 'NSE:INFY', 'SELL', '5', '0'],
        ...['LIMIT', '1510.5', '-', 'CNC', 'rejected', 'Not enough holdings'],
      ],
    ],
  ],
  [
    'positions',
    'positionbook',
    POSITIONS,
    [
      ['INSTRUMENT', 'PRODUCT', 'QUANTITY', 'AVERAGE', 'LTP', 'P&L'],
      ['NSE:SBIN', 'MIS', '-10', '822.4', '823.1', '-7.00'],
      ['CDS:USDINR29SEP26FUT', 'NRML', '2', '87.1225', '87.13', '12,34,567.50'],
      ['P&L 12,34,560.50'],
    ],
  ],
  [
    'holdings',
    'holdings',
    HOLDINGS,
    [
      ['INSTRUMENT', 'QUANTITY', 'AVERAGE', 'LTP', 'P&L'],
      ['NSE:TCS', '5', '3600', '3662', '310.00', '1.70 %'],
      ['Worth 18,310.00, paid 18,000.00, P&L 310.00 (1.72 %)'],
    ],
  ],
  [
    'funds',
    'funds',
    FUNDS,
    [
      ['available cash', '1,84,523.50'],
      ['collateral', '0.00'],
      ['utilised', '15,476.50'],
      ['realised today', '120.00'],
      ['unrealised', '-45.50'],
    ],
  ],
]

for (const [command, path, data, rows] of BOOKS) {
  test(`${command} is a table for people and the answer itself for programs`, async (context) => {
    const engine = await FakeEngine.start(context, { [path]: success({ data }) })
    const { code, stdout, stderr } = await run(engine, command, '--broker', 'b')
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(cells(stdout), rows)
    assert.deepEqual(engine.asked, [{ path, body: { apikey: 'the key', broker: 'b' } }])
    const json = await run(engine, command, '--json')
    assert.deepEqual(JSON.parse(json.stdout), { data, status: 'success' })
    assert.deepEqual(engine.asked[1]!.body, { apikey: 'the key' })
  })

  test(`${command} tells a refusal, and an answer of another form`, async (context) => {
    const no = refused(403, 'INVALID_TOKEN', 'Invalid openalgo apikey')
    const engine = await FakeEngine.start(context, { [path]: no })
    const told = await run(engine, command)
    assert.deepEqual([told.code, told.stdout], [1, ''])
    assert.match(told.stderr, /Invalid openalgo apikey \(INVALID_TOKEN\)/)
    engine.answers[path] = success({ data: 'soon' })
    const strange = await run(engine, command)
    assert.equal(strange.code, 1)
    assert.match(strange.stderr, /has another form \(data.*use --json/)
  })
}

test('an account that has nothing says so', async (context) => {
  const engine = await FakeEngine.start(context, {
    orderbook: success({ data: { orders: [], statistics: {} } }),
    positionbook: success({ data: [] }),
    holdings: success({ data: { ...HOLDINGS, holdings: [] } }),
  })
  assert.equal((await run(engine, 'orders')).stdout, 'No orders today.\n')
  assert.equal((await run(engine, 'positions')).stdout, 'No positions.\n')
  assert.equal((await run(engine, 'holdings')).stdout, 'No holdings.\n')
})

test('a book of megabytes is read whole', async (context) => {
  const orders = Array.from({ length: 10_000 }, (_, at) => ({ ...ORDERS[1], orderid: `${at}` }))
  const engine = await FakeEngine.start(context, { orderbook: success({ data: { orders } }) })
  const { code, stdout } = await run(engine, 'orders')
  assert.deepEqual([code, stdout.trimEnd().split('\n').length], [0, 10_001])
})

const CANDLE = { open: 820.0, high: 821.2, low: 819.5, close: 820.9, volume: 152300, oi: 0 }
const WISH = ['history', 'NSE:SBIN', '--from', '2026-08-21', '--to', '2026-08-22']

test('a history is CSV, with the time in India beside the epoch', async (context) => {
  const data = [{ timestamp: 1787370300, ...CANDLE }]
  const engine = await FakeEngine.start(context, { history: success({ data }) })
  const { code, stdout } = await run(engine, ...WISH, '--interval', '5m')
  assert.equal(code, 0)
  assert.equal(
    stdout,
    'time,timestamp,open,high,low,close,volume,oi\n' +
      '2026-08-22T09:15:00+05:30,1787370300,820,821.2,819.5,820.9,152300,0\n',
  )
  const days = { start_date: '2026-08-21', end_date: '2026-08-22' }
  const named = { apikey: 'the key', exchange: 'NSE', symbol: 'SBIN' }
  assert.deepEqual(engine.asked[0]!.body, { ...named, interval: '5m', ...days })
})

test('a history of days goes by their dates, into a file where one is named', async (context) => {
  const timestamp = Date.UTC(2026, 7, 21) / 1000
  const answer = success({ data: [{ timestamp, ...CANDLE }] })
  const engine = await FakeEngine.start(context, { history: answer })
  const file = join(engine.dataDir, 'days.csv')
  const { code, stdout } = await run(engine, ...WISH, '--csv', file)
  assert.deepEqual([code, stdout], [0, `1 candles in ${file}\n`])
  assert.match(await readFile(file, 'utf8'), /\n2026-08-21,1787270400,820,821\.2,/)
  assert.equal(engine.asked[0]!.body.interval, 'D')
  const json = await run(engine, ...WISH, '--json')
  assert.deepEqual(JSON.parse(json.stdout), answer.body)
})

for (const [words, message] of [
  [['history'], /the instrument is missing/],
  [['history', 'NSE:SBIN', '--from', '2026-08-21'], /--to is missing/],
  [['history', 'NSE:SBIN', '--from', 'monday', '--to', '2026-08-22'], /--from is "monday"/],
  [[...WISH, '--json', '--csv', 'x'], /--json and --csv do not go together/],
  [['orders', 'list'], /the action is "list"; it must be one of: journal/],
  [['orders', '--date', '2026-08-21'], /--date does not go with this action/],
  [['orders', 'journal', '--broker', 'b'], /--broker does not go with this action/],
  [['positions', 'all'], /unexpected argument "all"/],
] as const) {
  test(`${words.join(' ')} is bad usage`, async (context) => {
    const engine = await FakeEngine.start(context)
    const { code, stderr } = await run(engine, ...words)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
    assert.deepEqual(engine.asked, [])
  })
}
