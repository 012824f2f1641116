// Orders from the command line: what is asked of the engine, who has to say yes, and what every way to fail tells.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/plant.ts'
import { FakeEngine, refused, success } from './fake-engine.ts'
import { runCommand } from './run.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const SENT = success({ orderid: '260822000123456' })
const ORDER = {
  orderid: '260822000123456',
  symbol: 'SBIN',
  exchange: 'NSE',
  action: 'BUY',
  product: 'MIS',
  pricetype: 'SL',
  quantity: '10',
  price: 800,
  trigger_price: 801.5,
  average_price: 0,
  order_status: 'trigger pending',
  timestamp: '22-Aug-2026 10:01:02',
}

const run = (engine: FakeEngine, ...words: string[]) =>
  runCommand(['order', ...words, '--data-dir', engine.dataDir])

const FIELDS = {
  apikey: 'the key',
  symbol: 'SBIN',
  exchange: 'NSE',
  action: 'BUY',
  product: 'MIS',
  pricetype: 'MARKET',
  quantity: 10,
  price: 0,
  trigger_price: 0,
  disclosed_quantity: 0,
  strategy: 'command line',
}

for (const [words, change] of [
  [['NSE:SBIN', 'BUY', '10'], {}],
  [
    ['NSE:SBIN', 'sell', '10', '--price', '800'],
    { action: 'SELL', pricetype: 'LIMIT', price: 800 },
  ],
  [
    ['NSE:SBIN', 'BUY', '10', '--price', '800', '--trigger', '799.5'],
    { pricetype: 'SL', price: 800, trigger_price: 799.5 },
  ],
  [['NSE:SBIN', 'BUY', '10', '--trigger', '799.5'], { pricetype: 'SL-M', trigger_price: 799.5 }],
  [
    ['NFO:NIFTY29SEP26FUT', 'BUY', '65', '--type', 'limit', '--product', 'nrml', '--broker', 'b'],
    {
      ...{ exchange: 'NFO', symbol: 'NIFTY29SEP26FUT', quantity: 65, broker: 'b' },
      ...{ pricetype: 'LIMIT', product: 'NRML' },
    },
  ],
] as const) {
  test(`order place ${words.join(' ')} is sent as OpenAlgo has it`, async (context) => {
    const engine = await FakeEngine.start(context, { placeorder: SENT })
    const { code, stdout, stderr } = await run(engine, 'place', ...words, '--yes')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^The broker took the order as 260822000123456; /)
    const [{ path, body }, ...others] = engine.asked as [(typeof engine.asked)[0]]
    assert.deepEqual([path, others], ['placeorder', []])
    const { client_order_id, ...fields } = body
    assert.match(String(client_order_id), /^cli-[0-9a-f-]{36}$/)
    assert.deepEqual(fields, { ...FIELDS, ...change })
  })
}

test('a name, an id and what is disclosed are passed on', async (context) => {
  const engine = await FakeEngine.start(context, { placeorder: SENT })
  const options = [
    '--client-id',
    'mine',
    '--strategy',
    'breakout',
    '--disclosed',
    '5',
    '-y',
    '--json',
  ]
  const { code, stdout } = await run(engine, 'place', 'NSE:SBIN', 'BUY', '10', ...options)
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout), SENT.body)
  const { client_order_id, strategy, disclosed_quantity } = engine.asked[0]!.body
  assert.deepEqual([client_order_id, strategy, disclosed_quantity], ['mine', 'breakout', 5])
})

for (const words of [
  ['place', 'NSE:SBIN', 'BUY', '10'],
  ['modify', '260822000123456', '--price', '5'],
]) {
  test(`order ${words[0]} without a terminal and without --yes is not sent`, async (context) => {
    const answers = { placeorder: SENT, modifyorder: SENT, orderstatus: success({ data: ORDER }) }
    const engine = await FakeEngine.start(context, answers)
    const { code, stdout, stderr } = await run(engine, ...words)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(
      stderr,
      /^tickplant: not sent: .* needs a yes; run it in a terminal, or give --yes/s,
    )
    assert.ok(engine.asked.every(({ path }) => path === 'orderstatus'))
  })
}

/** Runs the command in a terminal, in which somebody types. */
async function runInTerminal(words: readonly string[], typed: string) {
  const program = [
    'import os, pty, sys',
    'typed = sys.argv[1].encode()',
    'def write(fd):',
    '    data = os.read(fd, 1024)',
    '    if b"[y/N]" in data: os.write(fd, typed)',
    '    return data',
    'status = pty.spawn(sys.argv[2:], write, lambda fd: b"")',
    'sys.exit(os.waitstatus_to_exitcode(status))',
  ].join('\n')
  const child = spawn('python3', ['-c', program, typed, process.execPath, MAIN, ...words])
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { output, code: code as number }
}

for (const [what, typed, code] of [
  ['y', 'y\n', 0],
  ['Yes', 'Yes\n', 0],
  ['n', 'n\n', 1],
  ['nothing but enter', '\n', 1],
  ['yesterday', 'yesterday\n', 1],
  ['the end of input', '\x04', 1],
  ['Ctrl-C', '\x03', 1],
] as const) {
  test(`in a terminal the order is shown; ${what} ${code === 0 ? 'sends' : 'does not send'} it`, async (context) => {
    const engine = await FakeEngine.start(context, { placeorder: SENT })
    const order = ['order', 'place', 'NSE:SBIN', 'BUY', '10', '--price', '800']
    const ended = await runInTerminal([...order, '--data-dir', engine.dataDir], typed)
    assert.match(ended.output, /BUY 10 NSE:SBIN LIMIT 800 MIS\r?\nSend it\? \[y\/N\]/)
    assert.equal(ended.code, code, ended.output)
    assert.equal(engine.asked.length, code === 0 ? 1 : 0)
    assert.match(ended.output, code === 0 ? /The broker took the order/ : /tickplant: not sent/)
  })
}

test('a change sends the whole new state, of which only what is given differs', async (context) => {
  const answers = { modifyorder: SENT, orderstatus: success({ data: ORDER }) }
  const engine = await FakeEngine.start(context, answers)
  const words = ['modify', ORDER.orderid, '--price', '805', '--quantity', '20', '--yes']
  const { code, stdout } = await run(engine, ...words)
  assert.deepEqual([code, stdout], [0, 'The broker took the change of 260822000123456.\n'])
  const { orderid } = ORDER
  const caller = { apikey: 'the key', strategy: 'command line' }
  assert.deepEqual(engine.asked, [
    { path: 'orderstatus', body: { ...caller, orderid } },
    {
      path: 'modifyorder',
      body: {
        ...{ ...FIELDS, orderid, pricetype: 'SL', quantity: 20, price: 805, trigger_price: 801.5 },
      },
    },
  ])
})

for (const [pricetype, words, message] of [
  [
    'LIMIT',
    ['--trigger', '95'],
    /--trigger means nothing to an order of type LIMIT; .*--type SL\n/,
  ],
  ['MARKET', ['--trigger', '95'], /--trigger means nothing to .* MARKET; .*--type SL-M\n/],
  ['MARKET', ['--price', '95'], /--price means nothing to .* MARKET; .*--type LIMIT\n/],
  ['SL-M', ['--price', '95'], /--price means nothing to .* SL-M; .*--type SL\n/],
  ['SL', ['--price', '95', '--type', 'market'], /--price means nothing to .* MARKET/],
] as const) {
  test(`a change of ${pricetype} by ${words.join(' ')} is not sent: it would change nothing`, async (context) => {
    const answers = {
      modifyorder: SENT,
      orderstatus: success({ data: { ...ORDER, pricetype, price: 90, trigger_price: 0 } }),
    }
    const engine = await FakeEngine.start(context, answers)
    const { code, stderr } = await run(engine, 'modify', ORDER.orderid, ...words, '--yes')
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
    assert.ok(engine.asked.every(({ path }) => path === 'orderstatus'))
  })
}

test('another type takes along of an order what it has a use for', async (context) => {
  const answers = { modifyorder: SENT, orderstatus: success({ data: ORDER }) }
  const engine = await FakeEngine.start(context, answers)
  const priceOf = async (...words: string[]) => {
    assert.equal((await run(engine, 'modify', ORDER.orderid, ...words, '--yes')).code, 0)
    const { pricetype, price, trigger_price } = engine.asked.at(-1)!.body
    return [pricetype, price, trigger_price]
  }
  assert.deepEqual(await priceOf('--type', 'limit'), ['LIMIT', 800, 0])
  assert.deepEqual(await priceOf('--type', 'market'), ['MARKET', 0, 0])
  assert.deepEqual(await priceOf('--type', 'SL-M', '--trigger', '802'), ['SL-M', 0, 802])
})

test('a cancel asks nobody', async (context) => {
  const engine = await FakeEngine.start(context, { cancelorder: SENT })
  const { code, stdout } = await run(engine, 'cancel', '260822000123456')
  assert.deepEqual([code, stdout], [0, 'The broker took the cancel of 260822000123456.\n'])
  const body = { apikey: 'the key', orderid: '260822000123456', strategy: 'command line' }
  assert.deepEqual(engine.asked, [{ path: 'cancelorder', body }])
})

test('a state is told as a table, and as JSON', async (context) => {
  const engine = await FakeEngine.start(context, { orderstatus: success({ data: ORDER }) })
  const { code, stdout } = await run(engine, 'status', ORDER.orderid)
  assert.equal(code, 0)
  const [header, row] = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual(header!.slice(0, 4), ['TIME', 'ORDER', 'INSTRUMENT', 'SIDE'])
  assert.deepEqual(row, [
    ...['22-Aug-2026 10:01:02', '260822000123456', 'NSE:SBIN', 'BUY', '10'],
    ...['SL', '800', '801.5', 'MIS', 'trigger pending'],
  ])
  const json = await run(engine, 'status', ORDER.orderid, '--json')
  assert.deepEqual(JSON.parse(json.stdout), { data: ORDER, status: 'success' })
})

test('what a broker writes does not steer the terminal', async (context) => {
  const words = 'Margin\nshort\u001b[2J\u009b31m by 5'
  const engine = await FakeEngine.start(context, {
    orderstatus: success({ data: { ...ORDER, status_message: words } }),
    placeorder: refused(400, 'INSUFFICIENT_FUNDS', words),
  })
  const { stdout } = await run(engine, 'status', ORDER.orderid)
  assert.match(stdout, /trigger pending +Margin short \[2J 31m by 5\n$/)
  const { stderr } = await run(engine, 'place', 'NSE:SBIN', 'BUY', '1', '-y')
  assert.equal(stderr, 'tickplant: Margin short [2J 31m by 5 (INSUFFICIENT_FUNDS)\n')
})

for (const [what, answer, code, message] of [
  [
    'a rejection',
    refused(400, 'INSUFFICIENT_FUNDS', 'Insufficient funds. Required margin is 5.'),
    1,
    /^tickplant: Insufficient funds\. Required margin is 5\. \(INSUFFICIENT_FUNDS\)\n$/,
  ],
  [
    'a wrong field',
    refused(400, 'INVALID_INPUT', "{'quantity': ['Quantity must be a positive number.']}"),
    2,
    /Quantity must be a positive number/,
  ],
  [
    'texts by field',
    refused(400, 'INVALID_INPUT', { symbol: ['Unknown symbol.', 'Look again.'] }),
    2,
    /^tickplant: symbol: Unknown symbol\. Look again\. \(INVALID_INPUT\)/,
  ],
  [
    'a session that has ended',
    refused(403, 'INVALID_TOKEN', 'Invalid openalgo apikey', { detail: 'b has no live session' }),
    1,
    /Invalid openalgo apikey \(INVALID_TOKEN\): b has no live session/,
  ],
  [
    'an unknown outcome',
    refused(500, 'UNKNOWN_OUTCOME', 'it was sent, and what became of it is not known'),
    1,
    /not known \(UNKNOWN_OUTCOME\)/,
  ],
  ['an old engine', refused(404, '', undefined), 1, /the engine answered with HTTP 404/],
] as const) {
  test(`${what} is told with its code, and whole with --json`, async (context) => {
    const engine = await FakeEngine.start(context, { placeorder: answer })
    const words = ['place', 'NSE:SBIN', 'BUY', '10', '--yes']
    const plain = await run(engine, ...words)
    assert.deepEqual([plain.code, plain.stdout], [code, ''])
    assert.match(plain.stderr, message)
    const json = await run(engine, ...words, '--json')
    assert.equal(json.code, code)
    assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(answer.body)))
  })
}

test('a connection that breaks leaves it open whether the order was sent, and tells how to ask', async (context) => {
  const engine = await FakeEngine.start(context, { placeorder: {}, orderstatus: {} })
  const { code, stderr } = await run(engine, 'place', 'NSE:SBIN', 'BUY', '10', '-y')
  assert.equal(code, 1)
  const id = String(engine.asked[0]!.body.client_order_id)
  assert.match(stderr, /whether the order was sent is not known: look at `tickplant orders`/)
  assert.ok(stderr.includes(`--client-id ${id}`), stderr)
  assert.equal((await run(engine, 'status', '1')).code, 3)
})

test('an engine that is not there is told as such: nothing was sent', async (context) => {
  const engine = await FakeEngine.start(context)
  await engine.leaveWord(1)
  const gone = await run(engine, 'place', 'NSE:SBIN', 'BUY', '10', '-y')
  assert.equal(gone.code, 3)
  assert.match(gone.stderr, /does not answer \(ECONNREFUSED\)/)
  const folder = await temporaryFolder(context)
  const none = await runCommand(['order', 'cancel', '1', '--data-dir', folder])
  assert.equal(none.code, 3)
  assert.match(none.stderr, /no engine is running on this data folder/)
})

for (const [words, message] of [
  [[], /the action is missing; it must be one of: place, modify, cancel, status/],
  [['buy'], /the action is "buy"/],
  [['place'], /the instrument is missing/],
  [['place', 'SBIN', 'BUY', '1'], /"SBIN" is not EXCHANGE:SYMBOL/],
  [['place', 'NSE:SBIN', 'HOLD', '1'], /the side is "HOLD"; it must be one of: BUY, SELL/],
  [['place', 'NSE:SBIN', 'BUY'], /the quantity is missing/],
  [['place', 'NSE:SBIN', 'BUY', 'ten'], /the quantity is "ten"; it must be a number/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--price', '1e3'], /--price is "1e3"; it must be a number/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--type', 'STOP'], /--type is "STOP"/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--product', 'CO'], /--product is "CO"/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--type', 'MARKET', '--price', '5'], /--price means nothing/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--type', 'LIMIT', '--trigger', '5'], /--trigger means nothi/],
  [['place', 'NSE:SBIN', 'BUY', '1', '--quantity', '2'], /--quantity does not go with this/],
  [['modify', '1', '--yes'], /say what to change: --quantity, --price, --trigger or --type/],
  [['cancel'], /the id of the order is missing/],
  [['cancel', '1', '--yes'], /--yes does not go with this action/],
  [['status', '1', '2'], /unexpected argument "2"/],
] as const) {
  test(`order ${words.join(' ')} is bad usage`, async (context) => {
    const engine = await FakeEngine.start(context)
    const { code, stderr } = await run(engine, ...words)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
    assert.deepEqual(engine.asked, [])
  })
}
